"""The densities that discrete unknowns touch, with these summed out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from uqdsl import ir
from uqdsl.codegen.expressions import Name, Window, Writer
from uqdsl.codegen.laws import law_text, masked_text
from uqdsl.codegen.text import ATOM, PRODUCT, SUM, Kind, Text, quoted
from uqdsl.vocabulary.distributions import DISTRIBUTIONS


def summed_statements(spec: ir.Spec) -> set[str]:
    """The statements whose densities are part of a sum, by the names of their sites."""
    terms = {term.statement for each in spec.sums for term in each.terms}
    return terms | {each.name for each in spec.sums}


def dependent_quantities(spec: ir.Spec) -> set[str]:
    """The quantities that depend on a discrete unknown."""
    found = {each.name for each in spec.sums}
    for each in spec.statements:
        if isinstance(each, ir.Quantity) and ir.names_used(each) & found:
            found.add(each.name)
    return found - {each.name for each in spec.sums}


def names_of_sums(spec: ir.Spec) -> set[str]:
    """What the sums use of unknowns, quantities, settings and data."""
    found: set[str] = set()
    statements = {each.name: each for each in spec.statements}
    for each in spec.sums:
        found |= ir.names_used(each)
        for term in each.terms:
            statement = statements[term.statement]
            if isinstance(statement, ir.Unknown | ir.Observation):
                found.add(statement.name)
            if isinstance(statement, ir.Observation):
                found |= ir.names_used((statement.where, statement.weight))
    return {name for name in found if not name.endswith("=")}


@dataclass
class Sums:
    """Writes the lines that sum discrete unknowns out, one after the other."""

    spec: ir.Spec
    writer: Writer
    declared: Mapping[str, str]

    def lines(self) -> Iterator[tuple[str, ir.Node]]:
        """Assignments of a table and its sum for each unknown; each with the unknown that it is of."""
        for each in self.spec.sums:
            count = f'len(coords["{ir.base(each.over)}"])' if each.over is not None else str(each.count)
            arange = f"np.arange({count})" + (f" + {each.first}" if each.first else "")
            for dim in (ir.values_of(each.name), ir.value_before(each.name)):
                self.writer.lengths[dim] = count
                self.writer.names[dim] = Name(f"({arange})" if each.first else arange, (dim,), Kind.WHOLE)
        totals = []
        for each in self.spec.sums:
            identifier = self.writer.names[each.name].identifier
            used = any(each.name in other.sums for other in self.spec.sums)
            yield from ((line, each) for line in self._sum(each, identifier))
            yield from ((line, each) for line in self._flush())
            if not used:
                rest = [dim for dim in each.dims if dim != each.along]
                totals.append(f"log_{identifier}.sum()" if rest else f"log_{identifier}")
        yield f"return {' + '.join(totals)}", self.spec.sums[-1]

    def _flush(self) -> list[str]:
        parts = list(self.writer.parts)
        self.writer.parts.clear()
        return parts

    def _sum(self, each: ir.Sum, identifier: str) -> list[str]:
        values = ir.values_of(each.name)
        others = tuple(ir.values_of(name) for name in each.of)
        layout = (*each.dims, *others, values)
        texts = [self._term(term, each, (*others, values)) for term in each.terms]
        for name in each.sums:
            (before,) = [other for other in self.spec.sums if other.name == name]
            texts.append(self._gathered(before, each, (*others, values)))
        if any(one.name == each.name and one.imputes for one in self.spec.unknowns):
            texts.append(self._known(each, layout))
        name = quoted(each.name)
        if each.along is not None:
            return self._chain(each, identifier, texts, layout)
        table = _added([self._prior(each.prior, each, layout), *texts])
        return [*self._flush(), f"log_{identifier} = sum_out({name}, {table})"]

    def _known(self, each: ir.Sum, layout: tuple[str, ...]) -> Text:
        """What rules out all values but the one that is observed, where one is."""
        values = self.writer.names[ir.values_of(each.name)]
        observed, value = (
            self.writer.aligned(Text(f"data[{quoted(name)}]"), each.dims, layout)
            for name in (ir.observed(each.name), each.name)
        )
        every = self.writer.aligned(Text(values.identifier), values.axes, layout)
        return Text(f"jnp.where({observed.text} & ({value.text} != {every.text}), -jnp.inf, 0.0)")

    def _chain(self, each: ir.Sum, identifier: str, texts: list[Text], layout: tuple[str, ...]) -> list[str]:
        """A hidden Markov chain: the axis along which it goes first."""
        along = each.along or ""
        rest = tuple(dim for dim in each.dims if dim != along)
        values, before = ir.values_of(each.name), ir.value_before(each.name)
        initial = self._prior(each.start or each.prior, each, (*rest, values))
        law = each.prior.law
        moving = law is not None and any(along in argument.value.dims for argument in law.arguments)
        if moving:
            with self.writer.seeing(**{along: Window(1)}):
                transition = self._prior(each.prior, each, (along, *rest, before, values), whole=True)
        else:
            transition = self._prior(each.prior, each, (*rest, before, values))
        emission = _added(texts) if texts else "0.0"
        moved = self.writer.aligned(Text(f"({emission})"), layout, (along, *rest, values)).text if texts else emission
        moved = emission if moved == f"({emission})" else moved
        shape = self.writer.sizes((along, *rest, values))
        whole = moved if self._full(each, along) else f"jnp.broadcast_to({moved}, {shape})"
        place = each.dims.index(along)
        axis = f", axis={place}" if place else ""
        given = ", ".join([quoted(each.name), initial.text, transition.text, whole])
        return [*self._flush(), f"log_{identifier} = sum_chain({given}{axis})"]

    def _full(self, each: ir.Sum, along: str) -> bool:
        """Whether the terms range over the whole of the chain and of its values."""
        return any(set(each.dims) <= set(term.dims) and self._varies(term, each) for term in each.terms)

    def _varies(self, term: ir.Term, each: ir.Sum) -> bool:
        parts = [argument.value for argument in term.law.arguments] if term.law is not None else [term.value]
        return any(part is not None and ir.values_of(each.name) in part.dims for part in parts)

    def _prior(self, term: ir.Term, each: ir.Sum, layout: tuple[str, ...], *, whole: bool = False) -> Text:
        """The log probabilities of the values."""
        law = term.law
        assert law is not None, "a sum has a law"
        del whole
        values = ir.values_of(each.name)
        if DISTRIBUTIONS[law.distribution].values == "labels" and law.over is not None:
            (argument,) = law.arguments
            over = law.over
            dims = tuple(values if dim == over else dim for dim in argument.value.dims)
            renamed: ir.Expression = argument.value
            if over in argument.value.dims:
                renamed = ir.Rename(span=law.span, value=argument.value, names=((over, values),), dims=dims)
            axes = tuple(dim for dim in layout if dim in dims or dim == values)
            text = self.writer.parameter(renamed, axes)
            text = text if values in dims else self.writer.broadcast(text, dims, axes)
            if argument.name == "logits":
                found = Text(f"jax.nn.log_softmax({text.text}, axis=-1)")
            else:
                found = Text(f"jnp.log({text.text})")
            return self.writer.aligned(found, axes, layout)
        known = self.writer.names[values]
        at = self.writer.aligned(Text(known.identifier), known.axes, layout)
        return Text(f"{law_text(law, layout, self.writer)}.log_prob({at.text})")

    def _term(self, term: ir.Term, each: ir.Sum, values: tuple[str, ...]) -> Text:
        """The log density of a statement at each value, over the dimensions of the unknown."""
        statement = next(one for one in self.spec.statements if one.name == term.statement)
        layout = (*term.dims, *values)
        match statement:
            case ir.Observation() | ir.Unknown():
                text = self._density(statement, term, layout)
            case _:
                assert term.value is not None, "a factor has a value"
                text = self.writer.broadcast(self.writer.parameter(term.value, layout), term.value.dims, layout)
        link = next((one for one in term.links if one[0] == each.name), None)
        return self._reduced(text, term.dims, values, each, link)

    def _density(self, statement: ir.Observation | ir.Unknown, term: ir.Term, layout: tuple[str, ...]) -> Text:
        law = term.law
        assert law is not None, "data have a law"
        whole = (*layout, *law.event)
        known = self.writer.names[statement.name]
        data = known.identifier
        past = statement.past
        windows = {past.along: Window(past.steps)} if past is not None else {}
        with self.writer.seeing(**windows):
            shown = law_text(law, whole, self.writer)
            seen = self.writer.seen(Text(data), known.axes)
            outcome = self.writer.aligned(seen, known.axes, whole)
            if isinstance(statement, ir.Observation):
                shown = masked_text(shown, statement, self.spec, self.declared, self.writer, layout)
        text = Text(f"{shown}.log_prob({outcome.text})")
        if past is not None:
            pads = ", ".join(f"({past.steps}, 0)" if dim == past.along else "(0, 0)" for dim in layout)
            text = Text(f"jnp.pad({text.text}, ({pads},))")
        if isinstance(statement, ir.Observation) and statement.weight is not None:
            weight = self.writer.number(statement.weight, layout)
            text = Text(f"{weight.at(PRODUCT)} * {text.text}", PRODUCT)
        return text

    def _gathered(self, before: ir.Sum, each: ir.Sum, values: tuple[str, ...]) -> Text:
        """What an unknown that was summed out before leaves as a term of this one."""
        identifier = self.writer.names[before.name].identifier
        axes = (*before.dims, *(ir.values_of(name) for name in before.of))
        text = self.writer.aligned(Text(f"log_{identifier}"), axes, (*before.dims, *values))
        link = next((one for one in before.links if one[0] == each.name), None)
        return self._reduced(text, before.dims, values, each, link)

    def _reduced(
        self,
        text: Text,
        dims: tuple[str, ...],
        values: tuple[str, ...],
        each: ir.Sum,
        link: tuple[str, str, ir.Expression] | None,
    ) -> Text:
        """A term over other dimensions summed to those of the unknown: all rows of a group, where one selects it."""
        kept = link[2].dims if link is not None else each.dims
        gone = [place for place, dim in enumerate(dims) if dim not in kept]
        if gone:
            axes = str(gone[0]) if len(gone) == 1 else f"({', '.join(map(str, gone))})"
            text = Text(f"{text.at(ATOM)}.sum(axis={axes})")
        left = tuple(dim for dim in dims if dim in kept)
        if link is not None:
            _, along, index = link
            segments = f'len(coords["{ir.base(along)}"])'
            at = self.writer.write(index, left).text
            text = Text(f"jax.ops.segment_sum({text.text}, {at}, num_segments={segments})")
            left = (along,)
        return self.writer.aligned(text, (*left, *values), (*each.dims, *values))


def _added(texts: list[Text]) -> str:
    return " + ".join(each.at(SUM) for each in texts)
