"""UQ79x: help that was asked for and is not there."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class UnknownCode(Problem):
    code = "UQ790"
    headline = "there is no problem with the code `{given}`"
    advice = "a problem's code stands in the brackets of its message, as in `error[UQ214]`"
    given: str
