"""Stan through PyStan, a process of its own: `python -m benchmarks.stan_pymc.with_stan PROBLEM SEED CHAINS DRAWS.npz`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import stan

from benchmarks.stan_pymc.problems import PROBLEMS, Data, keep, named, show

PROGRAMS = Path(__file__).parent / "stan"


def data_of(model: str, known: Data) -> Data:
    """Data as the program declares them: sizes beside the arrays, positions from 1."""
    known = dict(known)
    match model:
        case "eight_schools":
            known = {"n": len(known["y"]), "y": known["y"], "sigma": known["sigma"]}
        case "regression":
            known |= {"n": len(known["y"]), "k": known["X"].shape[1], "mean_": known.pop("mean")}
        case "ark":
            known = {"n": len(known["y"]), "k": 5, "y": known["y"]}
        case "garch":
            known = {"n": len(known["y"]), "y": known["y"], "sigma1": known["sigma1"]}
        case "gp_pois_regr":
            known = {"n": len(known["k"]), "x": known["x"], "k": known["k"].astype(int)}
        case "hmm_example" | "gauss_mix":
            known = {"n": len(known["y"]), "y": known["y"]}
        case "mcycle_gp":
            known |= {"n": len(known["Y"]), "m": len(known["slambda_1"]), "s": len(known["slambda_sigma_1"])}
        case "radon":
            known |= {"n": len(known["log_radon"]), "counties": len(known["log_uranium"])}
            known["county"] = known["county"] + 1
        case "logistic":
            known |= {"n": len(known["y"]), "k": known["X"].shape[1]}
        case "lotka_volterra":
            known |= {"n": len(known["ts"])}
    return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in known.items()}


def own_seconds(outputs: list[bytes]) -> float:
    """Of warm-up and draws by Stan's own clock, in the slowest chain: PyStan's way of handing draws over is left out."""
    return max(
        float(record["values"][0].split()[-3])
        for output in outputs
        for record in map(json.loads, output.splitlines()[-3:])
        if "(Total)" in str(record.get("values"))
    )


def main(name: str, seed: str, chains: str, file: str) -> None:
    """Run one of the problems."""
    problem = PROBLEMS[name]
    code = (PROGRAMS / f"{problem.model}.stan").read_text(encoding="utf-8")
    began = time.perf_counter()
    model = stan.build(code, data=data_of(problem.model, problem.data()), random_seed=int(seed) + 1)
    built = time.perf_counter()
    fit = model.sample(
        num_chains=int(chains),
        num_warmup=1000,
        num_samples=1000,
        delta=problem.target_accept,
        max_depth=problem.max_tree_depth,
    )
    wall = time.perf_counter() - built
    # PyStan's arrays are (..., draw and chain), the chain running fastest.
    split = {
        key: np.moveaxis(fit[key].reshape(*fit[key].shape[:-1], 1000, int(chains)), (-1, -2), (0, 1))
        for key in (*fit.param_names, "n_leapfrog__", "divergent__")
    }
    split = {key: each[..., 0] if each.shape[2:] == (1,) else each for key, each in split.items()}
    draws = named(problem, split)
    show(draws)
    keep(
        draws,
        file,
        compile=built - began,
        sample=own_seconds(fit.stan_outputs),
        sample_wall=wall,
        steps=float(split["n_leapfrog__"].mean()),
        divergences=float(split["divergent__"].sum()),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
