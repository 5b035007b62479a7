"""The values of simple expressions of data, such as the sd of an error: what can be told before anything is compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from uqdsl import ir

_OPERATORS: Mapping[str, Callable[..., np.ndarray]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "negative": np.negative,
}
_FUNCTIONS: Mapping[str, Callable[..., np.ndarray]] = {
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "abs": np.abs,
    "minimum": np.minimum,
    "maximum": np.maximum,
}


class _Other(Exception):
    """An expression of another kind, or of what is unknown."""


def value_over(
    expression: ir.Expression, dims: tuple[str, ...], spec: ir.Spec, arrays: Mapping[str, np.ndarray]
) -> np.ndarray | None:
    """The values of an expression, to be broadcast over dimensions in this order.

    None for what is unknown, and for all but arithmetic of numbers, settings, fields and quantities made of these, selected by
    categories at most.
    """
    numbers = {each.name: each.value for each in spec.settings if not isinstance(each.value, str)}
    quantities = {each.name: each for each in spec.quantities if each.past is None and each.flow is None}
    fields = {each.name: each for each in (*spec.fields, *spec.constants)}

    def over(node: ir.Expression, dims: tuple[str, ...]) -> np.ndarray:
        if not set(node.dims) <= set(dims):
            raise _Other
        match node:
            case ir.Constant(value=value):
                return np.asarray(value, float)
            case ir.Reference(name=name) if name in numbers:
                return np.asarray(numbers[name], float)
            case ir.Reference(name=name) if name in fields and name in arrays:
                own = fields[name].dims
                array = np.transpose(arrays[name], [own.index(each) for each in dims if each in own])
                return np.expand_dims(array, tuple(at for at, each in enumerate(dims) if each not in own))
            case ir.Reference(name=name) if name in quantities:
                return over(quantities[name].value, dims)
            case ir.Operation(operator=operator, operands=operands) if operator in _OPERATORS:
                return _OPERATORS[operator](*(over(each, dims) for each in operands))
            case ir.Apply(function=function, arguments=arguments) if function in _FUNCTIONS:
                return _FUNCTIONS[function](*(over(each, dims) for each in arguments))
            case ir.Gather(value=value, along=along, index=index, between=False) if value.dims == (along,):
                return np.ravel(over(value, (along,)))[over(index, dims).astype(int)]
        raise _Other

    try:
        with np.errstate(all="ignore"):
            return over(expression, dims)
    except _Other:
        return None
