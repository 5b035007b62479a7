"""From the text of a spec to its generated module, executed, with made-up data of the right kinds and shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from numpyro import handlers
from numpyro.distributions import biject_to

from uqdsl import ir
from uqdsl.codegen import Program, generate
from uqdsl.infer.positions import stand_in
from uqdsl.messages import render_text
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

VERSION = "0.1.0"


class Compiled(NamedTuple):
    """A spec, its program, and what runs it."""

    spec: ir.Spec
    program: Program
    model: Callable[..., None]
    log_density: Callable[..., Any]
    data: dict[str, np.ndarray]
    coords: dict[str, list[str | int | float]]
    module: dict[str, Any]

    def size(self, dims: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(len(self.coords[ir.base(dim)]) for dim in dims)

    def positions(self, count: int) -> dict[str, np.ndarray]:
        """Random unconstrained positions of every unknown, under the names that `log_density` and NumPyro use."""
        rng = np.random.default_rng(3)
        shapes: dict[str, tuple[int, ...]] = {}

        def visit() -> None:
            model = handlers.seed(handlers.substitute(self.model, substitute_fn=stand_in), jax.random.key(0))
            for name, site in handlers.trace(model).get_trace(self.data, self.coords).items():
                discrete = {each.name for each in self.spec.sums}
                if site["type"] == "sample" and not site["is_observed"] and name not in discrete:
                    shapes[name] = tuple(biject_to(site["fn"].support).inverse_shape(site["fn"].shape()))

        jax.eval_shape(visit)
        return {name: 0.7 * rng.standard_normal((count, *shape)) for name, shape in shapes.items()}


def written(text: str, name: str = "spec.uq") -> tuple[ir.Spec, Program]:
    """The IR and the program of a spec that has no error."""
    parsed = parse(text, name)
    analysed = analyse(parsed)
    assert analysed.spec is not None, "\n".join(render_text(each, parsed.sources) for each in analysed.problems)
    return analysed.spec, generate(analysed.spec, parsed.sources, version=VERSION)


def compiled(text: str, sizes: Mapping[str, int] | None = None) -> Compiled:
    """A spec executed; `sizes` are those of dimensions whose labels come from data, 3 unless told."""
    spec, program = written(text)
    module: dict[str, Any] = {"__name__": "generated"}
    exec(compile(program.text, "generated.py", "exec"), module)
    coords = {dim.name: _labels(dim, (sizes or {}).get(dim.name, 3)) for dim in spec.dims}
    rng = np.random.default_rng(11)
    data = {field.name: _values(field, spec, coords, rng) for field in spec.fields}
    for field in spec.fields:
        if field.missing:
            known = np.arange(data[field.name].size).reshape(data[field.name].shape) % 3 != 1
            data[ir.observed(field.name)] = known
            coords[ir.missing(field.name)] = np.flatnonzero(~known).tolist()
    if "with_computed" in module:
        data = module["with_computed"](data, coords)
    return Compiled(spec, program, module["model"], module["log_density"], data, coords, module)


def _labels(dim: ir.Dim, size: int) -> list[str | int | float]:
    if dim.labels is not None:
        return list(dim.labels)
    if dim.size is not None or not dim.levels:
        return list(range(1, (dim.size or size) + 1))
    return [f"level {index}" for index in range(size)]


def _values(
    field: ir.DataField, spec: ir.Spec, coords: Mapping[str, list[Any]], rng: np.random.Generator
) -> np.ndarray:
    if field.values is not None:
        whole = field.kind in ("count", "int", "binary")
        return np.asarray(field.values, dtype=np.int64 if whole else np.float64)
    shape = [len(coords[dim]) for dim in field.dims]
    observed = {each.name: each.law for each in spec.observations}
    if field.name in observed and DISTRIBUTIONS[observed[field.name].distribution].event:
        if field.kind == "count":
            return rng.multinomial(10, np.ones(shape[-1]) / shape[-1], shape[:-1])
        return rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    match field.kind:
        case "category":
            return rng.integers(0, len(coords[str(field.of)]), shape)
        case "binary":
            return rng.integers(0, 2, shape)
        case "count":
            return rng.integers(0, 4, shape)
        case "int":
            return rng.integers(-3, 4, shape)
        case "unit":
            return rng.uniform(0.1, 0.9, shape)
        case "positive" | "nonnegative":
            return rng.uniform(0.3, 2.0, shape)
    return rng.normal(0.0, 1.0, shape)
