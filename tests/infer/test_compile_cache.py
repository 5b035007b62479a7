"""What is compiled once is not compiled again; what was damaged is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from uqdsl.infer import Chunk, Target, compile_cache
from uqdsl.infer.markov import Chains, sample
from uqdsl.vocabulary.methods import NutsOptions, methods

NUTS = methods()["nuts"]
OPTIONS = NutsOptions(chains=1, warmup=20, draws=20)


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UQDSL_CACHE", str(tmp_path / "cache"))
    another_process()
    return tmp_path / "cache" / "programs"


def another_process() -> None:
    """Forget what this process holds in memory."""
    compile_cache._RECENT.clear()


def run(target: Target, options: NutsOptions = OPTIONS) -> tuple[bool, np.ndarray]:
    """Whether anything was compiled, and the draws."""
    chunks: list[Chunk] = []
    outcome = sample(target, NUTS, options, 0, sink=chunks.append)
    return outcome.compiled, np.concatenate([each.draws["a"] for each in chunks])


def test_a_second_start_compiles_nothing_and_draws_the_same(normal: Target, empty_cache: Path) -> None:
    compiled, first = run(normal)
    assert compiled
    assert len(list(empty_cache.glob("*.bin"))) == 1
    assert not list(empty_cache.glob("*.tmp"))
    another_process()
    compiled, second = run(normal)
    assert not compiled
    np.testing.assert_array_equal(first, second)


def test_other_data_of_the_same_shape_and_other_run_lengths_need_no_compilation(normal: Target) -> None:
    _, first = run(normal)
    other = normal._replace(data={**normal.data, "y": normal.data["y"] + 5.0})
    longer = OPTIONS.model_copy(update={"draws": 70, "thin": 2, "target_accept": 0.9, "chains": 2})
    compiled, second = run(other, longer)
    assert not compiled
    assert second.mean() > first.mean() + 2.0


def test_whatever_changes_the_code_changes_the_key(normal: Target) -> None:
    def key(target: Target, options: NutsOptions, *, together: bool = False) -> str:
        return Chains(target, NUTS, options, 0, together=together)._cache_key(2 if together else None)

    same = OPTIONS.model_copy(update={"draws": 7, "thin": 3, "target_accept": 0.9, "chains": 9})
    assert key(normal, same) == key(normal, OPTIONS)
    others = [
        key(normal, OPTIONS.model_copy(update={"warmup": 21})),
        key(normal, OPTIONS.model_copy(update={"metric": "dense"})),
        key(normal, OPTIONS.model_copy(update={"max_tree_depth": 9})),
        key(normal._replace(quantities=()), OPTIONS),
        key(normal, OPTIONS, together=True),
    ]
    assert len({key(normal, OPTIONS), *others}) == 6


def test_a_damaged_entry_is_made_anew(normal: Target, empty_cache: Path) -> None:
    _, first = run(normal)
    (path,) = empty_cache.glob("*.bin")
    whole = path.read_bytes()
    another_process()
    for damaged in (b"", whole[:1000], b"another format" + whole, whole[:-1] + b"?"):
        path.write_bytes(damaged)
        assert compile_cache.load_programs(path.stem) is None
    compiled, again = run(normal)
    assert compiled
    np.testing.assert_array_equal(first, again)
    assert path.read_bytes().startswith(compile_cache._MAGIC)
    another_process()
    assert compile_cache.load_programs(path.stem) is not None


def test_programs_that_load_but_do_not_run_are_made_anew(normal: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    _, first = run(normal)

    def fails(*_: object) -> None:
        raise RuntimeError("INTERNAL: Function not found")

    ((key, programs),) = compile_cache._RECENT.items()
    compile_cache._RECENT[key] = {**programs, "start": fails}  # type: ignore[dict-item]
    monkeypatch.setattr(compile_cache, "load_programs", lambda key: compile_cache._RECENT.get(key))
    fails.out_info = programs["start"].out_info  # type: ignore[attr-defined]
    compiled, again = run(normal)
    assert compiled
    np.testing.assert_array_equal(first, again)


def test_a_cache_that_others_may_look_into_is_not_used(normal: Target, empty_cache: Path) -> None:
    run(normal)
    empty_cache.chmod(0o755)
    another_process()
    assert compile_cache.cache_directory("programs") is None
    assert run(normal)[0]
    empty_cache.chmod(0o700)
    assert compile_cache.cache_directory("programs") == empty_cache


def test_a_link_in_place_of_the_cache_is_not_followed(empty_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    empty_cache.parent.mkdir(mode=0o700)
    empty_cache.symlink_to(tmp_path / "elsewhere")
    assert compile_cache.cache_directory("programs") is None


def test_where_nothing_can_be_kept_a_run_goes_on(
    normal: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UQDSL_CACHE", str(tmp_path / "file"))
    assert compile_cache.cache_directory("programs") is None
    assert run(normal)[0]
    assert not run(normal)[0]  # within one process nothing is compiled twice all the same


def test_the_directories_are_the_users_alone(empty_cache: Path) -> None:
    folder = compile_cache.cache_directory("programs")
    assert folder == empty_cache
    assert empty_cache.stat().st_mode & 0o777 == 0o700


def test_the_user_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UQDSL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compile_cache.cache_directory("programs") == tmp_path / "uqdsl" / "programs"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert compile_cache.cache_directory("programs") == tmp_path / "home" / ".cache" / "uqdsl" / "programs"


def test_the_least_used_programs_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for age, name in enumerate(("new", "middle", "old")):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    monkeypatch.setattr(compile_cache, "_MOST_BYTES", 250)
    compile_cache._prune(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["middle", "new"]


def test_a_key_tells_programs_apart() -> None:
    data = {"y": np.zeros(3)}
    key = compile_cache.programs_key("text", ("nuts", 1), data, {"row": [1, 2, 3]})
    assert key == compile_cache.programs_key("text", ("nuts", 1), {"y": np.ones(3)}, {"row": [1, 2, 3]})
    others = [
        compile_cache.programs_key("other", ("nuts", 1), data, {"row": [1, 2, 3]}),
        compile_cache.programs_key("text", ("nuts", 2), data, {"row": [1, 2, 3]}),
        compile_cache.programs_key("text", ("nuts", 1), {"y": np.zeros(4)}, {"row": [1, 2, 3]}),
        compile_cache.programs_key("text", ("nuts", 1), {"y": np.zeros(3, int)}, {"row": [1, 2, 3]}),
        compile_cache.programs_key("text", ("nuts", 1), data, {"row": [1, 2, 4]}),
    ]
    assert len({key, *others}) == 6
