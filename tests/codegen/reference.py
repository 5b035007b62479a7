"""What an expression of the IR means, computed node by node with arrays that xarray aligns by the names of their dimensions.

Everything is a float; a truth is 1 or 0. Nothing here knows of layouts, axes or the text of a program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.special
import xarray as xr

from uqdsl import ir

_OPERATORS: dict[str, Callable[..., xr.DataArray]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
    "^": lambda a, b: a**b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "and": lambda a, b: (a != 0) & (b != 0),
    "or": lambda a, b: (a != 0) | (b != 0),
    "not": lambda a: a == 0,
    "negative": lambda a: -a,
}
_FUNCTIONS: dict[str, Callable[..., xr.DataArray]] = {
    "sigmoid": scipy.special.expit,
    "logit": scipy.special.logit,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "Phi": scipy.special.ndtr,
    "erf": scipy.special.erf,
    "lgamma": scipy.special.gammaln,
    "atan2": np.arctan2,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "log_sigmoid": scipy.special.log_expit,
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0.0))),
    "gelu": lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x * scipy.special.expit(x),
    "log1mexp": lambda x: np.where(x > -0.1, np.log(-np.expm1(x)), np.log1p(-np.exp(x))),
    "cloglog": lambda x: np.log(-np.log1p(-x)),
    "inv_cloglog": lambda x: -np.expm1(-np.exp(x)),
    "probit": scipy.special.ndtri,
    "log_Phi": scipy.special.log_ndtr,
    "erfc": scipy.special.erfc,
    "digamma": scipy.special.digamma,
    "lbeta": scipy.special.betaln,
    "lchoose": lambda n, k: (
        scipy.special.gammaln(n + 1) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(n - k + 1)
    ),
}
_REDUCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "sum": np.sum,
    "mean": np.mean,
    "product": np.prod,
    "max": np.max,
    "min": np.min,
    "sd": np.std,
    "variance": np.var,
    "logsumexp": scipy.special.logsumexp,
    "count": np.count_nonzero,
    "median": np.median,
    "any": np.any,
    "all": np.all,
}
_ALONG: dict[str, Callable[..., np.ndarray]] = {
    "cumsum": np.cumsum,
    "cumprod": np.cumprod,
    "softmax": scipy.special.softmax,
    "log_softmax": scipy.special.log_softmax,
    "sort": np.sort,
}
_MATRIX: dict[str, Callable[..., np.ndarray]] = {
    "inverse": np.linalg.inv,
    "transpose": lambda a: np.swapaxes(a, -1, -2),
    "trace": lambda a: np.trace(a, axis1=-2, axis2=-1),
}


def evaluate(
    node: ir.Expression, values: Mapping[str, xr.DataArray], coords: Mapping[str, list[str | float]]
) -> xr.DataArray:
    """The value of an expression over exactly its dimensions, in any order."""

    def at(each: ir.Expression) -> xr.DataArray:
        return evaluate(each, values, coords)

    match node:
        case ir.Constant(value=value):
            found = xr.DataArray(float(value))
        case ir.Reference(name=name):
            found = values[name]
        case ir.Coordinate(dim=dim):
            found = xr.DataArray(coords[dim], dims=dim)
        case ir.LabelPosition(dim=dim, label=label):
            found = xr.DataArray(float(coords[dim].index(label)))
        case ir.Gather(value=value, along=along, index=index):
            found = at(value).isel({along: at(index).astype(int)})
        case ir.Pick(value=value, along=along, position=int() as position):
            found = at(value).isel({along: position})
        case ir.Pick(value=value, along=along, label=str() | int() | float() as label):
            found = at(value).isel({along: coords[along].index(label)})
        case ir.Operation(operator=sign, operands=operands):
            found = _OPERATORS[sign](*(at(each) for each in operands))
        case ir.Apply(function=name, arguments=arguments):
            found = xr.apply_ufunc(_FUNCTIONS.get(name) or getattr(np, name), *(at(each) for each in arguments))
        case ir.Rename(value=value, names=names):
            found = at(value).rename(dict(names))
        case ir.Reduce(function=name, operand=operand, over=(dim,)) if name in _ALONG:
            value = at(operand)
            found = xr.apply_ufunc(
                _ALONG[name], value, input_core_dims=[[dim]], output_core_dims=[[dim]], kwargs={"axis": -1}
            )
        case ir.Reduce(function=name, operand=operand, over=over):
            found = at(operand).reduce(_REDUCTIONS[name], over)
        case ir.Choice(test=test, then=then, otherwise=otherwise):
            found = xr.where(at(test) != 0, at(then), at(otherwise))
        case ir.Array(items=items, along=along):
            found = xr.concat(xr.broadcast(*(at(each) for each in items)), dim=along)
        case _:
            raise TypeError(node.node)
    assert set(found.dims) == set(node.dims), f"{found.dims} for {node}"
    return found.astype(float)
