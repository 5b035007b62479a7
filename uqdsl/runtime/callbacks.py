"""Functions of Python that JAX cannot follow."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.runtime.workers import Raised, calls, forgive


class CallbackError(Exception):
    """A function that raised what was `found`, or that gave this where something else was `expected`.

    Its text is all that comes through from within a compiled program, which is why `told` reads it back.
    """

    def __init__(self, function: str, expected: str, found: str) -> None:
        super().__init__(f"`{function}`: {f'expected «{expected}», ' if expected else ''}found «{found}»")

    @staticmethod
    def told(text: str) -> tuple[str, str, str] | None:
        """The function, what was expected and what was found, from the text of an exception that one of these caused."""
        found = re.search(r"CallbackError: `(.*?)`: (?:expected «(.*?)», )?found «(.*?)»", text, re.DOTALL)
        return (found[1], found[2] or "", found[3]) if found else None


def _is_of_others(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], CallbackError)


# JAX writes down every exception of a callback before it raises it.
logging.getLogger("jax._src.callback").addFilter(_is_of_others)


def callback(function: Callable[..., Any], signature: str) -> Callable[..., jax.Array]:
    """Let a function of NumPy arrays be called in a program that JAX compiles; its derivatives are not a number.

    Arguments:
        function: is given an array, or a number, for each argument, and gives one; called once for each place of the axes
            in front.
        signature: the axes of arguments and result as in `numpy.vectorize`, such as `(input),()->(output)`.

    Returns:
        The function of arrays that may have further axes in front, aligned as NumPy does. It takes the size of each axis of
        the result that no argument has by its name.

    Raises:
        CallbackError: where the function fails, or its result is not of the shape that was declared.
    """
    given, _, result = signature.partition("->")
    taken = [_axes(each) for each in re.findall(r"\(([^)]*)\)", given)]
    axes = _axes(result.strip("()"))
    name = getattr(function, "__name__", "function")

    def call(*arguments: Any, **sizes: int) -> jax.Array:
        dtype = jnp.result_type(float)

        @jax.custom_jvp
        def one(*values: jax.Array) -> jax.Array:
            known = dict(sizes)
            for own, value in zip(taken, values, strict=True):
                known |= dict(zip(own, jnp.shape(value), strict=True))
            shape = tuple(known[axis] for axis in axes)

            def outside(*values: Any) -> np.ndarray:
                return _called(function, name, values, [len(each) for each in taken], shape).astype(dtype)

            like = jax.ShapeDtypeStruct(shape, dtype)
            return jax.pure_callback(outside, like, *values, vmap_method="broadcast_all")

        @one.defjvp
        def _(values: Sequence[jax.Array], tangents: Sequence[jax.Array]) -> tuple[jax.Array, jax.Array]:
            # A program may compute it beside what is differentiated: only what depends on it must not be trusted.
            found = one(*values)
            return found, jnp.full_like(found, jnp.nan) * sum(jnp.sum(each) for each in tangents)

        if not taken:
            return one()
        values = [jnp.asarray(each, dtype) for each in arguments]
        return jnp.vectorize(one, signature=signature)(*values)

    return call


def _axes(written: str) -> tuple[str, ...]:
    return tuple(axis for axis in written.split(",") if axis)


def _called(
    function: Callable[..., Any], name: str, values: tuple[Any, ...], ranks: Sequence[int], shape: tuple[int, ...]
) -> np.ndarray:
    """The results of calls with arrays of NumPy's own, one for each place of the axes in front of those of the function."""
    arrays = [np.array(each) for each in values]
    in_front = arrays[0].shape[: arrays[0].ndim - ranks[0]] if arrays else ()
    rows = [tuple(each[place][()] for each in arrays) for place in np.ndindex(in_front)]
    found = [_fitting(name, each, shape) for each in calls(function, rows)]
    return np.stack(found).reshape((*in_front, *shape))


def _fitting(name: str, found: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A result of the shape that was declared; what is no number where a failure is forgiven."""
    if isinstance(found, Raised):
        if forgive(found):
            return np.full(shape, np.nan)
        raise CallbackError(name, "", found.text)
    value = np.asarray(found)
    if value.shape != shape or value.dtype.kind != "f":
        raise CallbackError(name, f"real numbers of shape {shape}", f"{value.dtype} of shape {value.shape}")
    return value
