"""The methods: what each is called, its options with their bounds, what it assumes, and where its code lives.

Nothing here imports JAX: `check` and the editor know every method; its code is imported when it first runs. Another
package adds a method through the entry point group `uqdsl.methods`, each naming a `Method`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Options of a method: names, types, bounds and defaults. The description of each is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Assumption(StrEnum):
    """What a method may assume of the posterior that it is given."""

    CONTINUOUS = "every unknown is continuous"
    DIFFERENTIABLE = "the log density has a gradient"
    PRIOR_SAMPLER = "the prior can be sampled"


@dataclass(frozen=True)
class Method:
    """A method of `infer`: `run` is `module:function`, imported when it is first used."""

    name: str
    summary: str
    options: type[Options]
    run: str
    assumptions: tuple[Assumption, ...] = ()
    references: tuple[str, ...] = ()


class NutsOptions(Options):
    """The No-U-Turn sampler with dual averaging of the step size and windowed adaptation of the metric."""

    chains: int = Field(default=4, ge=1, le=1024, description="independent chains")
    warmup: int = Field(
        default=1000, ge=1, le=10**9, description="iterations of adaptation at the start of each chain, not kept"
    )
    draws: int = Field(default=1000, ge=1, le=10**9, description="draws kept of each chain")
    thin: int = Field(default=1, ge=1, le=10**9, description="iterations per kept draw")
    target_accept: float = Field(
        default=0.8, gt=0, lt=1, description="mean acceptance statistic that the step size aims at"
    )
    max_tree_depth: int = Field(default=10, ge=1, le=20, description="at most 2^depth - 1 leapfrog steps per iteration")
    metric: Literal["diagonal", "dense"] = Field(default="diagonal", description="form of the adapted mass matrix")


_BUILT_IN = (
    Method(
        name="nuts",
        summary="the No-U-Turn sampler: draws of the posterior by Hamiltonian Monte Carlo",
        options=NutsOptions,
        run="uqdsl.infer.nuts:sample",
        assumptions=(Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE),
        references=(
            "Hoffman & Gelman 2014, The No-U-Turn Sampler, J. Mach. Learn. Res. 15, 1593-1623",
            "Betancourt 2017, A Conceptual Introduction to Hamiltonian Monte Carlo, arXiv:1701.02434",
            (
                "Phan, Pradhan & Jankowiak 2019, Composable Effects for Flexible and Accelerated Probabilistic "
                "Programming in NumPyro, arXiv:1912.11554"
            ),
        ),
    ),
)


def method_named(name: str) -> Method | None:
    """The method of a name; other packages are looked through only where it is not built in."""
    return next((method for method in _BUILT_IN if method.name == name), None) or methods().get(name)


@cache
def methods() -> Mapping[str, Method]:
    """Every method by its name: the built-in ones, then those of other installed packages."""
    from importlib.metadata import entry_points

    found = {method.name: method for method in _BUILT_IN}
    for entry in entry_points(group="uqdsl.methods"):
        try:
            method = entry.load()
        except Exception:  # noqa: BLE001, S112 - another package that is broken is no fault of the spec
            continue
        if isinstance(method, Method):
            found.setdefault(entry.name, method)
    return found


PLANNED = frozenset({"diffusion", "ensemble", "flow", "laplace", "mean_field", "neural", "profile", "smc", "svgd"})
"""Methods of `infer` that the language names and this version cannot run."""
