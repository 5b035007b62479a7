"""Specs of published posteriors: sound, in style, and three of them run; the rest is for `benchmarks.posteriordb`."""

from __future__ import annotations

import pytest

from benchmarks.posteriordb import run
from benchmarks.published.library import NAMES, spec_of
from uqdsl.driver.front import check_with_data
from uqdsl.driver.source import read_source
from uqdsl.messages import Severity
from uqdsl.syntax import format_spec


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_is_sound_and_in_style(name: str):
    source = read_source(spec_of(name))
    assert format_spec(source.text, source.name) == source.text
    checked, _ = check_with_data(source)
    assert {each.severity for each in checked.problems} <= {Severity.NOTE}
    assert checked.spec.title.count("\n") >= 2, "a spec says in plain words what it asks"


@pytest.mark.parametrize("name", ["eight_schools_eight_schools_centered", "kidiq_kidscore_momhs", "sblri_blr"])
def test_draws_are_those_of_the_reference(name: str):
    outcome = run(name)
    assert {each.name: each.fails for each in outcome.compared if not each.ok} == {}
    assert outcome.divergences == 0
    assert outcome.status == "ok"
