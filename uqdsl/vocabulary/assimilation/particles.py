"""Filters of weighted particles."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods import Assumption, Method, Options


class ParticleOptions(Options):
    """Options that every filter of weighted particles has."""

    members: int = Field(default=1000, ge=2, le=10**7, description="particles")
    resampling: Literal["systematic", "stratified", "residual", "multinomial"] = Field(
        default="systematic", description="how particles are chosen by their weights"
    )
    regularisation: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="noise where particles are resampled, in units of the bandwidth N^(-1/(d + 4)) of a Gaussian kernel",
    )
    jitter: Literal["duplicates", "all"] = Field(
        default="duplicates",
        description="which of the resampled particles get that noise: those that were taken more than once, or all",
    )
    discount: float = Field(
        default=0.98,
        gt=0.5,
        le=1,
        description="of the kernels that move estimated parameters and keep their mean and variance; 1 does not move them",
    )


class WeightedOptions(ParticleOptions):
    """Options of filters that resample when few particles are effective."""

    threshold: float = Field(
        default=0.5, ge=0, le=1, description="share of effective particles below which they are resampled"
    )


class BootstrapOptions(WeightedOptions):
    """The bootstrap filter: particles move as the states do, and are weighted by the likelihood."""


class GuidedOptions(WeightedOptions):
    """The guided filter: particles are drawn from the state's law given what is observed next."""

    lookahead: bool = Field(
        default=False, description="particles are resampled by what they foretell of the observations, before they move"
    )


class AuxiliaryOptions(ParticleOptions):
    """The auxiliary filter: particles are chosen by what they foretell of the next observations."""


METHODS = (
    Method(
        name="bootstrap",
        summary="the bootstrap particle filter: any likelihood, few dimensions",
        options=BootstrapOptions,
        run="uqdsl.assimilate.bootstrap:make",
        references=(
            (
                "gordon1993: "
                "Gordon, Salmond & Smith 1993, Novel Approach to Nonlinear/Non-Gaussian Bayesian State Estimation, IEE Proc. F "
                "140, 107-113"
            ),
            (
                "liu2001: "
                "Liu & West 2001, Combined Parameter and State Estimation in Simulation-Based Filtering, in Sequential Monte "
                "Carlo Methods in Practice, Springer, 197-223"
            ),
            (
                "musso2001: "
                "Musso, Oudjane & Le Gland 2001, Improving Regularised Particle Filters, in Sequential Monte Carlo Methods in "
                "Practice, Springer, 247-271"
            ),
        ),
    ),
    Method(
        name="guided",
        summary="the particle filter with the optimal proposal, of an observation operator that is linearised",
        options=GuidedOptions,
        run="uqdsl.assimilate.guided:make",
        assumptions=(Assumption.GAUSSIAN_ERROR, Assumption.SLOPES),
        references=(
            (
                "doucet2000: "
                "Doucet, Godsill & Andrieu 2000, On Sequential Monte Carlo Sampling Methods for Bayesian Filtering, Stat. "
                "Comput. 10, 197-208"
            ),
        ),
    ),
    Method(
        name="auxiliary",
        summary="the auxiliary particle filter: resampled by what particles foretell, before they move",
        options=AuxiliaryOptions,
        run="uqdsl.assimilate.auxiliary:make",
        references=(
            (
                "pitt1999: "
                "Pitt & Shephard 1999, Filtering via Simulation: Auxiliary Particle Filters, J. Am. Stat. Assoc. 94, 590-599"
            ),
        ),
    ),
)
