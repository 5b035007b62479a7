"""A prior that is known by an ensemble alone: its members are moved, with a mixture fitted to them for its density."""

import jax
import numpy as np
import pytest

import uqdsl
from uqdsl.infer import diffusion, particle_flow
from uqdsl.infer.posterior import Posterior, make_posterior, unwatched
from uqdsl.infer.prior_mixture import draw_positions
from uqdsl.messages import UqdslError
from uqdsl.vocabulary.methods.transports import DiffusionOptions, ParticleFlowOptions

SPEC = """
dim component = ["u", "v"]
data {
  x0[member, component] : real
  y : real = 1.0
}
prior x[component] ~ Empirical(x0, over = member)
likelihood y ~ Normal(x["u"], 0.5)
infer by diffusion
"""
COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.0]])
MEMBERS = np.random.default_rng(4).multivariate_normal([0.0, 0.0], COVARIANCE, 400)


def posterior() -> Posterior:
    target = uqdsl.loads(SPEC).compile(x0=MEMBERS)._target  # pyright: ignore[reportPrivateUsage]
    return make_posterior(target)


def test_members_are_drawn_once_each() -> None:
    drawn = np.asarray(draw_positions(posterior(), jax.random.key(0), 400))
    assert np.array_equal(np.sort(drawn[:, 0]), np.sort(MEMBERS[:, 0]))


def test_members_are_moved_to_the_posterior_of_the_law_that_they_are_of() -> None:
    """The Gaussian that the members were drawn from, seen with a scatter of 0.5: 400 of them know its moments to about 0.07."""
    gain = COVARIANCE[:, 0] / 1.25
    mean, covariance = gain * 1.0, COVARIANCE - np.outer(gain, COVARIANCE[0])
    for found in (
        diffusion.run(posterior(), DiffusionOptions(), jax.random.key(1), unwatched),
        particle_flow.run(posterior(), ParticleFlowOptions(), jax.random.key(1), unwatched),
    ):
        positions = np.asarray(found.positions)
        assert str(found.diagnostics["prior"]).startswith("mixture fitted to")
        assert np.allclose(positions.mean(0), mean, atol=0.2)
        assert np.allclose(np.cov(positions.T), covariance, atol=0.2)


def test_a_method_that_needs_a_density_is_refused() -> None:
    with pytest.raises(UqdslError, match="draws alone"):
        uqdsl.loads(SPEC.replace("diffusion", "nuts")).compile(x0=MEMBERS)


def test_an_ensemble_is_the_law_of_a_prior_alone() -> None:
    text = """
data { x0[member, case] : real, y[case] : real = [1.0, 2.0] }
prior x ~ Normal(0, 1)
likelihood y[case] ~ Empirical(x0, over = member)
"""
    with pytest.raises(UqdslError, match="but as the whole law of a `prior`"):
        uqdsl.loads(text).compile(x0=MEMBERS)
