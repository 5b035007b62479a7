"""What does not depend on the state is computed once, before the loop over time: constant matrices and their roots.

A step is traced with what is known beforehand (data, times, parameters that are fixed) beside what is not (states, keys). Of
what follows from the known alone, the dear parts are taken out, also from branches; what is cheap stays where it is, as its
results would need memory for as long as the loop goes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
from jax.extend.core import Jaxpr, JaxprEqn, Literal, Var

_DEAR = frozenset(
    [
        "cholesky",
        "eigh",
        "lu",
        "svd",
        "triangular_solve",
        "dot_general",
        "conv_general_dilated",
        "sort",
        "scatter",
        "scatter-add",
        "custom_linear_solve",
        "sin",
        "cos",
        "tan",
        "exp",
        "log",
        "log1p",
        "expm1",
        "pow",
        "integer_pow",
        "tanh",
        "erf",
        "erf_inv",
        "lgamma",
        "digamma",
        "reduce_sum",
        "reduce_max",
        "cumsum",
        "while",
        "scan",
    ]
)
_ELEMENTS = 4096
"""Elements from which on what is dear by its kind is so."""


class _Plan(NamedTuple):
    """What of a program is computed beforehand.

    - early: equations that follow from what is known.
    - wanted: their results that the others use and that are kept.
    - again: early equations that are so cheap that they are computed where they are used.
    - inner: of other equations the plans of their branches.
    """

    jaxpr: Jaxpr
    consts: tuple[Any, ...]
    early: frozenset[int]
    wanted: tuple[Var, ...]
    again: frozenset[int]
    inner: dict[int, tuple[_Plan, ...]]

    @property
    def idle(self) -> bool:
        """Whether there is nothing to be computed beforehand."""
        return not self.wanted and all(each.idle for plans in self.inner.values() for each in plans)


def hoisted(function: Callable[..., Any], known: Any, *others: Any) -> tuple[Callable[[Any], Any], Callable[..., Any]]:
    """A function of what is known, and of others, in two parts: `late(early(known), known, *others)` is what it gives.

    Arguments:
        known, others: such values, or their shapes.
    """
    closed, shape = jax.make_jaxpr(function, return_shape=True)(known, *others)
    count = len(jax.tree.leaves(known))
    size = len(closed.jaxpr.invars)
    plan = _planned(closed, [number < count for number in range(size)])
    structure = jax.tree.structure(shape)

    def early(known: Any) -> Any:
        return _kept(plan, [*jax.tree.leaves(known), *[None] * (size - count)])

    def late(kept: Any, known: Any, *others: Any) -> Any:
        return jax.tree.unflatten(structure, _rest(plan, kept, jax.tree.leaves((known, others))))

    return early, late


def _planned(program: Any, known: Sequence[bool]) -> _Plan:
    jaxpr = _open(program)
    invars = jaxpr.invars
    given = {*jaxpr.constvars, *(var for var, is_known in zip(invars, known, strict=True) if is_known)}
    fixed, early, dear = set(given), set(), set()
    made: dict[Var, int] = {}
    inner: dict[int, tuple[_Plan, ...]] = {}
    needed: list[Var] = []
    for number, eqn in enumerate(jaxpr.eqns):
        flags = [isinstance(each, Literal) or each in fixed for each in eqn.invars]
        if all(flags) and not eqn.effects:
            early.add(number)
            fixed.update(eqn.outvars)
            made.update(dict.fromkeys(eqn.outvars, number))
            if _is_dear(eqn) or any(each in dear for each in eqn.invars if not isinstance(each, Literal)):
                dear.update(eqn.outvars)
            continue
        inner[number] = tuple(_planned(each, at(flags)) for each, at in _branches(eqn))
        needed += _variables(eqn.invars)
    needed += _variables(jaxpr.outvars)
    wanted: dict[Var, None] = {}
    again: set[int] = set()
    while needed:
        var = needed.pop()
        if var not in made or var in wanted or made[var] in again:
            continue
        eqn = jaxpr.eqns[made[var]]
        if var in dear and eqn.primitive.name != "broadcast_in_dim":
            wanted[var] = None
        else:
            again.add(made[var])
            needed += _variables(eqn.invars)
    return _Plan(jaxpr, tuple(program.consts), frozenset(early), tuple(wanted), frozenset(again), inner)


def _variables(atoms: Sequence[Any]) -> list[Var]:
    return [each for each in atoms if not isinstance(each, Literal)]


def _branches(eqn: JaxprEqn) -> Iterator[tuple[Any, Callable[[Sequence[Any]], Sequence[Any]]]]:
    """The programs that an equation runs once or never, each with what of the equation's inputs it is given."""
    if eqn.primitive.name == "cond":
        yield from ((each, lambda values: values[1:]) for each in eqn.params["branches"])
    elif eqn.primitive.name in ("jit", "pjit"):
        yield eqn.params["jaxpr"], lambda values: values


def _open(program: Any) -> Jaxpr:
    return getattr(program, "jaxpr", program)


def _is_dear(eqn: JaxprEqn) -> bool:
    inner = [
        _open(each) for each in jax.tree.leaves(list(eqn.params.values()), is_leaf=_is_program) if _is_program(each)
    ]
    if any(_is_dear(each) for program in inner for each in program.eqns):
        return True
    shapes = [getattr(each.aval, "shape", ()) for each in (*eqn.invars, *eqn.outvars)]
    return eqn.primitive.name in _DEAR and max(map(math.prod, shapes), default=0) >= _ELEMENTS


def _is_program(each: Any) -> bool:
    return hasattr(_open(each), "eqns")


def _kept(plan: _Plan, values: Sequence[Any]) -> Any:
    """The values that are wanted, and those of the branches; None stands for values that are not known."""
    if plan.idle:
        return (), {}
    found = dict(zip((*plan.jaxpr.constvars, *plan.jaxpr.invars), (*plan.consts, *values), strict=True))
    found = {var: value for var, value in found.items() if value is not None}
    inner = {}
    for number, eqn in enumerate(plan.jaxpr.eqns):
        if number in plan.early:
            found.update(zip(eqn.outvars, _bound(eqn, [_read(found, each) for each in eqn.invars]), strict=True))
        elif not all(each.idle for each in plan.inner[number]):
            given = [_read(found, each) for each in eqn.invars]
            pairs = zip(plan.inner[number], _branches(eqn), strict=True)
            inner[number] = tuple(_kept(each, at(given)) for each, (_, at) in pairs)
    return tuple(found[var] for var in plan.wanted), inner


def _rest(plan: _Plan, kept: Any, values: Sequence[Any]) -> list[Any]:
    """What a program gives, of which some is known from before."""
    wanted, inner = kept
    found = dict(zip((*plan.jaxpr.constvars, *plan.jaxpr.invars), (*plan.consts, *values), strict=True))
    found.update(zip(plan.wanted, wanted, strict=False))
    for number, eqn in enumerate(plan.jaxpr.eqns):
        if number in plan.early and number not in plan.again:
            continue
        given = [_read(found, each) for each in eqn.invars]
        plans = plan.inner.get(number, ())
        if number not in inner:
            gives = _bound(eqn, given)
        elif eqn.primitive.name == "cond":
            parts = [_branch(each, own) for each, own in zip(plans, inner[number], strict=True)]
            gives = jax.lax.switch(given[0], parts, *given[1:])
        else:
            gives = _branch(plans[0], inner[number][0])(*given)
        found.update(zip(eqn.outvars, gives, strict=True))
    return [_read(found, each) for each in plan.jaxpr.outvars]


def _branch(plan: _Plan, kept: Any) -> Callable[..., list[Any]]:
    return lambda *values: _rest(plan, kept, values)


def _read(found: dict[Var, Any], atom: Any) -> Any:
    return atom.val if isinstance(atom, Literal) else found.get(atom)


def _bound(eqn: JaxprEqn, values: Sequence[Any]) -> Sequence[Any]:
    found = eqn.primitive.get_bind_params(eqn.params)
    functions, parameters = found if isinstance(found, tuple) else ((), found)
    gives = eqn.primitive.bind(*functions, *values, **parameters)
    return gives if eqn.primitive.multiple_results else [gives]
