"""From the IR to the text of a NumPyro module, as an expert would have written it, and the map back to the spec.

The module holds two functions of one meaning: `model`, which keeps every site, and `log_density`, which samplers call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from uqdsl import ir
from uqdsl.codegen.expressions import Writer, quoted, sizes
from uqdsl.codegen.text import PRODUCT, SUM, WIDTH, Text, identifiers, number, wrapped
from uqdsl.messages import Sources, Span
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, Distribution


class Program(NamedTuple):
    """A generated module.

    `lines` gives, for each line of `text`, the span of the statement that it comes from, or None; `sites` gives the
    span of each NumPyro site.
    """

    text: str
    lines: tuple[Span | None, ...]
    sites: dict[str, Span]


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
    body = _Body(spec, sources)
    model, density = body.model(), body.log_density()
    used = "\n".join(line for line, _ in [*model, *density])
    lines = [*_head(spec, sources, version, used, precision), *model, ("", None), ("", None), *density]
    sites = {each.name: each.span for each in spec.statements}
    return Program("\n".join(line for line, _ in lines) + "\n", tuple(span for _, span in lines), sites)


type _Lines = list[tuple[str, Span | None]]


def _plain(*lines: str) -> _Lines:
    return [(line, None) for line in lines]


def _docstring(lines: list[str], indent: int) -> _Lines:
    """Lines as a docstring; nothing in them can end it or escape from it."""
    pad = " " * indent
    safe = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').rstrip() for line in lines]
    if safe[0].startswith('"'):
        safe[0] = " " + safe[0]
    if len(safe) == 1 and not safe[0].endswith('"'):
        return _plain(f'{pad}"""{safe[0]}"""')
    return _plain(f'{pad}"""{safe[0]}', *(pad + line if line else "" for line in safe[1:]), f'{pad}"""')


# -------------------------------------------------------------------------------------------- the top of the module


def _head(spec: ir.Spec, sources: Sources, version: str, used: str, precision: int) -> _Lines:
    title = spec.title.splitlines() or [f"The model of {sources.names[0]}."]
    described = [
        *title,
        "",
        f"Written by uqdsl {version} from {sources.names[0]}. Run it with NumPyro as it stands:",
        "",
        "    MCMC(NUTS(model), num_warmup=1000, num_samples=1000).run(key, data, coords)",
        "",
        *_describe_data(spec),
    ]
    lines = _docstring(described, 0)
    lines += _plain("")
    if "jax." in used:
        lines += _plain("import jax")
    if "jnp." in used:
        lines += _plain("import jax.numpy as jnp")
    lines += _plain("import numpyro", "import numpyro.distributions as dist")
    if "@reparam" in used:
        lines += _plain("from numpyro.handlers import reparam", "from numpyro.infer.reparam import LocScaleReparam")
    if "place(" in used:
        lines += _plain("", "from uqdsl.runtime import place")
    if precision == 64:
        lines += _plain("", "numpyro.enable_x64()")
    names = identifiers(setting.name for setting in spec.settings)
    settings = [
        (f"{names[each.name]} = {quoted(each.value) if isinstance(each.value, str) else number(each.value).text}", each.span)
        for each in spec.settings
    ]
    if settings:
        lines += [*_plain(""), *settings]
    return [*lines, *_plain("", "")]


_KIND_WORDS = {"category": "positions, from 0, in the labels of `{of}`", "binary": "0 or 1", "unit": "between 0 and 1"}


def _describe_data(spec: ir.Spec) -> list[str]:
    if not spec.fields:
        return ["`data` and `coords` are empty dictionaries."]
    rows = [
        (each.name, f"[{', '.join(each.dims)}]", _KIND_WORDS.get(each.kind, each.kind).format(of=each.of))
        for each in spec.fields
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = ["`data` holds an array for each name, `coords` the list of labels of each dimension:", ""]
    lines += [f"    {name:<{widths[0]}}  {dims:<{widths[1]}}  {words}".rstrip() for name, dims, words in rows]
    return lines


# ------------------------------------------------------------------------------------------------ the two functions


@dataclass
class _Body:
    """The two functions of a module, statement by statement."""

    spec: ir.Spec
    sources: Sources
    writer: Writer = field(init=False)
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        spec = self.spec
        declared = [*spec.settings, *spec.fields, *spec.statements]
        self.names = identifiers(dict.fromkeys(each.name for each in declared))
        axes = {each.name: each.dims for each in (*spec.fields, *spec.unknowns, *spec.quantities)}
        self.writer = Writer(self.names, axes)

    def _signature(self, line: str, described: list[str]) -> _Lines:
        return [*_plain(line), *_docstring(described, 4)]

    def _unpacked(self, *, outcomes: bool) -> _Lines:
        """A variable for each field that the statements use, with its dimensions in a comment."""
        used = ir.names_used(self.spec.statements)
        if outcomes:
            used |= {each.name for each in self.spec.observations}
        lines: _Lines = []
        for each in self.spec.fields:
            if each.name in used:
                dims = f"  # [{', '.join(each.dims)}]" if each.dims else ""
                lines.append((f'    {self.names[each.name]} = data["{each.name}"]{dims}', each.span))
        return lines

    # model -----------------------------------------------------------------------------------------------------------

    def model(self) -> _Lines:
        noncentered = [each for each in self.spec.unknowns if each.noncentered]
        lines: _Lines = []
        if noncentered:
            config = ", ".join(f'"{each.name}": {_reparameterisation(each)}' for each in noncentered)
            lines += _plain(*wrapped(f"@reparam(config={{{config}}})", 0))
        quoted_statements = [self.sources.text[each.span.start : each.span.end] for each in self._in_text_order()]
        statements = [f"    {line}" for text in quoted_statements for line in text.splitlines()]
        described = ["The model as NumPyro sites; `observed=False` draws the data too.", "", *statements]
        lines += self._signature("def model(data, coords, observed=True):", described)
        lines += self._unpacked(outcomes=False)
        plates: tuple[str, ...] = ()
        for statement in self.spec.statements:
            wanted = _plates(statement)
            if wanted != plates and wanted:
                lines.append((_plate_line(wanted), statement.span))
            plates = wanted
            indent = 8 if plates else 4
            lines += [(line, statement.span) for line in wrapped(self._site(statement), indent)]
        return lines

    def _in_text_order(self) -> list[ir.Statement]:
        return sorted(self.spec.statements, key=lambda each: each.span)

    def _site(self, statement: ir.Statement) -> str:
        name = self.names[statement.name]
        site = quoted(statement.name)
        match statement:
            case ir.Unknown(law=law, dims=dims):
                event = f', infer={{"event_dims": [{", ".join(quoted(d) for d in law.event)}]}}' if law.event else ""
                return f"{name} = numpyro.sample({site}, {self.law(law, dims)}{event})"
            case ir.Observation(law=law, dims=dims):
                data = self._outcome(statement, f'data["{statement.name}"]')
                event = f', infer={{"event_dims": [{", ".join(quoted(d) for d in law.event)}]}}' if law.event else ""
                return f"numpyro.sample({site}, {self.law(law, dims)}, obs={data} if observed else None{event})"
            case ir.Quantity(fixed=True):
                return f"{name} = {self._quantity(statement)}"
            case ir.Quantity():
                return f"{name} = numpyro.deterministic({site}, {self._quantity(statement)})"
            case ir.Factor(value=value):
                return f"numpyro.factor({site}, {self.writer.write(value, ()).text})"

    def _quantity(self, statement: ir.Quantity) -> str:
        text = self.writer.write(statement.value, statement.dims, real=True)
        if set(statement.value.dims) != set(statement.dims):
            text = self.writer.broadcast(text, statement.dims)
        return text.text

    def _outcome(self, statement: ir.Observation, unpacked: str) -> str:
        """The data of a likelihood in the order of its dimensions; a quantity made of data has a variable already."""
        field_names = {each.name for each in self.spec.fields}
        text = Text(unpacked if statement.name in field_names else self.names[statement.name])
        lies = self.writer.axes.get(statement.name, statement.dims)
        return self.writer.aligned(text, lies, statement.dims).text

    # log_density -----------------------------------------------------------------------------------------------------

    def log_density(self) -> _Lines:
        described = [
            "Log density of the posterior, up to a constant, at an unconstrained `position`.",
            "",
            "`position` has an array for each unknown; the log Jacobian of `position` to unknowns is included, so that",
            "this is minus the potential energy of `model`.",
        ]
        lines = self._signature("def log_density(position, data, coords):", described)
        lines += self._unpacked(outcomes=True)
        terms: list[str] = []
        for statement in self.spec.statements:
            for text in self._terms(statement, terms):
                lines += [(line, statement.span) for line in wrapped(text, 4)]
        joined = " + ".join(terms)
        if 4 + len("return ") + len(joined) <= WIDTH:
            return [*lines, *_plain(f"    return {joined}")]
        rows = [f"        {'+ ' if index else ''}{term}" for index, term in enumerate(terms)]
        return [*lines, *_plain("    return (", *rows, "    )")]

    def _terms(self, statement: ir.Statement, terms: list[str]) -> list[str]:
        """The lines of a statement; the name of its log density, if it has one, goes to `terms`."""
        name = self.names[statement.name]
        density = f"log_p_{name.lstrip('_')}" if not isinstance(statement, ir.Quantity) else ""
        if density:
            terms.append(density)
        match statement:
            case ir.Unknown(noncentered=True, law=law, dims=dims):
                base = f"{name}_decentered"
                position = f'position["{statement.name}_decentered"]'
                return [
                    f"{base}, {density} = place({self._standard(law)}, {position})",
                    f"{name} = {self._recentered(law, dims, base).text}",
                ]
            case ir.Unknown(law=law, dims=dims):
                return [f'{name}, {density} = place({self.law(law, dims)}, position["{statement.name}"])']
            case ir.Observation(law=law, dims=dims):
                outcome = self._outcome(statement, name)
                return [f"{density} = {self.law(law, dims)}.log_prob({outcome}).sum()"]
            case ir.Quantity():
                return [f"{name} = {self._quantity(statement)}"]
            case ir.Factor(value=value):
                return [f"{density} = {self.writer.write(value, ()).text}"]

    # laws ------------------------------------------------------------------------------------------------------------

    def law(self, law: ir.Law, dims: tuple[str, ...]) -> str:
        """The constructor of a law whose draws range over `dims`, the event last."""
        distribution = DISTRIBUTIONS[law.distribution]
        batch = tuple(dim for dim in dims if dim not in law.event)
        shown = {each.name: self._parameter(distribution, each, dims, batch, law.event) for each in law.arguments}
        text = _constructor(distribution, shown)
        bounds = [
            f"{name}={self.writer.write(bound, batch, real=True).text}"
            for name, bound in (("low", law.lower), ("high", law.upper))
            if bound is not None
        ]
        return f"dist.TruncatedDistribution({text}, {', '.join(bounds)})" if bounds else text

    def _parameter(
        self,
        distribution: Distribution,
        argument: ir.Argument,
        dims: tuple[str, ...],
        batch: tuple[str, ...],
        event: tuple[str, ...],
    ) -> str:
        parameter = distribution.parameter(argument.name)
        joint = parameter is not None and parameter.event > 0
        whole = parameter is not None and parameter.support.integer
        text = self.writer.write(argument.value, dims if joint else batch, real=not whole)
        if joint and not set(event) <= set(argument.value.dims):
            return f"jnp.full({sizes(event)}, {text.text})" if not argument.value.dims else self.writer.broadcast(text, dims).text
        return text.text

    def _standard(self, law: ir.Law) -> str:
        """The law at location 0 and scale 1."""
        distribution = DISTRIBUTIONS[law.distribution]
        location, scale = distribution.location_scale or ("", "")
        shown = {each.name: self.writer.write(each.value, (), real=True).text for each in law.arguments if not each.value.dims}
        shown |= {each.name: self.writer.write(each.value, each.value.dims).text for each in law.arguments if each.value.dims}
        return _constructor(distribution, shown | {location: "0.0", scale: "1.0"})

    def _recentered(self, law: ir.Law, dims: tuple[str, ...], base: str) -> Text:
        """`location + scale * base`."""
        location, scale = DISTRIBUTIONS[law.distribution].location_scale or ("", "")
        values = {each.name: each.value for each in law.arguments}
        factor = self.writer.write(values[scale], dims, real=True)
        shift = self.writer.write(values[location], dims, real=True)
        scaled = Text(f"{factor.at(PRODUCT)} * {base}", PRODUCT)
        if shift.text == "0.0":
            return scaled
        return Text(f"{shift.at(SUM)} + {scaled.text}", SUM)


def _constructor(distribution: Distribution, shown: dict[str, str]) -> str:
    """The NumPyro constructor of a law with its parameters filled in."""
    for alternative in distribution.alternatives:
        if alternative.numpyro and alternative.name in shown:
            return alternative.numpyro.format(**shown)
    return distribution.numpyro.format(**shown)


def _reparameterisation(unknown: ir.Unknown) -> str:
    location_scale = DISTRIBUTIONS[unknown.law.distribution].location_scale or ()
    shape = [each.name for each in unknown.law.arguments if each.name not in location_scale]
    extra = f", shape_params=[{', '.join(quoted(name) for name in shape)}]" if shape else ""
    return f"LocScaleReparam(centered=0{extra})"


def _plates(statement: ir.Statement) -> tuple[str, ...]:
    """The dimensions over which a statement's draws are independent."""
    if isinstance(statement, ir.Unknown | ir.Observation):
        return tuple(dim for dim in statement.dims if dim not in statement.law.event)
    return ()


def _plate_line(dims: tuple[str, ...]) -> str:
    plates = [
        f'numpyro.plate("{dim}", len(coords["{dim}"])' + (f", dim={position - len(dims)})" if len(dims) > 1 else ")")
        for position, dim in enumerate(dims)
    ]
    return f"    with {', '.join(plates)}:"
