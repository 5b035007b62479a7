"""Functions of Python that a spec names: imported where the caller allows it, and checked at the boundary.

Only here does anything that a spec names become code, and only modules that the caller named in full: `physics` allows no
`physics.tools`.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.explain import in_words, said_by
from uqdsl.ir import Extern, Spec, base
from uqdsl.messages import Problem, RunError, UsageError, did_you_mean
from uqdsl.messages.catalogue.methods import FunctionFailed, NotAllowed, NotImported, WrongResult
from uqdsl.runtime.workers import processes

type Coordinates = Mapping[str, Sequence[object]]


def load_externs(spec: Spec, allowed: Sequence[str], coords: Coordinates) -> None:
    """Import the functions of Python that a spec names, and see that they fit what it says of them.

    Args:
        spec: the IR.
        allowed: the modules that may run, each by its full name.
        coords: the labels of every dimension.

    Raises:
        UsageError: UQ510 for every module that is not allowed; then nothing is imported.
        RunError: UQ511 where one cannot be had, UQ512 where it gives something else than declared, UQ513 where it fails.
    """
    refused = {each.module: each for each in reversed(spec.externs) if each.module not in allowed}
    if refused:
        raise UsageError(
            [NotAllowed(at=each.span, name=each.name, module=module) for module, each in reversed(refused.items())]
        )
    problems: list[Problem] = []
    for each in spec.externs:
        function = _imported(each)
        problem = function if isinstance(function, Problem) else _misfit(each, function, coords)
        if problem is not None:
            problems.append(problem)
    if problems:
        raise RunError(problems)


def hash_modules(spec: Spec) -> dict[str, str]:
    """SHA-256 of the files of the modules that a spec names, once they have been imported."""
    hashes: dict[str, str] = {}
    for each in spec.externs:
        file = getattr(sys.modules[each.module], "__file__", None)
        if file is not None:
            hashes[each.module] = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    return hashes


def side_by_side(spec: Spec, jobs: int) -> AbstractContextManager[None]:
    """In the block, functions that JAX cannot follow are called for several places at once, in so many processes.

    They have been imported, and so are allowed; a process imports no other.
    """
    found = {}
    for each in spec.externs:
        if each.nondifferentiable:
            found[id(getattr(sys.modules[each.module], each.function))] = (each.module, each.function)
    return processes(jobs, found)


def computed(
    with_computed: Callable[..., dict[str, Any]], data: Mapping[str, np.ndarray], coords: Coordinates, spec: Spec
) -> dict[str, np.ndarray]:
    """The data with what a program computes of them by functions that JAX cannot follow.

    Raises:
        RunError: UQ512, UQ513 where such a function fails.
    """
    try:
        return {name: np.asarray(each) for name, each in with_computed(data, coords).items()}
    except Exception as error:
        problem = said_by(error, spec.externs)
        if problem is None:
            raise
        raise RunError([problem]) from error


def _imported(extern: Extern) -> Callable[..., Any] | Problem:
    """The function; UQ511 where it cannot be had."""

    def refuse(reason: str, hint: str = "") -> Problem:
        return NotImported(at=extern.span, name=extern.name, module=extern.module, reason=reason, hint=hint)

    try:
        module = import_module(extern.module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{extern.module}.".startswith(f"{error.name}."):
            hint = "modules are found where Python finds them, for the command in the working directory too"
            return refuse("there is no such module", hint)
        return refuse(f"it imports `{error.name}`, which is not installed")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a module of others does when it is imported
        return refuse(f"when it is imported, it raises {in_words(error)}")
    function = getattr(module, extern.function, None)
    if function is None:
        names = [name for name, each in vars(module).items() if callable(each)]
        return refuse(f"it has no `{extern.function}`", did_you_mean(extern.function, names))
    if not callable(function):
        return refuse(f"its `{extern.function}` is no function")
    return function


def _misfit(extern: Extern, function: Callable[..., Any], coords: Coordinates) -> Problem | None:
    """What is wrong with a function that JAX is to follow; one that it cannot follow is seen when it is called."""
    if extern.nondifferentiable:
        return None
    real = jnp.result_type(float)
    given = [jax.ShapeDtypeStruct(_shape(axes, coords), real) for _, axes in extern.parameters]
    try:
        found = jax.eval_shape(function, *given)
        if getattr(found, "shape", None) != _shape(extern.over, coords) or not jnp.issubdtype(
            found.dtype, jnp.floating
        ):
            shown = f"{found.dtype} of shape {found.shape}" if hasattr(found, "shape") else f"a {type(found).__name__}"
            expected = f"real numbers of shape {_shape(extern.over, coords)}"
            shapes = [
                f"`{name}` of shape {each.shape}" for (name, _), each in zip(extern.parameters, given, strict=True)
            ]
            hint = f"it was given {', '.join(shapes)}" if shapes else ""
            return WrongResult(at=extern.span, name=extern.name, expected=expected, found=shown, hint=hint)
        if given:
            # As a program does: at several places at once, and with its derivatives.
            gradient = jax.grad(lambda *values: jnp.sum(function(*values)), argnums=range(len(given)))
            jax.eval_shape(jax.vmap(gradient), *(jax.ShapeDtypeStruct((2, *each.shape), real) for each in given))
    except Exception as error:  # noqa: BLE001 - whatever a function of others does
        origin = f'"{extern.module}:{extern.function}"'
        hint = f"write it with `jax.numpy`, or declare that it has no gradient: `from {origin} nondifferentiable`"
        return FunctionFailed(
            at=extern.span, name=extern.name, when="when JAX follows it", exception=in_words(error), hint=hint
        )
    return None


def _shape(dims: tuple[str, ...], coords: Coordinates) -> tuple[int, ...]:
    return tuple(len(coords[base(dim)]) for dim in dims)
