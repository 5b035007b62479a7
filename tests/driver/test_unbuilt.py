"""What a spec may say and this version would not heed is refused before anything runs."""

from __future__ import annotations

import pytest

import uqdsl

SPEC = """
data {{ Z[case] : real = [0.1, 0.9, 1.7], X[case] : real = [0.2, 1.1, 1.6] }}
prior slope ~ Normal(0, 2)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {{ {sources} }}
predict X[case] {options}
"""


@pytest.mark.parametrize(
    ("sources", "options", "said"),
    [
        ("training_data cut { truth(Z) ~ Normal(Z, 0.1) }", "", "`cut`"),
        ("weights exact", "", "`exact`"),
        ("weights inferred", "with(observation = true)", "recording"),
    ],
)
def test_it_is_refused_by_name(sources: str, options: str, said: str):
    program = uqdsl.loads(SPEC.format(sources=sources, options=options)).compile()
    with pytest.raises(uqdsl.SpecError) as caught:
        program.infer(progress=False)
    (problem,) = caught.value.problems
    assert problem.code == "UQ902"
    assert said in problem.title
