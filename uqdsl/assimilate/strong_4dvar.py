"""4D-Var with the model as a strong constraint: the state at the base of a window, from all that is observed in its block.

    J(w) = ½ |w|² - Σ_k log p(y_k | M_k(x_b + B^{1/2} w))

with x_b what is expected at the base, M_k the model from there to event k, and B the covariance of what is wrong with x_b.
Of Gaussian observations the sum is `½ Σ |R^{-1/2} (y_k - h(M_k(·)))|²` and a constant. Derivatives are tangents and adjoints
of the model by JAX. The covariance of the control is taken for the inverse of the matrix of Gauss and Newton, `(1 + J'J)^-1`;
where the next window begins it is that, moved by tangents (`propagated`), or one of the static ones. Parameters that are
estimated stand beside the states in the control.

References:
    Le Dimet & Talagrand 1986, Variational Algorithms for Analysis and Assimilation of Meteorological Observations, Tellus A 38,
    97-110.
    Courtier, Thépaut & Hollingsworth 1994, A Strategy for Operational Implementation of 4D-Var, Using an Incremental Approach,
    Q. J. R. Meteorol. Soc. 120, 1367-1387.
    Asch, Bocquet & Nodet 2016, Data Assimilation: Methods, Algorithms, and Applications, SIAM, chapter 2.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.background import Background, background, first_law, no_law
from uqdsl.assimilate.cycle import Estimate, Filter, Members, Plan
from uqdsl.assimilate.gaussian import Joint
from uqdsl.assimilate.minimise import minimise, posterior_root
from uqdsl.assimilate.system import Events, System
from uqdsl.assimilate.window import Found, Span, window_filter
from uqdsl.vocabulary.assimilation.schemes import Propagated
from uqdsl.vocabulary.assimilation.windows import StrongOptions


class Known(NamedTuple):
    """A law of states and parameters that are estimated, the root of the static covariance, and all parameters at first."""

    law: Background
    always: jax.Array
    parameters: jax.Array


class Sight(NamedTuple):
    """What is seen of a control at events: the log density of the observations, and their residuals in units of the errors."""

    log_likelihood: jax.Array
    residuals: jax.Array


def make(options: StrongOptions, plan: Plan) -> Filter:
    """The filter, and the way back."""
    joint = Joint(plan)
    moves = isinstance(options.covariance, Propagated)

    def first(system: System, key: jax.Array) -> Known:
        law, parameters = first_law(system, joint, key)
        always = jnp.zeros(0) if moves else background(system, options.covariance, options.scale, key).root
        return Known(law, always, parameters)

    def again(known: Known) -> Known:
        if not moves:
            return known._replace(law=known.law._replace(root=known.always))
        wider = joint.wider(known.law.root, options.scale)
        return known._replace(law=known.law._replace(root=wider))

    def step(system: System, known: Known, event: Events) -> Known:
        return known._replace(law=known.law.moved(joint.step(system, known.parameters, event)))

    def analysis(system: System, base: Known, span: Span, _key: jax.Array) -> Found:
        mean, root = base.law

        def model(system: System, each: jax.Array, event: Events) -> jax.Array:
            return joint.step(system, base.parameters, event)(each)

        def seen(control: jax.Array) -> Sight:
            look = partial(sight, system, joint, base.parameters)
            return span.seen(system, model, mean + root @ control, look)[1]

        found = minimise(
            lambda control: jnp.ravel(seen(control).residuals),
            jnp.zeros(root.shape[1]),
            options,
            lambda control: -jnp.sum(seen(control).log_likelihood),
        )
        spread = posterior_root(lambda control: jnp.ravel(seen(control).residuals), found.control)
        after = base._replace(law=Background(mean + root @ found.control, root @ spread))
        now = after.law.moved(lambda each: span.run(system, model, each, lambda *_: None)[0])
        return Found(after, after._replace(law=now), found.numbers)

    def estimate(system: System, known: Known, event: Events) -> Estimate:
        return joint.told(system, known.law.mean, known.law.root, known.parameters, event)

    def drawn(system: System, known: Known, key: jax.Array, count: int) -> Members:
        return joint.drawn(system, known.law.mean, known.law.root, known.parameters, key, count)

    def refuse(system: System) -> tuple[str, str] | None:
        return no_law(system, plan, options.covariance)

    return window_filter(
        options.window, options.shift, first, step, analysis, estimate, again, refuse=refuse, drawn=drawn
    )


def sight(system: System, joint: Joint, known: jax.Array, each: jax.Array, event: Events) -> Sight:
    """What is seen at an event of states and parameters `(n,)`; 0 where nothing was observed.

    Residuals are there for their slopes alone: what the errors' covariance has from the state does not count as one.
    """
    state, parameters = joint.split(system, each, known)
    seen = system.observe(state, parameters, event)
    apart = jnp.where(seen.present, seen.values - seen.mean, 0.0)
    errors = jax.lax.stop_gradient(seen.covariance.where(seen.present, 1.0))
    return Sight(system.log_likelihood(state, parameters, event), errors.whitened(apart))
