"""Regressions of UCI on the splits in common use: the network of the literature, sampled, beside other ways to be unsure of it.

    python -m benchmarks.uci                          # both data sets, three splits: forty minutes of processor time
    python -m benchmarks.uci concrete --splits 1      # one
    python -m benchmarks.uci --peers                  # only what is quick

Protocol: splits of Hernández-Lobato & Adams 2015 (`specs/generators/splits.py`); one hidden layer of 50 rectified linear units;
inputs and outcome standardised by the training rows; a Gaussian likelihood; scores on the testing rows in original units, of
the exact mixture of Gaussians that a method predicts; seconds of processor time. The specs of these data in `specs/` have
smaller and smoother networks, and no part here.

* `uqdsl`: by NUTS, 4 chains of 500 draws after 500 of warm-up. Beside its scores stand R-hat of the function's values at the
  testing rows: such chains do not agree.
* `ensemble`: twenty networks trained on squared errors from different starts, and the scatter of training residuals.
* the rest were measured before (`uci_peers.json`), on the same splits by the same protocol, with jax 0.10.2, NumPyro
  0.22.0, torch 2.13.0 and laplace-torch 0.3: NumPyro's NUTS with the same priors, Monte Carlo dropout (Gal & Ghahramani
  2016), Laplace's approximation with all weights (Daxberger et al. 2021), mean-field variational inference, bagging, and
  deep ensembles with a head for the scatter (Lakshminarayanan et al. 2017).
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

import uqdsl
from benchmarks.timing import TOP, machine
from uqdsl.diagnose.calibration import calibrate
from uqdsl.diagnose.mixture import GaussianMixture
from uqdsl.diagnose.statistics import r_hat

PEERS = Path(__file__).with_name("uci_peers.json")
OUTCOMES = {"concrete": "strength", "energy": "heating_load"}
"""Of each data set, the column to be predicted; those before it are the inputs."""

PROTOCOL = """
dim input = [{inputs}]
data split("data/{name}.csv", column = "split_{split}") {{
  z[row, input] : real standardized
  x[row]        : real standardized = column("{outcome}")
}} allow(shared_rows)
network f(z[input]) -> real {{ dense(50, relu) as hidden  dense(1) as out }}
prior steepness       ~ HalfNormal(3)
prior f.hidden.kernel ~ Normal(0, steepness / sqrt(fan_in)) noncentered
prior f.hidden.bias   ~ Normal(0, steepness) noncentered
prior height          ~ HalfNormal(3)
prior f.out.kernel    ~ Normal(0, height / sqrt(fan_in)) noncentered
prior f.out.bias      ~ Normal(0, 1)
prior sigma           ~ HalfNormal(1)
likelihood x[row] ~ Normal(f(z), sigma)
infer by nuts(chains = {chains}, warmup = {draws}, draws = {draws})
"""
CHAINS, DRAWS = 4, 500
"""Of NUTS, with as many draws of warm-up."""
SPLITS = (1, 2, 3)
MEMBERS, EPOCHS, HIDDEN, RATE, DECAY = 20, 6000, 50, 1e-2, 1e-4
"""Of the ensemble: networks, steps of Adam on all rows, units, the first learning rate and the penalty on weights."""


class Split(NamedTuple):
    """Standardised rows of a data set, and what turns the outcome back into its unit."""

    inputs: np.ndarray
    outcomes: np.ndarray
    new_inputs: np.ndarray
    new_outcomes: np.ndarray
    centre: float
    scale: float

    def scores(self, means: np.ndarray, sds: np.ndarray) -> dict[str, float]:
        """Of a mixture of Gaussians, with standardised means `(component, row)` and sds `(component,)`."""
        mixture = GaussianMixture(
            self.centre + self.scale * means, np.broadcast_to(self.scale * sds[:, None], means.shape)
        )
        found = calibrate(mixture, self.new_outcomes, levels=(0.9,))
        score = {each.name: each.value for each in found.scores}
        inside = found.coverage[0].observed
        return {"rmse": score["RMSE"], "nll": -score["log score"], "cov90": inside, "crps": score["CRPS"]}


def read_split(name: str, number: int) -> Split:
    """One of the splits of a data set, whose columns are inputs, the outcome, and the splits."""
    table = np.genfromtxt(TOP / "specs" / "data" / f"{name}.csv", delimiter=",", dtype=str, skip_header=1)
    numbers = table[:, : -len(SPLITS)].astype(float)
    training = table[:, len(numbers[0]) + number - 1] == "training"
    centre, scale = numbers[training].mean(axis=0), numbers[training].std(axis=0)
    rows = (numbers - centre) / scale
    return Split(
        rows[training, :-1],
        rows[training, -1],
        rows[~training, :-1],
        numbers[~training, -1],
        float(centre[-1]),
        float(scale[-1]),
    )


def by_uqdsl(name: str, number: int, split: Split, draws: int) -> dict[str, float]:
    """Draws of the posterior: a component for each."""
    columns = (TOP / "specs" / "data" / f"{name}.csv").read_text().split("\n", 1)[0].split(",")
    inputs = ", ".join(f'"{each}"' for each in columns[: columns.index(OUTCOMES[name])])
    text = PROTOCOL.format(name=name, inputs=inputs, outcome=OUTCOMES[name], split=number, chains=CHAINS, draws=draws)
    fit = uqdsl.loads(text, name=name, folder=TOP / "specs").compile().infer(seed=number, progress=False)
    found = {each: np.asarray(array) for each, array in fit.posterior["posterior"].data_vars.items()}
    weights = [found[f"f.{each}"] for each in ("hidden.kernel", "hidden.bias", "out.kernel", "out.bias")]
    flat = [each.reshape(-1, *each.shape[2:]) for each in weights]
    hidden = np.maximum(np.einsum("rz,dzh->drh", split.new_inputs, flat[0]) + flat[1][:, None], 0)
    means = np.einsum("drh,dh->dr", hidden, flat[2].reshape(len(hidden), -1)) + flat[3].reshape(-1, 1)
    chains = means.reshape(*found["sigma"].shape, -1)
    diagnosis = {"r_hat": float(np.max(r_hat(chains))), "r_hat_median": float(np.median(r_hat(chains)))}
    return split.scores(means, found["sigma"].ravel()) | diagnosis


@partial(jax.jit, static_argnums=2)
def _trained(inputs: jax.Array, outcomes: jax.Array, epochs: int, key: jax.Array) -> list[jax.Array]:
    """A network that has the least squares and penalty that Adam (Kingma & Ba 2015) finds from a random start."""
    one, two = jax.random.split(key)
    width = inputs.shape[1]
    start = [
        jax.random.normal(one, (width, HIDDEN)) * jnp.sqrt(2 / width),
        jnp.zeros(HIDDEN),
        jax.random.normal(two, (HIDDEN,)) * jnp.sqrt(2 / HIDDEN),
        jnp.zeros(()),
    ]

    def loss(weights: list[jax.Array]) -> jax.Array:
        penalty = sum(jnp.sum(each**2) for each in weights)
        return jnp.mean((outcomes - _output(weights, inputs)) ** 2) + DECAY * penalty

    def step(carry: tuple, index: jax.Array) -> tuple[tuple, None]:
        weights, first, second = carry
        slope = jax.grad(loss)(weights)
        rate = RATE * (1 + jnp.cos(jnp.pi * index / epochs)) / 2
        first = jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, first, slope)
        second = jax.tree.map(lambda old, new: 0.999 * old + 0.001 * new**2, second, slope)
        moved = jax.tree.map(
            lambda old, mean, square: (
                old - rate * mean / (1 - 0.9 ** (index + 1)) / (jnp.sqrt(square / (1 - 0.999 ** (index + 1))) + 1e-8)
            ),
            weights,
            first,
            second,
        )
        return (moved, first, second), None

    zeros = jax.tree.map(jnp.zeros_like, start)
    return jax.lax.scan(step, (start, zeros, zeros), jnp.arange(epochs))[0][0]


def _output(weights: list[jax.Array], inputs: jax.Array) -> jax.Array:
    return jax.nn.relu(inputs @ weights[0] + weights[1]) @ weights[2] + weights[3]


def by_ensemble(split: Split, seed: int) -> dict[str, float]:
    """Networks from different starts, each with the scatter of its training residuals."""
    means, sds = [], []
    for key in jax.random.split(jax.random.key(seed), MEMBERS):
        weights = _trained(split.inputs, split.outcomes, EPOCHS, key)
        means.append(_output(weights, jnp.asarray(split.new_inputs)))
        sds.append(jnp.std(split.outcomes - _output(weights, jnp.asarray(split.inputs))))
    return split.scores(np.array(means), np.array(sds))


def show(name: str, methods: dict[str, dict[str, dict[str, float]]]) -> None:
    """The mean over splits of each score, for each method, with the standard deviation over these."""
    print(f"\n| {name} | splits | RMSE | - log score | 90 % coverage | CRPS | seconds |")
    print("|---|---|---|---|---|---|---|")
    for method, splits in methods.items():
        found = {each: [split[each] for split in splits.values()] for each in COLUMNS}
        found["cov90"] = [100 * each for each in found["cov90"]]
        cells = [
            f"{np.mean(found[each]):.{digits}f}" + f" ± {np.std(found[each], ddof=1):.{digits}f}" * (len(splits) > 1)
            for each, digits in COLUMNS.items()
        ]
        print(f"| {method} | {', '.join(splits)} | {' | '.join(cells)} |")


COLUMNS = {"rmse": 2, "nll": 2, "cov90": 0, "crps": 2, "seconds": 0}
"""With how many digits each is shown."""


def main() -> None:
    """Measure, and print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="*", choices=[[], *OUTCOMES], help="which; both where none is named")
    parser.add_argument("--splits", type=int, nargs="*", default=SPLITS, help="which of 1, 2 and 3")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of each chain, after as many of warm-up")
    parser.add_argument("--peers", action="store_true", help="leave uqdsl out, which takes minutes for each split")
    asked = parser.parse_args()
    print(machine())
    known = json.loads(PEERS.read_text())
    for name in asked.data or OUTCOMES:
        found: dict[str, dict[str, dict[str, float]]] = {}
        for number in asked.splits:
            split = read_split(name, number)
            methods = {"uqdsl": partial(by_uqdsl, name, number, draws=asked.draws)} if not asked.peers else {}
            methods["ensemble"] = partial(by_ensemble, seed=number)
            for method, measure in methods.items():
                began = time.process_time()
                scores = measure(split=split)
                scores["seconds"] = time.process_time() - began
                found.setdefault(method, {})[str(number)] = scores
                told = ", ".join(f"{each} {score:.3g}" for each, score in scores.items())
                print(f"{name}, split {number}, {method}: {told}", flush=True)
        for method, splits in known[name].items():
            found[f"{method}, before"] = {str(number): splits[str(number)] for number in asked.splits}
        show(name, found)


if __name__ == "__main__":
    main()
