"""Rows of the table of assimilation by DAPPER, for an interpreter that has it: rows as JSON come in, scores as JSON go out.

`python benchmarks/dapper_rows.py < rows.json`. Each row has `setup`, `method`, `arguments`, `options`, `seeds` and `cycles`.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import warnings
from types import ModuleType
from typing import Any

SETUPS = {
    "Lorenz63.sakov2012": "dapper.mods.Lorenz63.sakov2012",
    "Lorenz63.ramgraber2022": "dapper.mods.Lorenz63.ramgraber2022",
    "Lorenz96.sakov2008": "dapper.mods.Lorenz96.sakov2008",
    "LA.raanes2015": "dapper.mods.LA.raanes2015",
    "LorenzUV.wilks05": "dapper.mods.LorenzUV.wilks05",
}


def _model(module: ModuleType) -> Any:
    """The twin experiment of a set-up; of one that has a truncated model too, with all scales."""
    return module.HMM if hasattr(module, "HMM") else module.HMM_full


def main() -> None:
    """Measure each row."""
    warnings.filterwarnings("ignore")
    import dapper.da_methods as methods  # type: ignore[reportMissingImports]
    import dapper.mods as modelling  # type: ignore[reportMissingImports]
    from dapper.tools.seeding import set_seed  # type: ignore[reportMissingImports]

    modelling.rc.comps.error_only = True
    found = []
    for row in json.load(sys.stdin):
        model = _model(importlib.import_module(SETUPS[row["setup"]])).copy()
        model.tseq.Ko = row["cycles"]
        scores, seconds = [], []
        for seed in row["seeds"]:
            set_seed(3000 + seed)
            truth, seen = model.simulate()
            method = getattr(methods, row["method"])(*row["arguments"], **row["options"])
            began = time.perf_counter()
            method.assimilate(model, truth, seen)
            seconds.append((time.perf_counter() - began) / (row["cycles"] + 1))
            method.stats.average_in_time()
            scores.append(float(method.avrgs.err.rms.a.val))
        found.append({"scores": scores, "seconds": min(seconds)})
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
