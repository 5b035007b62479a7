"""What a spec may say and this version would not heed is refused before anything runs."""

from __future__ import annotations

import pytest

import uqdsl

LINE = """
data {{ Z[case] : real = [0.1, 0.9, 1.7], X[case] : real = [0.2, 1.1, 1.6] }}
prior slope ~ Normal(0, 2)
likelihood X[case] ~ Normal(slope * Z, 0.3)
uncertainty {{ {error} }}
predict X[case]
"""
NUMBER = """
data {{ n[case] : count = [3, 1, 2] }}
prior rate ~ Gamma(2, 1)
likelihood n[case] ~ Poisson(rate)
uncertainty {{ {error} }}
predict n[case] with(observation = true)
"""
WALK = """
dim year = 4
data { Z[case] : real = [0.1, 0.9, 1.7], X[case] : real = [0.2, 1.1, 1.6] }
prior walk[year] ~ Normal(walk[year - 1], 0.5) starting at Normal(0, 1) noncentered
population Z ~ Normal(0, 1)
likelihood X[case] ~ Normal(Z + walk[year = at(1)], 0.3)
uncertainty { training_data { Z ~ Normal(truth(Z), 0.2) } }
predict X[case]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NUMBER.format(error="new_input { n ~ Binomial(truth(n), 0.9) }"), "of whole numbers"),
        (LINE.format(error="training_data cut { X ~ StudentT(4, truth(X), 0.1) }"), "`cut`"),
        (WALK, "`noncentered` unknowns that are joint"),
    ],
)
def test_it_is_refused_by_name(text: str, said: str):
    with pytest.raises(uqdsl.SpecError) as caught:
        uqdsl.loads(text)
    found = {each.code: each.title for each in caught.value.problems}
    assert said in found["UQ902"]
