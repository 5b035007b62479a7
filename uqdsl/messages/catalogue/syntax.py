"""UQ1xx: text that is not a spec."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class UnexpectedText(Problem):
    code = "UQ101"
    headline = "expected {expected}, found {found}"
    label = "not expected here"
    expected: str
    found: str


class NotAStatement(Problem):
    code = "UQ102"
    headline = "`{word}` does not begin a statement"
    label = "a statement begins with a keyword"
    advice = "every statement starts with a keyword such as `data`, `prior`, `let` or `likelihood`"
    word: str


class UnclosedBracket(Problem):
    code = "UQ103"
    headline = "`{bracket}` is never closed"
    label = "opened here"
    advice = "add the closing `{closing}`"
    bracket: str
    closing: str


class UnopenedBracket(Problem):
    code = "UQ104"
    headline = "`{bracket}` closes nothing"
    label = "no bracket of its kind is open here"
    bracket: str


class UnclosedText(Problem):
    code = "UQ105"
    headline = "a text in quotes is not closed on its line"
    label = "opened here"
    advice = 'add the closing `"`'


class UnknownCharacter(Problem):
    code = "UQ106"
    headline = "{character} has no meaning here"
    label = "not part of the language"
    character: str


class ReservedWord(Problem):
    code = "UQ107"
    headline = "`{word}` is a reserved word and cannot be a name"
    label = "choose another name"
    advice = "write another name, such as `{word}_`"
    word: str


class IncompleteStatement(Problem):
    code = "UQ108"
    headline = "this `{statement}` statement ends too early: expected {expected}"
    label = "ends here"
    statement: str
    expected: str


class NotText(Problem):
    code = "UQ109"
    headline = "`{file}` is not a text in UTF-8: {reason}"
    advice = "save the spec as UTF-8"
    file: str
    reason: str
