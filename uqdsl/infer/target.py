"""What every method is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from uqdsl.ir import Extern
from uqdsl.messages import Span


class Target(NamedTuple):
    """A compiled spec bound to data.

    - name: of the spec.
    - source: the text of the program; with the shapes of the data it tells one compiled program from another.
    - model: the NumPyro model, `model(data, coords, observed=True)`.
    - log_density: `log_density(position, data, coords)`, the log posterior density at an unconstrained position, up to
      a constant; `position` maps each unknown (`a_decentered` for a noncentered `a`) to its array.
    - log_parts: likewise, the log densities of prior and likelihood apart; their sum is `log_density`.
    - estimate: `estimate(position, key, data, coords)`, `log_parts` with an estimate of the likelihood that is random and
      unbiased, where a filter of particles gives that; `log_density` then is the estimate of one key.
    - data: every field, float64 or int64.
    - coords: the labels of every dimension.
    - dims: of every unknown, recorded quantity and observed site, in the order of its axes.
    - unknowns, quantities, observed: names of sites.
    - spans: of the statement of each site.
    - interest: names that the user asked for; empty means all.
    - lines: of the statement that each line of the program comes from.
    - summed: `summed(values, data, coords)`, the part of the log density from which discrete unknowns are summed out.
    - discrete: these unknowns, with how many values each has, and the first of them.
    - states: that move at random and were accounted for by a filter, with `draw_states(key, values, data)`, a draw of them
      given the unknowns; of particles that of the estimate of this key.
    - shown: the data that show these states; `model` without data draws them too.
    - later: quantities that depend on them, known once they have been drawn.
    - moving: quantities that move by a differential equation.
    - externs: the functions of Python that the program calls.
    - caveats: what has to be known of its density, one sentence each.
    - rows: the dimension of rows that know nothing of each other given the unknowns, where there is one.
    - batch: how many of them the likelihoods ask to be looked at at a time.
    - passes: how often data are drawn until what looks back at those that were not observed stands on those before.
    - weights: of its unknowns, those of networks, layer by layer: chains need not agree on them, as hidden units can change
      places.
    - about: of a spec with networks, `about(mode)` has the functions of the program with these linear in their weights there.
    """

    name: str
    source: str
    model: Callable[..., Any]
    log_density: Callable[..., Any]
    log_parts: Callable[..., Any]
    data: dict[str, np.ndarray]
    coords: dict[str, list]
    dims: dict[str, tuple[str, ...]]
    unknowns: tuple[str, ...]
    quantities: tuple[str, ...]
    observed: tuple[str, ...]
    spans: dict[str, Span]
    interest: tuple[str, ...] = ()
    lines: tuple[Span | None, ...] = ()
    summed: Callable[..., Any] | None = None
    discrete: dict[str, tuple[int, int]] = {}  # noqa: RUF012 - never changed
    later: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    draw_states: Callable[..., Any] | None = None
    estimate: Callable[..., Any] | None = None
    shown: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    moving: tuple[str, ...] = ()
    externs: tuple[Extern, ...] = ()
    weights: tuple[str, ...] = ()
    rows: str | None = None
    batch: int | None = None
    passes: int = 0
    about: Callable[[Mapping[str, Any]], Any] | None = None

    @property
    def file(self) -> str:
        """What tracebacks call the program."""
        return program_file(self.name)

    @property
    def recorded(self) -> tuple[str, ...]:
        """Names of what is kept of every draw."""
        return self.unknowns + self.quantities

    def linearised(self, mode: Mapping[str, Any]) -> Self:
        """The same with networks that are linear in their weights about a mode, by their names; itself without a mode."""
        if not mode or self.about is None:
            return self
        found = self.about(mode)
        return self._replace(
            model=found.model,
            log_density=found.log_density,
            log_parts=found.log_parts,
            summed=found.summed if self.summed is not None else None,
        )


def program_file(name: str) -> str:
    """What tracebacks call the program of a spec."""
    return f"<program of {name}>"
