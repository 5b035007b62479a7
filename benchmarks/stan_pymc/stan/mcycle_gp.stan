data {
  int<lower=1> n;
  int<lower=1> m;
  int<lower=1> s;
  vector[n] Y;
  matrix[n, m] Xgp_1;
  vector[m] slambda_1;
  matrix[n, s] Xgp_sigma_1;
  vector[s] slambda_sigma_1;
}
parameters {
  real Intercept;
  real<lower=0> sdgp_1;
  real<lower=0> lscale_1;
  vector[m] zgp_1;
  real Intercept_sigma;
  real<lower=0> sdgp_sigma_1;
  real<lower=0> lscale_sigma_1;
  vector[s] zgp_sigma_1;
}
model {
  vector[m] amplitude = sdgp_1 * sqrt(sqrt(2 * pi()) * lscale_1) * exp(-square(lscale_1 * slambda_1) / 4);
  vector[s] amplitude_sigma = sdgp_sigma_1 * sqrt(sqrt(2 * pi()) * lscale_sigma_1)
                              * exp(-square(lscale_sigma_1 * slambda_sigma_1) / 4);
  Intercept ~ student_t(3, -13, 36);
  sdgp_1 ~ student_t(3, 0, 36);
  lscale_1 ~ inv_gamma(1.124909, 0.0177);
  zgp_1 ~ std_normal();
  Intercept_sigma ~ student_t(3, 0, 10);
  sdgp_sigma_1 ~ student_t(3, 0, 36);
  lscale_sigma_1 ~ inv_gamma(1.124909, 0.0177);
  zgp_sigma_1 ~ std_normal();
  Y ~ normal(Intercept + Xgp_1 * (amplitude .* zgp_1),
             exp(Intercept_sigma + Xgp_sigma_1 * (amplitude_sigma .* zgp_sigma_1)));
}
