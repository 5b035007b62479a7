"""The posteriors that are compared, with their data as plain arrays; imported by every peer, so that it needs NumPy alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

SPECS = Path(__file__).parents[2] / "specs"
type Data = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """A posterior.

    - spec: the file of it.
    - data: loads what the peers are given.
    - model: of the peers, which may serve several posteriors.
    - names: the unknowns that are compared, called so by every peer.
    - target_accept, dense, max_tree_depth: of NUTS, as in the spec. Stan has no dense metric in PyStan.
    """

    spec: Path
    data: Callable[[], Data]
    model: str
    names: tuple[str, ...]
    target_accept: float = 0.8
    dense: bool = False
    max_tree_depth: int = 10


def _json(name: str) -> Data:
    known = json.loads((SPECS / "posteriordb" / "data" / f"{name}.json").read_text(encoding="utf-8"))
    return {key: np.array(value, dtype=float) if isinstance(value, list) else value for key, value in known.items()}


def _regression(y: np.ndarray, *columns: Any, **priors: Any) -> Data:
    """Data of `regression`: priors `mean` and `scale` of coefficients (0 is flat) and `sigma`, a law and its scale."""
    X = np.column_stack([np.ones(len(y)) * each for each in columns])
    width = X.shape[1]
    return {
        "y": y,
        "X": X,
        "mean": np.zeros(width),
        "scale": np.zeros(width),
        "half_normal": 0.0,
        "half_cauchy": 0.0,
        **priors,
    }


def kidiq() -> Data:
    """Test scores, by schooling and IQ of the mother."""
    known = _json("kidiq")
    return _regression(known["kid_score"], 1, known["mom_hs"], known["mom_iq"], half_cauchy=2.5)


def earnings() -> Data:
    """Logarithm of earnings, by height, sex and both."""
    known = _json("earnings")
    height, male = known["height"], known["male"]
    return _regression(np.log(known["earn"]), 1, height, male, height * male)


def nes1972() -> Data:
    """Party identification."""
    known = _json("nes1972")
    ages = [known["age_discrete"] == group for group in (2, 3, 4)]
    rest = [known[name] for name in ("educ1", "gender", "income")]
    return _regression(known["partyid7"], 1, known["real_ideo"], known["race_adj"], *ages, *rest)


def mesquite() -> Data:
    """Logarithm of the weight of leaves."""
    known = _json("mesquite")
    logs = [np.log(known[name]) for name in ("diam1", "diam2", "canopy_height", "total_height", "density")]
    return _regression(np.log(known["weight"]), 1, *logs, known["group"])


def sblrc() -> Data:
    """Simulated, with correlated predictors."""
    known = _json("sblrc")
    return _regression(known["y"], *known["X"].T, scale=np.full(5, 10.0), half_normal=10.0)


def kilpisjarvi() -> Data:
    """Summer temperatures on a line through the years."""
    known = _json("kilpisjarvi_mod")
    scale = np.array([known["psalpha"], known["psbeta"]])
    return _regression(known["y"], 1, known["x"], mean=np.array([known["pmualpha"], known["pmubeta"]]), scale=scale)


def radon() -> Data:
    """Homes in counties."""

    def rows(name: str) -> list[dict[str, str]]:
        with (SPECS / "data" / name).open(encoding="utf-8") as lines:
            return list(csv.DictReader(lines))

    homes, counties = rows("radon_homes.csv"), rows("radon_counties.csv")
    labels = [row["county"] for row in counties]
    return {
        "floor": np.array([float(row["floor"]) for row in homes]),
        "county": np.array([labels.index(row["county"]) for row in homes]),
        "log_uranium": np.array([float(row["log_uranium"]) for row in counties]),
        "log_radon": np.array([float(row["log_radon"]) for row in homes]),
    }


def logistic(rows: int = 20_000, features: int = 50) -> Data:
    """Simulated: independent features, coefficients of a few tenths."""
    random = np.random.default_rng(20_000)
    X = random.normal(size=(rows, features))
    logits = -0.5 + X @ random.normal(0, 0.3, features)
    return {"X": X, "y": (random.uniform(size=rows) < 1 / (1 + np.exp(-logits))).astype(int)}


def mcycle() -> Data:
    """A motorcycle crash, with basis functions of time."""
    known = _json("mcycle_gp")
    names = ("Y", "Xgp_1", "slambda_1", "Xgp_sigma_1", "slambda_sigma_1")
    return {name: known[name].ravel() if name.startswith("slambda") else known[name] for name in names}


def lotka_volterra() -> Data:
    """Hares and lynxes."""
    return {name: value for name, value in _json("hudson_lynx_hare").items() if name in ("ts", "y", "y_init")}


_MCYCLE = (
    "Intercept", "sdgp_1", "lscale_1", "zgp_1", "Intercept_sigma", "sdgp_sigma_1", "lscale_sigma_1", "zgp_sigma_1",
)  # fmt: skip


def _posteriordb(spec: str, data: Callable[[], Data], model: str, names: str, **options: Any) -> Problem:
    return Problem(SPECS / "posteriordb" / f"{spec}.uq", data, model, tuple(names.split()), **options)


def _linear(spec: str, data: Callable[[], Data], **options: Any) -> Problem:
    return _posteriordb(spec, data, "regression", "beta sigma", dense=True, **options)


PROBLEMS: Mapping[str, Problem] = {
    "eight_schools": _posteriordb(
        "eight_schools_eight_schools_centered",
        partial(_json, "eight_schools"),
        "eight_schools",
        "mu tau theta",
        target_accept=0.95,
    ),
    "kidiq": _linear("kidiq_kidscore_momhsiq", kidiq),
    "earnings": _linear("earnings_logearn_interaction", earnings),
    "nes1972": _linear("nes1972_nes", nes1972),
    "mesquite": _linear("mesquite_logmesquite", mesquite),
    "sblrc": _linear("sblrc_blr", sblrc),
    "kilpisjarvi": _posteriordb(
        "kilpisjarvi_mod_kilpisjarvi", kilpisjarvi, "regression", "alpha beta sigma", dense=True
    ),
    "arK": _posteriordb("arK_arK", partial(_json, "arK"), "ark", "alpha beta sigma"),
    "garch": _posteriordb("garch_garch11", partial(_json, "garch"), "garch", "mu alpha0 alpha1 beta1"),
    "gp_pois_regr": _posteriordb(
        "gp_pois_regr_gp_pois_regr", partial(_json, "gp_pois_regr"), "gp_pois_regr", "rho alpha f"
    ),
    "hmm_example": _posteriordb("hmm_example_hmm_example", partial(_json, "hmm_example"), "hmm_example", "P mu"),
    "low_dim_gauss_mix": _posteriordb(
        "low_dim_gauss_mix_low_dim_gauss_mix", partial(_json, "low_dim_gauss_mix"), "gauss_mix", "mu sigma theta"
    ),
    "mcycle_gp": _posteriordb(
        "mcycle_gp_accel_gp", mcycle, "mcycle_gp", " ".join(_MCYCLE), target_accept=0.99, max_tree_depth=12
    ),
    "radon": Problem(SPECS / "radon.uq", radon, "radon", ("gamma", "mu_a", "sigma_a", "a", "b", "sigma")),
    "logistic": Problem(Path(__file__).parent / "logistic.uq", logistic, "logistic", ("alpha", "beta")),
    "lotka_volterra": _posteriordb(
        "hudson_lynx_hare_lotka_volterra", lotka_volterra, "lotka_volterra", "theta z_init sigma"
    ),
}
"""By a short name; the first thirteen are of posteriordb."""


def named(problem: Problem, draws: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The compared unknowns of draws `(chain, draw, ...)`; a regression on a line may call its coefficients apart."""
    if problem.names[:2] == ("alpha", "beta") and problem.model == "regression" and "alpha" not in draws:
        draws = {**draws, "alpha": draws["beta"][..., 0], "beta": draws["beta"][..., 1]}
    return {name: np.asarray(draws[name], dtype=float) for name in problem.names}


def show(draws: Mapping[str, np.ndarray]) -> None:
    """The answer of a peer's script: posterior means of each unknown."""
    for name, each in draws.items():
        print(name, each.mean((0, 1)).ravel()[:6])
    print("answered", flush=True)


def keep(draws: Mapping[str, np.ndarray], file: str, **numbers: float) -> None:
    """The end of every peer's script: what it measured, and its draws."""
    print("measured", json.dumps(numbers), flush=True)
    np.savez(file, **draws)
