"""`allow(NAME)` behind a statement, a field or a clause, which silences the lint of that name there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from uqdsl.messages import Problem, Span, did_you_mean, errors, listing
from uqdsl.messages.catalogue.kinds import WrongModifier
from uqdsl.messages.catalogue.lints import LINTS, CutMass, IdleAllow, MomentsAlone, UnknownLint
from uqdsl.messages.catalogue.parts import SharedRows
from uqdsl.syntax import tree

ALLOW = "allow"
_MODIFIED = (
    tree.Data, tree.Field, tree.Prior, tree.Population, tree.Let, tree.Likelihood, tree.Factor, tree.Clause,
)  # fmt: skip
_ELSEWHERE = (SharedRows, CutMass, MomentsAlone)
"""Lints that other parts of the spec or a run decide on: an `allow` of them is never idle."""
_CODES = {each.code: name for name, each in LINTS.items()}


class _Allowed(NamedTuple):
    """A name in an `allow`, where it stands, and what it is said of."""

    name: str
    at: Span
    of: Span


def heed_allowed(written: tree.Tree, problems: Sequence[Problem]) -> list[Problem]:
    """The problems without those that are allowed where they are; UQ322, UQ336 for what is no name, UQ337 for idle ones."""
    found: list[Problem] = []
    allowed: list[_Allowed] = []
    unclear: list[Span] = []  # what was meant to be allowed there is not blamed
    for each in _allowed_in(written.statements):
        if each.name in LINTS:
            allowed.append(each)
            continue
        unclear.append(each.of)
        if not each.name:
            how, hint = "names warnings: `allow(unused)`", f"it can be {listing(LINTS)}"
            found.append(WrongModifier(at=each.at, name=ALLOW, how=how, hint=hint))
        else:
            hint = did_you_mean(_CODES.get(each.name, each.name), LINTS, otherwise=f"it can be {listing(LINTS)}")
            found.append(UnknownLint(at=each.at, name=each.name, hint=hint))
    used: set[_Allowed] = set()
    for problem in problems:
        silent = [each for each in allowed if each.name == problem.lint and _within(problem.at, each.of)]
        used.update(silent)
        if not silent and not (problem.lint and any(_within(problem.at, each) for each in unclear)):
            found.append(problem)
    if not errors(found):
        found += [
            IdleAllow(at=each.at, name=each.name)
            for each in allowed
            if each not in used and LINTS[each.name] not in _ELSEWHERE
        ]
    return found


def not_allowed(written: tree.Tree, problems: Sequence[Problem]) -> list[Problem]:
    """The problems that no `allow` of a spec silences."""
    allowed = [*_allowed_in(written.statements)]
    return [
        problem
        for problem in problems
        if not any(each.name == problem.lint and _within(problem.at, each.of) for each in allowed)
    ]


def allows(modifiers: tuple[tree.Modifier, ...], lint: type[Problem]) -> bool:
    """Whether one of the modifiers of a statement allows a lint there."""
    names = (name for each in modifiers if each.name == ALLOW for name in each.arguments or ())
    return any(isinstance(each, tree.Name) and each.name == lint.lint for each in names)


def _within(at: Span | None, whole: Span) -> bool:
    return at is not None and whole.start <= at.start and at.end <= whole.end


def _allowed_in(part: object) -> Iterator[_Allowed]:
    """What a part of the tree allows; what is not a list of names has none."""
    if isinstance(part, tuple):
        for each in part:
            yield from _allowed_in(each)
        return
    yield from _allowed_in(part.entries if isinstance(part, tree.Data) else ())
    yield from _allowed_in(part.clauses if isinstance(part, tree.State) else ())
    if isinstance(part, _MODIFIED):
        for modifier in part.modifiers:
            names = modifier.arguments or ()
            if modifier.name != ALLOW:
                continue
            if not names or not all(isinstance(each, tree.Name) for each in names):
                yield _Allowed("", modifier.span, part.span)
            else:
                yield from (_Allowed(each.name, each.span, part.span) for each in names if isinstance(each, tree.Name))
