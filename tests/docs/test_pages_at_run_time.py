"""The pages of runs that fail: their specs are sound, and the run of the failing one ends in that problem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import jax
import pytest

from uqdsl.driver.front import Source, check_with_data
from uqdsl.driver.infer import infer
from uqdsl.driver.program import make_target, write_program
from uqdsl.infer import Target
from uqdsl.infer.markov import sample
from uqdsl.infer.mode import find_modes, random_starts, verify_modes
from uqdsl.messages import RunError
from uqdsl.vocabulary.methods import NutsOptions, methods

from .reading import AT_RUN_TIME, blocks


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own, so that they neither use nor fill the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UQDSL_CACHE", str(folder))
        yield folder


def target_of(text: str) -> Target:
    """A spec whose data are all given in place, ready to run."""
    checked, dataset = check_with_data(Source("model.uq", text, Path()))
    return make_target(checked.spec, write_program(checked), dataset)


@pytest.mark.parametrize("code", sorted(AT_RUN_TIME))
def test_a_run_that_fails(code):
    (spec,) = (each.text for each in blocks(code, "Fails") if each.language == "uq")
    with pytest.raises(RunError) as caught:
        sample(target_of(spec), methods()["nuts"], NutsOptions(chains=1, warmup=100, draws=100), 0, sink=lambda _: None)
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize("code", sorted(AT_RUN_TIME))
def test_and_one_that_does_not(code):
    (spec,) = (each.text for each in blocks(code, "Mended") if each.language == "uq")
    kept = []
    sample(
        target_of(spec),
        methods()["nuts"],
        NutsOptions(chains=1, warmup=20, draws=20),
        0,
        sink=lambda chunk: kept.append(chunk.draws),
    )
    assert sum(len(next(iter(draws.values()))) for draws in kept) == 20


@pytest.mark.parametrize(("section", "noted"), [("Fails", ["UQ612"]), ("Mended", [])])
def test_a_run_with_a_note(section, noted):
    (spec,) = (each.text for each in blocks("UQ612", section) if each.language == "uq")
    checked, dataset = check_with_data(Source("model.uq", spec, Path()))
    target = make_target(checked.spec, write_program(checked), dataset)
    result = infer(checked.spec, target, checked.spec.runs[0], 0)
    assert [each.code for each in result.problems] == noted
    assert result.verdict.status == "ok"


@pytest.mark.parametrize("section", ["Fails", "Mended"])
def test_a_search_for_a_mode(section):
    (spec,) = (each.text for each in blocks("UQ613", section) if each.language == "uq")
    target = target_of(spec)
    modes = find_modes(target, random_starts(target, jax.random.key(0), 3))
    if section == "Mended":
        verify_modes(target, modes)
        return
    with pytest.raises(RunError) as caught:
        verify_modes(target, modes)
    assert [problem.code for problem in caught.value.problems] == ["UQ613"]


@pytest.mark.parametrize("section", ["Fails", "Mended"])
def test_a_kind_of_ensemble(section):
    (spec,) = (each.text for each in blocks("UQ650", section) if each.language == "uq")
    checked, dataset = check_with_data(Source("model.uq", spec, Path()))
    target = make_target(checked.spec, write_program(checked), dataset)
    if section == "Mended":
        assert (
            len(infer(checked.spec, target, checked.spec.runs[0], 0).groups["posterior"].variables["mu"].values[0]) == 5
        )
        return
    with pytest.raises(RunError) as caught:
        infer(checked.spec, target, checked.spec.runs[0], 0)
    assert [problem.code for problem in caught.value.problems] == ["UQ650"]
