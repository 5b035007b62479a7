"""Samples that are weighted, resampled and moved: importance sampling, sequential Monte Carlo, and the Kalman family."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import ApproximationOptions, Assumption, Method, Options


class SmcOptions(Options):
    """Particles of the prior, brought to the posterior through powers of the likelihood."""

    particles: int = Field(default=1000, ge=20, le=10**7, multiple_of=2, description="particles")
    moves: Literal["mixture", "hmc"] = Field(
        default="mixture", description="how they are moved at each temperature: hmc needs a gradient"
    )
    sweeps: int = Field(default=8, ge=1, le=10**5, description="moves of every particle at each temperature, at least")
    most_sweeps: int = Field(
        default=160, ge=1, le=10**6, description="and at most, while the particles have not forgotten where they were"
    )
    ess: float = Field(
        default=0.7, gt=0, lt=1, description="share of particles that stay effective at each temperature"
    )
    steps: int = Field(default=200, ge=1, le=10**6, description="temperatures at most")
    leapfrogs: int = Field(default=8, ge=1, le=1024, description="steps of each trajectory of hmc")


class ImportanceOptions(Options):
    """Weighted draws of a proposal, the weights smoothed."""

    draws: int = Field(default=4000, ge=50, le=10**8, description="draws of the proposal")
    proposal: Literal["mixture", "prior"] = Field(
        default="mixture",
        description="mixture: of Student t laws, fitted to the posterior in rounds; prior: the prior itself",
    )
    rounds: int = Field(default=20, ge=1, le=10**4, description="rounds at most in which the mixture is fitted")
    degrees: float = Field(default=8.0, gt=2, description="degrees of freedom of the Student t laws")


class EkiOptions(Options):
    """Ensemble Kalman inversion with steps that adapt to the misfit."""

    members: int = Field(default=200, ge=10, le=10**6, description="members of the ensemble")
    until: Literal["posterior", "point"] = Field(
        default="posterior", description="posterior: the data are taken in once; point: until the ensemble is one"
    )
    steps: int = Field(default=100, ge=1, le=10**6, description="steps at most")


class EsMdaOptions(Options):
    """The data taken in several times, with errors inflated as many times."""

    members: int = Field(default=200, ge=10, le=10**6, description="members of the ensemble")
    steps: int = Field(default=8, ge=1, le=10**4, description="times that the data are taken in")


class EnsembleTransformOptions(Options):
    """One update of an ensemble by a symmetric square root."""

    members: int = Field(default=200, ge=10, le=10**6, description="members of the ensemble")


class MixtureKalmanOptions(ApproximationOptions):
    """Kalman updates of the components of a mixture that is fitted to draws of the prior."""

    members: int = Field(default=1000, ge=20, le=10**6, description="draws of the prior that the mixture is fitted to")


class EqualWeightOptions(Options):
    """Two-stage implicit equal-weights particle filter: kernels about the members, moved so that all weights are equal."""

    members: int = Field(default=200, ge=10, le=10**6, description="members of the ensemble")
    bandwidth: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="of the kernels, in standard deviations of the ensemble; Silverman's if not given",
    )


_KALMAN = (Assumption.CONTINUOUS, Assumption.PRIOR_SAMPLER, Assumption.GAUSSIAN_LIKELIHOOD)


METHODS: tuple[Method, ...] = (
    Method(
        name="smc",
        summary="tempered sequential Monte Carlo from prior to posterior, with the log evidence; over filters of particles too",
        options=SmcOptions,
        run="uqdsl.infer.smc:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_SAMPLER, Assumption.PRIOR_DENSITY),
        references=(
            "delmoral2006: Del Moral, Doucet & Jasra 2006, Sequential Monte Carlo Samplers, J. R. Stat. Soc. B 68, 411-436",
            "cotter2013: Cotter, Roberts, Stuart & White 2013, MCMC Methods for Functions, Stat. Sci. 28, 424-446",
            (
                "lee2018: Lee & Whiteley 2018, Variance estimation in the particle filter, Biometrika 105, 609-625 "
                "(`log_evidence_sd`)"
            ),
            (
                "duan2015: Duan & Fulop 2015, Density-Tempered Marginalized Sequential Monte Carlo Samplers, "
                "J. Bus. Econ. Stat. 33, 192-202"
            ),
            "chopin2020: Chopin & Papaspiliopoulos 2020, An Introduction to Sequential Monte Carlo, Springer, chapter 17",
        ),
        estimates=True,
    ),
    Method(
        name="importance",
        summary="importance sampling: draws of the prior or of a fitted mixture, with smoothed weights and the log evidence",
        options=ImportanceOptions,
        run="uqdsl.infer.importance:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_SAMPLER, Assumption.PRIOR_DENSITY),
        references=(
            "vehtari2024: Vehtari et al. 2024, Pareto Smoothed Importance Sampling, J. Mach. Learn. Res. 25, 72",
            "cappe2008: Cappé et al. 2008, Adaptive Importance Sampling in General Mixture Classes, Stat. Comput. 18, 447-459",
        ),
    ),
    Method(
        name="eki",
        summary="ensemble Kalman inversion: an ensemble of the prior takes in the data in adaptive steps, without gradients",
        options=EkiOptions,
        run="uqdsl.infer.eki:run",
        assumptions=_KALMAN,
        references=(
            (
                "iglesias2021: Iglesias & Yang 2021, Adaptive Regularisation for Ensemble Kalman Inversion, Inverse Problems "
                "37, 025008"
            ),
            "iglesias2013: Iglesias, Law & Stuart 2013, Ensemble Kalman Methods for Inverse Problems, Inverse Problems 29",
        ),
    ),
    Method(
        name="es_mda",
        summary="ensemble smoother with multiple data assimilation: Kalman updates by the same data with inflated errors",
        options=EsMdaOptions,
        run="uqdsl.infer.es_mda:run",
        assumptions=_KALMAN,
        references=(
            (
                "emerick2013: Emerick & Reynolds 2013, Ensemble Smoother with Multiple Data Assimilation, Comput. Geosci. 55, "
                "3-15"
            ),
        ),
    ),
    Method(
        name="ensemble_transform",
        summary="ensemble transform Kalman filter: one update of an ensemble of the prior by a symmetric square root",
        options=EnsembleTransformOptions,
        run="uqdsl.infer.ensemble_transform:run",
        assumptions=_KALMAN,
        references=(
            (
                "bishop2001: Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the Ensemble Transform Kalman Filter, "
                "Mon. Weather Rev. 129, 420-436"
            ),
            (
                "hunt2007: Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos, Physica D "
                "230, 112-126"
            ),
        ),
    ),
    Method(
        name="mixture_kalman",
        summary="Kalman updates of a Gaussian mixture fitted to the prior: several modes, and the log evidence",
        options=MixtureKalmanOptions,
        run="uqdsl.infer.mixture_kalman:run",
        assumptions=_KALMAN,
        references=(
            (
                "sondergaard2013: Sondergaard & Lermusiaux 2013, Data Assimilation with Gaussian Mixture Models, Mon. "
                "Weather Rev. 141, 1737-1760"
            ),
        ),
    ),
    Method(
        name="equal_weight",
        summary="two-stage implicit equal-weights particle filter: particles moved so that all weights are equal",
        options=EqualWeightOptions,
        run="uqdsl.infer.equal_weight:run",
        assumptions=_KALMAN,
        references=(
            (
                "zhu2016: Zhu, van Leeuwen & Amezcua 2016, Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. "
                "142, 1904-1919"
            ),
            (
                "skauvold2019: Skauvold et al. 2019, A Revised Implicit Equal-Weights Particle Filter, Q. J. R. Meteorol. Soc. "
                "145, 1490-1502"
            ),
        ),
    ),
)
