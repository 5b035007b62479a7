data {
  int<lower=1> n;
  int<lower=1> counties;
  vector[n] floor;
  array[n] int<lower=1, upper=counties> county;
  vector[counties] log_uranium;
  vector[n] log_radon;
}
parameters {
  real gamma;
  real mu_a;
  real<lower=0> sigma_a;
  vector[counties] z;
  real b;
  real<lower=0> sigma;
}
transformed parameters {
  vector[counties] a = mu_a + gamma * log_uranium + sigma_a * z;
}
model {
  gamma ~ normal(0, 1);
  mu_a ~ normal(0, 10);
  sigma_a ~ normal(0, 1);
  z ~ std_normal();
  b ~ normal(0, 10);
  sigma ~ normal(0, 1);
  log_radon ~ normal(a[county] + b * floor, sigma);
}
