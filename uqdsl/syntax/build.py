"""From what the grammar recognised to the classes of the tree: one method per rule of `grammar/uq.lark`."""

from __future__ import annotations

from typing import Any

from lark import Token, Transformer
from lark.tree import Meta
from lark.visitors import v_args

from uqdsl.messages import Span
from uqdsl.syntax import tree

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def _span(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)


def _unquoted(token: Token) -> str:
    text, result, position = str(token)[1:-1], [], 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
            character = _ESCAPES.get(text[position], "\\" + text[position])
        result.append(character)
        position += 1
    return "".join(result)


def _present(children: list[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if child is not None)


def _text(token: Token | None) -> str | None:
    return None if token is None else str(token)


def _declared(token: Token) -> tree.Target:
    return tree.Target(_span(token), str(token), _span(token))


@v_args(meta=True)
class TreeBuilder(Transformer[Token, Any]):
    """Called by the parser for each rule as it is recognised."""

    def _leaf(self, meta: Meta) -> Span:
        return Span(0, 0) if meta.empty else Span(meta.start_pos, meta.end_pos)

    # statements ------------------------------------------------------------------------------------------------

    def statement(self, meta, children):
        return children[0]

    def setting(self, meta, children):
        name, kind, value = children
        return tree.Setting(self._leaf(meta), _declared(name), str(kind), _span(kind), value)

    def dim(self, meta, children):
        name, value, modifiers, at = children
        return tree.Dim(self._leaf(meta), _declared(name), value, modifiers, at)

    def time(self, meta, children):
        name, begin, end, step, unit = children
        return tree.Time(self._leaf(meta), _declared(name), begin, end, step, _text(unit))

    def data(self, meta, children):
        source, *entries = children
        return tree.Data(self._leaf(meta), source, _present(entries))

    def field(self, meta, children):
        target, kind, before, value, after = children
        return tree.Field(self._leaf(meta), target, kind, value, before + (after or ()))

    def part(self, meta, children):
        name, value = children
        return tree.Part(self._leaf(meta), str(name), _span(name), value)

    def kind(self, meta, children):
        name, argument = children
        return tree.Kind(self._leaf(meta), str(name), _text(argument))

    def prior(self, meta, children):
        return tree.Prior(self._leaf(meta), *children)

    def population(self, meta, children):
        name, new, axes, law, modifiers = children
        target = tree.Target(_span(name), str(name), _span(name), axes or ())
        return tree.Population(self._leaf(meta), target, new is not None, law, modifiers)

    def let(self, meta, children):
        return tree.Let(self._leaf(meta), *children)

    def likelihood(self, meta, children):
        return tree.Likelihood(self._leaf(meta), *children)

    def factor(self, meta, children):
        return tree.Factor(self._leaf(meta), *children)

    def network(self, meta, children):
        name, *parameters, outputs, layers = children
        return tree.Network(self._leaf(meta), _declared(name), _present(parameters), outputs, layers)

    def outputs(self, meta, children):
        return tuple(children)

    def parameter(self, meta, children):
        name, axes = children
        return tree.Target(self._leaf(meta), str(name), _span(name), axes or ())

    output = parameter

    def layers(self, meta, children):
        return tuple(children)

    def layer(self, meta, children):
        name, arguments, alias = children
        return tree.Layer(self._leaf(meta), str(name), arguments or (), _text(alias))

    def function(self, meta, children):
        name, *parameters, value = children
        return tree.Function(self._leaf(meta), _declared(name), _present(parameters), value)

    def extern(self, meta, children):
        name, *parameters, output, origin = children
        return tree.Extern(self._leaf(meta), _declared(name), _present(parameters), output, _unquoted(origin))

    def include(self, meta, children):
        path, alias = children
        return tree.Include(self._leaf(meta), _unquoted(path), _text(alias))

    def state(self, meta, children):
        names, axis, *clauses = children
        return tree.State(self._leaf(meta), names, str(axis), _present(clauses))

    def state_names(self, meta, children):
        return tuple(children)

    def state_name(self, meta, children):
        target, kind = children
        return tree.StateName(self._leaf(meta), target, _text(kind))

    def clause(self, meta, children):
        keyword, equation, modifiers, by = children
        return tree.Clause(self._leaf(meta), _text(keyword), equation, modifiers, by)

    def error_clause(self, meta, children):
        equation, modifiers = children
        return tree.Clause(self._leaf(meta), "error", equation, modifiers, None)

    def exact(self, meta, children):
        return None

    def equation(self, meta, children):
        left, sign, right = children
        return tree.Equation(self._leaf(meta), left, str(sign), right)

    def uncertainty(self, meta, children):
        return tree.Uncertainty(self._leaf(meta), _present(children))

    def source(self, meta, children):
        name, cut, *rest = children
        stance = str(rest[0]) if rest and isinstance(rest[0], Token) else None
        entries = () if stance else _present(rest)
        return tree.Source(self._leaf(meta), str(name), cut is not None, stance, entries)

    def source_entry(self, meta, children):
        prior, left, law, modifiers = children
        return tree.SourceEntry(self._leaf(meta), prior is not None, left, law, modifiers)

    # questions -------------------------------------------------------------------------------------------------

    def infer(self, meta, children):
        names, method, clauses = children
        return tree.Infer(self._leaf(meta), names or (), method, clauses)

    def assimilate(self, meta, children):
        return tree.Assimilate(self._leaf(meta), *children)

    def predict(self, meta, children):
        return tree.Predict(self._leaf(meta), *children)

    def calibrate(self, meta, children):
        names, method, clauses = children
        return tree.Calibrate(self._leaf(meta), names or (), method, clauses)

    def design(self, meta, children):
        return tree.Design(self._leaf(meta), *children)

    def choose(self, meta, children):
        names, goal, value, method, clauses = children
        return tree.Choose(self._leaf(meta), names, str(goal), value, method, clauses)

    def clauses(self, meta, children):
        return tree.Clauses(self._leaf(meta), **dict(children))

    def with_clause(self, meta, children):
        return "options", children[0] or ()

    def of_clause(self, meta, children):
        return "of", str(children[0])

    def as_clause(self, meta, children):
        return "alias", str(children[0])

    def names(self, meta, children):
        return tuple(children)

    # names and modifiers ---------------------------------------------------------------------------------------

    def target(self, meta, children):
        path, axes = children
        return tree.Target(self._leaf(meta), path.name, path.span, axes or ())

    def path(self, meta, children):
        name = ".".join(str(part) for part in children)
        return tree.Target(self._leaf(meta), name, self._leaf(meta))

    def axes(self, meta, children):
        return _present(children)

    def axis(self, meta, children):
        name, *primes = children
        return tree.Axis(self._leaf(meta), str(name), len(primes[0]) if primes and primes[0] else 0)

    def modifiers(self, meta, children):
        return tuple(children)

    def modifier(self, meta, children):
        name, arguments = children
        called = meta.end_pos > _span(name).end
        return tree.Modifier(self._leaf(meta), str(name), _span(name), arguments or (() if called else None))

    def starting(self, meta, children):
        return tree.Modifier(self._leaf(meta), "starting", self._leaf(meta), tuple(children))

    def condition(self, meta, children):
        word, value = children
        return tree.Modifier(self._leaf(meta), str(word), _span(word), (value,))

    # expressions -----------------------------------------------------------------------------------------------

    def conditional(self, meta, children):
        return tree.Conditional(self._leaf(meta), *children)

    def binary(self, meta, children):
        left, operator, right = children
        return tree.Binary(self._leaf(meta), str(operator), left, right)

    def unary(self, meta, children):
        operator, operand = children
        return tree.Unary(self._leaf(meta), str(operator), operand)

    def call(self, meta, children):
        function, arguments = children
        return tree.Call(self._leaf(meta), function, arguments or ())

    def select(self, meta, children):
        value, *selectors = children
        return tree.Select(self._leaf(meta), value, _present(selectors))

    def attribute(self, meta, children):
        value, name = children
        return tree.Attribute(self._leaf(meta), value, str(name))

    def primed(self, meta, children):
        value, primes = children
        return tree.Primed(self._leaf(meta), value, len(primes))

    def number(self, meta, children):
        return tree.Number(self._leaf(meta), str(children[0]))

    def text(self, meta, children):
        return tree.Text(self._leaf(meta), _unquoted(children[0]))

    def name(self, meta, children):
        return tree.Name(self._leaf(meta), str(children[0]))

    def boolean(self, meta, children):
        return tree.Boolean(self._leaf(meta), str(children[0]) == "true")

    def group(self, meta, children):
        return tree.Group(self._leaf(meta), children[0])

    def list(self, meta, children):
        return tree.Listing(self._leaf(meta), _present(children))

    def arguments(self, meta, children):
        return _present(children)

    def named(self, meta, children):
        name, value = children
        return tree.Named(self._leaf(meta), str(name), _span(name), value)
