"""Ensembles that look at windows of time: what is found at the base of a window moves all of it, by the model itself."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Filter, Plan
from uqdsl.assimilate.ensemble import (
    Ensemble,
    Moved,
    ensemble_filter,
    estimate,
    inflated,
    members,
    rotated,
    seen_by,
)
from uqdsl.assimilate.system import Events, System
from uqdsl.assimilate.window import Found, Span, window_filter
from uqdsl.infer.kalman import White
from uqdsl.vocabulary.assimilation.schemes import AdaptiveInflation, Gated
from uqdsl.vocabulary.assimilation.windows import EnsembleWindowOptions

type Shown = Callable[[jax.Array], White]
"""From an ensemble `(N, n)` at the base of a window to what it would show of the observations of the block, `(N, m)`."""
type Update = Callable[[jax.Array, Shown, jax.Array], Moved]
"""From an ensemble `(N, n)` at the base of a window to that after the analysis."""


def ensemble_window(options: EnsembleWindowOptions, plan: Plan, update: Update) -> Filter:
    """A method that updates the ensemble at the base of a window."""
    estimated = jnp.asarray(plan.estimated)
    moving = ensemble_filter(options, plan, lambda _system, ensemble, _seen, _key: Moved(ensemble))

    def step(system: System, ensemble: Ensemble, event: Events) -> Ensemble:
        # Nothing is drawn on the way, or a second run would not be the first.
        return moving.predict(system, ensemble, event, jax.random.key(0))

    def look(system: System, ensemble: Ensemble, event: Events) -> White:
        return seen_by(system, ensemble, event, estimated).white

    def analysis(system: System, base: Ensemble, span: Span, key: jax.Array) -> Found:
        for_update, for_inflation, for_rotation = jax.random.split(key, 3)
        before = base.joint(estimated)

        def shown(joint: jax.Array) -> White:
            white: White = span.seen(
                system, step, base.with_joint(joint, estimated), lambda each, event: look(system, each, event)
            )[1]
            predicted = jnp.swapaxes(white.predicted, 0, 1).reshape(len(joint), -1)
            return White(predicted, white.values.ravel())

        moved = update(before, shown, for_update)
        after = inflated(options.inflation, before, moved.ensemble, for_inflation)
        if options.rotate:
            after = rotated(for_rotation, after)
        found = base.with_joint(after, estimated)
        return Found(found, span.run(system, step, found, lambda *_: None)[0], moved.numbers)

    def refuse(_system: System) -> tuple[str, str] | None:
        if isinstance(options.fallback, Gated):
            return "what it falls back to looks at one time, not at a window", "leave `fallback` out"
        if options.reject is not None:
            return "what is observed is compared with one forecast, and a window has several", "leave `reject` out"
        if isinstance(options.inflation, AdaptiveInflation):
            return (
                "adaptive inflation learns from one time, not from a window",
                "write `inflation = multiplicative(1.02)`",
            )
        return None

    return window_filter(
        options.window,
        options.shift,
        lambda system, key: moving.begin(system, key),
        step,
        analysis,
        estimate,
        refuse=refuse,
        members=members,
    )
