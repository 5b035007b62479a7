"""Log density and its gradient: the generated program against a hand-written NumPyro model of the same posterior.

Both are compiled, in double precision, as functions of the same unconstrained position; the peer is NumPyro's own
potential energy of the hand-written model. A time is that of a thousand evaluations in one compiled loop, each at the
position that the one before leads to, so that neither calls from Python nor copies are measured.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import uqdsl

program_of = {name: uqdsl.load(f"specs/{name}.uq").compile() for name in ("eight_schools", "radon")}
# Loaded first: what samplers import sets what JAX reads.
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from numpyro.infer.util import initialize_model  # noqa: E402

from benchmarks.peers import PEERS  # noqa: E402
from benchmarks.timing import interleaved, machine, paired_ratio, shown  # noqa: E402

STEPS = 1000


def walk(density: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A compiled loop of evaluations of a density and its gradient."""
    evaluate = jax.value_and_grad(density)

    def step(_: Any, state: tuple[dict[str, Any], Any]) -> tuple[dict[str, Any], Any]:
        position, total = state
        value, gradient = evaluate(position)
        moved = jax.tree.map(lambda x, g: x + 1e-9 * jnp.tanh(g), position, gradient)
        return moved, total + value

    return jax.jit(lambda position: jax.lax.fori_loop(0, STEPS, step, (position, 0.0)))


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=101)
    repetitions = parser.parse_args().repetitions
    print(machine())
    for name, program in program_of.items():
        peer = PEERS[name]()
        start = initialize_model(jax.random.key(0), peer.model, model_args=peer.arguments)
        position = {key: jnp.asarray(np.asarray(value)) for key, value in start.param_info.z.items()}
        densities = {"ours": program.log_density, "theirs": lambda z, start=start: -start.potential_fn(z)}
        values = {key: float(jax.jit(density)(position)) for key, density in densities.items()}
        assert np.isclose(values["ours"], values["theirs"], rtol=1e-12), values
        loops = {key: walk(density).lower(position).compile() for key, density in densities.items()}

        def timed(loop: Any, position: dict[str, Any] = position) -> float:
            began = time.perf_counter()
            jax.block_until_ready(loop(position))
            return 1e6 * (time.perf_counter() - began) / STEPS

        for loop in loops.values():
            timed(loop)
        times = interleaved({key: lambda loop=loop: timed(loop) for key, loop in loops.items()}, repetitions)
        print(f"{name}: ours {shown(times['ours'], 'us')}, by hand {shown(times['theirs'], 'us')} per evaluation")
        print(f"  ratio {paired_ratio(times['ours'], times['theirs'])}")


if __name__ == "__main__":
    main()
