"""Markov chains."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import Assumption, ChainOptions, Method


class NutsOptions(ChainOptions):
    """The No-U-Turn sampler with dual averaging of the step size and windowed adaptation of the metric."""

    target_accept: float = Field(
        default=0.8, gt=0, lt=1, description="mean acceptance statistic that the step size aims at"
    )
    max_tree_depth: int = Field(default=10, ge=1, le=20, description="at most 2^depth - 1 leapfrog steps per iteration")
    metric: Literal["diagonal", "dense"] = Field(default="diagonal", description="form of the adapted mass matrix")


METHODS = (
    Method(
        name="nuts",
        summary="the No-U-Turn sampler: draws of the posterior by Hamiltonian Monte Carlo",
        options=NutsOptions,
        run="uqdsl.infer.nuts:kernel",
        assumptions=(Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE),
        references=(
            "hoffman2014: Hoffman & Gelman 2014, The No-U-Turn Sampler, J. Mach. Learn. Res. 15, 1593-1623",
            "betancourt2017: Betancourt 2017, A Conceptual Introduction to Hamiltonian Monte Carlo, arXiv:1701.02434",
            (
                "phan2019: Phan, Pradhan & Jankowiak 2019, Composable Effects for Flexible and Accelerated Probabilistic "
                "Programming in NumPyro, arXiv:1912.11554"
            ),
        ),
    ),
)
