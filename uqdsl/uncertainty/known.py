"""What predictions are given, whatever the new rows: the weights, and the law of the residual, by the seeds of their sources.

It is found once for the same seeds, so that predictions of other rows from the same posterior need no chain for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np

from uqdsl.infer.mode import Modes, find_modes, verify_modes
from uqdsl.ir import SOURCES
from uqdsl.uncertainty.budget import Seeds, remembered
from uqdsl.uncertainty.chained import ANEW, Chained
from uqdsl.uncertainty.compiled import compiled
from uqdsl.uncertainty.ranks import of_single_numbers
from uqdsl.uncertainty.short_chains import (
    PILOTS,
    Kernel,
    adapt,
    draws_for,
    each_of,
    kernel_at_draws,
)
from uqdsl.uncertainty.stages import Arrays, Stage, places, run_forward, side_by_side

_STREAM = 0x66697665
"""Folded into the seed, so that no other user of the same seed draws the same numbers."""
_SEARCHES = 16
"""For the one mode of a posterior; the highest that is found is taken."""
DRAWS_TOGETHER = 64
"""Draws that are computed side by side: as few as a budget has, so that it compiles nothing that a prediction did not."""
RANKED = 64
"""States of each chain of the residual that have ranks."""
_KEYS_TOGETHER = 256
_WORDS = " words"


class Known:
    """Weights and laws of the residual, from draws of a posterior.

    Attributes:
        stages: by name.
        joint: unknowns of the posterior by name, `(draw, *shape)`, in random order.
        weights_exact: the weights are the mode of the stage `refit`.
        cut: the posterior knows nothing of the errors of training data: its weights are not those given true data.
        key: of everything that is random.
        chained: the chains, which are told who watches them.
        weights: from seeds to the unknowns of the posterior; those found once more given true training data are of a chain.
        law: from seeds to the law of the residual given these, `(chain, state, *shape)`.
        reference: from the seeds of testing data to that law given weights amid the posterior, whose states have the ranks that
            a seed stands for.
    """

    def __init__(
        self, stages: Mapping[str, Stage], joint: Arrays, seed: int, *, weights_exact: bool = False, cut: bool = False
    ) -> None:
        """Nothing is computed yet."""
        self.stages, self.joint, self.weights_exact, self.cut = stages, joint, weights_exact, cut
        self.seed = seed
        self.key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), _STREAM)
        self.chained = Chained({name for stage in stages.values() for name in stage.given})
        self.weights = remembered(self._of_training, ("training_data", "weights"))
        self.law = remembered(
            lambda seeds: self._law(self.weights(seeds), seeds["testing_data"]),
            ("testing_data", "training_data", "weights"),
        )
        self.reference = remembered(self._of_reference, ("testing_data",))
        self._posteriors: dict[int, tuple[Arrays, Arrays]] = {}

    @property
    def independent(self) -> int:
        """Draws of the posterior that there are."""
        return len(next(iter(self.joint.values())))

    @cached_property
    def ordered(self) -> set[str]:
        """The unknowns of the law of the residual whose numbers have ranks."""
        return of_single_numbers(self.stages["residual"])

    def posterior(self, draws: int) -> tuple[Arrays, Arrays]:
        """Joint draws of the posterior, and the law of the residual given each, where it has one.

        No chain of the weights is needed, unless joint draws are not draws of them.
        """
        if draws not in self._posteriors:
            index = np.arange(draws)
            anew = self.cut or self.weights_exact
            known = self.weights(dict.fromkeys(SOURCES, index)) if anew else self.with_statistics(self._joint(index))
            self._posteriors[draws] = known, self._law(known, index) if "residual" in self.stages else {}
        return self._posteriors[draws]

    def words(self, source: str, index: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        """The keys of seeds, each of a row of its own where there are such."""
        key = jax.random.fold_in(self.key, 1000 + SOURCES.index(source))
        # So many together, of a few sizes, each of which is compiled once.
        all_of = places(slice(0, len(index)), -(-len(index) // _KEYS_TOGETHER) * _KEYS_TOGETHER)
        keys = jax.vmap(lambda each: jax.random.fold_in(key, each))(index[all_of])
        keys = keys if rows is None else jax.vmap(jax.random.fold_in)(keys, rows[all_of])
        return np.asarray(jax.random.key_data(keys))[: len(index)]

    def with_statistics(self, known: Arrays, name: str = "statistics") -> Arrays:
        """What is known with what later stages need of all rows together, those for training or those of the residual."""
        return self._forward(name, known, np.zeros((len(next(iter(known.values()))), 2), np.uint32))

    def _joint(self, index: np.ndarray) -> Arrays:
        """Joint draws of the posterior; where more are wanted than there are, they come again."""
        return {name: each[index % self.independent] for name, each in self.joint.items()}

    def _with_truths(self, index: np.ndarray) -> Arrays:
        """Joint draws, with the true training data that the posterior has integrated out."""
        known = self._joint(index)
        return self._forward("truths", known, self.words("training_data", index))

    def _forward(self, name: str, known: Arrays, words: np.ndarray) -> Arrays:
        """What is known with what a stage makes of it, run forward for each draw; the same where there is no such stage."""
        if name not in self.stages:
            return known
        stage = self.stages[name]
        given, names = stage.of(known), (*stage.target.unknowns, *stage.makes)

        def one(stage: Stage, words: jax.Array, given: dict[str, jax.Array]) -> dict[str, jax.Array]:
            key = jax.random.wrap_key_data(words, impl="threefry2x32")

            def draw(name: str, law: Any) -> jax.Array:
                return law.sample(jax.random.fold_in(key, names.index(name)))

            sites = run_forward(stage.target, stage.data(given), draw)
            return {name: sites[name]["value"] for name in names}

        run = compiled(stage, one, (0, 0), "forward")
        return known | side_by_side(lambda here: run(here.pop(_WORDS), here), {**given, _WORDS: words}, DRAWS_TOGETHER)

    def _of_training(self, seeds: Seeds) -> Arrays:
        if "refit" not in self.stages:
            return self.with_statistics(self._joint(seeds["weights"]))
        known, stage = self._with_truths(seeds["training_data"]), self.stages["refit"]
        start = {name: known[name] for name in stage.target.unknowns}
        if self.weights_exact:
            return self.with_statistics(known | self._modes(known, start))
        chains = partial(
            self.chained.run, stage, "refit", each_of(stage.of(known)), self.words("weights", seeds["weights"])
        )
        found = (
            chains(self._adapted("refit"), iterations=ANEW)
            if self.cut
            else chains(self._kernel_of_weights, start=start)
        )
        return self.with_statistics(known | {name: each[:, -1] for name, each in found.items()})

    def _modes(self, known: Arrays, start: Arrays) -> Arrays:
        """The weights of the largest density given true training data; of one posterior, where all of these are known."""
        refit, count = self.stages["refit"], len(next(iter(start.values())))
        self.chained.watch("weights given true training data", 0, count)
        if refit.given:
            modes = find_modes(refit.target, start, refit.of(known))
        else:
            modes = find_modes(refit.target, {name: self.joint[name][:_SEARCHES] for name in start})
            modes = Modes(*jax.tree.map(lambda each, best=modes.best: np.repeat(each[[best]], count, axis=0), modes))
        verify_modes(refit.target, modes)
        return modes.values

    def _law(self, known: Arrays, index: np.ndarray) -> Arrays:
        """The law of the residual given what is known, `(chain, state, *shape)`."""
        stage = self.stages["residual"]
        given, words = each_of(stage.of(known)), self.words("testing_data", index)
        found = self.chained.run(stage, "residual", given, words, self._adapted("residual"), states=RANKED)
        later = [self.stages[name].given for name in ("residual_statistics", "prediction") if name in self.stages]
        return {name: each for name, each in found.items() if any(name in wanted for wanted in later)}

    def _of_reference(self, seeds: Seeds) -> Arrays:
        index = seeds["testing_data"]
        flat = np.concatenate([each.reshape(self.independent, -1) for each in self.joint.values()], axis=1)
        spread = np.where(flat.std(axis=0) > 0, flat.std(axis=0), 1.0)
        amid = np.argmin((((flat - flat.mean(axis=0)) / spread) ** 2).sum(axis=1))
        known = self.with_statistics(self._with_truths(np.array([amid])))
        return self._law({name: np.repeat(each, len(index), axis=0) for name, each in known.items()}, index)

    def _adapted(self, name: str) -> partial[Kernel]:
        """The kernel of chains that have no start of their own, by what is given to some of the draws."""
        return partial(self._adapt, self.stages[name], jax.random.fold_in(self.key, _ADAPTED.index(name)))

    def _adapt(self, stage: Stage, key: jax.Array) -> Kernel:
        known = self._with_truths(np.arange(PILOTS) * self.independent // PILOTS)
        return adapt(stage, stage.of(self.with_statistics(known)) or {"": np.zeros(PILOTS)}, key)

    def _kernel_of_weights(self) -> Kernel:
        """Of chains of the weights that begin at joint draws."""
        stage = self.stages["refit"]
        known = self._with_truths(np.arange(min(self.independent, draws_for(stage))))
        start = {name: known[name] for name in stage.target.unknowns}
        return kernel_at_draws(stage, stage.of(known), start, wanted=self.chained.wanted)


_ADAPTED = ("refit", "residual")
