"""From laws of the IR to constructors of NumPyro."""

from __future__ import annotations

from collections.abc import Mapping

from uqdsl import ir
from uqdsl.codegen.arithmetic import binary
from uqdsl.codegen.expressions import Writer
from uqdsl.codegen.text import Kind, Text, as_real, as_whole, quoted
from uqdsl.vocabulary.distributions import DISTRIBUTIONS


def law_text(law: ir.Law, dims: tuple[str, ...], writer: Writer) -> str:
    """The constructor of a law whose draws range over `dims`, those of the event last."""
    distribution = DISTRIBUTIONS[law.distribution]
    shown = {each.name: _parameter(each, law, dims, writer) for each in law.arguments}
    if distribution.laws == "several":
        return _mixture(law, shown["weights"], dims, writer)
    if distribution.laws == "one":
        shown["law"] = law_text(law.components[0], dims, writer)
    if distribution.event == 2:
        shown["size"] = f'len(coords["{ir.base(law.event[0])}"])'
    if not distribution.normalised:
        shown["support"] = _support(shown["lower"], shown["upper"])
    text = distribution.constructor(shown)
    batch = batch_dims(law, dims)
    bounds = [f"{name}={writer.parameter(bound, batch).text}" for name, bound in _bounds(law).items()]
    return f"{'Censored' if law.censored else 'Truncated'}({text}, {', '.join(bounds)})" if bounds else text


def _mixture(law: ir.Law, weights: str, dims: tuple[str, ...], writer: Writer) -> str:
    """A mixture of the members of one family, or of several laws."""
    mixing = f"dist.Categorical(probs={weights})"
    batch = batch_dims(law, dims)
    if len(law.components) == 1 and law.over is not None:
        (component,) = law.components
        inner = (*batch, law.over, *law.event)
        return f"dist.MixtureSameFamily({mixing}, {_joint(component, law, inner, writer)})"
    shown = ", ".join(_joint(each, law, dims, writer) for each in law.components)
    return f"dist.MixtureGeneral({mixing}, [{shown}])"


def _joint(component: ir.Law, law: ir.Law, dims: tuple[str, ...], writer: Writer) -> str:
    """A component at the full size of a mixture, joint over its event."""
    text = law_text(component, component.arranged(dims), writer)
    used = {dim for each in component.arguments for dim in each.value.dims}
    single = [dim for dim in law.event if dim not in component.event]
    consumed = [law.over] if len(law.components) == 1 and law.over is not None else []
    if not {*single, *consumed} <= used:
        text = f"{text}.expand({writer.sizes(tuple(dim for dim in dims if dim not in component.event))})"
    return f"{text}.to_event({len(single)})" if single else text


def _bounds(law: ir.Law) -> dict[str, ir.Expression]:
    return {name: bound for name, bound in (("low", law.lower), ("high", law.upper)) if bound is not None}


def restricted_text(unknown: ir.Unknown, writer: Writer) -> str:
    """The law of values that are ordered, or that sum to zero."""
    law, along = unknown.law, unknown.along
    if unknown.restriction == "ordered":
        values = [*(each.value for each in law.arguments), *_bounds(law).values()]
        alike = "" if not any(dim in each.dims for each in values for dim in along) else ", alike=False"
        return f"Ordered({law_text(law, unknown.dims, writer)}, {writer.sizes(along)[1:-2]}{alike})"
    if law.distribution == "Flat":
        return f"dist.ImproperUniform(dist.constraints.zero_sum({len(along)}), (), {writer.sizes(along)})"
    (sd,) = (each.value for each in law.arguments if each.name == "sd")
    batch = tuple(dim for dim in unknown.dims if dim not in along)
    return f"ZeroSumNormal({writer.parameter(sd, batch).text}, {writer.sizes(along)})"


def masked_text(
    law: str,
    observation: ir.Observation,
    spec: ir.Spec,
    declared: Mapping[str, str],
    writer: Writer,
    layout: tuple[str, ...],
) -> str:
    """A law at the places at which data have one at all: those of `where`, and those that are not missing."""
    event = observation.law.event
    batch = tuple(dim for dim in layout if dim not in event)
    conditions = []
    if observation.where is not None:
        conditions.append(writer.write(observation.where, batch).text)
    field = next((each for each in spec.fields if each.name == observation.name), None)
    if field is not None and field.missing:
        known = Text(declared[ir.observed(field.name)], kind=Kind.TRUTH)
        there = writer.aligned(writer.seen(known, field.dims), field.dims, (*batch, *event)).text
        if event:
            law = f"PartlyObserved({law}, {there})"
        else:
            conditions.append(there)
    both = conditions[0] if len(conditions) == 1 else f"jnp.logical_and({', '.join(conditions)})"
    return f"{law}.mask({both})" if conditions else law


def standard_law_text(law: ir.Law, dims: tuple[str, ...], writer: Writer) -> str:
    """The constructor of a law with location 0 and scale 1."""
    distribution = DISTRIBUTIONS[law.distribution]
    location, scale = distribution.location_scale or ("", "")
    fixed = {location: "0.0", scale: "1.0"}
    shown = {
        each.name: fixed.get(each.name) or writer.parameter(each.value, batch_dims(law, dims)).text
        for each in law.arguments
    }
    return distribution.constructor(shown)


def recentered(law: ir.Law, dims: tuple[str, ...], base: str, writer: Writer) -> str:
    """The draw of a law, `location + scale * base`, from one with location 0 and scale 1."""
    location, scale = DISTRIBUTIONS[law.distribution].location_scale or ("", "")
    values = {each.name: each.value for each in law.arguments}
    shift, factor = (writer.parameter(values[name], dims) for name in (location, scale))
    scaled = Text(base) if factor.value == 1 else binary("*", factor, Text(base))
    return (scaled if shift.value == 0 else binary("+", shift, scaled)).text


def reparameterisation(unknown: ir.Unknown) -> str:
    """The configuration of NumPyro's `reparam` for a noncentered unknown."""
    location_scale = DISTRIBUTIONS[unknown.law.distribution].location_scale or ()
    shape = [each.name for each in unknown.law.arguments if each.name not in location_scale]
    extra = f", shape_params=[{', '.join(quoted(name) for name in shape)}]" if shape else ""
    return f"LocScaleReparam(centered=0{extra})"


def batch_dims(law: ir.Law, dims: tuple[str, ...]) -> tuple[str, ...]:
    """The dimensions over which draws are independent."""
    return tuple(dim for dim in dims if dim not in law.event)


def _parameter(argument: ir.Argument, law: ir.Law, dims: tuple[str, ...], writer: Writer) -> str:
    distribution = DISTRIBUTIONS[law.distribution]
    parameter = distribution.parameter(argument.name)
    batch = batch_dims(law, dims)
    own: tuple[str, ...] = ()
    if parameter is not None and parameter.over:
        own = (law.over or ir.PLACES, *(law.event if parameter.event else ()))
    elif parameter is not None and parameter.event == 1:
        own = law.event[:1]
    elif parameter is not None and parameter.event == 2:
        own = (law.event[0], law.event[0] + "'")
    layout = (*batch, *own)
    text = writer.parameter(argument.value, layout)
    if parameter is not None and parameter.support.integer:
        text = as_whole(text)
    elif distribution.discrete:  # NumPyro draws integers from floating parameters only
        text = as_real(text)
    if not set(own) <= set(argument.value.dims):
        # One draw needs these at their full size; the other dimensions broadcast by themselves.
        given = argument.value.dims
        text = writer.broadcast(text, given, layout if given else own)
    return text.text


def _support(lower: str, upper: str) -> str:
    """The constraint of NumPyro between two ends."""
    if lower == "-jnp.inf":
        return "dist.constraints.real" if upper == "jnp.inf" else f"dist.constraints.less_than({upper})"
    return (
        f"dist.constraints.greater_than({lower})"
        if upper == "jnp.inf"
        else f"dist.constraints.interval({lower}, {upper})"
    )
