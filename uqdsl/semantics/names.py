"""Names that stand as values, and the dimensions that an expression may have where it stands."""

from __future__ import annotations

import re
import unicodedata

from uqdsl import ir
from uqdsl.messages import Span, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import NotANumber
from uqdsl.messages.catalogue.names import (
    FactorDimension,
    NoPopulation,
    NoSuchPart,
    NotAValue,
    RightHandDimension,
    UndeclaredName,
)
from uqdsl.semantics.context import Context, Typed, poison
from uqdsl.semantics.declare import What, not_in_file
from uqdsl.semantics.wording import in_brackets
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.composed import ALONE
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, PLANNED
from uqdsl.vocabulary.functions import CONSTANTS, FUNCTIONS, MATRIX, REDUCTIONS
from uqdsl.vocabulary.supports import REAL, Support, point

_REFUSED_AT_HOME = (What.FUNCTION, What.NETWORK, What.STATE, What.UNREADABLE)
"""What has a problem of its own where it is declared, so that its use is no second one."""


def lower_name(name: tree.Name, context: Context) -> Typed:
    """The IR of a name that stands as a value, over all of its dimensions."""
    known = context.known.get(name.name)
    if known is not None and known.missing:
        if any(isinstance(each, NoPopulation) and each.name == name.name for each in context.problems):
            return poison(name.span)
        return context.report(NoPopulation(at=name.span, name=name.name))
    if known is not None and not means_coordinate(name.name, context):
        node = ir.Reference(span=name.span, name=name.name, dims=known.dims)
        return Typed(node, known.support, known.category, known.sound, known.random, known.spread)
    if known is None and name.name in context.declarations.values:
        return _without_value(name, context)
    if name.name in context.dims:
        return _coordinate(name, context)
    word = context.declarations.word(name.name)
    if word in context.sizes:
        return context.sizes[word]
    if word in CONSTANTS:
        return _constant(word, name.span, context)
    if context.declarations.may_declare(name.name):
        return poison(name.span)
    if known is None and context.declarations.owner(name.name) is not None:
        return context.report(UndeclaredName(at=name.span, name=name.name, hint=_SEES_ITS_OWN))
    for what, table, hint in (
        ("a distribution", {*DISTRIBUTIONS, *ALONE, *PLANNED}, "a law stands after `~`: `prior {0} ~ {1}(…)`"),
        ("a function", FUNCTIONS, "call it: `{1}(…)`"),
        ("a reduction", REDUCTIONS, "call it: `{1}(…, over = k)`"),
    ):
        if name.name in table:
            hint = hint.format(context.owner or "x", name.name)
            return context.report(NotAValue(at=name.span, name=name.name, what=what, hint=hint))
    hint = _meant_by(name.name) or did_you_mean(name.name, context.declarations.within(context.owner))
    hint = hint or f"an unknown needs a prior: `prior {name.name} ~ …`; a column is declared: {_column(name.name)}"
    return context.report(UndeclaredName(at=name.span, name=name.name, hint=hint))


_SEES_ITS_OWN = "an included file sees only the names that it declares itself"
_NOTHING = frozenset({"none", "null", "nil", "nan", "na", "undefined", "missing"})
_MODULES = frozenset({
    "np", "numpy", "jnp", "jax", "math", "torch", "tf", "scipy", "stats", "special", "sp", "pm", "pymc", "pt", "dist",
    "numpyro", "tfd", "distrax", "std", "base", "Math",
})  # fmt: skip
"""What functions and laws have before their names in other languages."""
_RAISED = re.compile(r"(.*[^\W⁰¹²³⁴⁵⁶⁷⁸⁹])([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


def _column(name: str) -> str:
    return f"`data {{ {name}[…] : … }}`"


def _meant_by(name: str) -> str:
    """What is meant by a word that other languages know as something else than a name; empty where it is not sure."""
    raised = _RAISED.fullmatch(name)
    if raised:
        return f"did you mean `{raised[1]}^{unicodedata.normalize('NFKC', raised[2])}`?"
    if name.lower() in _NOTHING:
        return "there is no word for a missing value; an end that is not there is `inf`"
    return _NO_PREFIX if name in _MODULES else ""


_NO_PREFIX = "functions have no prefix: `log(…)`"


def means_coordinate(name: str, context: Context) -> bool:
    """Whether a name means a dimension's coordinate: a category column's where that dimension is at hand and it is not."""
    known = context.known.get(name)
    if known is None:
        return name in context.dims and name not in context.declarations.values
    return known.category == name and name in context.ranges and not set(known.dims) <= set(context.ranges)


def _without_value(name: tree.Name, context: Context) -> Typed:
    """A name that is declared and has no value here; for most a problem has been reported already."""
    declared = context.declarations.values[name.name]
    if declared.what in (What.FUNCTION, What.NETWORK, What.INCLUDED):
        return context.report(NotAValue(at=name.span, name=name.name, what=str(declared.what)))
    if declared.what is What.SETTING and isinstance(context.settings.get(name.name), str):
        return context.report(NotANumber(at=name.span, what=f"the text `{name.name}`"))
    return poison(name.span)


def _constant(word: str, at: Span, context: Context) -> Typed:
    value = CONSTANTS[word]
    if value == float("inf"):
        hint = "`inf` stands only for an end that is not there: `truncated(0, inf)`"
        return context.report(NotANumber(at=at, what="`inf`", hint=hint))
    node = ir.Constant(span=at, value=value)
    return Typed(node, point(value), spread=frozenset())


def _coordinate(name: tree.Name, context: Context) -> Typed:
    dim = context.dims[name.name]
    support = REAL
    if dim.size is not None:
        support = Support(1, dim.size, integer=True)
    for label in dim.labels or ():
        if isinstance(label, str):
            return context.report(
                NotANumber(at=name.span, what=f"the coordinate of `{dim.name}`, whose labels are texts,")
            )
        here = point(label)
        support = here if support == REAL else support.hull(here)
    return Typed(ir.Coordinate(span=name.span, dim=dim.name, dims=(dim.name,)), support)


def lower_attribute(expression: tree.Attribute, context: Context) -> Typed:
    """A name with dots: what a standardised field brings with it; a part of a network or a state; or what nothing declares."""
    name = tree.dotted(expression) or ""
    if name in context.known:  # `Z.centre` of a standardised field
        known = context.known[name]
        return Typed(ir.Reference(span=expression.span, name=name, dims=known.dims), known.support, spread=known.spread)
    problem = not_in_file(expression.span, name, context.declarations)
    if problem is not None:
        return poison(expression.span) if context.declarations.may_declare(name) else context.report(problem)
    root = expression.value
    while isinstance(root, tree.Attribute | tree.Call | tree.Select | tree.Group):
        root = root.function if isinstance(root, tree.Call) else root.value
    if not isinstance(root, tree.Name):
        problem = NoSuchPart(at=expression.span, name="…", what="an expression", part=expression.name)
        return context.report(problem)
    declared = context.declarations.values.get(root.name)
    if declared is None:
        if context.declarations.may_declare(root.name):
            return poison(expression.span)
        hint = _without_prefix(expression, root) or did_you_mean(root.name, context.declarations.values)
        return context.report(UndeclaredName(at=root.span, name=root.name, hint=hint))
    if declared.what in _REFUSED_AT_HOME:
        return poison(expression.span)
    what = str(declared.what)
    hint = _as_function(root, expression.name, context) if root is expression.value else ""
    return context.report(NoSuchPart(at=expression.span, name=root.name, what=what, part=expression.name, hint=hint))


def _without_prefix(expression: tree.Attribute, root: tree.Name) -> str:
    """What `np.log` is called here."""
    name = next(iter(_choices(expression.name)), None)
    if name is not None:
        form = name if name in CONSTANTS else f"{name}(…)"
        return f"{'constants' if name in CONSTANTS else 'functions'} have no prefix: `{form}`"
    if expression.name in DISTRIBUTIONS:
        return f"laws have no prefix: `{expression.name}(…)`"
    return _NO_PREFIX if root.name in _MODULES else ""


def _choices(word: str) -> list[str]:
    """The functions, reductions and constants that a word of another language may mean."""
    known = {**FUNCTIONS, **REDUCTIONS, **MATRIX, **CONSTANTS}
    return [each for each in (word, synonyms.FUNCTIONS.get(word.lower(), "")) if each in known]


def _as_function(root: tree.Name, part: str, context: Context) -> str:
    """What `iq.mean` is written here."""
    name = next(iter(_choices(part)), None)
    dims = context.known[root.name].dims if root.name in context.known else ()
    if name in REDUCTIONS:
        return f"it is written `{name}({root.name}, over = {in_brackets(dims)})`" if dims else ""
    return f"it is written `{name}({root.name})`" if name is not None and name not in CONSTANTS else ""


# ------------------------------------------------------------------------------------------------------- dimensions


def within(found: Typed, context: Context) -> Typed:
    """The same expression, after checking that it ranges only over what its place allows (UQ211, UQ212)."""
    if context.free or context.whole:
        return found
    for dim in found.dims:
        if dim not in context.ranges:
            culprit, inside = _part_over(dim, found.node)
            if not context.owner:
                hint = _how_to_sum(found.node, context)
                return context.report(FactorDimension(at=culprit.span, dim=dim, hint=hint))
            hint = _how_to_consume(culprit, inside, dim, found, context)
            return context.report(RightHandDimension(at=culprit.span, name=context.owner, dim=dim, hint=hint))
    return found


def _part_over(dim: str, node: ir.Expression) -> tuple[ir.Expression, ir.Reduce | None]:
    """The smallest part of an expression that brings a dimension into it, and the reduction in which it stands."""
    inside: ir.Reduce | None = None
    while True:
        match node:
            case ir.Rename(value=value, names=names) if dim in dict(names).values():
                old = next(old for old, new in names if new == dim)
                if old not in value.dims:
                    return node, inside
                node, dim = value, old
                continue
            case ir.Reduce():
                inside = node
        inner = [part for part in _parts(node) if dim in part.dims]
        if len(inner) != 1:
            return node, inside
        (node,) = inner


def _parts(node: ir.Expression) -> tuple[ir.Expression, ...]:
    match node:
        case ir.Operation(operands=parts) | ir.Apply(arguments=parts) | ir.Array(items=parts):
            return parts
        case ir.Matrix(operands=parts) | ir.Invoke(arguments=parts):
            return parts
        case ir.Reduce(operand=part) | ir.Rename(value=part) | ir.Shift(value=part) | ir.Gather(index=part):
            return (part,)
        case ir.Choice(test=test, then=then, otherwise=otherwise):
            return (test, then, otherwise)
    return ()


def _leaves_over(dim: str, node: ir.Expression) -> tuple[ir.Expression, ...]:
    """The parts of an expression without parts of their own that bring a dimension into it."""
    inner = [part for part in _parts(node) if dim in part.dims]
    return tuple(leaf for part in inner for leaf in _leaves_over(dim, part)) if inner else (node,)


def _how_to_sum(whole: ir.Expression, context: Context) -> str:
    """What makes one term of the log density of many."""
    if isinstance(whole, ir.Reduce) and not REDUCTIONS[whole.function].keeps:
        return f"consume it too: `over = {in_brackets((*whole.over, *whole.dims))}`"
    return f"sum the whole: `factor sum({context.written(whole.span)}, over = {in_brackets(whole.dims)})`"


def _how_to_consume(culprit: ir.Expression, inside: ir.Reduce | None, dim: str, found: Typed, context: Context) -> str:
    leaves = [each.name if isinstance(each, ir.Reference) else "" for each in _leaves_over(dim, culprit)]
    name = culprit.name if isinstance(culprit, ir.Reference) else None
    if all(leaves):
        columns = [
            field
            for field, of in context.declarations.categories.items()
            if of == dim and field in context.known and set(context.known[field].dims) <= set(context.ranges)
        ]
        if columns:
            selected = [
                listing(dict.fromkeys(f"{each}[{column}]" for each in leaves), last="and") for column in columns
            ]
            return f"select with the category column: {' or '.join(selected)}"
    if found.category is not None:
        return ""
    alike = next((each for each in context.ranges if ir.own(each) == ir.own(dim)), None)
    if alike is not None:
        return f"`{alike}` and `{dim}` are two dimensions: range over `{dim}` here too, or {_shared(alike, dim)}"
    consume = f"consume it, as in `sum({context.written(culprit.span)}, over = {dim})`"
    if inside is not None and not REDUCTIONS[inside.function].keeps:
        consume = f"consume it too: `over = {in_brackets((*inside.over, dim))}`"
    one_for_each = (
        name is not None and context.declarations.values[name].what is What.UNKNOWN and culprit.dims == (dim,)
    )
    if one_for_each and len(context.ranges) == 1 and dim not in context.declarations.values:
        column = f"{dim}[{context.ranges[0]}] : category"
        return f"{consume}, or select by a column of the data that says which one: `{column}`"
    return f"{consume}, or add `{dim}` to the left-hand side"


def _shared(outer: str, inner: str) -> str:
    """How the rows of a table select by the labels of an included file."""
    if "." in outer:
        outer, inner = inner, outer
    return f"declare a column of its labels: `data {{ {outer}[…] : category({inner}) }}`"
