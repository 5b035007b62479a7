"""4D-Var with the model as a weak constraint: its errors in a window stand in the control, beside the state at its base.

    J(w, η) = ½ |w|² + ½ Σ_k |η_k|² - Σ_k log p(y_k | x_k),    x_b + B^{1/2} w at the base, x_k = M(x_{k-1}) + Q_k^{1/2} η_k

where Q_k is the covariance with which the model says that it errs; one that depends on the state is taken as of that. The
covariance of all that is known is taken for the inverse of the matrix of Gauss and Newton, moved along the window by tangents.
Windows follow one another, each with the law that the one before leads to.

References:
    Trémolet 2006, Accounting for an Imperfect Model in 4D-Var, Q. J. R. Meteorol. Soc. 132, 2483-2504.
    Bell 1994, The Iterated Kalman Smoother as a Gauss-Newton Method, SIAM J. Optim. 4, 626-636.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.linalg import block_diag

from uqdsl.assimilate.background import DENSE, Background, first_law, no_law
from uqdsl.assimilate.cycle import Estimate, Filter, Members, Plan
from uqdsl.assimilate.gaussian import Joint
from uqdsl.assimilate.minimise import Minimum, minimise, posterior_root
from uqdsl.assimilate.strong_4dvar import Known, Sight, sight
from uqdsl.assimilate.system import Events, System
from uqdsl.assimilate.window import Found, Span, where_it_counts, window_filter, windows_of
from uqdsl.vocabulary.assimilation.windows import WeakOptions

_CONTROLS = 5000
"""The largest control, whose covariance is a matrix."""


def make(options: WeakOptions, plan: Plan) -> Filter:
    """The filter, and the way back."""
    joint = Joint(plan)

    def first(system: System, key: jax.Array) -> Known:
        law, parameters = first_law(system, joint, key)
        return Known(law, jnp.zeros(0), parameters)

    def moved(system: System, known: jax.Array, event: Events, each: jax.Array, error: jax.Array) -> jax.Array:
        """Where states and parameters `(n,)` move, with an error `(d,)` in units of its law."""
        state, parameters = joint.split(system, each, known)
        acting = jax.lax.stop_gradient(system.forecast(state, parameters, event).covariance)
        return joint.step(system, known, event)(each).at[: system.size].add(acting.coloured(error))

    def step(system: System, known: Known, event: Events) -> Known:
        size = len(known.law.mean)

        def one(both: jax.Array) -> jax.Array:
            return moved(system, known.parameters, event, both[:size], both[size:])

        root = block_diag(known.law.root, jnp.eye(system.size))
        after = Background(jnp.concatenate([known.law.mean, jnp.zeros(system.size)]), root).moved(one)
        return known._replace(law=Background(after.mean, _narrow(after.root)))

    def run(system: System, known: Known, span: Span, control: jax.Array, look: Callable[..., Any]) -> tuple[Any, Any]:
        """The model from a base on, as a control has it."""
        mean, root = known.law
        errors = control[root.shape[1] :].reshape(span.windows.length, -1)

        def model(system: System, each: jax.Array, event: Events) -> jax.Array:
            return moved(system, known.parameters, event, each, errors[event.number - 1 - span.base])

        return span.run(system, model, mean + root @ control[: root.shape[1]], look)

    def least(system: System, known: Known, span: Span) -> tuple[Minimum, jax.Array]:
        """The control that is best, and a root of its covariance."""
        look = partial(sight, system, joint, known.parameters)

        def seen(control: jax.Array) -> Sight:
            return run(system, known, span, control, where_it_counts(look))[1]

        def residuals(control: jax.Array) -> jax.Array:
            return jnp.ravel(seen(control).residuals)

        start = jnp.zeros(known.law.root.shape[1] + span.windows.length * system.size)
        found = minimise(residuals, start, options, lambda control: -jnp.sum(seen(control).log_likelihood))
        return found, posterior_root(residuals, found.control)

    def analysis(system: System, base: Known, span: Span, _key: jax.Array) -> Found:
        found, root = least(system, base, span)
        law = Background(found.control, root).moved(lambda each: run(system, base, span, each, lambda *_: None)[0])
        return Found(base, base._replace(law=Background(law.mean, _narrow(law.root))), found.numbers)

    def along(system: System, base: Known, span: Span) -> Known:
        # What was found at the end of the window is found again: to keep it would take a control for each event.
        found, root = least(system, base, span)
        means, slope = jax.linearize(
            lambda control: run(system, base, span, control, lambda each, *_: each)[1], found.control
        )
        roots = jax.vmap(_narrow)(jnp.moveaxis(jax.vmap(slope, 1)(root), 0, 2))
        return jax.tree.map(lambda each: jnp.broadcast_to(each, (len(means), *each.shape)), base)._replace(
            law=Background(means, roots)
        )

    def estimate(system: System, known: Known, event: Events) -> Estimate:
        return joint.told(system, known.law.mean, known.law.root, known.parameters, event)

    def drawn(system: System, known: Known, key: jax.Array, count: int) -> Members:
        return joint.drawn(system, known.law.mean, known.law.root, known.parameters, key, count)

    def refuse(system: System) -> tuple[str, str] | None:
        steps = windows_of(system, options.window).length
        size = system.size * (1 + steps) + int(plan.estimated.sum())
        if system.size > DENSE or size > _CONTROLS:
            reason = f"a control of {size} elements is more than has a matrix to compute with"
            return reason, f"write `window = {max(1, _CONTROLS // system.size - 2)}`, or `strong_4dvar`"
        return no_law(system, plan, "propagated")

    return window_filter(options.window, None, first, step, analysis, estimate, along=along, refuse=refuse, drawn=drawn)


def _narrow(root: jax.Array) -> jax.Array:
    """A root `(n, n)` of the covariance of which one `(n, c)` is known, with more columns than rows."""
    return jnp.linalg.qr(root.T, mode="r").T
