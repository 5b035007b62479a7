"""The methods: what each is called, its options with their bounds, what it assumes, and where its code lives.

Nothing here imports JAX: `check` and the editor know every method; its code is imported when it first runs. Another
package adds a method through the entry point group `uqdsl.methods`, each naming a `Method`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from uqdsl.vocabulary.methods import chains, ensembles, local, particles, stochastic, transports
from uqdsl.vocabulary.methods.chains import NutsOptions
from uqdsl.vocabulary.methods.method import ApproximationOptions, Assumption, ChainOptions, Method, Options

__all__ = [
    "PLANNED",
    "ApproximationOptions",
    "Assumption",
    "ChainOptions",
    "Method",
    "NutsOptions",
    "Options",
    "method_named",
    "methods",
]

_BUILT_IN = tuple(
    method for family in (chains, local, stochastic, particles, transports, ensembles) for method in family.METHODS
)


def method_named(name: str) -> Method | None:
    """The method of a name; other packages are looked through only where it is not built in."""
    return next((method for method in _BUILT_IN if method.name == name), None) or methods().get(name)


@cache
def methods() -> Mapping[str, Method]:
    """Every method by its name: the built-in ones, then those of other installed packages."""
    from importlib.metadata import entry_points

    found = {method.name: method for method in _BUILT_IN}
    for entry in entry_points(group="uqdsl.methods"):
        try:
            method = entry.load()
        except Exception:  # noqa: BLE001, S112 - another package that is broken is no fault of the spec
            continue
        if isinstance(method, Method):
            found.setdefault(entry.name, method)
    return found


PLANNED = frozenset({"diffusion", "ensemble", "flow", "laplace", "mean_field", "neural", "profile", "smc", "svgd"})
"""Methods of `infer` that the language names and this version cannot run."""
