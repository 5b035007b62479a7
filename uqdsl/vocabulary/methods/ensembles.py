"""Models that are trained several times."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import ApproximationOptions, Assumption, Method, Options


class EnsembleOptions(Options):
    """Models trained several times from draws of the prior: what they differ in shows how sure one can be."""

    members: int = Field(default=20, ge=2, le=10_000, description="models that are trained")
    kind: Literal["deep", "bootstrap", "rto"] = Field(
        default="deep",
        description=(
            "what sets members apart: their start (deep), rows drawn anew (bootstrap), or errors added to data and prior (rto)"
        ),
    )
    weighting: Literal["none", "importance", "equal_weight"] = Field(
        default="none",
        description="members as they are, weighted by posterior over density, or moved until they count alike",
    )
    density: Literal["laplace_mixture", "pushforward"] = Field(
        default="laplace_mixture",
        description="for the weights of `deep`: draws around the members, or what plain gradient descent does to the prior",
    )
    draws: int = Field(default=50, ge=1, le=10**6, description="draws around each member, for the mixture of these")
    steps: int = Field(default=2000, ge=1, le=10**9, description="steps of training")
    learning_rate: float = Field(
        default=0.02, gt=0, le=10, description="first step of training, in widths of the prior; it falls to zero"
    )


class SwagOptions(ApproximationOptions):
    """Normal laws of where gradients of a few rows keep models that are trained: one for each member."""

    members: int = Field(default=5, ge=1, le=10_000, description="models that are trained, from draws of the prior")
    rank: int = Field(default=20, ge=2, le=10_000, description="last places that correlations are learned from")
    snapshots: int = Field(
        default=400, ge=8, le=10**8, description="places that are looked at, of which the first quarter is not counted"
    )
    thin: int = Field(default=10, ge=1, le=10**6, description="steps from one place to the next")
    step: float = Field(
        default=1.0,
        gt=0,
        le=100,
        description="length of a step, 1 being that which would leave the walk nearest to the posterior on a quadratic",
    )
    steps: int = Field(default=2000, ge=1, le=10**9, description="steps of training before that")
    learning_rate: float = Field(
        default=0.02, gt=0, le=10, description="first step of training, in widths of the prior; it falls to zero"
    )


class DropoutOptions(Options):
    """A network trained, and drawn, with hidden units left out at random."""

    rate: float = Field(default=0.1, gt=0, lt=1, description="how probably a hidden unit is left out")
    draws: int = Field(default=4000, ge=1, le=10**9, description="draws of which units are left out")
    steps: int = Field(default=5000, ge=1, le=10**9, description="steps of training")
    learning_rate: float = Field(
        default=0.02, gt=0, le=10, description="first step of training, in widths of the prior; it falls to zero"
    )


_TRAINED = (Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_SAMPLER)

METHODS = (
    Method(
        name="ensemble",
        summary="models trained several times, with weights that say how far they are from draws of the posterior",
        options=EnsembleOptions,
        run="uqdsl.infer.ensemble:run",
        assumptions=_TRAINED,
        batches=True,
        references=(
            (
                "lakshminarayanan2017: Lakshminarayanan, Pritzel & Blundell 2017, Simple and Scalable Predictive Uncertainty "
                "Estimation using Deep Ensembles, Adv. Neural Inf. Process. Syst. 30, 6402-6413"
            ),
            "kingma2015: Kingma & Ba 2015, Adam: A Method for Stochastic Optimization, ICLR",
            "breiman1996: Breiman 1996, Bagging Predictors, Mach. Learn. 24, 123-140",
            (
                "bardsley2014: Bardsley, Solonen, Haario & Laine 2014, Randomize-Then-Optimize: A Method for Sampling from "
                "Posterior Distributions in Nonlinear Inverse Problems, SIAM J. Sci. Comput. 36, A1895-A1910"
            ),
            (
                "duvenaud2016: Duvenaud, Maclaurin & Adams 2016, Early Stopping as Nonparametric Variational Inference, "
                "AISTATS, 1070-1077"
            ),
            ("owen2000: Owen & Zhou 2000, Safe and Effective Importance Sampling, J. Am. Stat. Assoc. 95, 135-143"),
            (
                "vehtari2024: Vehtari, Simpson, Gelman, Yao & Gabry 2024, Pareto Smoothed Importance Sampling, "
                "J. Mach. Learn. Res. 25(72), 1-58"
            ),
        ),
    ),
    Method(
        name="swag",
        summary="SWAG: normal laws of where gradients of a few rows keep trained models, one for each member",
        options=SwagOptions,
        run="uqdsl.infer.swag:run",
        assumptions=(*_TRAINED, Assumption.BATCHES),
        batches=True,
        references=(
            (
                "maddox2019: Maddox, Garipov, Izmailov, Vetrov & Wilson 2019, A Simple Baseline for Bayesian Uncertainty in "
                "Deep Learning, Adv. Neural Inf. Process. Syst. 32"
            ),
            (
                "wilson2020: Wilson & Izmailov 2020, Bayesian Deep Learning and a Probabilistic Perspective of Generalization, "
                "Adv. Neural Inf. Process. Syst. 33"
            ),
            (
                "mandt2017: Mandt, Hoffman & Blei 2017, Stochastic Gradient Descent as Approximate Bayesian Inference, "
                "J. Mach. Learn. Res. 18(134), 1-35"
            ),
            "kingma2015: Kingma & Ba 2015, Adam: A Method for Stochastic Optimization, ICLR",
        ),
    ),
    Method(
        name="dropout",
        summary="Monte Carlo dropout: a network trained, and drawn, with hidden units left out at random",
        options=DropoutOptions,
        run="uqdsl.infer.dropout:run",
        assumptions=(*_TRAINED, Assumption.HIDDEN_UNITS),
        batches=True,
        references=(
            (
                "gal2016: Gal & Ghahramani 2016, Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep "
                "Learning, ICML, 1050-1059"
            ),
            "kingma2015: Kingma & Ba 2015, Adam: A Method for Stochastic Optimization, ICLR",
        ),
    ),
)
