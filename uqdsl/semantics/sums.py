"""Discrete unknowns: which densities depend on them, and in which order they can be summed out.

Every method of this version moves unknowns along gradients, so that what is discrete has to be summed out of the density
first: exactly, one unknown after the other, each from all terms that depend on it (variable elimination).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from uqdsl import ir
from uqdsl.messages import Problem
from uqdsl.messages.catalogue.sums import CannotSum, EndlessValues
from uqdsl.vocabulary.distributions import DISTRIBUTIONS

_MOST = 1000
"""Values of a discrete unknown."""


def plan_sums(
    statements: Sequence[ir.Statement], constants: Collection[str] = ()
) -> tuple[tuple[ir.Sum, ...], list[Problem]]:
    """How the discrete unknowns of a spec are summed out, in the order in which that is done; UQ261, UQ262 where not.

    Those that are used as `constants` are passed over: they have a problem already.
    """
    discrete = {
        each.name: each
        for each in statements
        if isinstance(each, ir.Unknown) and DISTRIBUTIONS[each.law.distribution].discrete and each.name not in constants
    }
    if not discrete:
        return (), []
    plan = _Plan(discrete)
    for each in statements:
        plan.add(each)
    return plan.sums()


@dataclass
class _Plan:
    """The terms found so far. `written` holds the quantities that depend on discrete unknowns, written out."""

    discrete: Mapping[str, ir.Unknown]
    written: dict[str, ir.Expression] = field(default_factory=dict)
    terms: list[ir.Term] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, statement: ir.Statement) -> None:
        """Take a statement into account."""
        match statement:
            case ir.Unknown(name=name) if name in self.discrete:
                return
            case ir.Quantity(name=name, value=value, past=past, flow=flow):
                value = self._substituted(value)
                if not ir.names_used(value) & self.discrete.keys():
                    return
                if past is not None or flow is not None:
                    self._report(statement, "a quantity that is followed from place to place depends on it")
                self.written[name] = value
            case ir.Unknown(law=law) | ir.Observation(law=law):
                law = self._substituted(law)
                if not ir.names_used(law) & self.discrete.keys():
                    return
                if isinstance(statement, ir.Unknown) and statement.imputes:
                    self._report(
                        statement, f"the law of `{statement.name}`, some of whose values are missing, depends on it"
                    )
                    return
                if isinstance(statement, ir.Unknown) and (statement.noncentered or statement.joint or statement.past):
                    self._report(
                        statement, f"the law of `{statement.name}`, which is joint or noncentered, depends on it"
                    )
                    return
                if law.lower is not None and ir.names_used((law.lower, law.upper)) & self.discrete.keys():
                    self._report(statement, f"the ends of the law of `{statement.name}` depend on it")
                    return
                dims = tuple(dim for dim in statement.dims if dim not in law.event)
                self._term(statement, dims, law=law)
            case ir.Factor(value=value):
                value = self._substituted(value)
                if ir.names_used(value) & self.discrete.keys():
                    self._factor(statement, value)

    def _factor(self, statement: ir.Factor, value: ir.Expression) -> None:
        """A sum over places is as many terms; of other expressions each place matters to the others."""
        dims: tuple[str, ...] = ()
        if isinstance(value, ir.Reduce) and value.function == "sum":
            dims, value = value.over, value.operand
        self._term(statement, dims, value=value)

    def _substituted[T](self, part: T) -> T:
        def change(node: ir.Node) -> ir.Node | None:
            match node:
                case ir.Shift(value=ir.Reference(name=name), along=along, steps=steps, lag=None) if (
                    name in self.written
                ):
                    return ir.shifted(self.written[name], along, steps)
                case ir.Gather(value=ir.Reference(name=name), along=along, index=index) if name in self.written:
                    return _selected(self.written[name], along, ir.rewrite(index, change))
                case ir.Reference(name=name) if name in self.written:
                    return self.written[name]
            return None

        return ir.rewrite(part, change)

    def _report(self, statement: ir.Statement, reason: str, names: Sequence[str] = ()) -> None:
        name = next(iter(names or self.discrete))
        self.problems.append(CannotSum(at=statement.span, name=name, reason=reason))

    def _term(
        self,
        statement: ir.Statement,
        dims: tuple[str, ...],
        *,
        law: ir.Law | None = None,
        value: ir.Expression | None = None,
        own: str | None = None,
    ) -> ir.Term | None:
        """The statement with values in the place of unknowns; None, after a problem, where that cannot be."""
        links: dict[str, tuple[str, ir.Expression] | None] = {}
        found = _Enumerated(self.discrete, links, own)
        new_law, new_value = found.of(law), found.of(value)
        if found.reason:
            self._report(statement, found.reason, [found.culprit])
            return None
        for name, link in links.items():
            unknown = self.discrete[name]
            wanted = set(unknown.dims) - {unknown.past.along if own == name and unknown.past else ""}
            if link is None and not wanted <= set(dims):
                missing = min(wanted - set(dims))
                reason = f"a term that is one number for all of `{missing}` depends on it"
                self._report(statement, reason, [name])
                return None
        term = ir.Term(
            span=statement.span,
            statement=statement.name,
            law=new_law,
            value=new_value,
            dims=dims,
            of=tuple(links),
            links=tuple((name, link[0], link[1]) for name, link in links.items() if link is not None),
        )
        if own is None:
            self.terms.append(term)
        return term

    def sums(self) -> tuple[tuple[ir.Sum, ...], list[Problem]]:
        """The sums, those of unknowns whose laws depend on others first."""
        found: list[ir.Sum] = []
        waiting = list(self.terms)
        absorbed: set[str] = set()
        for name, unknown in reversed(list(self.discrete.items())):
            values = self._values(unknown)
            if values is None or self.problems:
                continue
            along = unknown.past.along if unknown.past is not None else None
            law = self._substituted(unknown.law)
            batch = unknown.dims
            prior = self._term(unknown, batch, law=law, own=name)
            start = None
            if unknown.past is not None:
                if unknown.past.steps > 1 or not unknown.past.laws:
                    self._report(unknown, "it looks back more than one step, or starts at a value", [name])
                    continue
                rest = tuple(dim for dim in batch if dim != along)
                start = self._term(unknown, rest, law=self._substituted(unknown.past.laws[0]), own=name)
            if prior is None or (unknown.past is not None and start is None):
                continue
            mine = [each for each in waiting if name in each.of]
            waiting = [each for each in waiting if name not in each.of]
            before = [each for each in found if name in each.of and each.name not in absorbed]
            absorbed |= {each.name for each in before}
            others = [each for term in (prior, *mine, *before) for each in term.of if each != name]
            of = tuple(dict.fromkeys(others))
            links = {link[0]: link for term in (prior, *mine, *before) for link in term.links if link[0] != name}
            done = {each.name for each in found}
            for each in of:
                other = self.discrete[each]
                free = each not in links and not set(other.dims) <= set(unknown.dims)
                if each in done or free or along is not None:
                    self._report(unknown, f"it and `{each}` depend on one another across places", [name])
                    break
            over, count, first = values
            found.append(
                ir.Sum(
                    span=unknown.span,
                    name=name,
                    dims=unknown.dims,
                    over=over,
                    count=count,
                    first=first,
                    prior=prior,
                    terms=tuple(mine),
                    sums=tuple(each.name for each in before),
                    of=of,
                    links=tuple(links.values()),
                    along=along,
                    start=start,
                )
            )
        return (tuple(found) if not self.problems else ()), self.problems

    def _values(self, unknown: ir.Unknown) -> tuple[str | None, int, int] | None:
        """The values of a discrete unknown: labels of a dimension, or a count of numbers and the first of them."""
        law = unknown.law
        given = {each.name: each.value for each in law.arguments}
        if law.event:
            self._report(unknown, f"a `{law.distribution}` is joint over `{law.event[0]}`", [unknown.name])
            return None
        if DISTRIBUTIONS[law.distribution].values == "labels":
            return law.over, 0, 0
        support = DISTRIBUTIONS[law.distribution].support
        first, last = support.lower, support.upper
        if law.distribution in ("Binomial", "BetaBinomial"):
            first, last = 0, _constant(given["trials"])
        elif law.distribution == "DiscreteUniform":
            first, last = _constant(given["lower"]), _constant(given["upper"])
        if law.lower is not None:
            first = max(first, _constant(law.lower))
        if law.upper is not None:
            last = min(last, _constant(law.upper))
        if not 0 <= last - first < _MOST:
            found = f"a `{law.distribution}` has no largest value that the spec tells"
            self.problems.append(EndlessValues(at=law.span, name=unknown.name, found=found))
            return None
        return None, int(last - first) + 1, int(first)


def _selected(value: ir.Expression, along: str, index: ir.Expression) -> ir.Expression:
    """A selection from an expression as the expression of selections."""

    def change(node: ir.Node) -> ir.Node | None:
        dims = getattr(node, "dims", ())
        if along not in dims:
            return node
        new = tuple(dict.fromkeys(each for dim in dims for each in (index.dims if dim == along else (dim,))))
        match node:
            case ir.Operation() | ir.Apply() | ir.Choice():
                parts = {
                    name: ir.rewrite(getattr(node, name), change) for name in type(node).model_fields if name != "dims"
                }
                return node.model_copy(update=parts | {"dims": new})
            case ir.Gather(value=inner, along=other) if along not in inner.dims or other == along:
                return node.model_copy(update={"index": ir.rewrite(node.index, change), "dims": new})
        of = cast(ir.Expression, node)  # it has dimensions
        return ir.Gather(span=node.span, value=of, along=along, index=index, dims=new)

    return ir.rewrite(value, change)


def _constant(value: ir.Expression) -> float:
    return float(value.value) if isinstance(value, ir.Constant) else float("inf")


@dataclass
class _Enumerated:
    """Rewrites a part of the IR so that each discrete unknown is all of its values, along a dimension of their own.

    `links` notes how each is selected: not at all, or by a category along a dimension. `own` is the unknown whose law this
    is, which may look back on itself.
    """

    discrete: Mapping[str, ir.Unknown]
    links: dict[str, tuple[str, ir.Expression] | None]
    own: str | None = None
    reason: str = ""
    culprit: str = ""

    def of[T: ir.Node | None](self, part: T) -> T:
        return part if part is None else ir.rewrite(ir.rewrite(part, self._change), _redimensioned)

    def _change(self, node: ir.Node) -> ir.Node | None:
        match node:
            case ir.Shift(value=ir.Reference(name=name), along=along, steps=steps, lag=lag) if name in self.discrete:
                past = self.discrete[name].past
                if name != self.own or past is None or along != past.along or steps != -1 or lag is not None:
                    return self._refuse(name, f"`{name}` is wanted at another place along `{along}`")
                return ir.Reference(span=node.span, name=ir.value_before(name), dims=(ir.value_before(name),))
            case ir.Gather(value=ir.Reference(name=name), along=along, index=index) if name in self.discrete:
                if self.discrete[name].dims != (along,):
                    return self._refuse(name, "it is over several dimensions and selected along one")
                return self._values(name, (along, index), node)
            case ir.Reference(name=name) if name in self.discrete:
                return self._values(name, None, node)
            case ir.Gather(value=value, along=along, index=index):
                inner = ir.rewrite(index, self._change)
                if isinstance(inner, ir.Reference) and self._labels(inner.name) == ir.base(along) and inner.dims:
                    # All labels in order: the dimension itself under another name.
                    return ir.Rename(
                        span=node.span,
                        value=ir.rewrite(value, self._change),
                        names=((along, inner.dims[0]),),
                        dims=node.dims,
                    )
                return node.model_copy(update={"value": ir.rewrite(value, self._change), "index": inner})
            case ir.Reduce(operand=operand, over=over):
                for name in ir.names_used(operand) & self.discrete.keys():
                    if set(over) & set(self.discrete[name].dims):
                        return self._refuse(name, f"all of its values along `{over[0]}` stand in one term")
        return None

    def _labels(self, name: str) -> str | None:
        """The dimension whose labels an enumerated name goes through."""
        for each, unknown in self.discrete.items():
            if name in (ir.values_of(each), ir.value_before(each)) and unknown.law.over is not None:
                return ir.base(unknown.law.over)
        return None

    def _values(self, name: str, link: tuple[str, ir.Expression] | None, node: ir.Node) -> ir.Node:
        if name in self.links and self.links[name] != link:
            return self._refuse(name, "one term depends on it at two places at once")
        self.links[name] = link
        return ir.Reference(span=node.span, name=ir.values_of(name), dims=(ir.values_of(name),))

    def _refuse(self, name: str, reason: str) -> ir.Node:
        self.reason, self.culprit = self.reason or reason, self.culprit or name
        return ir.Constant(value=0)


def _redimensioned(node: ir.Node) -> ir.Node | None:
    """A node with the dimensions that its parts now have."""
    if isinstance(node, ir.Constant | ir.Reference | ir.Coordinate) or not hasattr(node, "dims"):
        return node if hasattr(node, "dims") else None
    parts = {
        name: ir.rewrite(getattr(node, name), _redimensioned) for name in type(node).model_fields if name != "dims"
    }
    inner: list[str] = []
    for value in parts.values():
        for each in value if isinstance(value, tuple) else (value,):
            inner += getattr(each, "dims", ())
    match node:
        case ir.Gather(along=along):
            dims = [dim for dim in parts["value"].dims if dim != along] + list(parts["index"].dims)
        case ir.Pick(along=along):
            dims = [dim for dim in inner if dim != along]
        case ir.Reduce(over=over, function=function):
            dims = [dim for dim in inner if dim not in over or dim in node.dims]
            del function
        case ir.Rename(names=names):
            new = dict(names)
            dims = [new.get(dim, dim) for dim in inner]
        case ir.Shift(lag=lag):
            dims = [*inner, *([lag] if lag else [])]
        case ir.Array(along=along):
            dims = [*inner, along]
        case ir.Matrix() | ir.Invoke():
            kept = set(node.dims)
            dims = [dim for dim in inner if dim in kept or dim.endswith("=")]
            if isinstance(node, ir.Invoke):
                dims += [dim for dim in node.dims if dim in node.own]
        case _:
            dims = inner
    return node.model_copy(update=parts | {"dims": tuple(dict.fromkeys(dims))})
