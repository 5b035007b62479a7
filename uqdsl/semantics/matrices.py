"""Linear algebra: `cholesky(K)`, `solve(A, b)`, `identity(site)`, of matrices over a dimension and its copy."""

from __future__ import annotations

from collections.abc import Callable

from uqdsl import ir
from uqdsl.messages import did_you_mean
from uqdsl.messages.catalogue.kinds import UnknownArgument, WrongArgumentCount
from uqdsl.messages.catalogue.names import NoSuchDimension, NotSquare
from uqdsl.semantics.context import Context, Typed, poison, union
from uqdsl.semantics.wording import are, over, plural
from uqdsl.syntax import tree
from uqdsl.vocabulary.functions import MATRIX, MatrixFunction
from uqdsl.vocabulary.supports import BINARY

type Lower = Callable[[tree.Expression, Context], Typed]


def lower_identity(dim: str, expression: tree.Call) -> Typed:
    """`identity(site)`: 1 where site and its copy are one, else 0."""
    copy = dim + "'"
    node = ir.Matrix(span=expression.span, function="identity", operands=(), rows=dim, columns=copy, dims=(dim, copy))
    return Typed(node, BINARY, spread=frozenset())


def lower_matrix(function: MatrixFunction, expression: tree.Call, context: Context, lower: Lower) -> Typed:
    """A function of linear algebra with its operands."""
    operands: list[tree.Expression] = []
    along: str | None = None
    for argument in expression.arguments:
        if not isinstance(argument, tree.Named):
            operands.append(argument)
        elif argument.name == "over" and isinstance(argument.value, tree.Name):
            along = argument.value.name
        else:
            hint = did_you_mean(
                argument.name, ["over"], otherwise="`over = k` says which dimension is that of the rows"
            )
            at = argument.name_span
            return context.report(UnknownArgument(at=at, function=function.name, name=argument.name, hint=hint))
    if len(operands) != function.arity:
        expected, found = plural(function.arity, "argument"), are(len(operands))
        at = expression.span
        return context.report(WrongArgumentCount(at=at, function=function.name, expected=expected, found=found))
    parts = [lower(each, context.anywhere()) for each in operands]
    if not all(part.sound for part in parts):
        return poison(expression.span)
    matrix = parts[0]
    pairs = [(dim, copy) for dim, copy in _pairs(matrix.dims) if along in (None, ir.base(dim))]
    if len(pairs) != 1:
        found = over(matrix.dims)
        what = f"is over {found}" if matrix.dims else "is a single number"
        if pairs:
            what = "is over several such pairs: say which by `over = …`"
        return context.report(NotSquare(at=matrix.node.span, function=function.name, what=what))
    rows, columns = pairs[0]
    batch = tuple(dim for dim in matrix.dims if dim not in (rows, columns))
    match function.value:
        case "matrix":
            dims = matrix.dims
        case "vector":
            dims = (*batch, rows)
        case "number":
            dims = batch
        case _:
            if rows not in parts[1].dims or columns in parts[1].dims:
                at = parts[1].node.span
                return context.report(
                    NoSuchDimension(
                        at=at, name="the right-hand side", dim=rows, hint=f"it is over {over(parts[1].dims)}"
                    )
                )
            dims = union(parts[1].dims, batch)
    node = ir.Matrix(
        span=expression.span,
        function=function.name,
        operands=tuple(part.node for part in parts),
        rows=rows,
        columns=columns,
        dims=dims,
    )
    random = any(part.random for part in parts)
    return Typed(node, function.image, random=random)


def _pairs(dims: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each dimension with the copy of it that comes after it."""
    return [
        (dim, copy) for index, dim in enumerate(dims) for copy in dims[index + 1 :] if ir.base(dim) == ir.base(copy)
    ]


__all__ = ["MATRIX", "lower_identity", "lower_matrix"]
