"""Write the programs of `programs/*.uq` anew, after a change that is meant: `python -m tests.codegen.update_programs`.

Read the difference before committing it: each program is to be what an expert would have written.
"""

from __future__ import annotations

from pathlib import Path

from .compiled import written

PROGRAMS = Path(__file__).parent / "programs"


def program(spec: Path) -> str:
    """The text of the program of a spec."""
    return written(spec.read_text(encoding="utf-8"), spec.name)[1].text


def main() -> None:
    """Write all programs."""
    for spec in sorted(PROGRAMS.glob("*.uq")):
        spec.with_suffix(".py").write_text(program(spec), encoding="utf-8")


if __name__ == "__main__":
    main()
