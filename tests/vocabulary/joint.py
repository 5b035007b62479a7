"""Laws that are joint over a dimension, with what scipy, or the closed form, says of them.

A law of the language with an event that stands not here fails `test_every_joint_law_has_a_reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import special, stats

type Array = np.ndarray


class Joint(NamedTuple):
    """A joint law with parameters, by their standard names.

    - log_density: of one draw.
    - points: draws, of which the first is ordinary.
    - mean, variance: of each element of a draw; NaN where there is none.
    """

    given: Mapping[str, Any]
    log_density: Callable[[Array], float]
    points: Array
    mean: Array
    variance: Array


ROOTS = np.array([[1.3, 0.0, 0.0], [-0.4, 0.8, 0.0], [0.7, 0.2, 1.9]])
MATRIX = ROOTS @ ROOTS.T
CENTRE = np.array([1.0, -2.0, 0.5])
REAL = np.array([[0.3, 0.1, -0.2], [1.0, -2.0, 0.5], [40.0, -300.0, 1e3], [1e-9, 0.0, 1e6]])
SIMPLEX = np.array([[0.2, 0.3, 0.5], [1e-12, 0.5, 0.5 - 1e-12], [0.98, 0.01, 0.01]])
COUNTS = np.array([[3, 4, 5], [12, 0, 0], [0, 1, 11]])


def _dirichlet(*concentration: float) -> Joint:
    law = stats.dirichlet(concentration)
    return Joint(
        {"concentration": np.array(concentration)},
        lambda x: (np.log(x) * (np.array(concentration) - 1)).sum() + _log_ratio(concentration),
        SIMPLEX,
        law.mean(),
        law.var(),
    )


def _log_ratio(concentration: tuple[float, ...]) -> float:
    return special.gammaln(sum(concentration)) - special.gammaln(concentration).sum()


def _multi_student(df: float) -> Joint:
    variance = np.diag(MATRIX) * df / (df - 2) if df > 4 else np.full(3, np.nan)
    mean = CENTRE if df > 4 else np.full(3, np.nan)
    law = stats.multivariate_t(CENTRE, MATRIX, df)
    return Joint({"df": df, "location": CENTRE, "scale": MATRIX}, law.logpdf, REAL, mean, variance)


def _multinomial(trials: int, *probabilities: float) -> Joint:
    p = np.array(probabilities)
    given = {"trials": trials, "probabilities": p}
    return Joint(given, stats.multinomial(trials, p).logpmf, COUNTS, trials * p, trials * p * (1 - p))


def _dirichlet_multinomial(trials: int, *concentration: float) -> Joint:
    law = stats.dirichlet_multinomial(concentration, trials)
    given = {"trials": trials, "concentration": np.array(concentration)}
    return Joint(given, law.logpmf, COUNTS, law.mean(), law.var())


CORRELATIONS = np.array(
    [
        [[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]],
        [[1.0, 0.999, 0.9], [0.999, 1.0, 0.9], [0.9, 0.9, 1.0]],
        np.eye(3),
    ]
)


def _log_volume(size: int, concentration: float) -> float:
    """log of the integral of det(R)^(concentration - 1) (Lewandowski, Kurowicka and Joe 2009; as a product of onions)."""
    return sum(
        0.5 * k * np.log(np.pi)
        + special.gammaln(concentration + 0.5 * (size - 1 - k))
        - special.gammaln(concentration + 0.5 * (size - 1))
        for k in range(1, size)
    )


def _lkj(concentration: float) -> Joint:
    def log_density(x: Array) -> float:
        return (concentration - 1) * np.linalg.slogdet(x)[1] - _log_volume(3, concentration)

    # Each correlation is 2 b - 1 with b from Beta(a, a), a = concentration + (size - 2) / 2.
    variance = 1 / (2 * concentration + 2) * (1 - np.eye(3))
    return Joint({"concentration": concentration, "size": 3}, log_density, CORRELATIONS, np.eye(3), variance)


def _lkj_cholesky(concentration: float) -> Joint:
    def log_density(factor: Array) -> float:
        # The volume of L to that of R is the product of L_kk^(n - k).
        powers = 2 * (concentration - 1) + np.array([2, 1, 0])
        return (powers * np.log(np.diag(factor))).sum() - _log_volume(3, concentration)

    nowhere = np.full((3, 3), np.nan)
    given = {"concentration": concentration, "size": 3}
    return Joint(given, log_density, np.linalg.cholesky(CORRELATIONS), nowhere, nowhere)


def _wishart(df: float) -> Joint:
    law = stats.wishart(df, MATRIX)
    points = np.array([MATRIX, 5 * MATRIX + np.eye(3), np.eye(3)])
    return Joint({"df": df, "scale": MATRIX}, law.logpdf, points, law.mean(), law.var())


JOINT: dict[str, tuple[Joint, ...]] = {
    "Dirichlet": (_dirichlet(1.0, 2.0, 3.5), _dirichlet(0.3, 40.0, 1.0)),
    "MultiNormal": (
        Joint(
            {"mean": CENTRE, "covariance": MATRIX},
            stats.multivariate_normal(CENTRE, MATRIX).logpdf,
            REAL,
            CENTRE,
            np.diag(MATRIX),
        ),
    ),
    "MultiStudentT": (_multi_student(9.0), _multi_student(1.0)),
    "Multinomial": (_multinomial(12, 0.2, 0.3, 0.5), _multinomial(12, 0.02, 0.9, 0.08)),
    "DirichletMultinomial": (_dirichlet_multinomial(12, 1.0, 2.0, 3.5), _dirichlet_multinomial(12, 0.1, 40.0, 1.0)),
    "LKJ": (_lkj(1.0), _lkj(2.5), _lkj(0.6)),
    "LKJCholesky": (_lkj_cholesky(1.0), _lkj_cholesky(2.5), _lkj_cholesky(0.6)),
    "Wishart": (_wishart(3.5), _wishart(12.0)),
}

CASES = [
    (f"{name} {index}", name, reference)
    for name, references in JOINT.items()
    for index, reference in enumerate(references)
]
"""Each reference with an identifier and the name of its law."""
