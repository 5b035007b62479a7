"""Markov chains."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import Assumption, ChainOptions, Method, Options

_METRIC = "form of the adapted mass matrix"


class NutsOptions(ChainOptions):
    """The No-U-Turn sampler with dual averaging of the step size and windowed adaptation of the metric."""

    target_accept: float = Field(
        default=0.8, gt=0, lt=1, description="mean acceptance statistic that the step size aims at"
    )
    max_tree_depth: int = Field(default=10, ge=1, le=20, description="at most 2^depth - 1 leapfrog steps per iteration")
    metric: Literal["diagonal", "dense"] = Field(default="diagonal", description=_METRIC)


class HmcOptions(ChainOptions):
    """Hamiltonian Monte Carlo with the adaptation of `nuts` and trajectories of a given length."""

    target_accept: float = Field(default=0.8, gt=0, lt=1, description="mean acceptance that the step size aims at")
    trajectory_length: float = Field(
        default=3.0, gt=0, description="time that a trajectory takes, in units in which the posterior has unit scale"
    )
    steps: int | None = Field(
        default=None, ge=1, le=10**6, description="leapfrog steps of each trajectory, in place of its length"
    )
    jitter: float = Field(
        default=0.5,
        ge=0,
        lt=1,
        description="each length is drawn between 1 - jitter and 1 + jitter times the given one",
    )
    max_steps: int = Field(default=1024, ge=1, le=10**6, description="leapfrog steps that a trajectory has at most")
    metric: Literal["diagonal", "dense"] = Field(default="diagonal", description=_METRIC)


class MalaOptions(ChainOptions):
    """Langevin dynamics, preconditioned by the adapted covariance D."""

    target_accept: float = Field(
        default=0.574, gt=0, lt=1, description="mean acceptance that the step size of corrected chains aims at"
    )
    metric: Literal["diagonal", "dense"] = Field(default="diagonal", description="form of the adapted covariance D")
    corrected: bool = Field(
        default=True, description="whether proposals are accepted or refused; without, draws are biased"
    )
    step_share: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="steps of uncorrected chains, as a share of those that corrected ones would take",
    )
    antisymmetric: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="strength q of the part Q that turns: Q = q D^½ J D^½ with J antisymmetric",
    )

    @property
    def caveats(self) -> tuple[str, ...]:
        """What has to be known of draws made with these options."""
        if self.corrected:
            return ()
        return (
            (
                "without a correction the draws are biased by the length of their steps: variances come out too large, by some "
                f"per cent at a `step_share` of 0.1, and it is {self.step_share:g}; `corrected = true` has no such bias"
            ),
        )


class MclmcOptions(ChainOptions):
    """Microcanonical Langevin Monte Carlo: an iteration is a trajectory of about the length in which the velocity is lost."""

    adjusted: bool = Field(
        default=False, description="whether trajectories are accepted or refused; without, draws are biased"
    )
    length: float = Field(
        default=1.0, gt=0, description="length in which the velocity is forgotten, in units of √d times the scale"
    )
    energy_variance: float = Field(
        default=5e-4, gt=0, lt=1, description="variance of the energy error per dimension that unadjusted steps aim at"
    )
    target_accept: float = Field(default=0.9, gt=0, lt=1, description="mean acceptance that adjusted steps aim at")
    metric: Literal["diagonal", "dense"] = Field(default="diagonal", description="form of the adapted scale")

    @property
    def caveats(self) -> tuple[str, ...]:
        """What has to be known of draws made with these options."""
        if self.adjusted:
            return ()
        return (
            (
                "unadjusted draws are biased by the size of their steps: variances come out too small, by a few per cent at an "
                f"`energy_variance` of 0.0005, and it is {self.energy_variance:g}; `adjusted = true` has no such bias"
            ),
        )


class SliceOptions(ChainOptions):
    """Slice sampling; one iteration is an update along as many lines as there are dimensions."""

    lines: Literal["coordinates", "random"] = Field(default="coordinates", description="lines along which it moves")
    width: float = Field(default=2.0, gt=0, description="length of the first interval, in units of the adapted scale")
    max_steps: int = Field(default=16, ge=1, le=10**6, description="lengths that an interval grows to at most")
    metric: Literal["diagonal", "dense"] = Field(
        default="diagonal", description="form of the adapted scale; dense: coordinates are the uncorrelated ones"
    )


class EllipticalSliceOptions(ChainOptions):
    """Elliptical slice sampling; nothing is adapted, so that the warm-up only leaves the start behind."""


class MetropolisOptions(ChainOptions):
    """The random walk of Metropolis; with `states = bootstrap(…)` particle marginal Metropolis-Hastings."""

    warmup: int = Field(default=2000, ge=1, le=10**9, description="iterations of adaptation at the start, not kept")
    draws: int = Field(default=5000, ge=1, le=10**9, description="draws kept of each chain")
    target_accept: float = Field(
        default=0.2, gt=0, lt=1, description="share of accepted steps that the length of steps aims at"
    )
    metric: Literal["diagonal", "dense"] = Field(default="dense", description="form of the adapted covariance of steps")


class CheesOptions(Options):
    """ChEES-HMC: many chains in step, which adapt the length of trajectories together."""

    chains: int = Field(default=64, ge=4, le=10**5, description="chains, which run in step")
    warmup: int = Field(default=500, ge=20, le=10**6, description="iterations of adaptation at the start, not kept")
    draws: int = Field(default=200, ge=1, le=10**6, description="draws kept of each chain")
    target_accept: float = Field(
        default=0.651, gt=0, lt=1, description="harmonic mean of the acceptance that the step size aims at"
    )
    max_steps: int = Field(default=1000, ge=1, le=10**5, description="leapfrog steps that a trajectory has at most")
    metric: Literal["diagonal", "dense"] = Field(default="diagonal", description=_METRIC)


_SMOOTH = (Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_DENSITY)

METHODS = (
    Method(
        name="nuts",
        summary="the No-U-Turn sampler: draws of the posterior by Hamiltonian Monte Carlo",
        options=NutsOptions,
        run="uqdsl.infer.nuts:kernel",
        assumptions=_SMOOTH,
        references=(
            "hoffman2014: Hoffman & Gelman 2014, The No-U-Turn Sampler, J. Mach. Learn. Res. 15, 1593-1623",
            "betancourt2017: Betancourt 2017, A Conceptual Introduction to Hamiltonian Monte Carlo, arXiv:1701.02434",
            (
                "phan2019: Phan, Pradhan & Jankowiak 2019, Composable Effects for Flexible and Accelerated Probabilistic "
                "Programming in NumPyro, arXiv:1912.11554"
            ),
        ),
    ),
    Method(
        name="hmc",
        summary="Hamiltonian Monte Carlo with trajectories of a given length, jittered",
        options=HmcOptions,
        run="uqdsl.infer.hmc:kernel",
        assumptions=_SMOOTH,
        references=(
            "neal2011: Neal 2011, MCMC using Hamiltonian dynamics, Handbook of Markov Chain Monte Carlo, 113-162",
        ),
    ),
    Method(
        name="mala",
        summary="Langevin dynamics, preconditioned and Metropolis-corrected",
        options=MalaOptions,
        run="uqdsl.infer.mala:kernel",
        assumptions=_SMOOTH,
        references=(
            (
                "roberts1996: Roberts & Tweedie 1996, Exponential convergence of Langevin distributions and their discrete "
                "approximations, Bernoulli 2, 341-363"
            ),
            "ma2015: Ma, Chen & Fox 2015, A complete recipe for stochastic gradient MCMC, NeurIPS 28",
            (
                "ottobre2020: Ottobre, Pillai & Spiliopoulos 2020, Optimal scaling of the MALA algorithm with irreversible "
                "proposals for Gaussian targets, Stoch. Partial Differ. Equ. Anal. Comput. 8, 311-361"
            ),
        ),
    ),
    Method(
        name="mclmc",
        summary="microcanonical Langevin Monte Carlo, with or without adjustment",
        options=MclmcOptions,
        run="uqdsl.infer.mclmc:kernel",
        assumptions=_SMOOTH,
        references=(
            (
                "robnik2023: Robnik, De Luca, Silverstein & Seljak 2023, Microcanonical Hamiltonian Monte Carlo, "
                "J. Mach. Learn. Res. 24, 1-34"
            ),
            (
                "robnik2024: Robnik & Seljak 2024, Fluctuation without dissipation: Microcanonical Langevin Monte Carlo, "
                "arXiv:2303.18221"
            ),
            (
                "robnik2025: Robnik, Cohn-Gordon & Seljak 2025, Metropolis adjusted microcanonical Hamiltonian Monte Carlo, "
                "arXiv:2503.01707"
            ),
        ),
    ),
    Method(
        name="slice",
        summary="slice sampling along coordinates or random lines, without a gradient",
        options=SliceOptions,
        run="uqdsl.infer.slice:kernel",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_DENSITY),
        references=("neal2003: Neal 2003, Slice sampling, Ann. Statist. 31, 705-767",),
    ),
    Method(
        name="elliptical_slice",
        summary="elliptical slice sampling, for Gaussian priors, without a step size",
        options=EllipticalSliceOptions,
        run="uqdsl.infer.elliptical_slice:kernel",
        assumptions=(Assumption.CONTINUOUS, Assumption.GAUSSIAN_PRIOR),
        references=(
            "murray2010: Murray, Adams & MacKay 2010, Elliptical slice sampling, AISTATS 9, 541-548",
            (
                "nishihara2014: Nishihara, Murray & Adams 2014, Parallel MCMC with generalized elliptical slice sampling, "
                "J. Mach. Learn. Res. 15, 2087-2112"
            ),
        ),
    ),
    Method(
        name="metropolis",
        summary="a random walk; exact too where particles estimate the likelihood (PMMH)",
        options=MetropolisOptions,
        run="uqdsl.infer.metropolis:kernel",
        assumptions=(Assumption.CONTINUOUS, Assumption.PRIOR_DENSITY),
        references=(
            (
                "metropolis1953: Metropolis, Rosenbluth, Rosenbluth, Teller & Teller 1953, Equation of State Calculations by "
                "Fast Computing Machines, J. Chem. Phys. 21, 1087-1092"
            ),
            (
                "andrieu2009: Andrieu & Roberts 2009, The pseudo-marginal approach for efficient Monte Carlo computations, "
                "Ann. Statist. 37, 697-725"
            ),
            (
                "andrieu2010: Andrieu, Doucet & Holenstein 2010, Particle Markov chain Monte Carlo methods, "
                "J. R. Stat. Soc. B 72, 269-342"
            ),
            (
                "doucet2015: Doucet, Pitt, Deligiannidis & Kohn 2015, Efficient implementation of Markov chain Monte Carlo "
                "when using an unbiased likelihood estimator, Biometrika 102, 295-313"
            ),
        ),
        estimates=True,
    ),
    Method(
        name="chees",
        summary="Hamiltonian Monte Carlo with many chains in step, which adapt the length of trajectories together",
        options=CheesOptions,
        run="uqdsl.infer.chees:run",
        assumptions=_SMOOTH,
        references=(
            (
                "hoffman2021: Hoffman, Radul & Sountsov 2021, An adaptive-MCMC scheme for setting trajectory lengths in "
                "Hamiltonian Monte Carlo, AISTATS 24, 3907-3915"
            ),
        ),
    ),
)
