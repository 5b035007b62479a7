"""From draws of a posterior to draws of what is predicted: one stage after the other, with a seed for each source.

A prediction is a function of one seed for each of the five sources (`uqdsl.uncertainty.budget`):

    training_data  which joint draw of the posterior, and with it which true training data
    weights        the random numbers of a chain of the weights given these true data; where training data are exact there is
                   no such chain, and this is which draw of the posterior; weights that are exact are the mode given these
                   data, and hang on nothing else
    testing_data   the random numbers of a chain of the residual's law given the weights, and which rank a state has in it
                   (`uqdsl.uncertainty.ranks`)
    new_input      those of the true new inputs
    function       those of the residual

The numbers of the last two are even (`uqdsl.uncertainty.even`): of the draws of a prediction together with what is known of
them, and of a budget together with each other. The others are random.

Nothing is kept of more rows at a time than fit into a block, so that memory does not grow with their number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl import ir
from uqdsl.ir import SOURCES
from uqdsl.uncertainty.budget import Seeds, remembered
from uqdsl.uncertainty.chained import Chained, Watch, unwatched
from uqdsl.uncertainty.compiled import compiled
from uqdsl.uncertainty.even import drawn, hashed, ranks_along, uniform
from uqdsl.uncertainty.known import DRAWS_TOGETHER, RANKED, Known
from uqdsl.uncertainty.outcomes import outcome_of
from uqdsl.uncertainty.ranks import ranked_like
from uqdsl.uncertainty.rows import row_dim
from uqdsl.uncertainty.short_chains import PILOTS, Given, Kernel, Mixing, adapt, each_of
from uqdsl.uncertainty.stages import (
    BLOCK_BYTES,
    Arrays,
    Stage,
    of_given_rows,
    row_names,
    run_forward,
    side_by_side,
)

_COLUMNS = 3
"""Numbers known of each draw over which seeds are even."""
_MOST_STATES, _CHEAP_ROWS = 16, 1024
"""Predictions for each chain, and of how many rows these cost little beside it."""


def repeated(known: Arrays, times: int) -> Arrays:
    """Each draw so many times."""
    return {name: np.repeat(each, times, axis=0) for name, each in known.items()}


def last(known: Arrays, states: int) -> Arrays:
    """Of each draw what goes with the last state."""
    return {name: each[states - 1 :: states] for name, each in known.items()}


class Predictor:
    """Predictions by stages, from draws of a posterior.

    Attributes:
        before: what is known before the rows that are predicted.
        outcomes: what is predicted of each target.
        along: the dimension along which it goes in blocks; empty where it does not.
        states: how many predictions go with each chain, by states of it: more than one where rows are few.
    """

    def __init__(
        self,
        known: Known,
        stages: Mapping[str, Stage],
        spec: ir.Spec,
        sites: Mapping[str, str],
        watch: Watch = unwatched,
    ) -> None:
        """Nothing is computed yet.

        Arguments:
            known: what is known before the rows that are predicted.
            stages: by name, at least `prediction`.
            spec: the IR of the prediction's stage.
            sites: the site that holds the draws of each target.
            watch: is told how far it is.
        """
        self.before, self.stages, self.sites, self.watch = known, stages, sites, watch
        known.chained.watch = watch
        self._chained = Chained(known.chained.wanted, watch)
        self._target = stages["prediction"].target
        self.outcomes = {name: outcome_of(spec, self._target.coords, site) for name, site in sites.items()}
        self.along = row_dim(spec, self._target.dims, sites.values())
        self._residual = remembered(self._of_testing, ("testing_data", "training_data", "weights"))
        inputs = stages.get("inputs")
        by_rows = inputs if inputs and self.along and inputs.along == self.along else None
        self._of_rows = of_given_rows(by_rows, self.along, np.arange(1)) if by_rows else None
        self._apart = self._of_rows.target.unknowns if self._of_rows else ()
        self._inputs = remembered(self._of_new, self._of_inputs)
        self.states = max(1, min(_MOST_STATES, _CHEAP_ROWS // self.rows)) if self.chained else 1

    @property
    def mixing(self) -> dict[str, Mixing]:
        """How well the short chains of each stage did."""
        return self.before.chained.mixing | self._chained.mixing

    @property
    def random(self) -> tuple[str, ...]:
        """The sources that have any randomness, in their order."""
        found = {
            "new_input": bool(self._drawn & set(self.stages["prediction"].inputs)) or "inputs" in self.stages,
            "testing_data": "residual" in self.stages,
            "training_data": bool("refit" in self.stages and self.stages["refit"].given),
            "weights": not self.before.weights_exact,
            "function": bool(self._of_function),
        }
        return tuple(each for each in SOURCES if found[each])

    def scatters_once(self, found: Arrays) -> bool:
        """Whether nothing of the function varies but the law that each outcome of a prediction came from."""
        known = {each.scatter for name, each in self.outcomes.items() if each.classes or f"{name} mean" in found}
        return self._of_function <= known

    @property
    def _drawn(self) -> set[str]:
        """The sites of the prediction that are drawn."""
        return {*self._target.unknowns, *(set(self.sites.values()) & set(self._target.observed))}

    @property
    def _of_function(self) -> set[str]:
        return self._drawn - set(self.stages["prediction"].inputs)

    @property
    def independent(self) -> int:
        """Draws of the posterior that there are."""
        return self.before.independent

    @property
    def chained(self) -> frozenset[str]:
        """The sources whose seeds chains hang on, or searches for a mode; all else of a prediction costs next to nothing."""
        hang_on = {
            "refit": ("training_data", "weights"),
            "residual": ("testing_data", "training_data", "weights"),
            "inputs": self._of_inputs,
        }
        return frozenset(each for stage, sources in hang_on.items() if stage in self.stages for each in sources)

    @property
    def _of_inputs(self) -> tuple[str, ...]:
        """The sources that chains of true inputs hang on; errors of theirs may be known with the law of the residual."""
        given = set(self.stages["inputs"].given) if "inputs" in self.stages else set[str]()
        residual = self.stages["residual"].target.unknowns if "residual" in self.stages else ()
        learned = ("testing_data",) if given.intersection(residual) else ()
        return ("new_input", *learned, "training_data", "weights")

    # ------------------------------------------------------------------------------------------ what is known before

    def _of_testing(self, seeds: Seeds) -> tuple[Arrays, Arrays]:
        """What is known with the law of the residual, by ranks among the states of a chain, and by ranks in each half of it."""
        each, index = repeated(self.before.weights(seeds), self.states), seeds["testing_data"]
        if "residual" not in self.stages:
            return each, each
        law, reference = self.before.law(seeds), self.before.reference(seeds)
        step = RANKED // self.states
        places = index[:, None] % step + step * np.arange(self.states)

        def ranked(parts: int) -> Arrays:
            single = ranked_like(
                {name: of for name, of in law.items() if name in self.before.ordered}, reference, parts
            )
            return self._with_law(each, law | single, places)

        return ranked(1), ranked(2)

    def _with_law(self, known: Arrays, law: Arrays, places: np.ndarray) -> Arrays:
        """What is known by states with the law of the residual, at these states of its chains."""
        return self.before.with_statistics(known | _taken_states(law, places), "residual_statistics")

    def _of_new(self, seeds: Seeds) -> Arrays:
        """True new inputs that have no formula."""
        return self._with_inputs(self._residual(seeds)[0], seeds["new_input"])

    def _with_inputs(self, known: Arrays, index: np.ndarray) -> Arrays:
        """True new inputs that have no formula, for each state, where there are such, and they hang together.

        Arguments:
            known: by states, as it is to be with what is found here.
            index: of their seeds, one for each chain.
        """
        if "inputs" not in self.stages or self._of_rows:
            return {}
        given = each_of(self.stages["inputs"].of(last(known, self.states)))
        return _flat(self._chains_of_inputs(self.stages["inputs"], given, self.before.words("new_input", index)))

    def _chains_of_inputs(self, stage: Stage, given: Given, words: np.ndarray) -> Arrays:
        def kernel() -> Kernel:
            # By what is given to some of the chains, from the first to the last.
            pilots = given(np.arange(PILOTS) * len(words) // PILOTS)
            return adapt(stage, pilots or {"": np.zeros(PILOTS)}, jax.random.fold_in(self.before.key, _ADAPTED))

        return self._chained.run(stage, "inputs", given, words, kernel, states=self.states)

    def inputs_of(self, rows: slice) -> Callable[[Seeds], Arrays]:
        """From seeds to the true new inputs of a block of rows, for each state, where each row has its own."""
        return remembered(lambda seeds: self.inputs_given(self.known(seeds), seeds["new_input"], rows), self._of_inputs)

    def inputs_given(self, known: Arrays, index: np.ndarray, rows: slice) -> Arrays:
        """The same by the numbers of the seeds of what is known: a chain for each of these and each row.

        Nothing where all that is known has them already, as they hang together.
        """
        whole, single = self.stages.get("inputs"), self._of_rows
        if whole is None or single is None:
            return {}
        here, draws, of_draws = self._rows_within(rows), len(index), whole.of(known)
        of_rows = {
            name: np.stack(np.split(np.take(whole.target.data[name], here, axis), len(here), axis))
            for name in row_names(whole, self.along)
            for axis in [whole.target.dims[name].index(self.along)]
        }

        def given(chains: np.ndarray) -> Arrays:
            row, draw = np.divmod(chains, draws)
            return {name: each[draw] for name, each in of_draws.items()} | {
                name: each[row] for name, each in of_rows.items()
            }

        words = self.before.words("new_input", np.tile(index, len(here)), np.repeat(here, draws))
        found = self._chains_of_inputs(single, given, words)
        apart = {name: each.reshape(len(here), -1, *each.shape[2:]) for name, each in found.items()}
        return {
            name: np.concatenate(list(each), single.target.dims[name].index(self.along) + 1)
            for name, each in apart.items()
        }

    def known(self, seeds: Seeds) -> Arrays:
        """All that the prediction is given, by the last state of each chain."""
        return last(self.known_by_states(seeds), self.states)

    def known_by_states(self, seeds: Seeds, *, halves: bool = False) -> Arrays:
        """All that the prediction is given, `(draw and state, *shape)`.

        - halves: whether states of the residual's law have their ranks in half of a chain alone.
        """
        return self._of_prediction(self._residual(seeds)[halves] | self._inputs(seeds))

    def posterior(self, draws: int) -> Arrays:
        """What the prediction is given by joint draws of the posterior, by the last state of each chain."""
        return last(self.posterior_by_states(draws), self.states)

    def posterior_by_states(self, draws: int) -> Arrays:
        """The same, `(draw and state, *shape)`."""
        before, law = self.before.posterior(draws)
        known = repeated(before, self.states)
        if law:
            step = RANKED // self.states
            places = np.broadcast_to(step * np.arange(1, self.states + 1) - 1, (draws, self.states))
            known = self._with_law(known, law, places)
        return self._of_prediction(known | self._with_inputs(known, np.arange(draws)))

    def _of_prediction(self, known: Arrays) -> Arrays:
        """What the prediction is given; in the place of inputs that are found a block of rows at a time, what these are."""
        before = self.stages["inputs"].given if self._apart else ()
        names = dict.fromkeys((*before, *self.stages["prediction"].given))
        return {name: known[name] for name in names if name not in self._apart}

    def along_known(self, known: Arrays, states: int = 1) -> Seeds:
        """Seeds of what is run forward that are even over what is known of each draw, and of each state in its turn."""
        each = [self._ranks({name: array[at::states] for name, array in known.items()}) for at in range(states)]
        ranks = np.stack([rank + at * len(rank) for at, rank in enumerate(each)], axis=1)
        return dict.fromkeys(_FORWARD, ranks.ravel())

    def _ranks(self, known: Arrays) -> np.ndarray:
        """Of each draw, among those that are close in what is known; what has few numbers comes first."""
        given = [name for name in self.stages["prediction"].given if name in known and self._axis(name) is None]
        wide = {name: known[name].reshape(len(known[name]), -1) for name in given}
        law = set(self.stages["residual"].target.unknowns) if "residual" in self.stages else set[str]()
        names = sorted(wide, key=lambda name: (name not in law, wide[name].shape[1]))
        columns = [column for name in names for column in wide[name].T][:_COLUMNS]
        return ranks_along(columns) if columns else np.arange(len(next(iter(known.values()))))

    # ------------------------------------------------------------------------------------------------ the prediction

    @property
    def rows(self) -> int:
        """Rows that are predicted."""
        return len(self._target.coords[self.along]) if self.along else 1

    def blocks(self, draws: int) -> Iterator[slice]:
        """Blocks of rows, as many at a time as fit with so many draws; all, where rows hang together.

        All are of one size, so that they are compiled once; the last may end beyond the rows.
        """
        size = min(self.rows, self._block(draws)) if self.along else self.rows
        for start in range(0, self.rows, size):
            yield slice(start, start + size)

    def _block(self, draws: int) -> int:
        cells = sum(
            np.prod(
                [len(self._target.coords[ir.base(dim)]) for dim in self._target.dims[each.site] if dim != self.along]
            )
            * (1 + max(2, len(each.classes)))
            for each in self.outcomes.values()
        )
        # A power of two: of nearly equal numbers of draws, blocks are the same.
        return 1 << max(1, BLOCK_BYTES // max(1, int(8 * draws * cells))).bit_length() - 1

    def predict(self, known: Arrays, seeds: Seeds, rows: slice) -> Arrays:
        """Draws of each target at a block of rows, `(draw, *shape)`, and of the law that each came from, given all else.

        Of target X these are `X`, and either `X probability` of each class, `(draw, *shape, class)`, or `X mean` and
        `X variance`, where they are known.

        Arguments:
            known: of each draw, from `known` or `posterior`.
            seeds: of the sources `new_input` and `function`.
            rows: one of `blocks`.
        """
        return self._run(known, seeds, rows, densities=False)

    def densities(self, known: Arrays, seeds: Seeds, rows: slice) -> Arrays:
        """Log densities of the data at what `predict` draws, given all else, `(draw, *shape)`: of targets that are data."""
        return self._run(known, seeds, rows, densities=True)

    def _run(self, known: Arrays, seeds: Seeds, rows: slice, *, densities: bool) -> Arrays:
        draws = len(seeds["function"])
        size = rows.stop - rows.start
        taken = self._rows_within(rows)
        given = {
            name: each if name in self._apart else self._taken(name, each, taken, 1) for name, each in known.items()
        }
        data = {
            name: self._taken(name, each, taken, 0) for name, each in self._target.data.items() if name not in given
        }
        program = self._program(size, densities=densities)
        arrays = {**given, **{f" {source}": seeds[source] for source in _FORWARD}}
        found = side_by_side(lambda here: program(here, data, rows.start, draws), arrays, DRAWS_TOGETHER)
        wanted = np.arange(min(rows.stop, self.rows) - rows.start)
        return {name: self._taken(self.sites[name.partition(" ")[0]], each, wanted, 1) for name, each in found.items()}

    def _rows_within(self, rows: slice) -> np.ndarray:
        """The rows of a block, of which the last comes again beyond the end."""
        return np.minimum(np.arange(rows.start, rows.stop), self.rows - 1)

    def _taken(self, name: str, array: np.ndarray, rows: np.ndarray, before: int) -> np.ndarray:
        """Rows of an array that has so many axes before its own."""
        axis = self._axis(name)
        return array if axis is None else np.take(array, rows, axis + before)

    def _axis(self, name: str) -> int | None:
        dims = self._target.dims.get(name, ())
        return dims.index(self.along) if self.along in dims else None

    def _program(self, size: int, *, densities: bool) -> Callable[[Arrays, Arrays, int, int], Mapping[str, jax.Array]]:
        """The prediction of a block of rows, or the log densities of its data, by some draws of so many in all."""
        stage = self.stages["prediction"]
        if self.along:
            coords = {**self._target.coords, self.along: self._target.coords[self.along][:size]}
            stage = stage._replace(target=self._target._replace(coords=coords, data={}))
        names = [*self._target.unknowns, *self._target.observed]
        by_source = [[each for each in names if (each in stage.inputs) is inputs] for inputs in (True, False)]
        # What is compiled outlives this predictor, and has to hold no draws of it.
        axes, sites_of, outcomes = {name: self._axis(name) for name in names}, self.sites, self.outcomes

        def one(
            stage: Stage,
            given: dict[str, jax.Array],
            data: dict[str, jax.Array],
            block: jax.Array,
            draws: jax.Array,
            words: jax.Array,
        ) -> dict[str, jax.Array]:
            seeds = {source: given.pop(f" {source}") for source in _FORWARD}
            of_all = jax.random.wrap_key_data(words, impl="threefry2x32")
            scramble = jax.random.bits(jax.random.fold_in(of_all, 2000), dtype=np.uint32)

            def draw(name: str, law: Any) -> jax.Array:
                source = 0 if name in stage.inputs else 1
                seed = seeds[_FORWARD[source]]
                copy, number = seed // draws, seed % draws
                site = by_source[source].index(name)
                # What all rows have in common is the same in all blocks.
                rows, within = _places(axes[name], law.shape(), block)
                place = hashed(scramble, copy // 2, site, rows, within)
                key = jax.random.fold_in(jax.random.fold_in(of_all, 2001 + 2 * site + source), seed)
                key = key if axes[name] is None else jax.random.fold_in(key, block)
                return drawn(law, uniform(number, draws, 2 * (copy % 2) + source, place), key)

            sites = run_forward(stage.target, {**data, **given}, draw, observed=densities)
            if densities:
                scored = {name: sites[site] for name, site in sites_of.items() if site in stage.target.observed}
                return {name: site["fn"].log_prob(site["value"]) for name, site in scored.items()}
            return {
                name if part == "value" else f"{name} {part}": array
                for name, outcome in outcomes.items()
                for part, array in outcome.read(sites).items()
            }

        words = np.asarray(jax.random.key_data(self.before.key))
        run = compiled(stage, one, (0, None, None, None, None), "predict", densities, tuple(self.sites.items()))
        return lambda given, data, block, draws: run(given, data, block, draws, words)


def _places(axis: int | None, shape: tuple[int, ...], block: jax.Array) -> tuple[jax.Array, np.ndarray]:
    """Of each number of a site, its row, counted from one, or zero, and its place within that."""
    if axis is None:
        return jnp.zeros(shape, int), np.arange(math.prod(shape)).reshape(shape)
    rows = np.arange(shape[axis]).reshape([-1 if each == axis else 1 for each in range(len(shape))])
    others = [1 if each == axis else size for each, size in enumerate(shape)]
    return block + 1 + rows, np.arange(math.prod(others)).reshape(others)


def _flat(found: Arrays) -> Arrays:
    """From `(chain, state, *shape)` to `(chain and state, *shape)`."""
    return {name: each.reshape(-1, *each.shape[2:]) for name, each in found.items()}


def _taken_states(found: Arrays, places: np.ndarray) -> Arrays:
    """States of each chain, at `(chain, state)`, from `(chain, state, *shape)` to `(chain and state, *shape)`."""
    chains = np.arange(len(places))[:, None]
    return _flat({name: each[chains, places] for name, each in found.items()})


_ADAPTED = 2
"""Folded into the key of what is known, for the chains of inputs."""
_FORWARD = ("new_input", "function")
"""The sources whose seeds a prediction that is run forward takes."""
