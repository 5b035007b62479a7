"""The one way in which a spec is written: spaces, line breaks and columns, with every comment kept."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from uqdsl.messages import Span, SpecError, errors
from uqdsl.syntax import tree
from uqdsl.syntax.layout import HARD, Break, Doc, Group, Nest, Remark, WhereBroken
from uqdsl.syntax.layout import flat as on_one_line
from uqdsl.syntax.parser import parse
from uqdsl.syntax.rows import WIDTH, Row, set_rows
from uqdsl.syntax.scan import Word, scan

BLOCK = 2
"""Indentation of the entries of a block."""
HANGING = 4
"""Indentation of what goes on with the line above."""

_RANKS = {"or": 1, "and": 2, "+": 3, "-": 3, "*": 4, "/": 4, "@": 4, "%": 4}
"""Operators that may stand in a row; comparisons may not."""
_WITH_EXPRESSION = {"starting": "starting at ", "where": "where ", "weight": "weight "}
"""Modifiers that take an expression without parentheses."""
_BLANK_LINE = re.compile(r"\n\s*\n")
# What the grammar takes for the start of an entry when it stands first on a line; before all else a comma is needed.
_ENTRY = re.compile(r'[\w"\[(]')


def format_spec(text: str, name: str = "spec") -> str:
    """A spec in the one style of the language; formatting it again changes nothing.

    Args:
        text: the whole text.
        name: what problems call it, usually its path.

    Raises:
        SpecError: where the text does not parse (UQ101 to UQ108).
    """
    parsed = parse(text, name)
    if errors(parsed.problems):
        raise SpecError(parsed.problems, parsed.sources)
    lines = _Formatter(parsed.sources.text, parsed.tree).lines()
    return "".join(f"{line}\n" for line in lines)


class _Entry(NamedTuple):
    """An entry of a block or bracket: where it stands, and how to write it."""

    span: Span
    write: Callable[[], Row]


class _Placed(NamedTuple):
    """The comments between the entries of a block or bracket, by the places where they stand."""

    opening: int | None
    """Behind the opening bracket."""
    before: list[list[int]]
    """On lines of their own before each entry, and after the last."""
    behind: list[int | None]
    """Behind each entry on its line."""


class _Formatter:
    """The text of a spec with its tree, and the comments that are still to be written."""

    def __init__(self, text: str, spec: tree.Tree) -> None:
        self.text = text
        self.spec = spec
        self.words, _ = scan(text)
        self.comments = spec.comments
        self._comment_starts = [comment.span.start for comment in spec.comments]
        self._word_starts = [word.span.start for word in self.words]
        self._written: set[int] = set()
        self._partners = _partners(self.words)

    def lines(self) -> list[str]:
        entries = [_Entry(each.span, lambda each=each: self._statement(each)) for each in self.spec.statements]
        return set_rows(self._rows(entries, Span(0, len(self.text))), 0)

    # comments --------------------------------------------------------------------------------------------------

    def _unwritten(self, span: Span) -> list[int]:
        """The comments within a span that have no place yet."""
        first, last = (bisect_left(self._comment_starts, offset) for offset in span)
        return [i for i in range(first, last) if i not in self._written]

    def _place(self, entries: Sequence[_Entry], inside: Span) -> _Placed:
        """Where the comments between some entries belong; those inside an entry are its own affair."""
        opening: int | None = None
        before: list[list[int]] = [[] for _ in range(len(entries) + 1)]
        behind: list[int | None] = [None] * len(entries)
        following = 0
        for i in self._unwritten(inside):
            comment = self.comments[i]
            while following < len(entries) and entries[following].span.end <= comment.span.start:
                following += 1
            if following < len(entries) and entries[following].span.start <= comment.span.start:
                continue
            self._written.add(i)
            if not comment.alone and not before[following]:
                if following and behind[following - 1] is None:
                    behind[following - 1] = i
                    continue
                if not following and opening is None:
                    opening = i
                    continue
            before[following].append(i)
        return _Placed(opening, before, behind)

    def _hoisted(self, entry: _Entry) -> tuple[Row, list[int]]:
        """An entry, and the comments amid it that have to stand before it."""
        row = entry.write()
        left = self._unwritten(entry.span)
        self._written.update(left)
        return row, left

    def _rows(self, entries: Sequence[_Entry], inside: Span, placed: _Placed | None = None) -> list[Row]:
        """The entries and comments of a block or file, in order."""
        opening, before, behind = placed or self._place(entries, inside)
        rows: list[Row] = []
        end = inside.start if opening is None else self.comments[opening].span.end
        for index in range(len(entries) + 1):
            for i in before[index]:
                comment = self.comments[i]
                rows.append(Row(comment.text, remark=True, blank=self._apart(rows, end, comment.span.start)))
                end = comment.span.end
            if index == len(entries):
                break
            row, amid = self._hoisted(entries[index])
            apart = self._apart(rows, end, entries[index].span.start)
            for i in amid:
                rows.append(Row(self.comments[i].text, remark=True, blank=apart))
                apart = False
            row.blank = apart
            trailing = behind[index]
            row.closing = "" if trailing is None else self.comments[trailing].text
            rows.append(row)
            end = max(entries[index].span.end, 0 if trailing is None else self.comments[trailing].span.end)
        return rows

    def _apart(self, rows: list[Row], end: int, start: int) -> bool:
        """Whether a blank line of the author's stands between what was written last and what comes next."""
        return bool(rows) and _BLANK_LINE.search(self.text, end, start) is not None

    # blocks ----------------------------------------------------------------------------------------------------

    def _block(
        self, head: Doc, closing: int, entries: Sequence[_Entry], indent: int, joint: str = ", ", after: str = ""
    ) -> Row:
        """A head and the entries of its block, whose closing brace stands at `closing`, and what stands `after` that."""
        inside = Span(self._partners[closing] + 1, closing)
        placed = self._place(entries, inside)
        opening = "" if placed.opening is None else self.comments[placed.opening].text
        commented = placed.opening is not None or any(placed.before) or any(i is not None for i in placed.behind)
        rows = self._rows(entries, inside, placed)
        if not entries and not commented:
            return Row((head, " { }", after))
        if not commented and "\n" not in self.text[slice(*inside)]:
            line = _in_one_line(head, rows, joint)
            if line is not None and indent + len(line) + len(after) <= WIDTH:
                return Row(line + after)
        written = [row for row in rows if not row.remark]
        for row, following in pairwise(written):
            if not _ENTRY.match(following.left.strip() or _first_text(following.doc)):
                row.doc = (row.doc, ",")
        tail = (*set_rows(rows, indent + BLOCK), " " * indent + "}" + after)
        return Row((head, " {"), tail=tail, opening=opening)

    def _data(self, node: tree.Data) -> Row:
        head: Doc = ("data ", self._expression(node.source)) if node.source else "data"
        entries = [_Entry(each.span, lambda each=each: self._data_entry(each)) for each in node.entries]
        end = node.modifiers[0].span.start if node.modifiers else node.span.end
        closing = next(word for word in reversed(self.words[: self._word_at(end)]) if word.text == "}")
        after = "".join(f" {on_one_line(self._modifier(each))}" for each in node.modifiers)
        return self._block(head, closing.span.start, entries, 0, after=after)

    def _data_entry(self, node: tree.Field | tree.Part) -> Row:
        if isinstance(node, tree.Part):
            return Row(("= ", self._expression(node.value)), left=node.name, column="=")
        kind = node.kind.name if node.kind.argument is None else f"{node.kind.name}({node.kind.argument})"
        doc: list[Doc] = [": ", kind]
        value: list[Doc] = [] if node.value is None else [" = ", self._expression(node.value)]
        start = node.span.end if node.value is None else node.value.span.start
        early = [each for each in node.modifiers if each.span.start < start]
        late = [each for each in node.modifiers if each.span.start >= start]
        doc += [*self._modifiers(early), *value, *self._modifiers(late)]
        return Row(tuple(doc), left=_target(node.target), column=":")

    def _network(self, node: tree.Network) -> Row:
        outputs = ", ".join(map(_target, node.outputs))
        head = ("network ", node.name.name, self._parameters(node.parameters), f" -> {outputs}")
        entries = [_Entry(each.span, lambda each=each: Row(self._layer(each))) for each in node.layers]
        return self._block(head, node.span.end - 1, entries, 0, joint="  ")

    def _layer(self, node: tree.Layer) -> Doc:
        closing = self._partners[self.words[self._word_at(node.span.start) + 1].span.start]
        called = (node.name, self._bracketed(closing, node.arguments))
        return called if node.alias is None else (called, f" as {node.alias}")

    def _state(self, node: tree.State) -> Row:
        names = ", ".join(
            _target(each.target) if each.kind is None else f"{_target(each.target)} : {each.kind}"
            for each in node.names
        )
        pad = max((len(each.keyword) for each in node.clauses if each.keyword), default=0)
        runs: list[list[tree.Clause]] = []
        for clause in node.clauses:
            if runs and clause.keyword is None and "\n" not in self.text[runs[-1][-1].span.end : clause.span.start]:
                runs[-1].append(clause)
            else:
                runs.append([clause])
        entries: list[_Entry] = []
        for run in runs:
            whole = run[0].span.to(run[-1].span)
            line = None if self._unwritten(whole) else on_one_line(self._equations(run))
            fits = line is not None and BLOCK + pad + 1 + len(line) <= WIDTH
            for part in [run] if fits else [[each] for each in run]:
                span = part[0].span.to(part[-1].span)
                entries.append(_Entry(span, lambda part=part: self._clause(part, pad)))
        return self._block(f"state {names} over {node.axis}", node.span.end - 1, entries, 0)

    def _clause(self, clauses: Sequence[tree.Clause], pad: int) -> Row:
        """A clause and those that go on with it on its line."""
        return Row(Nest(pad + 1, self._equations(clauses)), left=f"{clauses[0].keyword or '':<{pad}}")

    def _equations(self, clauses: Sequence[tree.Clause]) -> Doc:
        return tuple((", " if index else "", self._equation(each)) for index, each in enumerate(clauses))

    def _equation(self, node: tree.Clause) -> Doc:
        equation: Doc = "exact"
        if node.equation is not None:
            left, right = self._expression(node.equation.left), self._expression(node.equation.right)
            equation = (left, f" {node.equation.sign} ", right)
        by: Doc = "" if node.by is None else (" by ", self._expression(node.by))
        return (equation, *self._modifiers(node.modifiers), by)

    def _uncertainty(self, node: tree.Uncertainty) -> Row:
        entries = [_Entry(each.span, lambda each=each: self._source(each)) for each in node.sources]
        return self._block("uncertainty", node.span.end - 1, entries, 0)

    def _source(self, node: tree.Source) -> Row:
        name = f"{node.name} cut" if node.cut else node.name
        if node.stance is not None:
            return Row(node.stance, left=name, column="source")
        entries = [_Entry(each.span, lambda each=each: Row(self._source_entry(each))) for each in node.entries]
        row = self._block(name, node.span.end - 1, entries, BLOCK)
        if row.tail or not isinstance(row.doc, str):
            return row
        return Row(row.doc.removeprefix(name).lstrip(), left=name, column="source")

    def _source_entry(self, node: tree.SourceEntry) -> Doc:
        left: Doc = ("prior " if node.prior else "", self._expression(node.left))
        return (left, " ~ ", self._expression(node.law), *self._modifiers(node.modifiers))

    # statements ------------------------------------------------------------------------------------------------

    def _statement(self, node: tree.Statement) -> Row:
        match node:
            case tree.Data():
                return self._data(node)
            case tree.Network():
                return self._network(node)
            case tree.State():
                return self._state(node)
            case tree.Uncertainty():
                return self._uncertainty(node)
            case tree.Prior(target=target, law=law, modifiers=modifiers):
                return self._law("prior", _target(target), law, modifiers)
            case tree.Likelihood(target=target, law=law, modifiers=modifiers):
                return self._law("likelihood", _target(target), law, modifiers)
            case tree.Population(target=target, new=new, law=law, modifiers=modifiers):
                return self._law("population", _target(target) + (" new" if new else ""), law, modifiers)
            case _:
                return Row(self._plain(node))

    def _law(self, keyword: str, left: str, law: tree.Expression, modifiers: tuple[tree.Modifier, ...]) -> Row:
        doc = ("~ ", self._expression(law), *self._modifiers(modifiers, wrap=True))
        return Row(doc, left=f"{keyword} {left}", column=keyword)

    def _plain(self, node: tree.Statement) -> Doc:
        """A statement without a block and without columns."""
        write = self._expression
        match node:
            case tree.Setting(name=name, type=kind, value=value):
                return (f"setting {name.name} : {kind} = ", write(value))
            case tree.Dim(name=name, value=value, modifiers=modifiers, at=at):
                size: Doc = "" if value is None else (" = ", write(value))
                coordinates: Doc = "" if at is None else (" at ", write(at))
                return (f"dim {name.name}", size, *self._modifiers(modifiers, wrap=True), coordinates)
            case tree.Time(name=name, begin=begin, end=end, step=step, unit=unit):
                doc: list[Doc] = [f"time {name.name}"]
                for word, value in (("from", begin), ("to", end), ("step", step)):
                    if value is not None:
                        doc += [f" {word} ", write(value)]
                return (*doc, "" if unit is None else f" {unit}")
            case tree.Let(target=target, value=value, modifiers=modifiers):
                return (f"let {_target(target)} = ", write(value), *self._modifiers(modifiers, wrap=True))
            case tree.Factor(value=value, modifiers=modifiers):
                return ("factor ", write(value), *self._modifiers(modifiers, wrap=True))
            case tree.Function(name=name, parameters=parameters, value=value):
                return (f"function {name.name}", self._parameters(parameters), " = ", write(value))
            case tree.Extern(name=name, parameters=parameters, output=output, origin=origin, modifiers=modifiers):
                head = f"extern function {name.name}"
                called = (head, self._parameters(parameters), f" -> {_target(output)} from ", write(origin))
                return (*called, *self._modifiers(modifiers, wrap=True))
            case tree.Include(alias=alias):
                return f"include {self._last_text(node.span)} as {alias.name}"
            case tree.Predict(target=target, clauses=clauses):
                return (f"predict {_target(target)}", self._clauses(clauses))
            case tree.Design(target=target, values=values):
                return (f"design {_target(target)} in ", write(values))
            case tree.Infer() | tree.Assimilate() | tree.Calibrate():
                keyword = type(node).__name__.lower()
                listed: Doc = (" ", _names(node.names)) if node.names else ""
                by: Doc = (" by ", write(node.method)) if node.method is not None else ""
                return (keyword, listed, by, self._clauses(node.clauses))
            case tree.Choose(names=names, goal=goal, value=value, method=method, clauses=clauses):
                head = ("choose ", _names(names), f" {goal} ", write(value))
                return (head, " by ", write(method), self._clauses(clauses))
            case _:
                raise TypeError(type(node).__name__)

    def _clauses(self, node: tree.Clauses) -> Doc:
        """`with(…)`, `of RUN` and `as NAME`, in the author's order."""
        docs: list[Doc] = []
        index = self._word_at(node.span.start)
        while index < len(self.words) and self.words[index].span.start < node.span.end:
            word = self.words[index].text
            if word == "with":
                closing = self._partners[self.words[index + 1].span.start]
                docs.append((" with", self._bracketed(closing, node.options or ())))
                index = self._word_at(closing) + 1
            else:
                docs.append(f" {word} {self.words[index + 1].text}")
                index += 2
        return tuple(docs)

    # names and modifiers ---------------------------------------------------------------------------------------

    def _parameters(self, parameters: Iterable[tree.Target]) -> Doc:
        return _enclosed("(", [_target(each) for each in parameters], ")")

    def _modifiers(self, modifiers: Iterable[tree.Modifier], *, wrap: bool = False) -> list[Doc]:
        """Modifiers, each after a space; `wrap` where a new line may stand there instead."""
        if wrap:
            return [Group(Nest(HANGING, (Break(), self._modifier(each)))) for each in modifiers]
        return [(" ", self._modifier(each)) for each in modifiers]

    def _modifier(self, node: tree.Modifier) -> Doc:
        if node.arguments is None:
            return node.name
        if node.name in _WITH_EXPRESSION:
            (value,) = node.arguments
            return (_WITH_EXPRESSION[node.name], self._expression(value))
        return (node.name, self._bracketed(node.span.end - 1, node.arguments))

    # expressions -----------------------------------------------------------------------------------------------

    def _expression(self, node: tree.Expression | tree.Named, *, hang: bool = True) -> Doc:
        """An expression; without `hang` the lines it goes on in are not indented further than its first."""
        indent = HANGING if hang else 0
        match node:
            case tree.Number(text=text):
                return text
            case tree.Text(span=span):
                return self.text[slice(*span)]
            case tree.Name(name=name):
                return name
            case tree.Boolean(value=value):
                return "true" if value else "false"
            case tree.Attribute(value=value, name=name):
                # After a number a point would be read as its decimal point.
                return (self._expression(value), " ." if isinstance(value, tree.Number) else ".", name)
            case tree.Primed(value=value, primes=primes):
                return (self._expression(value), "'" * primes)
            case tree.Group(value=value):
                inner = self._expression(value, hang=False)
                return Group(("(", Nest(HANGING, (Break(""), inner)), Break(""), ")"))
            case tree.Unary(operator=operator, operand=operand):
                return ("not " if operator == "not" else operator, self._expression(operand))
            case tree.Binary(operator="^", left=left, right=right):
                return (self._expression(left), "^", self._expression(right))
            case tree.Binary():
                return self._chain(node, indent)
            case tree.Conditional(test=test, then=then, otherwise=otherwise):
                branches = (Break(), "then ", self._expression(then), Break(), "else ", self._expression(otherwise))
                return Group(("if ", self._expression(test), Nest(indent, branches)))
            case tree.Named(name=name, value=value):
                return (f"{name} = ", self._expression(value))
            case tree.Listing(items=items):
                return self._bracketed(node.span.end - 1, items)
            case tree.Call(function=function, arguments=arguments):
                return (self._expression(function), self._bracketed(node.span.end - 1, arguments))
            case tree.Select(value=value, selectors=selectors):
                return (self._expression(value), self._bracketed(node.span.end - 1, selectors))

    def _chain(self, node: tree.Binary, indent: int) -> Doc:
        """Operators of one rank in a row, broken before all of them or none."""
        rank = _RANKS.get(node.operator)
        parts: list[Doc] = []
        first: tree.Expression = node
        while isinstance(first, tree.Binary) and (first is node or rank is not None):
            if _RANKS.get(first.operator) != rank:
                break
            parts.append((Break(), f"{first.operator} ", self._expression(first.right)))
            first = first.left
        return Group((self._expression(first), Nest(indent, tuple(reversed(parts)))))

    def _bracketed(self, closing: int, items: Sequence[tree.Expression | tree.Named]) -> Doc:
        """The brackets that end at `closing` and what is listed in them."""
        opening = self._partners[closing]
        left, right = self.text[opening], self.text[closing]
        inside = Span(opening + 1, closing)
        if not self._unwritten(inside):
            written = [self._expression(each, hang=False) for each in items]
            return _enclosed(left, written, right, fill=left == "[" and all(map(_is_simple, items)))
        entries = [_Entry(each.span, lambda each=each: Row(self._expression(each, hang=False))) for each in items]
        placed = self._place(entries, inside)
        docs: list[Doc] = [] if placed.opening is None else [Remark(f"  {self.comments[placed.opening].text}")]
        lines: list[Doc] = []
        for index, before in enumerate(placed.before):
            lines += [self.comments[i].text for i in before]
            if index == len(entries):
                break
            row, amid = self._hoisted(entries[index])
            lines += [self.comments[i].text for i in amid]
            behind = placed.behind[index]
            remark: Doc = "" if behind is None else Remark(f"  {self.comments[behind].text}")
            lines.append((row.doc, ",", remark))
        return (left, *docs, Nest(HANGING, tuple((HARD, line) for line in lines)), HARD, right)

    # the text --------------------------------------------------------------------------------------------------

    def _word_at(self, offset: int) -> int:
        """The index of the first word at or after an offset."""
        return bisect_left(self._word_starts, offset)

    def _last_text(self, span: Span) -> str:
        """The last text in quotes in a span, as the author wrote it."""
        words = self.words[self._word_at(span.start) : self._word_at(span.end)]
        return [word.text for word in words if word.kind == "text"][-1]


def _partners(words: Iterable[Word]) -> dict[int, int]:
    """Where the partner of each bracket stands."""
    partners: dict[int, int] = {}
    stack: list[int] = []
    for word in words:
        if word.kind == "opening":
            stack.append(word.span.start)
        elif word.kind == "closing":
            opening = stack.pop()
            partners[opening], partners[word.span.start] = word.span.start, opening
    return partners


def _enclosed(left: str, items: Sequence[Doc], right: str, *, fill: bool = False) -> Doc:
    """Items in brackets; broken, each has a line of its own, or, with `fill`, as many as fit stand on each line."""
    if not items:
        return left + right
    lines: list[Doc] = [(Break(""), items[0])]
    for item in items[1:]:
        lines.append((",", Group((Break(), item)) if fill else (Break(), item)))
    return Group((left, Nest(HANGING, tuple(lines)), WhereBroken(","), Break(""), right))


def _is_simple(node: tree.Expression | tree.Named) -> bool:
    """Whether an item of a list is a mere value, of which many may share a line."""
    if isinstance(node, tree.Unary):
        return isinstance(node.operand, tree.Number)
    return isinstance(node, tree.Number | tree.Text | tree.Boolean | tree.Name)


def _target(node: tree.Target) -> str:
    if not node.axes:
        return node.name
    return f"{node.name}[{', '.join(axis.name + "'" * axis.primes for axis in node.axes)}]"


def _names(names: Sequence[tree.Target]) -> Doc:
    rest = tuple((",", Group((Break(), _target(each)))) for each in names[1:])
    return (_target(names[0]), Nest(HANGING, rest))


def _in_one_line(head: Doc, rows: Sequence[Row], joint: str) -> str | None:
    """A block on one line, if all that is in it allows that."""
    start = on_one_line(head)
    if start is None or any(row.tail or row.remark for row in rows):
        return None
    parts: list[str] = []
    for row in rows:
        part = on_one_line(row.doc)
        if part is None:
            return None
        left = row.left.strip()
        parts.append(f"{left} {part}" if left else part)
    return f"{start} {{ {joint.join(parts)} }}"


def _first_text(doc: Doc) -> str:
    """The first piece of text in a document."""
    stack = [doc]
    while stack:
        match stack.pop():
            case str(text):
                if text.strip():
                    return text.lstrip()
            case tuple(docs):
                stack.extend(reversed(docs))
            case Nest(inner=inner) | Group(inner=inner):
                stack.append(inner)
            case _:
                pass
    return ""
