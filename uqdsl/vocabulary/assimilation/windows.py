"""Methods that take in the observations of a window of time together."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions
from uqdsl.vocabulary.assimilation.schemes import Propagated, StaticCovariance
from uqdsl.vocabulary.assimilation.static import VariationalOptions
from uqdsl.vocabulary.methods import Assumption, Method, Options


class WindowOptions(Options):
    """Windows of time, whose observations are taken in together."""

    window: int | None = Field(
        default=None, ge=1, le=10**6, description="steps of a window; all there are where it is not given"
    )


class ShiftedOptions(WindowOptions):
    """Windows that may overlap."""

    shift: int | None = Field(
        default=None, ge=1, le=10**6, description="steps from one window to the next; a window where it is not given"
    )

    @field_validator("shift")
    @classmethod
    def leaves_none_out(cls, shift: int | None, known: ValidationInfo) -> int | None:
        """Windows that are farther apart than they are long leave observations out."""
        window = known.data.get("window")
        if shift is not None and window is not None and shift > window:
            raise PydanticKnownError("less_than_equal", {"le": window})
        return shift


class EnsembleWindowOptions(EnsembleOptions, ShiftedOptions):
    """Ensembles that look at windows of time."""


class IenksOptions(EnsembleWindowOptions):
    """The iterative ensemble Kalman smoother."""

    window: int | None = Field(default=1, ge=1, le=10**6, description="steps of a window")
    shift: int | None = Field(default=1, ge=1, le=10**6, description="steps from one window to the next")
    variant: Literal["transform", "bundle"] = Field(
        default="transform", description="slopes of an ensemble as wide as is known by then, or of a very narrow one"
    )
    epsilon: float = Field(default=1e-4, gt=0, le=1, description="width of that of a bundle, in units of the ensemble")
    iterations: int = Field(default=10, ge=1, le=10**4, description="at most; with 1 it is a transform filter")
    tolerance: float = Field(default=1e-3, gt=0, lt=1, description="of the last step, in units of the ensemble")
    certainty: float | None = Field(
        default=None, gt=0, le=100, description="of the hyperprior of the finite-size variant, which needs no inflation"
    )


class EsMdaFilterOptions(EnsembleWindowOptions):
    """The ensemble smoother with multiple data assimilation."""

    members: int = Field(default=100, ge=2, le=10**6, description="of the ensemble")
    steps: int = Field(default=4, ge=1, le=10**4, description="times that the observations are taken in")


class WeakOptions(WindowOptions, VariationalOptions):
    """4D-Var of a model that errs."""


class StrongOptions(ShiftedOptions, VariationalOptions):
    """4D-Var of a model that is taken to be exact."""

    covariance: Propagated | StaticCovariance = Field(
        default=Propagated(),
        discriminator="kind",
        description="of errors at the base of each window but the first: that of the window before moved there by tangents, "
        "that of free runs, one, that at the first time, or a kernel over distances",
    )
    scale: float = Field(default=1.0, gt=0, description="by which it is multiplied")


METHODS = (
    Method(
        name="ienks",
        summary="the iterative ensemble Kalman smoother: strong nonlinearity, few members, no tangents",
        options=IenksOptions,
        run="uqdsl.assimilate.ienks:make",
        assumptions=(Assumption.MOMENTS, Assumption.EXACT),
        references=(
            "bocquet2014: Bocquet & Sakov 2014, An Iterative Ensemble Kalman Smoother, Q. J. R. Meteorol. Soc. 140, 1521-1535",
            (
                "sakov2012: Sakov, Oliver & Bertino 2012, An Iterative EnKF for Strongly Nonlinear Systems, Mon. Weather Rev. "
                "140, 1988-2004"
            ),
        ),
    ),
    Method(
        name="es_mda",
        summary="the ensemble smoother with multiple data assimilation, in windows of time",
        options=EsMdaFilterOptions,
        run="uqdsl.assimilate.es_mda:make",
        assumptions=(Assumption.MOMENTS, Assumption.EXACT),
        references=(
            "emerick2013: Emerick & Reynolds 2013, Ensemble Smoother with Multiple Data Assimilation, Comput. Geosci. 55, 3-15",
        ),
    ),
    Method(
        name="weak_4dvar",
        summary="4D-Var of a model that errs: its errors in a window are found beside the state; any likelihood",
        options=WeakOptions,
        run="uqdsl.assimilate.weak_4dvar:make",
        assumptions=(Assumption.VARIANCE, Assumption.GAUSSIAN_ERROR, Assumption.TANGENTS),
        references=(
            "tremolet2006: Trémolet 2006, Accounting for an Imperfect Model in 4D-Var, Q. J. R. Meteorol. Soc. 132, 2483-2504",
        ),
    ),
    Method(
        name="strong_4dvar",
        summary="4D-Var: the state at the beginning of a window, from all that is observed in it; any likelihood",
        options=StrongOptions,
        run="uqdsl.assimilate.strong_4dvar:make",
        assumptions=(Assumption.VARIANCE, Assumption.TANGENTS),
        references=(
            (
                "ledimet1986: Le Dimet & Talagrand 1986, Variational Algorithms for Analysis and Assimilation of "
                "Meteorological Observations, Tellus A 38, 97-110"
            ),
            (
                "courtier1994: Courtier, Thépaut & Hollingsworth 1994, A Strategy for Operational Implementation of 4D-Var, "
                "Using an Incremental Approach, Q. J. R. Meteorol. Soc. 120, 1367-1387"
            ),
        ),
    ),
)
