"""What is read off a prediction that ran forward: the outcome, and the law that it came from given all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jax import Array
from jax import numpy as jnp
from numpyro.distributions import constraints

from uqdsl import ir
from uqdsl.infer.positions import innermost
from uqdsl.uncertainty.stages import Device, Site
from uqdsl.vocabulary.distributions import DISTRIBUTIONS


class Outcome(NamedTuple):
    """What is predicted.

    - site: that holds the draws.
    - scatter: the site by which it scatters when all else is known: its own, or that of its residual; empty where there is
      none.
    - classes: the labels of the classes, where it is one of some; empty where it is a number.
    - one_shape: whether the law of that site is of one shape, which is shifted and scaled and no more.
    """

    site: str
    scatter: str
    classes: tuple[float | int | str, ...]
    one_shape: bool = False

    def read(self, sites: Mapping[str, Site]) -> Device:
        """Of one draw its `value`, and of the law that it came from either the `probability` of each class, `(…, class)`,
        or `mean` and `variance`, where these are known."""
        value = jnp.asarray(sites[self.site]["value"])
        if self.classes:
            return {"value": value, "probability": _probabilities(sites[self.site]["fn"], value.shape)}
        if not self.scatter:
            return {"value": value, "mean": value, "variance": jnp.zeros_like(value, float)}
        law, drawn = sites[self.scatter]["fn"], sites[self.scatter]["value"]
        try:
            mean, variance = law.mean, law.variance
        except NotImplementedError:
            return {"value": value}
        mean = mean if self.scatter == self.site else value - drawn + mean
        return {
            "value": value,
            "mean": jnp.broadcast_to(mean, value.shape),
            "variance": jnp.broadcast_to(variance, value.shape),
        }


def outcome_of(stage: ir.Spec, coords: Mapping[str, Sequence[Any]], site: str) -> Outcome:
    """What a stage predicts.

    Arguments:
        stage: the IR of the prediction's stage.
        coords: the labels of its dimensions.
        site: the one that holds the draws.
    """
    statements = {each.name: each for each in stage.statements}
    statement = statements[site]
    if isinstance(statement, ir.Observation | ir.Unknown):
        return Outcome(site, site, _classes(stage, coords, statement), _of_one_shape(statement.law))
    residual = statements.get(f"{site.removesuffix('.predicted')}.residual")
    if not isinstance(residual, ir.Unknown):
        return Outcome(site, "", ())
    return Outcome(site, residual.name, (), _of_one_shape(residual.law))


def _of_one_shape(law: ir.Law) -> bool:
    """Whether a law is of a family of locations and scales, with numbers for all else."""
    moved = DISTRIBUTIONS[law.distribution].location_scale
    others = [each.value for each in law.arguments if each.name not in (moved or ())]
    cut = law.lower is not None or law.upper is not None
    return moved is not None and not cut and all(isinstance(each, ir.Constant) for each in others)


def _classes(
    stage: ir.Spec, coords: Mapping[str, Sequence[Any]], statement: ir.Observation | ir.Unknown
) -> tuple[float | int | str, ...]:
    """The labels of what a law draws one of: those of its dimension, of a category's levels, or numbers from zero."""
    law = statement.law
    if law.distribution == "Bernoulli":
        return (0, 1)
    values = DISTRIBUTIONS[law.distribution].values
    if not values or law.over is None:
        return ()
    over = coords[ir.base(law.over)]
    if values == "labels":
        return tuple(over)
    kind = next((each.of for each in stage.fields if each.name == statement.name and each.kind == "category"), None)
    return tuple(range(len(over) + 1) if kind is None else coords[kind])


def _probabilities(law: Any, shape: tuple[int, ...]) -> Array:
    """Of each class, `(*shape, class)`."""
    found = innermost(law).probs
    if innermost(law).support is constraints.boolean:
        found = jnp.stack([1 - found, found], axis=-1)
    return jnp.broadcast_to(found, (*shape, found.shape[-1]))
