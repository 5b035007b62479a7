"""A sound spec, and faults that can be added to it: each a statement or two, and the one problem that it causes.

`$` in a fault stands for a number, so that the same fault can be added more than once.
"""

from __future__ import annotations

from typing import NamedTuple

BASE = """\
setting top : real = 10
setting label : text = "radon"
dim k = 3
dim species = ["hare", "lynx"]
dim depth = [0.5, 1.5, 3]
data "homes.csv" {
  y[home]       : real
  area[home]    : positive
  floor[home]   : binary
  level[home]   : int
  rooms[home]   : count
  county[home]  : category
  origin[home]  : category(town)
  target[home]  : category(town)
  z[home, k]    : real
} allow(unused)
data { uranium[county] : real, one : real = 1.5 } allow(unused)
prior mu        ~ Normal(0, top)
prior tau       ~ HalfNormal(1)
prior a[county] ~ Normal(mu + uranium, tau) noncentered
prior b[k]      ~ Normal(0, 1)
prior g[k, species] ~ Normal(0, 1)
prior w[town]   ~ Normal(0, 1)
prior p[k]      ~ Dirichlet([1, 2, 3])
let total       = sum(g, over = [k, species]) + sum(p, over = k)
let log_area[home] = log(area)
likelihood y[home] ~ Normal(a[county] + w[origin] - w[target] + sum(b * z, over = k) + total + log_area, tau)
infer by nuts(chains = 2)
"""


class Fault(NamedTuple):
    """Text to add to `BASE`, and the code of the one problem that comes of it."""

    code: str
    text: str


FAULTS = tuple(
    Fault(code, text)
    for code, texts in {
        "UQ201": ["population q$ ~ Normal(0, 1)",
            "let q$ = muu + 1",
            "prior q$ ~ Normal(nowhere, 1)",
            "let q$ = b[elsewhere]",
            "let q$ = h.weights",
            "prior f$.weights ~ Normal(0, 1)",
            "infer nothing by nuts as r$",
        ],
        "UQ202": [
            "let q$ = 1\nlet q$ = 2",
            "data { q$ : real = 1 }\nprior q$ ~ Normal(0, 1)",
            "dim d$ = 2\ndim d$ = 3",
            "setting s$ : int = 1\nprior s$ ~ Normal(0, 1)",
            "let q$ = 1\nprior q$ ~ Normal(0, 1)",
            "prior c$[k] ~ Normal(mu, tau) noncentered\nlet c$_decentered = 1",
        ],
        "UQ203": [
            "prior q$[contry] ~ Normal(0, 1)",
            "let q$ = sum(b, over = kk)",
            "likelihood y2_$[hom] ~ Normal(mu, 1)\ndata { y2_$[home] : real }",
            "prior q$[origin] ~ Normal(0, 1)",
        ],
        "UQ204": [
            "let q$ = q$ + 1",
            "let q$ = r$\nlet r$ = q$",
            "prior q$ ~ Normal(r$, 1)\nlet r$ = s$ * 2\nlet s$ = exp(q$)",
            "setting s$ : int = t$\nsetting t$ : int = s$ + 1",
            "data { y2_$[home] : real }\nlikelihood y2_$[home] ~ Normal(mu * y2_$, 1)",
        ],
        "UQ205": [
            "let q$ = exp",
            "let q$ = sum + 1",
            "let q$ = Normal(0, 1)",
            "let q$ = Mixture(1)",
            "let q$[k] = b * Normal",
        ],
        "UQ206": ["let q$ = expp(mu)", "let q$ = mu(3)", "let q$ = b(1)", "let q$ = inv_logit(mu)", "let q$ = (exp)(1)(2)"],
        "UQ207": [
            "likelihood nowhere$[home] ~ Normal(mu, 1)",
            "likelihood mu ~ Normal(0, 1)",
            "likelihood top ~ Normal(0, 1)",
            "let q$[home] = mu * floor\nlikelihood q$[home] ~ Normal(0, 1)",
        ],
        "UQ208": ["data { v$ : real = 1 }\nlikelihood v$ ~ Normal(mu, 1)\nlikelihood v$ ~ Normal(mu, 2)", "likelihood y[home] ~ Normal(0, 1)"],
        "UQ211": [
            "let q$ = b + 1",
            "prior q$ ~ Normal(0, sum(z, over = k))",
            "let q$[home] = a",
            "let q$ = w[origin]",
            "let q$[k] = w[town] * b",
            "prior q$ ~ Normal(0, 1) truncated(0, area)",
            "let q$ = sum(g, over = k)",
        ],
        "UQ212": ["factor b", "factor -0.5 * z^2 / tau", "factor sum(g, over = k)"],
        "UQ214": [
            "let q$ = b[species]",
            "let q$[home] = b[county]",
            "let q$ = g[k = 1, depth = 0.5]",
            "prior q$[species] ~ Dirichlet(1, event = k)",
        ],
        "UQ215": ["let q$ = sum(b, over = species)", "let q$ = mean(3, over = k)", "let q$ = sum(a, over = home)"],
        "UQ216": ["let q$ = sum(b)", "let q$ = mean(one)", "let q$[home] = sum(a[county] * z)"],
        "UQ217": [
            "data { v$[k] : real }\nlikelihood v$ ~ Normal(mu, 1)",
            "data { v$[k] : real }\nlikelihood v$[home] ~ Normal(mu, 1)",
            "data { v$ : real = 1 }\nlikelihood v$[k] ~ Normal(mu, 1)",
        ],
        "UQ218": [
            'let q$[k] = g["hair"]',
            'let q$ = b[4]',
            'let q$ = b[0]',
            'let q$ = b[at(3)]',
            'let q$ = b[at(mu)]',
            'let q$[depth] = 1\nlet r$ = q$[0.75]',
            'data { v$[home] : category(species) }\nlet q$[home] = if v$ == "hair" then 1 else 0',
        ],
        "UQ219": ["let q$ = g[first]", "let q$ = b[one]", "let q$[home] = b[level]"],
        "UQ220": ["prior q$[k, k] ~ Normal(0, 1)", "data { v$[home, home] : real }", "let q$[k, species, k] = 1"],
        "UQ221": [
            'prior q$[k, species] ~ Normal([1, 2, 3], 1)',
            'let q$ = [1, 2, 3]',
            'let q$[k, species] = [1, 2, 3]',
            'prior q$[home] ~ Normal([1, 2, 3], 1)',
        ],
        "UQ222": ["let q$[k] = [1, 2]", "prior q$[species] ~ Dirichlet([1, 2, 3])", "let q$ = sum([1, 2] * b, over = k)", "let q$[k] = []"],
        "UQ223": [
            "prior q$ ~ Normal(0, 1) noncenterd",
            "let q$ = 1 truncated(0, 1)",
            "data { v$[home] : real standardised }",
            "dim d$ = 3 periodical",
        ],
        "UQ224": ["data { v$[home] : float }", "data { v$[home] : whatever }", "data { v$[home] : reall }"],
        "UQ226": ["let q$ = sum(b, over = 3)", "let q$ = sum(b, over = [])", "prior q$[k] ~ Dirichlet(1, event = b[1])"],
        "UQ227": ["let home = 3", "prior depth ~ Normal(0, 1)", "data { species : real = 1 }"],
        "UQ228": ['data { v$[home] : real, trainig = "x.csv" }', 'data { w$[home] : real, all = "x.csv" }'],
        "UQ229": ["let q$ = mu[1]", "let q$ = one[first]", "let q$ = b[1][2]", "let q$ = b[first, last]", "let q$ = (mu + 1)[k]"],
        "UQ230": ["dim d$", "dim d$\nprior q$[d$] ~ Normal(0, 1)"],
        "UQ231": ["let q$ = mu.weights", "let q$ = y.mean", "prior mu.weights ~ Normal(0, 1)", "infer mu.part by nuts as r$", "let q$ = b.f(1)"],
        "UQ232": ["let q.r$ = 1", "data { v.w$ : real = 1 }", "let q.r$ = 1\nlet s$ = q.r$"],
        "UQ233": [
            'let q$[k] = b[k + 1]',
            'let q$[home] = sum(b[k - 1], over = k)',
        ],
        "UQ234": [
            "let q$[k, species] = g - g'",
            "let q$ = mu'",
            "let q$[home] = z'",
        ],
        "UQ235": [
            'prior q$[k] ~ Normal(q$[k - 1], 1)',
            'let q$[k] = q$[k - 2] + b',
            'let q$[k] = b[k - 1]',
        ],
        "UQ236": [
            'dim d$ = 4 periodic\nprior q$[d$] ~ Normal(0, 1)\nlet r$[d$] = q$[d$ - 0.5]',
            'dim d$ = 4 periodic\nprior q$[d$] ~ Normal(0, 1)\nlet r$[d$, species] = q$[d$ - species]',
        ],
        "UQ237": [
            'let q$ = b @ w',
            'let q$ = g @ g',
            'let q$[k] = mu @ b',
        ],
        "UQ238": [
            'let q$ = logdet(g)',
            'let q$[k] = diagonal(b)',
            'let q$ = trace(mu)',
        ],
        "UQ239": [
            'prior q$[k, species] ~ Normal(q$[k - 1, species] + q$[k, species - 1], 1) starting at Normal(0, 1)',
            'prior q$[k] ~ Normal(q$[k - 1] + r$[k - 1], 1) starting at Normal(0, 1)\nprior r$[k] ~ Normal(q$[k - 1], 1) starting at Normal(0, 1)',
        ],
        "UQ240": [
            'let q$[k] = b starting at 1',
            'prior q$[k] ~ Normal(0, 1) starting at Normal(0, 1)',
        ],
        "UQ241": [
            'function f$(x) = x + mu',
            'function f$(x) = x * area\nlet q$[home] = f$(y)',
        ],
        "UQ242": [
            'function f$(x[k]) = sum(x, over = k)\nlet q$ = f$(mu)',
            'function f$(x[k], u) = sum(x, over = k) * u\nlet q$[k] = f$(b, b)',
        ],
        "UQ251": [
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  evolve der(x$) = -x$\n  error exact\n}',
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve der(x$) = -x$\n}',
        ],
        "UQ252": [
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve d(x$) = -x$\n  error exact\n}',
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ += 1\n  evolve der(x$) = -x$\n  error exact\n}',
            'dim d$ = ["a", "b"]\ntime t$ from 0 to 5 step 1\nstate x$[d$] over t$ {\n  initial x$ = 1\n  evolve der(x$[d$ = "a"]) = -1\n  error exact\n}',
        ],
        "UQ253": [
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve der(x$) = -x$ by RK45\n  error exact\n}',
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve der(x$) = -x$ by ode45(dt = 1)\n  error exact\n}',
        ],
        "UQ254": [
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve der(x$) = -x$ by euler\n  error exact\n}',
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve der(x$) = -x$ by rk4(rtol = 0.1)\n  error exact\n}',
        ],
        "UQ255": [
            'state x$ over k {\n  initial x$ = 1\n  evolve der(x$) = -x$\n  error exact\n}',
            'state x$ over home {\n  initial x$ = 1\n  evolve der(x$) = -x$\n  error exact\n}',
        ],
        "UQ256": [
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial v$ = 1\n  evolve der(x$) = -x$\n  error exact\n}',
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve der(mu) = -x$\n  error exact\n}',
        ],
        "UQ243": [
            'data { v$[home] : real missing }\nlet q$[home] = v$ * 2',
            'data { v$[home] : real missing }\nlet q$ = sum(v$, over = home)',
        ],
        "UQ244": [
            'population area ~ LogNormal(0, 1)',
            'population y ~ Normal(0, 1)',
        ],
        "UQ261": [
            'prior q$ ~ Poisson(3)',
            'prior q$[k] ~ NegativeBinomial(3, 1)',
        ],
        "UQ262": [
            'data { v$[home] : real }\nprior q$[home] ~ Bernoulli(0.5)\nlikelihood v$[home] ~ Normal(sum(q$, over = home), 1)',
            'prior q$ ~ Bernoulli(0.5)\nprior r$[k] ~ Normal(0, 1 + q$) noncentered',
        ],
        "UQ271": ["prior q$[k] ~ GaussianProcess(exp(1))", "prior q$[k] ~ GaussianProcess(matern52(1, 1) + 2)"],
        "UQ272": [
            "prior q$[k] ~ GaussianProcess(matern52([1, 2], 1))",
            "prior q$[k] ~ GaussianProcess(periodic(1, 1, 2), basis = 20)",
        ],
        "UQ280": ["prior q$[k] ~ Horseshoe(1) noncentered", "prior q$[k] ~ R2D2(1, 1) truncated(0, 1)"],
        "UQ281": [
            "data { v$[k] : real }\nlikelihood v$[k] ~ Horseshoe(1)",
            "prior q$[k] ~ Mixture([0.5, 0.5], Normal(0, 1), Horseshoe(1))",
        ],
        "UQ282": [
            "prior q$[k] ~ Jeffreys(0, inf)",
            "data { v$ : count = 3 }\nprior q$ ~ Jeffreys(0, inf)\nlikelihood v$ ~ Poisson(q$ + exp(mu))",
        ],
        "UQ290": [
            "let q$[home] = if origin == county then 1 else 0",
            "let q$[home, species] = if county != species then 1 else 0",
        ],
        "UQ301": ["prior q$ ~ Nomral(0, 1)", "prior q$ ~ gaussian(0, 1)", "prior q$ ~ exp(1)", "prior q$ ~ sum(b, over = k)"],
        "UQ302": ["prior q$ ~ Normal(0)", "prior q$ ~ Normal()", "prior q$ ~ StudentT(scale = 1)", "data { v$ : count = 3 }\nlikelihood v$ ~ Binomial(10)"],
        "UQ303": ["prior q$ ~ Normal(0, std = 1)", "prior q$ ~ Normal(0, 1, 2)", "prior q$ ~ HalfNormal(sigma = 1)", "prior q$ ~ Gamma(1, beta = 2)"],
        "UQ304": [
            "prior q$ ~ Normal(0, -1)",
            "prior q$ ~ Normal(0, mu)",
            "prior q$[home] ~ Gamma(floor, 1)",
            "prior q$[home] ~ Normal(0, variance = y)",
            "data { v$[k] : count }\nlikelihood v$[k] ~ Binomial(10.5, 0.5)",
            "data { v$[k] : count }\nlikelihood v$[k] ~ Poisson(b)",
            "data { v$[k] : binary }\nlikelihood v$[k] ~ Bernoulli(b)",
            "prior q$ ~ Normal(0, b[1])",
        ],
        "UQ305": [
            "data { v$[k] : real }\nlikelihood v$[k] ~ Poisson(3)",
            "data { v$[k] : count }\nlikelihood v$[k] ~ Bernoulli(0.5)",
            "data { v$[k] : real }\nlikelihood v$[k] ~ Gamma(1, 1)",
            "data { v$[k] : real }\nlikelihood v$[k] ~ Normal(0, 1) truncated(0, inf)",
            "let q$ = -sum(area, over = home)\nlikelihood q$ ~ Exponential(1)",
        ],
        "UQ306": ["prior q$ ~ 3", "prior q$ ~ mu", "prior q$ ~ Normal", "prior q$ ~ Normal(0, 1) + 1", "prior q$ ~ mu(1)"],
        "UQ307": ["prior q$[k, species] ~ Dirichlet(1)", "prior q$ ~ Dirichlet(1)"],
        "UQ308": ["prior q$[k] ~ Normal(0, 1, event = k)", "prior q$[k] ~ Gamma(1, 1, event = k)"],
        "UQ309": ["prior q$ ~ VonMises(0, 1) truncated(0, 1)", "prior q$[k] ~ Dirichlet(1) truncated(0, 1)"],
        "UQ310": ["prior q$ ~ HalfNormal(1) noncentered", "prior q$ ~ Normal(0, 1) truncated(0, inf) noncentered"],
        "UQ311": ["let q$[home] = log(y)", "let q$ = sqrt(-1)", "let q$ = log(mu)", "let q$[home] = logit(rooms)", "let q$ = lgamma(0)"],
        "UQ312": [
            'let q$ = "three"',
            'let q$[home] = county + 1',
            'let q$ = label',
            'let q$ = inf',
            'setting s$ : real = 1 / 0',
            'setting s$ : int = 3 + "a"',
            'let q$ = 1e999',
            'let q$[species] = species * 2',
            'data { v$ : real = inf }',
            'let q$[home] = county > 1',
            'let q$[home] = if county then 1 else 0',
        ],
        "UQ313": ["setting s$ : int = y", "dim d$ = mu", "data { v$ : real = mu }", "dim d$ = [1, exp(2)]", "setting s$ : real = nothing$"],
        "UQ314": ["setting s$ : int = 2.5", "setting s$ : text = 3", "setting s$ : real = inf", "setting s$ : bool = 1", 'setting s$ : real = "x"'],
        "UQ315": [
            "let q$ = exp(1, 2)",
            "let q$ = minimum(mu)",
            "let q$ = sum(b, b, over = k)",
            "let q$ = sum(over = k)",
            "infer by nuts(4) as r$",
            'data { v$[home] : real = column("a", "b") }',
        ],
        "UQ316": ["let q$ = exp(x = 1)", "let q$ = sum(b, ovr = k)", "let q$ = mean(b, axis = k)"],
        "UQ317": ["setting s$ : integer = 3", "setting s$ : positive = 3"],
        "UQ318": [
            "dim d$ = 0",
            "dim d$ = 2.5",
            "dim d$ = []",
            'dim d$ = "x"',
            "dim d$ = [true, false]",
            'dim d$ = [1, "a"]',
            "dim d$ = 10 ^ 12",
        ],
        "UQ319": [
            "data 3 { v$[home] : real }",
            'data { v$[home] : real = from_column("x") }',
            "data { v$[home] : real = column(x) }",
            'data { v$ : real = columns("a", "b") }',
            "data { v$[home] : real(k) }",
            'data read("x.csv") { v$[home] : real }',
        ],
        "UQ322": ["prior q$ ~ Normal(0, 1) truncated(1)", "prior q$ ~ Normal(0, 1) noncentered(1)", "prior q$ ~ Normal(0, 1) truncated(lower = 0)"],
        "UQ323": ['dim d$ = ["a", "b", "a"]', "dim d$ = [1, 2, 1.0]"],
        "UQ324": ["prior q$ ~ Uniform(1, 0)", "prior q$ ~ Normal(0, 1) truncated(3, 1)", "prior q$ ~ Uniform(top, 10)", "prior q$ ~ Uniform(0, 0)"],
        "UQ326": [
            "prior q$[k] ~ Normal(0, 1 + 2 * b)",
            "data { v$[home] : count }\nlikelihood v$[home] ~ Poisson(mu + area)",
            "data { v$[home] : binary }\nlikelihood v$[home] ~ Bernoulli(mu + sum(b * z, over = k))",
            "let q$ = log(mu - tau)",
        ],
        "UQ334": [
            "data { v$[home] : positive missing }\npopulation v$ ~ Normal(0, 1)",
            "data { v$[home] : unit missing }\npopulation v$ ~ HalfNormal(1)",
        ],
        "UQ335": [
            "data { v$[home] : count }\nlikelihood v$[home] ~ Poisson(tau) truncated(-1, 5)",
            "prior q$[k] ~ Beta(1, 1) truncated(0.2, 3)",
        ],
        "UQ336": [
            "prior q$ ~ Normal(0, 1) allow(uninformd)",
            "let q$ = mu allow(everything)",
            "data { v$[home] : real allow(unusd) }",
        ],
        "UQ327": [
            "prior q$ ~ Normal(0, 1, sd = 2)",
            "prior q$ ~ Normal(0, sd = 1, variance = 2)",
            "let q$ = sum(b, over = k, over = k)",
            "let q$ = b[k = 1, k = 2]",
            "infer by nuts(chains = 1, chains = 2) as r$",
            "prior q$ ~ Normal(0, 1) truncated(0, 1) truncated(0, 2)",
            "prior q$[k] ~ Dirichlet(1, event = k, event = k)",
        ],
        "UQ330": [
            'data { v$[home] : category(species) }\nlikelihood v$[home] ~ Normal(mu, 1)',
            'data { v$[home] : int }\nlikelihood v$[home] ~ Categorical(logits = b, over = k)',
        ],
        "UQ331": [
            'prior q$ ~ Normal(0, 1) ordered',
            'prior q$[k] ~ Normal(1, 1) sum_to_zero',
            'prior q$[k, species] ~ Normal(0, 1) ordered',
        ],
        "UQ332": [
            'data { v$[home] : real }\nlikelihood v$[home] ~ Normal(mu, 1) where mu > 0',
            'data { v$[home] : real }\nlikelihood v$[home] ~ Normal(mu, 1) weight tau',
        ],
        "UQ501": ["infer by nutz as r$", "infer by nested_sampling() as r$"],
        "UQ502": ["infer by nuts(chians = 4) as r$", "infer by nuts(iterations = 4) as r$"],
        "UQ503": [
            'infer by nuts(chains = 0) as r$',
            'infer by nuts(chains = 2.5) as r$',
            'infer by nuts(chains = "many") as r$',
            'infer by nuts(chains = many) as r$',
            'infer by nuts(chains = true) as r$',
            'infer by nuts(target_accept = 1) as r$',
            'infer by nuts(metric = full) as r$',
            'infer by nuts(metric = 3) as r$',
            'infer by nuts(max_tree_depth = 99) as r$',
            'infer by nuts(draws = -1) as r$',
            'infer by nuts(draws = 10 ^ 200) as r$',
            'infer by nuts(chains = "2") as r$',
            'infer by nuts(target_accept = "0.9") as r$',
        ],
        "UQ273": [
            'extern function f$(x) -> real from "m.py"',
            'extern function f$(x) -> real[home] from "a:b:c"\nlet q$[home] = f$(log_area)',
        ],
        "UQ274": ['extern function f$(x) -> y from "m:f"', 'extern function f$(x) -> count from "m:f"\nlet q$ = f$(mu)'],
        "UQ504": ["infer y by nuts as r$", "infer top by nuts as r$", "infer log_area by nuts as r$", "infer home by nuts as r$", "calibrate y by sbc"],
        "UQ506": ["infer by nuts as r$\ninfer by nuts(chains = 1) as r$", "infer by nuts"],
        "UQ507": ['infer by "nuts" as r$', "infer by 3 as r$", "calibrate by 3"],
        "UQ509": ["calibrate by sbc\ncalibrate mu by sbc of nuts"],
        "UQ370": [
            'data "a.csv" { v$[row$] : real, training = "b.csv" } allow(unused)',
            'data split("a.csv", testing = 0.5) { v$[row$] : real, testing = "b.csv" } allow(unused)',
        ],
        "UQ371": ['data { v$[row$] : real, new = "b.csv" } allow(unused)'],
        "UQ372": [
            'data split("a.csv") { v$[row$] : real } allow(unused)',
            'data split("a.csv", fold = 1) { v$[row$] : real } allow(unused)',
            'data split("a.csv", testing = 0.5, column = "part") { v$[row$] : real } allow(unused)',
            'data split("a.csv", fold = 3, folds = 2) { v$[row$] : real } allow(unused)',
            'data split("a.csv", testing = 0.5) { v$[row$, column$] : real } allow(unused)',
        ],
        "UQ373": [
            'data { v$[row$] : real, w$[row$] : real = [1, 2], training = "a.csv", testing = "b.csv" } allow(unused)',
        ],
        "UQ374": ['data { v$[k] : real, training = "a.csv", testing = "b.csv" } allow(unused)'],
        "UQ375": [
            'data { v$ : real standardized } allow(unused)',
            'data { v$[row$] : category standardized } allow(unused)',
        ],
        "UQ376": [
            'data { v$[row$] : real standardized }\nprior q$ ~ Normal(0, 1)\nlikelihood v$[row$] ~ ExGaussian(q$, 1, 1)',
        ],
        "UQ380": ['network n$(z[k]) -> real { dens(3)  dense(1) }\nprior n$.weights ~ Normal(0, 1)\nlet q$[home] = n$(z)'],
        "UQ381": [
            'network n$(z[k]) -> real { dense(activation = tanh)  dense(1) }\nprior n$.weights ~ Normal(0, 1)\nlet q$[home] = n$(z)',
            'network n$(z[k]) -> real { dense(3, over = home)  dense(1) }\nprior n$.weights ~ Normal(0, 1)\nlet q$[home] = n$(z)',
        ],
        "UQ382": [
            'network n$(z[k]) -> real { dense(3) }\nprior n$.weights ~ Normal(0, 1)\nlet q$[home] = n$(z)',
            'network n$(z[k]) -> a, b[k] { dense(2) }\nprior n$.weights ~ Normal(0, 1)\nlet q$[home] = n$(z).a',
        ],
        "UQ383": ['network n$(z[k]) -> real { dense(3)  dense(1) }\nlet q$[home] = n$(z)'],
        "UQ384": ['network n$(z[k]) -> real { dense(1) }\nprior n$.weights ~ Normal(0, 1)\nprior n$.h1 ~ Normal(0, 1)\nfactor sum(n$(z), over = home)'],
        "UQ385": ['network n$(x, w[county]) -> real { dense(1) }\nprior n$.weights ~ Normal(0, 1)\nfactor n$(1, uranium)'],
        "UQ386": [
            'network n$(z[k]) -> a, b { dense(2) }\nprior n$.weights ~ Normal(0, 1)\nlet q$[home] = n$(z)',
            'network n$(z[k]) -> a, b { dense(2) }\nprior n$.weights ~ Normal(0, 1)\nlet q$[home] = n$(z).c',
        ],
        "UQ901": [
            'choose top maximizing mu by nuts',
            'design d$ in [1, 2]',
        ],
        "UQ902": [
            "time t$ step 1 day",
            'calibrate mu by neyman',
            'prior q$ ~ Flow(spline)',
            'infer by neural as r$',
            'infer by nuts with(seed = 3) as r$',
            'let q$ = morph(mu, mu)',
            'time t$ from 0 to 5 step 1\nstate x$ over t$ {\n  initial x$ = 1\n  evolve x$ = x$ + 1\n  error exact\n}',
        ],
    }.items()
    for text in texts
)  # fmt: skip
"""Faults of whose problems none depends on what else a spec holds. UQ225, UQ320, UQ321 and UQ325 speak of whole specs."""


def numbered(fault: Fault, number: int) -> str:
    """The text of a fault with names of its own."""
    return fault.text.replace("$", str(number))
