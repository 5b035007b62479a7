"""From what the grammar recognised to the classes of the tree: one method per rule of `grammar/uq.lark`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lark import Token
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive, v_args

from uqdsl.messages import Span
from uqdsl.syntax import tree


class Word(NamedTuple):
    """A terminal with its text, and where it stands."""

    text: str
    span: Span


_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def _unquoted(word: Word) -> str:
    text = word.text[1:-1]
    if "\\" not in text:
        return text
    result, position = [], 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
            character = _ESCAPES.get(text[position], "\\" + text[position])
        result.append(character)
        position += 1
    return "".join(result)


def _present(children: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(child for child in children if child is not None)


def _text(word: Word | None) -> str | None:
    return None if word is None else word.text


def _declared(word: Word) -> tree.Target:
    return tree.Target(word.span, word.text, word.span)


class Misplaced(Exception):
    """Something that fits the grammar, and still cannot stand where it does."""

    def __init__(self, span: Span, expected: str, found: str) -> None:
        super().__init__(span, expected, found)
        self.span = span
        self.expected = expected
        self.found = found


def _with_span(method: Any, _: str, children: list[Any], meta: Meta) -> Any:
    return method(Span(0, 0) if meta.empty else Span(meta.start_pos, meta.end_pos), children)


@v_args(wrapper=_with_span)
class TreeBuilder(Transformer_NonRecursive[Token, Any]):
    """Is given each rule that was recognised, innermost first, with its span and the values of its parts."""

    def __default_token__(self, token: Token) -> Word:
        return Word(str(token), Span(token.start_pos or 0, token.end_pos or 0))

    # statements ------------------------------------------------------------------------------------------------

    def statement(self, span: Span, children: list[Any]):
        return children[0]

    def setting(self, span: Span, children: list[Any]):
        name, kind, value = children
        return tree.Setting(span, _declared(name), kind.text, kind.span, value)

    def dim(self, span: Span, children: list[Any]):
        name, value, modifiers, at = children
        return tree.Dim(span, _declared(name), value, modifiers, at)

    def time(self, span: Span, children: list[Any]):
        name, begin, end, step, unit = children
        return tree.Time(span, _declared(name), begin, end, step, _text(unit))

    def data(self, span: Span, children: list[Any]):
        source, *entries, modifiers = children
        return tree.Data(span, source, _present(entries), modifiers)

    def field(self, span: Span, children: list[Any]):
        target, kind, before, value, after = children
        return tree.Field(span, target, kind, value, before + (after or ()))

    def part(self, span: Span, children: list[Any]):
        name, value = children
        return tree.Part(span, name.text, name.span, value)

    def kind(self, span: Span, children: list[Any]):
        name, argument = children
        return tree.Kind(span, name.text, None if argument is None else argument.name)

    def prior(self, span: Span, children: list[Any]):
        return tree.Prior(span, *children)

    def population(self, span: Span, children: list[Any]):
        name, axes, new, law, modifiers = children
        target = tree.Target(name.span, name.text, name.span, axes or ())
        return tree.Population(span, target, new is not None, law, modifiers)

    def let(self, span: Span, children: list[Any]):
        return tree.Let(span, *children)

    def likelihood(self, span: Span, children: list[Any]):
        return tree.Likelihood(span, *children)

    def factor(self, span: Span, children: list[Any]):
        return tree.Factor(span, *children)

    def network(self, span: Span, children: list[Any]):
        name, *parameters, outputs, layers = children
        return tree.Network(span, _declared(name), _present(parameters), outputs, layers)

    def outputs(self, span: Span, children: list[Any]):
        return tuple(children)

    def parameter(self, span: Span, children: list[Any]):
        name, axes = children
        return tree.Target(span, name.text, name.span, axes or ())

    output = parameter

    def layers(self, span: Span, children: list[Any]):
        return tuple(children)

    def layer(self, span: Span, children: list[Any]):
        name, arguments, alias = children
        return tree.Layer(span, name.text, arguments or (), _text(alias))

    def function(self, span: Span, children: list[Any]):
        name, *parameters, value = children
        return tree.Function(span, _declared(name), _present(parameters), value)

    def extern(self, span: Span, children: list[Any]):
        name, *parameters, output, origin, modifiers = children
        text = tree.Text(origin.span, _unquoted(origin))
        return tree.Extern(span, _declared(name), _present(parameters), output, text, modifiers)

    def include(self, span: Span, children: list[Any]):
        path, alias = children
        return tree.Include(span, _unquoted(path), path.span, _declared(alias))

    def state(self, span: Span, children: list[Any]):
        names, axis, *clauses = children
        return tree.State(span, names, axis.name, _present(clauses))

    def state_names(self, span: Span, children: list[Any]):
        return tuple(children)

    def state_name(self, span: Span, children: list[Any]):
        target, kind = children
        return tree.StateName(span, target, _text(kind))

    def clause(self, span: Span, children: list[Any]):
        keyword, equation, modifiers, by = children
        return tree.Clause(span, _text(keyword), equation, modifiers, by)

    def error_clause(self, span: Span, children: list[Any]):
        equation, modifiers = children
        return tree.Clause(span, "error", equation, modifiers, None)

    def exact(self, span: Span, children: list[Any]):
        return None

    def equation(self, span: Span, children: list[Any]):
        left, sign, right = children
        return tree.Equation(span, left, sign.text, right)

    def uncertainty(self, span: Span, children: list[Any]):
        return tree.Uncertainty(span, _present(children))

    def source(self, span: Span, children: list[Any]):
        name, cut, *rest = children
        stance = rest[0].text if rest and isinstance(rest[0], Word) else None
        entries = () if stance else _present(rest)
        return tree.Source(span, name.text, cut is not None, stance, entries)

    def source_entry(self, span: Span, children: list[Any]):
        prior, left, law, modifiers = children
        return tree.SourceEntry(span, prior is not None, left, law, modifiers)

    # questions -------------------------------------------------------------------------------------------------

    def infer(self, span: Span, children: list[Any]):
        names, method, clauses = children
        return tree.Infer(span, names or (), method, clauses)

    def assimilate(self, span: Span, children: list[Any]):
        return tree.Assimilate(span, *children)

    def predict(self, span: Span, children: list[Any]):
        return tree.Predict(span, *children)

    def calibrate(self, span: Span, children: list[Any]):
        names, method, clauses = children
        return tree.Calibrate(span, names or (), method, clauses)

    def design(self, span: Span, children: list[Any]):
        return tree.Design(span, *children)

    def choose(self, span: Span, children: list[Any]):
        names, goal, value, method, clauses = children
        return tree.Choose(span, names, goal.text, value, method, clauses)

    def clauses(self, span: Span, children: list[Any]):
        given: dict[str, Any] = {}
        for name, value, where, word in children:
            if name in given:
                raise Misplaced(where, f"at most one `{word}`", "another")
            given[name] = value
        return tree.Clauses(span, **given)

    def with_clause(self, span: Span, children: list[Any]):
        return "options", children[0] or (), span, "with"

    def of_clause(self, span: Span, children: list[Any]):
        return "of", children[0].text, span, "of"

    def as_clause(self, span: Span, children: list[Any]):
        return "alias", children[0].text, span, "as"

    def names(self, span: Span, children: list[Any]):
        return tuple(children)

    # names and modifiers ---------------------------------------------------------------------------------------

    def target(self, span: Span, children: list[Any]):
        path, axes = children
        return tree.Target(span, path.name, path.span, axes or ())

    def path(self, span: Span, children: list[Any]):
        name = ".".join(part.text for part in children)
        return tree.Target(span, name, span)

    def axes(self, span: Span, children: list[Any]):
        return _present(children)

    def axis(self, span: Span, children: list[Any]):
        path, *primes = children
        return tree.Axis(span, path.name, sum(len(word.text) for word in primes))

    def modifiers(self, span: Span, children: list[Any]):
        return tuple(children)

    def modifier(self, span: Span, children: list[Any]):
        name, arguments = children
        called = span.end > name.span.end
        return tree.Modifier(span, name.text, name.span, arguments or (() if called else None))

    def starting(self, span: Span, children: list[Any]):
        return tree.Modifier(span, "starting", span, tuple(children))

    def condition(self, span: Span, children: list[Any]):
        word, value = children
        return tree.Modifier(span, word.text, word.span, (value,))

    # expressions -----------------------------------------------------------------------------------------------

    def conditional(self, span: Span, children: list[Any]):
        return tree.Conditional(span, *children)

    def binary(self, span: Span, children: list[Any]):
        left, operator, right = children
        return tree.Binary(span, operator.text, left, right)

    def unary(self, span: Span, children: list[Any]):
        operator, operand = children
        return tree.Unary(span, operator.text, operand)

    def call(self, span: Span, children: list[Any]):
        function, arguments = children
        return tree.Call(span, function, arguments or ())

    def select(self, span: Span, children: list[Any]):
        value, *selectors = children
        return tree.Select(span, value, _present(selectors))

    def attribute(self, span: Span, children: list[Any]):
        value, name = children
        return tree.Attribute(span, value, name.text)

    def primed(self, span: Span, children: list[Any]):
        value, primes = children
        if isinstance(value, tree.Primed):
            return tree.Primed(span, value.value, value.primes + len(primes.text))
        return tree.Primed(span, value, len(primes.text))

    def number(self, span: Span, children: list[Any]):
        return tree.Number(span, children[0].text)

    def text(self, span: Span, children: list[Any]):
        return tree.Text(span, _unquoted(children[0]))

    def name(self, span: Span, children: list[Any]):
        return tree.Name(span, children[0].text)

    def boolean(self, span: Span, children: list[Any]):
        return tree.Boolean(span, children[0].text == "true")

    def group(self, span: Span, children: list[Any]):
        return tree.Group(span, children[0])

    def list(self, span: Span, children: list[Any]):
        return tree.Listing(span, _present(children))

    def arguments(self, span: Span, children: list[Any]):
        return _present(children)

    def named(self, span: Span, children: list[Any]):
        name, value = children
        return tree.Named(span, name.text, name.span, value)

    def dotted(self, span: Span, children: list[Any]):
        value, part, chosen = children
        name_span = value.span.to(part.span)
        name = tree.dotted(tree.Attribute(name_span, value, part.text))
        if name is None:
            raise Misplaced(name_span, "the name of a dimension", "an expression")
        return tree.Named(span, name, name_span, chosen)
