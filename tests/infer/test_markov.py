"""Markov chains, by the example of NUTS: right draws, the same draws however a run is cut up, and draws that go on."""

from __future__ import annotations

import signal
from collections import defaultdict
from typing import Any

import arviz
import jax.numpy as jnp
import numpy as np
import pytest
from numpyro.infer.util import potential_energy

from uqdsl.infer import Chunk, Outcome, Target, chains
from uqdsl.infer.markov import sample
from uqdsl.infer.positions import position_layout
from uqdsl.messages import RunError
from uqdsl.vocabulary.methods import NutsOptions, methods

NUTS = methods()["nuts"]
SHORT = NutsOptions(chains=2, warmup=150, draws=120)


class Kept:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []

    def __call__(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)

    def of(self, chain: int) -> list[Chunk]:
        return [each for each in self.chunks if each.chain == chain]

    def draws(self, name: str, chain: int) -> np.ndarray:
        return np.concatenate([each.draws[name] for each in self.of(chain)])

    def stacked(self, name: str) -> np.ndarray:
        """`(chain, draw, *shape)`."""
        return np.stack([self.draws(name, chain) for chain in sorted({each.chain for each in self.chunks})])

    def stat(self, name: str, chain: int) -> np.ndarray:
        return np.concatenate([each.stats[name] for each in self.of(chain)])


def run(target: Target, options: NutsOptions = SHORT, seed: int = 0, **others: Any) -> tuple[Kept, Outcome]:
    kept = Kept()
    return kept, sample(target, NUTS, options, seed, sink=kept, **others)


def same(one: Kept, other: Kept, target: Target, chain: int = 0) -> bool:
    return all(np.array_equal(one.draws(name, chain), other.draws(name, chain)) for name in target.recorded)


# -------------------------------------------------------------------------------------------------------- right draws


@pytest.mark.parametrize("target", ["normal", "schools"])
def test_the_log_density_is_minus_the_potential_energy_of_the_model(
    target: str, request: pytest.FixtureRequest
) -> None:
    bound: Target = request.getfixturevalue(target)
    layout = position_layout(bound)
    for seed in range(5):
        flat = np.random.default_rng(seed).normal(size=layout.size)
        position = layout.split(jnp.asarray(flat))
        ours = bound.log_density(position, bound.data, bound.coords)
        theirs = -potential_energy(bound.model, (bound.data, bound.coords), {}, position)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("together", [False, True], ids=["on threads", "together"])
@pytest.mark.parametrize("metric", ["diagonal", "dense"])
def test_a_normal_posterior_has_its_closed_form(normal: Target, metric: Any, together: bool) -> None:
    options = NutsOptions(chains=4, warmup=300, draws=500, metric=metric)
    kept, outcome = run(normal, options, 1, together=together)
    count = np.bincount(normal.data["group"], minlength=3)
    precision = 1 / 3.0**2 + count / 2.0**2
    total = np.bincount(normal.data["group"], weights=normal.data["y"], minlength=3)
    mean, sd = (1.0 / 3.0**2 + total / 2.0**2) / precision, 1 / np.sqrt(precision)
    draws = kept.stacked("a")
    for i in range(3):
        one = draws[:, :, i]
        assert abs(one.mean() - mean[i]) < 4 * sd[i] / np.sqrt(float(arviz.ess(one)))
        square = (one - mean[i]) ** 2
        assert abs(square.mean() - sd[i] ** 2) < 4 * square.std() / np.sqrt(float(arviz.ess(square)))
    np.testing.assert_array_equal(kept.stacked("first"), draws[:, :, 0])
    assert outcome.kept == dict.fromkeys(range(4), 500)
    assert not outcome.interrupted


def test_what_is_recorded_is_what_the_spec_names(schools: Target) -> None:
    kept, _ = run(schools)
    last = kept.chunks[-1]
    assert set(last.draws) == {"mu", "tau", "theta"}
    assert last.draws["theta"].shape[1:] == (8,)
    assert np.all(kept.stacked("tau") > 0)


def test_the_statistics_bear_arviz_names_and_agree(schools: Target) -> None:
    kept, outcome = run(schools)
    names = {"diverging", "energy", "lp", "step_size", "tree_depth", "n_steps", "acceptance_rate"}
    for chain in (0, 1):
        assert all(set(each.stats) == names for each in kept.of(chain))
        steps, depth = kept.stat("n_steps", chain), kept.stat("tree_depth", chain)
        assert np.all((2 ** (depth - 1) <= steps) & (steps < 2**depth))
        assert len(set(kept.stat("step_size", chain))) == 1
        assert kept.stat("diverging", chain).sum() == outcome.divergences[chain]
        position = {
            "mu": kept.draws("mu", chain)[7],
            "tau": np.log(kept.draws("tau", chain)[7]),
        }
        position["theta_decentered"] = (kept.draws("theta", chain)[7] - position["mu"]) / np.exp(position["tau"])
        np.testing.assert_allclose(
            kept.stat("lp", chain)[7], schools.log_density(position, schools.data, schools.coords), rtol=1e-9
        )


# --------------------------------------------------------------------------------------------------------- same draws


def test_a_chunk_says_where_its_draws_belong(schools: Target) -> None:
    kept, outcome = run(schools)
    for chain in (0, 1):
        start = 0
        for chunk in kept.of(chain):
            assert chunk.start == start
            assert (chunk.iteration <= SHORT.warmup) == (len(chunk.draws["mu"]) == 0 and len(chunk.stats["lp"]) == 0)
            start += len(chunk.draws["mu"])
        assert start == SHORT.draws == outcome.kept[chain]
        assert SHORT.warmup in [chunk.iteration for chunk in kept.of(chain)]


def test_draws_depend_on_the_seed_and_the_chain_alone(schools: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    two, _ = run(schools)
    monkeypatch.setattr(chains, "_CHUNK_SECONDS", 1e-9)  # one iteration a chunk
    monkeypatch.setattr(chains, "_FIRST_ITERATIONS", 3)
    three, _ = run(schools, SHORT.model_copy(update={"chains": 3}))
    assert len(three.of(0)) > len(two.of(0))
    assert same(two, three, schools, 0)
    assert same(two, three, schools, 1)
    assert not np.array_equal(three.draws("mu", 1), three.draws("mu", 2))
    other, _ = run(schools, seed=1)
    assert not same(two, other, schools)


def test_thinning_keeps_every_kth(schools: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    all_of_them, _ = run(schools)
    monkeypatch.setattr(chains, "_CHUNK_SECONDS", 1e-9)
    monkeypatch.setattr(chains, "_FIRST_ITERATIONS", 4)
    thinned, _ = run(schools, SHORT.model_copy(update={"draws": 40, "thin": 3}))
    np.testing.assert_array_equal(thinned.draws("theta", 1), all_of_them.draws("theta", 1)[2::3])
    assert [each.start for each in thinned.of(0)] == sorted(each.start for each in thinned.of(0))


def test_a_full_buffer_ends_a_chunk(schools: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, _ = run(schools)
    monkeypatch.setattr("uqdsl.infer.markov._MOST_ROWS", 25)
    tight, _ = run(schools._replace(source="tests: eight schools, tight"))
    assert max(len(each.draws["mu"]) for each in tight.chunks) == 25
    assert same(usual, tight, schools)


@pytest.mark.parametrize("together", [False, True], ids=["on threads", "together"])
@pytest.mark.parametrize("at", [1, 150, 200])
def test_a_resumed_run_gives_the_same_draws_bit_for_bit(
    schools: Target, at: int, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(chains, "_FIRST_ITERATIONS", 1)
        patch.setattr(chains, "_CHUNK_SECONDS", 1e-9)  # one iteration a chunk
        whole, _ = run(schools, together=together)
    enough = [next(each for each in whole.of(chain) if each.iteration >= at) for chain in (0, 1)]
    resumed, outcome = run(schools, together=together, resume={each.chain: each.state for each in enough})
    for chunk in enough:
        rest = whole.draws("theta", chunk.chain)[chunk.start + len(chunk.draws["theta"]) :]
        np.testing.assert_array_equal(resumed.draws("theta", chunk.chain), rest)
        np.testing.assert_array_equal(resumed.stat("lp", chunk.chain), whole.stat("lp", chunk.chain)[-len(rest) :])
        assert outcome.kept[chunk.chain] == SHORT.draws
        assert outcome.divergences[chunk.chain] == whole.of(chunk.chain)[-1].divergences


def test_chains_that_stand_at_different_iterations_resume_each_from_its_own(schools: Target) -> None:
    whole, _ = run(schools)
    states = {0: whole.of(0)[-1].state, 1: whole.of(1)[1].state}
    for together in (False, True):
        resumed, outcome = run(schools, together=together, resume=states)
        assert not resumed.of(0)
        assert len(resumed.draws("mu", 1)) == SHORT.draws
        assert outcome.iterations == dict.fromkeys((0, 1), SHORT.warmup + SHORT.draws)


def test_a_chain_that_has_no_checkpoint_starts_anew(schools: Target) -> None:
    whole, _ = run(schools)
    resumed, _ = run(schools, resume={1: whole.of(1)[-1].state})
    assert same(whole, resumed, schools, 0)


def test_a_run_can_be_made_longer(schools: Target) -> None:
    short, _ = run(schools)
    longer = SHORT.model_copy(update={"draws": 200})
    more, _ = run(schools, longer, resume={chain: short.of(chain)[-1].state for chain in (0, 1)})
    whole, _ = run(schools, longer)
    np.testing.assert_array_equal(np.r_[short.draws("mu", 0), more.draws("mu", 0)], whole.draws("mu", 0))


@pytest.mark.parametrize("together", [False, True], ids=["on threads", "together"])
def test_a_checkpoint_of_another_model_is_refused(normal: Target, schools: Target, together: bool) -> None:
    other, _ = run(normal)
    with pytest.raises(RunError) as caught:
        run(schools, together=together, resume={0: other.of(0)[-1].state, 1: other.of(1)[-1].state})
    assert caught.value.problems[0].code == "UQ607"


# ------------------------------------------------------------------------------------------------ interrupt, progress


class Watched:
    """Progress that is written down."""

    def __init__(self) -> None:
        self.total = 0
        self.finished = 0
        self.updates: dict[int, list[tuple[int, bool]]] = defaultdict(list)

    def start(self, total: int) -> None:
        self.total = total

    def update(self, chain: int, iteration: int, divergences: int, warming_up: bool) -> None:
        self.updates[chain].append((iteration, warming_up))

    def finish(self) -> None:
        self.finished += 1


def test_progress_is_told_how_far_each_chain_is(schools: Target) -> None:
    watched = Watched()
    run(schools, progress=watched)
    assert watched.total == SHORT.warmup + SHORT.draws
    assert watched.finished == 1
    for chain in (0, 1):
        iterations = [iteration for iteration, _ in watched.updates[chain]]
        assert iterations == sorted(iterations)
        assert iterations[-1] == watched.total
        assert all(warming == (iteration < SHORT.warmup) for iteration, warming in watched.updates[chain])


def test_ctrl_c_keeps_what_was_drawn_and_the_run_goes_on_from_there(
    schools: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = run(schools)
    monkeypatch.setattr(chains, "_CHUNK_SECONDS", 1e-9)
    kept = Kept()

    def sink(chunk: Chunk) -> None:
        kept(chunk)
        if chunk.iteration == SHORT.warmup + 10 and chunk.chain == 0:
            signal.raise_signal(signal.SIGINT)

    outcome = sample(schools, NUTS, SHORT, 0, sink=sink)
    assert outcome.interrupted
    for chain in (0, 1):
        drawn = kept.draws("mu", chain)
        assert len(drawn) == outcome.kept[chain]
        np.testing.assert_array_equal(drawn, whole.draws("mu", chain)[: len(drawn)])
    assert 10 <= outcome.kept[0] < SHORT.draws
    rest, finished = run(schools, resume={chain: kept.of(chain)[-1].state for chain in (0, 1)})
    assert not finished.interrupted
    np.testing.assert_array_equal(np.r_[kept.draws("mu", 1), rest.draws("mu", 1)], whole.draws("mu", 1))
