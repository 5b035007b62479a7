"""Chains that look at a few rows at a time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import Assumption, Method, Options


class StochasticOptions(Options):
    """Options of chains that follow gradients of a few rows: without a test that would accept or reject, they are biased."""

    chains: int = Field(default=4, ge=1, le=1024, description="independent chains, each around a mode of its own")
    draws: int = Field(default=1000, ge=1, le=10**8, description="draws kept of each chain")
    thin: int = Field(default=10, ge=1, le=10**6, description="steps per kept draw")
    schedule: Literal["constant", "polynomial", "cyclical"] = Field(
        default="constant",
        description="steps stay, fall as (1 + 10 t)^(-1/3) over the run t, or fall to zero in cycles, whose ends are kept",
    )
    cycles: int = Field(default=4, ge=1, le=10**4, description="cycles of the cyclical schedule")
    control_variates: bool = Field(
        default=True, description="whether gradients are corrected by what the same rows say at the mode"
    )
    training: int = Field(default=2000, ge=1, le=10**8, description="steps of Adam to the mode")


class SgldOptions(StochasticOptions):
    """Stochastic gradient Langevin dynamics around a mode."""

    step_size: float = Field(
        default=0.1, gt=0, lt=2, description="first step, in squares of the width of the posterior around the mode"
    )


class SghmcOptions(StochasticOptions):
    """Stochastic gradient Hamiltonian Monte Carlo around a mode."""

    step_size: float = Field(
        default=0.02, gt=0, lt=1, description="first step, in squares of the width of the posterior around the mode"
    )
    friction: float = Field(default=0.1, gt=0, lt=1, description="part of the momentum that is lost in each step")


_BAKER = (
    "baker2019: Baker, Fearnhead, Fox & Nemeth 2019, Control Variates for Stochastic Gradient MCMC, Stat. Comput. 29, "
    "599-615"
)
_ZHANG = "zhang2020: Zhang, Li, Zhang, Chen & Wilson 2020, Cyclical Stochastic Gradient MCMC for Bayesian Deep Learning, ICLR"
_ASSUMPTIONS = (Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_SAMPLER)

METHODS = (
    Method(
        name="sgld",
        summary="Langevin dynamics by gradients of a few rows, preconditioned and corrected at the mode; biased",
        options=SgldOptions,
        run="uqdsl.infer.sgld:run",
        assumptions=_ASSUMPTIONS,
        batches=True,
        references=(
            (
                "welling2011: Welling & Teh 2011, Bayesian Learning via Stochastic Gradient Langevin Dynamics, Proc. 28th Int. "
                "Conf. Machine Learning, 681-688"
            ),
            (
                "vollmer2016: Vollmer, Zygalakis & Teh 2016, Exploration of the (Non-)Asymptotic Bias and Variance of "
                "Stochastic Gradient Langevin Dynamics, J. Mach. Learn. Res. 17(159), 1-48"
            ),
            _BAKER,
            _ZHANG,
        ),
    ),
    Method(
        name="sghmc",
        summary="Hamiltonian dynamics with friction by gradients of a few rows, corrected at the mode; biased",
        options=SghmcOptions,
        run="uqdsl.infer.sghmc:run",
        assumptions=_ASSUMPTIONS,
        batches=True,
        references=(
            (
                "chen2014: Chen, Fox & Guestrin 2014, Stochastic Gradient Hamiltonian Monte Carlo, Proc. 31st Int. Conf. "
                "Machine Learning, 1683-1691"
            ),
            _BAKER,
            _ZHANG,
        ),
    ),
)
