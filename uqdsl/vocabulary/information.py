"""Fisher's information of a law about its parameters, E[(d log p / d parameter)^2], in closed form.

What one parameter says of another is zero in every law that has a row for both.
"""

from __future__ import annotations

from collections.abc import Mapping

_LOGITS = "sigmoid(logits) * sigmoid(-logits)"

INFORMATION: Mapping[str, Mapping[str, str]] = {
    "Normal": {"mean": "1 / sd**2", "sd": "2 / sd**2"},
    "StudentT": {"location": "(df + 1) / ((df + 3) * scale**2)", "scale": "2 * df / ((df + 3) * scale**2)"},
    "Cauchy": {"location": "1 / (2 * scale**2)", "scale": "1 / (2 * scale**2)"},
    "Laplace": {"location": "1 / scale**2", "scale": "1 / scale**2"},
    "Logistic": {"location": "1 / (3 * scale**2)", "scale": "1.4299560445654842 / scale**2"},  # (3 + pi^2) / 9
    "HyperbolicSecant": {"location": "1 / (2 * scale**2)"},
    "Gumbel": {"location": "1 / scale**2"},
    "HalfNormal": {"scale": "2 / scale**2"},
    "HalfCauchy": {"scale": "1 / (2 * scale**2)"},
    "HalfStudentT": {"scale": "2 * df / ((df + 3) * scale**2)"},
    "Exponential": {"rate": "1 / rate**2"},
    "Gamma": {"rate": "shape / rate**2"},
    "InverseGamma": {"scale": "shape / scale**2"},
    "LogNormal": {"location": "1 / scale**2", "scale": "2 / scale**2"},
    "Weibull": {"scale": "shape**2 / scale**2"},
    "ScaledInverseChiSquared": {"scale": "2 * df / scale**2"},
    "Pareto": {"shape": "1 / shape**2"},
    "Rayleigh": {"scale": "4 / scale**2"},
    "InverseGaussian": {"mean": "shape / mean**3", "shape": "1 / (2 * shape**2)"},
    "Bernoulli": {"probability": "1 / (probability * (1 - probability))", "logits": _LOGITS},
    "Binomial": {"probability": "trials / (probability * (1 - probability))", "logits": f"trials * {_LOGITS}"},
    "Poisson": {"rate": "1 / rate", "log_rate": "exp(log_rate)"},
    "NegativeBinomial": {
        "mean": "concentration / (mean * (mean + concentration))",
        "log_mean": "exp(log_mean) * concentration / (exp(log_mean) + concentration)",
    },
    "Geometric": {"probability": "1 / (probability**2 * (1 - probability))", "logits": "sigmoid(-logits)"},
}
"""By the name of a law and of a parameter, standard or of a form: a formula of the law's parameters, as Python writes it."""
