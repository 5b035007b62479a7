"""The house: each room knows the rooms above it and nothing below, and nothing down to the generated program needs JAX."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import uqdsl

PACKAGE = Path(uqdsl.__file__).parent
ROOMS = (
    "user_cache",
    "messages",
    "syntax",
    "vocabulary",
    "ir",
    "semantics",
    "data",
    "codegen",
    "runtime",
    "infer",
    "assimilate",
    "uncertainty",
    "results",
    "diagnose",
    "report",
    "driver",
    "api",
    "cli",
)
"""From the top of the house down; a room may import what stands before it. `uqdsl` itself, the version, is open to all."""

WITHOUT_JAX = frozenset(ROOMS[: ROOMS.index("codegen") + 1])
HEAVY = {"jax", "jaxlib", "numpyro", "arviz", "xarray", "pandas", "polars", "matplotlib"}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts not in (("__init__",), ("__main__",)):
            yield parts[0], path


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, wherever in it, with the line; imports for the type checker alone as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((each.name, node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            module = node.module or ""
            yield module, node.lineno
            if module == "uqdsl":
                yield from ((f"uqdsl.{each.name}", node.lineno) for each in node.names)


def test_every_room_is_known():
    assert {room for room, _ in modules()} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_down(room):
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for each, path in modules()
        if each == room
        for name, line in imports(path)
        if name.startswith("uqdsl.") and name.split(".")[1] not in allowed
    ]
    assert not wrong


def test_nothing_down_to_the_generated_program_names_jax():
    wrong = [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for room, path in modules()
        if room in WITHOUT_JAX
        for name, line in imports(path)
        if name.split(".")[0] in {"jax", "jaxlib", "numpyro"}
    ]
    assert not wrong


@pytest.mark.parametrize(
    "statement",
    [
        "import uqdsl.semantics, uqdsl.data, uqdsl.codegen, uqdsl.driver.front",
        "from uqdsl.cli.main import execute; assert execute(['check', '--data', 'SPEC']) == 0",
        "from uqdsl.cli.main import execute; assert execute(['compile', 'SPEC']) == 0",
        "from uqdsl.cli.main import execute; assert execute(['methods', 'nuts']) == 0",
        "from uqdsl.cli.main import execute; assert execute(['explain', 'SPEC']) == 0",
    ],
)
def test_what_answers_at_once_imports_nothing_heavy(statement):
    spec = PACKAGE.parent / "specs" / "radon.uq"
    code = f"{statement.replace('SPEC', str(spec))}; import sys; print(sorted({HEAVY!r} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "[]"
