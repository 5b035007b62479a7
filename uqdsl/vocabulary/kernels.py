"""Kernels of Gaussian processes, each with its function in `uqdsl.runtime`."""

from __future__ import annotations

from typing import NamedTuple


class Kernel(NamedTuple):
    """A covariance between the values at two places, which depends on their distance.

    - name: in the language, and of the function of the squared distances, in units of the length squared.
    - parameters: after the `length` and the `amplitude`.
    - spectrum: the function of its spectral density; empty where there is none.
    - scaled: whether distances matter in units of the length only, so that coordinates may have lengths of their own.
    """

    name: str
    summary: str
    parameters: tuple[str, ...] = ()
    spectrum: str = ""
    scaled: bool = True


KERNELS: dict[str, Kernel] = {
    each.name: each
    for each in (
        Kernel("squared_exponential", "infinitely smooth", spectrum="squared_exponential_spectrum"),
        Kernel("exponential", "continuous, as Brownian motion; Matérn 1/2", spectrum="exponential_spectrum"),
        Kernel("matern32", "once differentiable; Matérn 3/2", spectrum="matern32_spectrum"),
        Kernel("matern52", "twice differentiable; Matérn 5/2", spectrum="matern52_spectrum"),
        Kernel("rational_quadratic", "squared exponentials of many lengths", ("mixture",)),
        Kernel("periodic", "repeats after each period; in one dimension", ("period",), scaled=False),
    )
}
"""Every kernel by its name."""

KERNEL_FUNCTIONS = frozenset([*KERNELS, *(each.spectrum for each in KERNELS.values() if each.spectrum)])
"""The functions of `uqdsl.runtime` that they are made of."""
