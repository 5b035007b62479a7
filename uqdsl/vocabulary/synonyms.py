"""What the words of the language are called elsewhere, for the "did you mean" of whoever comes from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from uqdsl.messages import did_you_mean

type Synonyms = Mapping[str, str]
"""Words of other tools, in lower case, and what is written here; where several may fit, with a space between them."""

DISTRIBUTIONS: Synonyms = {
    "gaussian": "Normal",
    "gauss": "Normal",
    "norm": "Normal",
    "student": "StudentT",
    "student_t": "StudentT",
    "t": "StudentT",
    "lognorm": "LogNormal",
    "inv_gamma": "InverseGamma",
    "invgamma": "InverseGamma",
    "chi2": "ChiSquared",
    "chi_square": "ChiSquared",
    "doubleexponential": "Laplace",
    "double_exponential": "Laplace",
    "neg_binomial": "NegativeBinomial",
    "negbinomial": "NegativeBinomial",
    "halft": "HalfStudentT",
    "binom": "Binomial",
    "unif": "Uniform",
    "truncatednormal": "Normal(…) truncated(a, b)",
    "truncated_normal": "Normal(…) truncated(a, b)",
}
PARAMETERS: Synonyms = {
    "mu": "mean location",
    "loc": "mean location",
    "location": "mean",
    "mean": "location",
    "sigma": "sd scale",
    "std": "sd scale",
    "stddev": "sd scale",
    "stdev": "sd scale",
    "scale": "sd",
    "sd": "scale",
    "var": "variance",
    "sigma2": "variance",
    "tau": "precision",
    "prec": "precision",
    "lambda": "rate",
    "lam": "rate",
    "nu": "df",
    "dof": "df",
    "p": "probability",
    "prob": "probability",
    "probs": "probability",
    "theta": "probability",
    "logit": "logits",
    "logit_p": "logits",
    "n": "trials",
    "total_count": "trials",
    "k": "shape",
    "a": "alpha lower shape",
    "b": "beta upper rate",
    "low": "lower",
    "min": "lower minimum",
    "high": "upper",
    "max": "upper",
    "concentration1": "alpha",
    "concentration0": "beta",
    "phi": "concentration",
    "alpha": "shape concentration",
    "beta": "rate scale",
}
FUNCTIONS: Synonyms = {
    "ln": "log",
    "expit": "sigmoid",
    "inv_logit": "sigmoid",
    "invlogit": "sigmoid",
    "logistic": "sigmoid",
    "fabs": "abs",
    "pow": "x ^ y",
    "power": "x ^ y",
    "square": "x ^ 2",
    "inverse": "1 / x",
    "fmin": "minimum",
    "fmax": "maximum",
    "normal_cdf": "Phi",
    "where": "if … then … else …",
    "ifelse": "if … then … else …",
    "log_sum_exp": "logsumexp",
    "prod": "product",
    "std": "sd",
    "var": "variance",
    "average": "mean",
    "dot": "sum(a * b, over = k)",
    "matmul": "sum(a * b, over = k)",
    "gammaln": "lgamma",
}
KINDS: Synonyms = {
    "float": "real",
    "double": "real",
    "number": "real",
    "numeric": "real",
    "integer": "int",
    "long": "int",
    "bool": "binary",
    "boolean": "binary",
    "logical": "binary",
    "factor": "category",
    "string": "category",
    "str": "category",
    "text": "category",
    "categorical": "category",
    "probability": "unit",
    "proportion": "unit",
    "fraction": "unit",
    "natural": "count",
}
TYPES: Synonyms = {
    "integer": "int",
    "float": "real",
    "double": "real",
    "number": "real",
    "positive": "real",
    "boolean": "bool",
    "binary": "bool",
    "str": "text",
    "string": "text",
}
METHODS: Synonyms = {"hmc": "nuts", "mcmc": "nuts"}
OPTIONS: Synonyms = {
    "num_chains": "chains",
    "num_warmup": "warmup",
    "iter_warmup": "warmup",
    "tune": "warmup",
    "burnin": "warmup",
    "num_samples": "draws",
    "iter_sampling": "draws",
    "samples": "draws",
    "thinning": "thin",
    "adapt_delta": "target_accept",
    "target_accept_prob": "target_accept",
    "max_treedepth": "max_tree_depth",
    "dense_mass": "metric",
}


def meant(word: str, candidates: Iterable[str], synonyms: Synonyms, *, otherwise: str = "") -> str:
    """The hint for a word that is not known: what it is called here, else the nearest candidate."""
    known = tuple(candidates)
    for here in _choices(synonyms.get(word.lower(), "")):
        if here in known or not here.isidentifier():
            return f"did you mean `{here}`?"
    return did_you_mean(word, known, otherwise=otherwise)


def _choices(here: str) -> list[str]:
    words = here.split()
    return words if all(word.isidentifier() for word in words) else [here]
