data {
  int<lower=1> n;
  int<lower=1> k;
  matrix[n, k] X;
  array[n] int<lower=0, upper=1> y;
}
parameters {
  real alpha;
  vector[k] beta;
}
model {
  alpha ~ normal(0, 5);
  beta ~ std_normal();
  y ~ bernoulli_logit_glm(X, alpha, beta);
}
