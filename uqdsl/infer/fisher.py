"""Fisher's information: what the data are expected to tell, whatever they turn out to be.

    F = Σ over rows of E[s sᵀ],    s = ∂ log p(y | u) / ∂u

with the expectation over new data y. Here it is a sum of squares of slopes, F = Gᵀ G, where G are the derivatives of a few
numbers for each row, called roots: of its law's location over its scale, for instance. For laws of exponential families it is
the generalised Gauss-Newton matrix.

Martens 2020, New Insights and Perspectives on the Natural Gradient Method, J. Mach. Learn. Res. 21(146), 1-76, secs. 8, 9.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpyro.distributions as dist
from jax.lax import stop_gradient

from uqdsl.infer.positions import trace_at
from uqdsl.infer.posterior import Posterior

_AT_ONCE = 64


def unknown_laws(posterior: Posterior) -> tuple[str, ...]:
    """The laws of data whose information is not known here, and terms that are no laws of data, by name."""
    found: dict[str, None] = dict.fromkeys(["sums over discrete unknowns"] if posterior.target.discrete else [])

    def look(position: jax.Array) -> None:
        sites = trace_at(posterior.target, posterior.layout.split(position), posterior.data)
        for name, site in sites.items():
            if site["type"] != "sample" or not site["is_observed"]:
                continue
            law, _ = _plain(site["fn"])
            if isinstance(law, dist.Unit):
                found[name] = None
            elif not isinstance(law, _LAWS):
                found[type(law).__name__] = None

    jax.eval_shape(look, jnp.zeros(posterior.size))
    return tuple(found)


@jax.jit
def information_roots(posterior: Posterior, position: jax.Array) -> jax.Array:
    """G of Fisher's information Gᵀ G, `(roots, size)`; of posteriors without `unknown_laws`."""
    values, back = jax.vjp(partial(_roots, posterior), position)
    return jax.lax.map(lambda each: back(each)[0], jnp.eye(values.size), batch_size=_AT_ONCE)


def _roots(posterior: Posterior, position: jax.Array) -> jax.Array:
    sites = trace_at(posterior.target, posterior.layout.split(position), posterior.data)
    rows = []
    for name in posterior.target.observed:
        law, kept = _plain(sites[name]["fn"])
        scale = sites[name]["scale"]
        counted = jnp.sqrt(jnp.where(kept, 1.0 if scale is None else scale, 0.0))
        for root in _roots_of(law):
            extra = root.ndim - len(law.batch_shape)
            shape = jnp.broadcast_shapes(jnp.shape(counted), sites[name]["fn"].batch_shape)
            weight = jnp.broadcast_to(counted, shape).reshape(*shape, *[1] * extra)
            rows.append(jnp.ravel(weight * root))
    return jnp.concatenate(rows)


def _plain(law: Any) -> tuple[Any, Any]:
    """A law below what wraps it, and which of its rows count."""
    kept: Any = True
    while hasattr(law, "base_dist") and not isinstance(law, dist.TransformedDistribution):
        kept = jnp.logical_and(kept, getattr(law, "_mask", True))
        law = law.base_dist
    return law, kept


_NORMAL: Any = (dist.Normal, dist.LogNormal)
_LOGIT: Any = (dist.BernoulliLogits, dist.BinomialLogits)
_LAWS: Any = (
    *_NORMAL,
    *_LOGIT,
    dist.Poisson,
    dist.Exponential,
    dist.BernoulliProbs,
    dist.BinomialProbs,
    dist.CategoricalLogits,
)


def _roots_of(law: Any) -> list[Any]:
    """Numbers of each row whose derivatives, squared and summed, are the information of a law."""
    fixed = stop_gradient
    if isinstance(law, _NORMAL):
        return [law.loc / fixed(law.scale), jnp.sqrt(2.0) * jnp.log(law.scale)]
    if isinstance(law, _LOGIT):
        chance = fixed(jax.nn.sigmoid(law.logits))
        tries = getattr(law, "total_count", 1)
        return [jnp.sqrt(tries * chance * (1 - chance)) * law.logits]
    if isinstance(law, dist.CategoricalLogits):
        chances = fixed(jax.nn.softmax(law.logits))
        return [jnp.sqrt(chances) * (law.logits - jnp.sum(chances * law.logits, axis=-1, keepdims=True))]
    return [law.mean / jnp.sqrt(fixed(law.variance))]
