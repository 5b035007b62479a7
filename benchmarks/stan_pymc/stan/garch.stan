data {
  int<lower=1> n;
  vector[n] y;
  real<lower=0> sigma1;
}
parameters {
  real mu;
  real<lower=0> alpha0;
  real<lower=0, upper=1> alpha1;
  real<lower=0, upper=1 - alpha1> beta1;
}
model {
  vector[n] scatter;
  scatter[1] = sigma1;
  for (t in 2 : n) {
    scatter[t] = sqrt(alpha0 + alpha1 * square(y[t - 1] - mu) + beta1 * square(scatter[t - 1]));
  }
  y ~ normal(mu, scatter);
}
