"""From expressions of the IR to JAX text, with every array laid out so that NumPy's broadcasting aligns it by name.

`layout` is the order of dimensions in which a value is wanted. The text of an expression gives an array whose axes are
the last ones of the layout, from the first dimension that it has, with length-one axes for those that it lacks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from uqdsl import ir
from uqdsl.codegen.text import ATOM, COMPARISON, POWER, PRODUCT, SIGN, SUM, Text, number
from uqdsl.vocabulary.functions import FUNCTIONS, REDUCTIONS

_PRECEDENCE = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "^": POWER}
_LOGICAL = {"and": "jnp.logical_and", "or": "jnp.logical_or", "not": "jnp.logical_not"}


@dataclass(frozen=True)
class Writer:
    """Writes expressions. `identifiers` gives each name its Python name, `axes` the order in which its array lies."""

    identifiers: Mapping[str, str]
    axes: Mapping[str, tuple[str, ...]]

    def write(self, node: ir.Expression, layout: tuple[str, ...], *, real: bool = False) -> Text:
        """The text of an expression in a layout; `real` writes a lone whole number with a point."""
        match node:
            case ir.Constant(value=value):
                return number(value, real=real)
            case ir.Reference(name=name):
                return self.aligned(Text(self.identifiers[name]), self.axes.get(name, node.dims), layout)
            case ir.Coordinate(dim=dim):
                return self.aligned(Text(f'jnp.array(coords["{dim}"], dtype=float)'), (dim,), layout)
            case ir.Gather():
                return self._gather(node, layout)
            case ir.Pick():
                return self._pick(node, layout)
            case ir.Operation():
                return self._operation(node, layout)
            case ir.Apply(function=function, arguments=arguments):
                shown = ", ".join(self.write(each, layout).text for each in arguments)
                return Text(f"{FUNCTIONS[function].jax}({shown})")
            case ir.Reduce():
                return self._reduce(node, layout)
            case ir.Choice(test=test, then=then, otherwise=otherwise):
                shown = ", ".join(self.write(each, layout).text for each in (test, then, otherwise))
                return Text(f"jnp.where({shown})")
            case ir.Array():
                return self._array(node, layout)

    def aligned(self, text: Text, axes: tuple[str, ...], layout: tuple[str, ...]) -> Text:
        """An array with these axes, transposed and given new axes of length one as the layout asks."""
        wanted = tuple(dim for dim in layout if dim in axes)
        if wanted != axes:
            order = ", ".join(str(axes.index(dim)) for dim in wanted)
            text = Text(f"{text.at(ATOM)}.T" if wanted == axes[::-1] else f"jnp.transpose({text.text}, ({order}))")
        if not wanted:
            return text
        from_first = layout[layout.index(wanted[0]) :]
        slots = [":" if dim in wanted else "None" for dim in from_first]
        if "None" not in slots:
            return text
        return Text(f"{text.at(ATOM)}[{', '.join(slots)}]")

    # operators ---------------------------------------------------------------------------------------------------

    def _operation(self, node: ir.Operation, layout: tuple[str, ...]) -> Text:
        sign = node.operator
        operands = [self.write(each, layout) for each in node.operands]
        if sign in _LOGICAL:
            return Text(f"{_LOGICAL[sign]}({', '.join(each.text for each in operands)})")
        if sign == "negative":
            return Text(f"-{operands[0].at(SIGN)}", SIGN)
        left, right = operands
        if sign == "^":
            # Whole numbers cannot take a negative power in JAX: the exponent is written with a point.
            exponent = node.operands[1]
            if isinstance(exponent, ir.Constant) and exponent.value < 0:
                right = number(exponent.value, real=True)
            return Text(f"{left.at(ATOM)} ** {right.at(SIGN)}", POWER)
        precedence = _PRECEDENCE.get(sign, COMPARISON)
        # A comparison does not chain, and `a - (b - c)` keeps its parentheses.
        tighter = precedence + 1
        first = tighter if precedence == COMPARISON else precedence
        return Text(f"{left.at(first)} {sign} {right.at(tighter)}", precedence)

    def _array(self, node: ir.Array, layout: tuple[str, ...]) -> Text:
        if all(not item.dims for item in node.items):
            items = ", ".join(self.write(item, (), real=True).text for item in node.items)
            return self.aligned(Text(f"jnp.array([{items}])"), (node.along,), layout)
        inner = tuple(dim for dim in layout if dim in node.dims and dim != node.along)
        items = ", ".join(self._whole(item, inner).text for item in node.items)
        return self.aligned(Text(f"jnp.stack([{items}], axis=-1)"), (*inner, node.along), layout)

    def _whole(self, node: ir.Expression, layout: tuple[str, ...]) -> Text:
        """The text of an expression as an array with all axes of the layout, each at its full length."""
        text = self.write(node, layout)
        missing = [dim for dim in layout if dim not in node.dims]
        return self.broadcast(text, layout) if missing else text

    def broadcast(self, text: Text, layout: tuple[str, ...]) -> Text:
        """An array broadcast to the full size of every dimension of the layout."""
        return Text(f"jnp.broadcast_to({text.text}, {sizes(layout)})")

    # reductions and products ---------------------------------------------------------------------------------------

    def _reduce(self, node: ir.Reduce, layout: tuple[str, ...]) -> Text:
        operand = node.operand
        kept = tuple(dim for dim in layout if dim in operand.dims and dim not in node.over)
        product = self._product(node, kept)
        if product is not None:
            return self.aligned(product, kept, layout)
        inner = self.write(operand, (*kept, *node.over)).text
        jax = REDUCTIONS[node.function].jax
        if not kept:
            return Text(f"{jax}({inner})")
        axis = "-1" if len(node.over) == 1 else str(tuple(range(-len(node.over), 0)))
        return self.aligned(Text(f"{jax}({inner}, axis={axis})"), kept, layout)

    def _product(self, node: ir.Reduce, kept: tuple[str, ...]) -> Text | None:
        """`sum(X * b, over = k)` as the matrix product that it is, or None where it is not one."""
        operand = node.operand
        if node.function != "sum" or len(node.over) != 1:
            return None
        if not (isinstance(operand, ir.Operation) and operand.operator == "*"):
            return None
        (dim,) = node.over
        first, second = operand.operands
        if first.dims == (dim,) and len(second.dims) > 1:
            first, second = second, first
        if dim not in first.dims or second.dims != (dim,) or set(first.dims) != {*kept, dim}:
            return None
        left, right = self.write(first, (*kept, dim)), self.write(second, (dim,))
        return Text(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT)

    # selections ------------------------------------------------------------------------------------------------------

    def _pick(self, node: ir.Pick, layout: tuple[str, ...]) -> Text:
        axes = self._natural(node.value)
        if node.position is not None:
            index = str(node.position)
        else:
            label = quoted(node.label) if isinstance(node.label, str) else repr(node.label)
            index = f'coords["{node.along}"].index({label})'
        slots = [index if dim == node.along else ":" for dim in axes]
        while slots and slots[-1] == ":":
            slots.pop()
        text = Text(f"{self.write(node.value, axes).at(ATOM)}[{', '.join(slots)}]")
        return self.aligned(text, tuple(dim for dim in axes if dim != node.along), layout)

    def _natural(self, node: ir.Expression) -> tuple[str, ...]:
        """The order of dimensions in which an expression lies without being moved."""
        return self.axes.get(node.name, node.dims) if isinstance(node, ir.Reference) else node.dims

    def _gather(self, node: ir.Gather, layout: tuple[str, ...]) -> Text:
        indices: dict[str, ir.Expression] = {}
        base: ir.Expression = node
        while isinstance(base, ir.Gather) and base.along in base.value.dims and base.along not in indices:
            indices[base.along] = base.index
            base = base.value
        axes = self._natural(base)
        array = self.write(base, axes).at(ATOM)
        free = [dim for dim in axes if dim not in indices]
        result = tuple(dim for dim in layout if dim in node.dims)
        if len(indices) == 1 and not any(dim in index.dims for dim in free for index in indices.values()):
            (along,) = indices
            index = indices[along]
            inside = tuple(dim for dim in layout if dim in index.dims)
            slots = [self.write(index, inside).text if dim == along else ":" for dim in axes]
            while slots[-1] == ":":
                slots.pop()
            lies = tuple(each for dim in axes for each in (inside if dim == along else (dim,)))
            return self.aligned(Text(f"{array}[{', '.join(slots)}]"), lies, layout)
        # Several dimensions at once: one index array for each axis, all in the layout of the result.
        slots = [
            self.write(indices[dim], result).text
            if dim in indices
            else self.aligned(Text(f'jnp.arange(len(coords["{dim}"]))'), (dim,), result).text
            for dim in axes
        ]
        return self.aligned(Text(f"{array}[{', '.join(slots)}]"), result, layout)


def quoted(text: str) -> str:
    """A text as a Python literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def sizes(dims: tuple[str, ...]) -> str:
    """The shape of an array over dimensions, as Python text."""
    lengths = ", ".join(f'len(coords["{dim}"])' for dim in dims)
    return f"({lengths},)" if len(dims) == 1 else f"({lengths})"
