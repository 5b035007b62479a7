"""Functions of Python in a program: imported, and made to take arrays with further axes in front."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping

from uqdsl import ir
from uqdsl.codegen.text import identifiers, quoted


def imports(spec: ir.Spec, names: Mapping[str, str]) -> Iterator[str]:
    """The lines that import the functions; `names` are their identifiers."""
    for module in sorted({each.module for each in spec.externs}):
        of_module = [(each.function, names[each.name]) for each in spec.externs if each.module == module]
        renamed = [f"{function} as {name}" for function, name in of_module if name != function]
        as_it_is = ", ".join(sorted(function for function, name in of_module if name == function))
        for each in sorted([*renamed, as_it_is] if as_it_is else renamed):
            yield f"from {module} import {each}  # noqa: E402"


def vectorised(spec: ir.Spec, names: Mapping[str, str]) -> Iterator[tuple[str, ir.Extern]]:
    """The lines that let them take arrays with further axes in front, each place by itself."""
    for each in spec.externs:
        name, signature = names[each.name], signature_of(each)
        if each.nondifferentiable:
            yield f"{name} = callback({name}, {quoted(signature)})", each
        elif signature.replace("()", "").strip(",") != "->":
            yield f"{name} = jnp.vectorize({name}, signature={quoted(signature)})", each
        elif each.parameters:
            yield f"{name} = jnp.vectorize({name})", each


def signature_of(function: ir.Extern) -> str:
    """The dimensions of arguments and result as NumPy has them for generalised functions: `(input),()->(output)`."""
    names = _names(function)

    def shown(dims: tuple[str, ...]) -> str:
        return f"({','.join(names[dim] for dim in dims)})"

    return f"{','.join(shown(axes) for _, axes in function.parameters)}->{shown(function.over)}"


def sizes_given(function: ir.Extern) -> dict[str, str]:
    """The dimensions of the result that no argument has, with the names of their sizes."""
    taken = {dim for _, axes in function.parameters for dim in axes}
    return {dim: name for dim, name in _names(function).items() if dim not in taken}


def _names(function: ir.Extern) -> dict[str, str]:
    dims = [dim for _, axes in function.parameters for dim in axes]
    return identifiers(dict.fromkeys([*dims, *function.over]), set(keyword.kwlist))


def computed_before(spec: ir.Spec) -> tuple[str, ...]:
    """The quantities of data alone that need a function that JAX cannot follow: they are computed once, before all else."""
    opaque = ir.nondifferentiable(spec)
    found = [each for each in spec.quantities if each.fixed and ir.functions_called(each) & opaque]
    together = {name for each in found for name in (each.name, *each.together)}
    return tuple(each.name for each in spec.quantities if each.name in together)
