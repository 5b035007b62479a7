"""How large the recording errors of fields are, where data alone say it."""

from __future__ import annotations

from dataclasses import replace

from uqdsl import ir
from uqdsl.semantics.context import Context
from uqdsl.semantics.expressions import number
from uqdsl.semantics.located import normal
from uqdsl.semantics.sources import PARTS, Sources
from uqdsl.syntax import tree


def known_errors(written: tree.Tree, sources: Sources, source: str, place: Context) -> tuple[ir.RecordingError, ...]:
    """The normal errors of single fields in one source, in the units in which these were recorded.

    Errors of a new input with a population of its own are not among them: training rows do not tell how far that spreads.
    """
    elsewhere = {each.target.name for each in written.statements if isinstance(each, tree.Population) and each.new}
    found: list[ir.RecordingError] = []
    for each in sources.errors.get(PARTS.get(source, ""), ()):
        law, (name, *others) = normal(each.entry.law), each.names
        if law is None or each.berkson or others or (source == "new_input" and name in elsewhere):
            continue
        here = replace(place, problems=[])
        sd = number(law[1], here)
        if sd.sound and not sd.random and not here.problems:
            found.append(ir.RecordingError(span=each.entry.span, name=name, sd=sd.node))
    return tuple(found)
