"""Monte Carlo dropout: a network trained with units left out at random, and drawn with units left out at random.

Each unit that a layer takes in is left out with probability p, and what is left is scaled up for the mean to stay:

    W = diag(b) M / (1 - p),   b_i ~ Bernoulli(1 - p),   M = argmax E[log p(data | W) + log p(W)]

so that a draw is one of weights, as of any other method, and M maximises the bound on the evidence that goes with this law of
the weights, up to a constant. All else that is unknown has the one value that training finds for it.

How wide it is p decides, and not how many data there are: the spread of the weights does not shrink as they come in.

Gal & Ghahramani 2016, Dropout as a Bayesian Approximation, ICML; Osband 2016, Risk versus Uncertainty in Deep Learning, NIPS
workshop on Bayesian deep learning (what it does not do).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.kronecker import layers, rows_of
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.training import prior_units, train
from uqdsl.vocabulary.methods.ensembles import DropoutOptions

_NOT_DRAWS = (
    "these are no draws of the posterior: how far they lie apart is set by `rate`, and does not shrink as data come in; what "
    "is no weight of a network has one value"
)


def run(posterior: Posterior, options: DropoutOptions, key: jax.Array, watch: Watch) -> Draws:
    """Train a network with units left out, and leave units out of it."""
    of_units, of_training, of_draws = jax.random.split(key, 3)
    units = units_of(posterior)

    def bound(posterior: Posterior, position: jax.Array, _: jax.Array, step: jax.Array) -> jax.Array:
        of_rows, of_mask = jax.random.split(step)
        return posterior.draw_batch(of_rows).log_density(position * left(of_mask, units, options.rate))

    trained = train(
        posterior,
        bound,
        prior_units(posterior, of_units),
        of_training,
        members=1,
        steps=options.steps,
        learning_rate=options.learning_rate,
        watch=watch,
    )
    masks = jax.vmap(lambda each: left(each, units, options.rate))(jax.random.split(of_draws, options.draws))
    finite = bool(jnp.isfinite(trained.positions).all())
    return Draws(
        trained.positions[0] * masks,
        diagnostics={"rate": options.rate, "units": int(units.max())},
        reasons=() if finite else ("training diverged: use a smaller `learning_rate`",),
        notes=(_NOT_DRAWS,),
        history={"log_density": np.asarray(trained.scores)},
        worth=np.nan,
    )


def units_of(posterior: Posterior) -> np.ndarray:
    """The number of the hidden unit that each element of a position is a weight of, from 1; 0 of what is no such, `(size,)`.

    A unit is what a layer gives out and a later one takes in: its weights are a row of that one's kernels.
    """
    found = np.zeros(posterior.size, int)
    shapes = dict(zip(posterior.layout.names, posterior.layout.shapes, strict=True))
    given_out: dict[str, set[str]] = {}
    for layer, names in layers(posterior).items():
        before = given_out.setdefault(layer.partition(".")[0], set())
        first, own = 1 + found.max(), set()
        for name in names:
            plain = name.removesuffix("_decentered")
            dims, kind = posterior.target.dims[plain], plain.rpartition(".")[2]
            own |= set(dims[-1:])
            if not kind.endswith("kernel") or kind == "recurrent_kernel":
                continue
            # A dimension that is given out as well as taken in has a prime where it is taken in.
            taken = [dim.removesuffix("'") in before and f"{dim}'" not in dims for dim in dims]
            if any(taken):
                shape = shapes[name]
                along = [size if of_unit else 1 for size, of_unit in zip(shape, taken, strict=True)]
                numbers = first + np.arange(np.prod(along)).reshape(along)
                found[rows_of(posterior, [name])] = np.broadcast_to(numbers, shape).ravel()
        before |= own
    return found


def left(key: jax.Array, units: np.ndarray, rate: float) -> jax.Array:
    """What each element of a position is multiplied by: 0 or 1 / (1 - rate) for the weights of a unit, else 1."""
    kept = jax.random.bernoulli(key, 1 - rate, (int(units.max()),)) / (1 - rate)
    return jnp.concatenate([jnp.ones(1), kept])[units]
