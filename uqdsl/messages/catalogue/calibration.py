"""UQ64x: what testing data say of predictions, and training inputs of new ones."""

from __future__ import annotations

from uqdsl.messages.problem import Note, Problem, Warn


class Miscalibrated(Warn):
    """Predictions that testing data do not bear out."""

    code = "UQ640"
    headline = "testing data do not bear out the predictions of `{name}`: {said}"
    label = "predicted here"
    advice = (
        "too narrow: something uncertain is left out, or declared too small; too wide: an error is declared too large; "
        "too low or too high: the function cannot follow the data"
    )
    name: str
    said: str


class ShiftedInputs(Warn):
    """New inputs from elsewhere than those of training."""

    code = "UQ641"
    headline = "{said}"
    label = "the new rows"
    advice = "predictions there rest on the form of the function; what testing data say of them need not hold"
    said: str


class NotScored(Note):
    """Predictions that cannot be held against testing data."""

    code = "UQ642"
    headline = "predictions of `{name}` are not scored: {reason}"
    label = "predicted here"
    name: str
    reason: str


class TooFewToRecalibrate(Problem):
    """Predictions that are to be mended by testing rows which do not tell how."""

    code = "UQ643"
    headline = "predictions of `{name}` cannot be recalibrated: {reason}"
    label = "predicted here"
    advice = "give more rows for testing, or take `recalibrated` out"
    name: str
    reason: str
