"""What a generated program imports beside NumPyro and JAX; each part is loaded when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uqdsl.runtime.after import After
    from uqdsl.runtime.callbacks import CallbackError, callback
    from uqdsl.runtime.censored import Censored
    from uqdsl.runtime.counts import DirichletMultinomial, Multinomial
    from uqdsl.runtime.empirical import Empirical
    from uqdsl.runtime.ex_gaussian import ExGaussian
    from uqdsl.runtime.hurdle import Hurdle
    from uqdsl.runtime.imputed import Imputed
    from uqdsl.runtime.inverse_gaussian import InverseGaussian
    from uqdsl.runtime.kernels import (
        exponential,
        exponential_spectrum,
        matern32,
        matern32_spectrum,
        matern52,
        matern52_spectrum,
        periodic,
        rational_quadratic,
        squared_exponential,
        squared_exponential_spectrum,
    )
    from uqdsl.runtime.kumaraswamy import Kumaraswamy
    from uqdsl.runtime.layers import (
        attention,
        conv1d,
        conv2d,
        graph,
        gru,
        layer_norm,
        lstm,
        max_pool,
        mean_pool,
        side_by_side,
    )
    from uqdsl.runtime.neighbours import between, neighbour
    from uqdsl.runtime.ode import advance, trajectory
    from uqdsl.runtime.ordered import Ordered
    from uqdsl.runtime.ordered_probit import OrderedProbit
    from uqdsl.runtime.partly_observed import PartlyObserved
    from uqdsl.runtime.placing import place
    from uqdsl.runtime.poisson_log import PoissonLog
    from uqdsl.runtime.recurrences import recurrence
    from uqdsl.runtime.related import InverseChiSquared, LogitNormal, LogLogistic, Rayleigh, ScaledInverseChiSquared
    from uqdsl.runtime.sequential import Sequential
    from uqdsl.runtime.skew_normal import SkewNormal
    from uqdsl.runtime.special import cloglog, inv_cloglog, lchoose, log1mexp, logdet, solve_cholesky, solve_lower
    from uqdsl.runtime.splines import bspline, bspline_between, periodic_bspline
    from uqdsl.runtime.sums import sum_chain, sum_out
    from uqdsl.runtime.triangular import Triangular
    from uqdsl.runtime.truncated import Truncated
    from uqdsl.runtime.zero_sum import ZeroSumNormal

_MODULES = {
    "After": "after",
    "CallbackError": "callbacks",
    "Censored": "censored",
    "DirichletMultinomial": "counts",
    "Empirical": "empirical",
    "ExGaussian": "ex_gaussian",
    "Hurdle": "hurdle",
    "Imputed": "imputed",
    "InverseChiSquared": "related",
    "InverseGaussian": "inverse_gaussian",
    "Kumaraswamy": "kumaraswamy",
    "LogLogistic": "related",
    "LogitNormal": "related",
    "Multinomial": "counts",
    "Ordered": "ordered",
    "OrderedProbit": "ordered_probit",
    "PartlyObserved": "partly_observed",
    "PoissonLog": "poisson_log",
    "Rayleigh": "related",
    "ScaledInverseChiSquared": "related",
    "Sequential": "sequential",
    "SkewNormal": "skew_normal",
    "Triangular": "triangular",
    "Truncated": "truncated",
    "ZeroSumNormal": "zero_sum",
    "between": "neighbours",
    "bspline": "splines",
    "bspline_between": "splines",
    "callback": "callbacks",
    "cloglog": "special",
    "exponential": "kernels",
    "exponential_spectrum": "kernels",
    "inv_cloglog": "special",
    "lchoose": "special",
    "log1mexp": "special",
    "logdet": "special",
    "matern32": "kernels",
    "matern32_spectrum": "kernels",
    "matern52": "kernels",
    "matern52_spectrum": "kernels",
    "neighbour": "neighbours",
    "periodic": "kernels",
    "periodic_bspline": "splines",
    "place": "placing",
    "rational_quadratic": "kernels",
    "recurrence": "recurrences",
    "attention": "layers",
    "conv1d": "layers",
    "conv2d": "layers",
    "graph": "layers",
    "gru": "layers",
    "layer_norm": "layers",
    "lstm": "layers",
    "max_pool": "layers",
    "mean_pool": "layers",
    "side_by_side": "layers",
    "solve_cholesky": "special",
    "solve_lower": "special",
    "squared_exponential": "kernels",
    "squared_exponential_spectrum": "kernels",
    "sum_chain": "sums",
    "sum_out": "sums",
    "advance": "ode",
    "trajectory": "ode",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


__all__ = [
    "After",
    "CallbackError",
    "Censored",
    "DirichletMultinomial",
    "Empirical",
    "ExGaussian",
    "Hurdle",
    "Imputed",
    "InverseChiSquared",
    "InverseGaussian",
    "Kumaraswamy",
    "LogLogistic",
    "LogitNormal",
    "Multinomial",
    "Ordered",
    "OrderedProbit",
    "PartlyObserved",
    "PoissonLog",
    "Rayleigh",
    "ScaledInverseChiSquared",
    "Sequential",
    "SkewNormal",
    "Triangular",
    "Truncated",
    "ZeroSumNormal",
    "advance",
    "attention",
    "between",
    "bspline",
    "bspline_between",
    "callback",
    "cloglog",
    "conv1d",
    "conv2d",
    "exponential",
    "exponential_spectrum",
    "graph",
    "gru",
    "inv_cloglog",
    "layer_norm",
    "lchoose",
    "log1mexp",
    "logdet",
    "lstm",
    "matern32",
    "matern32_spectrum",
    "matern52",
    "matern52_spectrum",
    "max_pool",
    "mean_pool",
    "neighbour",
    "periodic",
    "periodic_bspline",
    "place",
    "rational_quadratic",
    "recurrence",
    "side_by_side",
    "solve_cholesky",
    "solve_lower",
    "squared_exponential",
    "squared_exponential_spectrum",
    "sum_chain",
    "sum_out",
    "trajectory",
]
