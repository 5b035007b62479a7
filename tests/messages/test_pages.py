"""The page of a problem is found by its code, however it is written."""

from __future__ import annotations

import pytest

from uqdsl.messages import UsageError
from uqdsl.messages.pages import codes, page


@pytest.mark.parametrize("written", ["UQ214", "uq214", " UQ214\n", "214"])
def test_a_page_by_its_code(written):
    assert page(written).startswith("# UQ214: ")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("UQ4480", "did you mean `UQ448`?"),
        ("QU214", "did you mean `UQ214`?"),
        ("radon", "a problem's code stands in the brackets of its message, as in `error[UQ214]`"),
        ("", "a problem's code stands in the brackets of its message, as in `error[UQ214]`"),
        ("../../UQ214", None),
        ("UQ214\0", None),
        ("9" * 5000, None),
    ],
)
def test_an_unknown_code(written, hint):
    with pytest.raises(UsageError) as caught:
        page(written)
    (problem,) = caught.value.problems
    assert problem.code == "UQ790"
    assert "there is no problem with the code" in str(caught.value)
    if hint is not None:
        assert problem.help == hint


def test_codes_are_in_order():
    assert list(codes()) == sorted(codes())
    assert {"UQ101", "UQ214", "UQ902"} <= set(codes())
