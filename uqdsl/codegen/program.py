"""From the IR to the text of a NumPyro module, as an expert would have written it, and the map back to the spec.

The module holds two functions of one meaning: `model`, which keeps every site, and `log_density`, which samplers call.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import NamedTuple

from uqdsl import ir
from uqdsl.codegen.docstring import (
    described_computed,
    described_density,
    described_model,
    described_module,
    described_parts,
    described_sums,
    docstring,
)
from uqdsl.codegen.expressions import ANY, Name, Window, Writer, at_times
from uqdsl.codegen.externs import computed_before, imports, vectorised
from uqdsl.codegen.laws import (
    batch_dims,
    law_text,
    masked_text,
    recentered,
    reparameterisation,
    restricted_text,
    standard_law_text,
)
from uqdsl.codegen.networks import network_lines
from uqdsl.codegen.steps import Steps, first_places, lines_of, started
from uqdsl.codegen.style import WIDTH, styled
from uqdsl.codegen.sums import Sums, dependent_quantities, names_of_sums, summed_statements
from uqdsl.codegen.text import ATOM, PRODUCT, RUNTIME, TAKEN, Kind, Text, identifiers, number, quoted
from uqdsl.messages import Sources, Span
from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.solvers import DEFAULT_SOLVER, SOLVERS, SolverOptions


class Program(NamedTuple):
    """A generated module.

    `lines` gives, for each line of `text`, the span of the statement that it comes from, or None; `sites` gives the
    span of each NumPyro site; `networks` what the function of each network is called.
    """

    text: str
    lines: tuple[Span | None, ...]
    sites: dict[str, Span]
    networks: dict[str, str]


def generate(spec: ir.Spec, sources: Sources, *, version: str, precision: int = 64) -> Program:
    """Write the NumPyro program of a spec.

    Args:
        spec: the IR.
        sources: the texts that its spans point into; statements are quoted in the docstrings.
        version: of uqdsl, named in the module's docstring.
        precision: bits of a float, 64 or 32.

    Returns:
        The module's text, formatted, with its source map.
    """
    names = _Names.of(spec)
    with _deep_expressions():
        functions = [
            *_own_functions(spec, sources, names),
            *_networks(spec, sources, names),
            *_computed(spec, sources, names),
        ]
        functions += [*_model(spec, sources, names), *_plain("", ""), *_log_density(spec, names)]
        functions += _summed(spec, names)
    lines = styled([*_head(spec, sources, version, precision, functions, names), *_plain("", ""), *functions])
    sites = {each.name: each.span for each in spec.statements}
    networks = {each.name: names.functions[each.name] for each in spec.networks}
    return Program("\n".join(line for line, _ in lines) + "\n", tuple(span for _, span in lines), sites, networks)


@contextmanager
def _deep_expressions() -> Iterator[None]:
    """Leave Python room for expressions of some hundred parts within one another, four calls each."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 5000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


type _Lines = list[tuple[str, Span | None]]


def _plain(*lines: str) -> _Lines:
    return [(line, None) for line in lines]


def _spanned(lines: Iterable[str], span: Span) -> _Lines:
    return [(line, span) for line in lines]


# --------------------------------------------------------------------------------------------------------- identifiers

_WHOLE_KINDS = {"count", "int", "binary", "category"}


@dataclass(frozen=True)
class _Names:
    """The identifiers of a module: of what the spec declares, of each log density, of each standardised unknown."""

    declared: dict[str, str]
    densities: dict[str, str]
    standardised: dict[str, str]
    functions: dict[str, str]
    taken: frozenset[str]
    placed: set[str] = field(default_factory=set)
    """The author's functions that need the coordinates, as far as they have been written."""

    @classmethod
    def of(cls, spec: ir.Spec) -> _Names:
        taken = set(TAKEN)
        declared = identifiers(
            dict.fromkeys(each.name for each in (*spec.settings, *spec.fields, *spec.statements)), taken
        )
        declared |= identifiers([each.name for each in spec.constants], taken)
        declared |= identifiers([ir.observed(each.name) for each in spec.fields if each.missing], taken)
        terms = [each.name for each in spec.statements if not isinstance(each, ir.Quantity)]
        densities = identifiers(terms, taken, "log_p_{}")
        noncentered = [each.name for each in spec.unknowns if each.noncentered]
        standardised = identifiers(noncentered, taken, "{}_decentered")
        functions = identifiers([each.name for each in (*spec.functions, *spec.externs, *spec.networks)], taken)
        return cls(declared, densities, standardised, functions, frozenset(taken))

    def writer(self, spec: ir.Spec) -> Writer:
        """A writer of expressions that knows settings, data and unknowns."""
        known = self.settings(spec)
        for each in (*spec.fields, *spec.constants):
            kind = Kind.WHOLE if each.kind in _WHOLE_KINDS else Kind.REAL
            known[each.name] = Name(self.declared[each.name], each.dims, kind)
        for each in spec.unknowns:
            kind = Kind.WHOLE if DISTRIBUTIONS[each.law.distribution].discrete else Kind.REAL
            known[each.name] = Name(self.declared[each.name], each.dims, kind)
        return self.writing(spec, known)

    def settings(self, spec: ir.Spec) -> dict[str, Name]:
        """The settings that are numbers."""
        known: dict[str, Name] = {}
        for each in spec.settings:
            if not isinstance(each.value, str):
                text = number(each.value)
                known[each.name] = Name(self.declared[each.name], (), text.kind, text.value)
        return known

    def writing(self, spec: ir.Spec, known: dict[str, Name]) -> Writer:
        """A writer of expressions that knows these names."""
        fresh = (name for name in map("part_{}".format, count(1)) if name not in self.taken)
        functions = {each.name: (self.functions[each.name], each) for each in (*spec.functions, *spec.externs)}
        networks = {each.name: (self.functions[each.name], each) for each in spec.networks}
        return Writer(known, {each.name: each for each in spec.dims}, functions, self.placed, networks, fresh=fresh)


# ----------------------------------------------------------------------------------------------- the top of the module


def _head(spec: ir.Spec, sources: Sources, version: str, precision: int, functions: _Lines, names: _Names) -> _Lines:
    """Docstring, imports and settings."""
    vectorising = [(line, each.span) for line, each in vectorised(spec, names.functions)]
    used = _names_in(line for line, _ in (*functions, *vectorising))
    lines = _plain(*docstring(described_module(spec, sources, version, computed=bool(computed_before(spec))), 0), "")
    if "jax" in used:
        lines += _plain("import jax")
    if "jnp" in used:
        lines += _plain("import jax.numpy as jnp")
    if "np" in used:
        lines += _plain("import numpy as np")
    lines += _plain("import numpyro")
    if "dist" in used:
        lines += _plain("import numpyro.distributions as dist")
    handlers = [name for name in ("reparam", "scale") if name in used]
    if handlers:
        lines += _plain(f"from numpyro.handlers import {', '.join(handlers)}")
    if "reparam" in used:
        lines += _plain("from numpyro.infer.reparam import LocScaleReparam")
    imported = [name for name in RUNTIME if name in used]
    if imported:
        lines += _plain("", f"from uqdsl.runtime import {', '.join(imported)}")
    if precision == 64:
        lines += _plain("", "numpyro.enable_x64()")
    if spec.externs:
        lines += _plain(
            "", *(["# Only now, for the precision to hold for arrays of theirs too."] if precision == 64 else [])
        )
        lines += [*_plain(*imports(spec, names.functions), ""), *vectorising]
    settings = [each for each in spec.settings if names.declared[each.name] in used]
    if settings:
        lines += _plain("")
    for each in settings:
        value = quoted(each.value) if isinstance(each.value, str) else number(each.value).text
        lines.append((f"{names.declared[each.name]} = {value}", each.span))
    return lines


def _names_in(lines: Iterable[str]) -> set[str]:
    """The names that Python text uses."""
    return {node.id for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.Name)}


# --------------------------------------------------------------------------------------------------- the two functions


def solver_options(flow: ir.Flow) -> dict[str, str | float | None]:
    """The arguments of `trajectory` that are not what they are by default."""
    default = SolverOptions().model_dump()
    options: dict[str, str | float | None] = {}
    if flow.solver != DEFAULT_SOLVER:
        options["solver"] = SOLVERS[flow.solver].diffrax
    return options | {name: value for name, value in flow.options.items() if value != default[name]}


def _needed(spec: ir.Spec, *, recorded: bool) -> set[str]:
    """The names that a function has to define; `recorded` says whether it has quantities that nothing else uses."""
    fields = {each.name for each in spec.fields}
    computed = computed_before(spec)
    quantities = {each.name: each for each in spec.quantities}
    needed: set[str] = set()
    for each in reversed(spec.statements):
        unused = each.name not in needed and isinstance(each, ir.Quantity) and (each.fixed or not recorded)
        if unused or (isinstance(each, ir.Quantity) and each.name in computed):
            continue
        needed |= ir.names_used(_at_one_step(each) if isinstance(each, ir.Observation) else each)
        if isinstance(each, ir.Quantity):  # what is computed in one go needs what any of it does
            needed |= ir.names_used(tuple(quantities[name] for name in each.together))
        if isinstance(each, ir.Observation) and each.name not in fields:
            needed.add(each.name)
    return needed


def _at_one_step(observation: ir.Observation) -> ir.Node:
    """The law of data without what it says of their own past, which its step is given."""

    def change(node: ir.Node) -> ir.Node | None:
        own = (
            isinstance(node, ir.Shift) and isinstance(node.value, ir.Reference) and node.value.name == observation.name
        )
        return ir.Constant(value=0) if own and observation.past is not None else None

    return ir.rewrite(observation, change)


@dataclass
class _Function:
    """The body of one of the functions while it is being written; `inner` holds the functions that the next line needs.

    `computed` are the quantities that stand beside the data because they were computed before.
    """

    spec: ir.Spec
    names: _Names
    needed: set[str]
    computed: Collection[str] = ()
    writer: Writer = field(init=False)
    lines: _Lines = field(default_factory=list)
    inner: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writer = self.names.writer(self.spec)

    def add(self, statement: str, span: Span | None, indent: int = 4) -> None:
        """A statement, after the parts of it that were given lines of their own."""
        self.lines += [(" " * indent + each, span) for each in (*self.writer.parts, statement)]
        self.writer.parts.clear()

    def add_inner(self, span: Span | None) -> bool:
        """The functions within this one that have been written, and whether there were any."""
        self.lines += [(f"    {line}", span) for line in self.inner]
        found = bool(self.inner)
        self.inner.clear()
        return found

    def unpack(self, unpacked: set[str]) -> None:
        """Variables for fields, with their dimensions in a comment, and for what follows from data alone."""
        imputed = {each.name for each in self.spec.unknowns if each.imputes}
        for each in (*self.spec.fields, *self.spec.constants):
            if each.missing and each.name not in imputed and each.name in unpacked | self.observations:
                name = ir.observed(each.name)
                self.add(f"{self.names.declared[name]} = data[{quoted(name)}]", each.span)
            if each.name in unpacked - imputed:
                self.unpacked(each)
        for each in self.spec.quantities:
            if each.name in self.computed and each.name in self.needed:
                self.unpacked(each)
                self.writer.names[each.name] = Name(self.names.declared[each.name], each.dims)
            elif each.fixed and each.name in self.needed:
                self.quantities(each)
        if self.lines:
            self.lines += _plain("")

    def unpacked(self, each: ir.DataField | ir.Quantity) -> None:
        """A variable for one of the arrays that are given."""
        line = f'{self.names.declared[each.name]} = data["{each.name}"]'
        remark = f"{line}  # [{', '.join(each.dims)}]"
        self.add(remark if each.dims and len(remark) + 4 <= WIDTH else line, each.span)

    def quantities(self, quantity: ir.Quantity) -> None:
        """Variables for a quantity, or, at the first of a recurrence, for all of its quantities."""
        if quantity.together:
            if quantity.name == quantity.together[0]:
                self.recurrence(quantity)
            return
        value = self.quantity(quantity)
        self.add_inner(quantity.span)
        self.add(f"{self.names.declared[quantity.name]} = {value}", quantity.span)

    def quantity(self, quantity: ir.Quantity) -> str:
        """The value of a quantity over all of its dimensions."""
        if quantity.together:
            return self.names.declared[quantity.name]
        if quantity.past is not None:
            value = started(quantity.past, quantity.value, quantity.dims, self.writer)
        else:
            value = self.writer.parameter(quantity.value, quantity.dims)
            value = self.writer.broadcast(value, quantity.value.dims, quantity.dims)
        self.writer.names[quantity.name] = Name(self.names.declared[quantity.name], quantity.dims, value.kind)
        return value.text

    def recurrence(self, first: ir.Quantity) -> None:
        """The quantities of a recurrence, followed together from place to place; or states that move together."""
        members = [each for each in self.spec.quantities if each.name in first.together]
        past = first.past
        if past is None:
            self.flow(first, members)
            return
        names = [self.names.declared[each.name] for each in members]
        pattern = "{}_1" if past.steps == 1 else "{}_past"
        local = identifiers(names, set(self.names.taken), pattern)
        before = {each.name: local[name] for each, name in zip(members, names, strict=True)}
        taken = {*self.names.taken, *before.values()}
        steps = Steps(self.writer, past.along, past.steps, before, taken)
        body = []
        for each, name in zip(members, names, strict=True):
            rest = tuple(dim for dim in each.dims if dim != past.along)
            value = steps.writer.parameter(steps.of(each.value), rest)
            body += [*steps.writer.parts, f"{name}_ = {value.text}"]
            steps.writer.parts.clear()
            steps.here(each.name, f"{name}_", each.dims)
        function = identifiers([first.name], taken, "next_{}")[first.name]
        given = list(before.values())
        starts = []
        for each in members:
            values = first_places(each.past or past, each.dims, self.writer)
            starts.append(f"jnp.stack([{', '.join(values)}])")
        if len(members) > 1:
            body = [f"{', '.join(given)} = past", *body]
            given = ["past"]
        returned = ", ".join(f"{name}_" for name in names)
        head = f"def {function}({', '.join([*given, *steps.inputs])}):"
        start = starts[0] if len(starts) == 1 else f"({', '.join(starts)})"
        lags = f", lags={past.steps}" if past.steps > 1 else ""
        call = f'recurrence({function}, {start}{steps.given}, length=len(coords["{past.along}"]){lags})'
        self.inner += lines_of(head, [*body, f"return {returned}"])
        self.add_inner(first.span)
        self.add(f"{', '.join(names)} = {call}", first.span)
        for each, name in zip(members, names, strict=True):
            order = (past.along, *(dim for dim in each.dims if dim != past.along))
            self.writer.names[each.name] = Name(name, order)
            if order != each.dims:
                moved = self.writer.aligned(Text(name), order, each.dims)
                self.add(f"{name} = {moved.text}", each.span)
                self.writer.names[each.name] = Name(name, each.dims)

    def flow(self, first: ir.Quantity, members: list[ir.Quantity]) -> None:
        """States that move together by differential equations."""
        flow = first.flow
        if flow is None:
            raise TypeError(f"{first.name} neither looks back nor moves")
        along, identity = flow.along, self.names.declared
        states = [(each, tuple(dim for dim in each.dims if dim != along)) for each in members]
        rates = self.of_states(
            "rate_of_{}" if len(members) == 1 else "rates", along, members, [s.value for s in members]
        )
        initial = [
            self.writer.broadcast(self.writer.parameter(each.flow.initial, rest), each.flow.initial.dims, rest).text
            for each, rest in states
            if each.flow is not None
        ]
        if flow.begin is not None and flow.length is not None:
            self.one_step(first, members, rates, initial)
            return
        self.add_inner(first.span)
        labels = f'np.array(coords["{along}"], dtype=float)'
        read = [self.writer.names[name] for name in flow.reads]
        flat = [each.identifier if len(each.axes) == 1 else f"jnp.ravel({each.identifier})" for each in read]
        times = f"jnp.concatenate([{', '.join([labels, *flat])}])" if read else labels
        options = "".join(f", {name}={value!r}" for name, value in solver_options(flow).items())
        names = [identity[each.name] for each in members]
        given = f"({', '.join(initial)}{',' if len(initial) == 1 else ''})"
        call = f'trajectory({rates}, {given}, {times}, start=coords["{along}"][0]{options})'
        self.add(f"{', '.join(names)}{',' if len(names) == 1 else ''} = {call}", first.span)
        begin = f'len(coords["{along}"])'
        for position, (each, name) in enumerate(zip(flow.reads, read, strict=True)):
            start = " + ".join([begin, *(f"{before.identifier}.size" for before in read[:position])])
            end = f"{start} + {name.identifier}.size" if position + 1 < len(read) else ""
            for (state, rest), identifier in zip(states, names, strict=True):
                shown = f"{identifier}_at_{name.identifier}"
                value = f"{identifier}[{start}:{end}]"
                if len(name.axes) != 1:
                    value += f".reshape(({self.writer.sizes(name.axes)[1:-1].rstrip(',')}, *{identifier}.shape[1:]))"
                self.add(f"{shown} = {value}", state.span)
                self.writer.names[at_times(state.name, each)] = Name(shown, (*name.axes, *rest))
        for (state, rest), identifier in zip(states, names, strict=True):
            if read:
                self.add(f"{identifier} = {identifier}[:{begin}]", state.span)
            order = (along, *rest)
            if order != state.dims:
                self.add(f"{identifier} = {self.writer.aligned(Text(identifier), order, state.dims).text}", state.span)
            self.writer.names[state.name] = Name(identifier, state.dims)

    def of_states(
        self, pattern: str, along: str, members: list[ir.Quantity], values: Sequence[ir.Expression | None]
    ) -> str:
        """A function of a time and of states at that time, with a value for each of them; its name."""
        local = identifiers([along, *(each.name for each in members)], set(self.names.taken), "{}_")
        inside = replace(self.writer, names=dict(self.writer.names), parts=[])
        inside.names[along] = Name(local[along])
        rests = [tuple(dim for dim in each.dims if dim != along) for each in members]
        inside.names |= {each.name: Name(local[each.name], rest) for each, rest in zip(members, rests, strict=True)}
        shown = [
            "0.0" if value is None else inside.parameter(value, rest).text
            for value, rest in zip(values, rests, strict=True)
        ]
        function = identifiers([members[0].name], set(self.names.taken), pattern)[members[0].name]
        head = f"def {function}({', '.join(local.values())}):"
        self.inner += lines_of(head, [*inside.parts, f"return {', '.join(shown)}{',' if len(shown) == 1 else ''}"])
        return function

    def one_step(self, first: ir.Quantity, members: list[ir.Quantity], rates: str, initial: list[str]) -> None:
        """States that move on from a time that is given, for a while that is given."""
        flow = first.flow
        assert flow is not None
        assert flow.begin is not None
        assert flow.length is not None
        names = [self.names.declared[each.name] for each in members]
        comma = "," if len(names) == 1 else ""
        begin, length = (self.writer.parameter(each, ()).text for each in (flow.begin, flow.length))
        options = {name: value for name, value in solver_options(flow).items() if value is not None}
        shown = "".join(f", {name}={value!r}" for name, value in options.items())
        if "dt" in options:
            shown += f', most=len(coords["{flow.along}"])'
        given = f"({', '.join(initial)}{comma})"
        shown += self.driven(flow.along, members)
        self.add_inner(first.span)
        self.add(f"{', '.join(names)}{comma} = advance({rates}, {given}, {begin}, {length}{shown})", first.span)
        for each, name in zip(members, names, strict=True):
            self.writer.names[each.name] = Name(name, each.dims)

    def driven(self, along: str, members: list[ir.Quantity]) -> str:
        """What drives states at random, as arguments of one step."""
        flows = [each.flow for each in members if each.flow is not None]
        if all(each.noise is None for each in flows):
            return ""
        pattern = "diffusion_of_{}" if len(members) == 1 else "diffusions"
        function = self.of_states(pattern, along, members, [each.diffusion for each in flows])
        noise = [
            "None" if each.noise is None else self.writer.write(each.noise, (along, *state.dims)).text
            for each, state in zip(flows, members, strict=True)
        ]
        return f", diffusions={function}, noise=({', '.join(noise)}{',' if len(noise) == 1 else ''})"

    def sequential(self, statement: ir.Unknown | ir.Observation, past: ir.Past) -> str:
        """The law of a series whose places depend on those before them."""
        name, along = self.names.declared[statement.name], past.along
        before = identifiers([name], set(self.names.taken), "{}_1" if past.steps == 1 else "{}_past")[name]
        taken = {*self.names.taken, before}
        steps = Steps(self.writer, along, past.steps, {statement.name: before}, taken)
        rest = tuple(dim for dim in statement.dims if dim != along)
        law = law_text(steps.of(statement.law), rest, steps.writer)
        function = identifiers([name], taken, "next_{}")[name]
        self.inner += lines_of(
            f"def {function}({', '.join([before, *steps.inputs])}):", [*steps.writer.parts, f"return {law}"]
        )
        if isinstance(statement, ir.Observation):
            order = (along, *rest)
            is_field = any(each.name == statement.name for each in self.spec.fields)
            data = f"data[{quoted(statement.name)}]" if is_field else name
            axes = self.writer.names[statement.name].axes
            text = self.writer.aligned(Text(data), axes, order)
            start = f"{text.at(ATOM)}[:{past.steps}]"
        elif past.laws:
            laws = [law_text(each, rest, self.writer) for each in past.laws]
            start = f"[{', '.join(laws)}]" + (f" * {past.steps}" if len(laws) < past.steps else "")
        else:
            values = first_places(past, statement.dims, self.writer)
            start = f"jnp.stack([{', '.join(values * past.steps if len(values) < past.steps else values)}])"
        shape = f", shape={self.writer.sizes(rest)}" if rest else ""
        axis = statement.dims.index(along)
        place = f", axis={axis}" if axis else ""
        whole = ", pointwise=True" if isinstance(statement, ir.Observation) else ""
        return f'Sequential({function}, {start}{steps.given}, length=len(coords["{along}"]){shape}{place}{whole})'

    @property
    def observations(self) -> set[str]:
        """The names of what is observed."""
        return {each.name for each in self.spec.observations}

    def likelihood(self, observation: ir.Observation) -> str:
        """The law of what is observed, at the places at which something is."""
        layout = observation.law.arranged(observation.dims)
        return masked_text(self.law(observation), observation, self.spec, self.names.declared, self.writer, layout)

    def law(self, statement: ir.Unknown | ir.Observation) -> str:
        """The law of a statement."""
        if isinstance(statement, ir.Unknown) and statement.imputes:
            law = law_text(statement.law, statement.dims, self.writer)
            return f"Imputed({law}, data[{quoted(statement.name)}], coords[{quoted(ir.missing(statement.name))}])"
        if isinstance(statement, ir.Unknown) and statement.restriction:
            return restricted_text(statement, self.writer)
        if statement.past is None:
            return law_text(statement.law, statement.dims, self.writer)
        if isinstance(statement, ir.Unknown) or statement.name in ir.names_used(statement.law):
            return self.sequential(statement, statement.past)
        past, dims = statement.past, statement.dims
        with self.writer.seeing(**{past.along: Window(past.steps)}):
            law = law_text(statement.law, dims, self.writer)
        axis = dims.index(past.along)
        place = f", axis={axis}" if axis else ""
        known = self.writer.names[statement.name]
        is_field = any(each.name == statement.name for each in self.spec.fields)
        data = Text(f"data[{quoted(statement.name)}]" if is_field else known.identifier)
        data = self.writer.aligned(data, known.axes, dims)
        first = f"{data.at(ATOM)}[{':, ' * axis}:{past.steps}]"
        return f"After({first}, {law}{place})"

    def rows(self, observation: ir.Observation) -> str:
        """How many rows there are for each that is looked at; one where all are."""
        known = self.writer.names[observation.name]
        row = observation.dims[0]
        return f'len(coords["{ir.base(row)}"]) / {known.identifier}.shape[{known.axes.index(row)}]'

    def outcome(self, observation: ir.Observation, unpacked: str) -> str:
        """The data of a likelihood in the order of its dimensions; a quantity made of data is a variable already."""
        known = self.writer.names[observation.name]
        is_field = any(each.name == observation.name for each in self.spec.fields)
        text = Text(unpacked if is_field else known.identifier)
        return self.writer.aligned(text, known.axes, observation.dims).text


def _computed(spec: ir.Spec, sources: Sources, names: _Names) -> _Lines:
    """The function of what is computed once from data alone, since JAX cannot follow it."""
    before = computed_before(spec)
    if not before:
        return []
    wanted = [each for each in spec.quantities if each.name in before]
    needed = set(before)
    for each in reversed(spec.quantities):
        if each.name in needed:
            needed |= ir.names_used(each)
    body = _Function(spec, names, needed)
    body.unpack(needed)
    given = ", ".join(f"{quoted(each.name)}: {names.declared[each.name]}" for each in wanted)
    body.add(f"return {{**data, {given}}}", wanted[-1].span)
    described = docstring(described_computed(wanted, sources), 4)
    return [*_plain("def with_computed(data, coords):", *described), *body.lines, *_plain("", "")]


def _own_functions(spec: ir.Spec, sources: Sources, names: _Names) -> _Lines:
    """The functions that the author declared."""
    lines: _Lines = []
    for function in spec.functions:
        local = identifiers([name for name, _ in function.parameters], set(names.taken))
        weights = {each.name: names.declared[each.name] for each in function.weights}
        known = names.settings(spec) | {each.name: Name(weights[each.name], each.dims) for each in function.weights}
        known |= {name: Name(local[name], (ANY, *axes)) for name, axes in function.parameters}
        writer = names.writing(spec, known)
        value = writer.parameter(function.value, function.value.dims)
        written = sources.text[function.span.start : function.span.end].splitlines()
        body = [*writer.parts, f"return {value.text}"]
        if "coords" in _names_in(body):
            names.placed.add(function.name)
        given = [*local.values(), *weights.values(), *(["coords"] if function.name in names.placed else [])]
        head = f"def {names.functions[function.name]}({', '.join(given)}):"
        lines += _plain(head, *docstring(written, 4))
        lines += _spanned([f"    {line}" for line in body], function.span)
        lines += _plain("", "")
    return lines


def _networks(spec: ir.Spec, sources: Sources, names: _Names) -> _Lines:
    """The networks, each as a function of its inputs and weights."""
    lines: _Lines = []
    for network in spec.networks:
        written = sources.text[network.span.start : network.span.end].splitlines()
        parameters, body = network_lines(network, set(names.taken))
        lines += _plain(f"def {names.functions[network.name]}({', '.join(parameters)}):", *docstring(written, 4))
        lines += [(f"    {line}", span) for line, span in body]
        lines += _plain("", "")
    return lines


def _model(spec: ir.Spec, sources: Sources, names: _Names) -> _Lines:
    """The function with every site."""
    needed = _needed(spec, recorded=True)
    body = _Function(spec, names, needed, computed_before(spec))
    body.unpack(needed)
    plates: tuple[str, ...] = ()
    sites = {each.name for each in spec.statements}
    for statement in spec.statements:
        if isinstance(statement, ir.Quantity) and statement.fixed:
            continue
        if isinstance(statement, ir.Quantity) and statement.together and statement.name == statement.together[0]:
            body.recurrence(statement)
            plates = ()
        site = _site(statement, body)
        wanted = _plates(statement)
        if body.add_inner(statement.span):
            plates = ()
        weight = ""
        if isinstance(statement, ir.Observation) and statement.weight is not None:
            shown = body.writer.number(statement.weight, batch_dims(statement.law, statement.dims))
            weight = f"scale(scale={shown.text})"
        if (wanted and wanted != plates) or weight:
            body.add(_plate_line(wanted, sites, weight), statement.span)
        plates = () if weight else wanted
        body.add(site, statement.span, 8 if wanted or weight else 4)
    noncentered = [each for each in spec.unknowns if each.noncentered]
    config = ", ".join(f"{quoted(each.name)}: {reparameterisation(each)}" for each in noncentered)
    decorator = [f"@reparam(config={{{config}}})"] if noncentered else []
    described = docstring(described_model(spec, sources), 4)
    return [*_plain(*decorator, "def model(data, coords, observed=True):", *described), *body.lines]


def _site(statement: ir.Statement, body: _Function) -> str:
    """The site of a statement, and a variable for it where it is used."""
    name = quoted(statement.name)
    target = f"{body.names.declared[statement.name]} = " if statement.name in body.needed else ""
    match statement:
        case ir.Unknown():
            return f"{target}numpyro.sample({name}, {body.law(statement)}{_event(statement.joint)})"
        case ir.Observation(law=law):
            shown = body.likelihood(statement)
            data = body.outcome(statement, f"data[{name}]")
            return f"numpyro.sample({name}, {shown}, obs={data} if observed else None{_event(law.event)})"
        case ir.Quantity():
            return f"{target}numpyro.deterministic({name}, {body.quantity(statement)})"
        case ir.Factor(value=value):
            return f"numpyro.factor({name}, {body.writer.parameter(value, ()).text})"


def _event(dims: tuple[str, ...]) -> str:
    """What tells ArviZ the names of the dimensions of one draw; those of plates it sees."""
    return f', infer={{"event_dims": [{", ".join(quoted(dim) for dim in dims)}]}}' if dims else ""


def _plates(statement: ir.Statement) -> tuple[str, ...]:
    """The dimensions over which a statement's draws are independent, or a quantity has one value each."""
    match statement:
        case ir.Unknown(dims=dims):
            return tuple(dim for dim in dims if dim not in statement.joint)
        case ir.Observation(law=law, dims=dims):
            return batch_dims(law, dims)
        case ir.Quantity(dims=dims):
            return dims
    return ()


def _plate_line(dims: tuple[str, ...], sites: set[str], weight: str = "") -> str:
    plates = [
        f'numpyro.plate("{_plate_name(dim, sites)}", len(coords["{ir.base(dim)}"])'
        + (f", dim={position - len(dims)})" if len(dims) > 1 else ")")
        for position, dim in enumerate(dims)
    ]
    return f"with {', '.join([*plates, *([weight] if weight else [])])}:"


def _plate_name(dim: str, sites: set[str]) -> str:
    """A plate is called as its dimension, unless that is called as its category column, which has a site."""
    return f"{dim} labels" if dim in sites else dim


def _log_density(spec: ir.Spec, names: _Names) -> _Lines:
    """The function that samplers call, and the one that has its two parts."""
    needed = _needed(spec, recorded=False)
    apart = summed_statements(spec)
    body = _Function(spec, names, needed, computed_before(spec))
    body.unpack(needed | {each.name for each in spec.observations if each.name not in apart})
    later = dependent_quantities(spec)
    discrete = {each.name for each in spec.sums}
    names = replace(names, densities={key: each for key, each in names.densities.items() if key not in apart})
    for statement in spec.statements:
        if isinstance(statement, ir.Unknown) and statement.name in apart - discrete:
            # Its density is part of a sum; here it only needs its value.
            flat = _flat(statement, body)
            identifier = body.names.declared[statement.name]
            body.add(
                f"{identifier}, log_p_{identifier} = place({flat}, position[{quoted(statement.name)}])", statement.span
            )
            names.densities[statement.name] = f"log_p_{identifier}"
            continue
        if statement.name in apart or statement.name in later:
            continue
        if isinstance(statement, ir.Quantity) and statement.together:
            used = any(name in needed for name in statement.together)
            if used and not statement.fixed and statement.name == statement.together[0]:
                body.recurrence(statement)
            continue
        texts = _terms(statement, body)
        body.add_inner(statement.span)
        for text in texts:
            body.add(text, statement.span)
    unknowns = {each.name for each in spec.unknowns}
    prior = [density for name, density in names.densities.items() if name in unknowns]
    likelihood = [density for name, density in names.densities.items() if name not in unknowns]
    if spec.sums:
        given = ", ".join(f"{quoted(name)}: {body.names.declared[name]}" for name in _passed(spec))
        likelihood.append(f"summed({{{given}}}, data, coords)")
    body.add(f"return {' + '.join(prior) or '0.0'}, {' + '.join(likelihood) or '0.0'}", None)
    described = docstring(described_parts(), 4)
    return [*_plain("def log_parts(position, data, coords):", *described), *body.lines, *_plain("", ""), *_SUM]


_SUM = _plain(
    "def log_density(position, data, coords):",
    *docstring(described_density(), 4),
    "    log_prior, log_likelihood = log_parts(position, data, coords)",
    "    return log_prior + log_likelihood",
)


def _flat(unknown: ir.Unknown, body: _Function) -> str:
    """A law of density 1 on the support of an unknown."""
    support = DISTRIBUTIONS[unknown.law.distribution].support
    law = ir.Law(
        distribution="Flat",
        arguments=(
            ir.Argument(name="lower", value=unknown.law.lower or ir.Constant(value=support.lower)),
            ir.Argument(name="upper", value=unknown.law.upper or ir.Constant(value=support.upper)),
        ),
    )
    return law_text(law, unknown.dims, body.writer)


def _passed(spec: ir.Spec) -> list[str]:
    """The unknowns and quantities that the sums need."""
    used = names_of_sums(spec)
    discrete = {each.name for each in spec.sums}
    return [
        each.name
        for each in spec.statements
        if each.name in used - discrete
        and (isinstance(each, ir.Unknown) or (isinstance(each, ir.Quantity) and not each.fixed))
    ]


def _summed(spec: ir.Spec, names: _Names) -> _Lines:
    """The function of what discrete unknowns touch, with these summed out."""
    if not spec.sums:
        return []
    used = names_of_sums(spec)
    computed = computed_before(spec)
    fixed: set[str] = set(used)
    for each in reversed(spec.statements):
        if isinstance(each, ir.Quantity) and each.fixed and each.name in fixed - {*computed}:
            fixed |= ir.names_used(each)
    body = _Function(spec, names, fixed, computed)
    body.unpack(fixed)
    for name in _passed(spec):
        span = next(each.span for each in spec.statements if each.name == name)
        body.add(f"{names.declared[name]} = values[{quoted(name)}]", span)
    for each in spec.quantities:
        if not each.fixed:
            body.writer.names[each.name] = Name(names.declared[each.name], each.dims)
    sums = Sums(spec, body.writer, names.declared)
    for line, node in sums.lines():
        body.add(line, node.span)
    described = docstring(described_sums(), 4)
    return [*_plain("", "", "def summed(values, data, coords):", *described), *body.lines]


def _terms(statement: ir.Statement, body: _Function) -> list[str]:
    """The lines of a statement: its value where it is used, its log density where it has one."""
    names, writer = body.names, body.writer
    name = names.declared[statement.name]
    used = statement.name in body.needed
    density = names.densities.get(statement.name, "")
    match statement:
        case ir.Unknown(noncentered=True, law=law, dims=dims):
            base = names.standardised[statement.name]
            position = f"position[{quoted(f'{statement.name}_decentered')}]"
            placed = f"place({standard_law_text(law, dims, writer)}, {position})"
            value = recentered(law, dims, base, writer) if used else "_"
            if value in (base, "_"):
                return [f"{name if used else value}, {density} = {placed}"]
            return [f"{base}, {density} = {placed}", f"{name} = {value}"]
        case ir.Unknown(law=law, dims=dims):
            position = f"position[{quoted(statement.name)}]"
            return [f"{name if used else '_'}, {density} = place({body.law(statement)}, {position})"]
        case ir.Observation(law=law, dims=dims):
            shown = f"{body.likelihood(statement)}.log_prob({body.outcome(statement, name)})"
            if statement.weight is not None:
                weight = writer.number(statement.weight, batch_dims(law, dims))
                shown = f"({weight.at(PRODUCT)} * {shown})"
            if statement.batch is not None:
                shown = f"{body.rows(statement)} * {shown}"
            return [f"{density} = {shown}.sum()" if batch_dims(law, dims) else f"{density} = {shown}"]
        case ir.Quantity(fixed=False) if used:
            return [f"{name} = {body.quantity(statement)}"]
        case ir.Factor(value=value):
            return [f"{density} = {writer.parameter(value, ()).text}"]
    return []
