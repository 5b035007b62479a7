// PyStan has the diagonal metric only: correlated coefficients are sampled in the basis of a thin QR decomposition, as the
// Stan User's Guide advises. A scale of 0 is a flat prior.
data {
  int<lower=1> n;
  int<lower=1> k;
  matrix[n, k] X;
  vector[n] y;
  vector[k] mean_;
  vector<lower=0>[k] scale;
  real<lower=0> half_normal;
  real<lower=0> half_cauchy;
}
transformed data {
  matrix[n, k] Q = qr_thin_Q(X) * sqrt(n - 1.0);
  matrix[k, k] R_inverse = inverse(qr_thin_R(X) / sqrt(n - 1.0));
}
parameters {
  vector[k] gamma;
  real<lower=0> sigma;
}
transformed parameters {
  vector[k] beta = R_inverse * gamma;
}
model {
  for (i in 1 : k) {
    if (scale[i] > 0) beta[i] ~ normal(mean_[i], scale[i]);
  }
  if (half_normal > 0) sigma ~ normal(0, half_normal);
  if (half_cauchy > 0) sigma ~ cauchy(0, half_cauchy);
  y ~ normal_id_glm(Q, 0.0, gamma, sigma);
}
