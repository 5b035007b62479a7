"""The docstrings of a generated module: what the spec says, in a form that cannot be code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from textwrap import wrap

from uqdsl import ir
from uqdsl.codegen.style import WIDTH
from uqdsl.codegen.text import visible
from uqdsl.messages import Sources, Span

_KIND_WORDS = {"category": "positions, from 0, in the labels of `{of}`", "binary": "0 or 1", "unit": "between 0 and 1"}


def docstring(paragraphs: list[str], indent: int) -> list[str]:
    """Lines as an indented docstring; nothing in them can end it, escape from it or break a line of it."""
    pad = " " * indent
    safe = [visible(line.expandtabs()).rstrip() for line in paragraphs]
    safe = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in safe]
    while safe and not safe[-1]:
        safe.pop()
    safe = safe or [""]
    first = safe[0].lstrip()
    opening = f'{pad}"""{" " if first.startswith(chr(34)) else ""}{first}'
    if len(safe) == 1 and not first.endswith('"') and len(opening) + 3 <= WIDTH:
        return [f'{opening}"""']
    return [opening, *(pad + line if line else "" for line in safe[1:]), f'{pad}"""']


def described_module(spec: ir.Spec, sources: Sources, version: str, *, computed: bool) -> list[str]:
    """What the module says of itself; `computed` says that some of its data are computed from the others."""
    data = "with_computed(data, coords)" if computed else "data"
    # Without its folder: the same spec gives the same program wherever it is called from.
    file = PurePath(sources.names[0]).name
    title = spec.title.splitlines() or [f"The model of {file}."]
    return [
        *(part for line in title for part in (wrap(line, WIDTH) or [""])),
        "",
        f"Written by uqdsl {version} from {file}. Run it with NumPyro as it stands:",
        "",
        f"    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, {data}, coords)",
        "",
        *_described_data(spec),
    ]


def _described_data(spec: ir.Spec) -> list[str]:
    if not spec.fields:
        return ["`data` is empty, `coords` holds the list of labels of each dimension."]
    rows = [
        (each.name, f"[{', '.join(each.dims)}]", _KIND_WORDS.get(each.kind, each.kind).format(of=each.of))
        for each in (*spec.fields, *spec.constants)
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = ["`data` holds an array for each name, `coords` the list of labels of each dimension:", ""]
    lines += [f"    {name:<{widths[0]}}  {dims:<{widths[1]}}  {words}".rstrip() for name, dims, words in rows]
    return lines


def described_model(spec: ir.Spec, sources: Sources) -> list[str]:
    """What `model` says of itself: its statements as they were written, included ones below their `include`."""
    lines: list[str] = []
    file = 0
    for span in sorted({each.span for each in spec.statements}):
        ways = sources.inclusions(span.start)
        if sources.file(span.start) != file:
            file = sources.file(span.start)
            lines += _written(ways[0], sources, len(ways) - 1)
        lines += _written(span, sources, len(ways))
    first = "The model as NumPyro sites; `observed=False` draws the data too."
    return [first, "", *lines]


def _written(span: Span, sources: Sources, depth: int) -> list[str]:
    return ["  " * depth + line for line in sources.text[span.start : span.end].splitlines()]


def described_computed(quantities: Sequence[ir.Quantity], sources: Sources) -> list[str]:
    """What `with_computed` says of itself."""
    lines = [line for each in quantities for line in _written(each.span, sources, 0)]
    first = "The data, and what follows from them by functions that JAX cannot follow: the `data` of all below."
    return [first, "", *lines]


def described_parts() -> list[str]:
    """What `log_parts` says of itself."""
    return [
        "Log densities of prior and likelihood, up to constants, at an unconstrained `position`.",
        "",
        "`position` has an array for each unknown; the log Jacobian of `position` to unknowns is",
        "part of the prior.",
    ]


def described_density() -> list[str]:
    """What `log_density` says of itself."""
    return ["Log density of the posterior, up to a constant: minus the potential energy of `model`."]


def described_sums() -> list[str]:
    """What `summed` says of itself."""
    return [
        "Log density of all that discrete unknowns touch, with these summed out.",
        "",
        "`values` has an array for each other unknown and quantity that it needs.",
    ]
