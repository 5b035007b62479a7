"""The methods of `assimilate`: what each is called, its options with their bounds, what it assumes, where its code lives."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

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


class AdaptiveInflation(Options):
    """Anomalies of the forecast times a factor that innovations call for (Anderson 2009; Miyoshi 2011)."""

    kind: Literal["adaptive"] = "adaptive"
    start: float = Field(default=1.0, ge=0.5, le=100, description="factor of the variance at first")
    sd: float = Field(default=0.05, gt=0, le=10, description="by which that factor may be off before each analysis")


# --------------------------------------------------------------------------------------------------------- localisation


class NoLocalization(Options):
    """Every observation tells of every element of the states."""

    kind: Literal["none"] = "none"


class GaspariCohn(Options):
    """Covariances times a function of the distance along dimensions, 0 from 3.64 radii on (Gaspari & Cohn 1999, eq. 4.10).

    Its half width is c = 1.82 radii, as in DAPPER, and at one radius it is 0.63.
    """

    kind: Literal["gaspari_cohn"] = "gaspari_cohn"
    radius: float = Field(gt=0, description="of which 1.82 are its half width, in units of the labels")
    along: Annotated[tuple[str, ...], BeforeValidator(lambda each: (each,) if isinstance(each, str) else each)] = Field(
        min_length=1, description="a dimension of the states, or several, whose labels are numbers"
    )


class AdaptiveLocalization(Options):
    """Covariances less what chance makes of them among so many members; no distances are needed."""

    kind: Literal["adaptive"] = "adaptive"
    cutoff: float = Field(
        default=2.0, ge=1, le=10, description="correlations below so many of their standard errors do not count at all"
    )


# ------------------------------------------------------------------------------------------------------------ fallback


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


# ------------------------------------------------------------------------------------------------------------- methods


class RejectingOptions(Options):
    """Quality control by innovation."""

    reject: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="standard deviations from what is expected beyond which an observation is left out; none where not given",
    )


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


class EnsembleOptions(RejectingOptions):
    """Options that every ensemble filter has."""

    members: int = Field(default=20, ge=2, le=10**6, description="of the ensemble")
    inflation: NoInflation | Multiplicative | Additive | Rtpp | Rtps | AdaptiveInflation = Field(
        default=NoInflation(), discriminator="kind", description="how spread that sampling lost is restored"
    )
    rotate: bool = Field(default=False, description="anomalies turned at random after each analysis, their mean kept")
    fallback: NoFallback | Gated = Field(
        default=NoFallback(), discriminator="kind", description="what is done where innovations are too large"
    )


class LocalizedOptions(EnsembleOptions):
    """Options of ensemble filters that can look at what is near alone."""

    localization: NoLocalization | GaspariCohn | AdaptiveLocalization = Field(
        default=NoLocalization(), discriminator="kind", description="how far observations tell of the states"
    )


class SerialOptions(LocalizedOptions):
    """Options of a filter that takes in one observation after the other."""


class LocalOptions(EnsembleOptions):
    """Options of a filter that has to be told what is near."""

    localization: GaspariCohn | AdaptiveLocalization | None = Field(
        default=None, description="how far observations tell of the states"
    )


class FiniteSizeOptions(EnsembleOptions):
    """The finite-size ensemble Kalman filter."""

    certainty: float = Field(default=1.0, gt=0, le=100, description="of the hyperprior, which 2 makes sharper")


class EnksOptions(EnsembleOptions):
    """The ensemble Kalman smoother behind a transform filter."""

    lag: int | None = Field(
        default=None, ge=1, le=10**4, description="times that observations are told back to; all where it is not given"
    )


# --------------------------------------------------------------------------------------- covariances that stay as they are


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

    covariance: Literal["climatology", "identity", "initial"] = Field(
        default="climatology", description="of the forecast's errors: that of free runs, one, or that at the first time"
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


# ------------------------------------------------------------------------------------------------------ windows of time


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

    covariance: Literal["propagated", "climatology", "identity", "initial"] = Field(
        default="propagated",
        description="of errors at the base of each window but the first: that of the window before moved there by tangents, "
        "that of free runs, one, or that at the first time",
    )
    scale: float = Field(default=1.0, gt=0, description="by which it is multiplied")


# ----------------------------------------------------------------------------------------------------- particle filters


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
        default="duplicates", description="which of the resampled particles get that noise"
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


PARTICLE_FILTERS = (
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
        assumptions=(Assumption.GAUSSIAN_ERROR,),
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


# ---------------------------------------------------------------------------------------------------------- transports


class ScoreFilterOptions(EnsembleOptions, ScoreSteps):
    """The ensemble score filter."""


class DiffusionFilterOptions(EnsembleOptions, DiffusionSteps):
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


class OptimalTransportFilterOptions(LocalizedOptions):
    """The ensemble transform particle filter, with the second-order correction."""

    members: int = Field(default=50, ge=2, le=10**4, description="of the ensemble")
    smoothing: float = Field(
        default=0.05, gt=0, le=10, description="of the coupling, in units of the mean squared distance of two members"
    )
    rejuvenation: float = Field(
        default=0.2, ge=0, le=10, description="noise after the analysis, in units of the forecast's spread"
    )


class NetfOptions(LocalizedOptions):
    """The nonlinear ensemble transform filter."""

    members: int = Field(default=50, ge=2, le=10**4, description="of the ensemble")
    rotate: bool = Field(default=True, description="anomalies turned at random after each analysis, their mean kept")


class ParticleFlowFilterOptions(LocalizedOptions):
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

TRANSPORTS = (
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
        ),
        references=_EQUAL_WEIGHT,
    ),
    Method(
        name="particle_flow",
        summary="the particle flow filter: members flow to the posterior and push each other apart",
        options=ParticleFlowFilterOptions,
        run="uqdsl.assimilate.particle_flow:make",
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
        assumptions=(Assumption.KNOWN_PARAMETERS,),
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

SMOOTHERS = (
    Method(
        name="enks",
        summary="the ensemble Kalman smoother: each analysis is told to earlier times too",
        options=EnksOptions,
        run="uqdsl.assimilate.enks:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            (
                "evensen2000: Evensen & van Leeuwen 2000, An Ensemble Kalman Smoother for Nonlinear Dynamics, Mon. Weather "
                "Rev. 128, 1852-1867"
            ),
        ),
    ),
    Method(
        name="ens_rts",
        summary="the ensemble smoother of Rauch, Tung & Striebel, behind a transform filter",
        options=EnsembleOptions,
        run="uqdsl.assimilate.ens_rts:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "raanes2016: Raanes 2016, On the Ensemble Rauch-Tung-Striebel Smoother, Q. J. R. Meteorol. Soc. 142, 1259-1264",
        ),
    ),
)

STATIC = (
    Method(
        name="three_dvar",
        summary="3D-Var: the covariance of the forecast's errors is the same at all times",
        options=ThreeDVarOptions,
        run="uqdsl.assimilate.three_dvar:make",
        assumptions=(Assumption.MOMENTS, Assumption.KNOWN_PARAMETERS),
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
        assumptions=(Assumption.MOMENTS,),
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
        assumptions=(Assumption.MOMENTS, Assumption.KNOWN_PARAMETERS),
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
        assumptions=(Assumption.GAUSSIAN_LIKELIHOOD, Assumption.KNOWN_PARAMETERS),
        references=(
            (
                "hoke1976: Hoke & Anthes 1976, The Initialization of Numerical Models by a Dynamic-Initialization Technique, "
                "Mon. Weather Rev. 104, 1551-1556"
            ),
            "pecora1990: Pecora & Carroll 1990, Synchronization in Chaotic Systems, Phys. Rev. Lett. 64, 821-824",
        ),
    ),
)

WINDOWS = (
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
        assumptions=(Assumption.VARIANCE, Assumption.GAUSSIAN_ERROR),
        references=(
            "tremolet2006: Trémolet 2006, Accounting for an Imperfect Model in 4D-Var, Q. J. R. Meteorol. Soc. 132, 2483-2504",
        ),
    ),
    Method(
        name="strong_4dvar",
        summary="4D-Var: the state at the beginning of a window, from all that is observed in it; any likelihood",
        options=StrongOptions,
        run="uqdsl.assimilate.strong_4dvar:make",
        assumptions=(Assumption.VARIANCE,),
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


METHODS = (
    Method(
        name="kalman",
        summary="the Kalman filter: exact where everything is linear and Gaussian",
        options=KalmanOptions,
        run="uqdsl.assimilate.kalman:make",
        assumptions=(Assumption.GAUSSIAN_LIKELIHOOD, Assumption.GAUSSIAN_ERROR, Assumption.KNOWN_PARAMETERS),
        references=(
            "kalman1960: Kalman 1960, A New Approach to Linear Filtering and Prediction Problems, J. Basic Eng. 82, 35-45",
        ),
    ),
    Method(
        name="extended_kalman",
        summary="the extended Kalman filter, by tangents",
        options=ExtendedKalmanOptions,
        run="uqdsl.assimilate.extended_kalman:make",
        assumptions=(Assumption.MOMENTS,),
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
    Method(
        name="etkf",
        summary="the ensemble transform Kalman filter",
        options=EnsembleOptions,
        run="uqdsl.assimilate.etkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "bishop2001: Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the ETKF, Mon. Weather Rev. 129, 420-436",
            (
                "hunt2007: Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos, Physica D "
                "230, 112-126"
            ),
        ),
    ),
    Method(
        name="letkf",
        summary="the local ensemble transform Kalman filter: an analysis of its own at each place",
        options=LocalOptions,
        run="uqdsl.assimilate.letkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            (
                "hunt2007: Hunt, Kostelich & Szunyogh 2007, Efficient Data Assimilation for Spatiotemporal Chaos, Physica D "
                "230, 112-126"
            ),
        ),
    ),
    Method(
        name="enkf",
        summary="the ensemble Kalman filter with perturbed observations",
        options=LocalizedOptions,
        run="uqdsl.assimilate.enkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "burgers1998: Burgers, van Leeuwen & Evensen 1998, Analysis Scheme in the EnKF, Mon. Weather Rev. 126, 1719-1724",
            (
                "houtekamer2001: Houtekamer & Mitchell 2001, A Sequential EnKF for Atmospheric Data Assimilation, Mon. "
                "Weather Rev. 129, 123-137"
            ),
        ),
    ),
    Method(
        name="denkf",
        summary="the deterministic ensemble Kalman filter: anomalies are moved by half of the gain",
        options=LocalizedOptions,
        run="uqdsl.assimilate.denkf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "sakov2008: Sakov & Oke 2008, A deterministic formulation of the ensemble Kalman filter, Tellus A 60, 361-371",
        ),
    ),
    Method(
        name="eakf",
        summary="the ensemble adjustment Kalman filter: one observation after the other",
        options=SerialOptions,
        run="uqdsl.assimilate.eakf:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            (
                "anderson2003: Anderson 2003, A Local Least Squares Framework for Ensemble Filtering, Mon. Weather Rev. 131, "
                "634-642"
            ),
        ),
    ),
    Method(
        name="enkf_n",
        summary="the finite-size ensemble Kalman filter, which finds its inflation itself",
        options=FiniteSizeOptions,
        run="uqdsl.assimilate.enkf_n:make",
        assumptions=(Assumption.MOMENTS,),
        references=(
            "bocquet2011: Bocquet 2011, EnKF without the intrinsic need for inflation, Nonlin. Processes Geophys. 18, 735-750",
            (
                "bocquet2015: Bocquet, Raanes & Hannart 2015, Expanding the validity of the EnKF, Nonlin. Processes Geophys. "
                "22, 645-662"
            ),
        ),
    ),
    *SMOOTHERS,
    *STATIC,
    *WINDOWS,
    *PARTICLE_FILTERS,
    *TRANSPORTS,
)


@cache
def filters() -> Mapping[str, Method]:
    """Every method by its name."""
    return {method.name: method for method in METHODS}


ESTIMATES = frozenset({"bootstrap", "guided", "auxiliary"})
"""Methods that estimate the likelihood of parameters: at random, and without bias."""
MARGINAL = frozenset({"kalman", "extended_kalman", "unscented_kalman"}) | ESTIMATES
"""Methods that can account for states in a posterior of parameters: these, and those whose likelihood is exact, or that of a
Gaussian law of the states."""
