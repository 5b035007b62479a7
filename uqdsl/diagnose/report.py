"""`summary.json`, for machines."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from uqdsl.diagnose.compare import Comparison, comparison_json
from uqdsl.diagnose.cycles import Cycled
from uqdsl.diagnose.forecast import Forecast
from uqdsl.diagnose.simulations import Simulated
from uqdsl.diagnose.summary import Row
from uqdsl.diagnose.tested import Shifted, Tested
from uqdsl.diagnose.verdict import Verdict

MOST_ROWS = 1000
"""Of a prediction; `result.nc` has them all."""
_NUMBERS = ("mean", "sd", "q05", "q50", "q95", "mcse_mean", "ess_bulk", "r_hat")


class RunSummary(NamedTuple):
    """What the summary says of one run of the spec.

    - method: its name.
    - rows: of its posterior.
    - verdict: on its posterior.
    - seconds: wall time of its parts: `compile`, `sample`.
    - notes: what else is to be known of it, that does not make it suspect.
    """

    method: str
    rows: Sequence[Row]
    verdict: Verdict
    seconds: Mapping[str, float]
    notes: Sequence[str] = ()


def summary_json(
    *,
    spec: str,
    version: str,
    seed: int,
    runs: Mapping[str, RunSummary],
    predictions: Mapping[str, Sequence[Forecast]] | None = None,
    sources: Sequence[Mapping[str, Any]] = (),
    calibration: Mapping[str, Sequence[Tested]] | None = None,
    simulations: Mapping[str, Simulated] | None = None,
    comparison: Comparison | None = None,
    shift: Sequence[Shifted] = (),
    assimilation: Mapping[str, tuple[str, Cycled]] | None = None,
) -> str:
    """The text of `summary.json`: strict JSON, in which a number that is not finite is null.

    The whole is suspect if one of its runs is; the reasons then name the run, if there are several. `sources` is what is to be
    said of the sources of uncertainty, as it stands.
    """
    said = {name: run.verdict.reasons for name, run in runs.items()}
    said |= {name: found.reasons for name, (_, found) in (assimilation or {}).items()}
    reasons = [f"{name}: {each}" if len(said) > 1 else each for name, found in said.items() for each in found]
    content: dict[str, Any] = {
        "spec": spec,
        "version": version,
        "seed": seed,
        "status": "suspect" if reasons else "ok",
        "reasons": reasons,
        "runs": {name: _run(run) for name, run in runs.items()},
    }
    if sources:
        content["sources"] = list(sources)
    if predictions:
        content["prediction"] = {
            run: {each.name: _forecast(each) for each in forecasts} for run, forecasts in predictions.items()
        }
    if calibration:
        content["calibration"] = {
            run: {each.name: tested_json(each) for each in found} for run, found in calibration.items()
        }
    if comparison is not None:
        content["comparison"] = comparison_json(comparison)
    if simulations:
        content["simulations"] = {run: _simulated(each) for run, each in simulations.items()}
    if assimilation:
        content["assimilation"] = {
            name: {
                "method": method,
                **found.numbers,
                "at_end": {label: each._asdict() for those in found.at_end.values() for label, each in those.items()},
                "reasons": list(found.reasons),
                "notes": list(found.notes),
            }
            for name, (method, found) in assimilation.items()
        }
    if shift:
        content["shift"] = {each.name: _shifted(each) for each in shift}
    return json.dumps(strict(content), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _run(run: RunSummary) -> dict[str, Any]:
    return {
        "method": run.method,
        "status": run.verdict.status,
        "variables": {row.label: {name: getattr(row, name) for name in _NUMBERS} for row in run.rows},
        "diagnostics": run.verdict.diagnostics,
        "notes": list(run.notes),
        "seconds": dict(run.seconds),
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    """Of each row its numbers, as far as there are not too many, and of the whole its budget."""
    rows = [
        {
            "label": each.label,
            **each.numbers,
            **each.told,
            **(
                {"classes": {name: {**numbers, **told} for name, (numbers, told) in each.classes.items()}}
                if each.classes
                else {}
            ),
            **({"budget": each.budget} if each.budget else {}),
        }
        for each in forecast.rows(MOST_ROWS)
    ]
    content: dict[str, Any] = {"count": forecast.size, "rows": rows}
    if forecast.recalibrated:
        content["recalibrated"] = forecast.recalibrated
    if forecast.budget:
        content |= {"budget_of": forecast.shared, "budget": forecast.budget, "budget_error": forecast.budget_error}
        content["largest"] = [each._asdict() for each in forecast.dominant]
    return content


_SCORES = {"RMSE": "rmse", "CRPS": "crps", "log score": "nlpd", "predictive sd": "sharpness"}


def tested_json(tested: Tested) -> dict[str, Any]:
    """Predictions against testing data: their scores, the log score as a negative one, `nlpd`, and what intervals hold."""
    scores = {
        _SCORES.get(each.name, each.name.lower().replace(" ", "_")): -each.value
        if each.name == "log score"
        else each.value
        for each in tested.scores
    }
    content: dict[str, Any] = {"cases": tested.cases, "said": tested.said, "p_value": tested.p_value, **scores}
    if tested.levels:
        content["coverage"] = {f"{each.level:g}": each.held for each in tested.levels}
        content["width"] = {f"{each.level:g}": each.width for each in tested.levels}
        content["conformal_width"] = {f"{each.level:g}": each.conformal for each in tested.levels}
    return content


def _simulated(found: Simulated) -> dict[str, Any]:
    return {
        "said": found.said,
        "passed": found.passed,
        "p_value": found.p_value,
        "simulations": found.simulations,
        "failed": found.failed,
        "poor": found.poor,
        "quantities": {each.label: each.check.p_value for each in found.ranked[:MOST_ROWS]},
    }


def _shifted(shifted: Shifted) -> dict[str, Any]:
    return {
        "said": shifted.said,
        "p_value": shifted.p_value,
        **shifted.numbers,
        "outside": list(shifted.outside[:MOST_ROWS]),
    }


def strict(value: Any) -> Any:
    """A value as strict JSON has it: a number that is not finite is None."""
    if isinstance(value, dict):
        return {name: strict(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [strict(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
