"""Filters that move members to where they are draws of the posterior."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions, NearOptions
from uqdsl.vocabulary.assimilation.schemes import DiffusionSteps, ScoreSteps
from uqdsl.vocabulary.methods import Assumption, Method, Options


class ScoreFilterOptions(EnsembleOptions, ScoreSteps):
    """The ensemble score filter."""


class DiffusionFilterOptions(NearOptions, DiffusionSteps):
    """The diffusion filter."""

    members: int = Field(default=50, ge=2, le=10**6, description="of the ensemble")


class EqualWeightFilterOptions(Options):
    """The implicit equal-weights particle filter."""

    members: int = Field(default=50, ge=2, le=10**6, description="of the ensemble")
    stages: int = Field(
        default=2, ge=1, le=2, description="draws of which each member is made; with one there is too little spread"
    )
    beta: Literal["calibrated", "largest"] = Field(
        default="calibrated",
        description="scaling of the first of two stages: such that the spread is right, or as large as can be",
    )


class OptimalTransportFilterOptions(NearOptions):
    """The ensemble transform particle filter, with the second-order correction."""

    members: int = Field(default=50, ge=2, le=10**4, description="of the ensemble")
    smoothing: float = Field(
        default=0.05, gt=0, le=10, description="of the coupling, in units of the mean squared distance of two members"
    )
    rejuvenation: float = Field(
        default=0.2, ge=0, le=10, description="noise after the analysis, in units of the forecast's spread"
    )


class NetfOptions(NearOptions):
    """The nonlinear ensemble transform filter."""

    members: int = Field(default=50, ge=2, le=10**4, description="of the ensemble")
    effective: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="least share of the members that count at each place, to which the likelihood is made flatter",
    )
    rotate: bool = Field(default=True, description="anomalies turned at random after each analysis, their mean kept")


class ParticleFlowFilterOptions(NearOptions):
    """The particle flow filter."""

    members: int = Field(default=50, ge=2, le=10**4, description="of the ensemble")
    kernel: Literal["matrix", "scalar"] = Field(
        default="matrix", description="`matrix` compares members in each direction alone; `scalar` loses spread in many"
    )
    bandwidth: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="variance of the kernels, in units of the posterior's; 1/members if left out",
    )
    steps: int = Field(default=300, ge=1, le=10**6, description="steps of the flow")


_EQUAL_WEIGHT = (
    "zhu2016: Zhu, van Leeuwen & Amezcua 2016, Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. 142, 1904-1919",
    (
        "skauvold2019: Skauvold et al. 2019, A Revised Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. 145, "
        "1490-1502"
    ),
)

METHODS = (
    Method(
        name="equal_weight",
        summary="the implicit equal-weights particle filter: a step is drawn such that all particles count alike",
        options=EqualWeightFilterOptions,
        run="uqdsl.assimilate.equal_weight:make",
        assumptions=(
            Assumption.GAUSSIAN_LIKELIHOOD,
            Assumption.GAUSSIAN_ERROR,
            Assumption.ERROR,
            Assumption.KNOWN_PARAMETERS,
            Assumption.SLOPES,
        ),
        references=_EQUAL_WEIGHT,
    ),
    Method(
        name="particle_flow",
        summary="the particle flow filter: members flow to the posterior and push each other apart",
        options=ParticleFlowFilterOptions,
        run="uqdsl.assimilate.particle_flow:make",
        assumptions=(Assumption.SLOPES,),
        references=(
            (
                "hu2021: Hu & van Leeuwen 2021, A Particle Flow Filter for High-Dimensional System Applications, Q. J. R. "
                "Meteorol. Soc. 147, 2352-2374"
            ),
        ),
    ),
    Method(
        name="score_filter",
        summary="the ensemble score filter: any likelihood, cost linear in the state, no covariances",
        options=ScoreFilterOptions,
        run="uqdsl.assimilate.score_filter:make",
        assumptions=(Assumption.KNOWN_PARAMETERS, Assumption.SLOPES),
        references=(
            (
                "bao2024: Bao, Zhang & Zhang 2024, An Ensemble Score Filter for Tracking High-Dimensional Nonlinear Dynamical "
                "Systems, Comput. Methods Appl. Mech. Eng. 432, 117447"
            ),
        ),
    ),
    Method(
        name="diffusion",
        summary="noise turned into members by the score of Gaussian kernels in closed form",
        options=DiffusionFilterOptions,
        run="uqdsl.assimilate.diffusion:make",
        references=(
            (
                "song2021: Song, Sohl-Dickstein, Kingma, Kumar, Ermon & Poole 2021, Score-Based Generative Modeling through "
                "Stochastic Differential Equations, Int. Conf. Learn. Represent."
            ),
            (
                "rojahn2023: Rojahn, Schenk, van Leeuwen & Potthast 2023, Particle Filtering and Gaussian Mixtures: On a "
                "Localized Mixture Coefficients Particle Filter (LMCPF) for Global NWP, J. Meteorol. Soc. Japan 101, 233-253"
            ),
        ),
    ),
    Method(
        name="netf",
        summary="the nonlinear ensemble transform filter: mean and covariance of weighted particles, local or not",
        options=NetfOptions,
        run="uqdsl.assimilate.netf:make",
        references=(
            (
                "todter2015: "
                "Tödter & Ahrens 2015, A Second-Order Exact Ensemble Square Root Filter for Nonlinear Data Assimilation, Mon. "
                "Weather Rev. 143, 1347-1367"
            ),
            (
                "todter2016: "
                "Tödter, Kirchgessner, Nerger & Ahrens 2016, Assessment of a Nonlinear Ensemble Transform Filter for "
                "High-Dimensional Data Assimilation, Mon. Weather Rev. 144, 409-427"
            ),
            (
                "poterjoy2022: Poterjoy 2022, Regularization and Tempering for a Moment-Matching Localized Particle Filter, "
                "Q. J. R. Meteorol. Soc. 148, 2631-2651"
            ),
        ),
    ),
    Method(
        name="optimal_transport",
        summary="the ensemble transform particle filter with a second-order correction, local where that is asked for",
        options=OptimalTransportFilterOptions,
        run="uqdsl.assimilate.optimal_transport:make",
        references=(
            (
                "reich2013: Reich 2013, A Nonparametric Ensemble Transform Method for Bayesian Inference, SIAM J. Sci. "
                "Comput. 35, 2013-2024"
            ),
            (
                "acevedo2017: Acevedo, de Wiljes & Reich 2017, Second-Order Accurate Ensemble Transform Particle Filters, "
                "SIAM J. Sci. Comput. 39, A1834-A1850"
            ),
        ),
    ),
)
