"""Whatever spec is sound, its program is written, is Python, and computes a number."""

from __future__ import annotations

import ast

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from uqdsl import ir
from uqdsl.codegen import generate
from uqdsl.messages import Sources
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .compiled import VERSION, compiled
from .random_expressions import apply, operation
from .random_specs import specs

_QUIET = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], derandomize=True)


def _density_shape(text: str) -> None:
    found = compiled(text)
    position = {name: value[0] for name, value in found.positions(1).items()}
    for closed in (True, False):  # data as constants of what is compiled, and as its arguments
        density = jax.eval_shape(
            lambda at, data, closed=closed: found.log_density(at, found.data if closed else data, found.coords),
            position,
            found.data,
        )
        assert density.shape == ()
        assert density.dtype == np.float64


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # a division by zero, of data by data
@settings(_QUIET, max_examples=40)
@given(specs())
def test_random_specs(text):
    parsed = parse(text)
    spec = analyse(parsed).spec
    assume(spec is not None)
    assert spec is not None
    found = generate(spec, parsed.sources, version=VERSION)
    ast.parse(found.text)
    assert len(found.text.splitlines()) == len(found.lines)
    _density_shape(text)


DEPTH = 300
_a = ir.Reference(name="a")
DEEP = {
    "sum": lambda node: operation("+", node, _a),
    "difference from the right": lambda node: operation("-", _a, node),
    "product of sums": lambda node: operation("*", operation("+", node, _a), _a),
    "function": lambda node: apply("tanh", node),
    "negative": lambda node: operation("negative", node),
    "power": lambda node: operation("^", _a, node),
    "power of a power": lambda node: operation("^", node, ir.Constant(value=1)),
    "choice": lambda node: ir.Choice(test=operation(">", _a, _a), then=_a, otherwise=node),
    "comparison": lambda node: operation("<", node, _a),
    "not": lambda node: operation("not", node),
    "rounded sigmoid": lambda node: apply("sigmoid", apply("floor", node)),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_expressions(name):
    node: ir.Expression = _a
    for _ in range(DEPTH):
        node = DEEP[name](node)
    law = ir.Law(
        distribution="Normal",
        arguments=(
            ir.Argument(name="mean", value=ir.Constant(value=0)),
            ir.Argument(name="sd", value=ir.Constant(value=1)),
        ),
    )
    spec = ir.Spec(
        name="deep",
        statements=(
            ir.Unknown(name="a", dims=(), law=law),
            ir.Quantity(name="q", dims=(), value=node, fixed=False),
            ir.Factor(name="factor_1", value=ir.Reference(name="q")),
        ),
    )
    found = generate(spec, Sources.single("deep.uq", ""), version=VERSION)
    compile(found.text, "deep.py", "exec")
    assert len(found.text.splitlines()) == len(found.lines)
