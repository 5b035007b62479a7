data {
  int<lower=1> n;
  vector[n] y;
  vector<lower=0>[n] sigma;
}
parameters {
  real mu;
  real<lower=0> tau;
  vector[n] z;
}
transformed parameters {
  vector[n] theta = mu + tau * z;
}
model {
  mu ~ normal(0, 5);
  tau ~ cauchy(0, 5);
  z ~ std_normal();
  y ~ normal(theta, sigma);
}
