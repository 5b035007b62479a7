"""Analyses with a covariance that does not move, and what becomes of states without any."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions
from uqdsl.vocabulary.assimilation.schemes import Climatology, StaticCovariance
from uqdsl.vocabulary.methods import Assumption, Method, Options


class VariationalOptions(Options):
    """How the least of a cost function is found."""

    solver: Literal["gauss_newton", "lbfgs"] = Field(
        default="gauss_newton", description="with the Jacobian of the observations, or with gradients alone"
    )
    iterations: int = Field(default=20, ge=1, le=10**4, description="at most")
    tolerance: float = Field(
        default=1e-6, gt=0, lt=1, description="of the last step or the gradient, in units of the background"
    )


class ThreeDVarOptions(VariationalOptions):
    """3D-Var."""

    covariance: StaticCovariance = Field(
        default=Climatology(),
        discriminator="kind",
        description="of the forecast's errors: that of free runs, one, that at the first time, or a kernel over distances",
    )
    scale: float = Field(default=1.0, gt=0, description="by which it is multiplied")


class HybridOptions(EnsembleOptions, ThreeDVarOptions):
    """Hybrid EnVar."""

    weight: float = Field(default=0.5, ge=0, le=1, description="of the covariance of the members; the rest is static")


class OptimalInterpolationOptions(VariationalOptions):
    """Observations between what the climate lets expect."""


class ClimatologyOptions(Options):
    """The climate of the model, whatever is observed."""


class FreeRunOptions(Options):
    """The model alone."""

    members: int = Field(default=20, ge=2, le=10**6, description="runs")


class NudgingOptions(FreeRunOptions):
    """Nudging."""

    rate: float = Field(
        default=1.0,
        gt=0,
        description="at which what the states show comes to what is observed, per unit of time; `inf` replaces it",
    )


METHODS = (
    Method(
        name="three_dvar",
        summary="3D-Var: the covariance of the forecast's errors is the same at all times",
        options=ThreeDVarOptions,
        run="uqdsl.assimilate.three_dvar:make",
        assumptions=(Assumption.MOMENTS, Assumption.KNOWN_PARAMETERS, Assumption.SLOPES),
        references=(
            (
                "lorenc1986: Lorenc 1986, Analysis Methods for Numerical Weather Prediction, Q. J. R. Meteorol. Soc. 112, "
                "1177-1194"
            ),
        ),
    ),
    Method(
        name="hybrid",
        summary="hybrid EnVar: a covariance in part of the members and in part static; few members",
        options=HybridOptions,
        run="uqdsl.assimilate.hybrid:make",
        assumptions=(Assumption.MOMENTS, Assumption.SLOPES),
        references=(
            (
                "hamill2000: Hamill & Snyder 2000, A Hybrid Ensemble Kalman Filter-3D Variational Analysis Scheme, Mon. "
                "Weather Rev. 128, 2905-2919"
            ),
            (
                "lorenc2003: Lorenc 2003, The Potential of the Ensemble Kalman Filter for NWP, Q. J. R. Meteorol. Soc. 129, "
                "3183-3203"
            ),
        ),
    ),
    Method(
        name="optimal_interpolation",
        summary="observations beside the climate of the model; no forecast",
        options=OptimalInterpolationOptions,
        run="uqdsl.assimilate.three_dvar:make",
        assumptions=(Assumption.MOMENTS, Assumption.KNOWN_PARAMETERS, Assumption.SLOPES),
        references=("gandin1963: Gandin 1963, Objective Analysis of Meteorological Fields, Gidrometeoizdat",),
    ),
    Method(
        name="climatology",
        summary="the climate of the model, whatever is observed: what any method has to beat",
        options=ClimatologyOptions,
        run="uqdsl.assimilate.three_dvar:make",
        assumptions=(Assumption.KNOWN_PARAMETERS,),
    ),
    Method(
        name="free_run",
        summary="the model alone, by members that no observation moves",
        options=FreeRunOptions,
        run="uqdsl.assimilate.free_run:make",
    ),
    Method(
        name="nudging",
        summary="what the states show is drawn towards what is observed, at a rate; synchronisation",
        options=NudgingOptions,
        run="uqdsl.assimilate.nudging:make",
        assumptions=(Assumption.GAUSSIAN_LIKELIHOOD, Assumption.KNOWN_PARAMETERS, Assumption.SLOPES),
        references=(
            (
                "hoke1976: Hoke & Anthes 1976, The Initialization of Numerical Models by a Dynamic-Initialization Technique, "
                "Mon. Weather Rev. 104, 1551-1556"
            ),
            "pecora1990: Pecora & Carroll 1990, Synchronization in Chaotic Systems, Phys. Rev. Lett. 64, 821-824",
        ),
    ),
)
