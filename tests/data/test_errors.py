"""Recording errors beside the spread of what was recorded."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.data import bind
from uqdsl.data.values import value_over
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

SPEC = """
setting noise : real = 0.5
data {{
  device[case] : category = [2, 1, 2, 3]
  grade[device] : positive = [1, 2, 4]
  e[case] : positive = [1, 2, 3, 4]
  x[case, axis] : real = [[0, 10], [2, 30], [4, 10], [6, 30]]
  y[case] : real = [1, 2, 3, 4]
}}
dim axis = 2
let wide[case] = 2 * e
prior s ~ HalfNormal(1)
likelihood y[case] ~ Normal(s * sum(x, over = axis), 1)
uncertainty {{
  training_data {{ {errors} }}
}}
"""


def spec_of(errors: str):
    analysed = analyse(parse(SPEC.format(errors=errors), "model.uq"))
    assert analysed.spec is not None, analysed.problems
    return analysed.spec


def errors_of(errors: str):
    (source,) = [each for each in spec_of(errors).sources if each.name == "training_data"]
    return source.errors


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("noise / 2", 0.25),
        ("wide + 1", [3, 5, 7, 9]),
        ("sqrt(grade[device])", np.sqrt([2, 1, 2, 4])),
        ("-1 + e ^ 2", [0, 3, 8, 15]),
    ],
)
def test_the_size_of_an_error(written: str, expected: object):
    spec = spec_of(f"y ~ Normal(truth(y), {written})")
    (error,) = next(each for each in spec.sources if each.name == "training_data").errors
    found = value_over(error.sd, ("case",), spec, bind(spec, None).arrays)
    assert found is not None
    assert np.broadcast_to(found, 4) == pytest.approx(np.broadcast_to(expected, 4))


@pytest.mark.parametrize(
    "errors", ["y ~ Normal(truth(y), s)", "truth(x) ~ Normal(x, 1)", "y ~ StudentT(4, truth(y), 1)"]
)
def test_errors_of_unknown_size_are_not_compared(errors: str):
    assert errors_of(errors) == ()


@pytest.mark.parametrize(("sd", "said"), [("2.2", []), ("2.3", ["UQ465"]), ("0.9 * wide", ["UQ465"])])
def test_a_column_is_compared_with_its_error(sd: str, said: list[str]):
    """That of y is 1.118."""
    spec = spec_of(f"y ~ Normal(truth(y), {sd} / 2)")
    assert [each.code for each in bind(spec, None).problems] == said
