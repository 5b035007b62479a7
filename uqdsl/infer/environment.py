"""What must be set before JAX is imported, which importing anything of `uqdsl.infer` does; and where JAX computes."""

from __future__ import annotations

import os
import sys
from typing import Literal

from uqdsl.messages.catalogue.usage import NoSuchDevice
from uqdsl.messages.failure import UsageError

type Device = Literal["cpu", "gpu"]


def prepare() -> None:
    """Float64, one BLAS thread per chain, and no raising by solvers where a solution ends: a sampler turns back there.

    Chains run on threads of their own; BLAS threads under them would fight for the same cores, which costs a Gaussian
    process a hundredfold. A value that the user has set stays.
    """
    os.environ.setdefault("EQX_ON_ERROR", "nan")
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        if "scipy" in sys.modules:  # whose OpenBLAS, which is JAX's too, has read the variable
            _limit_threads()
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", True)
    else:
        os.environ["JAX_ENABLE_X64"] = "1"


def _limit_threads() -> None:
    """One thread for OpenBLAS, which is loaded already."""
    from threadpoolctl import ThreadpoolController

    for library in ThreadpoolController().lib_controllers:
        if library.internal_api == "openblas":
            library.set_num_threads(1)


def choose_device(device: Device | None = None, precision: Literal[32, 64] = 64) -> str:
    """Settle what this process computes on, before JAX first computes; its name for JAX, such as `cpu` or `gpu`.

    Args:
        device: JAX's own choice where it is None.
        precision: bits of a floating-point number.

    Raises:
        UsageError: UQ724 where JAX finds no such device.
    """
    import jax

    jax.config.update("jax_enable_x64", precision == 64)
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    try:
        found = jax.default_backend()
    except RuntimeError:
        raise UsageError([NoSuchDevice(device=device or "device")]) from None
    if device is not None and found != device:
        raise UsageError([NoSuchDevice(device=device.upper())])
    return found


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


prepare()
