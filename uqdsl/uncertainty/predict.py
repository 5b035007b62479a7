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
from uqdsl.infer.mode import Modes, find_modes, verify_modes
from uqdsl.ir import SOURCES
from uqdsl.uncertainty.budget import remembered
from uqdsl.uncertainty.even import drawn, hashed, ranks_along, uniform
from uqdsl.uncertainty.outcomes import outcome_of
from uqdsl.uncertainty.ranks import of_single_numbers, ranked_like
from uqdsl.uncertainty.rows import row_dim
from uqdsl.uncertainty.short_chains import (
    ITERATIONS,
    LEAST,
    PILOTS,
    ChainProgram,
    Given,
    Kernel,
    Mixing,
    adapt,
    chain_program,
    each_of,
    run_chains,
)
from uqdsl.uncertainty.stages import (
    BLOCK_BYTES,
    Arrays,
    Stage,
    filled,
    of_given_rows,
    row_names,
    run_forward,
)

type Seeds = Mapping[str, np.ndarray]
"""Of each source, which draw of its seed to take: indices `(draw,)`."""

_STREAM = 0x66697665
"""Folded into the seed, so that no other user of the same seed draws the same numbers."""
_ANEW = 5 * ITERATIONS
"""The length of chains that do not begin at a draw of what they sample."""
_LONGEST = 8 * ITERATIONS
"""To which chains are doubled that move too little."""
_SEARCHES = 16
"""For the one mode of a posterior; the highest that is found is taken."""
_MOST_DRAWS = 512
"""Draws that are computed side by side."""
_COLUMNS = 3
"""Numbers known of each draw over which seeds are even."""
_MOST_STATES, _CHEAP_ROWS = 16, 1024
"""Predictions for each chain, and of how many rows these cost little beside it."""
_RANKED = 64
"""States of each chain of the residual that have ranks."""


type Watch = Callable[[str, int, int], object]
"""Is told what is being done, how much of it was done, and how much there is."""


def unwatched(doing: str, done: int, total: int) -> None:
    """For what nobody looks at."""


def repeated(known: Arrays, times: int) -> Arrays:
    """Each draw so many times."""
    return {name: np.repeat(each, times, axis=0) for name, each in known.items()}


def last(known: Arrays, states: int) -> Arrays:
    """Of each draw what goes with the last state."""
    return {name: each[states - 1 :: states] for name, each in known.items()}


class Predictor:
    """Predictions by stages, from draws of a posterior.

    Attributes:
        mixing: how well the short chains of each stage did.
        outcomes: what is predicted of each target.
        along: the dimension along which it goes in blocks; empty where it does not.
        states: how many predictions go with each chain, by states of it: more than one where rows are few.
    """

    def __init__(
        self,
        stages: Mapping[str, Stage],
        spec: ir.Spec,
        joint: Arrays,
        sites: Mapping[str, str],
        seed: int,
        *,
        weights_exact: bool = False,
        cut: bool = False,
        watch: Watch = unwatched,
    ) -> None:
        """Nothing is computed yet.

        Arguments:
            stages: by name, at least `prediction`.
            spec: the IR of the prediction's stage.
            joint: unknowns of the posterior by name, `(draw, *shape)`, in random order.
            sites: the site that holds the draws of each target.
            seed: of everything that is random.
            weights_exact: the weights are the mode of the stage `refit`.
            cut: the posterior knows nothing of the errors of training data: its weights are not those given true data.
            watch: is told how far it is.
        """
        self._weights_exact, self._cut = weights_exact, cut
        self.stages, self.joint, self.sites, self.watch = stages, joint, sites, watch
        self.mixing: dict[str, Mixing] = {}
        self._key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), _STREAM)
        self._chain_programs: dict[str, ChainProgram] = {}
        self._target = stages["prediction"].target
        self.outcomes = {name: outcome_of(spec, self._target.coords, site) for name, site in sites.items()}
        self.along = row_dim(spec, self._target.dims, sites.values())
        self._weights = remembered(self._of_training, ("training_data", "weights"))
        self._residual = remembered(self._of_testing, ("testing_data", "training_data", "weights"))
        self._reference = remembered(self._of_reference, ("testing_data",))
        inputs = stages.get("inputs")
        by_rows = inputs if inputs and self.along and inputs.along == self.along else None
        self._of_rows = of_given_rows(by_rows, self.along, np.arange(1)) if by_rows else None
        self._apart = self._of_rows.target.unknowns if self._of_rows else ()
        self._inputs = remembered(self._of_new, self._of_inputs)
        self._programs: dict[tuple[int, int, bool], Callable[..., dict[str, jax.Array]]] = {}
        self.states = max(1, min(_MOST_STATES, _CHEAP_ROWS // self.rows)) if self.chained else 1
        self._wanted = {name for stage in stages.values() for name in stage.given}

    @property
    def random(self) -> tuple[str, ...]:
        """The sources that have any randomness, in their order."""
        found = {
            "new_input": bool(self._drawn & set(self.stages["prediction"].inputs)) or "inputs" in self.stages,
            "testing_data": "residual" in self.stages,
            "training_data": bool("refit" in self.stages and self.stages["refit"].given),
            "weights": not self._weights_exact,
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
        return len(next(iter(self.joint.values())))

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

    def _joint(self, index: np.ndarray) -> Arrays:
        """Joint draws of the posterior; where more are wanted than there are, they come again."""
        return {name: each[index % self.independent] for name, each in self.joint.items()}

    # ------------------------------------------------------------------------------------------ what is known before

    def _of_training(self, seeds: Seeds) -> Arrays:
        """Unknowns of the posterior; those that are found once more given true training data are of a chain."""
        if "refit" not in self.stages:
            return self._with_statistics(self._joint(seeds["weights"]))
        known = self._with_truths(seeds["training_data"])
        start = {name: known[name] for name in self.stages["refit"].target.unknowns}
        words, given = self._words("weights", seeds["weights"]), each_of(self.stages["refit"].of(known))
        if self._weights_exact:
            known |= self._modes(known, start)
        elif self._cut:
            known |= _flat(self._chains("refit", given, words, iterations=_ANEW))
        else:
            known |= _flat(self._chains("refit", given, words, start=start))
        return self._with_statistics(known)

    def _with_statistics(self, known: Arrays, name: str = "statistics") -> Arrays:
        """What is known with what later stages need of all rows together, those for training or those of the residual."""
        return self._forward(name, known, np.zeros((len(next(iter(known.values()))), 2), np.uint32))

    def _modes(self, known: Arrays, start: Arrays) -> Arrays:
        """The weights of the largest density given true training data; of one posterior, where all of these are known."""
        refit, count = self.stages["refit"], len(next(iter(start.values())))
        self.watch(_DOING["refit"], 0, count)
        if refit.given:
            modes = find_modes(refit.target, start, refit.of(known))
        else:
            modes = find_modes(refit.target, {name: self.joint[name][:_SEARCHES] for name in start})
            modes = Modes(*jax.tree.map(lambda each, best=modes.best: np.repeat(each[[best]], count, axis=0), modes))
        verify_modes(refit.target, modes)
        return modes.values

    def _with_truths(self, index: np.ndarray) -> Arrays:
        """Joint draws, with the true training data that the posterior has integrated out."""
        known = self._joint(index)
        return self._forward("truths", known, self._words("training_data", index))

    def _forward(self, name: str, known: Arrays, words: np.ndarray) -> Arrays:
        """What is known with what a stage makes of it, run forward for each draw; the same where there is no such stage."""
        if name not in self.stages:
            return known
        stage = self.stages[name]
        given, names = stage.of(known), (*stage.target.unknowns, *stage.makes)

        def one(words: jax.Array, given: dict[str, jax.Array]) -> dict[str, jax.Array]:
            key = jax.random.wrap_key_data(words, impl="threefry2x32")

            def draw(name: str, law: Any) -> jax.Array:
                return law.sample(jax.random.fold_in(key, names.index(name)))

            sites = run_forward(stage.target, stage.data(given), draw)
            return {name: sites[name]["value"] for name in names}

        return known | {name: np.asarray(each) for name, each in jax.jit(jax.vmap(one))(words, given).items()}

    def _of_testing(self, seeds: Seeds) -> tuple[Arrays, Arrays]:
        """What is known with the law of the residual, by ranks among the states of a chain, and by ranks in each half of it."""
        known, index = self._weights(seeds), seeds["testing_data"]
        each = repeated(known, self.states)
        if "residual" not in self.stages:
            return each, each
        law, reference = self._law(known, index), self._reference(seeds)
        ordered = of_single_numbers(self.stages["residual"])
        step = _RANKED // self.states
        places = index[:, None] % step + step * np.arange(self.states)

        def ranked(parts: int) -> Arrays:
            single = ranked_like({name: of for name, of in law.items() if name in ordered}, reference, parts)
            return self._with_statistics(each | _taken_states(law | single, places), "residual_statistics")

        return ranked(1), ranked(2)

    def _of_reference(self, seeds: Seeds) -> Arrays:
        """The law of the residual given weights amid the posterior, whose states have the ranks that a seed stands for."""
        index = seeds["testing_data"]
        flat = np.concatenate([each.reshape(self.independent, -1) for each in self.joint.values()], axis=1)
        spread = np.where(flat.std(axis=0) > 0, flat.std(axis=0), 1.0)
        amid = np.argmin((((flat - flat.mean(axis=0)) / spread) ** 2).sum(axis=1))
        known = self._with_statistics(self._with_truths(np.array([amid])))
        return self._law(repeated(known, len(index)), index)

    def _with_residual(self, known: Arrays, index: np.ndarray) -> Arrays:
        """What is known, once for each state, with the law of the residual, where it has one."""
        each = repeated(known, self.states)
        if "residual" not in self.stages:
            return each
        step = _RANKED // self.states
        places = np.broadcast_to(step * np.arange(1, self.states + 1) - 1, (len(index), self.states))
        return self._with_statistics(each | _taken_states(self._law(known, index), places), "residual_statistics")

    def _law(self, known: Arrays, index: np.ndarray) -> Arrays:
        """The law of the residual given what is known, `(chain, state, *shape)`."""
        given = each_of(self.stages["residual"].of(known))
        found = self._chains("residual", given, self._words("testing_data", index), states=_RANKED)
        later = [self.stages[name].given for name in ("residual_statistics", "prediction") if name in self.stages]
        return {name: each for name, each in found.items() if any(name in wanted for wanted in later)}

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
        return _flat(self._chains("inputs", given, self._words("new_input", index), states=self.states))

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

        words = self._words("new_input", np.tile(index, len(here)), np.repeat(here, draws))
        found = self._chains("inputs", given, words, stage=single, states=self.states)
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
        """The same, `(draw and state, *shape)`: no chain of the weights is needed, unless joint draws are not draws of them."""
        index = np.arange(draws)
        if self._cut or self._weights_exact:
            known = self._weights(dict.fromkeys(SOURCES, index))
        else:
            known = self._with_statistics(self._joint(index))
        known = self._with_residual(known, index)
        return self._of_prediction(known | self._with_inputs(known, index))

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

    def _chains(
        self,
        name: str,
        given: Given,
        words: np.ndarray,
        *,
        start: Arrays | None = None,
        iterations: int = ITERATIONS,
        states: int = 1,
        stage: Stage | None = None,
    ) -> Arrays:
        """What chains find that later stages want, `(chain, state, *shape)`."""
        stage, kernel = stage or self.stages[name], None
        if name not in self._chain_programs:
            # Of all that is given, from its beginning to its end.
            pilots = given(np.arange(PILOTS) * len(words) // PILOTS)
            kernel = adapt(
                stage, pilots or {"": np.zeros(PILOTS)}, jax.random.fold_in(self._key, len(self._chain_programs))
            )
            self._chain_programs[name] = self._chain_program(stage, kernel, iterations, states)
        doing, count, at = _DOING[name], len(words), 0

        def done(more: int) -> None:
            nonlocal at
            at += more
            self.watch(doing, at, count)

        self.watch(doing, 0, count)
        found = run_chains(self._chain_programs[name], given, words, start=start, done=done)
        # How long chains are is settled the first time, so that a seed stays one and the same cause.
        while (
            kernel
            and found.mixing.effective < 2 * LEAST
            and (longer := 2 * self._chain_programs[name].iterations) <= _LONGEST
        ):
            at = 0
            self._chain_programs[name] = self._chain_program(stage, kernel, longer, states)
            found = run_chains(self._chain_programs[name], given, words, start=start, done=done)
        if name not in self.mixing or found.mixing.chains > self.mixing[name].chains:
            self.mixing[name] = found.mixing
        return found.values

    def _chain_program(self, stage: Stage, kernel: Kernel, iterations: int, states: int) -> ChainProgram:
        return chain_program(stage, kernel, iterations, states=states, wanted=self._wanted)

    def _words(self, source: str, index: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """The keys of seeds, each of a row of its own where there are such."""
        key = jax.random.fold_in(self._key, 1000 + SOURCES.index(source))
        keys = jax.vmap(lambda each: jax.random.fold_in(key, each))(index)
        return np.asarray(jax.random.key_data(keys if rows is None else jax.vmap(jax.random.fold_in)(keys, rows)))

    # ------------------------------------------------------------------------------------------------ the prediction

    @property
    def rows(self) -> int:
        """Rows that are predicted."""
        return len(self._target.coords[self.along]) if self.along else 1

    def blocks(self, draws: int) -> Iterator[slice]:
        """Blocks of rows, as many at a time as fit with so many draws; all, where rows hang together.

        All are of one size, so that they are compiled once; the last may end beyond the rows.
        """
        size = self._block(draws) if self.along else self.rows
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
        return int(min(self.rows, max(1, BLOCK_BYTES // max(1, int(8 * draws * cells)))))

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
        each = min(_MOST_DRAWS, draws)
        if (size, draws, densities) not in self._programs:
            self._programs[size, draws, densities] = self._program(size, draws, densities=densities)
        program = self._programs[size, draws, densities]
        found: dict[str, list[np.ndarray]] = {}
        for start in range(0, draws, each):
            at = slice(start, min(start + each, draws))
            here = filled({**given, **{f" {source}": seeds[source] for source in _FORWARD}}, at, each)
            chosen = {source: here.pop(f" {source}") for source in _FORWARD}
            values = program(chosen, here, data, rows.start)
            for name, array in values.items():
                found.setdefault(name, []).append(np.asarray(array)[: at.stop - at.start])
        wanted = np.arange(min(rows.stop, self.rows) - rows.start)
        return {
            name: self._taken(self.sites[name.partition(" ")[0]], np.concatenate(parts), wanted, 1)
            for name, parts in found.items()
        }

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

    def _program(self, size: int, draws: int, *, densities: bool) -> Callable[..., dict[str, jax.Array]]:
        """The prediction of a block of rows, or the log densities of its data, by a block of so many draws in all."""
        stage = self.stages["prediction"]
        target = stage.target
        if self.along:
            target = target._replace(coords={**target.coords, self.along: target.coords[self.along][:size]})
        names = [*target.unknowns, *target.observed]
        by_source = [[each for each in names if (each in stage.inputs) is inputs] for inputs in (True, False)]
        scramble = jax.random.bits(jax.random.fold_in(self._key, 2000), dtype=np.uint32)

        def one(seeds: dict[str, jax.Array], given: object, data: object, block: jax.Array) -> dict[str, jax.Array]:
            def draw(name: str, law: Any) -> jax.Array:
                source = 0 if name in stage.inputs else 1
                seed = seeds[_FORWARD[source]]
                copy, number = seed // draws, seed % draws
                site = by_source[source].index(name)
                # What all rows have in common is the same in all blocks.
                rows, within = self._places(name, law.shape(), block)
                place = hashed(scramble, copy // 2, site, rows, within)
                key = jax.random.fold_in(jax.random.fold_in(self._key, 2001 + 2 * site + source), seed)
                key = key if self._axis(name) is None else jax.random.fold_in(key, block)
                return drawn(law, uniform(number, draws, 2 * (copy % 2) + source, place), key)

            sites = run_forward(target, {**data, **given}, draw, observed=densities)  # type: ignore[dict-item]
            if densities:
                scored = {name: sites[site] for name, site in self.sites.items() if site in target.observed}
                return {name: site["fn"].log_prob(site["value"]) for name, site in scored.items()}
            return {
                name if part == "value" else f"{name} {part}": array
                for name, outcome in self.outcomes.items()
                for part, array in outcome.read(sites).items()
            }

        return jax.jit(jax.vmap(one, (0, 0, None, None)))

    def _places(self, name: str, shape: tuple[int, ...], block: jax.Array) -> tuple[jax.Array, np.ndarray]:
        """Of each number of a site, its row, counted from one, or zero, and its place within that."""
        axis = self._axis(name)
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


_FORWARD = ("new_input", "function")
"""The sources whose seeds a prediction that is run forward takes."""
_DOING = {
    "refit": "weights given true training data",
    "residual": "residual on testing data",
    "inputs": "true new inputs",
}
