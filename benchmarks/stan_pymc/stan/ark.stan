data {
  int<lower=1> k;
  int<lower=k> n;
  vector[n] y;
}
transformed data {
  matrix[n - k, k] lags;
  for (i in 1 : k) lags[, i] = y[k + 1 - i : n - i];
}
parameters {
  real alpha;
  vector[k] beta;
  real<lower=0> sigma;
}
model {
  alpha ~ normal(0, 10);
  beta ~ normal(0, 10);
  sigma ~ cauchy(0, 2.5);
  y[k + 1 : n] ~ normal_id_glm(lags, alpha, beta, sigma);
}
