"""Laws that are said to have a mean and a variance have those of their densities; the others have none in a program."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.vocabulary.moments import lacks_variance

jax = pytest.importorskip("jax")
jax.config.update("jax_enable_x64", True)

from .references import REFERENCES, made


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_moments_are_those_of_draws(name: str):
    for number, reference in enumerate(REFERENCES[name]):
        law = made(name, reference.given)
        try:
            mean, variance = float(law.mean), float(law.variance)
        except NotImplementedError:
            mean = variance = np.nan
        known = not lacks_variance(name, reference.given)
        if known:
            draws = np.asarray(law.sample(jax.random.key(number), (40_000,)), float)
            assert np.isfinite(variance)
            assert abs(draws.mean() - mean) < 5 * np.sqrt(variance / 40_000)
        elif name != "VonMises":  # whose variance is that of a circle
            assert not np.isfinite(variance)
