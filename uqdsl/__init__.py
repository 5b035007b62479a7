"""uqdsl: a spec says what is known and how sure it is; this turns it into a program, runs it and shows the posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from uqdsl.api import Assimilation, Fit, Model, Program, load, loads
    from uqdsl.messages import DataError, RunError, SpecError, UqdslError, UsageError

__all__ = [
    "Assimilation", "DataError", "Fit", "Model", "Program", "RunError", "SpecError", "UqdslError", "UsageError", "load",
    "loads",
]  # fmt: skip


def __getattr__(name: str) -> object:
    # What a name needs is imported with it: the command answers before any of it is.
    if name not in __all__:
        raise AttributeError(f"module 'uqdsl' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("uqdsl.messages" if name.endswith("Error") else "uqdsl.api"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
