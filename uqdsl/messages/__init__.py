"""The catalogue of coded problems, where they stand, and one renderer per output."""

from uqdsl.messages.failure import DataError, RunError, SpecError, UqdslError, UsageError, errors, faults
from uqdsl.messages.problem import CATALOGUE, Fix, Label, Note, Problem, Severity, Warn
from uqdsl.messages.render_json import render_json
from uqdsl.messages.render_text import render_text
from uqdsl.messages.source import Place, Position, Sources, Span
from uqdsl.messages.suggest import closest, did_you_mean, listing, shortened

__all__ = [
    "CATALOGUE", "DataError", "Fix", "Label", "Note", "Place", "Position", "Problem", "RunError", "Severity", "Sources",
    "Span", "SpecError", "UqdslError", "UsageError", "Warn", "closest", "did_you_mean", "errors", "faults",
    "listing", "render_json", "render_text", "shortened",
]  # fmt: skip
