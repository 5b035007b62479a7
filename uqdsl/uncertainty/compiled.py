"""Functions of stages that are compiled once, and kept while the process lasts: a second prediction compiles nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from uqdsl.uncertainty.stages import Stage

_KEPT: OrderedDict[Hashable, Callable[..., Any]] = OrderedDict()
_MOST_KEPT = 64


def compiled(
    stage: Stage, function: Callable[..., Any], axes: Sequence[int | None], *others: Hashable
) -> Callable[..., Any]:
    """A function of a stage and arrays, for many of these side by side.

    What is kept is that of the stage's program, of its labels, and of the shapes of its data, whatever values they have.

    Arguments:
        function: `function(stage, *arrays)`.
        axes: along which each of the arrays goes side by side; None for what all have in common.
        others: whatever else the function depends on, and which it is.
    """
    target, data = stage.target, stage.target.data
    of_stage = (stage.given, stage.inputs, stage.makes)
    key = (target.model, _labels(target.coords), _shapes(data), *of_stage, *others)
    if key not in _KEPT:
        bare = stage.of_data({})

        def called(data: Mapping[str, jax.Array], *arrays: Any) -> Any:
            return jax.vmap(lambda *each: function(bare.of_data(data), *each), axes)(*arrays)

        _KEPT[key] = jax.jit(called)
        while len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    kept = _KEPT[key]
    return lambda *arrays: kept(data, *arrays)


def _labels(coords: Mapping[str, list]) -> Hashable:
    return tuple((dim, tuple(labels)) for dim, labels in sorted(coords.items()))


def _shapes(data: Mapping[str, np.ndarray]) -> Hashable:
    return tuple((name, np.shape(each), np.asarray(each).dtype.str) for name, each in sorted(data.items()))
