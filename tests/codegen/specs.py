"""Small specs that between them use every distribution and alternative, and every way to say something."""

SPECS = {
    "functions of Python": """
        dim j = 2  dim k = 2
        data { y[i] : real, x[j, i] : real, s[i] : positive }
        extern function weighted(values[j], weight) -> real from "tests.codegen.functions:weighted"
        extern function decay(rate) -> positive[k] from "tests.codegen.functions:decay"
        extern function covariance(values[j]) -> real[j, j'] from "tests.codegen.functions:covariance"
        extern function square(x) -> nonnegative from "tests.codegen.functions:square"
        extern function half() -> positive from "tests.codegen.functions:constant"
        extern function table(values[j]) -> real[k] from "tests.codegen.functions:in_numpy" nondifferentiable
        extern function root(x) -> nonnegative from "tests.codegen.functions:root" nondifferentiable
        function total(v[j]) = half() * sum(v, over = j) + weighted(v, 2)
        let t[i, k] = table(x)
        prior a ~ Normal(0, 1)  prior b[j] ~ Normal(0, 1)  prior c[i] ~ Normal(0, half())  prior r[k] ~ HalfNormal(1)
        let beside[k] = root(r)  let other = root(a)
        factor -0.1 * sum(weighted(b, r), over = k) + logdet(covariance(b)) - total(b)
        likelihood y[i] ~ Normal(weighted(x, a) + weighted(b, c) + sum(decay(square(c)) * t * r, over = k), s)
    """,
    "real line": """
        data { y[i] : real }
        prior a ~ Normal(0, 1)  prior b ~ Normal(a, variance = 4)  prior c ~ Normal(0, precision = 0.5)
        prior d ~ StudentT(4)  prior e ~ StudentT(4, a, 2)  prior f ~ Cauchy(a, 1)
        prior g ~ Laplace(0, 1)  prior h ~ Logistic(b, 1)  prior k ~ Gumbel(0, 1)
        likelihood y[i] ~ Normal(a + b + c + d + e + f + g + h + k, 3)
    """,
    "positive numbers": """
        data { y[i] : real }
        prior a ~ HalfNormal()  prior b ~ HalfNormal(2)  prior c ~ HalfCauchy(a)  prior d ~ HalfStudentT(3, 2)
        prior e ~ Exponential(2)  prior f ~ Exponential(scale = a)  prior g ~ Gamma(2, 3)  prior h ~ Gamma(2, scale = b)
        prior k ~ InverseGamma(3, 1)  prior l ~ LogNormal(0, a)  prior m ~ Weibull(1.5, 2)
        prior n ~ ChiSquared(3)  prior o ~ Pareto(1, 4)
        likelihood y[i] ~ Normal(a + b + c + d, e + f + g + h + k + l + m + n + o)
    """,
    "splines": """
        dim k = 6  dim o = 5 periodic
        data { y[i] : real, x[i] : real, s[j, i] : real }
        function curve(x, c[k]) = sum(bspline(x, over = k, low = -3, high = 3) * c, over = k)
        prior step ~ HalfNormal(1)  prior v[i] ~ Normal(0, 1)  prior d[o] ~ Normal(0, 1)
        prior c[k] ~ Normal(c[k - 1], step) starting at Normal(0, 1) noncentered
        let B[i, k] = bspline(x, over = k)
        let season[j, i] = bspline(s, over = o, low = 0, high = 12, degree = 2) @ d
        let given[i] = bspline(v, over = k, low = -2, high = 2, knots = [0.3, 0.5]) @ c
        likelihood y[i] ~ Normal(B @ c + sum(season, over = j) + given + curve(v, c), 1)
    """,
    "intervals": """
        dim j = 2
        data { y[i] : real, low : real = -2 }
        prior a ~ Uniform(-1, 2)  prior width ~ HalfNormal(1)  prior b ~ Uniform(low, width + 3)  prior c ~ Beta(2, width)
        prior f ~ Flat()  prior g ~ Flat(-inf, 3)  prior h ~ Flat(0)  prior k[j] ~ Flat(0, h)
        likelihood y[i] ~ Normal(a + b + c + f + g + h + sum(k, over = j), 1)
    """,
    "informed by the likelihoods": """
        dim j = 2
        data { y[i] : count, c[i, j] : binary, x[i] : real, ok[i] : binary, w[i] : positive }
        prior theta ~ Jeffreys()
        let rate[i] = exp(theta * x)
        let scaled = theta / 2
        likelihood y[i] ~ Poisson(rate) where ok == 1 weight w
        likelihood c[i, j] ~ Bernoulli(logits = 1 - scaled)
    """,
    "intercepts and slopes that are correlated": """
        dim coef = ["intercept", "slope"]
        data { y[i] : real, x[i] : real, g[i] : category(group) }
        prior L[coef, coef'] ~ LKJCholesky(2)
        prior s[coef] ~ HalfNormal(1)  prior m[coef] ~ Normal(0, 5)
        let root[coef, coef'] = s * L
        prior b[group, coef] ~ MultiNormal(m, cholesky = root, event = coef) noncentered
        likelihood y[i] ~ Normal(b[group = g, coef = "intercept"] + b[group = g, coef = "slope"] * x, 1)
    """,
    "neighbouring areas": """
        data { cases[area] : count, expected[area] : positive, from[edge] : category(area), to[edge] : category(area) }
        prior phi[area] ~ Flat()
        prior tau ~ HalfNormal(1)
        factor -0.5 * sum((phi[from] - phi[to])^2, over = edge) - 0.5 * (mean(phi, over = area) / 0.1)^2
        likelihood cases[area] ~ Poisson(expected * exp(tau * phi))
    """,
    "answers to items, right and graded": """
        dim cut = 3
        data { right[i] : binary, grade[i] : count, who[i] : category(student), what[i] : category(item) }
        prior ability[student] ~ Normal(0, 1)
        prior steep[item] ~ LogNormal(0, 0.5)  prior hard[item] ~ Normal(0, 1)
        prior c[cut] ~ Normal(0, 2) ordered
        likelihood right[i] ~ Bernoulli(logits = steep[what] * (ability[who] - hard[what]))
        likelihood grade[i] ~ OrderedLogistic(ability[who], c, over = cut)
    """,
    "a column that is called as its dimension": """
        data { choice[i] : category, x[i] : real }
        prior b[choice] ~ Normal(0, 1)
        let steep[choice] = 2 * b
        likelihood choice[i] ~ Categorical(logits = b + steep * x, over = choice)
    """,
    "coefficients that are shrunk": """
        dim g = 2  dim k = 3
        data { y[i] : real, x[i, k] : real }
        prior s ~ HalfNormal(1)
        prior a[k] ~ Horseshoe()
        prior b[g, k] ~ RegularizedHorseshoe(0.1 * s, slab_scale = 3, event = k)
        prior r[k] ~ R2D2(mean = 0.5, concentration = 2, scale = s)
        likelihood y[i] ~ Normal(sum(x * (a + r + sum(b, over = g)), over = k), s)
    """,
    "outcomes that are real": """
        data { u[i] : real, v[i] : real, w[i] : real, x[i] : real, y[i] : real, z[i] : real }
        prior m ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        likelihood u[i] ~ Normal(m, precision = s)  likelihood v[i] ~ StudentT(5, m, s)  likelihood w[i] ~ Cauchy(m, s)
        likelihood x[i] ~ Laplace(m, s)  likelihood y[i] ~ Logistic(m, s)  likelihood z[i] ~ Gumbel(m, s)
    """,
    "outcomes that are positive": """
        data { a[i] : positive, b[i] : positive, c[i] : nonnegative, d[i] : positive, e[i] : positive, f[i] : positive
               g[i] : positive, h[i] : nonnegative, k[i] : nonnegative, l[i] : nonnegative, m[i] : unit }
        prior s ~ HalfNormal(1)
        likelihood a[i] ~ Exponential(scale = s)  likelihood b[i] ~ Gamma(s, 2)  likelihood c[i] ~ HalfNormal(s)
        likelihood d[i] ~ InverseGamma(2, s)  likelihood e[i] ~ LogNormal(0, s)  likelihood f[i] ~ Weibull(s, 1)
        likelihood g[i] ~ ChiSquared(s)  likelihood h[i] ~ HalfCauchy(s)  likelihood k[i] ~ HalfStudentT(3, s)
        likelihood l[i] ~ Exponential(s)  likelihood m[i] ~ Beta(s, 2)
    """,
    "outcomes that are counts": """
        data { a[i] : binary, b[i] : binary, c[i] : count, d[i] : count, e[i] : count, f[i] : count, g[i] : count
               h[i] : count, k[i] : count, n[i] : count, x[i] : real }
        prior p ~ Beta(2, 2)  prior t ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        let trials[i] = n + 3
        likelihood a[i] ~ Bernoulli(p)  likelihood b[i] ~ Bernoulli(logits = t * x)
        likelihood c[i] ~ Binomial(5, p)  likelihood d[i] ~ Binomial(trials, logits = t * x)
        likelihood e[i] ~ Poisson(exp(t * x))  likelihood f[i] ~ NegativeBinomial(exp(t * x), s)
        likelihood g[i] ~ Geometric(p)  likelihood h[i] ~ Geometric(logits = t)  likelihood k[i] ~ Binomial(n + 3, p)
    """,
    "more laws on the real line": """
        data { u[i] : real, v[i] : real, w[i] : real, x[i] : real, z[i] : real }
        prior a ~ AsymmetricLaplace(0, 1, 2)  prior b ~ AsymmetricLaplace(a, 1, quantile = 0.3)
        prior c ~ HyperbolicSecant(a, 2)  prior d ~ SkewNormal(a, 1, 3)  prior e ~ ExGaussian(a, 1, 2)
        prior s ~ HalfNormal(1)  prior p ~ Beta(mean = sigmoid(a), concentration = 4)
        likelihood u[i] ~ AsymmetricLaplace(a + d, s, s)  likelihood v[i] ~ AsymmetricLaplace(b, s, quantile = p)
        likelihood w[i] ~ HyperbolicSecant(c, s)  likelihood x[i] ~ SkewNormal(d, s, a)
        likelihood z[i] ~ ExGaussian(e, s, s + 1)
    """,
    "more laws of positive numbers": """
        data { y[i] : positive, u[i] : positive, v[i] : positive, w[i] : nonnegative, x[i] : positive }
        prior a ~ FoldedNormal(1, 2)  prior b ~ Gamma(a, mean = 3)  prior c ~ Gamma(mean = a, sd = 2)
        prior d ~ LogNormal(median = a, scale = 0.5)  prior e ~ LogNormal(mean = 3, sd = a)  prior f ~ InverseChiSquared(a + 1)
        prior g ~ ScaledInverseChiSquared(5, a)  prior h ~ Rayleigh(a)  prior k ~ Levy(a)  prior l ~ LogLogistic(a, 3)
        prior m ~ Gompertz(a, 0.1)  prior n ~ InverseGaussian(a, 2)  prior o ~ LogUniform(0.1, a + 1)
        likelihood y[i] ~ InverseGaussian(a + b + c, d + e + f)  likelihood u[i] ~ LogLogistic(g, h)
        likelihood v[i] ~ Gompertz(k, l)  likelihood w[i] ~ Rayleigh(m + n)  likelihood x[i] ~ Gamma(mean = n, sd = o)
    """,
    "more laws on intervals": """
        data { y[i] : unit, z[i] : real, u[i] : unit }
        prior a ~ Triangular(-1, 0.5, 2)  prior b ~ Kumaraswamy(2, 3)  prior c ~ LogitNormal(a, 1)  prior d ~ VonMises(a, 2)
        prior s ~ HalfNormal(1)
        likelihood y[i] ~ Kumaraswamy(s, b + c)  likelihood z[i] ~ VonMises(d, s)  likelihood u[i] ~ LogitNormal(a, s)
    """,
    "more outcomes that are counts": """
        data { a[i] : count, b[i] : count, c[i] : count, d[i] : count, e[i] : count, f[i] : count, g[i] : count, h[i] : count
               k[i] : count, l[i] : int, x[i] : real }
        prior p ~ Beta(2, 2)  prior t ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        likelihood a[i] ~ BetaBinomial(5, s, 2)  likelihood b[i] ~ BetaBinomial(5, mean = p, concentration = s)
        likelihood c[i] ~ Poisson(log_rate = t * x)  likelihood d[i] ~ NegativeBinomial(log_mean = t * x, concentration = s)
        likelihood e[i] ~ NegativeBinomial(probability = p, successes = s)
        likelihood f[i] ~ ZeroInflatedPoisson(s, zero = p)
        likelihood g[i] ~ ZeroInflatedPoisson(log_rate = t * x, zero_logits = t)
        likelihood h[i] ~ ZeroInflatedNegativeBinomial(s, 2, p)
        likelihood k[i] ~ ZeroInflatedNegativeBinomial(log_mean = t, concentration = s, zero_logits = t * x)
        likelihood l[i] ~ DiscreteUniform(-9, 9)
    """,
    "truncated positive numbers and counts": """
        dim j = 2
        data { y[i] : positive, n[i] : count, m[i] : count, b[i] : count, top[j] : positive }
        prior a ~ Gamma(2, 1) truncated(0.5, inf)  prior s ~ StudentT(4, 0, 2) truncated(0, inf)
        prior c[j] ~ LogNormal(0, a) truncated(-1, top + 1)  prior d ~ Beta(2, a) truncated(0.1, 0.8)
        likelihood y[i] ~ Weibull(a, sum(c, over = j)) truncated(0.01, 40)
        likelihood n[i] ~ Poisson(s) truncated(0, 7)  likelihood m[i] ~ NegativeBinomial(s, a) truncated(-inf, 9)
        likelihood b[i] ~ Binomial(8, d) truncated(0, 6)
    """,
    "truncated": """
        dim j = 2
        data { y[i] : positive, z[i] : real, top[j] : positive }
        prior a ~ Normal(0, 1) truncated(0, inf)  prior b ~ Cauchy(1, 2) truncated(-inf, 3)
        prior c ~ Laplace(0, 1) truncated(-1, 2)  prior d ~ Logistic(0, 1) truncated(-inf, inf)
        prior e[j] ~ Normal(0, a) truncated(-1, top)  prior f[j] ~ Normal(a, 1) truncated(b - 3, a + 4)
        likelihood y[i] ~ Normal(a + b + c + d, 1) truncated(0, inf)
        likelihood z[i] ~ Normal(sum(e + f, over = j), 2)
    """,
    "neighbours and copies": """
        dim ring = 4 periodic  dim rod = 3 clamped  dim well = 3 fixed(2)  dim back = [1, 2]
        data { y[i] : real, x[ring] : real, Z[i, j] : real }
        dim j = 2
        function hill(x, k, n) = x^n / (k^n + x^n)
        function score(z[j], w[j]) = sum(z * w, over = j)
        prior a[ring] ~ Normal(0, 1)  prior b[rod] ~ Normal(0, 1)  prior c[well] ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        prior w[j] ~ Normal(0, 1)  prior M[ring, j] ~ Normal(0, 1)
        let K[ring, ring'] = s * exp(-(x - x')^2) + identity(ring)
        let L[ring, ring'] = cholesky(K)
        let rough = sum((a[ring + 1] - 2 * a + a[ring - 1])^2, over = ring) + sum(b[rod + 1] * b, over = rod)
        let tail[ring, back] = a[ring - back]
        factor -rough - logdet(K) + a @ solve(K, a) + sum(c[well - 1] * c[well + 2], over = well) + trace(K @ L[ring', ring''] + 0 * K[ring, ring''])
        let slope[ring] = sum(solve_lower(L, M), over = j) + K[ring', ring] @ a'
        likelihood y[i] ~ Normal(hill(s, 2, 3) + Z @ w + score(Z, w) + sum(cumsum(softmax(a, over = ring), over = ring) * slope, over = ring) + sum(tail, over = [ring, back]), s)
    """,
    "recurrences": """
        dim lag = [1, 3]
        dim t = 6
        data { y[t] : real, x[t] : real, g[t] : category(j), s1 : positive = 1.5 }
        dim j = 2
        prior c ~ Normal(0, 1)  prior phi[lag] ~ Normal(0, 0.3)  prior s ~ HalfNormal(1)  prior e[j] ~ Normal(0, 1)
        prior walk[t] ~ Normal(0.5 * walk[t - 1] + e[g], s) starting at Normal(0, 1)
        prior second[t, j] ~ Normal(2 * second[t - 1] - second[t - 2], s) starting at [Normal(0, 1), Normal(e, 1)]
        prior level[j, t] ~ LogNormal(log(level[t - 1]), s) starting at 1
        prior v[t] ~ Normal(m, s) noncentered
        let m[t] = 0.9 * v[t - 1] starting at 0
        let err[t] = y - pred
        let pred[t] = c + 0.3 * err[t - 1] starting at c
        let sd[t] = sqrt(1 + 0.3 * (y[t - 1] - c)^2 + 0.2 * sd[t - 1]^2) starting at s1
        let a[t] = 0.1 * b[t - 1] + x starting at [0, 1]
        let b[t] = 0.2 * a[t - 2] + a[t - 1] + walk starting at [1, c]
        let dy[t] = y - y[t - 1] starting at 0
        let past[t, j] = x[t - 1] * e + second[t - 1] starting at e
        likelihood y[t] ~ Normal(c + sum(phi * y[t - lag], over = lag) + x[t - 1] + walk + pred + v + b + sum(past + level + second, over = j), sd)
    """,
    "looking back on others": """
        dim t = 5
        data { y[t] : real, z[j, t] : count, x[t] : real }
        dim j = 2
        prior c[j] ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        likelihood y[t] ~ Normal(c[1] + x[t - 2], s)
        likelihood z[j, t] ~ Poisson(exp(c + 0.1 * x[t - 1]) + z[t - 1])
    """,
    "noncentered": """
        dim j = 2
        data { y[i] : real, g[i] : category(group), x[group] : real, df[j] : positive }
        prior m ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        prior a[group] ~ Normal(m + x, s) noncentered  prior b[j, group] ~ Normal(x, s) noncentered
        prior c[group, j] ~ StudentT(df, m, s) noncentered  prior d ~ Cauchy(m, 1) noncentered
        prior e[group] ~ Laplace(0, s) noncentered  prior f[group] ~ Logistic(0, 1) noncentered
        prior h[j] ~ Gumbel(m, 2) noncentered  prior k[j] ~ SkewNormal(m, s, df) noncentered
        prior l ~ AsymmetricLaplace(m, s, 2) noncentered  prior o ~ AsymmetricLaplace(m, s, quantile = 0.2) noncentered
        prior p ~ HyperbolicSecant(m, s) noncentered
        prior unused[group] ~ Normal(m, s) noncentered
        likelihood y[i] ~ Normal(a[g] + sum(b[g] + c[g] + h + k, over = j) + d + e[g] + f[g] + l + o + p, 1)
    """,
    "plates": """
        data { y[i, j, k] : real, x[k, i] : real, z[j, i] : real }
        prior a[i] ~ Normal(0, 1)  prior b[i] ~ Normal(a, 1)  prior c[j, i] ~ Normal(a, 1)  prior d[i, j] ~ Normal(c, 1)
        prior s ~ HalfNormal(1)
        likelihood y[k, i, j] ~ Normal(a + c * d + x, s)
        likelihood z[i, j] ~ Normal(d, s)
    """,
    "simplexes": """
        dim k = ["x", "y", "z"]
        data { alpha[k, j] : positive, y[j, k] : unit, z[k] : unit, w[i] : real, strength[j] : positive }
        prior s ~ HalfNormal(1)
        prior a[k] ~ Dirichlet(1)  prior b[k] ~ Dirichlet([1, 2, s + 1])  prior c[j, k] ~ Dirichlet(s + 1, event = k)
        prior d[k, j] ~ Dirichlet(alpha, event = k)  prior e[k, j] ~ Dirichlet(strength, event = k)
        prior f[j, k] ~ Dirichlet(10 * a, event = k)  prior g[i, k, j] ~ Dirichlet(alpha + s, event = k)
        likelihood y[j, k] ~ Dirichlet(3 * c + 1, event = k)
        likelihood z[k] ~ Dirichlet(b + 1)
        likelihood w[i] ~ Normal(a["x"] + sum(c * d * e * f, over = [j, k]) + sum(g[k = "y"], over = j), 1)
    """,
    "vectors and matrices": """
        dim k = ["x", "y", "z"]
        data { y[j, k] : real, n[j, k] : count, m[k] : count, spread[k] : positive }
        prior s ~ HalfNormal(1)
        prior R[k, k'] ~ LKJ(2)  prior L[k, k'] ~ LKJCholesky(s + 1)  prior W[k, k'] ~ Wishart(5, identity(k))
        let S[k, k'] = spread * R * spread'
        prior a[j, k] ~ MultiNormal(0, S, event = k)  prior b[k] ~ MultiNormal(0, precision = W)
        prior c[k] ~ MultiNormal(b, cholesky = s * L)  prior d[k] ~ MultiStudentT(4, b, S)
        prior e[k] ~ MultiStudentT(s + 2, 0, cholesky = L)  prior p[k] ~ Dirichlet(2)
        likelihood y[j, k] ~ MultiNormal(a + b + c + d + e, S, event = k)
        likelihood n[j, k] ~ Multinomial(10, p, event = k)
        likelihood m[k] ~ DirichletMultinomial(10, 5 * p)
    """,
    "labels and ranks": """
        dim kind = ["x", "y", "z"]
        dim cut = 2
        data { c[i] : category(kind), d[i] : category(kind), x[i] : real, r[i] : category(grade), s[i] : category(grade) }
        dim grade = ["low", "middle", "high"]
        prior p[kind] ~ Dirichlet(2)  prior b[kind] ~ Normal(0, 1)
        prior at[cut] ~ Normal(0, 2) ordered
        prior slope ~ Normal(0, 1)
        likelihood c[i] ~ Categorical(p, over = kind)
        likelihood d[i] ~ Categorical(logits = b * x, over = kind)
        likelihood r[i] ~ OrderedLogistic(slope * x, at)
        likelihood s[i] ~ OrderedProbit(slope * x, at)
    """,
    "laws of laws": """
        dim k = 3
        data { y[i] : real, z[i] : real, n[i] : count, w[i] : nonnegative }
        prior p[k] ~ Dirichlet(2)  prior m[k] ~ Normal(0, 2) ordered  prior q ~ Beta(2, 2)  prior s ~ HalfNormal(1)
        prior t ~ Mixture([0.3, 0.7], Normal(0, s), Cauchy(0, 1))
        likelihood y[i] ~ Mixture(p, Normal(m, s), over = k)
        likelihood z[i] ~ Mixture([q, 1 - q], Normal(t, 1), StudentT(4, 0, 2))
        likelihood n[i] ~ ZeroInflated(q, Poisson(s + 1))
        likelihood w[i] ~ Hurdle(q, LogNormal(t, s))
    """,
    "factors": """
        data { y[i] : real }
        prior a[i] ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        factor -0.5 * sum(a^2, over = i)
        factor -s
        factor 1
        likelihood y[i] ~ Normal(a, s)
    """,
    "quantities": """
        data { y[i] : real, x[i] : real, n[i] : count, g[i] : category }
        let centred[i] = x - mean(x, over = i)
        let unused[i] = x + 1
        let level[g, i] = 2
        prior a ~ Normal(0, 1)  prior b[g] ~ Normal(0, 1)
        let slope = exp(a)
        let wide[g, i] = slope + 1
        let eta[i] = slope * centred + b[g] + level[g, i] * n
        let positive = a > 0
        let recorded[g] = b + slope
        let twice[g] = 2 * recorded
        likelihood y[i] ~ Normal(eta + sum(wide, over = g) + positive, 1)
    """,
    "outcome that is a quantity": """
        data { y[i] : positive, n[i] : count }
        let z[i] = log(y)
        let many[i] = n > 1
        prior a ~ Normal(0, 1)  prior p ~ Beta(1, 1)
        likelihood z[i] ~ Normal(a, 1)
        likelihood many[i] ~ Bernoulli(p)
    """,
    "settings": """
        setting scale : real = 2.5
        setting order : int = 3
        setting robust : bool = true
        setting label : text = "hi"
        setting unused : real = 1
        data { y[i] : real, x[i] : real }
        prior a ~ Normal(0, scale)
        prior b ~ Normal(0, if robust then 1 / order else scale)
        likelihood y[i] ~ Normal(a + b * x ^ order + robust, scale)
    """,
    "data in place": """
        dim k = ["x", "y"]
        data { y[k] : real = [1.5, -0.5], n : count = 4, m : count = 2, x[k] : count = [1, 2] }
        prior a[k] ~ Normal(0, 1)  prior p ~ Beta(1, 1)
        likelihood y[k] ~ Normal(a * x, 1)
        likelihood m ~ Binomial(n, p)
    """,
    "names of Python": """
        data { lambda[i] : real, data[i] : real, coords[i] : real, len[i] : category(class) }
        prior dist ~ Normal(0, 1)  prior position ~ Normal(0, 1)  prior log_p_x ~ Normal(0, 1)  prior x ~ HalfNormal(1)
        prior sum[class] ~ Normal(0, x)  prior observed[class] ~ Normal(0, 1) noncentered  prior place ~ Normal(0, 1)
        prior jnp ~ Normal(0, 1)  prior model ~ Normal(dist, 1)  prior _x ~ Normal(0, 1)  prior float ~ Normal(0, 1)
        let log_density[i] = data * position + coords * jnp + float
        likelihood lambda[i] ~ Normal(log_density + sum[len] + observed[len] + place + model + log_p_x + _x, x)
    """,
    "names of the world": """
        data { température[größe] : real, µ[größe] : real }
        prior μ ~ Normal(0, 1)  prior σ² ~ HalfNormal(1)  prior Δ_α ~ Normal(0, 1)  prior 変数 ~ Normal(0, 1)
        likelihood température[größe] ~ Normal(μ + µ * Δ_α + 変数, variance = σ²)
    """,
    "coordinates and selections": """
        dim t = [0.5, 1, 2.5]
        dim k = ["x", "y", "z"]
        data { y[i] : real, g[i] : category, h[g] : category, X[i, k] : real }
        prior a[t] ~ Normal(t, 1)  prior b[k] ~ Normal(0, 1)  prior c[h] ~ Normal(0, 1)  prior d[g, k] ~ Normal(0, 1)
        likelihood y[i] ~ Normal(a[first] + b["y"] + c[h[g]] + d[g, k = "z"] + sum(X * b, over = k) + a[at(1)], 1)
    """,
    "arithmetic": """
        data { y[i] : real, n[i] : count, m[i] : int, x[i] : real }
        prior a ~ Normal(0, 1)  prior b ~ HalfNormal(1)
        let q[i] = a ^ 2 + b ^ -1 + (n + 1) ^ -2 + 2 ^ m - x % 2 - (-a) ^ 2 + (m > 0) + (n > 1) + sigmoid(n) * Phi(m)
        let r = if a > 0 and not b > 1 then a else b
        let s[i] = maximum(x, a) + minimum(n, m) + logsumexp(x * a, over = i) + sd(x + b, over = i) - abs(m)
        likelihood y[i] ~ Normal(q + r + s, b + 0.5)
    """,
    "one number": """
        data { y : real = 4 }
        prior x ~ Normal(3, 2)
        likelihood y ~ Normal(x, 0.1)
    """,
    "nothing observed": """
        prior x ~ Normal(3, 2)
        let z = x
        factor -x
    """,
    "eight schools": """
        data { y[school] : real, sigma[school] : positive }
        prior mu ~ Normal(0, 5)
        prior tau ~ HalfCauchy(5)
        prior theta[school] ~ Normal(mu, tau) noncentered
        likelihood y[school] ~ Normal(theta, sigma)
    """,
    "radon": """
        data { log_radon[home] : real, floor[home] : binary, county[home] : category, log_uranium[county] : real }
        prior gamma ~ Normal(0, 1)  prior mu_a ~ Normal(0, 10)  prior sigma_a ~ HalfNormal(1)
        prior a[county] ~ Normal(mu_a + gamma * log_uranium, sigma_a) noncentered
        prior b ~ Normal(0, 10)  prior sigma ~ HalfNormal(1)
        likelihood log_radon[home] ~ Normal(a[county] + b * floor, sigma)
    """,
    "regression": """
        dim k = ["dose", "age"]
        data { y[i] : binary, X[i, k] : real }
        prior intercept ~ StudentT(4, 0, 2.5)
        prior b[k] ~ Normal(0, 2.5)
        let eta[i] = intercept + sum(X * b, over = k)
        likelihood y[i] ~ Bernoulli(logits = eta)
    """,
    "truncated over several dimensions": """
        data { y[i, j] : real, top[i] : positive, low[j] : positive }
        prior s ~ HalfNormal(1)  prior m[j] ~ Normal(0, 1)
        prior a[i, j] ~ Normal(0, s) truncated(-low, top)  prior b[i, j] ~ Cauchy(0, s) truncated(-low, top)
        prior c[j, i] ~ Normal(m, s) truncated(-1, top)
        likelihood y[i, j] ~ Laplace(a + b + c, s) truncated(-5, top + 9)
    """,
    "flat with sum zero": """
        dim area = 4
        dim year = 2
        data { y[area] : count, one[border] : category(area), other[border] : category(area) }
        prior phi[area] ~ Flat() sum_to_zero
        prior psi[year, area] ~ Flat(-inf, inf) sum_to_zero(area)
        factor -0.5 * sum((phi[one] - phi[other])^2, over = border) - sum(psi^2, over = [area, year])
        likelihood y[area] ~ Poisson(exp(phi + sum(psi, over = year)))
    """,
    "noncentered first values": """
        time t from 0 to 1 step 0.5
        dim tank = 2
        data { y[t, tank] : real = [[1, 2], [0.5, 1.4], [0.2, 0.9]] }
        prior m ~ Normal(0, 1)  prior s ~ HalfNormal(1)
        state full[tank], warm[tank] over t {
          initial full ~ Normal(m, s) noncentered, warm ~ MultiNormal([m, 1], covariance = [[2, 1], [1, 2]]) noncentered
          evolve  der(full) = -full * warm, der(warm) = -warm  by rk4(dt = 0.5)
          error   exact
        }
        likelihood y[t, tank] ~ Normal(full + warm, 1)
    """,
    "states of which one is seen": """
        time t from 0 to 1 step 0.5
        data { y[t] : real = [1, 0.8, 0.5] }
        prior k ~ HalfNormal(1)
        state q, p over t {
          initial q ~ Normal(1, 0.5), p ~ Normal(0, 0.5)
          evolve  der(q) = p, der(p) = -k * q  by rk4(dt = 0.5)
          error   exact
        }
        likelihood y[t] ~ Normal(q, 0.1)
    """,
    "statements out of order": """
        likelihood y[i] ~ Normal(eta, s)
        let eta[i] = a * z
        prior a ~ Normal(m, 1)
        let z[i] = y0 + 1
        data { y[i] : real, y0[i] : real }
        prior m ~ Normal(0, 1)
        prior s ~ HalfNormal(1)
    """,
}
