"""What importing the room sets, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def run(code: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in ("OPENBLAS_NUM_THREADS", "JAX_ENABLE_X64")}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**kept, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("set_by_user", "expected"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_blas_has_one_thread_unless_the_user_says_otherwise(set_by_user: dict[str, str], expected: str) -> None:
    code = "import uqdsl.infer, os, sys; print(os.environ['OPENBLAS_NUM_THREADS'], 'jax' in sys.modules)"
    assert run(code, **set_by_user) == f"{expected} False"


@pytest.mark.parametrize("first", ["", "import jax;"])
def test_numbers_are_float64(first: str) -> None:
    code = f"{first}import uqdsl.infer, jax.numpy; print(jax.numpy.zeros(1).dtype)"
    assert run(code, JAX_ENABLE_X64="0") == "float64"
