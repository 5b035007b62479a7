"""Laws that are made of other unknowns: shrinkage priors of the coefficients of a regression.

Each is a product of a standard normal and of scales that are unknowns themselves, so that the sampler moves what is
independent in the prior. The unknowns stand in the results and in the program under names of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from uqdsl.vocabulary.distributions import MEAN_AND_CONCENTRATION, Distribution, Parameter
from uqdsl.vocabulary.supports import POSITIVE, REAL


class Part(NamedTuple):
    """An unknown of which a law is made.

    - symbol: its name in the formulas.
    - suffix: of its name after that of what is declared: `beta_global`.
    - law: of which it is drawn, with `arguments` as formulas of the law's parameters.
    - shared: one for all places along the event, which is also what is shown in the summary; else one for each.
    - joint: drawn for all places along the event at once.
    """

    symbol: str
    suffix: str
    law: str
    arguments: Mapping[str, str]
    shared: bool = False
    joint: bool = False


@dataclass(frozen=True)
class Composed(Distribution):
    """A law by the unknowns of which it is made, and the `formula` of a draw in terms of these and of its parameters."""

    parts: tuple[Part, ...] = ()
    formula: str = ""


_NORMAL = Part("z", "decentered", "Normal", {"mean": "0.0", "sd": "1.0"})
_GLOBAL = Part("tau", "global", "HalfCauchy", {"scale": "scale"}, shared=True)
_LOCAL = Part("local", "local", "HalfCauchy", {"scale": "1.0"})
_SCALE = Parameter("scale", POSITIVE, 1.0)

_TABLE = (
    # Carvalho, Polson and Scott 2010, eq. 1.
    Composed(
        "Horseshoe",
        (_SCALE,),
        REAL,
        "",
        "Normal(0, global local), where global is HalfCauchy(scale) and local HalfCauchy(1) for each place",
        event=1,
        parts=(_GLOBAL, _LOCAL, _NORMAL),
        formula="z * local * tau",
    ),
    # Piironen and Vehtari 2017, eq. 2.8, with the slab of section 2.3.
    Composed(
        "RegularizedHorseshoe",
        (_SCALE, Parameter("slab_scale", POSITIVE, 2.0), Parameter("slab_df", POSITIVE, 4.0)),
        REAL,
        "",
        "as the Horseshoe, with local / sqrt(1 + global^2 local^2 / slab) for local, where slab is "
        "ScaledInverseChiSquared(slab_df, slab_scale)",
        event=1,
        parts=(
            _GLOBAL,
            Part("slab", "slab", "ScaledInverseChiSquared", {"df": "slab_df", "scale": "slab_scale"}, shared=True),
            _LOCAL,
            _NORMAL,
        ),
        formula="z * tau * local / sqrt(1 + tau**2 * local**2 / slab)",
    ),
    # Zhang, Naughton, Bondell and Reich 2022, with normal coefficients, as in brms.
    Composed(
        "R2D2",
        (
            Parameter("alpha", POSITIVE),
            Parameter("beta", POSITIVE),
            Parameter("share", POSITIVE, 0.5),
            _SCALE,
        ),
        REAL,
        "",
        "Normal(0, scale sqrt(share r2 / (1 - r2))), where r2, the part of the variance that is explained, is "
        "Beta(alpha, beta), and the shares are Dirichlet",
        forms=(MEAN_AND_CONCENTRATION,),
        event=1,
        parts=(
            Part("r2", "r2", "Beta", {"alpha": "alpha", "beta": "beta"}, shared=True),
            Part("shares", "share", "Dirichlet", {"concentration": "share"}, joint=True),
            _NORMAL,
        ),
        formula="z * scale * sqrt(shares * r2 / (1 - r2))",
    ),
)

COMPOSED: dict[str, Composed] = {each.name: each for each in _TABLE}
"""Every law that is made of other unknowns, by its name."""

ALONE = frozenset({*COMPOSED, "GaussianProcess"})
"""Laws that stand alone in a prior, because they bring unknowns or quantities with them."""
