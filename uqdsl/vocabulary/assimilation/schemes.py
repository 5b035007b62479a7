"""What several methods of `assimilate` have as options: inflation, localisation, quality control, other analyses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from uqdsl.vocabulary.methods import Options

type Along = Annotated[tuple[str, ...], BeforeValidator(lambda each: (each,) if isinstance(each, str) else each)]
"""A dimension, or several."""


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


class AdaptiveInflation(Options):
    """Anomalies of the forecast times a factor that innovations call for (Anderson 2009; Miyoshi 2011)."""

    kind: Literal["adaptive"] = "adaptive"
    start: float = Field(default=1.0, ge=0.5, le=100, description="factor of the variance at first")
    sd: float = Field(default=0.05, gt=0, le=10, description="by which that factor may be off before each analysis")


class NoLocalization(Options):
    """Every observation tells of every element of the states."""

    kind: Literal["none"] = "none"


class GaspariCohn(Options):
    """Covariances times a function of the distance along dimensions, 0 from 3.64 radii on (Gaspari & Cohn 1999, eq. 4.10).

    Its half width is c = 1.82 radii, as in DAPPER, and at one radius it is 0.63.
    """

    kind: Literal["gaspari_cohn"] = "gaspari_cohn"
    radius: float = Field(gt=0, description="of which 1.82 are its half width, in units of the labels")
    along: Along = Field(min_length=1, description="a dimension of the states, or several, whose labels are numbers")


class Climatology(Options):
    """The covariance of free runs of the model."""

    kind: Literal["climatology"] = "climatology"


class Identity(Options):
    """Variances of one, and no correlation."""

    kind: Literal["identity"] = "identity"


class Initial(Options):
    """The covariance of the states at the first time."""

    kind: Literal["initial"] = "initial"


class Propagated(Options):
    """The covariance of the window before, moved by tangents."""

    kind: Literal["propagated"] = "propagated"


class ByDistance(Options):
    """A covariance of states that falls off with the distance along dimensions, and is 0 across the others."""

    length: float = Field(gt=0, description="in units of the labels")
    amplitude: float = Field(default=1.0, gt=0, description="standard deviation, in units of the states")
    along: Along = Field(min_length=1, description="a dimension of the states, or several, whose labels are numbers")


class SquaredExponential(ByDistance):
    """amplitude² exp(-r² / 2), with r the distance in units of the length."""

    kind: Literal["squared_exponential"] = "squared_exponential"


class Exponential(ByDistance):
    """amplitude² exp(-r)."""

    kind: Literal["exponential"] = "exponential"


class Matern32(ByDistance):
    """amplitude² (1 + √3 r) exp(-√3 r)."""

    kind: Literal["matern32"] = "matern32"


class Matern52(ByDistance):
    """amplitude² (1 + √5 r + 5 r² / 3) exp(-√5 r)."""

    kind: Literal["matern52"] = "matern52"


Kernel = SquaredExponential | Exponential | Matern32 | Matern52
"""By its kind a function of `uqdsl.runtime.kernels`."""

StaticCovariance = Climatology | Identity | Initial | Kernel
"""A covariance of states that needs no forecast."""


class AdaptiveLocalization(Options):
    """Covariances less what chance makes of them among so many members; no distances are needed."""

    kind: Literal["adaptive"] = "adaptive"
    cutoff: float = Field(
        default=2.0, ge=1, le=10, description="correlations below so many of their standard errors do not count at all"
    )


class ScoreSteps(Options):
    """Options of the ensemble score filter, in the time of its noise."""

    steps: int = Field(default=200, ge=1, le=10**6, description="steps from noise to members")
    eps_alpha: float = Field(default=0.5, gt=0, le=1, description="share of a member that is left at full noise")
    eps_beta: float = Field(
        default=0.025, gt=0, le=1, description="variance of the noise at the end, in units of the states"
    )


class DiffusionSteps(Options):
    """Options of the diffusion from noise to members."""

    steps: int = Field(default=30, ge=2, le=10**6, description="steps from noise to members")
    bandwidth: float = Field(
        default=1.0, gt=0, le=1, description="of the Gaussian kernels about the members; 1 for one Gaussian of all"
    )
    closure_draws: int = Field(
        default=64, ge=4, le=10**6, description="draws of each kernel that tell how what is observed varies with it"
    )


class ScoreAnalysis(ScoreSteps):
    """The analysis of the ensemble score filter."""

    kind: Literal["score_filter"] = "score_filter"


class DiffusionAnalysis(DiffusionSteps):
    """The analysis of the diffusion filter."""

    kind: Literal["diffusion"] = "diffusion"


class NoFallback(Options):
    """One analysis for all times."""

    kind: Literal["none"] = "none"


class Gated(Options):
    """Another analysis where innovations are too large."""

    kind: Literal["gated"] = "gated"
    by: ScoreAnalysis | DiffusionAnalysis = Field(
        default=ScoreAnalysis(), discriminator="kind", description="the other analysis"
    )
    threshold: float = Field(
        default=2.0, gt=0, description="of the squares of innovations over what is expected of them"
    )


class RejectingOptions(Options):
    """Quality control by innovation."""

    reject: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="standard deviations from what is expected beyond which an observation is left out; none where not given",
    )
