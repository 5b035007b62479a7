"""What a generated program imports beside NumPyro and JAX."""

from uqdsl.runtime.after import After
from uqdsl.runtime.ex_gaussian import ExGaussian
from uqdsl.runtime.inverse_gaussian import InverseGaussian
from uqdsl.runtime.kumaraswamy import Kumaraswamy
from uqdsl.runtime.neighbour import neighbour
from uqdsl.runtime.ode import trajectory
from uqdsl.runtime.place import place
from uqdsl.runtime.poisson_log import PoissonLog
from uqdsl.runtime.recurrence import recurrence
from uqdsl.runtime.related import InverseChiSquared, LogitNormal, LogLogistic, Rayleigh, ScaledInverseChiSquared
from uqdsl.runtime.sequential import Sequential
from uqdsl.runtime.skew_normal import SkewNormal
from uqdsl.runtime.special import cloglog, inv_cloglog, lchoose, log1mexp, logdet, solve_cholesky, solve_lower
from uqdsl.runtime.triangular import Triangular
from uqdsl.runtime.truncated import Truncated

__all__ = [
    "After",
    "ExGaussian",
    "InverseChiSquared",
    "InverseGaussian",
    "Kumaraswamy",
    "LogLogistic",
    "LogitNormal",
    "PoissonLog",
    "Rayleigh",
    "ScaledInverseChiSquared",
    "Sequential",
    "SkewNormal",
    "Triangular",
    "Truncated",
    "cloglog",
    "inv_cloglog",
    "lchoose",
    "log1mexp",
    "logdet",
    "neighbour",
    "place",
    "recurrence",
    "solve_cholesky",
    "solve_lower",
    "trajectory",
]
