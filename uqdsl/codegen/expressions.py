"""From expressions of the IR to JAX text, with every array laid out so that NumPy's broadcasting aligns it by name.

`layout` is the order of dimensions in which a value is wanted. The text of an expression gives an array whose axes are
the last ones of the layout, from the first dimension that it has, with length-one axes for those that it lacks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from string import ascii_lowercase
from typing import NamedTuple

from uqdsl import ir
from uqdsl.codegen.arithmetic import binary, negative
from uqdsl.codegen.externs import sizes_given
from uqdsl.codegen.text import ATOM, PRODUCT, SIGN, Kind, Text, as_number, as_real, number, quoted
from uqdsl.vocabulary.functions import FUNCTIONS, MATRIX, REDUCTIONS, SPLINE_FUNCTIONS
from uqdsl.vocabulary.kernels import KERNEL_FUNCTIONS

_LOGICAL = {"and": "jnp.logical_and", "or": "jnp.logical_or", "not": "jnp.logical_not"}
_REAL_ONLY = {"sigmoid", "Phi", "log_Phi", "elu", "gelu", "silu"}
"""Functions that JAX does not define on integers."""
_OF_RUNTIME = KERNEL_FUNCTIONS | SPLINE_FUNCTIONS
_KEEP_WHOLE = {"abs", "floor", "minimum", "maximum", "sum", "max", "min"}
"""Functions and reductions that make integers of integers."""
_COUNTS_TRUTHS = {"sum", "count"}
ANY = "…"
"""Within a function of the author's: the dimensions that its arguments have beside those that it names."""
_DEEPEST = 30
"""Brackets within brackets, beyond which a part of an expression gets a line of its own; Python reads at most 200."""


def at_times(state: str, times: str) -> str:
    """What a writer calls a state at the times of a field."""
    return f"{state} at {times}"


class Window(NamedTuple):
    """The places along a dimension at which an expression is wanted: from `start` on, seen `back` places before."""

    start: int
    back: int = 0

    @property
    def slice(self) -> str:
        """The places in brackets."""
        return f"{self.start - self.back}:{f'-{self.back}' if self.back else ''}".replace("0:", ":", 1)


class Name(NamedTuple):
    """A name of the spec in the program: its identifier, and the axes, kind and, for a setting, value that it has there."""

    identifier: str
    axes: tuple[str, ...] = ()
    kind: Kind = Kind.REAL
    value: float | bool | None = None


@dataclass
class Writer:
    """Writes the expressions of one function.

    `names` says what each name is, and grows by what the function defines. `parts` gathers the assignments, to `fresh`
    names, that have to stand before the statement being written. `dims` are those of the spec, and `functions` the
    identifiers of the functions, of which those that are `placed` take the coordinates too, as `networks` are of the
    networks. `windows` says along which
    dimensions only some places are wanted, and `lengths` how long those are that the data do not have.
    """

    names: dict[str, Name]
    dims: Mapping[str, ir.Dim] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ir.Function | ir.Extern]] = field(default_factory=dict)
    placed: Collection[str] = ()
    networks: Mapping[str, tuple[str, ir.Network]] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    lengths: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    fresh: Iterator[str] = field(default_factory=lambda: map("part_{}".format, count(1)))

    def write(self, node: ir.Expression, layout: tuple[str, ...]) -> Text:
        """The text of an expression in a layout; it may be a boolean."""
        text = self._written(node, layout)
        if text.text.count("(") + text.text.count("[") <= _DEEPEST or _depth(text.text) <= _DEEPEST:
            return text
        part = next(self.fresh)
        self.parts.append(f"{part} = {text.text}")
        return Text(part, kind=text.kind)

    def number(self, node: ir.Expression, layout: tuple[str, ...]) -> Text:
        """The text of an expression as a number: 1 or 0 for a boolean."""
        return as_number(self.write(node, layout))

    def parameter(self, node: ir.Expression, layout: tuple[str, ...]) -> Text:
        """The text of an expression that stands alone: a number, with a point where it is just that."""
        text = self.number(node, layout)
        return as_real(text) if text.literal else text

    def _written(self, node: ir.Expression, layout: tuple[str, ...]) -> Text:
        match node:
            case ir.Constant(value=value, dims=dims):
                axes = tuple(dim for dim in layout if dim in dims)
                return self.aligned(self.broadcast(number(value), (), axes), axes, layout)
            case ir.Reference(name=name):
                known = self.names[name]
                text = Text(known.identifier, kind=known.kind, value=known.value)
                return self.aligned(self.seen(text, known.axes), known.axes, layout)
            case ir.Coordinate(dim=dim, positions=True):
                places = Text(f'np.arange(len(coords["{ir.base(dim)}"]))', kind=Kind.WHOLE)
                return self.aligned(self.seen(places, (dim,)), (dim,), layout)
            case ir.Coordinate(dim=dim):
                text = self.seen(Text(f'jnp.array(coords["{ir.base(dim)}"], dtype=float)'), (dim,))
                return self.aligned(text, (dim,), layout)
            case ir.Size(dim=dim):
                return Text(f'len(coords["{dim}"])', kind=Kind.WHOLE)
            case ir.LabelPosition(dim=dim, label=label):
                return Text(_index_of(dim, label), kind=Kind.WHOLE)
            case ir.Rename():
                return self._renamed(node, layout)
            case ir.Shift():
                return self._shifted(node, layout)
            case ir.Matrix():
                return self._matrix(node, layout)
            case ir.Invoke():
                return self._invoke(node, layout)
            case ir.Derivative():
                return self._derivative(node, layout)
            case ir.AtTimes(state=state, times=times):
                known = self.names[at_times(state.name, times.name)]
                return self.aligned(self.seen(Text(known.identifier), known.axes), known.axes, layout)
            case ir.Gather(between=True):
                return self._between(node, layout)
            case ir.Gather() | ir.Pick():
                return self._selected(node, layout)
            case ir.Operation(operator="negative", operands=(operand,)):
                return negative(self.write(operand, layout))
            case ir.Operation(operator=sign, operands=operands) if sign in _LOGICAL:
                shown = ", ".join(self.write(each, layout).text for each in operands)
                return Text(f"{_LOGICAL[sign]}({shown})", kind=Kind.TRUTH)
            case ir.Operation(operator=sign, operands=(left, right)):
                return binary(sign, self.write(left, layout), self.write(right, layout))
            case ir.Apply():
                return self._apply(node, layout)
            case ir.Reduce():
                return self._reduce(node, layout)
            case ir.Choice():
                return self._choice(node, layout)
            case ir.Array():
                return self._array(node, layout)
        raise TypeError(f"no text for {node.node}")

    def aligned(self, text: Text, axes: tuple[str, ...], layout: tuple[str, ...]) -> Text:
        """An array with these axes, transposed and given new axes of length one as the layout asks."""
        wanted = tuple(dim for dim in layout if dim in axes)
        if wanted != axes:
            order = [axes.index(dim) for dim in wanted]
            if ANY in axes:
                places = [str(place - len(axes)) for place in order[1:]]
                last = [str(place - len(axes)) for place in range(1, len(axes))]
                text = Text(f"jnp.moveaxis({text.text}, ({', '.join(places)}), ({', '.join(last)}))", kind=text.kind)
            else:
                moved = "T" if wanted == axes[::-1] else f"transpose({', '.join(map(str, order))})"
                text = Text(f"{text.at(ATOM)}.{moved}", kind=text.kind)
        if not wanted:
            return text
        slots = [":" if dim in wanted else "None" for dim in layout[layout.index(wanted[0]) :]]
        if wanted[0] == ANY:
            slots[0] = "..."
        return text if "None" not in slots else Text(f"{text.at(ATOM)}[{', '.join(slots)}]", kind=text.kind)

    def broadcast(self, text: Text, dims: tuple[str, ...], layout: tuple[str, ...]) -> Text:
        """An array over `dims`, written in the layout, at the full size of every dimension of it."""
        if set(dims) == set(layout):
            return text
        if not dims:
            return Text(f"jnp.full({self.sizes(layout)}, {text.text})", kind=text.kind)
        return Text(f"jnp.broadcast_to({text.text}, {self.sizes(layout)})", kind=text.kind)

    def sizes(self, dims: tuple[str, ...]) -> str:
        """The shape of an array over dimensions, as Python text."""
        lengths = ", ".join(self._length(dim) for dim in dims)
        return f"({lengths},)" if len(dims) == 1 else f"({lengths})"

    def _length(self, dim: str) -> str:
        if dim in self.lengths:
            return self.lengths[dim]
        start = self.windows[dim].start if dim in self.windows else 0
        return f'len(coords["{ir.base(dim)}"])' + (f" - {start}" if start else "")

    def seen(self, text: Text, axes: tuple[str, ...], windows: Mapping[str, Window] | None = None) -> Text:
        """Of a whole array, the places that are wanted."""
        windows = self.windows if windows is None else windows
        slots = [windows[dim].slice if dim in windows else ":" for dim in axes]
        while slots and slots[-1] == ":":
            slots.pop()
        return Text(f"{text.at(ATOM)}[{', '.join(slots)}]", kind=text.kind) if slots else text

    @contextmanager
    def seeing(self, **windows: Window | None) -> Iterator[None]:
        """Other windows for a while: None for the whole of a dimension."""
        before = self.windows
        self.windows = {dim: each for dim, each in (before | windows).items() if each is not None}
        try:
            yield
        finally:
            self.windows = before

    def _natural(self, node: ir.Expression) -> tuple[str, ...]:
        """An order of dimensions in which an expression needs little moving."""
        return self.names[node.name].axes if isinstance(node, ir.Reference) else node.dims

    # dimensions -------------------------------------------------------------------------------------------------------

    def _renamed(self, node: ir.Rename, layout: tuple[str, ...]) -> Text:
        """The array as it is, read with other names for its axes."""
        old = {new: old for old, new in node.names}
        # A dimension that the value has under its old name alone is none of the layout's.
        gone = {each for each, _ in node.names} - old.keys()
        windows = {old.get(dim, dim): window for dim, window in self.windows.items() if dim not in gone}
        with self.seeing(**(dict.fromkeys(self.windows) | windows)):
            return self.write(node.value, tuple(old.get(dim, f"no {dim}" if dim in gone else dim) for dim in layout))

    def _shifted(self, node: ir.Shift, layout: tuple[str, ...]) -> Text:
        """An array at other places along a dimension: rolled, held at its ends, or seen through a window."""
        dim = self.dims[node.along]
        window = self.windows.get(node.along)
        if dim.boundary is None and node.lag is None:
            window = window or Window(0)
            with self.seeing(**{node.along: window._replace(back=window.back - node.steps)}):
                return self.write(node.value, layout)
        axes = tuple(dim for dim in layout if dim in node.value.dims)
        with self.seeing(**{node.along: None}):
            whole = self.number(node.value, axes)
        place = axes.index(node.along)
        axis = place - len(axes)
        if dim.boundary is None:
            start, back = window or Window(0)
            back -= node.steps
            rows = f'np.arange({start - back}, len(coords["{node.along}"]){f" - {back}" if back else ""})'
            slots = [":"] * place + [f'{rows}[:, None] - np.array(coords["{node.lag}"])']
            lies = (*axes[: place + 1], node.lag or "", *axes[place + 1 :])
            return self.aligned(Text(f"{whole.at(ATOM)}[{', '.join(slots)}]", kind=whole.kind), lies, layout)

        def moved(steps: str, back: str) -> str:
            if dim.boundary == "periodic":
                return f"jnp.roll({whole.text}, {back}, axis={axis})"
            beyond = f", beyond={dim.beyond!r}" if dim.boundary == "fixed" else ""
            return f"neighbour({whole.text}, {steps}, axis={axis}{beyond})"

        if node.lag is None:
            return self.aligned(Text(moved(str(node.steps), str(-node.steps)), kind=whole.kind), axes, layout)
        each = f'[{moved("-step", "step")} for step in coords["{node.lag}"]]'
        return self.aligned(Text(f"jnp.stack({each}, axis=-1)", kind=whole.kind), (*axes, node.lag), layout)

    # matrices and functions -------------------------------------------------------------------------------------------

    def _matrix(self, node: ir.Matrix, layout: tuple[str, ...]) -> Text:
        if node.function == "identity":
            return self.aligned(Text(f'jnp.eye(len(coords["{node.rows}"]))'), (node.rows, node.columns), layout)
        function = MATRIX[node.function]
        batch = tuple(dim for dim in layout if dim in node.dims and dim not in (node.rows, node.columns))
        with self.seeing(**dict.fromkeys((node.rows, node.columns))):
            matrix = self.number(
                node.operands[0], (*(dim for dim in batch if dim in node.operands[0].dims), node.rows, node.columns)
            )
            if len(node.operands) == 1:
                kept = {"matrix": (node.rows, node.columns), "vector": (node.rows,)}.get(function.value, ())
                batch = tuple(dim for dim in batch if dim in node.operands[0].dims)
                return self.aligned(Text(f"{function.jax}({as_real(matrix).text})"), (*batch, *kept), layout)
            right = node.operands[1]
            columns = tuple(dim for dim in right.dims if dim not in (node.rows, *node.operands[0].dims))
            shared = tuple(dim for dim in batch if dim not in columns)
            if len(columns) > 1:
                shared, columns = (*shared, *columns[:-1]), columns[-1:]
            matrix = self.number(node.operands[0], (*shared, node.rows, node.columns))
            given = self.number(right, (*shared, node.rows, *columns))
        if columns:
            return self.aligned(
                Text(f"{function.jax}({matrix.text}, {given.text})"), (*shared, node.rows, *columns), layout
            )
        text = f"{function.jax}({matrix.text}, {given.at(ATOM)}[..., None])[..., 0]"
        return self.aligned(Text(text), (*shared, node.rows), layout)

    def _invoke(self, node: ir.Invoke, layout: tuple[str, ...]) -> Text:
        """A call of a network, of a function of the author's or of Python, or its derivative by an argument."""
        called, function = {**self.functions, **self.networks}[node.function]
        batch = tuple(dim for dim in layout if dim in node.dims and dim not in node.own)
        windows = {dim: window for dim, window in self.windows.items() if dim in node.own}
        with self.seeing(**dict.fromkeys(windows)):
            given = [
                as_real(self.number(each, (*batch, *axes))).text
                for each, (_, axes) in zip(node.arguments, function.parameters, strict=True)
            ]
            given += [self.number(each, each.dims).text for each in node.weights]
            if isinstance(function, ir.Extern) and function.nondifferentiable:
                given += [f"{name}={self._length(dim)}" for dim, name in sizes_given(function).items()]
            if node.function in self.placed:
                given.append("coords")
            chosen = f"[{quoted(node.output)}]" if node.output is not None else ""
            kept = function.result if node.by is None else function.parameters[node.by][1]
            if node.by is not None:
                called, chosen = self._gradient(node, called, chosen, given, (*batch, *kept), batch), ""
        axes = (*batch, *kept)
        return self.aligned(self.seen(Text(f"{called}({', '.join(given)}){chosen}"), axes, windows), axes, layout)

    def _gradient(
        self, node: ir.Invoke, called: str, chosen: str, given: list[str], axes: tuple[str, ...], batch: tuple[str, ...]
    ) -> str:
        """The derivative of a function: that of the sum over all places, as none depends on another."""
        place = node.by or 0
        if ANY in batch:
            shape, rank = f"{called}({', '.join(given)}){chosen}.shape", len(axes) - len(batch)
            shape = f"(*{shape}, *{given[place]}.shape[-{rank}:])" if rank else shape
            given[place] = f"jnp.broadcast_to({given[place]}, {shape})"
        elif batch:
            given[place] = self.broadcast(Text(given[place]), node.arguments[place].dims, axes).text
        if batch or chosen:
            called = f"lambda *given: {called}(*given){chosen}{'.sum()' if batch else ''}"
        return f"jax.grad({called}{f', argnums={place}' if place else ''})"

    def _derivative(self, node: ir.Derivative, layout: tuple[str, ...]) -> Text:
        by = self.names[node.by.name].identifier
        axes = tuple(dim for dim in layout if dim in node.value.dims)
        inside = replace(self, parts=[])
        value = as_real(inside.number(node.value, axes)).text
        function = f"lambda {by}: {value}"
        if inside.parts:  # which depend on the unknown too
            name = next(self.fresh)
            self.parts += [f"def {name}({by}):", *(f"    {each}" for each in (*inside.parts, f"return {value}")), ""]
            function = name
        return self.aligned(Text(f"jax.jacfwd({function})({by})"), axes, layout)

    # elementwise ------------------------------------------------------------------------------------------------------

    def _apply(self, node: ir.Apply, layout: tuple[str, ...]) -> Text:
        given = [self.number(each, layout) for each in node.arguments]
        if node.function in _REAL_ONLY:
            given = [as_real(each) for each in given]
        shown = ", ".join(each.text for each in given)
        function = node.function if node.function in _OF_RUNTIME else FUNCTIONS[node.function].jax
        return Text(f"{function}({shown})", kind=_kept(node.function, *given))

    def _choice(self, node: ir.Choice, layout: tuple[str, ...]) -> Text:
        test, then, otherwise = (self.write(each, layout) for each in (node.test, node.then, node.otherwise))
        if then.kind is otherwise.kind is Kind.TRUTH:
            return Text(f"jnp.where({test.text}, {then.text}, {otherwise.text})", kind=Kind.TRUTH)
        branches = [as_number(each) for each in (then, otherwise)]
        branches = [as_real(each) if each.literal else each for each in branches]
        whole = all(each.kind is Kind.WHOLE for each in branches)
        shown = ", ".join(each.text for each in (test, *branches))
        return Text(f"jnp.where({shown})", kind=Kind.WHOLE if whole else Kind.REAL)

    def _array(self, node: ir.Array, layout: tuple[str, ...]) -> Text:
        inner = tuple(dim for dim in layout if dim in node.dims and dim != node.along)
        items = [self.parameter(item, inner) for item in node.items]
        if ANY not in inner:
            items = [self.broadcast(text, item.dims, inner) for text, item in zip(items, node.items, strict=True)]
        whole = all(item.kind is Kind.WHOLE for item in items)
        shown = f"[{', '.join(item.text for item in items)}]"
        if ANY in inner:
            shown = f"jnp.broadcast_arrays({shown[1:-1]})"
        array = f"jnp.stack({shown}, axis=-1)" if inner else f"jnp.array({shown})"
        return self.aligned(Text(array, kind=Kind.WHOLE if whole else Kind.REAL), (*inner, node.along), layout)

    # reductions and products ------------------------------------------------------------------------------------------

    def _reduce(self, node: ir.Reduce, layout: tuple[str, ...]) -> Text:
        operand, function = node.operand, node.function
        if REDUCTIONS[function].keeps:
            return self._along(node, layout)
        if any(dim in self.windows for dim in node.over):
            with self.seeing(**dict.fromkeys(node.over)):
                return self._reduce(node, layout)
        kept = tuple(dim for dim in layout if dim in operand.dims and dim not in node.over)
        product = self._product(node, kept)
        if product is not None:
            return self.aligned(product, kept, layout)
        natural = self._natural(operand)
        lies = natural if tuple(dim for dim in natural if dim in kept) == kept else (*kept, *node.over)
        inner = self.write(operand, lies)
        if function not in _COUNTS_TRUTHS:
            inner = as_number(inner)
        arguments = inner.text
        if kept:
            arguments += f", axis={_axis(lies, node.over)}"
        if function == "product" and inner.kind is Kind.WHOLE:
            arguments += ", dtype=float"  # a product of integers soon runs over
        kind = Kind.WHOLE if function == "count" else _kept(function, inner)
        return self.aligned(Text(f"{REDUCTIONS[function].jax}({arguments})", kind=kind), kept, layout)

    def _along(self, node: ir.Reduce, layout: tuple[str, ...]) -> Text:
        """A function that goes along a dimension and keeps it."""
        axes = tuple(dim for dim in layout if dim in node.dims)
        (dim,) = node.over
        with self.seeing(**{dim: None}):
            inner = self.number(node.operand, axes)
        text = Text(f"{REDUCTIONS[node.function].jax}({as_real(inner).text}, axis={axes.index(dim) - len(axes)})")
        window = {dim: self.windows[dim]} if dim in self.windows else {}
        return self.aligned(self.seen(text, axes, window), axes, layout)

    def _product(self, node: ir.Reduce, kept: tuple[str, ...]) -> Text | None:
        """`sum(X * b, over = k)` as the product of matrices that it is, or None where it is not one."""
        if node.function != "sum":
            return None
        groups = _factors(node.operand)
        outside = [each for dims, each in groups.items() if not dims & set(node.over)]
        factors = [each for dims, each in groups.items() if dims & set(node.over)]
        if len(factors) < 2:
            return None
        own = tuple(dim for dim in kept if any(dim in each.dims for each in factors))
        product = self._matrix_product(factors, node.over, own) or self._einsum(factors, node.over, own)
        if product is not None:
            product = self.aligned(product, own, kept)
            for each in outside[::-1]:
                product = binary("*", self.number(each, kept), product)
        return product

    def _matrix_product(
        self, factors: list[ir.Expression], over: tuple[str, ...], kept: tuple[str, ...]
    ) -> Text | None:
        """Two factors as `X @ b`, or as `b @ X` where that needs no transposition."""
        if len(factors) != 2 or len(over) != 1:
            return None
        found = []
        for first, second in (factors, factors[::-1]):
            columns = tuple(each for each in second.dims if each not in over)
            rows = kept[: len(kept) - len(columns)]
            # Columns beside a function's own dimensions may be any number of axes.
            is_product = len(columns) <= 1 and rows + columns == kept and ANY not in columns
            if is_product and set(first.dims) == {*rows, *over} and not set(columns) & set(first.dims):
                axes = (*rows, *over), (*over, *columns)
                moved = (self._natural(first) != axes[0]) + (self._natural(second) != axes[1])
                found.append((moved, first, second, axes))
        if not found:
            return None
        _, first, second, axes = min(found, key=lambda each: each[0])
        left, right = self.number(first, axes[0]), self.number(second, axes[1])
        return Text(f"{left.at(PRODUCT)} @ {right.at(SIGN)}", PRODUCT, _of_product(left, right))

    def _einsum(self, factors: list[ir.Expression], over: tuple[str, ...], kept: tuple[str, ...]) -> Text | None:
        """Factors over several dimensions as `jnp.einsum("ij,jk->ik", …)`, a letter for each dimension."""
        dims = (*kept, *over)
        if ANY in dims or len(dims) > len(ascii_lowercase):
            return None
        letters: dict[str, str] = {}
        for dim in dims:
            free = [each for each in (dim[0].lower(), *ascii_lowercase) if each not in letters.values()]
            letters[dim] = next(each for each in free if each in ascii_lowercase)
        axes = [tuple(sorted(each.dims, key=self._natural(each).index)) for each in factors]
        texts = [self.number(each, order) for each, order in zip(factors, axes, strict=True)]
        indices = ["".join(letters[dim] for dim in each) for each in (*axes, kept)]
        subscripts = f"{','.join(indices[:-1])}->{indices[-1]}"
        shown = ", ".join([quoted(subscripts), *(each.text for each in texts)])
        return Text(f"jnp.einsum({shown})", kind=_of_product(*texts))

    # selections -------------------------------------------------------------------------------------------------------

    def _selected(self, node: ir.Gather | ir.Pick, layout: tuple[str, ...]) -> Text:
        """All selections from one array as one index of it."""
        chosen, base = _selections(node)
        axes = self._natural(base)
        ranges = {dim for each in chosen.values() if isinstance(each, ir.Gather) for dim in each.index.dims}
        inside = tuple(dim for dim in layout if dim in ranges)
        slots = [self._slot(dim, chosen.get(dim), inside) for dim in axes]
        # NumPy puts the axes of the index arrays where these stand, or first if a slice stands between them.
        indexed = [position for position, slot in enumerate(slots) if slot != ":"]
        together = indexed[-1] - indexed[0] == len(indexed) - 1
        before = indexed[0] if together else 0
        lies = [dim for dim, slot in zip(axes, slots, strict=True) if slot == ":"]
        lies[before:before] = inside
        with self.seeing(**dict.fromkeys(chosen)):
            array = self.write(base, axes)
        shown = ", ".join(slots[: indexed[-1] + 1])
        return self.aligned(Text(f"{array.at(ATOM)}[{shown}]", kind=array.kind), tuple(lies), layout)

    def _between(self, node: ir.Gather, layout: tuple[str, ...]) -> Text:
        """Values between the labels of a dimension."""
        axes = tuple(dim for dim in layout if dim in node.dims)
        with self.seeing(**{node.along: None}):
            whole = self.number(node.value, (*axes, node.along))
        ends = ", periodic=True" if self.dims[ir.base(node.along)].boundary == "periodic" else ""
        at = self.number(node.index, axes)
        text = f'between({whole.text}, {at.text}, coords["{ir.base(node.along)}"]{ends})'
        return self.aligned(Text(text), axes, layout)

    def _slot(self, dim: str, selection: ir.Gather | ir.Pick | None, inside: tuple[str, ...]) -> str:
        """What stands between the brackets for one axis; `inside` are the dimensions of the index arrays."""
        match selection:
            case ir.Gather(index=index):
                return self.write(index, inside).text
            case ir.Pick(position=int() as position):
                return str(position)
            case ir.Pick(label=str() | int() | float() as label):
                return _index_of(dim, label)
        if dim in inside:
            # Chosen together with the others, place by place. Data may be arrays of NumPy, which take no tracer as an index.
            return self.aligned(Text(f"np.arange({self._length(dim)})"), (dim,), inside).text
        return ":"


def _factors(node: ir.Expression) -> dict[frozenset[str], ir.Expression]:
    """The factors of a product by their dimensions; those over the same ones are multiplied."""
    match node:
        case ir.Operation(operator="*", operands=(left, right)):
            found = _factors(left)
            for dims, factor in _factors(right).items():
                if dims in found:
                    operands = (found[dims], factor)
                    factor = ir.Operation(operator="*", operands=operands, dims=operands[0].dims)
                found[dims] = factor
            return found
    return {frozenset(node.dims): node}


def _of_product(*factors: Text) -> Kind:
    return Kind.WHOLE if all(each.kind is Kind.WHOLE for each in factors) else Kind.REAL


def _index_of(dim: str, label: str | float) -> str:
    return f'coords["{ir.base(dim)}"].index({quoted(label) if isinstance(label, str) else repr(label)})'


def _selections(node: ir.Gather | ir.Pick) -> tuple[dict[str, ir.Gather | ir.Pick], ir.Expression]:
    """The selections, by dimension, that can be made of one array all at once, and that array."""
    chosen: dict[str, ir.Gather | ir.Pick] = {}
    while True:
        chosen[node.along] = node
        inner = node.value
        if not isinstance(inner, ir.Gather | ir.Pick) or getattr(inner, "between", False):
            return chosen, inner
        # An index brings dimensions in: what selects along those has to come after it.
        brought = inner.index.dims if isinstance(inner, ir.Gather) else ()
        if inner.along in chosen or any(dim in chosen for dim in brought):
            return chosen, inner
        node = inner


def _axis(lies: tuple[str, ...], over: tuple[str, ...]) -> str:
    """Where some dimensions of an array are, counted from its end if they are the last."""
    places = sorted(lies.index(dim) for dim in over)
    if places[0] == len(lies) - len(over):
        places = [place - len(lies) for place in places]
    return str(places[0] if len(places) == 1 else tuple(places))


def _kept(function: str, *given: Text) -> Kind:
    whole = function in _KEEP_WHOLE and all(each.kind is not Kind.REAL for each in given)
    return Kind.WHOLE if whole else Kind.REAL


def _depth(text: str) -> int:
    """How many brackets stand within one another."""
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest
