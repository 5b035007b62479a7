"""What the model says beside the posterior: draws of the prior, predictions, and the terms of the log density.

All of it runs the program's own `model` under NumPyro's handlers. The model is run without its reparameterisation: the
`@reparam` above a generated `model` is itself a handler, which holds the function below it as `fn`. In that model a
noncentered `a ~ Normal(mu, tau)` is one site with that very law, so that log p(a | mu, tau) can be read off at the
value of `a` that was drawn, and the draws of `a_decentered` are not needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np
import numpyro.distributions as dist
from jax import numpy as jnp
from jax.extend.core import Jaxpr, subjaxprs
from numpyro.handlers import reparam, seed, substitute, trace

from uqdsl.infer.covariance import centre
from uqdsl.infer.environment import cores
from uqdsl.infer.positions import has_sampler, innermost, stand_in
from uqdsl.infer.posterior import unwatched
from uqdsl.ir import observed as missing_mask
from uqdsl.runtime import Sequential

if TYPE_CHECKING:
    from uqdsl.infer.target import Target

type Arrays = dict[str, np.ndarray]

_BLOCK_BYTES = 1 << 24
"""What a block of draws may take where its program makes most at a time."""
_BLOCK_DRAWS = 512
_BLOCKS = 8
"""Blocks that are computed side by side, where there are as many cores."""


class PriorPredictive(NamedTuple):
    """Draws from before the data.

    - prior: unknowns and quantities by name, `(draw, *shape)`.
    - predictive: the data that they would give, by observed site, `(draw, *shape)`.
    - missing: why there are none, in words; empty where there are.
    """

    prior: Arrays
    predictive: Arrays
    missing: str = ""

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return len(next(iter(self.prior.values()), ()))


class PosteriorPredictive(NamedTuple):
    """Predictions and terms of the log density at draws of the posterior.

    - predictive: replicated data by observed site, `(chain, draw, *shape)`.
    - log_likelihood: by observed site, `(chain, draw, *shape without event dims)`; with the `weight` of its statement.
    - log_prior: by unknown, likewise: log density of the law that the spec states, at the drawn value.
    - observed: the data of each observed site, as the model used them.
    - thin: every how manieth draw was taken, 1 unless the arrays would have been too large.
    """

    predictive: Arrays
    log_likelihood: Arrays
    log_prior: Arrays
    observed: Arrays
    thin: int = 1


def trace_at_means(
    target: Target, data: Mapping[str, Any], given: Mapping[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """The sites of a model that is run forward with the mean of its law in the place of each draw.

    - given: values of unknowns that are known instead.
    """

    def mean(site: dict[str, Any]) -> jax.Array | None:
        if site["type"] != "sample" or site["value"] is not None:
            return None
        return given[site["name"]] if given and site["name"] in given else centre(site["fn"])

    model = substitute(without_reparam(target.model), substitute_fn=mean)
    return trace(model).get_trace(data, target.coords, observed=False)


def draw_prior(target: Target, key: jax.Array, draws: int = 1000) -> PriorPredictive:
    """Draw the unknowns from their prior, and data given them.

    - key: of `jax.random`; draw i depends on it and i alone.
    - draws: how many.

    A spec with a `factor`, or with an unknown whose prior is not normalised, has no prior sampler: the result is then
    empty and says so in `missing`.
    """
    missing = _no_sampler(target)
    if missing:
        return PriorPredictive({}, {}, missing)
    model = without_reparam(target.model)

    def one(key: jax.Array, _: Arrays, data: Arrays) -> dict[str, dict[str, jax.Array]]:
        sites = trace(seed(model, key)).get_trace(data, target.coords, observed=False)
        names = (*target.unknowns, *target.discrete, *target.quantities, *target.later)
        kept = {name: sites[name]["value"] for name in names if name in sites}
        return {"prior": kept, "predictive": {name: sites[name]["value"] for name in target.observed}}

    places = np.stack([np.zeros(draws, np.int64), np.arange(draws)], -1)
    try:
        found = over_draws(one, key, {}, places, target.data)
    except NotImplementedError:
        return PriorPredictive({}, {}, "a law of the spec has no sampler")
    return PriorPredictive(found["prior"], found["predictive"])


def predict_posterior(
    target: Target, posterior: Mapping[str, np.ndarray], key: jax.Array, *, max_bytes: int = 1 << 28
) -> PosteriorPredictive:
    """Replicate the data at draws of the posterior, and evaluate the terms of the log density there.

    - posterior: unknowns by name, `(chain, draw, *shape)`; others are ignored.
    - key: of `jax.random`; the prediction at a draw depends on it and the draw's place alone.
    - max_bytes: most that the results may take together; draws are thinned, evenly, until they do.
    """
    model = without_reparam(target.model)
    values = {name: posterior[name] for name in (*target.unknowns, *target.discrete)}
    chains, draws = next(iter(values.values())).shape[:2]

    def one(key: jax.Array, values: dict[str, jax.Array], data: Arrays) -> dict[str, dict[str, jax.Array]]:
        given = substitute(model, data=values)
        sites = trace(seed(given, key)).get_trace(data, target.coords, observed=True)
        try:
            replicated = run_forward(target, given, data, key)
        except NotImplementedError:
            # The law of the data can be evaluated but not sampled: there are no predictions, but all the rest.
            replicated = {}
        return {
            "predictive": {name: replicated[name]["value"] for name in target.observed if name in replicated},
            "log_likelihood": {name: _log_density(sites[name]) for name in target.observed},
            "log_prior": {name: _log_density(sites[name]) for name in values if _has_law(sites, name)},
        }

    first = {name: array[0, 0] for name, array in values.items()}
    size = _bytes_of(jax.eval_shape(one, key, first, dict(target.data)))
    thin = max(1, math.ceil(chains * draws * size / max_bytes))
    kept = len(range(0, draws, thin))
    flat = {name: array[:, ::thin].reshape(chains * kept, *array.shape[2:]) for name, array in values.items()}
    places = np.stack(np.meshgrid(np.arange(chains), np.arange(0, draws, thin), indexing="ij"), -1).reshape(-1, 2)
    found = over_draws(one, key, flat, places, target.data)
    shaped = {
        kind: {name: array.reshape(chains, kept, *array.shape[1:]) for name, array in arrays.items()}
        for kind, arrays in found.items()
    }
    return PosteriorPredictive(**shaped, observed=observed_values(target, first), thin=thin)


def run_forward(target: Target, model: Callable[..., Any], data: Mapping[str, Any], key: jax.Array) -> dict[str, Any]:
    """The sites of a model that draws data: those that were not observed given those before them, where a law looks back.

    Each run draws the same numbers, so that a place is as it will stay once those before it are.
    """

    def run(data: Mapping[str, Any], model: Callable[..., Any] = model) -> dict[str, Any]:
        return trace(seed(model, key)).get_trace(data, target.coords, observed=False)

    if not target.passes:
        return run(data)
    there = {name: jnp.asarray(data[missing_mask(name)]) for name in target.observed if missing_mask(name) in data}

    def as_data(name: str, drawn: jax.Array) -> jax.Array:
        dims = target.dims[name]
        return jnp.transpose(drawn, [dims.index(dim) for dim in target.dims[missing_mask(name)]])

    def as_site(name: str, values: jax.Array) -> jax.Array:
        dims = target.dims[missing_mask(name)]
        return jnp.transpose(values, [dims.index(dim) for dim in target.dims[name]])

    def filled(_: Any, known: dict[str, jax.Array]) -> dict[str, jax.Array]:
        def continued(site: dict[str, Any]) -> jax.Array | None:
            name, law = site["name"], innermost(site["fn"]) if site["type"] == "sample" else None
            if name not in known or not isinstance(law, Sequential):
                return None
            own = jax.random.fold_in(key, target.observed.index(name))
            return law.continued(own, as_site(name, known[name]), as_site(name, there[name]))

        sites = run({**data, **known}, substitute(model, substitute_fn=continued))
        drawn = {name: as_data(name, sites[name]["value"]) for name in known}
        return {name: jnp.where(there[name], each, drawn[name].astype(each.dtype)) for name, each in known.items()}

    known = jax.lax.fori_loop(0, target.passes, filled, {name: jnp.asarray(data[name]) for name in there})
    sites = run({**data, **known})
    for name, each in known.items():
        gaps, value = ~as_site(name, there[name]), as_site(name, each)
        sites[name] = {**sites[name], "value": jnp.where(gaps, value, sites[name]["value"])}
    return sites


def without_reparam(model: Callable[..., Any]) -> Callable[..., Any]:
    """The model below its `@reparam`, in which every unknown is a site with the law that the spec states."""
    while isinstance(model, reparam) and model.fn is not None:
        model = model.fn
    return model


def _no_sampler(target: Target) -> str:
    """Why the prior cannot be sampled, in words; empty if it can."""
    reasons: list[str] = []

    def look(key: jax.Array) -> None:
        model = without_reparam(target.model)
        # A feasible value stands in for a draw: a law without a sampler would fail before it could be named.
        stand_ins = substitute(model, substitute_fn=stand_in)
        for name, site in trace(seed(stand_ins, key)).get_trace(target.data, target.coords, observed=True).items():
            if site["type"] != "sample":
                continue
            law = innermost(site["fn"])
            if isinstance(law, dist.Unit):
                reasons.append("the spec has a `factor`, whose part in the prior cannot be sampled")
            elif not has_sampler(law):
                reasons.append(f"the prior of `{name}` is not normalised")

    jax.eval_shape(look, jax.random.key(0))
    return "; ".join(dict.fromkeys(reasons))


def _has_law(sites: Mapping[str, dict[str, Any]], name: str) -> bool:
    return name in sites and sites[name]["type"] == "sample"


def _log_density(site: Mapping[str, Any]) -> jax.Array:
    """Log density of a site at its value: event dims summed out, times its scale (the `weight` of a likelihood)."""
    found = site["fn"].log_prob(site["value"])
    return found if site.get("scale") is None else found * site["scale"]


def observed_values(target: Target, first: Mapping[str, np.ndarray]) -> Arrays:
    """The data of each observed site; of those that are computed from data (a `let` on the left), by the model.

    - first: some values of the unknowns; what it lacks is drawn.
    """
    found = {name: np.asarray(target.data[name]) for name in target.observed if name in target.data}
    rest = [name for name in target.observed if name not in found]
    if rest:
        given = seed(
            substitute(without_reparam(target.model), data={name: jnp.asarray(each) for name, each in first.items()}),
            jax.random.key(0),
        )

        @jax.jit
        def values(data: Arrays) -> dict[str, jax.Array]:
            sites = trace(given).get_trace(data, target.coords, observed=True)
            return {name: jnp.asarray(sites[name]["value"]) for name in rest}

        found.update({name: np.asarray(value) for name, value in values(target.data).items()})
    known = {name: target.data.get(missing_mask(name)) for name in target.observed}
    return {name: found[name] if at is None else np.where(at, found[name], np.nan) for name, at in known.items()}


def over_draws(
    one: Callable[[jax.Array, Any, Any], dict[str, dict[str, jax.Array]]],
    key: jax.Array,
    values: Arrays,
    places: np.ndarray,
    data: Mapping[str, np.ndarray],
    watch: Callable[[int, int], object] = unwatched,
) -> dict[str, Arrays]:
    """`one(key, values, data)` at each draw; `places`, `(draw, 2)`, are the chain and the number of each.

    Blocks of draws go through one compiled function, vectorised over the block, so that memory is bounded by a few blocks
    whatever the count, and however much is made of a draw on the way. The last block is filled up, so that all have one
    shape and it is compiled once; which draws are in a block does not depend on the machine.
    """
    count, data = len(places), dict(data)
    first = {name: array[0] for name, array in values.items()}
    program, shapes = jax.make_jaxpr(one, return_shape=True)(key, first, data)
    most = max(1, min(_BLOCK_DRAWS, _BLOCK_BYTES // max(1, _bytes_made(program.jaxpr), _bytes_of(shapes))))
    block = math.ceil(count / math.ceil(count / most))

    @jax.jit
    def at_block(key: jax.Array, places: jax.Array, values: Arrays, data: Arrays) -> dict[str, dict[str, jax.Array]]:
        fold = jax.random.fold_in
        keys = jax.vmap(lambda place: fold(fold(key, place[0]), place[1]))(places)
        return jax.vmap(one, (0, 0, None))(keys, values, data)

    found = {
        kind: {name: np.empty((count, *each.shape), each.dtype) for name, each in arrays.items()}
        for kind, arrays in shapes.items()
    }

    def fill(start: int) -> int:
        stop = min(start + block, count)
        taken = np.minimum(np.arange(start, start + block), count - 1)
        here = {name: array[taken] for name, array in values.items()}
        for kind, arrays in at_block(key, places[taken], here, data).items():
            for name, array in arrays.items():
                found[kind][name][start:stop] = np.asarray(array)[: stop - start]
        return stop

    # The first alone: it compiles, and handlers of NumPyro are not for several threads.
    watch(fill(0), count)
    with ThreadPoolExecutor(min(_BLOCKS, cores())) as pool:
        for done in pool.map(fill, range(block, count, block)):
            watch(done, count)
    return found


def _bytes_made(program: Jaxpr) -> int:
    """What the equation of a program makes that makes most: of a loop, all that it stacks."""
    here = (sum(_bytes(each.aval) for each in eqn.outvars) for eqn in program.eqns)
    return max((*here, *map(_bytes_made, subjaxprs(program))), default=0)


def _bytes_of(shapes: Any) -> int:
    return sum(map(_bytes, jax.tree.leaves(shapes)))


def _bytes(each: Any) -> int:
    return math.prod(each.shape) * each.dtype.itemsize
