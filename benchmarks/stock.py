"""The script of a NumPyro user: four chains with `MCMC(NUTS)`, and a summary. A process of its own in `first_answer`.

`python -m benchmarks.stock MODEL METHOD DRAWS.npz` with METHOD `parallel`, `sequential` or `vectorized`.
"""

from __future__ import annotations

import sys
import time

import numpyro


def main(name: str, method: str, draws: str) -> None:
    """Run one of the peers."""
    numpyro.enable_x64()
    if method == "parallel":
        numpyro.set_host_device_count(4)
    import jax
    import numpy as np
    from numpyro.infer import MCMC, NUTS

    from benchmarks.peers import PEERS

    peer = PEERS[name]()
    kernel = NUTS(peer.model, target_accept_prob=peer.target_accept)
    began = time.perf_counter()
    mcmc = MCMC(kernel, num_warmup=1000, num_samples=1000, num_chains=4, chain_method=method, progress_bar=False)
    mcmc.run(jax.random.key(0), *peer.arguments)
    samples = jax.device_get(mcmc.get_samples(group_by_chain=True))
    seconds = time.perf_counter() - began
    mcmc.print_summary()
    print("answered", seconds)
    np.savez(draws, **{key: value for key, value in samples.items() if not key.endswith("_decentered")})


if __name__ == "__main__":
    main(*sys.argv[1:])
