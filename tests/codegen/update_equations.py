"""Write the equations of `equations/*.uq` anew, after a change that is meant: `python -m tests.codegen.update_equations`.

Read the difference before committing it: nothing may be said there that is not so.
"""

from __future__ import annotations

from pathlib import Path

from uqdsl import ir
from uqdsl.codegen.equation import equation, equation_latex
from uqdsl.messages import Sources, errors
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

EQUATIONS = Path(__file__).parent / "equations"


def read(spec: Path) -> tuple[ir.Spec, Sources]:
    """The IR of a spec, and its text."""
    parsed = parse(spec.read_text(encoding="utf-8"), spec.name)
    found = analyse(parsed)
    assert found.spec is not None, errors(found.problems)
    return found.spec, parsed.sources


def texts(spec: Path) -> dict[str, str]:
    """The equation of a spec in each form, by the ending of its file."""
    found, sources = read(spec)
    return {".txt": equation(found, sources), ".tex": equation_latex(found)}


def main() -> None:
    """Write all equations."""
    for spec in sorted(EQUATIONS.glob("*.uq")):
        for ending, text in texts(spec).items():
            spec.with_suffix(ending).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
