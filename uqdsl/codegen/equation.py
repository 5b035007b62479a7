"""What a spec states, as one equation in its own names: the posterior, and the factors that it is a product of."""

from __future__ import annotations

from pathlib import PurePath

from uqdsl import ir
from uqdsl.messages import Sources


def equation(spec: ir.Spec, sources: Sources) -> str:
    """The factorised posterior of a spec, and where each factor is stated.

    p(unknowns | data) ∝ Π p(data | …) Π p(unknown | …), every factor conditional on the unknowns and data that its
    statement names, with quantities (`let`) followed to what they are made of.
    """
    fields = {each.name for each in spec.fields}
    quantities = {each.name: each for each in spec.quantities}
    observed = [each.name for each in spec.observations]
    factors: list[tuple[str, ir.Statement]] = []
    for each in sorted(spec.statements, key=lambda each: not isinstance(each, ir.Observation)):
        if isinstance(each, ir.Quantity):
            continue
        given = _followed(ir.names_used(each), quantities)
        unknown = [name.name for name in spec.unknowns if name.name in given]
        known = [name.name for name in spec.fields if name.name in given and name.name != each.name]
        if isinstance(each, ir.Factor):
            factors.append((f"exp {each.name}({', '.join(unknown + known)})", each))
        else:
            condition = ", ".join(unknown + known)
            factors.append((f"p({each.name} | {condition})" if condition else f"p({each.name})", each))
    used = {name for _, each in factors for name in _followed(ir.names_used(each), quantities)} & fields
    data = observed + [each.name for each in spec.fields if each.name in used and each.name not in observed]
    unknowns = ", ".join(each.name for each in spec.unknowns)
    left = f"p({unknowns} | {', '.join(data)})" if data else f"p({unknowns})"
    width = max((len(text) for text, _ in factors), default=0)
    lines = [f"{left}", ""]
    for index, (text, each) in enumerate(factors):
        where = sources.position(each.span.start)
        file = f"{PurePath(where.file).name}, " if sources.file(each.span.start) else ""
        statement = " ".join(sources.text[each.span.start : each.span.end].split())
        lines.append(f"  {'∝' if index == 0 else '×'} {text:{width}}   {file}line {where.line}: {statement}")
    return "\n".join(lines) + "\n"


def _followed(names: set[str], quantities: dict[str, ir.Quantity]) -> set[str]:
    """Names, with those of quantities replaced by what these are made of."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in quantities:
            waiting += ir.names_used(quantities[name])
        else:
            found.add(name)
    return found
