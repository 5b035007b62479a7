"""Expressions and laws of the IR as a person reads them: in the words of the language, or in LaTeX."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from uqdsl import ir
from uqdsl.vocabulary.functions import GRADIENT

_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(9)
_RANK = {
    "or": _OR,
    "and": _AND,
    "not": _NOT,
    "+": _SUM,
    "-": _SUM,
    "negative": _SIGN,
    "^": _POWER,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _COMPARISON),
    **dict.fromkeys(("*", "/", "%", "@"), _PRODUCT),
}
MARKS = {"training": "ᵗʳ", "testing": "ᵗᵉ", "new": ""}
"""How a name is marked as that of the rows of a part: `Zᵗʳ.truth`, where that of new rows is `Z.truth`."""


class Notation:
    """The words of the language."""

    similar, bar, integral, delta = "~", "|", "∫", "δ"

    def name(self, name: str) -> str:
        """A name, with the mark of a part of the data or without."""
        return name

    def selected(self, value: str, places: Iterable[str]) -> str:
        """A value at some places of its dimensions."""
        return f"{value}[{', '.join(places)}]"

    def call(self, function: str, arguments: Iterable[str]) -> str:
        """A function or law of arguments."""
        return f"{self.word(function)}({', '.join(arguments)})"

    def density(self, letter: str, of: str) -> str:
        """A probability density, or a Dirac function."""
        return f"{letter}({of})"

    def word(self, word: str) -> str:
        """A name that is not of the spec."""
        return word

    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        """A quotient of two texts, each with the rank of its outermost operator."""
        return f"{_at(above, _PRODUCT)} / {_at(below, _PRODUCT + 1)}", _PRODUCT

    def power(self, base: tuple[str, int], exponent: tuple[str, int]) -> str:
        """A power."""
        return f"{_at(base, _ATOM)}^{_at(exponent, _POWER)}"

    def number(self, value: float | bool) -> str:
        """A number."""
        return str(value).lower() if isinstance(value, bool) else f"{value:.12g}"

    def law(self, law: ir.Law) -> str:
        """A law with its parameters in their standard order."""
        arguments = [self.expression(each.value) for each in law.arguments]
        arguments += [self.law(each) for each in law.components]
        shown = self.call(law.distribution, arguments)
        if law.lower is None or law.upper is None:
            return shown
        bounds = [self.expression(law.lower), self.expression(law.upper)]
        return f"{shown} {self.call('censored' if law.censored else 'truncated', bounds)}"

    def expression(self, node: ir.Expression) -> str:
        """An expression."""
        return self._ranked(node)[0]

    def _ranked(self, node: ir.Expression) -> tuple[str, int]:
        """An expression and the rank of its outermost operator."""
        match node:
            case ir.Operation(operator="not" | "negative", operands=(value,)):
                rank = _RANK[node.operator]
                return f"{'-' if rank == _SIGN else 'not '}{_at(self._ranked(value), rank)}", rank
            case ir.Operation(operator="/", operands=(above, below)):
                return self.fraction(self._ranked(above), self._ranked(below))
            case ir.Operation(operator="^", operands=(base, exponent)):
                return self.power(self._ranked(base), self._ranked(exponent)), _POWER
            case ir.Operation(operator=operator, operands=(left, *others)):
                rank = _RANK[operator]
                stricter = operator not in ("+", "*", "and", "or")
                parts = [_at(self._ranked(left), rank), *(_at(self._ranked(each), rank + stricter) for each in others)]
                return self.joined(operator, parts), rank
            case ir.Constant(value=value):
                return self.number(value), _SIGN if value < 0 else _ATOM
            case ir.Choice(test=test, then=then, otherwise=otherwise):
                parts = [self.expression(each) for each in (test, then, otherwise)]
                words = [self.word(each) for each in ("if", "then", "else")]
                return " ".join(f"{word} {part}" for word, part in zip(words, parts, strict=True)), _OR
        return self._atom(node), _ATOM

    def joined(self, operator: str, operands: list[str]) -> str:
        """Operands with an operator between them."""
        return f" {operator} ".join(operands)

    def _atom(self, node: ir.Expression) -> str:
        """An expression that holds together by itself."""
        match node:
            case ir.Reference(name=name):
                return self.name(name)
            case ir.Coordinate(dim=dim) | ir.LabelPosition(dim=dim):
                return self.name(dim) if isinstance(node, ir.Coordinate) else f'"{node.label}"'
            case ir.Size(dim=dim):
                return self.call("size", [self.name(dim)])
            case ir.Gather(value=value, index=index):
                return self.selected(self.expression(value), [self.expression(index)])
            case ir.Pick(value=value, label=label, position=position):
                place = f"at({position})" if label is None else self.name(f'"{label}"')
                return self.selected(self.expression(value), [place])
            case ir.Shift(value=value, along=along, steps=steps, lag=lag):
                by = f"{along} - {lag}" if lag is not None else f"{along} {'-' if steps < 0 else '+'} {abs(steps)}"
                return self.selected(self.expression(value), [by])
            case ir.Rename(value=value):
                return self.expression(value)
            case ir.Apply(function=function, arguments=given) | ir.Matrix(function=function, operands=given):
                return self.call(function, map(self.expression, given))
            case ir.Reduce(function=function, operand=operand, over=over):
                dims = ", ".join(self.name(each) for each in over)
                return self.call(function, [self.expression(operand), f"{self.word('over')} = {dims}"])
            case ir.Invoke(function=function, arguments=given, output=output, by=by):
                shown = self.call(function, map(self.expression, given))
                shown = shown if output is None else f"{shown}.{self.word(output)}"
                return shown if by is None else self.call(GRADIENT, [shown, self.expression(given[by])])
            case ir.Derivative(value=value, by=by):
                return self.call("derivative", [self.expression(value), self.expression(by)])
            case ir.AtTimes(state=state, times=times):
                return self.selected(self.name(state.name), [self.name(times.name)])
            case ir.Array(items=items):
                return f"[{', '.join(map(self.expression, items))}]"
        raise TypeError(f"{type(node).__name__} is no atom")


def _at(text: tuple[str, int], rank: int) -> str:
    """A text as an operand of an operator of that rank."""
    return text[0] if text[1] >= rank else f"({text[0]})"


_GREEK = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi
    omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega""".split()  # noqa: SIM905 - as TAKEN is written
_ESCAPES = {each: f"\\{each}" for each in "_&%$#{}"} | {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}
_SIGNS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne", "==": "=", "%": r"\bmod", "and": r"\wedge", "or": r"\vee", "@": ""}
_WITHIN = {MARKS["training"]: "tr", MARKS["testing"]: "te"}


def escaped(text: str) -> str:
    """A text as LaTeX sets it."""
    return "".join(_ESCAPES.get(each, each) for each in text)


class Latex(Notation):
    """LaTeX, for math mode."""

    similar, bar, integral, delta = r"\sim", r"\mid", r"\int", r"\delta"

    def name(self, name: str) -> str:
        """True values have a superscript t, parts of the data and names behind a point are subscripts."""
        below = [_WITHIN[mark] for mark in _WITHIN if mark in name]
        base, *rest = re.sub("|".join(_WITHIN), "", name).split(".")
        above = "^{t}" if rest[-1:] == ["truth"] else ""
        below += rest[:-1] if above else rest
        return f"{_letter(base)}{above}{f'_{{{_roman(below)}}}' if below else ''}"

    def selected(self, value: str, places: Iterable[str]) -> str:
        return f"{{{value}}}_{{[{', '.join(places)}]}}"

    def word(self, word: str) -> str:
        return rf"\mathrm{{{escaped(word)}}}".replace(" ", r"\ ")

    def call(self, function: str, arguments: Iterable[str]) -> str:
        if function == "sqrt":
            return rf"\sqrt{{{', '.join(arguments)}}}"
        return rf"{self.word(function)}\left({', '.join(arguments)}\right)"

    def fraction(self, above: tuple[str, int], below: tuple[str, int]) -> tuple[str, int]:
        return rf"\frac{{{above[0]}}}{{{below[0]}}}", _PRODUCT

    def power(self, base: tuple[str, int], exponent: tuple[str, int]) -> str:
        return f"{{{_at(base, _ATOM)}}}^{{{exponent[0]}}}"

    def number(self, value: float | bool) -> str:
        if isinstance(value, bool):
            return self.word(str(value).lower())
        digits, _, exponent = f"{value:.12g}".replace("inf", r"\infty").partition("e")
        return rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits

    def joined(self, operator: str, operands: list[str]) -> str:
        if operator != "*":
            return f" {_SIGNS.get(operator, operator)} ".join(operands)
        first, *others = operands
        return first + "".join(rf" {r'\cdot' if each[0].isdigit() else r'\,'} {each}" for each in others)


def _letter(name: str) -> str:
    """A name as a mathematician writes it: a letter, a Greek one by its name or itself, or a word in italics."""
    if len(name) == 1 and not name.isascii():
        # A Greek letter is called as in `GREEK SMALL LETTER SIGMA`; LaTeX knows it by that name.
        words = unicodedata.name(name, "").split()
        if words[:1] == ["GREEK"]:
            name = words[-1].lower() if words[1] == "SMALL" else words[-1].capitalize()
    if name in _GREEK:
        return f"\\{name}"
    return name if len(name) == 1 else rf"\mathit{{{escaped(name)}}}"


def _roman(words: Iterable[str]) -> str:
    return r",\,".join(rf"\mathrm{{{escaped(each)}}}" for each in words)
