"""Every fault is one problem: found where it stands, whatever else is wrong, and followed by no other."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from uqdsl.messages import CATALOGUE
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .faults import BASE, FAULTS, Fault, numbered
from .reading import codes, shown, sound

WHOLE_SPEC = {
    "UQ225", "UQ263", "UQ264", "UQ265", "UQ320", "UQ321", "UQ325", "UQ333", "UQ337", "UQ338", "UQ341", "UQ505",
}  # fmt: skip
"""Problems that no single statement of one file causes; they have tests of their own."""


def _found(text: str) -> list[str]:
    """Codes but for unknowns that nothing depends on, which are told where there are warnings alone."""
    return [code for code in codes(text) if code != "UQ320"]


def test_the_base_is_sound():
    assert len(sound(BASE).statements) == 10


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.code}: {fault.text}")
def test_one_fault_is_one_problem(fault: Fault):
    text = BASE + numbered(fault, 1)
    assert _found(text) == [fault.code], shown(text)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.code}: {fault.text}")
def test_it_is_found_where_it_stands(fault: Fault):
    parsed = parse(BASE + numbered(fault, 1))
    for problem in analyse(parsed).problems:
        if problem.code in ("UQ320", "UQ227"):  # it may be the base that takes the name of a dimension
            continue
        assert problem.at is not None
        assert problem.at.start >= len(BASE) or any(label.span.start >= len(BASE) for label in problem.others)


def test_the_codes_are_those_of_semantics():
    """That every one is caused is for `tests/problems` to say."""
    assert {fault.code for fault in FAULTS} <= {code for code in CATALOGUE if code[2] in "2359"} - WHOLE_SPEC


_SEPARATE = [
    fault for fault in FAULTS if fault.code not in ("UQ227", "UQ207", "UQ208", "UQ282", "UQ326") and "$" in fault.text
]
"""Faults that do not meet when two of them stand in one spec."""


_WARNINGS = [fault for fault in _SEPARATE if fault.code in ("UQ334", "UQ335")]
"""Those that are no errors, beside which an unknown that nothing depends on is told too."""


@given(st.lists(st.sampled_from(_SEPARATE), min_size=2, max_size=12), st.randoms(use_true_random=False))
@example(_WARNINGS, Random(0))
def test_many_faults_are_as_many_problems(faults, random):
    statements = [numbered(fault, number) for number, fault in enumerate(faults)]
    # The base's own statements stand between them: the order of statements says nothing.
    cut = BASE.index("prior mu")
    pieces = [BASE[:cut], BASE[cut:], *statements]
    random.shuffle(pieces)
    text = "\n".join(pieces)
    assert Counter(_found(text)) == Counter(fault.code for fault in faults), shown(text)
