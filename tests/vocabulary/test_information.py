"""Fisher's information in closed form, against the mean square of the derivatives of log densities at draws."""

from __future__ import annotations

from itertools import combinations
from math import exp, log

import numpy as np
import pytest

from uqdsl.messages.pages import page
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.information import INFORMATION

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)

from .references import made, ordinary

DRAWS = 200_000
OTHERS = {"logits": lambda p: log(p / (1 - p)), "log_rate": log, "log_mean": log}
"""Parameters of forms, from the standard ones in whose place they stand."""


def given_for(name: str, parameter: str) -> dict[str, float]:
    """Ordinary parameters of a law, with one of a form in its place."""
    given = dict(ordinary(name).given)
    for form in DISTRIBUTIONS[name].forms:
        if [each.name for each in form.parameters] == [parameter]:
            (standard,) = form.formulas
            given[parameter] = OTHERS[parameter](given.pop(standard))
    return given


@pytest.mark.parametrize("name", INFORMATION)
def test_the_information_is_the_mean_square_of_the_score(name):
    """Within five standard errors, each below a hundredth; the mean of products is zero."""
    for parameter, formula in INFORMATION[name].items():
        given = given_for(name, parameter)
        law = made(name, given)
        draws = law.sample(jax.random.key(1), (DRAWS,))
        known = [each for each in INFORMATION[name] if each in given]

        def scores(x, name=name, given=given, known=known):
            return jax.grad(lambda at: made(name, {**given, **at}).log_prob(x))({each: given[each] for each in known})

        found = {each: np.asarray(value) for each, value in jax.jit(jax.vmap(scores))(draws).items()}
        square = found[parameter] ** 2
        wanted = eval(formula, {"exp": exp, "sigmoid": lambda x: 1 / (1 + exp(-x)), **given})
        error = square.std() / np.sqrt(DRAWS)
        assert abs(square.mean() - wanted) <= 5 * error + 1e-12
        assert error < 0.01 * wanted
        for one, other in combinations(known, 2):
            product = found[one] * found[other]
            assert abs(product.mean()) < 5 * product.std() / np.sqrt(DRAWS)


def test_parameters_are_those_of_the_law():
    for name, rows in INFORMATION.items():
        assert set(rows) <= set(DISTRIBUTIONS[name].names)


def test_the_page_lists_them():
    for name, rows in INFORMATION.items():
        assert f"| `{name}` | {', '.join(f'`{each}`' for each in rows)} |" in page("UQ282")
