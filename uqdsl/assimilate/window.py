"""Windows of time: methods that take the observations of a block of events in together, and look at them from one before.

An event is a time of the axis or of an observation; a step leads from one to the next. A window is `length` steps long and
moves on by `shift` steps. Its block has the events of its last `shift` steps, the first block that at the first time too, so
that every observation is taken in once, at the last event of its block at which there is one:

    events        0 · · · · · · · · · · ·
    window n            b───────────────e        e = (n + 1) shift, b = e - length
    its block                     ·─────e

What is known is carried at two events: at `b`, the base, before the observations of the block, and `now`. Between two blocks
the base moves on, and what is known there is all that a block tells the next. On the way back, each event is known as the
last window tells that reaches it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.assimilate.cycle import Estimate, Filter, Members, Smoother
from uqdsl.assimilate.system import Events, System

type Step = Callable[[System, Any, Events], Any]
"""From what is known at the event before to what is known at an event."""


class Windows(NamedTuple):
    """How long windows are, and how far apart."""

    length: int
    shift: int

    def block(self, number: jax.Array) -> jax.Array:
        """The block of an event."""
        return jnp.maximum(number - 1, 0) // self.shift

    def base(self, block: jax.Array) -> jax.Array:
        """The event that a block is looked at from; before the first event nothing moves."""
        return (block + 1) * self.shift - self.length


class Span(NamedTuple):
    """A part of time: from the base of a window to an event, whose block is what the analysis is about."""

    windows: Windows
    base: jax.Array
    stop: jax.Array

    def counts(self, number: jax.Array) -> jax.Array:
        """Whether an event is of the block."""
        first = self.base + self.windows.length - self.windows.shift
        return ((number > first) | (number == 0)) & (number >= first) & (number <= self.stop)

    def run(
        self,
        system: System,
        step: Step,
        known: Any,
        look: Callable[[Any, Events, jax.Array], Any],
        steps: int | None = None,
    ) -> tuple[Any, Any]:
        """What is known at the stop, and what `look` makes of what is known along the way, an event, and whether it counts.

        Arguments:
            steps: how many of them; all of the window where it is not given.
        """

        def one(known: Any, number: jax.Array) -> tuple[Any, Any]:
            event = event_of(system, number)
            moves = (number > jnp.maximum(self.base, 0)) & (number <= self.stop)
            known = jax.lax.cond(moves, lambda known: step(system, known, event), lambda known: known, known)
            return known, look(known, event, self.counts(number))

        numbers = jnp.arange(1 + (self.windows.length if steps is None else steps))
        return jax.lax.scan(jax.checkpoint(one), known, self.base + numbers)

    def seen(self, system: System, step: Step, known: Any, look: Callable[[Any, Events], Any]) -> tuple[Any, Any]:
        """What is known at the stop, and what is seen at each event that may count, `(shift + 1, …)`; 0 where it does not."""
        end, found = self.run(system, step, known, where_it_counts(look))
        return end, jax.tree.map(lambda each: each[-1 - self.windows.shift :], found)

    def along(self, system: System, step: Step, known: Any, steps: int | None = None) -> Any:
        """What is known at each event, `(length + 1, …)`."""
        return self.run(system, step, known, lambda known, _event, _counts: known, steps)[1]


def where_it_counts(look: Callable[[Any, Events], Any]) -> Callable[[Any, Events, jax.Array], Any]:
    """What is seen where an event counts; 0 where it does not."""

    def shown(known: Any, event: Events, counts: jax.Array) -> Any:
        like = jax.eval_shape(look, known, event)
        nothing = jax.tree.map(lambda each: jnp.zeros(each.shape, each.dtype), like)
        return jax.lax.cond(counts, lambda known: look(known, event), lambda _: nothing, known)

    return shown


def windows_of(system: System, window: int | None, shift: int | None = None) -> Windows:
    """The windows of a system as they are asked for: without `window` one over all times, without `shift` one by one."""
    most = max(1, len(system.events.time) - 1)
    length = min(most, window or most)
    return Windows(length, min(length, shift or length))


class Carried(NamedTuple):
    """What is carried: at the base, and now; and at which events an analysis is due, `(event,)`."""

    base: Any
    now: Any
    due: jax.Array


class Found(NamedTuple):
    """What an analysis found: at the base, at the stop, and numbers, by name."""

    base: Any
    now: Any
    numbers: dict[str, jax.Array]


class _Looking(NamedTuple):
    """What is known at each event of a window, and the event of its base."""

    along: Any
    base: jax.Array


def window_filter(
    window: int | None,
    shift: int | None,
    first: Callable[[System, jax.Array], Any],
    step: Step,
    analysis: Callable[[System, Any, Span, jax.Array], Found],
    estimate: Callable[[System, Any, Events], Estimate],
    again: Callable[[Any], Any] = lambda known: known,
    along: Callable[[System, Any, Span], Any] | None = None,
    refuse: Callable[[System], tuple[str, str] | None] | None = None,
    members: Callable[[System, Any], Members] | None = None,
    drawn: Callable[[System, Any, jax.Array, int], Members] | None = None,
) -> Filter:
    """A method that looks at windows.

    Arguments:
        window, shift: steps, as of `windows_of`.
        first: what is known at the first time.
        step: how that moves.
        analysis: what the observations of a span make of what is known at its base.
        estimate: that in numbers.
        again: what stands at a base for the next window.
        along: what is known at each event of a window `(length + 1, …)`, from what was carried at its base at its end; a run
            of the steps where it is not given.
        refuse: why it cannot follow a system.
        members: what is known as draws.
        drawn: draws of it, where there are no members.
    """

    def begin(system: System, key: jax.Array) -> Carried:
        windows, count = windows_of(system, window, shift), len(system.events.time)
        there = jax.lax.map(system.any_observed, system.events)
        numbers = jnp.where(there, jnp.arange(count), -1)
        blocks = windows.block(jnp.arange(count))
        last = jax.ops.segment_max(numbers, blocks, num_segments=count)[blocks]
        known = first(system, key)
        return Carried(known, known, there & (last == jnp.arange(count)))

    def predict(system: System, carried: Carried, event: Events, _key: jax.Array) -> Carried:
        windows = windows_of(system, window, shift)
        block = windows.block(event.number)

        def moved_on(carried: Carried) -> Carried:
            if windows.length == windows.shift:
                base = again(carried.now)
                return carried._replace(base=base, now=base)
            before = Span(windows, windows.base(block - 1), windows.base(block))
            base, _ = before.run(system, step, carried.base, lambda *_: None, windows.shift)
            base = again(base)
            now, _ = Span(windows, windows.base(block), event.number - 1).run(system, step, base, lambda *_: None)
            return carried._replace(base=base, now=now)

        begins = (event.number > 1) & ((event.number - 1) % windows.shift == 0)
        carried = jax.lax.cond(begins, moved_on, lambda carried: carried, carried)
        return carried._replace(now=step(system, carried.now, event))

    def analyse(
        system: System, carried: Carried, event: Events, key: jax.Array
    ) -> tuple[Carried, dict[str, jax.Array]]:
        windows = windows_of(system, window, shift)
        span = Span(windows, windows.base(windows.block(event.number)), event.number)

        def taken_in(carried: Carried) -> tuple[Carried, dict[str, jax.Array]]:
            found = analysis(system, carried.base, span, key)
            told = estimate(system, found.now, event)
            seen = system.observe(system.free(told.mean), told.parameters, event)
            gain = jnp.where(seen.present, told.observed_sd**2 / seen.covariance.variance, 0.0)
            return carried._replace(base=found.base, now=found.now), {**found.numbers, "gain": gain}

        _, numbers = jax.eval_shape(taken_in, carried)
        nothing = {name: jnp.full(each.shape, jnp.nan) for name, each in numbers.items()}
        nothing["gain"] = jnp.zeros_like(nothing["gain"])
        return jax.lax.cond(carried.due[event.number], taken_in, lambda carried: (carried, nothing), carried)

    def looked(system: System, kept: Any, span: Span, steps: int) -> Any:
        if along is None:
            return span.along(system, step, kept, steps)
        return jax.tree.map(lambda each: each[: steps + 1], along(system, kept, span))

    def begin_back(system: System, kept: Any, event: Events) -> _Looking:
        windows = windows_of(system, window, shift)
        base = windows.base(windows.block(event.number))
        return _Looking(looked(system, kept, Span(windows, base, event.number), windows.length), base)

    def back(system: System, here: Any, _after: Any, known: _Looking, event: Events) -> _Looking:
        windows, number = windows_of(system, window, shift), event.number - 1

        def earlier(known: _Looking) -> _Looking:
            base = number - windows.length
            own = looked(system, here, Span(windows, base, number), windows.shift - 1)
            kept = windows.length + 1 - windows.shift
            both = jax.tree.map(lambda own, known: jnp.concatenate([own, known[:kept]]), own, known.along)
            return _Looking(both, base)

        ends = (number > 0) & (number % windows.shift == 0)
        return jax.lax.cond(ends, earlier, lambda known: known, known)

    def then(system: System, known: _Looking, event: Events) -> Estimate:
        place = event.number - known.base
        return estimate(system, jax.tree.map(lambda each: each[place], known.along), event)

    return Filter(
        begin,
        predict,
        analyse,
        lambda system, carried, event: estimate(system, carried.now, event),
        smoother=Smoother(lambda _forecast, analysis: analysis.base, begin_back, back, then),
        refuse=refuse,
        members=None if members is None else lambda system, carried: members(system, carried.now),
        drawn=None if drawn is None else lambda system, carried, key, count: drawn(system, carried.now, key, count),
    )


def event_of(system: System, number: jax.Array) -> Events:
    """The event of a number; beyond the ends the event there."""
    place = jnp.clip(number, 0, len(system.events.time) - 1)
    return jax.tree.map(lambda each: each[place], system.events)
