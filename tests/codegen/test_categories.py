"""Categories and the labels of a dimension, compared with a label and with one another."""

from __future__ import annotations

import jax
import numpy as np
from numpyro import handlers

from .compiled import compiled

TEXT = """
dim arm = ["placebo", "drug", "both"]
data { given[i] : category(arm), taken[i] : category(arm), site[i] : category, y[i] : real }
prior m ~ Normal(0, 1)
let drug[arm]        = if arm == "drug" then m else 0
let others[arm]      = if arm != "drug" then m else 0
let same[arm, arm']  = if arm == arm' then m else 0
let obeyed[i]        = if given == taken then m else 0
let mine[i, arm]     = if given == arm then m else 0
let counted[arm]     = m * sum(arm == taken, over = i)
let early[arm]       = if arm == "both" and not (arm == "drug") then m else 0
let home[site]       = if site == "level 1" then m else 0
likelihood y[i] ~ Normal(drug[given] + others[given] + obeyed + home[site] + sum(mine + counted + early, over = arm)
                         + sum(same, over = [arm, arm']), 1)
"""


def test_comparisons():
    found = compiled(TEXT, {"i": 6})
    given, taken = (found.data[each] for each in ("given", "taken"))
    model = handlers.seed(handlers.substitute(found.model, data={"m": 2.0}), jax.random.key(0))
    sites = handlers.trace(model).get_trace(found.data, found.coords)
    arms = np.arange(3)
    wanted = {
        "drug": [0, 2, 0],
        "others": [2, 0, 2],
        "same": 2 * np.eye(3),
        "obeyed": 2 * (given == taken),
        "mine": 2 * (given[:, None] == arms),
        "counted": 2 * (arms[:, None] == taken).sum(axis=1),
        "early": [0, 0, 2],
        "home": [0, 2, 0],
    }
    for name, value in wanted.items():
        np.testing.assert_array_equal(sites[name]["value"], value, err_msg=name)
