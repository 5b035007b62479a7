"""Makes the pictures of the README: `uv run python docs/images/make.py`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
COMMAND = "uqdsl run specs/eight_schools.uq"


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


if __name__ == "__main__":
    main()
