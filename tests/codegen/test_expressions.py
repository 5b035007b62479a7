"""The text of an expression computes what the expression means: against a reference that aligns arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uqdsl import ir, runtime
from uqdsl.codegen.text import RUNTIME

from .random_expressions import (
    ARRAYS,
    COORDS,
    LABELLED,
    SETTINGS,
    apply,
    array,
    expressions,
    gather,
    operation,
    pick,
    reduce,
    reference,
    writer,
)
from .reference import evaluate

_SPECIAL = {
    name: getattr(scipy.special, name)
    for name in ("logit", "ndtr", "ndtri", "log_ndtr", "erf", "erfc", "gammaln", "betaln", "digamma", "logsumexp")
}
_OWN = {name: getattr(runtime, name) for name in RUNTIME}
_AS_NUMPY = _OWN | {
    # NumPy under the names of JAX: ten times as many examples in the same time, and just as picky about shapes.
    "np": np,
    "jnp": np,
    "jax": SimpleNamespace(
        nn=SimpleNamespace(
            sigmoid=scipy.special.expit,
            softplus=lambda x: np.logaddexp(x, 0.0),
            log_sigmoid=scipy.special.log_expit,
            relu=lambda x: np.maximum(x, 0),
            elu=lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
            gelu=lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
            silu=lambda x: x * scipy.special.expit(x),
            softmax=scipy.special.softmax,
            log_softmax=scipy.special.log_softmax,
        ),
        scipy=SimpleNamespace(special=SimpleNamespace(**_SPECIAL)),
    ),
}
_AS_JAX = _OWN | {"np": np, "jnp": jnp, "jax": jax}


def _check(node: ir.Expression, layout: tuple[str, ...], library: Mapping[str, Any]) -> None:
    write = writer()
    text = write.broadcast(write.parameter(node, layout), node.dims, layout).text
    values = ARRAYS if library is _AS_NUMPY else {name: jnp.asarray(value) for name, value in ARRAYS.items()}
    with np.errstate(all="ignore"):
        found = np.asarray(eval(text, {**library, **SETTINGS, **values, "coords": COORDS}))
        wanted = evaluate(node, LABELLED, COORDS)
    sizes = {dim: len(COORDS[dim]) for dim in layout}
    assert found.shape == tuple(sizes.values()), text
    assert found.dtype.kind in "if", text
    expected = wanted.broadcast_like(wanted.expand_dims({d: n for d, n in sizes.items() if d not in wanted.dims}))
    expected = expected.transpose(*layout).values
    # Which infinity a division by zero gives hangs on the sign of that zero, which integers have not.
    found, expected = (np.where(np.isinf(each), np.inf, each) for each in (found, expected))
    scale = np.max(np.abs(expected), initial=1.0, where=np.isfinite(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11 * scale, err_msg=text)


_QUIET = settings(suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@settings(_QUIET, max_examples=600)
@given(expressions(), st.randoms(use_true_random=False), st.booleans())
def test_random_expressions(node, random, wider):
    dims = list(COORDS) if wider else list(node.dims)
    random.shuffle(dims)
    _check(node, tuple(dims), _AS_NUMPY)


@settings(_QUIET, max_examples=60)
@given(expressions(), st.randoms(use_true_random=False))
def test_random_expressions_in_jax(node, random):
    dims = list(node.dims)
    random.shuffle(dims)
    _check(node, tuple(dims), _AS_JAX)


_a, _b, _s, _n, _m = (reference(name) for name in ("a", "b", "s", "n", "m"))
_M, _N, _T, _V, _W = (reference(name) for name in ("M", "N", "T", "V", "W"))
_one, _two, _three = (ir.Constant(value=value) for value in (1, 2, -3))


def _index(name: str) -> ir.Reference:
    return reference(name)


HARD = {
    "transposed": operation("+", _M, _N),
    "three orders": operation("*", operation("+", _T, _M), _W),
    "gather": gather(_a, "g", _index("g_of_h")),
    "gather with a free dimension": gather(_M, "g", _index("g_of_h")),
    "gather of the last axis": gather(_M, "k", _index("k_of_h")),
    "gather over two dimensions": gather(_a, "g", _index("g_of_hk")),
    "gather paired with its own dimension": gather(_M, "g", _index("g_of_hk")),
    "gather of two dimensions": gather(gather(_M, "g", _index("g_of_h")), "k", _index("k_of_h")),
    "gather of two dimensions, one free": gather(gather(_T, "k", _index("k_of_g")), "h", _index("h_of_g")),
    "gather of the outer axes, the middle free": gather(gather(_T, "g", _index("g_of")), "h", _index("h_of_g")),
    "gather through a gather": gather(_a, "g", gather(_index("g_of_g"), "g", _index("g_of_h"))),
    "gather of a gather along what it brought": gather(gather(_M, "k", _index("k_of_g")), "g", _index("g_of_h")),
    "gather of a gather along the same dimension": gather(gather(_a, "g", _index("g_of_g")), "g", _index("g_of_h")),
    "gather along its own dimension": gather(_M, "k", _index("k_of_kg")),
    "gather by one position": gather(_M, "g", _index("g_of")),
    "gather of a category column": gather(_index("k_of_g"), "g", _index("g_of_h")),
    "gather of a sum": gather(operation("+", _a, _b), "g", _index("g_of_h")),
    "gather of a pick": gather(pick(_T, "k", label="y"), "g", _index("g_of_h")),
    "gather and pick with a free dimension before and between": gather(pick(_V, "h", position=2), "g", _index("g_of_h")),
    "pick of a gather": pick(gather(_T, "g", _index("g_of_hk")), "h", position=-1),
    "pick of two": pick(pick(_T, "k", label="z"), "h", position=1),
    "pick of a number": pick(_a, "g", label=20),
    "pick of the outer axes": pick(pick(_T, "g", label=10), "h", position=0),
    "reduction over one": reduce("sum", _T, "k"),
    "reduction over several": reduce("logsumexp", _T, "k", "h"),
    "reduction over all": reduce("mean", _T, "k", "h", "g"),
    "reduction of a broadcast": reduce("product", operation("-", _a, _W), "h"),
    "reduction of truths": reduce("sum", operation(">", _M, _a), "k"),
    "mean of truths": reduce("mean", operation(">", _M, _a), "k"),
    "largest of truths": reduce("max", operation(">", _M, _a), "k"),
    "product of integers that runs over": reduce("product", operation("^", operation("+", _W, ir.Constant(value=99)), _two), "k", "h"),
    "matrix times vector": reduce("sum", operation("*", _M, _b), "k"),
    "vector times matrix": reduce("sum", operation("*", _b, _N), "k"),
    "matrix times vector, transposed": reduce("sum", operation("*", _M, _a), "g"),
    "matrix times vector with further dimensions": reduce("sum", operation("*", _T, _b), "k"),
    "matrix of a sum times a vector of a sum": reduce("sum", operation("*", operation("+", _M, _a), operation("-", _b, _s)), "k"),
    "matrix times matrix": reduce("sum", operation("*", _M, reference("W")), "k"),
    "three axes times matrix": reduce("sum", operation("*", pick(_V, "h", position=1), _W), "k"),
    "products that share more than one dimension": reduce("sum", operation("*", _T, _M), "k"),
    "inner product": reduce("sum", operation("*", _b, operation("+", _b, _one)), "k"),
    "truths times integers": reduce("sum", operation("*", operation(">", _W, _one), _b), "k"),
    "list": array("k", _s, _one, _m),
    "list of arrays": array("k", _a, _s, _n),
    "list of integers": array("g", _m, reference("order")),
    "list of truths": array("g", operation(">", _s, _one), reference("flag")),
    "category compared with a text": operation("==", _index("k_of_g"), ir.LabelPosition(dim="k", label="y")),
    "category compared with a number": operation("!=", _index("g_of_h"), ir.LabelPosition(dim="g", label=20)),
    "coordinate": operation("*", ir.Coordinate(dim="h", dims=("h",)), _a),
    "choice": ir.Choice(test=operation(">", _M, _s), then=_a, otherwise=_b, dims=("g", "k")),
    "choice of truths": ir.Choice(test=_m, then=operation(">", _a, _s), otherwise=reference("flag"), dims=("g",)),
    "choice by a number": ir.Choice(test=_M, then=_one, otherwise=_n, dims=("g", "k", "h")),
    "sum of truths": operation("+", operation(">", _M, _a), operation("<", _b, _s)),
    "negative of a truth": operation("negative", operation(">", _M, _a)),
    "truth by truth": operation("/", operation(">", _M, _a), operation("<=", _b, _s)),
    "exponential of a truth": apply("exp", operation(">", _M, _a)),
    "exponential of a setting": apply("exp", reference("flag")),
    "comparison of comparisons": operation("==", operation(">", _M, _a), operation("<", _b, _s)),
    "not": operation("not", operation("and", operation("or", _a, _b), reference("flag"))),
    "number to a negative power": operation("^", _n, _three),
    "number to the power of a negative number": operation("^", _n, operation("-", _m, ir.Constant(value=4))),
    "number to the power of numbers": operation("^", _two, _n),
    "setting to a negative power": operation("^", reference("order"), _three),
    "power of a power": operation("^", operation("^", _a, _two), _two),
    "power of a negative": operation("^", operation("negative", _a), _two),
    "negative of a power": operation("negative", operation("^", _a, _two)),
    "huge power": operation("^", ir.Constant(value=10), ir.Constant(value=400)),
    "large whole power": operation("*", operation("^", ir.Constant(value=10), ir.Constant(value=20)), _a),
    "tower": operation("^", ir.Constant(value=9), operation("^", ir.Constant(value=9), ir.Constant(value=9))),
    "root of a negative number": operation("^", ir.Constant(value=-8), ir.Constant(value=1.5)),
    "division by zero": operation("/", _one, operation("-", reference("order"), ir.Constant(value=3))),
    "remainder by zero": operation("%", _one, ir.Constant(value=0)),
    "large whole numbers": operation("*", ir.Constant(value=3**40), operation("+", ir.Constant(value=2**31), _n)),
    "sigmoid of integers": apply("sigmoid", _n),
    "Phi of a whole setting": apply("Phi", reference("order")),
    "subtraction from the right": operation("-", _a, operation("-", _b, operation("-", _s, _m))),
    "division from the right": operation("/", _a, operation("/", _b, operation("*", _s, ir.Constant(value=0.5)))),
    "constant alone": ir.Constant(value=2),
    "truth alone": reference("flag"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARD)
def test_hard_expressions(name):
    node = HARD[name]
    layouts = [*permutations(node.dims)][:6]
    for layout in layouts:
        _check(node, layout, _AS_NUMPY)
    _check(node, layouts[-1], _AS_JAX)
    _check(node, tuple(sorted(COORDS)), _AS_NUMPY)
