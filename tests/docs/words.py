"""The tables of words in `docs/language/words.md`, as the vocabulary declares them.

`python -m tests.docs.words` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from uqdsl.vocabulary.composed import COMPOSED, Composed
from uqdsl.vocabulary.distributions import DISTRIBUTIONS, Distribution
from uqdsl.vocabulary.functions import CONSTANTS, FUNCTIONS, GRADIENT, MATRIX, REDUCTIONS, SPLINE
from uqdsl.vocabulary.layers import LAYERS
from uqdsl.vocabulary.supports import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "language" / "words.md"


_ARGUMENTS = {"atan2": ["y", "x"], "lchoose": ["n", "k"], "clip": ["x", "a", "b"]}
"""Of functions whose arguments are not just x and y."""
_VALUES = {"matrix": "a matrix", "vector": "over the rows", "number": "a number", "like": "over what b is over"}


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
        "`[k]` after a law: a draw is joint over a dimension, as in `prior w[k] ~ Dirichlet(1)`; `[k, k']`: over a dimension and its",
        "copy. `over = k`: the law consumes a dimension, and draws its labels, or their ranks.",
        "",
        "| law | support | density | alternatives |",
        "|---|---|---|---|",
    ]
    for law in DISTRIBUTIONS.values():
        density = law.summary.replace("|", r"\|")
        lines.append(f"| `{_signature(law)}` | {law.support} | {density} | {_alternatives(law)} |")
    lines += [
        "",
        "Those whose distribution function is known in both tails take `truncated(a, b)`: "
        + ", ".join(f"`{law.name}`" for law in DISTRIBUTIONS.values() if law.truncates)
        + ".",
        "",
        "## Priors of several coefficients",
        "",
        "Of unknowns alone, joint over a dimension, and made of [unknowns of their own](laws.md#shrinkage).",
        "",
        "| law | density given the others | unknowns | alternatives |",
        "|---|---|---|---|",
        *(_composed(law) for law in COMPOSED.values()),
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
        arguments = ", ".join(_ARGUMENTS.get(function.name, ["x", "y"][: function.arity]))
        lines.append(f"| `{function.name}({arguments})` | {function.summary} | {function.domain} |")
    lines += ["", "## Reductions", "", "Each names the dimensions that it consumes: `sum(x, over = county)`.", ""]
    lines += ["| reduction | is |", "|---|---|"]
    lines += [f"| `{each.name}` | {each.summary} |" for each in REDUCTIONS.values() if not each.keeps]
    lines += ["", "These go along one dimension and keep it: `cumsum(x, over = week)` has a value for each week.", ""]
    lines += ["| function | is |", "|---|---|"]
    lines += [f"| `{each.name}` | {each.summary} |" for each in REDUCTIONS.values() if each.keeps]
    lines += ["", "## Functions of matrices", ""]
    lines += [
        "Of a matrix over a dimension and its copy, `K[site, site']`; `identity(site)` is the matrix that changes nothing.",
        "",
    ]
    lines += ["| function | is | value |", "|---|---|---|"]
    for each in MATRIX.values():
        arguments = "A" if each.arity == 1 else ("L, b" if "L" in each.summary else "A, b")
        lines.append(f"| `{each.name}({arguments})` | {each.summary} | {_VALUES[each.value]} |")
    lines += ["", "## Basis functions", "", "| function | is |", "|---|---|"]
    lines += [f"| `{SPLINE}(x, over = k, low, high, degree = 3, knots)` | [B-splines](processes.md#splines), over k |"]
    lines += [f"| `{GRADIENT}(f(x), x)` | [the derivative](networks.md#derivatives) of a function by an argument |"]
    lines += ["", "## Layers of networks", ""]
    lines += ["| layer | is | dimensions | weights |", "|---|---|---|---|"]
    for layer in LAYERS.values():
        weights = ", ".join(f"`{each.name}` {each.summary}" for each in layer.weights)
        lines.append(f"| `{layer.name}` | {layer.summary} | {layer.shapes} | {weights} |")
    lines += ["", "| option | of | default | is |", "|---|---|---|---|"]
    for layer in LAYERS.values():
        for name, option in layer.options.model_fields.items():
            default = "" if option.default is None else f"`{str(option.default).lower()}`"
            lines.append(f"| `{name}` | `{layer.name}` | {default} | {option.description} |")
    lines += ["", "## Constants", "", ", ".join(f"`{name}`" for name in CONSTANTS) + "."]
    return "\n".join(lines) + "\n"


def _composed(law: Composed) -> str:
    """The row of a law that is made of other unknowns, those of a prior of `beta`."""
    parts = ", ".join(f"`beta_{part.suffix}{'' if part.shared else '[k]'}`" for part in law.parts)
    return f"| `{law.signature()}` `[k]` | {law.summary} | {parts} | {_alternatives(law)} |"


def _alternatives(law: Distribution) -> str:
    return ", ".join(f"{_listed(p.name for p in form.parameters)} for {_listed(form.formulas)}" for form in law.forms)


def _signature(law: Distribution) -> str:
    """How a law is written, with the dimensions that it is joint over or consumes."""
    shown = law.signature()
    if any(each.over for each in law.parameters):
        shown = f"{shown[:-1]}, over = k)"
    return shown + ("", "` `[k]", "` `[k, k']")[law.event]


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(words(), encoding="utf-8")
