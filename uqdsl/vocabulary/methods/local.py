"""Approximations around a point or by a family of laws: Laplace, variational, Pathfinder."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from uqdsl.vocabulary.methods.method import ApproximationOptions, Assumption, Method, Options


class LaplaceOptions(ApproximationOptions):
    """A normal law about the mode."""

    starts: int = Field(default=8, ge=1, le=10**4, description="searches for the mode, from random positions")
    hessian: Literal["full", "diagonal", "last_layer", "kronecker"] = Field(
        default="full",
        description="form of the curvature; of networks only the last layer, or a Kronecker product for each layer",
    )
    predictive: Literal["sampled", "linearised"] = Field(
        default="sampled",
        description="what networks are at each draw: themselves, or linear in their weights about the mode",
    )


class PointOptions(Options):
    """The highest values of a density, with standard errors."""

    draws: int = Field(default=4000, ge=1, le=10**9, description="draws of the normal law of the standard errors")
    starts: int = Field(default=8, ge=1, le=10**4, description="searches for the mode, from random positions")
    errors: Literal["observed", "expected", "none"] = Field(
        default="observed",
        description="information that the standard errors are of; with none there is one draw, the mode",
    )


class PathfinderOptions(ApproximationOptions):
    """Normal laws along the way uphill from several positions."""

    paths: int = Field(default=8, ge=1, le=10**4, description="ways uphill, from random positions")
    correction: Literal["none", "importance"] = Field(
        default="importance",
        description="none: the draws as they are; importance: weighted by posterior over approximation, weights smoothed",
    )


class VariationalOptions(ApproximationOptions):
    """The law of a family that is nearest to the posterior."""

    loss: Literal["elbo", "forward_kl", "renyi"] = Field(
        default="elbo",
        description=(
            "distance that is made small: elbo keeps inside the posterior, renyi less, forward_kl covers it; these two need "
            "many `samples`"
        ),
    )
    alpha: float = Field(default=0.5, ge=0, lt=1, description="order of `loss = renyi`; towards 1 it is the elbo")
    learning_rate: float = Field(
        default=0.05, gt=0, lt=1, description="of the first steps, in units of the law that it begins with"
    )
    samples: int = Field(default=16, ge=1, le=10**6, description="draws of the guide at each step")
    steps: int = Field(default=20_000, ge=100, le=10**9, description="steps at most")
    starts: int = Field(default=4, ge=1, le=10**4, description="paths from random positions; it begins at the best")


class NormalOptions(VariationalOptions):
    """The nearest normal law of some form."""

    prior_kl: Literal["sampled", "closed"] = Field(
        default="sampled",
        description="how `loss = elbo` has the distance to a Gaussian prior: by draws, or in closed form",
    )


class NaturalOptions(NormalOptions):
    """The nearest normal law of a form whose information matrix is known."""

    optimizer: Literal["adam", "natural"] = Field(
        default="adam",
        description="natural: steps along the natural gradient, whose length is that of the change of the law",
    )


class LowRankOptions(NormalOptions):
    """The nearest normal law whose covariance is a diagonal plus a matrix of low rank."""

    rank: int = Field(default=5, ge=1, le=10**4, description="of the matrix beside the diagonal")


class FlowOptions(VariationalOptions):
    """The nearest law that a flow of monotone splines makes of a normal one."""

    learning_rate: float = Field(default=0.005, gt=0, lt=1, description="of the first steps")
    samples: int = Field(default=64, ge=1, le=10**6, description="draws of the guide at each step")
    layers: int = Field(default=6, ge=1, le=100, description="layers of splines")
    knots: int = Field(default=8, ge=1, le=100, description="knots of each spline")
    width: int = Field(default=32, ge=1, le=10**4, description="hidden units of the network that steers a layer")


_SMOOTH = (Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_DENSITY)

_POINT = (
    "pawitan2001: Pawitan 2001, In All Likelihood: Statistical Modelling and Inference Using Likelihood, Oxford",
    (
        "efron1978: Efron & Hinkley 1978, Assessing the accuracy of the maximum likelihood estimator: observed versus "
        "expected Fisher information, Biometrika 65, 457-483"
    ),
)

_VARIATIONAL = (
    (
        "kucukelbir2017: Kucukelbir et al. 2017, Automatic Differentiation Variational Inference, J. Mach. Learn. Res. 18(14), "
        "1-45"
    ),
    "roeder2017: Roeder, Wu & Duvenaud 2017, Sticking the Landing, Adv. Neural Inf. Process. Syst. 30 (`loss = elbo`)",
    (
        "dhaka2020: Dhaka et al. 2020, Robust, Accurate Stochastic Optimization for Variational Inference, Adv. Neural Inf. "
        "Process. Syst. 33 (when it ends)"
    ),
    (
        "li2016: Li & Turner 2016, Renyi Divergence Variational Inference, Adv. Neural Inf. Process. Syst. 29 "
        "(`loss = renyi`)"
    ),
)

METHODS: tuple[Method, ...] = (
    Method(
        name="laplace",
        summary="Laplace's approximation: a normal law about the mode, with the curvature there",
        options=LaplaceOptions,
        run="uqdsl.infer.laplace:run",
        assumptions=_SMOOTH,
        references=(
            (
                "mackay1992: MacKay 1992, A Practical Bayesian Framework for Backpropagation Networks, Neural Comput. 4, "
                "448-472"
            ),
            "daxberger2021: Daxberger et al. 2021, Laplace Redux - Effortless Bayesian Deep Learning, NeurIPS 34",
            (
                "ritter2018: Ritter, Botev & Barber 2018, A Scalable Laplace Approximation for Neural Networks, ICLR "
                "(`hessian = kronecker`)"
            ),
            (
                "immer2021: Immer, Korzepa & Bauer 2021, Improving predictions of Bayesian neural nets via local "
                "linearization, AISTATS (`predictive = linearised`)"
            ),
        ),
    ),
    Method(
        name="map",
        summary="the most probable values, with standard errors: no draws of the posterior",
        options=PointOptions,
        run="uqdsl.infer.point:maximum_posterior",
        assumptions=_SMOOTH,
        references=_POINT,
    ),
    Method(
        name="mle",
        summary="the values of the largest likelihood, with standard errors: priors do not count",
        options=PointOptions,
        run="uqdsl.infer.point:maximum_likelihood",
        assumptions=_SMOOTH,
        references=_POINT,
    ),
    Method(
        name="pathfinder",
        summary="Pathfinder: normal laws along several ways uphill, weighted by posterior over mixture",
        options=PathfinderOptions,
        run="uqdsl.infer.pathfinder:run",
        assumptions=_SMOOTH,
        references=(
            (
                "zhang2022: Zhang, Carpenter, Gelman & Vehtari 2022, Pathfinder: Parallel quasi-Newton variational inference, "
                "J. Mach. Learn. Res. 23(306), 1-49"
            ),
        ),
    ),
    Method(
        name="mean_field",
        summary="variational: the nearest normal law with independent elements, too narrow under correlation",
        options=NaturalOptions,
        run="uqdsl.infer.mean_field:run",
        assumptions=_SMOOTH,
        references=_VARIATIONAL,
    ),
    Method(
        name="full_rank",
        summary="variational: the nearest normal law, with all correlations",
        options=NaturalOptions,
        run="uqdsl.infer.full_rank:run",
        assumptions=_SMOOTH,
        references=(
            *_VARIATIONAL,
            (
                "lin2021: Lin, Nielsen, Khan & Schmidt 2021, Tractable structured natural-gradient descent using local "
                "parameterizations, ICML (`optimizer = natural`)"
            ),
        ),
    ),
    Method(
        name="low_rank",
        summary="variational: the nearest normal law, its covariance a diagonal plus a matrix of low rank",
        options=LowRankOptions,
        run="uqdsl.infer.low_rank:run",
        assumptions=_SMOOTH,
        references=(
            *_VARIATIONAL,
            (
                "ong2018: Ong, Nott & Smith 2018, Gaussian variational approximation with a factor covariance structure, "
                "J. Comput. Graph. Stat. 27, 465-478"
            ),
        ),
    ),
    Method(
        name="flow",
        summary="variational: the nearest law that layers of monotone splines make of a normal one",
        options=FlowOptions,
        run="uqdsl.infer.flow:run",
        assumptions=_SMOOTH,
        references=(
            *_VARIATIONAL,
            "durkan2019: Durkan, Bekasov, Murray & Papamakarios 2019, Neural Spline Flows, Adv. Neural Inf. Process. Syst. 32",
        ),
    ),
)
