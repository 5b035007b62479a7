"""Stages of a spec bound to data by part, as the driver binds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

import uqdsl
from uqdsl import ir
from uqdsl.codegen import generate
from uqdsl.data import Dataset
from uqdsl.driver.infer import infer
from uqdsl.driver.program import make_target
from uqdsl.infer import Target
from uqdsl.semantics import analyse
from uqdsl.syntax import parse
from uqdsl.uncertainty.stages import Stage, bound_stage

type Columns = Mapping[str, np.ndarray]


class Bound(NamedTuple):
    """A spec, its stages bound, and its training rows."""

    spec: ir.Spec
    stages: dict[str, Stage]
    training: Target

    def stage(self, name: str) -> ir.Spec:
        return next(each.spec for each in self.spec.stages if each.name == name)

    def joint(self, seed: int = 0) -> dict[str, np.ndarray]:
        """Draws of the posterior in random order."""
        run = self.spec.runs[0].model_copy(update={"options": {**self.spec.runs[0].options, "warmup": 500}})
        found = infer(self.spec, self.training, run, seed).groups["posterior"].variables
        flat = {name: found[name].values.reshape(-1, *found[name].values.shape[2:]) for name in self.training.unknowns}
        order = np.random.default_rng(seed).permutation(len(next(iter(flat.values()))))
        return {name: each[order] for name, each in flat.items()}


def bound(text: str, **parts: Columns) -> Bound:
    """A spec with its data, columns over the rows `case`; what is given to a stage has the value one."""
    parsed = parse(text, "spec.uq")
    spec = analyse(parsed).spec
    assert spec is not None

    def target(spec: ir.Spec, columns: Columns, given: tuple[str, ...] = ()) -> Target:
        rows = len(next(iter(columns.values())))
        dims = {each.name: each.dims for each in spec.fields}
        fillers = {name: np.ones((rows,) * len(dims[name])) for name in given}
        labels = {each.name: list(each.labels) for each in spec.dims if each.labels}
        dataset = Dataset({**columns, **fillers}, {"case": list(range(rows)), **labels}, {})
        return make_target(spec, generate(spec, parsed.sources, version=uqdsl.__version__), dataset)

    stages = {
        each.name: bound_stage(each, target(each.spec, parts[each.part], each.given))
        for each in spec.stages
        if each.part in parts
    }
    return Bound(spec, stages, target(spec, parts["training"]))
