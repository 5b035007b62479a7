"""What a model says of all rows of a table at once, where it is applied to other rows than those it was learned from.

A mean over rows is that of the rows for training, whichever rows a stage is bound to: it becomes a number that the stage is
given, and the stage `statistics` computes it. What belongs to no row, such as the weights of basis functions, is given
as well. What rows have jointly, such as a Gaussian process, cannot be had for other rows, and is refused (UQ367).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

from uqdsl import ir
from uqdsl.messages import Problem, Span
from uqdsl.messages.catalogue.sources import JointRows
from uqdsl.semantics.context import Known
from uqdsl.vocabulary.supports import kind_that_holds

_NOWHERE = Span(0, 0)


class Statistics(NamedTuple):
    """The reductions over rows of one part of the data that later stages need.

    - name: of the stage that computes them.
    - statements: that say which these are: those for training, or of an earlier stage.
    - wanted: by name, as these statements have them.
    """

    name: Literal["statistics", "residual_statistics"]
    part: Literal["training", "testing"]
    spec: ir.Spec
    wanted: dict[str, ir.Reduce]

    def stages(self, known: Mapping[str, Known]) -> tuple[ir.Stage, ...]:
        """The stage that computes them, if there are any, given a draw of what is known by then."""
        if not self.wanted:
            return ()
        statements: list[ir.Statement] = [
            ir.Quantity(span=each.span, name=name, dims=each.dims, value=each, fixed=False)
            for name, each in self.wanted.items()
        ]
        used = ir.names_used(tuple(statements))
        for each in reversed(self.spec.quantities):
            if each.name in used or used & set(each.together):
                statements.insert(0, each.model_copy(update={"fixed": False}))
                used |= ir.names_used(each)
        had = {each.name for each in self.spec.fields}
        given = [name for name in known if name in used]
        fields = [
            _field(name, known[name].dims, kind_that_holds(known[name].support)) for name in given if name not in had
        ]
        alone = self.spec.model_copy(update={"statements": tuple(statements), "runs": (), "sums": (), "stages": ()})
        made = with_fields(alone, fields)
        return (ir.Stage(name=self.name, part=self.part, given=tuple(given), makes=tuple(self.wanted), spec=made),)


def of_own_rows(
    stage: ir.Spec, earlier: Sequence[Statistics], rows: AbstractSet[str], known: Mapping[str, Known]
) -> tuple[ir.Spec, tuple[str, ...], list[Problem]]:
    """A stage with what it is given of the rows that others have learned from.

    Arguments:
        stage: as it is written.
        earlier: the statements that came before it; what is needed of their rows is added.
        rows: the dimensions along which the parts of the data differ.
        known: what was found before the stage.

    Returns:
        The stage, the names of all further fields that it is given, and UQ367.
    """
    problems: list[Problem] = [
        JointRows(at=each.span, name=each.name, dim=next(iter(rows & set(each.joint))))
        for each in stage.unknowns
        if each.name in known and rows & set(each.joint)
    ]
    found = {each.name: each for each in stage.unknowns if each.name in known and not rows & set(each.dims)}
    fields: dict[str, ir.DataField] = {
        name: _field(name, each.dims, kind_that_holds(known[name].support)) for name, each in found.items()
    }
    before: dict[_Key, tuple[Statistics, ir.Reduce]] = {}
    for of in earlier:
        _each_reduced(of.spec.statements, rows, lambda key, node, of=of: before.setdefault(key, (of, node))[1])

    def given(key: _Key, node: ir.Reduce) -> ir.Expression:
        if key not in before:  # of the errors of these very rows
            return node
        of, same = before[key]
        name = next((name for name, each in of.wanted.items() if each == same), None)
        if name is None:
            name = f"{of.part}.{node.function}{len(of.wanted) + 1}"
            of.wanted[name] = same
        fields[name] = _field(name, node.dims, "real")
        return ir.Reference(span=node.span, name=name, dims=node.dims)

    statements = [each for each in _each_reduced(stage.statements, rows, given) if each.name not in found]
    spec = with_fields(stage.model_copy(update={"statements": tuple(statements)}), list(fields.values()))
    return spec, tuple(fields), problems


type _Key = tuple[Span, str, int]
"""Where a reduction stands in the text, its function, and which one of these it is."""


def _each_reduced(
    statements: Sequence[ir.Statement], rows: AbstractSet[str], change: Callable[[_Key, ir.Reduce], ir.Expression]
) -> list[ir.Statement]:
    """The statements with something in the place of each outermost reduction that leaves nothing of the rows."""
    seen: Counter[tuple[Span, str]] = Counter()

    def visit(node: ir.Node) -> ir.Node | None:
        if not isinstance(node, ir.Reduce) or not rows & set(node.over) or rows & set(node.dims):
            return None
        place = (node.span, node.function)
        seen[place] += 1
        return change((*place, seen[place]), node)

    return [ir.rewrite(each, visit) for each in statements]


def _field(name: str, dims: tuple[str, ...], kind: str) -> ir.DataField:
    return ir.DataField(span=_NOWHERE, name=name, dims=dims, kind=kind)


def with_fields(spec: ir.Spec, fields: Sequence[ir.DataField]) -> ir.Spec:
    """A spec with further data."""
    table = ir.Table(span=_NOWHERE, path=None, fields=tuple(fields))
    return spec.model_copy(update={"tables": (*spec.tables, table)}) if fields else spec
