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


class PointOptions(Options):
    """The highest values of a density, with standard errors."""

    draws: int = Field(default=4000, ge=1, le=10**9, description="draws of the normal law of the standard errors")
    starts: int = Field(default=8, ge=1, le=10**4, description="searches for the mode, from random positions")
    errors: Literal["observed", "expected", "none"] = Field(
        default="observed",
        description="information that the standard errors are of; with none there is one draw, the mode",
    )


_POINT = (
    "pawitan2001: Pawitan 2001, In All Likelihood: Statistical Modelling and Inference Using Likelihood, Oxford",
    (
        "efron1978: Efron & Hinkley 1978, Assessing the accuracy of the maximum likelihood estimator: observed versus "
        "expected Fisher information, Biometrika 65, 457-483"
    ),
)

METHODS: tuple[Method, ...] = (
    Method(
        name="laplace",
        summary="Laplace's approximation: a normal law about the mode, with the curvature there",
        options=LaplaceOptions,
        run="uqdsl.infer.laplace:run",
        assumptions=(Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_DENSITY),
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
        ),
    ),
    Method(
        name="map",
        summary="the most probable values, with standard errors: no draws of the posterior",
        options=PointOptions,
        run="uqdsl.infer.point:maximum_posterior",
        assumptions=(Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_DENSITY),
        references=_POINT,
    ),
    Method(
        name="mle",
        summary="the values of the largest likelihood, with standard errors: priors do not count",
        options=PointOptions,
        run="uqdsl.infer.point:maximum_likelihood",
        assumptions=(Assumption.CONTINUOUS, Assumption.DIFFERENTIABLE, Assumption.PRIOR_DENSITY),
        references=_POINT,
    ),
)
