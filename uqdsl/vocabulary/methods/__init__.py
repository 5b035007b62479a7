"""The methods: what each is called, its options with their bounds, what it assumes, and where its code lives.

Nothing here imports JAX: `check` and the editor know every method; its code is imported when it first runs. Another
package adds a method through the entry point group `uqdsl.methods`, each naming a `Method`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from uqdsl.vocabulary.methods import chains, ensembles, local, particles, stochastic, transports
from uqdsl.vocabulary.methods.chains import NutsOptions
from uqdsl.vocabulary.methods.method import ApproximationOptions, Assumption, ChainOptions, Method, Options

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "FAMILIES",
    "PLANNED",
    "STRANGERS",
    "ApproximationOptions",
    "Assumption",
    "Brought",
    "ChainOptions",
    "Method",
    "NutsOptions",
    "Options",
    "Refused",
    "brought",
    "method_named",
    "methods",
]

FAMILIES: Mapping[str, tuple[Method, ...]] = {
    "Markov chains": chains.METHODS,
    "approximations around a point, or by a family of laws": local.METHODS,
    "chains that look at a few rows at a time": stochastic.METHODS,
    "samples that are weighted, resampled and moved": particles.METHODS,
    "samples of the prior that are moved to the posterior": transports.METHODS,
    "models that are trained several times": ensembles.METHODS,
}
"""The built-in methods by what they are akin to."""

_BUILT_IN = {method.name: method for family in FAMILIES.values() for method in family}


STRANGERS = "of other packages"
"""The family of all others."""


class Refused(NamedTuple):
    """A method of another package that cannot be used: its name, the package, and why, as the end of a sentence."""

    name: str
    package: str
    reason: str


class Brought(NamedTuple):
    """The methods of other installed packages by name, and those that are refused."""

    methods: Mapping[str, Method]
    refused: tuple[Refused, ...]


def method_named(name: str) -> Method | None:
    """The method of a name; other packages are looked through only where it is not built in."""
    return _BUILT_IN.get(name) or brought().methods.get(name)


def methods() -> Mapping[str, Method]:
    """Every method by its name: the built-in ones, then those of other installed packages."""
    return {**_BUILT_IN, **brought().methods}


@cache
def brought() -> Brought:
    """What other packages bring. A package that is broken is no fault of the spec: it is refused and not raised."""
    from importlib.metadata import entry_points

    found: dict[str, Method] = {}
    refused: list[Refused] = []
    for entry in sorted(entry_points(group="uqdsl.methods"), key=lambda each: (each.name, _package(each))):
        reason, method = _clash(entry.name, found), None
        if not reason:
            try:
                method = entry.load()
            except Exception as error:  # noqa: BLE001 - whatever another package does wrong
                reason = f"to import `{entry.value}` raises {type(error).__name__}: {error}"
            else:
                reason = _misfit(entry.name, method)
        if isinstance(method, Method) and not reason:
            found[entry.name] = method
        else:
            refused.append(Refused(entry.name, _package(entry), reason))
    return Brought(found, tuple(refused))


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.module


def _clash(name: str, found: Mapping[str, Method]) -> str:
    if name in _BUILT_IN:
        return "uqdsl has a method of this name itself"
    return "another package brings a method of this name too" if name in found else ""


def _misfit(name: str, method: object) -> str:
    if not isinstance(method, Method):
        return f"its entry point names an object of the type `{type(method).__name__}`, and not a `Method`"
    return "" if method.name == name else f"its entry point is called `{name}`, but the method `{method.name}`"


PLANNED = frozenset({"neural", "profile"})
"""Methods of `infer` that the language names and this version cannot run."""
