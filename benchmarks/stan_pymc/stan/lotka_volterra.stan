functions {
  vector rates(real t, vector size, array[] real theta) {
    return [(theta[1] - theta[2] * size[2]) * size[1], (theta[4] * size[1] - theta[3]) * size[2]]';
  }
}
data {
  int<lower=1> n;
  array[n] real ts;
  array[n] vector[2] y;
  vector[2] y_init;
}
parameters {
  array[4] real<lower=0> theta;
  vector<lower=0>[2] z_init;
  vector<lower=0>[2] sigma;
}
model {
  array[n] vector[2] size = ode_rk45_tol(rates, z_init, 0.0, ts, 1e-6, 1e-6, 10000, theta);
  theta[{1, 3}] ~ normal(1, 0.5);
  theta[{2, 4}] ~ normal(0.05, 0.05);
  z_init ~ lognormal(log(10), 1);
  sigma ~ lognormal(-1, 1);
  y_init ~ lognormal(log(z_init), sigma);
  for (i in 1 : n) y[i] ~ lognormal(log(size[i]), sigma);
}
