"""Statements of Python broken into lines of `WIDTH` columns, exactly as ruff's formatter breaks them.

Only what generated programs hold is known here. The statement comes as one line; long ones are read with `ast` and
written anew. Where ruff has a choice between brackets that are there and parentheses that it might add, its rules are
those of `can_omit_optional_parentheses` in its formatter.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from uqdsl.codegen.printer import WIDTH, Doc, Either, Elastic, Group, Indent, Line, WhenBroken, printed
from uqdsl.codegen.text import ATOM, COMPARISON, POWER, PRODUCT, SIGN, SUM

_CONDITIONAL, _CHAIN = COMPARISON - 1, ATOM
_OPERATORS: dict[type[ast.operator | ast.cmpop], tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("-", SUM),
    ast.Mult: ("*", PRODUCT),
    ast.Div: ("/", PRODUCT),
    ast.Mod: ("%", PRODUCT),
    ast.MatMult: ("@", PRODUCT),
    ast.Pow: ("**", POWER),
    ast.Eq: ("==", COMPARISON),
    ast.NotEq: ("!=", COMPARISON),
    ast.Lt: ("<", COMPARISON),
    ast.LtE: ("<=", COMPARISON),
    ast.Gt: (">", COMPARISON),
    ast.GtE: (">=", COMPARISON),
}


def wrapped(statement: str, indent: int) -> list[str]:
    """A statement, given as one line, as indented lines.

    It is an assignment, an expression, a `return`, the head of a `with`, or a decorator.
    """
    if indent + len(statement) <= WIDTH:
        return [" " * indent + statement]
    decorator = "@" if statement.startswith("@") else ""
    head = statement.startswith("with ")
    (node,) = ast.parse(f"{statement} pass" if head else statement.removeprefix("@")).body
    return printed((decorator, _Layout(statement.removeprefix("@").encode()).statement(node)), indent)


class _Place(Enum):
    """What surrounds an expression."""

    BARE = "no brackets"
    OPTIONAL = "parentheses that would be added if nothing else helped"
    INSIDE = "brackets"


@dataclass
class _Layout:
    """The documents of one statement's parts; `source` is its text, on one line, as UTF-8."""

    source: bytes

    def statement(self, node: ast.stmt) -> Doc:
        match node:
            case ast.Assign(targets=[target], value=value):
                return (self._text(target), " = ", self._value(value))
            case ast.Return(value=ast.expr() as value):
                return ("return ", self._value(value))
            case ast.Expr(value=value):
                return self._value(value)
            case ast.With(items=[ast.withitem(context_expr=only)]):
                return ("with ", self._value(only), ":")
            case ast.With(items=items):
                inner = _separated([self.expression(each.context_expr, _Place.INSIDE) for each in items])
                return ("with (", Indent((Line(""), inner)), Line(""), "):")
        raise TypeError(f"no layout for {ast.unparse(node)}")

    def _value(self, node: ast.expr) -> Doc:
        """The right-hand side of a statement, which may take parentheses of its own."""
        first = node
        while isinstance(first, ast.UnaryOp) and not _enclosed(first.operand, first):
            first = first.operand
        if not (isinstance(first, ast.BinOp | ast.Compare | ast.IfExp) or _fluent(first)):
            return self.expression(node, _Place.BARE)
        inside = self.expression(node, _Place.INSIDE)
        plain = self.expression(node, _Place.OPTIONAL) if _does_without_parentheses(node) else inside
        return Either(plain, ("(", Indent((Line(""), inside)), Line(""), ")"))

    # expressions -----------------------------------------------------------------------------------------------------

    def expression(self, node: ast.expr, place: _Place) -> Doc:
        match node:
            case ast.Name() | ast.Constant() | ast.Slice():
                return self._text(node)
            case ast.UnaryOp(operand=operand):
                return ("-", self._operand(operand, node, place))
            case ast.BinOp() | ast.Compare():
                return self._chain(self._flat(node, place), place, whole=True)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                parts = [self.expression(each, place) for each in (body, test, orelse)]
                line = _line(place)
                return _group((parts[0], line, "if ", parts[1], line, "else ", _group(parts[2], place)), place)
            case ast.Call() | ast.Subscript() | ast.Attribute():
                fluent = place is _Place.INSIDE and _fluent(node)
                doc = self._postfix(node, place, fluent=fluent)
                return Group(doc) if fluent else doc
            case ast.Tuple(elts=[only]):
                return ("(", _bracketed((self.expression(only, _Place.INSIDE), ","), place), ")")
            case ast.Tuple(elts=items):
                return ("(", _bracketed(self._listed(items), place), ")")
            case ast.List(elts=items):
                return ("[", _bracketed(self._listed(items), place), "]")
            case ast.Dict(keys=keys, values=values):
                entries = [
                    (self._text(key), ": ", self.expression(value, _Place.INSIDE))
                    for key, value in zip(keys, values, strict=True)
                    if key is not None
                ]
                return ("{", _bracketed(_separated(entries), place), "}")
        raise TypeError(f"no layout for {ast.unparse(node)}")

    def _postfix(self, node: ast.expr, place: _Place, *, fluent: bool) -> Doc:
        """A chain of calls, subscripts and attributes; a fluent one may break before its dots."""
        match node:
            case ast.Call(func=func, args=args, keywords=keywords):
                if not args and not keywords:
                    return (self._base(func, node, place, fluent=fluent), "()")
                given: list[Doc] = [self.expression(each, _Place.INSIDE) for each in args]
                given += [(f"{each.arg}=", self.expression(each.value, _Place.INSIDE)) for each in keywords]
                arguments = Group(_separated(given))
                return (self._base(func, node, place, fluent=fluent), "(", _bracketed(arguments, place), ")")
            case ast.Subscript(value=value, slice=index):
                slots = (
                    Group(self._listed(index.elts))
                    if isinstance(index, ast.Tuple) and len(index.elts) > 1
                    else self.expression(index, _Place.INSIDE)
                )
                return (self._base(value, node, place, fluent=fluent), "[", _bracketed(slots, place), "]")
            case ast.Attribute(value=value, attr=name):
                breaks = fluent and (isinstance(value, ast.Call | ast.Subscript) or _enclosed(value, node))
                return (self._base(value, node, place, fluent=fluent), Line("") if breaks else "", f".{name}")
        return self.expression(node, place)

    def _base(self, value: ast.expr, parent: ast.expr, place: _Place, *, fluent: bool) -> Doc:
        if _enclosed(value, parent):
            return self._operand(value, parent, place)
        return self._postfix(value, place, fluent=fluent)

    def _operand(self, node: ast.expr, parent: ast.expr, place: _Place) -> Doc:
        if _enclosed(node, parent):
            return ("(", _bracketed(self.expression(node, _Place.INSIDE), place), ")")
        return self.expression(node, place)

    def _listed(self, items: list[ast.expr]) -> Doc:
        return _separated([self.expression(each, _Place.INSIDE) for each in items])

    def _text(self, node: ast.expr) -> str:
        return self.source[node.col_offset : node.end_col_offset].decode()

    # operators -------------------------------------------------------------------------------------------------------

    def _flat(self, node: ast.expr, place: _Place) -> list[_Operand | _Operator]:
        """Operands and operators as they stand in the text, those of parts without parentheses too."""
        found: list[_Operand | _Operator] = []
        waiting: list[tuple[ast.expr, ast.expr] | _Operator] = [(node, node)]
        while waiting:
            item = waiting.pop()
            if isinstance(item, _Operator):
                found.append(item)
                continue
            part, parent = item
            operator = _operator(part)
            enclosed = part is not parent and _enclosed(part, parent)
            if operator is None or enclosed:
                found.append(_Operand(self._operand(part, parent, place), _simple(part) and not enclosed))
            else:
                left, right = _sides(part)
                waiting += [(right, part), operator, (left, part)]
        return found

    def _chain(self, parts: list[_Operand | _Operator], place: _Place, *, whole: bool = False) -> Doc:
        """Operands joined by operators: the loosest break all together, tighter ones only where they must."""
        if len(parts) == 1:
            return parts[0].doc if isinstance(parts[0], _Operand) else ""
        loosest = min(part.precedence for part in parts if isinstance(part, _Operator))
        segments: list[list[_Operand | _Operator]] = [[]]
        joints: list[_Operator] = []
        for part in parts:
            if isinstance(part, _Operator) and part.precedence == loosest:
                joints.append(part)
                segments.append([])
            else:
                segments[-1].append(part)
        docs: list[Doc] = [self._chain(segment, place) for segment in segments]
        joined: list[Doc] = [docs[0]]
        for index, joint in enumerate(joints):
            tight = joint.sign == "**" and _is_simple(segments[index][-1]) and _is_simple(segments[index + 1][0])
            joined += [_line(place, "" if tight else " "), joint.sign]
            joined.append((WhenBroken(" ") if place is _Place.INSIDE else "") if tight else " ")
            joined.append(docs[index + 1])
        return _group(tuple(joined), place)


@dataclass
class _Operand:
    doc: Doc
    simple: bool


@dataclass
class _Operator:
    sign: str
    precedence: int


def _is_simple(part: _Operand | _Operator) -> bool:
    return isinstance(part, _Operand) and part.simple


def _line(place: _Place, flat: str = " ") -> Doc:
    return Line(flat) if place is _Place.INSIDE else flat


def _group(doc: Doc, place: _Place) -> Doc:
    return Group(doc) if place is _Place.INSIDE else doc


def _bracketed(doc: Doc, place: _Place) -> Doc:
    """What stands between brackets; `place` is where the brackets stand."""
    group = Group((Indent((Line(""), doc)), Line("")))
    return Elastic(group) if place is _Place.OPTIONAL else group


def _separated(items: Sequence[Doc]) -> Doc:
    """Items with commas; the last of several has one where the group is broken."""
    parts: list[Doc] = [(item, ",", Line()) for item in items[:-1]]
    return (*parts, items[-1], WhenBroken(",") if parts else "")


# ------------------------------------------------------------------------------------- what ruff asks of an expression


def _operator(node: ast.expr) -> _Operator | None:
    match node:
        case ast.BinOp(op=sign) | ast.Compare(ops=[sign]):
            return _Operator(*_OPERATORS[type(sign)])
    return None


def _sides(node: ast.expr) -> tuple[ast.expr, ast.expr]:
    match node:
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            return left, right
    raise TypeError(f"no operator in {ast.unparse(node)}")


def _precedence(node: ast.expr) -> int:
    match node:
        case ast.BinOp() | ast.Compare():
            operator = _operator(node)
            return operator.precedence if operator else ATOM
        case ast.UnaryOp():
            return SIGN
        case ast.IfExp():
            return _CONDITIONAL
    return ATOM


def _enclosed(node: ast.expr, parent: ast.expr) -> bool:
    """Whether a part has parentheses about it, which it has only where it needs them."""
    own = _precedence(node)
    match parent:
        case ast.BinOp(op=ast.Pow()):
            return own < (ATOM if node is parent.left else SIGN)
        case ast.BinOp():
            outer = _precedence(parent)
            return own < outer or (own == outer and node is parent.right)
        case ast.Compare():
            return own <= COMPARISON
        case ast.UnaryOp():
            return own < SIGN or own == POWER
        case ast.Call(func=base) | ast.Subscript(value=base) | ast.Attribute(value=base):
            return node is base and own < ATOM
    return False


def _simple(node: ast.expr) -> bool:
    """Whether `**` stands next to it without spaces."""
    match node:
        case ast.Name() | ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(operand=part) | ast.Attribute(value=part):
            return _simple(part)
    return False


def _fluent(node: ast.expr) -> bool:
    """Whether a chain has at least two attributes of calls, subscripts or parentheses."""
    count = 0
    while True:
        match node:
            case ast.Attribute(value=value):
                if _enclosed(value, node):
                    return count + 1 >= 2
                count += isinstance(value, ast.Call | ast.Subscript)
            case ast.Call(func=value) | ast.Subscript(value=value):
                if _enclosed(value, node):
                    break
            case _:
                break
        node = value
    return count >= 2


def _does_without_parentheses(node: ast.expr) -> bool:
    """Whether an expression may be broken within its own brackets rather than at its operators."""
    seen = _Seen()
    seen.visit(node, enclosed=False)
    if not seen.bracketed:
        return False
    if not seen.loosest:
        return True
    loosest = min(seen.loosest)
    return seen.loosest.count(loosest) == 1 and (loosest == _CHAIN or seen.opens or seen.closes)


@dataclass
class _Seen:
    """What stands in an expression outside of all brackets.

    `loosest` holds the precedence of each operator, and of each dot after a bracket; `opens` and `closes` say whether the
    expression begins or ends with brackets that can be broken.
    """

    loosest: list[int] = field(default_factory=list)
    bracketed: bool = False
    opens: bool | None = None
    closes: bool = False

    def visit(self, node: ast.expr, *, enclosed: bool) -> None:
        waiting = [(node, enclosed)]
        while waiting:
            part, enclosed = waiting.pop()
            if not enclosed and isinstance(part, ast.BinOp | ast.Compare):
                operator = _operator(part)
                self.loosest.append(operator.precedence if operator else ATOM)
                left, right = _sides(part)
                waiting += [(right, _enclosed(right, part)), (left, _enclosed(left, part))]
            elif not enclosed and isinstance(part, ast.UnaryOp):
                self.opens = self.opens or False
                waiting.append((part.operand, _enclosed(part.operand, part)))
            elif not enclosed and isinstance(part, ast.IfExp):
                self.loosest += [_CONDITIONAL] * 2
                waiting += [(part.orelse, False), (part.test, False), (part.body, False)]
            else:
                self._operand(part, enclosed=enclosed)

    def _operand(self, node: ast.expr, *, enclosed: bool) -> None:
        self.closes = enclosed or _breakable(node)
        while not enclosed and isinstance(node, ast.Call | ast.Subscript | ast.Attribute):
            base = node.value if isinstance(node, ast.Subscript | ast.Attribute) else node.func
            enclosed = _enclosed(base, node)
            if isinstance(node, ast.Attribute):
                if enclosed or isinstance(base, ast.Call | ast.Subscript | ast.List | ast.Tuple):
                    self.loosest.append(_CHAIN)
            else:
                self.bracketed = True
            node = base
        collection = isinstance(node, ast.List | ast.Dict | ast.Tuple)
        self.bracketed = self.bracketed or enclosed or collection
        if self.opens is None:
            self.opens = enclosed or collection


def _breakable(node: ast.expr) -> bool:
    """Whether an expression ends with brackets that ruff breaks first."""
    if isinstance(node, ast.Call):
        return bool(node.args or node.keywords)
    return isinstance(node, ast.List | ast.Dict | ast.Tuple)
