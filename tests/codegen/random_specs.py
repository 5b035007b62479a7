"""Random specs, as text: random expressions over a small world of names in priors, quantities, likelihoods and factors."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from uqdsl import ir

from .random_expressions import CATEGORIES, COORDS, FIELDS, SETTINGS, WHOLE, expressions

_TYPES = {bool: "bool", int: "int", float: "real"}


def _over(dims: tuple[str, ...]) -> str:
    return f"[{', '.join(dims)}]" if dims else ""


def world() -> str:
    """The declarations of every name."""
    lines = [f"setting {name} : {_TYPES[type(value)]} = {json.dumps(value)}" for name, value in SETTINGS.items()]
    lines += [f"dim {dim} = {json.dumps(labels)}" for dim, labels in COORDS.items()]
    fields = [f"{name}{_over(dims)} : real" for name, dims in FIELDS.items()]
    fields += [f"{name}{_over(dims)} : int" for name, dims in WHOLE.items()]
    fields += [f"{name}{_over(dims)} : category({of})" for name, (of, dims) in CATEGORIES.items()]
    return "\n".join([*lines, "data {", *fields, "outcome[h, k] : real", "}"])


def shown(node: ir.Expression) -> str:
    """An expression of the IR as it is written."""
    match node:
        case ir.Constant(value=value):
            return json.dumps(value) if isinstance(value, bool) or value >= 0 else f"({value!r})"
        case ir.Reference(name=name):
            return name
        case ir.Coordinate(dim=dim):
            return dim
        case ir.Gather(value=value, along=along, index=index):
            return f"{_base(value)}[{along} = {shown(index)}]"
        case ir.Pick(value=value, along=along, label=None, position=int() as position):
            return f"{_base(value)}[{along} = {'last' if position < 0 else f'at({position})'}]"
        case ir.Pick(value=value, along=along, label=label):
            return f"{_base(value)}[{along} = {json.dumps(label)}]"
        case ir.Operation(operator="not", operands=(operand,)):
            return f"(not {shown(operand)})"
        case ir.Operation(operator="negative", operands=(operand,)):
            return f"(-{shown(operand)})"
        case ir.Operation(operator=sign, operands=(left, right)):
            return f"({shown(left)} {sign} {shown(right)})"
        case ir.Apply(function=function, arguments=arguments):
            return f"{function}({', '.join(shown(each) for each in arguments)})"
        case ir.Reduce(function=function, operand=operand, over=over):
            return f"{function}({shown(operand)}, over = [{', '.join(over)}])"
        case ir.Choice(test=test, then=then, otherwise=otherwise):
            return f"(if {shown(test)} then {shown(then)} else {shown(otherwise)})"
    raise TypeError(node.node)


def _base(node: ir.Expression) -> str:
    return shown(node) if isinstance(node, ir.Reference) else f"({shown(node)})"


def _writable(node: ir.Expression) -> bool:
    """Whether the expression has only what may stand anywhere: a list needs a place of its own."""
    return '"node":"array"' not in node.model_dump_json()


@st.composite
def specs(draw: st.DrawFn) -> str:
    """The text of a spec that is sound, as far as the supports of its expressions allow."""
    plain = expressions().filter(_writable)
    lines = [world(), "prior mu ~ Normal(0, 1)"]
    first, second, third = draw(plain), draw(plain), draw(plain)
    order = draw(st.permutations(first.dims))
    lines.append(f"let fixed{_over(tuple(order))} = {shown(first)}")
    lines.append(f"let random{_over(tuple(draw(st.permutations(second.dims))))} = mu * {shown(second)}")
    law = draw(st.sampled_from(["Normal({}, 1)", "StudentT(4, {}, 2)", "Laplace({}, 1)"])).format(
        f"tanh({shown(third)}) + mu"
    )
    extra = draw(st.sampled_from(["", " noncentered", " nuisance", " truncated(-10, inf)"]))
    extra = "" if "truncated" in extra and "StudentT" in law else extra
    dims = (
        *third.dims,
        *draw(st.lists(st.sampled_from([d for d in COORDS if d not in third.dims] or ["h"]), max_size=1)),
    )
    lines.append(f"prior theta{_over(tuple(draw(st.permutations(tuple(dict.fromkeys(dims))))))} ~ {law}{extra}")
    total = f"sum(theta, over = [{', '.join(dict.fromkeys(dims))}])" if dims else "theta"
    lines.append(f"factor -0.5 * {total} ^ 2")
    outer = [dim for dim in second.dims if dim not in ("h", "k")]
    location = f"mean(random, over = [{', '.join(outer)}])" if outer else "random"
    lines.append(
        f"likelihood outcome{draw(st.sampled_from(['[h, k]', '[k, h]']))} ~ Normal({location} + {total}, exp(mu))"
    )
    return "\n".join(lines) + "\n"
