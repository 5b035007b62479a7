"""Specs that assimilate, as the command runs them."""

from __future__ import annotations

from collections.abc import Sequence

from uqdsl.driver.assimilate import Assimilated, assimilate, system_of
from uqdsl.driver.front import check_with_data
from uqdsl.driver.source import read_source

from .conftest import SPECS


def assimilated(name: str, allowed: Sequence[str] = (), /, seed: int = 0, **settings: float) -> Assimilated:
    """What the first `assimilate` of a spec finds."""
    checked, dataset = check_with_data(read_source(SPECS / f"{name}.uq"), settings)
    assert checked.spec.motion is not None
    system, _ = system_of(checked.spec, checked.sources, dataset, allowed=allowed)
    return assimilate(checked.spec, system, checked.spec.motion.assimilations[0], dataset, seed, lambda *_: None)


def all_assimilated(name: str, allowed: Sequence[str] = (), /, seed: int = 0) -> dict[str, Assimilated]:
    """What each `assimilate` of a spec finds, by its name."""
    checked, dataset = check_with_data(read_source(SPECS / f"{name}.uq"))
    assert checked.spec.motion is not None
    system, _ = system_of(checked.spec, checked.sources, dataset, allowed=allowed)
    every = checked.spec.motion.assimilations
    return {each.name: assimilate(checked.spec, system, each, dataset, seed, lambda *_: None) for each in every}
