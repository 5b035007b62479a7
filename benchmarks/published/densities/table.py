"""Every posterior with its data set and its density."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jax import Array

from benchmarks.published.densities import latent, regressions, series
from benchmarks.published.densities.regressions import half_cauchy_scatter, log_volume, regression


class Density(NamedTuple):
    """The data set of a posterior, and its log density given data and unknowns."""

    data: str
    log_density: Callable[[Mapping[str, Any], Mapping[str, Array]], Array]


DENSITIES: dict[str, Density] = {
    "arK_arK": Density("arK", series.autoregression),
    "earnings_earn_height": Density("earnings", regression(lambda d: (d["earn"], [d["height"]]))),
    "earnings_log10earn_height": Density("earnings", regression(lambda d: (np.log10(d["earn"]), [d["height"]]))),
    "earnings_logearn_height_male": Density(
        "earnings", regression(lambda d: (np.log(d["earn"]), [d["height"], d["male"]]))
    ),
    "earnings_logearn_interaction": Density(
        "earnings", regression(lambda d: (np.log(d["earn"]), [d["height"], d["male"], d["height"] * d["male"]]))
    ),
    "eight_schools_eight_schools_centered": Density("eight_schools", latent.schools),
    "garch_garch11": Density("garch", series.garch),
    "gp_pois_regr_gp_pois_regr": Density("gp_pois_regr", latent.counts_along_a_line),
    "hmm_example_hmm_example": Density("hmm_example", series.hidden_markov),
    "hudson_lynx_hare_lotka_volterra": Density("hudson_lynx_hare", series.hares_and_lynxes),
    "kidiq_kidscore_momhs": Density(
        "kidiq", regression(lambda d: (d["kid_score"], [d["mom_hs"]]), half_cauchy_scatter)
    ),
    "kidiq_kidscore_momhsiq": Density(
        "kidiq", regression(lambda d: (d["kid_score"], [d["mom_hs"], d["mom_iq"]]), half_cauchy_scatter)
    ),
    "kidiq_kidscore_momiq": Density(
        "kidiq", regression(lambda d: (d["kid_score"], [d["mom_iq"]]), half_cauchy_scatter)
    ),
    "kidiq_with_mom_work_kidscore_interaction_c": Density(
        "kidiq_with_mom_work", regression(regressions.centered_interaction)
    ),
    "kidiq_with_mom_work_kidscore_interaction_z": Density(
        "kidiq_with_mom_work", regression(regressions.standardized_interaction)
    ),
    "kilpisjarvi_mod_kilpisjarvi": Density("kilpisjarvi_mod", regressions.kilpisjarvi),
    "low_dim_gauss_mix_low_dim_gauss_mix": Density("low_dim_gauss_mix", latent.mixture),
    "mcycle_gp_accel_gp": Density("mcycle_gp", latent.crash),
    "mesquite_logmesquite": Density("mesquite", regression(regressions.log_mesquite)),
    "mesquite_logmesquite_logva": Density(
        "mesquite",
        regression(lambda d: (np.log(d["weight"]), [log_volume(d), np.log(d["diam1"] * d["diam2"]), d["group"]])),
    ),
    "mesquite_logmesquite_logvolume": Density("mesquite", regression(lambda d: (np.log(d["weight"]), [log_volume(d)]))),
    "mesquite_mesquite": Density("mesquite", regression(regressions.mesquite)),
    **{f"nes{year}_nes": Density(f"nes{year}", regression(regressions.party)) for year in (1972, 1980, 1988, 1996)},
    "sblrc_blr": Density("sblrc", regressions.matrix_regression),
    "sblri_blr": Density("sblri", regressions.matrix_regression),
}
"""By the name of the spec."""
