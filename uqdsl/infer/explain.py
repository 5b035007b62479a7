"""Why a run could not start or go on, in the words of the spec."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from functools import cache
from traceback import walk_tb
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpyro import distributions
from numpyro.distributions import Distribution, constraints

from uqdsl import runtime
from uqdsl.infer.draws import Chunk, Sink
from uqdsl.infer.positions import trace_at
from uqdsl.infer.start import TRIES
from uqdsl.infer.target import Target
from uqdsl.ir import Extern
from uqdsl.messages import Problem, RunError
from uqdsl.messages.catalogue.methods import FunctionFailed, WrongResult
from uqdsl.messages.catalogue.runtime import (
    InfiniteDensity,
    InvalidParameter,
    OutOfMemory,
    SamplerFailure,
    SolverGaveUp,
    StuckChains,
    UndefinedGradient,
    UndefinedQuantity,
)
from uqdsl.runtime.ode import GaveUp, watched
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.methods import ChainOptions

_MOST_LABELS = 3
_MOST_VALUES = 6
_STUCK_AFTER = 100
"""Draws after which a chain that has accepted nothing counts as stuck."""
_STUCK_BELOW = 1e-6
_DIAGONAL = (
    "add a small number to its diagonal, such as `1e-6 * identity(k)`; of a Gaussian process that is the `jitter`"
)


class InfiniteStart(Exception):
    """No starting position of a chain had a finite log density and gradient; `position` is the last that was tried."""

    def __init__(self, position: np.ndarray) -> None:
        super().__init__("no finite starting position")
        self.position = position


def failure(error: BaseException, target: Target) -> Problem:
    """An exception that no user should see, as a problem; at the statement whose lines in the program raised it."""
    if isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in str(error):
        return OutOfMemory()
    said = said_by(error, target.externs)
    if said is not None:
        return said
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == target.file]
    at = target.lines[lines[-1] - 1] if lines and lines[-1] <= len(target.lines) else None
    return SamplerFailure(at=at, exception=type(error).__name__)


def said_by(error: BaseException, externs: Iterable[Extern]) -> Problem | None:
    """A fault of a function of Python, as a problem at its declaration; None for any other exception."""
    told = runtime.CallbackError.told(str(error))
    if told is None:
        return None
    function, expected, found = told
    extern = next((each for each in externs if each.function == function), None)
    at, name = (extern.span, extern.name) if extern is not None else (None, function)
    if expected:
        return WrongResult(at=at, name=name, expected=expected, found=found)
    return FunctionFailed(at=at, name=name, when="when it is called", exception=found)


def in_words(error: BaseException) -> str:
    """An exception of others in one line."""
    text = str(error).strip().partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class StuckWatch:
    """A sink that passes chunks on, and stops the run once every chain is seen to stand still.

    `chunks` counts those that were passed on.
    """

    def __init__(self, sink: Sink, options: ChainOptions) -> None:
        self._sink, self._chains = sink, options.chains
        self.chunks = 0
        self._enough = _STUCK_AFTER
        self._still: dict[int, int] = dict.fromkeys(range(options.chains), 0)

    def __call__(self, chunk: Chunk) -> None:
        """Pass a chunk on.

        Raises:
            RunError: UQ605.
        """
        self._sink(chunk)
        self.chunks += 1
        acceptance = chunk.stats.get("acceptance_rate")
        if acceptance is None or np.any(acceptance > _STUCK_BELOW):
            self._still.pop(chunk.chain, None)
        elif chunk.chain in self._still:
            self._still[chunk.chain] += len(acceptance)
        if len(self._still) == self._chains and min(self._still.values()) >= self._enough:
            chains = "the chain stands still" if self._chains == 1 else f"all {self._chains} chains stand still"
            raise RunError([StuckChains(chains=chains)])


# ---------------------------------------------------------------------------------------------- why a start is no start


class _Site(NamedTuple):
    """What the explanation needs to know of a site.

    - density: log density by element, `batch_shape`; None for a quantity.
    - parameters: of its law, under the names of the language.
    - valid: of each parameter, whether each element is in range.
    - ranges: of each parameter, in words.
    """

    value: np.ndarray
    density: np.ndarray | None
    parameters: dict[str, np.ndarray]
    valid: dict[str, np.ndarray]
    ranges: dict[str, str]


def explain_start(target: Target, position: dict[str, jax.Array]) -> Problem:
    """Why the log density or its gradient is not finite at an unconstrained position.

    A trajectory that cannot be followed to its end comes first. Then the sites are walked in the order of the model, and the
    first at fault is reported: a law with a parameter out of range, a
    quantity that is not a number, or a log density that is not finite; if there is none, the unknown by which the
    derivative is not finite.
    """
    with watched() as gave_up:
        sites = _sites(target, position)
    if gave_up:
        return _solver_fault(target, sites, gave_up[0])
    faults = (_fault(target, name, site) for name, site in sites.items())
    found = next((fault for fault in faults if fault is not None), None)
    return found or _gradient_fault(target, position) or SamplerFailure(exception="no finite starting point")


def _sites(target: Target, position: dict[str, jax.Array]) -> dict[str, _Site]:
    """The sites of the model at a position, in its order; computed in one compiled function."""
    ranges: dict[str, dict[str, str]] = {}

    def evaluate(position: dict[str, jax.Array], data: dict[str, jax.Array]) -> dict[str, tuple[Any, ...]]:
        found = {}
        for name, site in trace_at(target, position, data).items():
            if site["type"] == "deterministic":
                ranges[name] = {}
                found[name] = (jnp.asarray(site["value"]), None, {}, {})
            elif site["type"] == "sample":
                parameters = _parameters(site["fn"])
                ranges[name] = {each: _in_words(limit) for each, (_, limit) in parameters.items()}
                values = {each: jnp.asarray(value) for each, (value, _) in parameters.items()}
                valid = {each: jnp.asarray(limit(values[each])) for each, (_, limit) in parameters.items()}
                found[name] = (jnp.asarray(site["value"]), site["fn"].log_prob(site["value"]), values, valid)
        return found

    computed: dict[str, Any] = jax.tree.map(np.asarray, jax.jit(evaluate)(position, target.data))
    sites = {}
    # What a compiled function returns is sorted by name; `ranges` was filled in the order of the model.
    for name, limits in ranges.items():
        value, density, parameters, valid = computed[name]
        sites[name] = _Site(value, density, parameters, valid, limits)
    return sites


def _parameters(law: Distribution) -> dict[str, tuple[Any, constraints.Constraint]]:
    """The parameters of a law and of those that it is made of: value and constraint, by the names of the language."""
    found: dict[str, tuple[Any, constraints.Constraint]] = {}
    inner: Any = law
    while isinstance(inner, Distribution):
        names = _parameter_names(type(inner).__name__)
        for name, limit in inner.arg_constraints.items():
            value = getattr(inner, name, None)
            if value is not None and not constraints.is_dependent(limit):
                found.setdefault(names.get(name, name), (value, limit))
        inner = getattr(inner, "base_dist", None)
    return found


@cache
def _parameter_names(numpyro_name: str) -> dict[str, str]:
    """NumPyro's names of the parameters of a law, each with the language's own."""
    wanted = numpyro_name.removesuffix("Probs").removesuffix("Logits")
    for law in DISTRIBUTIONS.values():
        constructor, _, arguments = law.numpyro.removeprefix("dist.").partition("(")
        if constructor == wanted:
            ours = re.findall(r"\{(\w+)\}", arguments)
            home = distributions if law.numpyro.startswith("dist.") else runtime
            return dict(zip(inspect.signature(getattr(home, constructor)).parameters, ours, strict=False))
    return {}


def _in_words(limit: constraints.Constraint) -> str:
    limit = getattr(limit, "base_constraint", limit)  # of a list of numbers, that of each
    if limit is constraints.positive:
        return "positive"
    if limit is constraints.nonnegative or limit is constraints.nonnegative_integer:
        return "zero or more"
    if limit is constraints.unit_interval:
        return "between 0 and 1"
    if limit.event_dim == 0 and limit is constraints.real:
        return "finite"
    if limit is constraints.positive_definite:
        return "positive definite"
    return "in the range that the law allows"


def _fault(target: Target, name: str, site: _Site) -> Problem | None:
    ours = _own_name(target, name)
    span = target.spans.get(ours)
    if site.density is None:
        bad = np.isnan(site.value) if np.any(np.isnan(site.value)) else np.zeros(site.value.shape, bool)
        if not bad.any():
            return None
        where = _where(target, ours, bad)
        return UndefinedQuantity(at=span, name=ours, where=where, value="nan", tries=TRIES)
    for parameter, valid in site.valid.items():
        if not valid.all():
            value, bad = site.parameters[parameter], ~valid
            first = np.unravel_index(int(np.argmax(bad)), bad.shape) if bad.shape else ()
            return InvalidParameter(
                at=span,
                name=ours,
                where=_where(target, ours, bad),
                parameter=parameter,
                value=_shown(value[first]),
                expected=site.ranges[parameter],
                hint=_DIAGONAL if np.ndim(value[first]) == 2 else "",
            )
    bad = ~np.isfinite(site.density)
    if not bad.any():
        return None
    first = np.unravel_index(int(np.argmax(bad)), bad.shape) if bad.shape else ()
    value = _number(site.density[first])
    where = _where(target, ours, bad)
    hint = _circumstances(ours, site, first)
    return InfiniteDensity(at=span, name=ours, where=where, value=value, tries=TRIES, hint=hint)


def _solver_fault(target: Target, sites: dict[str, _Site], gave_up: GaveUp) -> Problem:
    name = next(each for each in target.moving if not np.isfinite(sites[each].value).all())
    unknowns = [f"`{each}` = {_number(sites[each].value)}" for each in target.unknowns if sites[each].value.size == 1]
    tried = f"at the last point tried {', '.join(unknowns[:_MOST_VALUES])}; " if unknowns else ""
    if gave_up.steps >= gave_up.most:
        why = f"{gave_up.most} steps are not enough"
        hint = (
            f"{tried}where the state grows without bounds, narrow the priors; where the equation is stiff, take an implicit "
            "solver such as `kvaerno5`; else raise `max_steps`, or loosen `rtol` and `atol`"
        )
    else:
        why = f"no step can be taken after {gave_up.steps}"
        hint = f"{tried}narrow the priors, or take shorter steps"
    return SolverGaveUp(
        at=target.spans.get(name),
        name=name,
        dim=target.dims[name][0],
        reached=_number(gave_up.reached),
        why=why,
        tries=TRIES,
        hint=hint,
    )


def _circumstances(name: str, site: _Site, index: tuple[Any, ...]) -> str:
    """What the site's value and the parameters of its law were at an element."""

    def at_index(array: np.ndarray) -> str | None:
        if array.ndim > len(index):
            return None
        # A parameter broadcasts against the batch from the right.
        aligned = index[len(index) - array.ndim :]
        return _number(array[tuple(i if size > 1 else 0 for i, size in zip(aligned, array.shape, strict=True))])

    shown = {each: at_index(value) for each, value in site.parameters.items()}
    parts = [f"{each} = {value}" for each, value in shown.items() if value is not None]
    own = at_index(site.value)
    if own is None or not parts:
        return ""
    return f"at the last point tried there, `{name}` = {own} under a law with {', '.join(parts)}"


def _gradient_fault(target: Target, position: dict[str, jax.Array]) -> Problem | None:
    gradient = jax.jit(jax.grad(lambda position, data: target.log_density(position, data, target.coords)))
    for name, value in jax.tree.map(np.asarray, gradient(position, target.data)).items():
        bad = ~np.isfinite(value)
        if bad.any():
            ours = _own_name(target, name)
            where = _where(target, ours, bad)
            return UndefinedGradient(at=target.spans.get(ours), name=ours, where=where, value=_number(value[bad][0]))
    return None


def _own_name(target: Target, site: str) -> str:
    """The spec's name of a site; a noncentered `a` is drawn as `a_decentered`."""
    return site if site in target.spans else site.removesuffix("_decentered")


def _where(target: Target, name: str, bad: np.ndarray) -> str:
    """The labels of the bad elements: ` at county AITKIN`, or nothing for a scalar.

    Arguments:
        bad: over the dimensions of the variable, or the last few of its batch dimensions.
    """
    dims = target.dims.get(name, ())
    sizes = [len(target.coords[dim]) for dim in dims]
    spread = next((i for i in range(len(dims) - bad.ndim + 1) if _fits(bad.shape, sizes[i : i + bad.ndim])), None)
    if spread is None or not any(size > 1 for size in bad.shape):
        return ""
    shown = [(dim, axis) for axis, dim in enumerate(dims[spread : spread + bad.ndim]) if bad.shape[axis] > 1]
    places = np.argwhere(bad)
    if len(places) == bad.size > _MOST_LABELS:
        return " at every " + " and ".join(dim for dim, _ in shown)
    if len(shown) == 1:
        ((dim, axis),) = shown
        labels = [str(target.coords[dim][place[axis]]) for place in places[:_MOST_LABELS]]
        more = len(places) - len(labels)
        return f" at {dim} {', '.join(labels)}" + (f" and {more} more" if more else "")
    first = ", ".join(f"{dim} {target.coords[dim][places[0][axis]]}" for dim, axis in shown)
    more = len(places) - 1
    return f" at {first}" + (f" and {more} more places" if more else "")


def _fits(shape: tuple[int, ...], sizes: list[int]) -> bool:
    return all(length in (1, size) for length, size in zip(shape, sizes, strict=True))


def _shown(value: np.ndarray) -> str:
    """A parameter that is a number, a list of numbers, or a matrix."""
    if np.ndim(value) == 2 and np.isfinite(value).all():
        return f"a matrix with the eigenvalue {_number(np.linalg.eigvalsh(value).min())}"
    if np.ndim(value):
        bad = value[~np.isfinite(value)]
        return (
            f"[{', '.join(map(_number, value))}]" if np.ndim(value) == 1 else f"a matrix with {_number(bad[0])} in it"
        )
    return _number(value)


def _number(value: Any) -> str:
    return f"{float(value):.4g}"
