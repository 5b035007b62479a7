"""Kalman filters of a Gaussian law: exact, by tangents, and by sigma points."""

from __future__ import annotations

from pydantic import Field

from uqdsl.vocabulary.assimilation.schemes import RejectingOptions
from uqdsl.vocabulary.methods import Assumption, Method


class KalmanOptions(RejectingOptions):
    """The Kalman filter, and the smoother of Rauch, Tung & Striebel behind it."""


class ExtendedKalmanOptions(RejectingOptions):
    """The extended Kalman filter: tangents."""

    inflation: float = Field(
        default=1.0, ge=1, le=1e6, description="by which the covariance of the states grows in a unit of time"
    )

    @property
    def caveats(self) -> tuple[str, ...]:
        """What has to be known of draws whose states it accounts for."""
        return (
            (
                "a Gaussian law stands for that of the states, so that the draws are approximate where steps or observations "
                "are not linear; `metropolis(states = bootstrap(…))` is exact"
            ),
        )


class UnscentedKalmanOptions(ExtendedKalmanOptions):
    """The unscented Kalman filter: sigma points, whose weights are named as by Wan & van der Merwe (2000)."""

    alpha: float = Field(default=1.0, gt=0, le=10, description="how far out the points lie")
    beta: float = Field(default=2.0, ge=0, le=10, description="what is known of the law's tails; 2 of a Gaussian")
    kappa: float = Field(default=0.0, ge=0, le=1000, description="moves the points out by this many dimensions")


METHODS = (
    Method(
        name="kalman",
        summary="the Kalman filter: exact where everything is linear and Gaussian",
        options=KalmanOptions,
        run="uqdsl.assimilate.kalman:make",
        assumptions=(
            Assumption.GAUSSIAN_LIKELIHOOD,
            Assumption.GAUSSIAN_ERROR,
            Assumption.KNOWN_PARAMETERS,
            Assumption.TANGENTS,
        ),
        references=(
            "kalman1960: Kalman 1960, A New Approach to Linear Filtering and Prediction Problems, J. Basic Eng. 82, 35-45",
        ),
    ),
    Method(
        name="extended_kalman",
        summary="the extended Kalman filter, by tangents",
        options=ExtendedKalmanOptions,
        run="uqdsl.assimilate.extended_kalman:make",
        assumptions=(Assumption.MOMENTS, Assumption.TANGENTS),
        references=("jazwinski1970: Jazwinski 1970, Stochastic Processes and Filtering Theory, Academic Press",),
    ),
    Method(
        name="unscented_kalman",
        summary="the unscented Kalman filter, by sigma points",
        options=UnscentedKalmanOptions,
        run="uqdsl.assimilate.unscented_kalman:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            (
                "wan2000: "
                "Wan & van der Merwe 2000, The Unscented Kalman Filter for Nonlinear Estimation, Proc. IEEE AS-SPCC, 153-158"
            ),
        ),
    ),
)
