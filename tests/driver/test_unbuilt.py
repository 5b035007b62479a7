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
        ("new_input { truth(X) ~ Normal(X, 0.1) }", "with(observation = true)", "Berkson"),
        ("training_data cut { X ~ StudentT(4, truth(X), 0.1) }", "", "`cut`"),
    ],
)
def test_it_is_refused_by_name(sources: str, options: str, said: str):
    with pytest.raises(uqdsl.SpecError) as caught:
        uqdsl.loads(SPEC.format(sources=sources, options=options))
    found = {each.code: each.title for each in caught.value.problems}
    assert said in found["UQ902"]
