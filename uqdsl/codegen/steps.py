"""Statements that look back, as functions of one step: what a place is given those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from uqdsl import ir
from uqdsl.codegen.expressions import Name, Window, Writer
from uqdsl.codegen.text import Kind, Text


@dataclass
class Steps:
    """Rewrites expressions along a dimension into those of one step.

    What a step needs of arrays along the dimension are its inputs: `inputs` holds, by the name of its parameter, the array
    whose first axis goes along the places from the `lags`th on. `past` holds the text of each recurrent name's past: the value
    one place before where `lags` is 1, else the array of the last ones, oldest first.
    """

    whole: Writer
    along: str
    lags: int
    past: Mapping[str, str]
    taken: set[str]
    inputs: dict[str, str] = field(default_factory=dict)
    writer: Writer = field(init=False)
    _parameters: dict[tuple[str, int, str | None], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.writer = replace(self.whole, names=dict(self.whole.names), parts=[], windows={})

    def here(self, name: str, identifier: str, dims: tuple[str, ...], kind: Kind = Kind.REAL) -> None:
        """Note what a name is at the place of the step."""
        self.writer.names[f"{name} here"] = Name(identifier, self._rest(dims), kind)

    def of[T: ir.Node](self, part: T) -> T:
        """A part of the IR at one place."""

        def change(node: ir.Node) -> ir.Node | None:
            match node:
                case ir.Shift(along=self.along, value=ir.Reference(name=name)) if name in self.past:
                    return self._past(node, name)
                case ir.Shift(along=self.along, value=ir.Reference() | ir.Coordinate() as value):
                    return self._input(value, node.steps, node.lag, node.dims)
                case ir.Shift(along=self.along, value=ir.Invoke(own=own) as value) if self.along in own:
                    return self._input(value, node.steps, node.lag, node.dims)
                case ir.Invoke(own=own, dims=dims) if self.along in own:
                    return self._input(node, 0, None, dims) if self.along in dims else node
                case ir.Shift(along=self.along):
                    return ir.rewrite(ir.shifted(node, self.along, 0), change)
                case ir.Reference(name=name, dims=dims) if f"{name} here" in self.writer.names:
                    return node.model_copy(update={"name": f"{name} here", "dims": self._rest(dims)})
                case ir.Reference(dims=dims) | ir.Coordinate(dims=dims) if self.along in dims:
                    return self._input(node, 0, None, dims)
                case ir.Gather(along=self.along):
                    return node.model_copy(
                        update={"index": ir.rewrite(node.index, change), "dims": self._rest(node.dims)}
                    )
                case ir.Pick(along=self.along):
                    return node
                case ir.Reduce(over=over) if self.along in over:
                    return node
            return None

        def narrowed(node: ir.Node) -> ir.Node | None:
            """The dimension is gone from what was computed along it."""
            match node:
                case ir.Gather(along=self.along) | ir.Pick(along=self.along):
                    return node
                case ir.Reduce(over=over) if self.along in over:
                    return node
                case ir.Invoke(own=own) if self.along in own:
                    return node
            dims = getattr(node, "dims", ())
            if self.along not in dims:
                return None
            parts = {
                name: ir.rewrite(getattr(node, name), narrowed) for name in type(node).model_fields if name != "dims"
            }
            return node.model_copy(update=parts | {"dims": self._rest(dims)})

        return ir.rewrite(ir.rewrite(part, change), narrowed)

    def _rest(self, dims: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dim for dim in dims if dim != self.along)

    def _past(self, node: ir.Shift, name: str) -> ir.Reference:
        """What a recurrent name was."""
        text = self.past[name]
        rest = self._rest(node.value.dims)
        if node.lag is not None:
            places = f'-np.array(coords["{node.lag}"])' + (f" - {-node.steps}" if node.steps else "")
            text, rest = f"{text}[{places}]", (node.lag, *rest)
        elif self.lags > 1:
            text = f"{text}[{node.steps}]"
        key = f"{name} {node.steps} {node.lag or ''}"
        self.writer.names[key] = Name(text, rest)
        return ir.Reference(span=node.span, name=key, dims=rest)

    def _input(
        self, value: ir.Reference | ir.Coordinate | ir.Invoke, steps: int, lag: str | None, dims: tuple[str, ...]
    ) -> ir.Reference:
        """What a step needs of an array along the dimension."""
        known: Name | None = None
        match value:
            case ir.Reference(name=name):
                known = self.whole.names[name]
                stem = f"{known.identifier}_{self.along}"
            case ir.Coordinate(dim=dim, positions=positions):
                name, stem = f"{dim} {'#' if positions else ''}", f"{self.along}_here"
            case ir.Invoke(function=function):
                called = {**self.whole.functions, **self.whole.networks}
                name, stem = repr(value), f"{called[function][0]}_{self.along}"
        rest = self._rest(known.axes if known is not None else dims)
        if lag is not None:
            rest = (lag, *(dim for dim in rest if dim != lag))
        key = (name, steps, lag)
        if key not in self._parameters:
            wanted = stem + (f"_{-steps}" if steps else "") + (f"_{lag}" if lag else "")
            while wanted in self.taken:
                wanted += "_"
            self.taken.add(wanted)
            self._parameters[key] = wanted
            shift: ir.Expression = value
            if steps or lag:
                shift = ir.Shift(
                    value=value, along=self.along, steps=steps, lag=lag, dims=(*value.dims, *([lag] if lag else []))
                )
            with self.whole.seeing(**{self.along: Window(self.lags)}):
                self.inputs[wanted] = self.whole.write(shift, (self.along, *rest)).text
        parameter = self._parameters[key]
        self.writer.names[parameter] = Name(parameter, rest, known.kind if known is not None else Kind.REAL)
        return ir.Reference(span=value.span, name=parameter, dims=rest)

    @property
    def given(self) -> str:
        """The inputs as the argument of a call; nothing where there are none."""
        values = [*self.inputs.values()]
        return f", ({', '.join(values)}{',' if len(values) == 1 else ''})" if values else ""


def first_places(past: ir.Past, dims: tuple[str, ...], writer: Writer) -> list[str]:
    """The values at the first places, oldest first."""
    rest = tuple(dim for dim in dims if dim != past.along)
    count = past.steps if len(past.values) > 1 else 1
    return [writer.broadcast(writer.parameter(each, rest), each.dims, rest).text for each in past.values[:count]]


def started(past: ir.Past, value: ir.Expression, dims: tuple[str, ...], writer: Writer) -> Text:
    """A quantity over `dims` whose first places are given, and whose others are computed all at once."""
    order = (past.along, *(dim for dim in dims if dim != past.along))
    starts = first_places(past, dims, writer)
    if len(starts) < past.steps:
        starts *= past.steps
    with writer.seeing(**{past.along: Window(past.steps)}):
        rest = writer.broadcast(writer.parameter(value, order), value.dims, order)
    text = Text(f"jnp.concatenate([jnp.stack([{', '.join(starts)}]), {rest.text}])")
    return writer.aligned(text, order, dims)


def lines_of(head: str, body: list[str]) -> Iterator[str]:
    """A function within another."""
    yield head
    yield from (f"    {line}" for line in body)
