"""Which draw of one law is the same cause as which of another.

A seed of a source is one cause whatever else is given: given weights w it makes a draw of p(φ | w), and given others that draw
of p(φ | w') which has the same rank. Here each number of φ has the ranks of a reference chain: its states are sorted, and put
in the order in which those of the reference lie. Of each number the law stays what its chain has sampled; how several hang
together is as in the reference. Equal ranks are the closest coupling of two laws of a number (Villani 2003, Topics in Optimal
Transportation, theorem 2.18); the reordering is the Schaake shuffle of Clark, Gangopadhyay, Hay, Rajagopalan & Wilby 2004,
J. Hydrometeorol. 5, 243-262.

The same random numbers alone do not do this: chains of a scale together with true inputs come no closer than a quarter of their
variance, which a budget would take for an effect of the weights.
"""

from __future__ import annotations

import jax
import numpy as np
from numpyro.distributions import constraints
from numpyro.handlers import seed, substitute, trace

from uqdsl.infer.positions import stand_in
from uqdsl.infer.predictive import without_reparam
from uqdsl.uncertainty.stages import Arrays, Stage


def ranked_like(states: Arrays, reference: Arrays, parts: int = 1) -> Arrays:
    """The states of chains in the order of those of a reference, each number by itself.

    Arguments:
        states, reference: by name, `(chain, state, *shape)`.
        parts: of each chain, one after the other, that are put in order by themselves.
    """

    def one(mine: np.ndarray, other: np.ndarray) -> np.ndarray:
        ranks = np.argsort(np.argsort(other, axis=1, kind="stable"), axis=1)
        return np.take_along_axis(np.sort(mine, axis=1), ranks, axis=1)

    return {
        name: np.concatenate(
            [one(*both) for both in zip(np.split(each, parts, 1), np.split(reference[name], parts, 1), strict=True)],
            axis=1,
        )
        for name, each in states.items()
    }


def of_single_numbers(stage: Stage) -> set[str]:
    """The unknowns of a stage whose numbers may be put in order by themselves: not those of a simplex, or of a matrix."""
    found: set[str] = set()

    def visit(data: dict[str, jax.Array]) -> None:
        model = seed(substitute(without_reparam(stage.target.model), substitute_fn=stand_in), 0)
        for name, site in trace(model).get_trace(data, stage.target.coords).items():
            if site["type"] != "sample" or site["is_observed"]:
                continue
            support = site["fn"].support
            while isinstance(support, constraints.independent):
                support = support.base_constraint
            if support.event_dim == 0:
                found.add(name)

    jax.eval_shape(visit, stage.target.data)
    return found
