"""Discrete unknowns: the density with them summed out is the sum, over all that they can be, of that of the model."""

from __future__ import annotations

from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro import handlers
from numpyro.distributions import biject_to
from numpyro.infer.util import log_density
from scipy.special import logsumexp

from uqdsl import ir
from uqdsl.runtime.sums import drawing

from .compiled import Compiled, compiled

SPECS = {
    "one for each row": """
        dim k = 3
        data { y[i] : real }
        prior w[k] ~ Dirichlet(1)  prior mu[k] ~ Normal(0, 2)  prior s ~ HalfNormal(1)
        prior z[i] ~ Categorical(w, over = k)
        likelihood y[i] ~ Normal(mu[z], s)
    """,
    "one for each group, selected by a category, through a quantity": """
        dim g = 3
        data { y[i] : real, c[i] : count, who[i] : category(g), x[i] : real }
        prior p ~ Beta(2, 2)  prior lift ~ HalfNormal(1)  prior b ~ Normal(0, 1)
        prior active[g] ~ Bernoulli(p)
        let level[g] = active * lift
        let rate[i] = exp(0.1 * x) * (0.2 + level[who])
        likelihood y[i] ~ Normal(level[who] + b * x, 1)  likelihood c[i] ~ Poisson(rate)
    """,
    "within one another": """
        dim g = 2  dim h = 3
        data { c[i] : count, who[i] : category(h), of[h] : category(g), y[h] : real }
        prior p ~ Beta(2, 2)  prior q[g] ~ Beta(1, 1)  prior s ~ HalfNormal(1)
        prior top[g] ~ Bernoulli(p)
        prior alive[h] ~ Bernoulli(if top[of] == 1 then q[of] else 0.1)
        likelihood c[i] ~ Poisson(0.3 + s * alive[who])
        likelihood y[h] ~ Normal(alive + top[of], s)
    """,
    "numbers, with parts and weights": """
        data { c[i, j] : count, w[i] : positive, ok[i] : binary }
        dim j = 2
        prior lam ~ HalfNormal(3)  prior p ~ Beta(2, 2)
        prior n[i] ~ Poisson(lam) truncated(3, 8)
        prior m ~ DiscreteUniform(2, 4)
        likelihood c[i, j] ~ Binomial(n, p) where ok == 1 weight w
        factor -0.1 * sum((w - m)^2, over = i)
    """,
    "a continuous unknown of a law that is not known": """
        dim k = 2
        data { y[i] : real }
        prior p ~ Beta(2, 2)  prior slab ~ HalfNormal(2)
        prior on[k] ~ Bernoulli(p)
        prior b[k] ~ Normal(0, if on == 1 then slab else 0.01)
        likelihood y[i] ~ Normal(sum(b, over = k), 1)
    """,
    "labels, truths and counts that are missing": """
        dim k = 2
        data { y[i] : real missing, g[i] : category(k) missing, on[i] : binary missing, c[i] : count missing }
        prior p ~ Beta(2, 2)  prior w[k] ~ Dirichlet(1)  prior a[k] ~ Normal(0, 1)  prior lam ~ HalfNormal(3)
        population g ~ Categorical(w, over = k)
        population on ~ Bernoulli(p)
        population c ~ Poisson(lam) truncated(0, 4)
        likelihood y[i] ~ Normal(a[g] + on * (1 + 0.2 * c), 1)
    """,
    "labels of a group that are missing, above other rows": """
        data { y[i] : real, who[i] : category(person), smokes[person] : binary missing, age[person] : real }
        prior b ~ Normal(0, 1)  prior s ~ Normal(0, 1)
        population smokes ~ Bernoulli(logits = s * age)
        likelihood y[i] ~ Normal(b * smokes[who], 1)
    """,
    "a chain": """
        dim t = 5  dim k = 2
        data { y[t] : real, x[t] : real }
        prior P[k, k'] ~ Dirichlet(1, event = k')  prior mu[k] ~ Normal(0, 2)  prior s[k] ~ HalfNormal(1)
        prior z[t] ~ Categorical(P[z[t - 1]], over = k') starting at Categorical([0.2, 0.8], over = k)
        likelihood y[t] ~ Normal(mu[z] + 0.3 * y[t - 1] + x, s[z])
    """,
    "chains whose steps change, one for each site": """
        dim t = 4  dim site = 2
        data { seen[site, t] : binary, x[t] : real }
        prior a ~ Normal(0, 1)  prior b ~ Normal(0, 1)  prior d ~ Beta(2, 2)
        prior there[site, t] ~ Bernoulli(sigmoid(a + b * x + 2 * there[t - 1])) starting at Bernoulli(0.5)
        likelihood seen[site, t] ~ Bernoulli(d * there)
    """,
}


def at(found: Compiled, key: int) -> tuple[dict[str, Any], dict[str, Any], float]:
    """A position, the values of the continuous unknowns there, and the logarithm of the volume that it maps to them."""
    position = {name: jnp.asarray(each[key]) for name, each in found.positions(key + 1).items()}
    position = {name: each for name, each in position.items() if name not in {s.name for s in found.spec.sums}}
    seeded = handlers.seed(handlers.substitute(found.model, substitute_fn=lambda _: None), jax.random.key(0))
    values: dict[str, Any] = {}
    volume = 0.0
    for name, site in handlers.trace(seeded).get_trace(found.data, found.coords).items():
        if name in position:
            bijection = biject_to(site["fn"].support)
            values[name] = bijection(position[name])
            volume += float(jnp.sum(bijection.log_abs_det_jacobian(position[name], values[name])))
    return position, values, volume


def agrees(found: Compiled, name: str, values: np.ndarray) -> bool:
    """Whether values are those of the data where these are not missing."""
    known = found.data.get(ir.observed(name))
    return known is None or bool((values == found.data[name])[known].all())


def everything(found: Compiled, values: dict[str, Any]) -> list[tuple[dict[str, Any], float]]:
    """Every way that the discrete unknowns can be, given what is observed of them, with the log density of the model there."""
    places, ranges = [], []
    for each in found.spec.sums:
        size = int(np.prod(found.size(each.dims)))
        count = len(found.coords[each.over.rstrip("'")]) if each.over is not None else each.count
        places.append((each.name, found.size(each.dims), size))
        ranges += [range(each.first, each.first + count)] * size

    @jax.jit
    def joint(discrete: dict[str, Any]) -> Any:
        return log_density(found.model, (found.data, found.coords), {}, {**values, **discrete})[0]

    ways = []
    for way in product(*ranges):
        discrete, start = {}, 0
        for name, shape, size in places:
            discrete[name] = np.asarray(way[start : start + size]).reshape(shape)
            start += size
        if all(agrees(found, *each) for each in discrete.items()):
            ways.append((discrete, float(joint(discrete))))
    return ways


@pytest.mark.parametrize("name", SPECS)
def test_the_sum_is_that_of_the_model(name):
    found = compiled(SPECS[name], {"i": 3})
    for key in range(3):
        position, values, volume = at(found, key)
        wanted = logsumexp([value for _, value in everything(found, values)]) + volume
        assert float(found.log_density(position, found.data, found.coords)) == pytest.approx(float(wanted), rel=1e-11)


@pytest.mark.parametrize("name", SPECS)
def test_draws_have_the_probabilities_of_the_model(name):
    """Chi-squared over all ways that are expected often enough; the seed is fixed."""
    found = compiled(SPECS[name], {"i": 3})
    _, values, _ = at(found, 0)
    ways = everything(found, values)
    log_p = np.array([value for _, value in ways])
    wanted = np.exp(log_p - logsumexp(log_p))
    summed = found.module["summed"]
    counts = {
        each.name: len(found.coords[each.over.rstrip("'")]) if each.over is not None else each.count
        for each in found.spec.sums
    }

    firsts = {each.name: each.first for each in found.spec.sums}

    def draw(key: Any) -> dict[str, Any]:
        taps = {each.name: jnp.zeros((*found.size(each.dims), counts[each.name])) for each in found.spec.sums}

        def density(taps: dict[str, Any]) -> Any:
            with drawing(key, taps):
                return summed(values, found.data, found.coords)

        return {name: jnp.argmax(each, -1) + firsts[name] for name, each in jax.grad(density)(taps).items()}

    draws = 20_000
    keys = jax.random.split(jax.random.key(1), draws)
    drawn = jax.jit(jax.vmap(draw))(keys)

    def codes(of: dict[str, Any], number: int) -> np.ndarray:
        """One number for each way that everything can be."""
        code = np.zeros(number, int)
        for each in found.spec.sums:
            for column in (np.asarray(of[each.name]) - each.first).reshape(number, -1).T:
                code = code * counts[each.name] + column
        return code

    possible = codes({each.name: np.stack([way[each.name] for way, _ in ways]) for each in found.spec.sums}, len(ways))
    seen = np.bincount(codes(drawn, draws), minlength=possible.max() + 1)[possible]
    assert seen.sum() == draws
    often = wanted * draws > 5
    seen = np.append(seen[often], seen[~often].sum())
    expected = np.append(wanted[often], wanted[~often].sum()) * draws
    kept = expected > 5
    statistic = float(np.sum((seen[kept] - expected[kept]) ** 2 / expected[kept]))
    freedom = max(1, int(kept.sum()) - 1)
    assert statistic < freedom + 4 * np.sqrt(2 * freedom) + 4
    assert seen[~kept].sum() < 5 * (1 + expected[~kept].sum())
