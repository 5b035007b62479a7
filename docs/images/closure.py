"""Makes the picture of `specs/lorenz96_closure.uq`: what the network learned, and how far its forecasts are good.

`uv run python docs/images/closure.py`; it takes some minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.assimilate.cycle import Asked, Plan, follow
from uqdsl.assimilate.system import System
from uqdsl.driver.assimilate import system_of
from uqdsl.driver.front import check_with_data
from uqdsl.driver.source import read_source
from uqdsl.infer.environment import choose_device
from uqdsl.report import canvas
from uqdsl.vocabulary.assimilation import filters

TOP = Path(__file__).parents[2]
SPEC, TRUTH = TOP / "specs" / "lorenz96_closure.uq", TOP / "specs" / "data" / "lorenz96_closure_truth.csv"
SETTINGS = {
    "network, learned while it runs": {},
    "polynomial of Wilks (2005)": {"learned": 0.0, "wilks": 1.0},
    "no correction": {"learned": 0.0, "error": 0.9},
}
"""What stands for the small waves, and the settings of the spec with which it does."""
COLOURS = dict(zip(SETTINGS, (canvas.BLUE, canvas.ORANGE, canvas.QUIET), strict=True))
MEMBERS, LEAD = 100, 20
LEARNED, LAST = 400, 780
"""The analyses from which forecasts are made: once the network has learned, and while there is a truth to the end."""


class Ran(NamedTuple):
    """Error of forecasts by lead `(LEAD + 1,)`, and members of the parameters at the end, by name."""

    error: np.ndarray
    parameters: dict[str, np.ndarray]


def main() -> None:
    """Run the spec with each setting, and draw."""
    choose_device("cpu", 64)
    ran = {name: run(settings) for name, settings in SETTINGS.items()}
    for name, each in ran.items():
        print(name, np.round(each.error[[1, 5, 10, 20]], 3))
    (Path(__file__).parent / "lorenz96_closure.svg").write_text(canvas.svg(draw(ran)), encoding="utf-8")


def table() -> np.ndarray:
    """The truth: time, the large waves, and the effect of the small ones on each."""
    return np.genfromtxt(TRUTH, delimiter=",", names=True)


def truth(ending: str = "") -> np.ndarray:
    """Of each large wave along the times, `(time, wave)`."""
    known = table()
    return np.stack([known[f"x{number}{ending}"] for number in range(1, 9)], axis=1)


def run(settings: dict[str, float]) -> Ran:
    """Assimilate, and let members go free from each of many analyses with the parameters as they were known then."""
    checked, dataset = check_with_data(read_source(SPEC), settings)
    motion = checked.spec.motion
    assert motion is not None
    system, _ = system_of(checked.spec, checked.sources, dataset)
    asked, layout = motion.assimilations[0], system.fixed.parameters
    plan = Plan(layout.mask(asked.names), layout.mask(asked.sampled))
    method = filters()[asked.method]
    filter_ = method.load()(method.options(**asked.options), plan)
    found = follow(system, filter_, jax.random.key(0), lambda *_: None, Asked(keep=MEMBERS))
    assert found.members is not None
    known, squares = truth(), []
    for start in range(LEARNED, LAST, LEAD // 2):
        ahead = forecasts(
            system, jnp.asarray(found.members[start]), jnp.asarray(found.analysis.parameters[start]), start
        )
        squares.append((np.asarray(ahead) - known[start : start + LEAD + 1]) ** 2)
    free = jax.vmap(system.constrained)(found.last.parameters)
    return Ran(np.sqrt(np.mean(squares, axis=(0, 2))), layout.split_rows(np.asarray(free)))


@jax.jit
def forecasts(system: System, members: jax.Array, parameters: jax.Array, start: int) -> jax.Array:
    """Means of members `(N, d)` at so many times from an analysis on, `(LEAD + 1, d)`."""

    def moved(states: jax.Array, number: jax.Array) -> tuple[jax.Array, jax.Array]:
        event = jax.tree.map(lambda each: each[number], system.events)
        keys = jax.random.split(jax.random.fold_in(jax.random.key(1), number), len(states))
        states = jax.vmap(lambda state, key: system.step(state, parameters, event, key))(states, keys)
        return states, states.mean(0)

    _, later = jax.lax.scan(moved, members, start + 1 + jnp.arange(LEAD))
    return jnp.concatenate([members.mean(0)[None], later])


def network(parameters: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """What each member takes from the tendency of a wave, `5 g(x / 5)`: `(member, place)`."""
    first, bias, second, shift = (parameters[f"g.{name}"] for name in NAMES)
    hidden = np.tanh(x[None, :, None] / 5 * first.reshape(MEMBERS, 1, -1) + bias.reshape(MEMBERS, 1, -1))
    return 5 * (np.einsum("mxh,mh->mx", hidden, second.reshape(MEMBERS, -1)) + shift.reshape(MEMBERS, 1))


NAMES = ("dense1.kernel", "dense1.bias", "dense2.kernel", "dense2.bias")


def polynomial(x: np.ndarray) -> np.ndarray:
    """That of Wilks, as the spec has it."""
    return 0.262 + 1.45 * x - 0.0121 * x**2 - 0.00713 * x**3 + 0.000296 * x**4


def draw(ran: dict[str, Ran]) -> canvas.Drawing:
    """What was learned beside what was true; errors by lead."""
    names = list(SETTINGS)
    note = (
        "points: true effects of the small waves, of which nothing was observed; band: 90 % of what the network may be"
    )
    with canvas.drawn(
        3.2, "A network in the tendency learns what the model leaves out, while the model runs", note
    ) as figure:
        left, right = canvas.grid(figure, 2, 2)
        x, effect = truth()[::2].ravel(), truth("_effect")[::2].ravel()
        left.plot(x, effect, ".", color=canvas.QUIET, alpha=0.35, markersize=1.5, rasterized=True)
        places = np.linspace(np.quantile(x, 0.001), np.quantile(x, 0.999), 120)
        members = network(ran[names[0]].parameters, places)
        low, high = np.quantile(members, (0.05, 0.95), axis=0)
        left.fill_between(places, low, high, color=COLOURS[names[0]], alpha=0.3, linewidth=0)
        left.plot(places, members.mean(axis=0), color=COLOURS[names[0]])
        left.plot(places, polynomial(places), color=COLOURS[names[1]])
        left.axhline(0, color=COLOURS[names[2]], linewidth=1)
        left.set_xlabel("large wave x")
        left.set_ylabel("taken from its tendency")
        for name, each in ran.items():
            right.plot(0.05 * np.arange(LEAD + 1), each.error, color=COLOURS[name], label=name)
        right.set_xlabel("lead time (0.2 is a day)")
        right.set_ylabel("error of the forecast")
        right.set_ylim(bottom=0)
        canvas.legend(figure, right.get_legend_handles_labels()[0])
    return figure


if __name__ == "__main__":
    main()
