"""From the formulas of the vocabulary, such as `mean * concentration`, to expressions of the IR."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from uqdsl import ir
from uqdsl.messages import Span
from uqdsl.semantics.context import union

_OPERATORS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}


def lower_formula(formula: str, values: Mapping[str, ir.Expression], span: Span) -> ir.Expression:
    """The expression of a formula in the notation of Python, with expressions in place of its names.

    Arguments:
        values: of each name.
        span: where in the spec the result counts as written.
    """
    return _lower(ast.parse(formula, mode="eval").body, values, span)


def _lower(node: ast.expr, values: Mapping[str, ir.Expression], span: Span) -> ir.Expression:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=int() | float() as value):
            return ir.Constant(span=span, value=value)
        case ast.BinOp(left=left, op=sign, right=right):
            operands = (_lower(left, values, span), _lower(right, values, span))
            dims = union(*(each.dims for each in operands))
            return ir.Operation(span=span, operator=_OPERATORS[type(sign)], operands=operands, dims=dims)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return ir.Constant(span=span, value=-value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _lower(operand, values, span)
            return ir.Operation(span=span, operator="negative", operands=(inner,), dims=inner.dims)
        case ast.Call(func=ast.Name(id=function), args=[argument]):
            inner = _lower(argument, values, span)
            return ir.Apply(span=span, function=function, arguments=(inner,), dims=inner.dims)
    raise TypeError(f"no formula: {ast.unparse(node)}")
