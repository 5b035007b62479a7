"""Kernels of Gaussian processes, as formulas of the distance between two places."""

from __future__ import annotations

from math import gamma, pi
from typing import NamedTuple


class Kernel(NamedTuple):
    """A covariance k(r), with r the distance in units of the `length`; and its spectral density, where it has one.

    - parameters: after the `length` and the `amplitude`.
    - formula: in terms of `r`, its square `r2`, `amplitude` and the other parameters, as Python writes it.
    - order: ν of a Matérn kernel, infinite for the squared exponential; None where there is no spectral density here.
    """

    name: str
    formula: str
    summary: str
    parameters: tuple[str, ...] = ()
    order: float | None = None

    def spectrum(self, dimensions: int) -> str:
        """The spectral density for lengths of 1, in terms of `q`, the sum of (length * frequency)^2, and `amplitude`."""
        if self.order is None:
            raise TypeError(f"{self.name} has no spectral density")
        if self.order == float("inf"):
            return f"amplitude**2 * {(2 * pi) ** (dimensions / 2)!r} * exp(-q / 2)"
        nu, half = self.order, dimensions / 2
        constant = 2**dimensions * pi**half * gamma(nu + half) / gamma(nu) * (2 * nu) ** nu
        return f"amplitude**2 * {constant!r} * ({2 * nu!r} + q) ** {-(nu + half)!r}"


KERNELS: dict[str, Kernel] = {
    each.name: each
    for each in (
        Kernel("squared_exponential", "amplitude**2 * exp(-r2 / 2)", "infinitely smooth", order=float("inf")),
        Kernel("exponential", "amplitude**2 * exp(-r)", "continuous, as Brownian motion; Matérn 1/2", order=0.5),
        Kernel(
            "matern32",
            "amplitude**2 * (1 + sqrt(3) * r) * exp(-sqrt(3) * r)",
            "once differentiable; Matérn 3/2",
            order=1.5,
        ),
        Kernel(
            "matern52",
            "amplitude**2 * (1 + sqrt(5) * r + 5 * r2 / 3) * exp(-sqrt(5) * r)",
            "twice differentiable; Matérn 5/2",
            order=2.5,
        ),
        Kernel(
            "rational_quadratic",
            "amplitude**2 * (1 + r2 / (2 * mixture)) ** (-mixture)",
            "squared exponentials of many lengths",
            ("mixture",),
        ),
        Kernel(
            "periodic",
            "amplitude**2 * exp(-2 * sin(pi * distance / period)**2 / length**2)",
            "repeats after each period; in one dimension",
            ("period",),
        ),
    )
}
"""Every kernel by its name."""
