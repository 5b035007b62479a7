"""What a filter found, for a person."""

from __future__ import annotations

import math
from collections.abc import Iterator

from uqdsl.cli.summary import MOST_ROWS
from uqdsl.driver.assimilate import Assimilated
from uqdsl.ir import Spec


def print_assimilated(spec: Spec, found: Assimilated) -> None:
    """Print how a filter did: how well it follows what was observed, and the truth where there is one."""
    name = "" if found.asked.name == found.asked.method else f" ({found.asked.name})"
    print(f"\n{spec.name}, by {found.asked.method}{name}: {', '.join(found.asked.names)}")
    axis = spec.motion.axis if spec.motion is not None else ""
    for line in (*told(found), *at_end(found, axis)):
        print(line)


def told(found: Assimilated) -> Iterator[str]:
    """The same in lines."""
    numbers = found.found.numbers
    yield f"{numbers['cycles']:.0f} cycles with {numbers['observations']:.0f} observations"
    if "rmse_analysis" in numbers:
        yield (
            f"error (RMSE) {numbers['rmse_forecast']:.4g} before and {numbers['rmse_analysis']:.4g} after the observations, "
            f"spread {numbers['spread_analysis']:.4g}, CRPS {numbers['crps']:.4g}"
        )
        ratios = [f"{numbers[f'spread_skill_{when}']:.3g}" for when in ("forecast", "analysis")]
        yield f"spread over error {ratios[0]} before and {ratios[1]} after"
    elif "spread_analysis" in numbers:
        yield f"spread {numbers['spread_forecast']:.4g} before and {numbers['spread_analysis']:.4g} after the observations"
    if "spread_smoothed" in numbers:
        scores = (
            f"error (RMSE) {numbers['rmse_smoothed']:.4g}, spread {numbers['spread_smoothed']:.4g}, "
            f"spread over error {numbers['spread_skill_smoothed']:.3g}, CRPS {numbers['crps']:.4g}"
            if "rmse_smoothed" in numbers
            else f"spread {numbers['spread_smoothed']:.4g}"
        )
        yield f"smoothed, all observations taken in together: {scores}"
    elif "rmse_smoothed" in numbers:
        yield f"smoothed: error {numbers['rmse_smoothed']:.4g}"
    if "crps_observed" in numbers:
        yield f"CRPS of what is observed {numbers['crps_observed']:.4g}"
    if "log_evidence" in numbers:
        yield f"log evidence {numbers['log_evidence']:.6g}"
    if "signal" in numbers:
        yield f"innovations: mean square {numbers['innovation_ratio']:.3g} times what is expected"
        share = numbers["signal"] * numbers["cycles"] / numbers["observations"]
        yield f"degrees of freedom for signal {numbers['signal']:.3g} a cycle, {share:.2g} of each observation"
    if numbers["last_time"] > numbers["last_observed"]:
        ahead = (
            f", error {numbers['rmse_ahead']:.4g}, spread {numbers['spread_ahead']:.4g}"
            if "rmse_ahead" in numbers
            else ""
        )
        yield f"forecast from {numbers['last_observed']:g} to {numbers['last_time']:g}{ahead}"
    if found.interrupted:
        yield f"stopped at {numbers['last_time']:g}"
    if found.found.reasons:
        yield "suspect: do not rely on these estimates before this is mended"
        yield from (f"  - {reason}" for reason in found.found.reasons)
    else:
        yield "ok" if found.found.notes else "ok: innovations are as expected"
    yield from found.found.notes


def at_end(found: Assimilated, axis: str) -> Iterator[str]:
    """The last estimates of states and parameters in lines, where these have few elements."""
    few = [those for those in found.found.at_end.values() if len(those) <= MOST_ROWS]
    shown = [row for those in few for row in those.items()]
    if not shown:
        return
    width = max(len(label) for label, _ in shown)
    yield f"at {axis} = {found.found.numbers['last_time']:g}, mean ± standard deviation"
    for label, each in shown:
        digits = 1 - math.floor(math.log10(each.sd)) if each.sd > 0 and math.isfinite(each.sd) else 4
        written = (
            f"{each.mean:.{digits}f} ± {each.sd:.{digits}f}" if 0 <= digits <= 6 else f"{each.mean:.4g} ± {each.sd:.2g}"
        )
        yield f"  {label:{width}}  {written}"
