"""What must be set before JAX is imported; importing anything of `uqdsl.infer` sets it."""

from __future__ import annotations

import os
import sys


def prepare() -> None:
    """Float64, and one BLAS thread per chain.

    Chains run on threads of their own; BLAS threads under them would fight for the same cores, which costs a Gaussian
    process a hundredfold. A value that the user has set stays.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", True)
    else:
        os.environ["JAX_ENABLE_X64"] = "1"


prepare()
