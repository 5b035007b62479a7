"""UQ34x: likelihoods whose rows are taken in batches."""

from __future__ import annotations

from uqdsl.messages.problem import Note, Problem


class NotInBatches(Problem):
    code = "UQ342"
    headline = "the rows of `{name}` cannot be taken in batches: {why}"
    label = "to be taken in batches"
    advice = "leave out `batch`, or let each row depend on no more than its own data and unknowns that all rows share"
    name: str
    why: str


class AllRows(Note):
    code = "UQ343"
    headline = "`{method}` looks at all rows in each step, whatever `batch` says"
    label = "heeded by `sgld`, `sghmc`, `ensemble`, `swag` and `dropout`"
    method: str
