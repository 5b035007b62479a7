"""The distributions: one table that declares each with its parameters, supports, event dimensions and NumPyro name.

Parameters have the names of the literature. Other forms of a law (`variance` for `sd`, `mean` and `concentration` for `alpha`
and `beta`) are rewritten to the standard parameters when names are resolved, so that every later room sees one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import inf, pi
from typing import Literal, NamedTuple

from uqdsl.vocabulary.supports import (
    BINARY,
    COUNT,
    INTEGER,
    NONNEGATIVE,
    OPEN_UNIT,
    POSITIVE,
    REAL,
    UNIT,
    Support,
)


class Parameter(NamedTuple):
    """A parameter of a distribution.

    `event` is 1 where it ranges over the event's dimension, 2 where it is a matrix over that and its copy; `over` says that
    it ranges over the dimension that the law consumes.
    """

    name: str
    support: Support
    default: float | None = None
    event: int = 0
    over: bool = False


class Form(NamedTuple):
    """Other parameters in place of some of the standard ones.

    `formulas` gives each standard parameter that is replaced, in terms of these and of those that stay, as Python writes it.
    `instead`, where it is not empty, is a part of the constructor and what NumPyro takes in place of it, exact where the
    formulas are not.
    """

    parameters: tuple[Parameter, ...]
    formulas: Mapping[str, str]
    instead: tuple[str, str] | tuple[()] = ()


class Way(NamedTuple):
    """A complete way to state a law: its parameters, and the forms that some of them come from."""

    parameters: tuple[Parameter, ...]
    forms: tuple[Form, ...]

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters if parameter.default is None)


@dataclass(frozen=True)
class Distribution:
    """A family of laws.

    `event` is the number of dimensions that one draw is joint over, 2 for matrices over a dimension and its copy. `values` says
    that a draw is a label of the dimension that the law consumes, or a place among its `ranks`. `laws` says whether it is made
    of other laws: of one, or of several. `bounds` names the parameters that are the ends of
    the support, where they are; `location_scale` names the two parameters that shift and scale it, and `truncates` says that
    `truncated(a, b)` is possible, which takes a distribution function that is known in both tails. `samples` says that a law is
    known by draws alone, each of all dimensions of the left-hand side at once: it has a sampler and no density.
    `numpyro` is the constructor, with the parameters by name; what is not of `dist` is of `uqdsl.runtime`. A law that is not
    `normalised` is a density up to a factor that may depend on its parameters: it has no sampler, and may have infinite ends.
    """

    name: str
    parameters: tuple[Parameter, ...]
    support: Support
    numpyro: str
    summary: str
    forms: tuple[Form, ...] = ()
    event: int = 0
    values: Literal["", "labels", "ranks"] = ""
    laws: Literal["", "one", "several"] = ""
    bounds: tuple[str, str] | None = None
    normalised: bool = True
    location_scale: tuple[str, str] | None = None
    truncates: bool = False
    samples: bool = False

    @property
    def discrete(self) -> bool:
        """Whether the values are whole numbers."""
        return self.support.integer

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, a standard one or one of a form."""
        every = (*self.parameters, *(parameter for form in self.forms for parameter in form.parameters))
        return next((parameter for parameter in every if parameter.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all parameters, the standard ones first."""
        forms = (parameter.name for form in self.forms for parameter in form.parameters)
        return tuple(dict.fromkeys([*(parameter.name for parameter in self.parameters), *forms]))

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Every way to state the law, the standard one first."""
        return tuple(self._ways())

    def _ways(self) -> Iterator[Way]:
        for count in range(len(self.forms) + 1):
            for forms in combinations(self.forms, count):
                replaced = [name for form in forms for name in form.formulas]
                kept = [parameter for parameter in self.parameters if parameter.name not in replaced]
                names = [parameter.name for parameter in (*kept, *(each for form in forms for each in form.parameters))]
                known = set(names).issuperset(used for form in forms for used in _kept_by(form, self))
                if len(set(replaced)) == len(replaced) and len(set(names)) == len(names) and known:
                    yield Way((*kept, *(each for form in forms for each in form.parameters)), forms)

    def constructor(self, given: Mapping[str, str]) -> str:
        """The text that makes the law in NumPyro, from the texts of its parameters."""
        template = self.numpyro
        for form in self.forms:
            if form.instead and all(parameter.name in given for parameter in form.parameters):
                template = template.replace(*form.instead)
        return template.format(**given)

    def signature(self) -> str:
        """How the law is written: `Normal(mean, sd)`."""
        shown = (p.name if p.default is None else f"{p.name} = {p.default:g}" for p in self.parameters)
        return f"{self.name}({', '.join(shown)})"


def _kept_by(form: Form, law: Distribution) -> Iterator[str]:
    """The standard parameters that the formulas of a form speak of."""
    for formula in form.formulas.values():
        words = set(re.findall(r"[a-z_]+", formula))
        yield from (parameter.name for parameter in law.parameters if parameter.name in words)


def _for(name: str, support: Support, *, instead: tuple[str, str] | tuple[()] = (), **formula: str) -> Form:
    """A form with one parameter."""
    return Form((Parameter(name, support),), formula, instead)


_SD = (_for("variance", POSITIVE, sd="sqrt(variance)"), _for("precision", POSITIVE, sd="1 / sqrt(precision)"))
_RATE = _for("scale", POSITIVE, rate="1 / scale")
_LOGITS = _for("logits", REAL, probability="sigmoid(logits)", instead=("{probability}", "logits={logits}"))
_LOG_RATE = _for("log_rate", REAL, rate="exp(log_rate)", instead=("dist.Poisson({rate})", "PoissonLog({log_rate})"))
_NEGATIVE_BINOMIAL = "dist.NegativeBinomial2({mean}, {concentration})"
_COUNTED = (
    _for(
        "log_mean", REAL, mean="exp(log_mean)",
        instead=(
            _NEGATIVE_BINOMIAL, "dist.NegativeBinomialLogits({concentration}, {log_mean} - jnp.log({concentration}))"
        ),
    ),
    Form(
        (Parameter("probability", OPEN_UNIT), Parameter("successes", POSITIVE)),
        {"mean": "successes * (1 - probability) / probability", "concentration": "successes"},
    ),
)  # fmt: skip
_ZERO = Parameter("zero", UNIT)
_ZERO_LOGITS = _for(
    "zero_logits", REAL, zero="sigmoid(zero_logits)", instead=("gate={zero}", "gate_logits={zero_logits}")
)  # fmt: skip
MEAN_AND_CONCENTRATION = Form(
    (Parameter("mean", OPEN_UNIT), Parameter("concentration", POSITIVE)),
    {"alpha": "mean * concentration", "beta": "(1 - mean) * concentration"},
)


def _location_scale(name: str, numpyro: str, summary: str) -> Distribution:
    return Distribution(
        name,
        (Parameter("location", REAL), Parameter("scale", POSITIVE)),
        REAL,
        numpyro,
        summary,
        location_scale=("location", "scale"),
        truncates=True,
    )


def _positive(
    name: str, parameters: tuple[Parameter, ...], numpyro: str, summary: str, *forms: Form, support: Support = POSITIVE
) -> Distribution:
    return Distribution(name, parameters, support, numpyro, summary, forms=forms, truncates=True)


_DF, _SHAPE, _SCALE = Parameter("df", POSITIVE), Parameter("shape", POSITIVE), Parameter("scale", POSITIVE)
_UNIT_SCALE = Parameter("scale", POSITIVE, 1.0)
_ENDS = (Parameter("lower", REAL), Parameter("upper", REAL))

_TABLE = (
    # the real line ------------------------------------------------------------------------------------------------
    Distribution(
        "Normal",
        (Parameter("mean", REAL), Parameter("sd", POSITIVE)),
        REAL,
        "dist.Normal({mean}, {sd})",
        "exp(-(x - mean)^2 / (2 sd^2)) / (sd sqrt(2 pi))",
        forms=_SD,
        location_scale=("mean", "sd"),
        truncates=True,
    ),
    Distribution(
        "StudentT",
        (_DF, Parameter("location", REAL, 0.0), _UNIT_SCALE),
        REAL,
        "dist.StudentT({df}, {location}, {scale})",
        "proportional to (1 + ((x - location) / scale)^2 / df)^(-(df + 1) / 2) / scale",
        location_scale=("location", "scale"),
        truncates=True,
    ),
    _location_scale("Cauchy", "dist.Cauchy({location}, {scale})", "1 / (pi scale (1 + ((x - location) / scale)^2))"),
    _location_scale("Laplace", "dist.Laplace({location}, {scale})", "exp(-|x - location| / scale) / (2 scale)"),
    Distribution(
        "AsymmetricLaplace",
        (Parameter("location", REAL), _SCALE, Parameter("asymmetry", POSITIVE)),
        REAL,
        "dist.AsymmetricLaplace({location}, {scale}, {asymmetry})",
        "with k = asymmetry: exp(-|x - location| / (scale / k)) / (scale (k + 1 / k)) above the location, and with scale k for "
        "scale / k below; given a quantile, scale is that of the loss of quantile regression",
        forms=(
            Form(
                (_SCALE, Parameter("quantile", OPEN_UNIT)),
                {
                    "scale": "scale / sqrt(quantile * (1 - quantile))",
                    "asymmetry": "sqrt(quantile / (1 - quantile))",
                },
                ("AsymmetricLaplace({location}, {scale}, {asymmetry})",
                 "AsymmetricLaplaceQuantile({location}, {scale}, {quantile})"),
            ),
        ),
        location_scale=("location", "scale"),
        truncates=True,
    ),
    _location_scale(
        "Logistic", "dist.Logistic({location}, {scale})", "with z = (x - location) / scale: exp(-z) / (scale (1 + exp(-z))^2)"
    ),
    _location_scale(
        "HyperbolicSecant", "dist.SoftLaplace({location}, {scale})",
        "with z = (x - location) / scale: 2 / (pi scale (exp(z) + exp(-z)))",
    ),
    _location_scale(
        "Gumbel", "dist.Gumbel({location}, {scale})", "with z = (x - location) / scale: exp(-(z + exp(-z))) / scale"
    ),
    Distribution(
        "SkewNormal",
        (Parameter("location", REAL), _SCALE, Parameter("slant", REAL)),
        REAL,
        "SkewNormal({location}, {scale}, {slant})",
        "with z = (x - location) / scale: 2 phi(z) Phi(slant z) / scale, where phi is the standard normal density",
        location_scale=("location", "scale"),
    ),
    Distribution(
        "ExGaussian",
        (Parameter("location", REAL), _SCALE, Parameter("rate", POSITIVE)),
        REAL,
        "ExGaussian({location}, {scale}, {rate})",
        "that of the sum of a Normal(location, scale) and an Exponential(rate)",
        truncates=True,
    ),
    # positive numbers ---------------------------------------------------------------------------------------------
    _positive(
        "HalfNormal", (_UNIT_SCALE,), "dist.HalfNormal({scale})", "a Normal(0, scale) restricted to x >= 0",
        support=NONNEGATIVE,
    ),
    _positive(
        "HalfCauchy", (_UNIT_SCALE,), "dist.HalfCauchy({scale})", "a Cauchy(0, scale) restricted to x >= 0",
        support=NONNEGATIVE,
    ),
    _positive(
        "HalfStudentT", (_DF, _UNIT_SCALE), "dist.FoldedDistribution(dist.StudentT({df}, 0.0, {scale}))",
        "a StudentT(df, 0, scale) restricted to x >= 0", support=NONNEGATIVE,
    ),
    _positive(
        "FoldedNormal", (Parameter("location", REAL), _SCALE),
        "dist.FoldedDistribution(dist.Normal({location}, {scale}))",
        "that of |y| where y is Normal(location, scale)", support=NONNEGATIVE,
    ),
    _positive(
        "Exponential", (Parameter("rate", POSITIVE),), "dist.Exponential({rate})", "rate exp(-rate x)", _RATE,
        support=NONNEGATIVE,
    ),
    _positive(
        "Gamma", (_SHAPE, Parameter("rate", POSITIVE)), "dist.Gamma({shape}, {rate})",
        "proportional to x^(shape - 1) exp(-rate x)", _RATE, _for("mean", POSITIVE, rate="shape / mean"),
        Form(
            (Parameter("mean", POSITIVE), Parameter("sd", POSITIVE)),
            {"shape": "(mean / sd) ** 2", "rate": "mean / sd ** 2"},
        ),
    ),
    _positive(
        "InverseGamma", (_SHAPE, _SCALE), "dist.InverseGamma({shape}, {scale})",
        "proportional to x^(-shape - 1) exp(-scale / x)",
    ),
    _positive(
        "LogNormal", (Parameter("location", REAL), _SCALE), "dist.LogNormal({location}, {scale})",
        "log x is Normal(location, scale)", _for("median", POSITIVE, location="log(median)"),
        Form(
            (Parameter("mean", POSITIVE), Parameter("sd", POSITIVE)),
            {
                "location": "log(mean) - 0.5 * log1p((sd / mean) ** 2)",
                "scale": "sqrt(log1p((sd / mean) ** 2))",
            },
        ),
    ),
    _positive(
        "Weibull", (_SHAPE, _SCALE), "dist.Weibull({scale}, {shape})",
        "proportional to x^(shape - 1) exp(-(x / scale)^shape)", support=NONNEGATIVE,
    ),
    _positive("ChiSquared", (_DF,), "dist.Chi2({df})", "proportional to x^(df / 2 - 1) exp(-x / 2)"),
    _positive(
        "InverseChiSquared", (_DF,), "InverseChiSquared({df})", "that of 1 / y where y is ChiSquared(df)"
    ),
    _positive(
        "ScaledInverseChiSquared", (_DF, _SCALE), "ScaledInverseChiSquared({df}, {scale})",
        "that of df scale^2 / y where y is ChiSquared(df)",
    ),
    _positive(
        "Pareto", (Parameter("minimum", POSITIVE), _SHAPE), "dist.Pareto({minimum}, {shape})",
        "proportional to x^(-shape - 1) for x >= minimum",
    ),
    _positive("Rayleigh", (_SCALE,), "Rayleigh({scale})", "x exp(-x^2 / (2 scale^2)) / scale^2", support=NONNEGATIVE),
    _positive(
        "Levy", (_SCALE,), "dist.Levy(0.0, {scale})", "proportional to x^(-3/2) exp(-scale / (2 x))",
    ),
    _positive(
        "LogLogistic", (_SCALE, _SHAPE), "LogLogistic({scale}, {shape})",
        "log x is Logistic(log(scale), 1 / shape)",
    ),
    _positive(
        "Gompertz", (_SHAPE, Parameter("rate", POSITIVE)), "dist.Gompertz({shape}, {rate})",
        "shape rate exp(rate x - shape (exp(rate x) - 1)); the hazard is shape rate exp(rate x)",
    ),
    _positive(
        "InverseGaussian", (Parameter("mean", POSITIVE), _SHAPE), "InverseGaussian({mean}, {shape})",
        "sqrt(shape / (2 pi x^3)) exp(-shape (x - mean)^2 / (2 mean^2 x)), also called Wald's",
    ),
    Distribution(
        "LogUniform",
        (Parameter("lower", POSITIVE), Parameter("upper", POSITIVE)),
        POSITIVE,
        "dist.LogUniform({lower}, {upper})",
        "1 / (x log(upper / lower)) for lower <= x <= upper",
        bounds=("lower", "upper"),
        truncates=True,
    ),
    # intervals ----------------------------------------------------------------------------------------------------
    Distribution(
        "Uniform",
        _ENDS,
        REAL,
        "dist.Uniform({lower}, {upper})",
        "1 / (upper - lower) for lower <= x <= upper",
        bounds=("lower", "upper"),
        truncates=True,
    ),
    Distribution(
        "Flat",
        (Parameter("lower", REAL, -inf), Parameter("upper", REAL, inf)),
        REAL,
        "dist.ImproperUniform({support}, (), ())",
        "1 for lower <= x <= upper, not normalised; the ends may be unknowns, or infinite",
        bounds=("lower", "upper"),
        normalised=False,
    ),
    Distribution(
        "Jeffreys",
        (Parameter("lower", REAL, -inf), Parameter("upper", REAL, inf)),
        REAL,
        "dist.ImproperUniform({support}, (), ())",
        "the root of Fisher's information of the likelihoods about x, for lower <= x <= upper, not normalised",
        bounds=("lower", "upper"),
        normalised=False,
    ),
    Distribution(
        "Triangular",
        (Parameter("lower", REAL), Parameter("mode", REAL), Parameter("upper", REAL)),
        REAL,
        "Triangular({lower}, {mode}, {upper})",
        "rises evenly from lower to mode and falls evenly to upper",
        bounds=("lower", "upper"),
        truncates=True,
    ),
    Distribution(
        "Beta",
        (Parameter("alpha", POSITIVE), Parameter("beta", POSITIVE)),
        UNIT,
        "dist.Beta({alpha}, {beta})",
        "proportional to x^(alpha - 1) (1 - x)^(beta - 1)",
        forms=(
            MEAN_AND_CONCENTRATION._replace(
                instead=("Beta({alpha}, {beta})", "BetaProportion({mean}, {concentration})")
            ),
        ),
        truncates=True,
    ),
    Distribution(
        "Kumaraswamy",
        (Parameter("alpha", POSITIVE), Parameter("beta", POSITIVE)),
        UNIT,
        "Kumaraswamy({alpha}, {beta})",
        "alpha beta x^(alpha - 1) (1 - x^alpha)^(beta - 1)",
        truncates=True,
    ),
    Distribution(
        "LogitNormal",
        (Parameter("location", REAL), _SCALE),
        OPEN_UNIT,
        "LogitNormal({location}, {scale})",
        "log(x / (1 - x)) is Normal(location, scale)",
        truncates=True,
    ),
    Distribution(
        "VonMises",
        (Parameter("location", REAL), Parameter("concentration", POSITIVE)),
        Support(-pi, pi),
        "dist.VonMises({location}, {concentration})",
        "proportional to exp(concentration cos(x - location)), of an angle in radians",
    ),
    # whole numbers ------------------------------------------------------------------------------------------------
    Distribution(
        "Bernoulli", (Parameter("probability", UNIT),), BINARY, "dist.Bernoulli({probability})",
        "probability for x = 1, else 1 - probability", forms=(_LOGITS,),
    ),
    Distribution(
        "Binomial",
        (Parameter("trials", COUNT), Parameter("probability", UNIT)),
        COUNT,
        "dist.Binomial({trials}, {probability})",
        "proportional to probability^x (1 - probability)^(trials - x)",
        forms=(_LOGITS,),
        truncates=True,
    ),
    Distribution(
        "BetaBinomial",
        (Parameter("trials", COUNT), Parameter("alpha", POSITIVE), Parameter("beta", POSITIVE)),
        COUNT,
        "dist.BetaBinomial({alpha}, {beta}, {trials})",
        "a Binomial whose probability is Beta(alpha, beta)",
        forms=(MEAN_AND_CONCENTRATION,),
    ),
    Distribution(
        "Poisson", (Parameter("rate", NONNEGATIVE),), COUNT, "dist.Poisson({rate})",
        "rate^x exp(-rate) / x!", forms=(_LOG_RATE,), truncates=True,
    ),
    Distribution(
        "NegativeBinomial",
        (Parameter("mean", POSITIVE), Parameter("concentration", POSITIVE)),
        COUNT,
        _NEGATIVE_BINOMIAL,
        "a Poisson whose rate is Gamma with that mean; variance mean + mean^2 / concentration; by probability and successes: "
        "the failures before that many successes",
        forms=_COUNTED,
        truncates=True,
    ),
    Distribution(
        "Geometric", (Parameter("probability", OPEN_UNIT),), COUNT, "dist.Geometric({probability})",
        "probability (1 - probability)^x, the failures before the first success", forms=(_LOGITS,), truncates=True,
    ),
    Distribution(
        "DiscreteUniform",
        (Parameter("lower", INTEGER), Parameter("upper", INTEGER)),
        INTEGER,
        "dist.DiscreteUniform({lower}, {upper})",
        "1 / (upper - lower + 1) for lower <= x <= upper",
        bounds=("lower", "upper"),
        truncates=True,
    ),
    Distribution(
        "ZeroInflatedPoisson",
        (Parameter("rate", NONNEGATIVE), _ZERO),
        COUNT,
        "dist.ZeroInflatedDistribution(dist.Poisson({rate}), gate={zero})",
        "0 with probability zero, else a Poisson(rate)",
        forms=(_LOG_RATE, _ZERO_LOGITS),
    ),
    Distribution(
        "ZeroInflatedNegativeBinomial",
        (Parameter("mean", POSITIVE), Parameter("concentration", POSITIVE), _ZERO),
        COUNT,
        f"dist.ZeroInflatedDistribution({_NEGATIVE_BINOMIAL}, gate={{zero}})",
        "0 with probability zero, else a NegativeBinomial(mean, concentration)",
        forms=(*_COUNTED, _ZERO_LOGITS),
    ),
    # joint over a dimension ---------------------------------------------------------------------------------------
    Distribution(
        "Dirichlet",
        (Parameter("concentration", POSITIVE, event=1),),
        UNIT,
        "dist.Dirichlet({concentration})",
        "proportional to the product over the event of x^(concentration - 1), on the simplex sum(x) = 1",
        event=1,
    ),
    Distribution(
        "MultiNormal",
        (Parameter("mean", REAL, event=1), Parameter("covariance", REAL, event=2)),
        REAL,
        "dist.MultivariateNormal({mean}, covariance_matrix={covariance})",
        "proportional to exp(-(x - mean)' inverse(covariance) (x - mean) / 2) / sqrt(det(covariance))",
        forms=(
            Form(
                (Parameter("precision", REAL, event=2),),
                {"covariance": "inverse(precision)"},
                ("covariance_matrix={covariance}", "precision_matrix={precision}"),
            ),
            Form(
                (Parameter("cholesky", REAL, event=2),),
                {"covariance": "cholesky @ transpose(cholesky)"},
                ("covariance_matrix={covariance}", "scale_tril={cholesky}"),
            ),
        ),
        event=1,
    ),
    Distribution(
        "MultiStudentT",
        (Parameter("df", POSITIVE), Parameter("location", REAL, event=1), Parameter("scale", REAL, event=2)),
        REAL,
        "dist.MultivariateStudentT({df}, {location}, jnp.linalg.cholesky({scale}))",
        "proportional to (1 + (x - location)' inverse(scale) (x - location) / df)^(-(df + n) / 2) / sqrt(det(scale))",
        forms=(
            Form(
                (Parameter("cholesky", REAL, event=2),),
                {"scale": "cholesky @ transpose(cholesky)"},
                ("jnp.linalg.cholesky({scale})", "{cholesky}"),
            ),
        ),
        event=1,
    ),
    Distribution(
        "Multinomial",
        (Parameter("trials", COUNT), Parameter("probabilities", UNIT, event=1)),
        COUNT,
        "Multinomial({trials}, {probabilities})",
        "proportional to the product over the event of probabilities^x / x!, where x sums to trials",
        event=1,
    ),
    Distribution(
        "DirichletMultinomial",
        (Parameter("trials", COUNT), Parameter("concentration", POSITIVE, event=1)),
        COUNT,
        "DirichletMultinomial({trials}, {concentration})",
        "a Multinomial whose probabilities are Dirichlet",
        event=1,
    ),
    Distribution(
        "LKJ",
        (Parameter("concentration", POSITIVE, 1.0),),
        Support(-1.0, 1.0),
        "dist.LKJ({size}, {concentration})",
        "proportional to det(R)^(concentration - 1), for matrices R of correlations over a dimension and its copy",
        event=2,
    ),
    Distribution(
        "LKJCholesky",
        (Parameter("concentration", POSITIVE, 1.0),),
        Support(-1.0, 1.0),
        "dist.LKJCholesky({size}, {concentration})",
        "the lower triangular L of R = L @ transpose(L), where R is LKJ",
        event=2,
    ),
    Distribution(
        "Wishart",
        (Parameter("df", POSITIVE), Parameter("scale", REAL, event=2)),
        REAL,
        "dist.Wishart({df}, scale_matrix={scale})",
        "proportional to det(X)^((df - n - 1) / 2) exp(-trace(inverse(scale) X) / 2), for positive definite X",
        event=2,
    ),
    # labels and ranks of a dimension that is consumed -------------------------------------------------------------
    Distribution(
        "Categorical",
        (Parameter("probabilities", UNIT, over=True),),
        COUNT,
        "dist.Categorical({probabilities})",
        "the label k of a dimension with probabilities[k], which sum to one",
        forms=(
            Form(
                (Parameter("logits", REAL, over=True),),
                {"probabilities": "softmax(logits)"},
                ("dist.Categorical({probabilities})", "dist.Categorical(logits={logits})"),
            ),
        ),
        values="labels",
    ),
    Distribution(
        "OrderedLogistic",
        (Parameter("location", REAL), Parameter("cutpoints", REAL, over=True)),
        COUNT,
        "dist.OrderedLogistic({location}, {cutpoints})",
        "the number of cutpoints below a draw of Logistic(location, 1)",
        values="ranks",
    ),
    Distribution(
        "OrderedProbit",
        (Parameter("location", REAL), Parameter("cutpoints", REAL, over=True)),
        COUNT,
        "OrderedProbit({location}, {cutpoints})",
        "the number of cutpoints below a draw of Normal(location, 1)",
        values="ranks",
    ),
    # known by draws -----------------------------------------------------------------------------------------------
    Distribution(
        "Empirical",
        (Parameter("members", REAL, event=1, over=True),),
        REAL,
        "Empirical({members})",
        "one of the members of an ensemble, each as probable as the others: a prior that is known by draws alone, without a "
        "density",
        samples=True,
    ),
    # made of other laws -------------------------------------------------------------------------------------------
    Distribution(
        "Mixture",
        (Parameter("weights", UNIT, over=True),),
        REAL,
        "",
        "the sum of weights times the densities of other laws: `Mixture(w, Normal(m, s), over = k)` or `Mixture([0.3, 0.7], "
        "Normal(0, 1), Cauchy(0, 1))`",
        laws="several",
    ),
    Distribution(
        "ZeroInflated",
        (Parameter("zero", UNIT),),
        COUNT,
        "dist.ZeroInflatedDistribution({law}, gate={zero})",
        "0 with probability zero, else a draw of another law of counts: `ZeroInflated(0.2, Poisson(3))`",
        laws="one",
    ),
    Distribution(
        "Hurdle",
        (Parameter("zero", UNIT),),
        NONNEGATIVE,
        "Hurdle({zero}, {law})",
        "0 with probability zero, else a draw of another law that is not 0: `Hurdle(0.2, LogNormal(0, 1))`",
        laws="one",
    ),
)  # fmt: skip

DISTRIBUTIONS: dict[str, Distribution] = {each.name: each for each in _TABLE}
"""Every distribution by its name."""

PLANNED = frozenset({"Flow"})
"""Distributions of the language that this version cannot run."""

__all__ = ["DISTRIBUTIONS", "PLANNED", "Distribution", "Form", "Parameter", "Way"]
