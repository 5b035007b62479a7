"""What a spec may say and this version would not heed is refused before anything runs."""

from __future__ import annotations

import pytest

import uqdsl

SPEC = """
data { Z[case] : real = [0.1, 0.9, 1.7], X[case] : real = [0.2, 1.1, 1.6] }
prior slope ~ Normal(0, 2)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty { weights inferred }
predict X[case] with(observation = true)
"""


def test_it_is_refused_by_name():
    program = uqdsl.loads(SPEC).compile()
    with pytest.raises(uqdsl.SpecError) as caught:
        program.infer(progress=False)
    (problem,) = caught.value.problems
    assert problem.code == "UQ902"
    assert "recording" in problem.title


def test_cut_errors_that_are_not_normal():
    errors = "uncertainty { training_data cut { X ~ StudentT(4, truth(X), 0.1) } }"
    with pytest.raises(uqdsl.SpecError) as caught:
        uqdsl.loads(SPEC.replace("uncertainty { weights inferred }", errors))
    assert "UQ902" in [each.code for each in caught.value.problems]
