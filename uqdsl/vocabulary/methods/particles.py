"""Samples that are weighted, resampled and moved: importance sampling, sequential Monte Carlo, and the Kalman family."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import Assumption, Method, Options


class SmcOptions(Options):
    """Particles of the prior, brought to the posterior through powers of the likelihood."""

    particles: int = Field(default=1000, ge=20, le=10**7, description="particles")
    moves: Literal["mixture", "hmc"] = Field(
        default="mixture", description="how they are moved at each temperature: hmc needs a gradient"
    )
    sweeps: int = Field(default=8, ge=1, le=10**5, description="moves of every particle at each temperature")
    ess: float = Field(default=0.7, gt=0, lt=1, description="share of particles that stay effective at each temperature")
    steps: int = Field(default=200, ge=1, le=10**6, description="temperatures at most")
    leapfrogs: int = Field(default=8, ge=1, le=1024, description="steps of each trajectory of hmc")


METHODS: tuple[Method, ...] = (
    Method(
        name="smc",
        summary="tempered sequential Monte Carlo: particles of the prior moved to the posterior, with the log evidence",
        options=SmcOptions,
        run="uqdsl.infer.smc:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_SAMPLER, Assumption.PRIOR_DENSITY),
        references=(
            "delmoral2006: Del Moral, Doucet & Jasra 2006, Sequential Monte Carlo Samplers, J. R. Stat. Soc. B 68, 411-436",
            "cotter2013: Cotter, Roberts, Stuart & White 2013, MCMC Methods for Functions, Stat. Sci. 28, 424-446",
            "chopin2020: Chopin & Papaspiliopoulos 2020, An Introduction to Sequential Monte Carlo, Springer, chapter 17",
        ),
    ),
)
