"""The generated programs against the densities by hand, and the page that says so."""

from __future__ import annotations

import pytest

import uqdsl
from benchmarks.published.library import FOLDER, NAMES, spec_of
from benchmarks.trust import PAGE, Agreement, agreement, model_of, names_on, page


@pytest.mark.parametrize("name", NAMES)
def test_a_program_is_the_density_by_hand(name: str):
    found = agreement(name, model_of(name).compile())
    assert found.ok, found


@pytest.mark.parametrize(
    ("sound", "faulty"),
    [
        ("Normal(0, 10)", "Normal(0, 9)"),
        ("HalfNormal(10)", "HalfNormal(9)"),
        ("over = predictor), sigma", "over = predictor), 1.0001 * sigma"),
        ("prior sigma           ~ HalfNormal(10)", "prior sigma ~ LogNormal(0, 1)"),
    ],
)
def test_a_program_of_another_posterior_is_found_out(sound: str, faulty: str):
    """Coefficients with a posterior sd of a thousandth, whose prior is all but flat."""
    text = spec_of("sblrc_blr").read_text(encoding="utf-8")
    assert sound in text
    model = uqdsl.loads(text.replace(sound, faulty), folder=FOLDER)
    assert not agreement("sblrc_blr", model.compile()).ok


def test_the_page_has_a_row_for_each():
    assert names_on(PAGE.read_text(encoding="utf-8")) == list(NAMES)


def test_the_page_is_as_it_would_be_written():
    """All but the numbers, which differ in rounding from machine to machine."""
    made = page(dict.fromkeys(NAMES, Agreement(3, 1e-16, 1e-15)))
    kept = PAGE.read_text(encoding="utf-8")
    assert kept.partition("\n|---")[0] == made.partition("\n|---")[0]
    assert names_on(made) == list(NAMES)
