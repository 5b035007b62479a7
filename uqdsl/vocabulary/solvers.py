"""The solvers of differential equations: what each is called, whether it is implicit, and how its steps are chosen."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SolverOptions(BaseModel):
    """How steps are chosen: all of the length `dt`, or so that the error of each stays within the tolerances."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    dt: float | None = Field(default=None, gt=0, description="length of each step; in its place of tolerances")
    rtol: float = Field(default=1e-6, gt=0, lt=1, description="relative tolerance of each step")
    atol: float = Field(default=1e-8, gt=0, description="absolute tolerance of each step")
    max_steps: int = Field(default=16384, ge=1, le=10**7, description="steps after which the solver gives up")


class Solver(BaseModel):
    """A method of Runge and Kutta, by its name in the literature; `diffrax` is what it is called there.

    Those `of_noise` solve stochastic equations, in the sense of Itô, and no others; their order is the strong one.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    diffrax: str
    order: float
    steps: Literal["fixed", "adaptive"]
    implicit: bool
    of_noise: bool = False
    summary: str


def _solver(name: str, diffrax: str, order: int, steps: Literal["fixed", "adaptive"], summary: str) -> Solver:
    return Solver(name=name, diffrax=diffrax, order=order, steps=steps, implicit="implicit" in summary, summary=summary)


def _of_noise(name: str, diffrax: str, order: float, summary: str) -> Solver:
    return Solver(
        name=name, diffrax=diffrax, order=order, steps="fixed", implicit=False, of_noise=True, summary=summary
    )


SOLVERS: dict[str, Solver] = {
    each.name: each
    for each in (
        _solver("dopri5", "Dopri5", 5, "adaptive", "Dormand & Prince 1980"),
        _solver("tsit5", "Tsit5", 5, "adaptive", "Tsitouras 2011"),
        _solver("dopri8", "Dopri8", 8, "adaptive", "Dormand & Prince, order 8, for small tolerances"),
        _solver("bosh3", "Bosh3", 3, "adaptive", "Bogacki & Shampine 1989, for large tolerances"),
        _solver("kvaerno3", "Kvaerno3", 3, "adaptive", "Kvaerno 2004, implicit, for stiff equations"),
        _solver("kvaerno5", "Kvaerno5", 5, "adaptive", "Kvaerno 2004, implicit, for stiff equations"),
        _solver("euler", "Euler", 1, "fixed", "forward Euler"),
        _solver("heun", "Heun", 2, "adaptive", "Heun, explicit trapezoidal rule"),
        _solver("midpoint", "Midpoint", 2, "adaptive", "explicit midpoint rule"),
        _solver("rk4", "RK4", 4, "fixed", "the classical method of Runge and Kutta"),
        _solver("implicit_euler", "ImplicitEuler", 1, "adaptive", "backward Euler, implicit, for stiff equations"),
        _of_noise("euler_maruyama", "EulerMaruyama", 0.5, "Maruyama 1955; of order 1 where the noise is additive"),
        _of_noise("milstein", "Milstein", 1, "Milstein 1975, for a diffusion of each element that depends on it alone"),
    )
}
"""Every solver by its name; those with `fixed` steps need `dt`."""

DEFAULT_SOLVER = "dopri5"
