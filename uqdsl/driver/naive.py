"""Fits that know of no error in the data: what the picture of a prediction has beside all uncertainty together.

The spec without its `uncertainty` is one whose inputs are exact. The largest of its modes is the minimum of the usual cost
function, and modes that are found from starts at random are the members of a naive ensemble. They are no draws of a posterior:
they would have to be weighted, and mostly one of them would have all the weight.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import numpy as np

import uqdsl
from uqdsl.codegen import generate
from uqdsl.data import Dataset
from uqdsl.diagnose.forecast import PREDICTION
from uqdsl.driver.front import Checked
from uqdsl.driver.predict import make_stages, predicted_site
from uqdsl.driver.program import Precision, make_target
from uqdsl.infer.positions import position_layout
from uqdsl.infer.predictive import trace_at_means
from uqdsl.results import Group, Variable
from uqdsl.results.groups import labels_of
from uqdsl.semantics import analyse
from uqdsl.syntax import tree

MEMBERS = 20
MOST_UNKNOWNS = 5000
"""Of more, twenty fits are left out, as a picture should not cost more than the run."""


def naive_fits(
    checked: Checked, dataset: Dataset, seed: int, *, precision: Precision = 64, allowed: Sequence[str] = ()
) -> Group:
    """What naive fits predict: `X_best` and `X_members` for each prediction, the residual left out and inputs as recorded.

    Where there are none, the group is empty and its attribute `reason` says why.
    """
    from uqdsl.infer.mode import find_modes, random_starts

    asked = [each for each in checked.spec.predictions if not each.ahead]
    if not asked:
        return Group()
    parsed = checked.linked.parsed
    kept = [each for each in parsed.tree.statements if not isinstance(each, tree.Uncertainty | tree.Population)]
    plain = parsed._replace(tree=tree.Tree(tuple(kept), parsed.tree.comments))
    spec, _, _ = analyse(plain, {each.name: each.value for each in checked.spec.settings}, checked.spec.runs)
    if spec is None:
        return _none("without its sources the spec is none")
    program = generate(spec, parsed.sources, version=uqdsl.__version__, precision=precision)
    target = make_target(spec, program, dataset, allowed=allowed)
    if target.discrete:
        return _none("some unknowns are discrete")
    if position_layout(target).size > MOST_UNKNOWNS:
        return _none(f"there are more than {MOST_UNKNOWNS} unknowns")
    modes = find_modes(target, random_starts(target, jax.random.key(seed), MEMBERS))
    if not modes.converged.any():
        return _none("the density has no mode")
    stage = make_stages(spec, parsed.sources, dataset, precision=precision, allowed=allowed).stages[PREDICTION]
    of_stage = next(each.spec for each in spec.stages if each.name == PREDICTION)
    sites = {each.name: predicted_site(of_stage, each) for each in asked}

    def predict(values: dict[str, jax.Array]) -> dict[str, jax.Array]:
        at_means = trace_at_means(stage.target, stage.data(values))
        return {name: at_means[name]["value"] for name in sites.values()}

    given = {name: modes.values[name] for name in stage.given}
    found = {name: np.asarray(each) for name, each in jax.jit(jax.vmap(predict))(given).items()}
    variables: dict[str, Variable] = {}
    labels = {"member": np.arange(int(modes.converged.sum()))}
    for each in asked:
        values = found[sites[each.name]]
        variables[f"{each.name}_best"] = Variable(each.dims, values[modes.best])
        variables[f"{each.name}_members"] = Variable(("member", *each.dims), values[modes.converged])
        sizes = zip(each.dims, values.shape[1:], strict=True)
        labels |= {dim: labels_of(stage.target.coords, dim, size) for dim, size in sizes}
    return Group(variables, labels)


def _none(reason: str) -> Group:
    return Group(attrs={"reason": reason})
