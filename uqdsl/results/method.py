"""What a method says of its draws, kept as the group `method` of a result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from uqdsl.results.groups import Group, Groups, Variable

METHOD = "method"
WEIGHTED = "weighted"
"""The group of draws that do not count alike, as they were before they were resampled, with their `log_weight`."""

MODE = "mode"
"""The group of the weights about which networks are linear in what is said of them."""

type Numbers = Mapping[str, float | int | bool | str]


class Said(NamedTuple):
    """What a method that is no Markov chain says of what it gave.

    - ess: how many independent draws its draws are worth, NaN where they are none of the posterior; None where they are
      chains, of which diagnostics tell.
    - diagnostics: numbers of the whole, by name.
    - reasons: why not to trust it, a sentence each.
    - notes: what else is to be known, a sentence each.
    """

    ess: float | None
    diagnostics: Numbers
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def method_group(said: Said, history: Mapping[str, np.ndarray]) -> Group:
    """The group: what is said as attributes, and the numbers after each step as arrays."""
    attrs: dict[str, str | int | float] = {
        "diagnostics": json.dumps({name: _plain(each) for name, each in said.diagnostics.items()}),
        "reasons": json.dumps(said.reasons),
        "notes": json.dumps(said.notes),
    }
    if said.ess is not None:
        attrs["ess"] = said.ess
    variables = {name: Variable((f"{name}_step",), np.asarray(each)) for name, each in history.items()}
    coords = {f"{name}_step": np.arange(len(each)) for name, each in history.items()}
    return Group(variables, coords, attrs)


def read_said(groups: Groups) -> Said | None:
    """What the method of a result says; None of one that is a Markov chain."""
    if METHOD not in groups:
        return None
    attrs = groups[METHOD].attrs
    ess = float(attrs["ess"]) if "ess" in attrs else None
    reasons, notes = (tuple(json.loads(str(attrs[name]))) for name in ("reasons", "notes"))
    return Said(ess, json.loads(str(attrs["diagnostics"])), reasons, notes)


def mode_of(groups: Groups) -> dict[str, np.ndarray]:
    """The weights, by name, about which the networks of a result are linear; nothing where they are not."""
    return {name: each.values for name, each in groups[MODE].variables.items()} if MODE in groups else {}


def _plain(value: object) -> object:
    """A number as JSON has it."""
    return value.item() if isinstance(value, np.generic) or hasattr(value, "item") else value  # pyright: ignore[reportAttributeAccessIssue]
