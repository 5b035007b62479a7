"""Makes the pictures of the README and of the page on pictures: `uv run python docs/images/make.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
COMMAND = "uqdsl run specs/eight_schools.uq"
DRAWN = {
    "radon": {"posterior": "radon_posterior", "ranks": "radon_ranks"},
    "linear_five_sources": {"predictive_X": "linear_predictive", "budget_X": "linear_budget"},
}
"""Of the specs of the library, which pictures of a run are shown, and what they are called here."""


def main() -> None:
    """Run the command and draw what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [*COMMAND.split()[1:], "--out", f"{folder}/runs"]
        environment = os.environ | {"COLUMNS": "90"}
        ran = subprocess.run(
            [sys.executable, "-m", "uqdsl", *arguments],
            cwd=HERE.parents[1],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        said = ran.stdout.replace(f"{folder}/", "")
    console = Console(record=True, width=92, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text(f"$ {COMMAND}", style="bold"))
    for line in said.rstrip().splitlines():
        console.print(Text(line, style="green" if line.startswith("ok:") else ""))
    (HERE / "eight_schools.svg").write_text(console.export_svg(title="uqdsl"), encoding="utf-8")
    for spec, pictures in DRAWN.items():
        keep_pictures(spec, pictures)


def keep_pictures(spec: str, pictures: dict[str, str]) -> None:
    """Run a spec and keep some of its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "uqdsl", "run", f"specs/{spec}.uq", "--out", folder]
        subprocess.run(command, cwd=HERE.parents[1], check=True, capture_output=True)
        for name, here in pictures.items():
            shutil.copy(Path(folder) / f"{spec}-0-1" / "pictures" / f"{name}.svg", HERE / f"{here}.svg")


if __name__ == "__main__":
    main()
