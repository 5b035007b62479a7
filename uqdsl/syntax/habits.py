"""Signs and words that other languages have taught: what is meant by them, where they cannot stand in this one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from uqdsl.messages import Problem, Span, closest
from uqdsl.messages.catalogue.syntax import UnknownCharacter
from uqdsl.syntax.grammar import terminals_of
from uqdsl.syntax.reader import END
from uqdsl.syntax.scan import CLOSING_QUOTES, Word
from uqdsl.syntax.tree import KEYWORDS

_MEANT = {
    **dict.fromkeys(("&", "&&"), ("and",)),
    **dict.fromkeys(("|", "||"), ("or",)),
    "!": ("not",),
    **dict.fromkeys(("**", ".^"), ("^",)),
    **dict.fromkeys(("×", "·", "⋅", "∗", ".*"), ("*",)),
    **dict.fromkeys(("÷", "∕", "./"), ("/",)),
    **dict.fromkeys(("−", "–", "—", "‐", "‑"), ("-",)),
    **dict.fromkeys(("“", "”", "„", "«", "»", "‘", "`"), ('"',)),
    **dict.fromkeys(("’", "′"), ("'", '"')),
    "%*%": ("@",),
    "%%": ("%",),
    "∼": ("~",),
    "=>": (">=", "->"),
    "→": ("->",),
    **dict.fromkeys(("=<", "≤"), ("<=",)),
    "≥": (">=",),
    **dict.fromkeys(("<>", "≠"), ("!=",)),
    **dict.fromkeys((":=", "<-", "←"), ("=", "~")),
    "∞": ("inf",),
    "π": ("pi",),
}
"""Signs that are none of the language, each with those that may be meant; the first that fits its place is."""

_KEYWORDS = {
    **dict.fromkeys(("var", "val", "const"), "let"),
    **dict.fromkeys(("param", "parameter", "unknown"), "prior"),
    **dict.fromkeys(("observe", "observed"), "likelihood"),
    **dict.fromkeys(("def", "func"), "function"),
}
_IMPORTS = frozenset(("import", "library", "require", "using", "from"))
_BY = frozenset(("using", "with", "via", "through"))
_NO_END_MARK = "take it out: statements have no end mark"
_CONDITION = "a choice is written `if … then … else …`"
TYPES = frozenset({
    "real", "int", "float", "double", "number", "bool", "vector", "matrix", "array", "positive", "nonnegative", "unit",
    "count", "binary", "category",
})  # fmt: skip
"""Words that say of what kind a value is, here or elsewhere."""


def unknown_sign(word: Word, after: Word | None, accepted: frozenset[str]) -> Problem:
    """The problem of a sign that is not part of the language, with what is meant by it where that is sure.

    Args:
        word: the sign, or the comment or text that it begins.
        after: the word behind it.
        accepted: the terminals that could stand in its place.
    """
    text, at, sign = word.text, word.span, word.text
    if text.startswith(("//", "/*")):
        sign, hint = text[:2], "comments begin with `#`"
        at = Span(at.start, at.start + 2)
    elif text == ";":
        hint = _meant_by_semicolon(after, accepted)
    elif len(text) > 1 and text[-1] in CLOSING_QUOTES:
        sign, hint = text[0], f'did you mean `"{text[1:-1]}"`?'
    elif text == "?":
        hint = _CONDITION
    else:
        hint = next((f"did you mean `{each}`?" for each in _MEANT.get(text, ()) if _fits(each, accepted)), "")
    return UnknownCharacter(at=at, character=_shown(sign), hint=hint)


def _shown(sign: str) -> str:
    if len(sign) > 1:
        return f"`{sign}`"
    return f"the character `{sign}`" if sign.isprintable() else f"the character U+{ord(sign):04X}"


def _fits(meant: str, accepted: frozenset[str]) -> bool:
    return "STRING" in accepted if meant == '"' else any(each in accepted for each in terminals_of(meant))


def _meant_by_semicolon(after: Word | None, accepted: frozenset[str]) -> str:
    if END in accepted:
        return _NO_END_MARK
    if "COMMA" not in accepted:
        return ""
    ends = after is None or after.first or after.kind == "closing"
    return "take it out: lines have no end mark" if ends else "did you mean `,`?"


def arrow(words: Sequence[Word], index: int) -> Span | None:
    """Where the two signs of an assignment `<-` stand, if they do."""
    if words[index].text != "<" or index + 1 == len(words) or words[index + 1].text != "-":
        return None
    start, end = words[index].span, words[index + 1].span
    return Span(start.start, end.end) if start.end == end.start else None


# ------------------------------------------------------------------------------------------------- within a statement


def meant_by(words: Sequence[Word], index: int, accepted: frozenset[str], text: str) -> tuple[Span, str] | None:
    """What is meant by words that stand in their place in other languages, and where they stand.

    Args:
        words: of a statement.
        index: of the first of them that cannot stand where it does.
        accepted: the terminals that could have stood there.
        text: of the spec.
    """
    word, before = words[index], words[index - 1]
    if word.text == "'" and "STRING" in accepted:
        line = text[word.span.end :].partition("\n")[0]
        quoted, closing, _ = line.partition("'")
        span = Span(word.span.start, word.span.end + len(quoted) + 1)
        return (span, f'did you mean `"{quoted}"`?') if closing else None
    if word.text == "," and END in accepted:
        return word.span, _NO_END_MARK
    if word.text == ":" and words[0].text != "data" and _is_within("[", words, index):
        return word.span, "there are no slices: one selects a single label or position, or sums along a dimension"
    if word.text == "if" and "NUMBER" not in accepted:
        return word.span, _CONDITION
    if word.text == "(" and before.kind == "word" and "BY" in accepted:
        return before.span, f"did you mean `by {before.text}`?"
    if word.kind == "word" and "BY" in accepted and (word.text in _BY or "PLUS" not in accepted):
        called = index + 1 < len(words) and words[index + 1].text == "("
        return word.span, f"did you mean `by {word.text}`?" if called else "did you mean `by`?"
    if word.text == "[" and before.text in ("T", "truncated", "truncate"):
        return _truncation(words, index)
    if words[0].text != "data":
        return None
    if word.kind == "word" and before.text in TYPES and "COLON" in accepted:
        declared = _with_brackets(words, index)
        return word.span, f"did you mean `{declared} : {before.text}`?"
    if (word.text == "<" and before.kind == "word") or (before.text == "(" and words[max(index - 3, 0)].text == ":"):
        return _bounds(words, index)
    return None


def _is_within(opening: str, words: Sequence[Word], index: int) -> bool:
    """Whether the bracket that is open last before a word is this one."""
    depth = 0
    for each in reversed(words[:index]):
        if each.kind == "closing":
            depth += 1
        elif each.kind == "opening":
            if not depth:
                return each.text == opening
            depth -= 1
    return False


def _truncation(words: Sequence[Word], index: int) -> tuple[Span, str] | None:
    """`T[0, ]`, as in Stan and BUGS."""
    inner = list(takewhile(lambda each: each.text != "]", words[index + 1 :]))
    commas = [place for place, each in enumerate(inner) if each.text == ","]
    if len(commas) != 1 or index + 1 + len(inner) == len(words):
        return None
    lower, upper = (_joined(part) for part in (inner[: commas[0]], inner[commas[0] + 1 :]))
    span = words[index - 1].span.to(words[index + 1 + len(inner)].span)
    return span, f"did you mean `truncated({lower or '-inf'}, {upper or 'inf'})`?"


def _bounds(words: Sequence[Word], index: int) -> tuple[Span, str] | None:
    """Bounds of a kind: `real(0, 1)`, or `real<lower=0, upper=1>` as in Stan."""
    stan = words[index].text == "<"
    first = index + 1 if stan else index
    inner = list(takewhile(lambda each: each.text not in (">", ")", "}"), words[first:]))
    numbers = [each.text for each in inner if each.kind == "number" or each.text == "inf"]
    names = [each.text for each in inner if each.text in ("lower", "upper")]
    if not numbers or any(each.kind not in ("number", "symbol", "word") for each in inner):
        return None
    if stan and len(names) != len(numbers):
        return None
    bounds = dict(zip(names or ("lower", "upper"), numbers, strict=False))
    whole = words[index - (1 if stan else 2)].text == "int"
    match bounds.get("lower"), bounds.get("upper", "inf"):
        case "0", "1":
            hint = "`binary` is the kind of 0 and 1" if whole else "`unit` is the kind from 0 to 1"
        case "0", "inf" if whole:
            hint = "`count` is the kind of whole numbers from 0 on"
        case "0", "inf":
            hint = "`positive` is the kind above 0, `nonnegative` that from 0 on"
        case _:
            hint = "a kind takes no bounds"
    return inner[0].span.to(inner[-1].span), hint


# ------------------------------------------------------------------------------------------- in place of a statement


def meant_by_start(words: Sequence[Word], index: int, fields: frozenset[str]) -> str:
    """What is meant by a word that begins no statement; empty where that is not known.

    Args:
        words: of the whole spec.
        index: of the word.
        fields: the names of data.
    """
    word = words[index]
    after = [each.text for each in words[index + 1 : index + 3]]
    if "{" in after[:1] or (after[1:] == ["{"] and after[0].isidentifier()):
        meant = closest(word.text, ("data", "uncertainty"))
        return f"did you mean `{meant}`?" if meant else "there are no such blocks: each statement stands by itself"
    if word.kind != "word":
        return "comments begin with `#`" if word.kind == "text" else ""
    name = _with_brackets(words, index)
    end = index + _length_with_brackets(words, index)
    sign = words[end].text if end < len(words) else ""
    if sign == "+=" and word.text == "target":
        return "did you mean `factor …`?"
    assigns = 1 if sign in ("=", ":=") else 2 if sign == "<" and arrow(words, end) else 0
    if assigns and not _is_law(words[end + assigns : end + assigns + 2]):
        return f"did you mean `let {name} = …`?"
    if assigns or sign == "~":
        keyword = "likelihood" if word.text in fields else "prior"
        return f"did you mean `{keyword} {name} ~ …`?"
    if word.text in ("for", "while"):
        return "there are no loops: a statement holds for every label of its dimensions"
    if word.text in _IMPORTS:
        includes = words[index + 1 : index + 2] and words[index + 1].kind == "text"
        return "did you mean `include`?" if includes else "take it out: nothing has to be imported"
    if word.text in TYPES:
        return "a quantity is declared by `prior`, by `let` or in `data { … }`"
    meant = _KEYWORDS.get(word.text.lower()) or closest(word.text, KEYWORDS)
    return f"did you mean `{meant}`?" if meant else ""


def _is_law(words: Sequence[Word]) -> bool:
    """Whether a value begins as a distribution does."""
    return len(words) == 2 and words[0].kind == "word" and words[0].text[0].isupper() and words[1].text == "("


def named_with_kinds(words: Sequence[Word], depths: Sequence[int]) -> frozenset[str]:
    """The names that blocks declare with their kind, as one of data does; `depths` are the brackets open before each."""
    ends = (
        (each.text, index + _length_with_brackets(words, index))
        for index, (each, depth) in enumerate(zip(words, depths, strict=False))
        if depth and each.kind == "word"
    )
    return frozenset(name for name, end in ends if end < len(words) and words[end].text == ":")


def _with_brackets(words: Sequence[Word], index: int) -> str:
    """A name and, where they follow, the dimensions in its brackets."""
    return _joined(words[index : index + _length_with_brackets(words, index)])


def _length_with_brackets(words: Sequence[Word], index: int) -> int:
    if index + 1 == len(words) or words[index + 1].text != "[":
        return 1
    inner = words[index + 1 : index + 1 + _LONGEST]
    closing = next((place for place, each in enumerate(inner) if each.text == "]"), None)
    return 1 if closing is None else closing + 2


_LONGEST = 100
"""No more words than this are looked through for the bracket that closes a list of dimensions."""


def _joined(words: Sequence[Word]) -> str:
    return "".join(f"{each.text}{' ' if each.text == ',' else ''}" for each in words)
