"""Monte Carlo dropout: units that are left out, and the moments of what a network then gives."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import uqdsl
from uqdsl.infer.dropout import run, units_of
from uqdsl.infer.posterior import Posterior, make_posterior, unwatched
from uqdsl.messages import SpecError
from uqdsl.vocabulary.methods.ensembles import DropoutOptions

LINEAR = """
dim input = 2
data { Z[case, input] : real, y[case] : real }
network f(z[input]) -> real { dense(4) as hidden  dense(1) as out }
prior f.out.kernel    ~ Normal(0, 1) MODIFIER
prior f.hidden.kernel ~ Normal(0, 1)
prior f.biases        ~ Normal(0, 1)
likelihood y[case] ~ Normal(f(Z), 0.5)
"""


def posterior_of(spec: str) -> Posterior:
    rng = np.random.default_rng(2)
    Z = rng.normal(size=(12, 2))
    compiled = uqdsl.loads(spec).compile(Z=Z, y=Z @ [1.0, -0.5] + rng.normal(0, 0.3, 12))
    return make_posterior(compiled._target)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("modifier", ["", "noncentered"])
def test_what_a_linear_layer_gives_has_the_moments_of_its_bernoulli_units(modifier: str) -> None:
    """Σⱼ bⱼ mⱼ hⱼ / (1 - p) has the mean Σ m h and the variance p / (1 - p) Σ (m h)²."""
    posterior = posterior_of(LINEAR.replace("MODIFIER", modifier))
    rate, count = 0.3, 20_000
    draws = run(posterior, DropoutOptions(rate=rate, draws=count, steps=300), jax.random.key(1), unwatched)
    arrays = posterior.layout.split_rows(np.asarray(draws.positions))
    kernel = next(each for name, each in arrays.items() if "out.kernel" in name).reshape(count, 4)
    others = np.concatenate([each.reshape(count, -1) for name, each in arrays.items() if "out.kernel" not in name], 1)
    assert np.ptp(others, axis=0) == pytest.approx(0)
    full = np.abs(kernel).max(0) * np.sign(kernel.sum(0)) * (1 - rate)
    assert np.abs(full).max() > 0.1
    hidden = np.array([1.0, -2.0, 0.5, 1.5])
    made = kernel @ hidden
    variance = rate / (1 - rate) * np.sum((full * hidden) ** 2)
    assert made.mean() == pytest.approx(full @ hidden, abs=4 * np.sqrt(variance / count))
    assert made.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / count))
    assert np.isnan(draws.worth)


def test_training_raises_what_is_expected_of_the_log_density() -> None:
    """One hidden unit y = b m h / (1 - p), h fixed: E[log p] is largest at m = Σ y h / (Σ h² / (1 - p) + σ² / τ² / (1 - p))."""
    spec = """
data { k[r1, r2] : real, Z[case, r1] : real, y[case] : real }
network f(z[r1]) -> real { dense(1, bias = false) as hidden  dense(1, bias = false) as out }
prior f.hidden.kernel ~ Normal(1, 0.001)
prior f.out.kernel    ~ Normal(0, 1)
likelihood y[case] ~ Normal(f(Z), 0.5)
"""
    spec = spec.replace("k[r1, r2] : real, ", "").replace("[r1]", "[input]").replace("case, r1", "case, input")
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(30, 1))
    y = 0.8 * Z[:, 0] + rng.normal(0, 0.5, 30)
    posterior = make_posterior(uqdsl.loads("dim input = 1\n" + spec).compile(Z=Z, y=y)._target)  # pyright: ignore[reportPrivateUsage]
    rate = 0.2
    draws = run(posterior, DropoutOptions(rate=rate, draws=50, steps=4000), jax.random.key(1), unwatched)
    arrays = posterior.layout.split_rows(np.asarray(draws.positions))
    hidden = arrays["f.hidden.kernel"].max()
    found = arrays["f.out.kernel"].max() * (1 - rate) * hidden
    h = Z[:, 0] * hidden
    wanted = h @ y / ((h @ h + 0.25) / (1 - rate)) * hidden
    assert found == pytest.approx(wanted, rel=0.03)


def test_units_are_numbered_layer_by_layer_whatever_the_order_of_the_priors() -> None:
    deep = """
dim input = 2
dim wide = 3
data { Z[case, input] : real, y[case] : real }
network f(z[input]) -> real { dense(wide, tanh) as a  dense(wide, tanh) as b  dense(1) as c }
prior f.c.kernel ~ Normal(0, 1)
prior f.b.kernel ~ Normal(0, 1)
prior f.a.kernel ~ Normal(0, 1)
prior f.biases   ~ Normal(0, 1)
likelihood y[case] ~ Normal(f(Z), 0.5)
"""
    posterior = posterior_of(deep)
    numbers = posterior.layout.split(units_of(posterior))  # pyright: ignore[reportArgumentType]
    assert not numbers["f.a.kernel"].any()
    assert numbers["f.b.kernel"].tolist() == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]
    assert numbers["f.c.kernel"].ravel().tolist() == [4, 5, 6]
    assert not any(each.any() for name, each in numbers.items() if "bias" in name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prior m ~ Normal(0, 1)\nlikelihood y ~ Normal(m, 1)", "the spec has no network"),
        (
            "network f(z[i]) -> real { dense(1) }\nprior f.weights ~ Normal(0, 1)\nlikelihood y ~ Normal(f(z), 1)",
            "none that a layer",
        ),
    ],
)
def test_without_hidden_units_it_is_refused(text: str, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        uqdsl.loads(
            f"dim i = 1\ndata {{ y : real = 1, z[i] : real = [1] }}\n{text}\ninfer by dropout(rate = 0.2)\n"
        ).compile()
    (problem,) = (each for each in raised.value.problems if each.code == "UQ505")
    assert said in problem.title
