data {
  int<lower=1> n;
  vector[n] y;
}
parameters {
  array[2] simplex[2] P;
  positive_ordered[2] mu;
}
model {
  array[2] vector[2] log_into = {log([P[1][1], P[2][1]]'), log([P[1][2], P[2][2]]')};
  vector[2] forward = [normal_lpdf(y[1] | mu[1], 1), normal_lpdf(y[1] | mu[2], 1)]';
  mu[1] ~ normal(3, 1);
  mu[2] ~ normal(10, 1);
  for (t in 2 : n) {
    forward = [log_sum_exp(forward + log_into[1]) + normal_lpdf(y[t] | mu[1], 1),
               log_sum_exp(forward + log_into[2]) + normal_lpdf(y[t] | mu[2], 1)]';
  }
  target += log_sum_exp(forward);
}
