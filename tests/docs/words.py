"""The tables of words in `docs/language/words.md`, as the vocabulary declares them.

`python -m tests.docs.words` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from uqdsl.vocabulary.distributions import DISTRIBUTIONS
from uqdsl.vocabulary.functions import CONSTANTS, FUNCTIONS, REDUCTIONS
from uqdsl.vocabulary.supports import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "language" / "words.md"


def words() -> str:
    """The whole page."""
    lines = [
        "# Words",
        "",
        "What is not a keyword of the grammar, with what it means. `uqdsl methods` lists the methods.",
        "",
        "## Distributions",
        "",
        "Arguments go by position, in this order, or by name. Alternatives take the place of the parameters that they state in",
        "another way, all of them together. The density is that of x, on the support.",
        "",
        "| law | support | density | alternatives |",
        "|---|---|---|---|",
    ]
    for law in DISTRIBUTIONS.values():
        others = ", ".join(
            f"{_listed(p.name for p in form.parameters)} for {_listed(form.formulas)}" for form in law.forms
        )
        density = law.summary.replace("|", r"\|")
        lines.append(f"| `{law.signature()}` | {law.support} | {density} | {others} |")
    lines += [
        "",
        "Those whose distribution function is known in both tails take `truncated(a, b)`: "
        + ", ".join(f"`{law.name}`" for law in DISTRIBUTIONS.values() if law.truncates)
        + ".",
        "",
        "## Kinds of data",
        "",
        "| kind | values |",
        "|---|---|",
        *(f"| `{name}` | {support} |" for name, support in KINDS.items()),
        "| `category` | labels, which become those of a dimension |",
        "",
        "## Functions",
        "",
        "| function | is | of |",
        "|---|---|---|",
    ]
    for function in FUNCTIONS.values():
        arguments = ", ".join(["x", "y"][: function.arity] if function.name != "atan2" else ["y", "x"])
        lines.append(f"| `{function.name}({arguments})` | {function.summary} | {function.domain} |")
    lines += ["", "## Reductions", "", "Each names the dimensions that it consumes: `sum(x, over = county)`.", ""]
    lines += ["| reduction | is |", "|---|---|"]
    lines += [f"| `{each.name}` | {each.summary} |" for each in REDUCTIONS.values()]
    lines += ["", "## Constants", "", ", ".join(f"`{name}`" for name in CONSTANTS) + "."]
    return "\n".join(lines) + "\n"


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(words(), encoding="utf-8")
