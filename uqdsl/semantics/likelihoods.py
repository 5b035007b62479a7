"""From `likelihood` to the observations of the IR: what is observed, over what, and by which law."""

from __future__ import annotations

from dataclasses import replace

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, SpecError, did_you_mean, errors
from uqdsl.messages.catalogue.kinds import (
    OutcomeLabels,
    OutcomeSupport,
    ParameterSupport,
    RandomCondition,
    WrongModifier,
)
from uqdsl.messages.catalogue.names import Cycle, DimensionsDiffer, MissingOfWhole, NotData, TwoLikelihoods
from uqdsl.semantics.constants import evaluate
from uqdsl.semantics.context import Context, Known
from uqdsl.semantics.declare import Declarations, Declared, What, not_in_file
from uqdsl.semantics.expressions import number
from uqdsl.semantics.fit import Fit, fit, how_to_narrow
from uqdsl.semantics.laws import LoweredLaw, check_has_density, lower_law
from uqdsl.semantics.left import LIKELIHOOD_MODIFIERS, check_modifiers, lower_axes
from uqdsl.semantics.starts import looked_back, looking_back
from uqdsl.semantics.walk import names_in
from uqdsl.syntax import tree
from uqdsl.vocabulary.functions import REDUCTIONS
from uqdsl.vocabulary.supports import KINDS, NONNEGATIVE, REAL, Support, kind_that_holds


def check_outcomes(spec: tree.Tree, declarations: Declarations, fields: tuple[ir.DataField, ...]) -> list[Problem]:
    """UQ207 for likelihoods of what is no data, UQ208 for second ones, in the order of the text."""
    problems: list[Problem] = []
    observed: dict[str, Span] = {}
    for statement in spec.statements:
        if not isinstance(statement, tree.Likelihood):
            continue
        name, at = statement.target.name, statement.target.name_span
        declared = declarations.values.get(name)
        if declared is None:
            if not declarations.may_declare(name):
                axes = ", ".join(axis.name for axis in statement.target.axes)
                field = f"{name}[{axes}]" if axes else name
                otherwise = f"the left side of a likelihood is a field of the data: `data {{ {field} : real }}`"
                hint = did_you_mean(name, [each.name for each in fields], otherwise=otherwise)
                missing = not_in_file(at, name, declarations)
                problems.append(missing or NotData(at=at, name=name, what="not declared", hint=hint))
        elif declared.what in (What.UNKNOWN, What.SETTING, What.FUNCTION, What.NETWORK):
            others = (Label(declared.span, f"{declared.what}"),)
            hint = did_you_mean(name, [each.name for each in fields])
            if declared.what is What.UNKNOWN and not hint:
                hint = f"the law of an unknown is its prior: `prior {name} ~ …`"
            problems.append(NotData(at=at, name=name, what=str(declared.what), others=others, hint=hint))
        elif name in observed:
            others = (Label(observed[name], "the first"),)
            problems.append(TwoLikelihoods(at=at, name=name, others=others))
        observed.setdefault(name, at)
    return problems


def lower_likelihood(
    statement: tree.Likelihood, fields: tuple[ir.DataField, ...], context: Context
) -> ir.Observation | None:
    """The likelihood of a field, or of a quantity made of data alone; None where a problem was reported."""
    target = statement.target
    name = target.name
    declared = context.declarations.values.get(name)
    data = context.known.get(name)
    check_modifiers(statement.modifiers, LIKELIHOOD_MODIFIERS, "a likelihood", context)
    if declared is None or data is None or declared.what not in (What.FIELD, What.QUANTITY):
        # It is no data, which `check_outcomes` says; what is wrong with its law can still be told.
        dims = tuple(axis.name for axis in target.axes if axis.name in context.dims)
        lower_law(statement.law, statement.modifiers, dims, context)
        return None
    dims = lower_axes(target, context)
    if dims is None:
        return None
    if data.random and data.sound:
        others = (Label(declared.span, "depends on an unknown"),)
        what = "a `let` that depends on an unknown"
        hint = _other_way_round(statement, context)
        context.report(NotData(at=target.name_span, name=name, what=what, others=others, hint=hint))
    if set(dims) != set(data.dims):
        _report_dims(target, dims, data, declared, context)
        return None
    context = looking_back(context, dims)
    lowered = lower_law(statement.law, statement.modifiers, dims, context)
    looks = looked_back(context, statement)
    if lowered is not None:
        check_has_density(lowered, context)
    if lowered is None or errors(context.problems):
        return None
    limits = {"lower": None, "upper": None} if lowered.law.censored else {}
    if _uses_whole(name, lowered.law.model_copy(update=limits)):  # a limit may be what was recorded
        again = next((each.span for each in names_in(statement.law) if each.name == name), statement.law.span)
        context.report(Cycle(at=again, name=name, path=f"`{name}` → `{name}`", hint=_OWN_DATA))
    field = next((each for each in fields if each.name == name), None)
    if field is not None and field.missing and lowered.law.event and lowered.law.distribution != "MultiNormal":
        others = (Label(field.span, "declared `missing` here"),)
        law, event = lowered.law.distribution, ", ".join(lowered.law.event)
        context.report(MissingOfWhole(at=statement.law.span, name=name, law=law, event=event, others=others))
        return None
    if data.category is not None or lowered.category is not None:
        if lowered.distribution.values != "ranks" and data.category != lowered.category:
            report_labels(statement, lowered, data, field, context)
        return _observation(statement, name, dims, lowered, looks, context)
    possible = KINDS[kind_that_holds(lowered.support)]
    if field is not None:
        if not data.support.within(possible):
            _report_outcome(name, statement, lowered, data, field, context)
    elif not data.support.meets(lowered.support):
        _report_outcome(name, statement, lowered, data, None, context)
    return _observation(statement, name, dims, lowered, looks, context)


def _observation(
    statement: tree.Likelihood,
    name: str,
    dims: tuple[str, ...],
    lowered: LoweredLaw,
    looks: tuple[str, int] | None,
    context: Context,
) -> ir.Observation:
    past = ir.Past(span=statement.span, along=looks[0], steps=looks[1]) if looks is not None else None
    batch = tuple(dim for dim in dims if dim not in lowered.law.event)
    return ir.Observation(
        span=statement.span,
        name=name,
        dims=lowered.law.arranged(dims),
        law=lowered.law,
        past=past,
        where=_condition("where", statement, batch, REAL, context),
        weight=_condition("weight", statement, batch, NONNEGATIVE, context),
        batch=_batch(statement, context),
    )


def _batch(statement: tree.Likelihood, context: Context) -> int | None:
    """How many rows `batch` asks for; UQ322 for what is no number of rows."""
    modifier = next((each for each in statement.modifiers if each.name == "batch"), None)
    if modifier is None:
        return None
    (*_, written) = modifier.arguments or (None,)
    if written is not None and len(modifier.arguments or ()) == 1 and not isinstance(written, tree.Named):
        try:
            value = evaluate(written, context.settings)
        except SpecError as error:
            context.problems.extend(error.problems)
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    context.report(WrongModifier(at=modifier.span, name="batch", how="takes a number of rows, as in `batch(512)`"))
    return None


def _condition(
    name: str, statement: tree.Likelihood, dims: tuple[str, ...], required: Support, context: Context
) -> ir.Expression | None:
    """What `where` or `weight` says of each place, from data alone."""
    modifier = next((each for each in statement.modifiers if each.name == name), None)
    if modifier is None or not modifier.arguments:
        return None
    written = modifier.arguments[0]
    value = number(
        written.value if isinstance(written, tree.Named) else written, replace(context, ranges=dims, back={})
    )
    if not value.sound:
        return None
    if value.random:
        context.report(RandomCondition(at=value.node.span, modifier=name))
    elif fit(value, required, context) is Fit.LEAVES:
        expected, found = str(required), str(value.support)
        hint = how_to_narrow(value, required, context)
        at = value.node.span
        context.report(
            ParameterSupport(at=at, law="weight", parameter="value", expected=expected, found=found, hint=hint)
        )
    return value.node


def report_labels(
    statement: tree.Likelihood | tree.Population,
    lowered: LoweredLaw,
    data: Known,
    field: ir.DataField | None,
    context: Context,
) -> None:
    """UQ330 where labels are observed and the law draws others, or none; or the other way round."""
    name, law = statement.target.name, lowered.distribution.name
    if data.category is None:
        found, expected = "numbers", f"labels of `{lowered.category}`"
        hint = f"declare the field as `{name} : category({lowered.category})`"
    else:
        found = f"labels of `{data.category}`"
        expected = f"labels of `{lowered.category}`" if lowered.category else "numbers"
        hint = f"write `Categorical(p, over = {data.category})`"
    others = (Label(field.span, f"declared `{field.kind}`"),) if field is not None else ()
    at = statement.law.span
    context.report(OutcomeLabels(at=at, law=law, name=name, expected=expected, found=found, hint=hint, others=others))


def _other_way_round(statement: tree.Likelihood, context: Context) -> str:
    """The likelihood with the data of its law on the left."""
    law, target = statement.law, statement.target
    fields = {}
    for name in names_in(law):
        declared = context.declarations.values.get(name.name)
        if declared is not None and declared.what is What.FIELD and name.name in context.known:
            fields.setdefault(name.name, []).append(name)
    if len(fields) == 1:
        ((name, uses),) = fields.items()
        dims = context.known[name].dims
        if len(uses) == 1 and context.known[name].category is None and set(dims) == {each.name for each in target.axes}:
            left = f"{name}[{', '.join(dims)}]" if dims else name
            before, after = (Span(law.span.start, uses[0].span.start), Span(uses[0].span.end, law.span.end))
            shown = context.written(before) + target.name + context.written(after)
            return f"data stand on the left: `likelihood {left} ~ {shown}`"
    return "data stand on the left, and what depends on unknowns in the law: `likelihood y[…] ~ …`"


_OWN_DATA = "its law can use other data, and of its own only what is summed up, as in `mean(…, over = …)`"


def _uses_whole(name: str, node: object) -> bool:
    """Whether a part of the IR uses a name element by element, outside of any reduction."""
    if isinstance(node, ir.Reference):
        return node.name == name
    if isinstance(node, ir.Reduce) and not REDUCTIONS[node.function].keeps:
        return False
    if isinstance(node, ir.Shift) and isinstance(node.value, ir.Reference):
        return False
    if isinstance(node, ir.Node):
        return any(_uses_whole(name, getattr(node, each)) for each in type(node).model_fields)
    return isinstance(node, tuple) and any(_uses_whole(name, each) for each in node)


def _report_dims(target: tree.Target, dims: tuple[str, ...], data: Known, declared: Declared, context: Context) -> None:
    shown = f"{target.name}[{', '.join(data.dims)}]" if data.dims else target.name
    context.report(
        DimensionsDiffer(
            at=target.span,
            name=target.name,
            given=_over(dims),
            declared=_over(data.dims),
            others=(Label(declared.whole, "declared here"),),
            hint=f"write `likelihood {shown} ~ …`",
        )
    )


def _report_outcome(
    name: str,
    statement: tree.Likelihood,
    lowered: LoweredLaw,
    data: Known,
    field: ir.DataField | None,
    context: Context,
) -> None:
    kind = kind_that_holds(lowered.support)
    context.report(
        OutcomeSupport(
            at=statement.law.span,
            law=lowered.distribution.name,
            name=name,
            expected=str(lowered.support),
            found=str(data.support),
            hint=f"if the data are {KINDS[kind]}, declare the field as `{name} : {kind}`" if field is not None else "",
            others=(Label(field.span, f"declared `{field.kind}`"),) if field is not None else (),
        )
    )


def _over(dims: tuple[str, ...]) -> str:
    return " and ".join(f"`{dim}`" for dim in dims) or "no dimension"
