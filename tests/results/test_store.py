"""Draws stream to the run directory; whatever stops the run, the directory can go on."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray

from uqdsl.messages.failure import RunError
from uqdsl.results import Store, atomic, build_groups, to_datatree
from uqdsl.results.checkpoint import load_checkpoint
from uqdsl.results.store import CHECKPOINT, RESULT, UNFINISHED

from . import known_run


def codes(caught) -> list[str]:
    return [each.code for each in caught.value.problems]


def fresh(directory: Path | None = None, interval: float = 0) -> Store:
    return Store(
        known_run.target(), chains=known_run.CHAINS, draws=known_run.DRAWS, directory=directory, interval=interval
    )


def resumed(directory: Path) -> Store:
    return Store.resume(
        known_run.target(), chains=known_run.CHAINS, draws=known_run.DRAWS, directory=directory, interval=0
    )


def assert_known(store: Store, count: int | None = None) -> None:
    for chain, state in store.chains.items():
        drawn = state.drawn if count is None else count
        for held, known in ((store._posterior, known_run.known(chain)), (store._stats, known_run.known_stats(chain))):
            for name, array in known.items():
                np.testing.assert_array_equal(held[name][chain, :drawn], array[:drawn])


def test_in_memory_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = fresh()
    known_run.write(store)
    drawn = store.finish()
    store.save(build_groups(known_run.target(), drawn))
    assert_known(store, known_run.DRAWS)
    assert not drawn.interrupted
    assert drawn.posterior["x"].shape == (known_run.CHAINS, known_run.DRAWS, known_run.SITES)
    assert list(tmp_path.iterdir()) == []


def test_a_complete_run_leaves_one_whole_file(tmp_path):
    store = fresh(tmp_path, interval=0.05)
    known_run.write(store)
    groups = build_groups(known_run.target(), store.finish())
    store.save(groups)
    with xarray.open_datatree(tmp_path / RESULT, engine="h5netcdf") as tree:
        xarray.testing.assert_identical(tree.load(), to_datatree(groups))
    assert [path.name for path in tmp_path.iterdir()] == [RESULT]


def test_a_short_run_streams_nothing(tmp_path):
    store = fresh(tmp_path, interval=60)
    known_run.write(store, until=40)
    assert list(tmp_path.iterdir()) == []


def test_the_growing_file_can_be_read_at_any_time(tmp_path):
    store = fresh(tmp_path)
    known_run.write(store, until=60)
    with xarray.open_datatree(tmp_path / RESULT, engine="h5netcdf") as tree:
        x = tree["posterior"].dataset["x"]
        assert x.coords["site"].values.tolist() == known_run.target().coords["site"]
        np.testing.assert_array_equal(x[1, :60], known_run.known(1)["x"][:60])
        assert np.isnan(x[:, 60:]).all()
        assert tree.attrs["status"] == "running"


def test_a_warm_up_leaves_a_checkpoint_and_no_result(tmp_path):
    store = fresh(tmp_path)
    store(known_run.chunk(0, 0, 0)._replace(draws={}, stats={}))
    assert load_checkpoint(tmp_path / CHECKPOINT)[0].state["key"].tolist() == [0, 1, 2, 3]
    assert not (tmp_path / RESULT).exists()
    store(known_run.chunk(1, 0, 0))
    with pytest.raises(RunError) as caught:
        store.finish()
    assert codes(caught) == ["UQ711"]
    again = resumed(tmp_path)
    assert set(again.states) == {0, 1}
    known_run.write(again)
    assert_known(again, known_run.DRAWS)


def test_unequal_chains_are_cut_and_go_on(tmp_path):
    store = fresh(tmp_path)
    for chain, stop in enumerate((40, 25, 60)):
        store(known_run.chunk(chain, 0, stop))
    drawn = store.finish()
    assert drawn.interrupted
    assert drawn.lengths == (40, 25, 60)
    store.save(build_groups(known_run.target(), drawn))
    with xarray.open_datatree(tmp_path / RESULT, engine="h5netcdf") as tree:
        assert tree["posterior"].sizes["draw"] == 25
        assert tree.attrs["status"] == "interrupted"
    again = resumed(tmp_path)
    assert [again.chains[chain].drawn for chain in range(3)] == [40, 25, 60]
    assert again.states[2]["i"] == 60
    assert_known(again)
    known_run.write(again)
    again.save(build_groups(known_run.target(), again.finish()))
    assert_known(resumed(tmp_path), known_run.DRAWS)
    assert not (tmp_path / UNFINISHED).exists()


def test_a_chain_that_never_drew_leaves_no_result_but_can_go_on(tmp_path):
    store = fresh(tmp_path, interval=60)
    store(known_run.chunk(0, 0, 40))
    with pytest.raises(RunError) as caught:
        store.finish()
    assert codes(caught) == ["UQ711"]
    assert resumed(tmp_path).chains[0].drawn == 40


def test_killed_at_random_moments_the_run_goes_on_as_if_undisturbed(tmp_path):
    rng = random.Random(5)
    counts = [0]
    for _ in range(6):
        command = [sys.executable, known_run.__file__, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0, 0.08))
            process.kill()
        store = resumed(tmp_path)
        assert_known(store)
        counts.append(sum(state.drawn for state in store.chains.values()))
    assert counts == sorted(counts)
    # The kills came while it was writing.
    assert len(set(counts)) == len(counts)
    assert counts[-1] < known_run.CHAINS * known_run.DRAWS
    store = resumed(tmp_path)
    known_run.write(store)
    store.save(build_groups(known_run.target(), store.finish()))
    assert_known(resumed(tmp_path), known_run.DRAWS)


def test_killed_between_the_two_names_of_an_interrupted_result(tmp_path, monkeypatch):
    store = fresh(tmp_path)
    known_run.write(store, until=60)
    groups = build_groups(known_run.target(), store.finish())

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("uqdsl.results.store.write_netcdf", killed)
    with pytest.raises(KeyboardInterrupt):
        store.save(groups)
    assert not (tmp_path / RESULT).exists()
    again = resumed(tmp_path)
    assert_known(again)
    assert again.chains[0].drawn == 60


class FullDisk:
    """Stands for a disk with room for so many more bytes."""

    def __init__(self, room: int) -> None:
        self.room = room

    def pwrite(self, descriptor: int, content: memoryview, offset: int) -> int:
        if len(content) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= len(content)
        return self.write(descriptor, content, offset)

    write = staticmethod(os.pwrite)


@pytest.mark.parametrize("room", [0, 12_000_000, 12_030_000])
def test_a_full_disk_is_reported_and_costs_only_what_was_not_written(tmp_path, monkeypatch, room):
    """The frame alone takes 11.0 MB, so that the disk fills up at once, or within the first draws, or later."""
    store = fresh(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "pwrite", FullDisk(room).pwrite)
        with pytest.raises(RunError) as caught:
            known_run.write(store)
    assert codes(caught) == ["UQ702"]
    assert str(tmp_path / RESULT) in str(caught.value)
    assert not list(tmp_path.glob(".*"))
    again = resumed(tmp_path)
    assert_known(again)
    known_run.write(again, until=60)
    assert_known(again)
    # The store that failed can go on as well, once there is room.
    store.flush()
    assert_known(resumed(tmp_path))


@pytest.mark.parametrize(
    ("failure", "code"),
    [(errno.EACCES, "UQ701"), (errno.EROFS, "UQ701"), (errno.EDQUOT, "UQ702"), (errno.EIO, "UQ709")],
)
def test_what_the_file_system_refuses_has_a_code(tmp_path, monkeypatch, failure, code):
    def refuse(*_: object) -> None:
        raise OSError(failure, os.strerror(failure))

    monkeypatch.setattr(atomic.os, "replace", refuse)
    with pytest.raises(RunError) as caught:
        atomic.write_whole(tmp_path / "x", "text")
    assert codes(caught) == [code]
    assert list(tmp_path.iterdir()) == []


def started(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    known_run.write(store, until=60)


def damage(path: Path, at: float) -> None:
    content = bytearray(path.read_bytes())
    place = int(at * len(content))
    content[place : place + 64] = bytes(255 - each for each in content[place : place + 64])
    path.write_bytes(content)


def test_a_missing_result_file_is_damage(tmp_path):
    started(tmp_path)
    (tmp_path / RESULT).unlink()
    with pytest.raises(RunError) as caught:
        resumed(tmp_path)
    assert codes(caught) == ["UQ705"]


def test_a_result_file_cut_short_is_damage(tmp_path):
    started(tmp_path)
    os.truncate(tmp_path / RESULT, 5000)
    with pytest.raises(RunError) as caught:
        resumed(tmp_path)
    assert codes(caught) == ["UQ705"]


def test_draws_that_were_changed_are_damage(tmp_path):
    started(tmp_path)
    slot = resumed(tmp_path)._slots["posterior", "x"]
    with (tmp_path / RESULT).open("r+b") as file:
        file.seek(slot.offset + 8)
        file.write(b"\0" * 8)
    with pytest.raises(RunError) as caught:
        resumed(tmp_path)
    assert codes(caught) == ["UQ705"]


@pytest.mark.parametrize("at", [0.2, 0.5, 0.95])
def test_a_damaged_checkpoint_is_reported(tmp_path, at):
    started(tmp_path)
    damage(tmp_path / CHECKPOINT, at)
    with pytest.raises(RunError) as caught:
        resumed(tmp_path)
    assert codes(caught) == ["UQ706"]


def test_a_checkpoint_that_is_no_archive_is_reported(tmp_path):
    started(tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"")
    with pytest.raises(RunError) as caught:
        resumed(tmp_path)
    assert codes(caught) == ["UQ706"]


def test_a_chunk_out_of_turn_is_refused():
    store = fresh()
    store(known_run.chunk(0, 0, 20))
    with pytest.raises(ValueError, match="draw 20 was due"):
        store(known_run.chunk(0, 40, 60))
