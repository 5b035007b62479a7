"""What a method is: its options with their bounds, what it assumes of a posterior, and where its code lives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Options of a method: names, types, bounds and defaults. The description of each is its help text."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What has to be known of draws made with these options, one sentence each."""
        return ()


class ChainOptions(Options):
    """Options that every Markov chain has; a method whose options are of this class is run a chunk of iterations at a time."""

    chains: int = Field(default=4, ge=1, le=1024, description="independent chains")
    warmup: int = Field(
        default=1000, ge=1, le=10**9, description="iterations of adaptation at the start of each chain, not kept"
    )
    draws: int = Field(default=1000, ge=1, le=10**9, description="draws kept of each chain")
    thin: int = Field(default=1, ge=1, le=10**9, description="iterations per kept draw")


class ApproximationOptions(Options):
    """Options that every approximation has whose density is known: how many draws are taken, and whether they are corrected."""

    draws: int = Field(default=4000, ge=1, le=10**9, description="draws of the approximation")
    correction: Literal["none", "importance"] = Field(
        default="none",
        description="none: the draws as they are; importance: weighted by posterior over approximation, weights smoothed",
    )


class Assumption(StrEnum):
    """What a method may assume of the posterior that it is given."""

    CONTINUOUS = "every unknown is continuous"
    DIFFERENTIABLE = "the log density has a gradient"
    PRIOR_SAMPLER = "the prior can be sampled"
    PRIOR_DENSITY = "the prior has a density"
    GAUSSIAN_PRIOR = "every prior is Gaussian"
    GAUSSIAN_LIKELIHOOD = "every likelihood is Gaussian, with a scatter that is known"
    BATCHES = "a likelihood is looked at in batches of rows"
    HIDDEN_UNITS = "a network has hidden units"
    MOMENTS = "every likelihood has a mean and a variance"
    VARIANCE = "the data of every likelihood have a variance"
    GAUSSIAN_ERROR = "the error with which a state moves is Gaussian"
    ERROR = "every state moves with an error"
    EXACT = "no state moves with an error"
    KNOWN_PARAMETERS = "every parameter is known"
    TANGENTS = "states and what is observed of them have derivatives"
    SLOPES = "what is observed of the states has derivatives"


@dataclass(frozen=True)
class Method:
    """A method of `infer`: `run` is `module:function`, imported when it is first used.

    One that heeds `batches` looks at some of the rows in each step where a likelihood asks for that; others look at all.
    One that heeds `estimates` is right with a likelihood that is estimated without bias; others need the likelihood itself.
    """

    name: str
    summary: str
    options: type[Options]
    run: str
    assumptions: tuple[Assumption, ...] = ()
    references: tuple[str, ...] = ()

    def load(self) -> Any:
        """The function that `run` names."""
        module, _, name = self.run.partition(":")
        return getattr(import_module(module), name)

    batches: bool = False
    estimates: bool = False
