"""Whether rows can be predicted a block at a time."""

from __future__ import annotations

import pytest

from uqdsl.semantics import analyse
from uqdsl.syntax import parse
from uqdsl.uncertainty.rows import rows_apart

SPEC = """
dim kind = 2
data {{ z[case] : real = [1, 2, 3], y[case] : real = [1, 2, 3], g[case] : category = ["a", "b", "a"] }}
prior m[g] ~ Normal(0, 1)
prior k[kind] ~ Normal(0, 1)
{law}
"""


@pytest.mark.parametrize(
    ("law", "apart"),
    [
        ("likelihood y[case] ~ Normal(m[g] * z + sum(k, over = kind), 1)", True),
        ("likelihood y[case] ~ Normal(m[g] * (z - mean(z, over = case)), 1)", False),
        ("likelihood y[case] ~ Normal(m[g] * cumsum(z, over = case), 1)", False),
        ("likelihood y[case] ~ Normal(m[g] * case, 1)", False),
        ("likelihood y[case] ~ Normal(m[g] * y[case - 1], 1)", False),
        (
            "prior u[case] ~ GaussianProcess(squared_exponential(1, 1), at = z)\nlikelihood y[case] ~ Normal(u, 1)",
            False,
        ),
    ],
)
def test_rows_apart(law, apart):
    analysed = analyse(parse(SPEC.format(law=law), "spec.uq"))
    assert analysed.spec is not None, analysed.problems
    assert rows_apart(analysed.spec, "case") is apart
    assert rows_apart(analysed.spec, "kind") is ("kind)" not in law)
