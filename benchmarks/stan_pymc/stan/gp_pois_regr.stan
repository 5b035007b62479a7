data {
  int<lower=1> n;
  array[n] real x;
  array[n] int<lower=0> k;
}
parameters {
  real<lower=0> rho;
  real<lower=0> alpha;
  vector[n] z;
}
transformed parameters {
  vector[n] f;
  {
    matrix[n, n] K = add_diag(gp_exp_quad_cov(x, alpha, rho), 1e-10);
    f = cholesky_decompose(K) * z;
  }
}
model {
  rho ~ gamma(25, 4);
  alpha ~ normal(0, 2);
  z ~ std_normal();
  k ~ poisson_log(f);
}
