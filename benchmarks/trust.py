"""Can the generated programs be trusted? Each against a density written by hand, at random points.

`python -m benchmarks.trust [NAME ...] [--write]`; `--write` puts the table into `docs/trust.md`.

For a position u on the unconstrained scale, the program's `log_density(u)` has to be, up to one constant for each
posterior,

    log p(t(u)) + log |det t'(u)|

with p the density of `benchmarks.published.densities`, which knows neither uqdsl nor NumPyro, and t the map from
positions to the unknowns of the reference. t is what the program's NumPyro `model` does when each site is given the
value that NumPyro's own `biject_to` of its support has there, and its Jacobian is differentiated, not stated, so that
`uqdsl.runtime` has no part in it, and a noncentered prior is checked as what it claims to be.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import uqdsl
from benchmarks.published.library import NAMES, RENAMED, SIMPLEXES, data_of, reference_of, spec_of

PAGE = Path(__file__).parents[1] / "docs" / "trust.md"
POINTS = 20
DENSITY_TOLERANCE, GRADIENT_TOLERANCE = 1e-10, 1e-8
SETTINGS: dict[str, dict[str, float]] = {"hudson_lynx_hare_lotka_volterra": {"tolerance": 1e-10}}
"""Of posteriors whose programs solve differential equations: with a tolerance that leaves no error of the solver to be seen.

Far from the mode populations explode, where no two solvers agree: all points are near it.
"""


class Agreement(NamedTuple):
    """How far the two are apart, at the worst point: relative to the density, and to the largest partial derivative."""

    unknowns: int
    density: float
    gradient: float

    @property
    def ok(self) -> bool:
        return self.density < DENSITY_TOLERANCE and self.gradient < GRADIENT_TOLERANCE


def model_of(name: str) -> uqdsl.Model:
    """The spec of a posterior."""
    return uqdsl.load(spec_of(name), settings=SETTINGS.get(name))


def agreement(name: str, program: uqdsl.Program, points: int = POINTS) -> Agreement:
    """Compare a program with the density by hand of a posterior."""
    import jax
    from jax.flatten_util import ravel_pytree

    first, unknowns_at = transform_of(program.numpyro_model)
    origin, unravel = ravel_pytree(first)
    ours = jax.jit(jax.value_and_grad(lambda flat: program.log_density(unravel(flat))))
    theirs = jax.jit(jax.value_and_grad(by_hand(name, lambda flat: unknowns_at(unravel(flat)))))
    found = [(*ours(u), *theirs(u)) for u in positions(ours, origin.size, points, far=name not in SETTINGS)]
    differences = np.array([our_value - value for our_value, _, value, _ in found])
    sizes = np.array([max(1.0, abs(value)) for _, _, value, _ in found])
    constant = differences[sizes.argmin()]  # where the least of it is lost to rounding
    slopes = [np.abs(our - their).max() / max(1.0, np.abs(their).max()) for _, our, _, their in found]
    apart = float(np.max(np.abs(differences - constant) / sizes))
    return Agreement(origin.size, apart, float(np.max(slopes)))


def transform_of(model: Callable[[], Any]) -> tuple[dict[str, Any], Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """A position of a NumPyro model, all zeros, and the map from positions to the values of all its unknowns."""
    import jax
    import jax.numpy as jnp
    from numpyro import handlers
    from numpyro.distributions import biject_to

    seeded = handlers.seed(model, jax.random.key(0))

    def is_latent(site: Mapping[str, Any]) -> bool:
        return site["type"] == "sample" and not site["is_observed"] and not site["fn"].support.is_discrete

    def values(position: Mapping[str, Any]) -> dict[str, Any]:
        def value_of(site: Mapping[str, Any]) -> Any:
            known = is_latent(site) and site["name"] in position
            return biject_to(site["fn"].support)(position[site["name"]]) if known else None

        anywhere = handlers.substitute(seeded, substitute_fn=_anywhere)
        sites = handlers.trace(handlers.substitute(anywhere, substitute_fn=value_of)).get_trace()
        return {key: site["value"] for key, site in sites.items() if site["type"] == "deterministic" or is_latent(site)}

    sites = handlers.trace(handlers.substitute(seeded, substitute_fn=_anywhere)).get_trace()
    shapes = {
        key: biject_to(site["fn"].support).inverse_shape(jnp.shape(site["value"]))
        for key, site in sites.items()
        if is_latent(site)
    }
    return {key: jnp.zeros(shape) for key, shape in shapes.items()}, values


def _anywhere(site: Mapping[str, Any]) -> Any:
    """Some value for a law that cannot be drawn from."""
    from numpyro.infer.initialization import init_to_uniform

    if site["type"] != "sample" or site["is_observed"]:
        return None
    law = site["fn"]
    while hasattr(law, "base_dist"):
        law = law.base_dist
    try:
        law.sample(site["kwargs"]["rng_key"])
    except NotImplementedError:
        return init_to_uniform(site)
    return None


def by_hand(name: str, unknowns_at: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any], Any]:
    """The density of a flat position, with the logarithm of the volume that the map to the reference's unknowns has."""
    import jax
    import jax.numpy as jnp

    from benchmarks.published.densities import DENSITIES

    data, log_density = data_of(DENSITIES[name].data), DENSITIES[name].log_density

    def free(flat: Any) -> Any:
        """The unknowns as one vector of as many elements as there are degrees of freedom."""
        named = in_reference(name, unknowns_at(flat))
        return jnp.concatenate([jnp.ravel(x[..., :-1] if key in SIMPLEXES else x) for key, x in named.items()])

    def density(flat: Any) -> Any:
        volume = jnp.linalg.slogdet(jax.jacrev(free)(flat))[1]
        return log_density(data, in_reference(name, unknowns_at(flat))) + volume

    return density


def in_reference(name: str, unknowns: Mapping[str, Any]) -> dict[str, Any]:
    """The unknowns by the names of the reference."""
    found = {}
    for key in dict.fromkeys(quantity.partition("[")[0] for quantity in reference_of(name)):
        target = RENAMED.get(name, {}).get(key, key)
        base, _, index = target.removesuffix("]").partition("[")
        at = tuple(slice(None) if each == "*" else int(each) - 1 for each in index.split(",") if each)
        found[key] = unknowns[base][at]
    return found


def positions(density: Callable[[Any], Any], size: int, count: int, *, far: bool = True) -> list[np.ndarray]:
    """Half of them from a normal approximation at the mode, where the posterior lives; half, if far, between -2 and 2.

    Far from the mode the likelihood may be so large that a fault in a prior would not be seen beside it.
    """
    from scipy.optimize import minimize

    def falling(flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = density(flat)
        return -float(value), -np.asarray(slope)

    random = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        top = minimize(falling, np.zeros(size), jac=True, method="BFGS", options={"maxiter": 1000})
    variances, axes = np.linalg.eigh(top.hess_inv)  # which the search only estimates: some may be below 0
    width = axes * np.sqrt(np.maximum(variances, 0.0))
    anywhere = random.uniform(-2, 2, (count // 2 if far else 0, size))
    steps = width @ random.normal(size=(size, count - len(anywhere)))
    return [*(top.x + _likely(density, top, step) for step in steps.T), *anywhere]


def _likely(density: Callable[[Any], Any], top: Any, step: np.ndarray) -> np.ndarray:
    """A step from the mode, halved until it leads to where draws of the posterior may be."""
    while not -float(density(top.x + step)[0]) < top.fun + 3 * step.size:
        step = step / 2
    return step


HEAD = """# Trust

Twenty-eight posteriors of [posteriordb](https://github.com/stan-dev/posteriordb) are specs in
[`specs/posteriordb`](../specs/posteriordb/README.md). For each, the program that `uqdsl compile` writes is held against a
log density written by hand in plain JAX, which knows neither uqdsl nor NumPyro, at 20 random points: ten drawn around the
mode, ten anywhere between -2 and 2 on the unconstrained scale. Up to one constant for each posterior the two are the same
function. The table has the largest difference of all points, relative to the density, and that of the gradient, relative to
its largest component. Where equations are solved in time, the solver's tolerance is 1e-10 and all points are near the mode.
What the draws say is compared with the published ones by [a benchmark](../benchmarks/README.md).

```sh
uv run python -m benchmarks.trust  # measures; with `--write` writes this page
```

| posterior | unknowns | log density | gradient |
|---|---|---|---|
"""


def page(rows: Mapping[str, Agreement | str]) -> str:
    """The page of the documents."""
    return HEAD + "".join(f"| {_row(name, found)} |\n" for name, found in rows.items())


def _row(name: str, found: Agreement | str) -> str:
    link = f"[`{name}`](../specs/posteriordb/{name}.uq)"
    if isinstance(found, str):
        return f"{link} | | {found} |"
    return f"{link} | {found.unknowns} | {found.density:.0e} | {found.gradient:.0e}"


def names_on(text: str) -> list[str]:
    """The posteriors of which a page has a row."""
    return re.findall(r"^\| \[`(\w+)`\]", text, re.MULTILINE)


def measure(names: Sequence[str]) -> dict[str, Agreement | str]:
    """Each posterior in turn, told as it is found."""
    rows: dict[str, Agreement | str] = {}
    for name in names:
        began = time.perf_counter()
        try:
            rows[name] = found = agreement(name, model_of(name).compile())
        except uqdsl.UqdslError as error:
            rows[name] = f"waits for what this version cannot run: {error.problems[0].code}"
            print(f"{name:44} does not check: {str(error).splitlines()[0]}", flush=True)
            continue
        print(
            f"{name:44} {found.unknowns:3} unknowns  density {found.density:.1e}  gradient {found.gradient:.1e}  "
            f"{'same' if found.ok else 'DIFFERENT'}  {time.perf_counter() - began:.1f} s",
            flush=True,
        )
    return rows


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, []], help="posteriors; all without")
    parser.add_argument("--write", action="store_true", help="write docs/trust.md")
    arguments = parser.parse_args()
    rows = measure(arguments.names or NAMES)
    if arguments.write:
        PAGE.write_text(page(rows), encoding="utf-8")
    raise SystemExit(not all(isinstance(each, Agreement) and each.ok for each in rows.values()))


if __name__ == "__main__":
    main()
