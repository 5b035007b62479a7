"""The methods of `assimilate`: what each is called, its options with their bounds, what it assumes, where its code lives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods import Assumption, Method, Options

# ------------------------------------------------------------------------------------------------------------ inflation


class NoInflation(Options):
    """The spread as it is."""

    kind: Literal["none"] = "none"


class Multiplicative(Options):
    """Anomalies after the analysis times a factor."""

    kind: Literal["multiplicative"] = "multiplicative"
    factor: float = Field(default=1.02, ge=1, le=10, description="of the anomalies")


class Additive(Options):
    """Independent noise after the analysis, in units of the states."""

    kind: Literal["additive"] = "additive"
    sd: float = Field(default=0.1, ge=0, description="standard deviation of the noise")


class Rtpp(Options):
    """Relaxation to prior perturbations (Zhang, Snyder & Sun 2004)."""

    kind: Literal["rtpp"] = "rtpp"
    alpha: float = Field(
        default=0.5, ge=0, le=1, description="share of the forecast's anomalies; 0 leaves the analysis"
    )


class Rtps(Options):
    """Relaxation to prior spread (Whitaker & Hamill 2012)."""

    kind: Literal["rtps"] = "rtps"
    alpha: float = Field(default=0.5, ge=0, le=1, description="share of the forecast's spread; 0 leaves the analysis")


# ------------------------------------------------------------------------------------------------------------- methods


class KalmanOptions(Options):
    """The Kalman filter, and the smoother of Rauch, Tung & Striebel behind it."""


class EnsembleOptions(Options):
    """Options that every ensemble filter has."""

    members: int = Field(default=20, ge=2, le=10**6, description="of the ensemble")
    inflation: NoInflation | Multiplicative | Additive | Rtpp | Rtps = Field(
        default=NoInflation(), discriminator="kind", description="how spread that sampling lost is restored"
    )


class EtkfOptions(EnsembleOptions):
    """The ensemble transform Kalman filter, with the symmetric square root."""

    rotate: bool = Field(default=False, description="anomalies turned at random after each analysis, their mean kept")


METHODS = (
    Method(
        name="kalman",
        summary="the Kalman filter: exact where everything is linear and Gaussian",
        options=KalmanOptions,
        run="uqdsl.assimilate.kalman:make",
        assumptions=(Assumption.GAUSSIAN_LIKELIHOOD,),
        references=(
            "Kalman 1960, A New Approach to Linear Filtering and Prediction Problems, J. Basic Eng. 82, 35-45",
        ),
    ),
    Method(
        name="etkf",
        summary="the ensemble transform Kalman filter",
        options=EtkfOptions,
        run="uqdsl.assimilate.etkf:make",
        assumptions=(Assumption.GAUSSIAN_LIKELIHOOD,),
        references=(
            "Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the ETKF, Mon. Weather Rev. 129, 420-436",
            "Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos, Physica D 230, 112-126",
        ),
    ),
)


@cache
def filters() -> Mapping[str, Method]:
    """Every method by its name."""
    return {method.name: method for method in METHODS}


MARGINAL = frozenset({"kalman"})
"""Methods whose evidence can stand for states in a posterior of parameters: exact, or of a Gaussian law of states."""


PLANNED = frozenset(
    {
        "bootstrap",
        "denkf",
        "diffusion",
        "eakf",
        "enkf",
        "enkf_n",
        "enks",
        "extended_kalman",
        "ienks",
        "letkf",
        "particle_flow",
        "strong_4dvar",
        "three_dvar",
        "two_stage",
        "unscented_kalman",
    }
)
"""Methods of `assimilate` that the language names and this version cannot run."""
