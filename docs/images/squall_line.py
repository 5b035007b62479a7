"""Makes the picture of `specs/convection.uq`: what each method makes of a squall line of which twenty updraughts are observed.

`uv run python docs/images/squall_line.py`; it takes a minute.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray

import uqdsl
from uqdsl.report import canvas

TOP = Path(__file__).parents[2]
SITES = TOP / "specs" / "data" / "convection_sites.csv"
METHODS = {"letkf": "letkf", "diffusion": "diffusion", "netf": "netf", "free_run": "nothing taken in"}
SHOWN = {"updraught": ("updraught, m/s", 1.0, "RdBu_r"), "ice": ("ice, g/kg", 1000.0, "Blues")}
"""Rows of panels: what, in which unit, and in which colours."""
MINUTE = 30


def main() -> None:
    """Run the spec with each of its methods, and draw."""
    model = uqdsl.load(TOP / "specs" / "convection.uq", allow=[TOP], allow_extern=["specs.models.convection"])
    program = model.compile()
    found = {name: program.assimilate(name) for name in METHODS}
    drawing = draw(
        {name: each.estimates for name, each in found.items()}, np.genfromtxt(SITES, delimiter=",", names=True)
    )
    (Path(__file__).parent / "squall_line.svg").write_text(canvas.svg(drawing), encoding="utf-8")


def draw(found: dict[str, xarray.Dataset], sites: np.ndarray) -> canvas.Drawing:
    """The truth and the mean of each analysis, of what is observed and of what is not."""
    now = {name: each.sel(t=MINUTE) for name, each in found.items()}
    panels = {"truth": now["letkf"].air_truth} | {METHODS[name]: each.air_mean for name, each in now.items()}
    note = "points: where updraughts are observed; nobody observed ice"
    title = f"A squall line after {MINUTE} minutes, and what four methods make of it with 50 members"
    with canvas.drawn(3.4, title, note, width=11) as figure:
        axes = iter(canvas.grid(figure, len(SHOWN) * len(panels), len(panels)))
        for variable, (label, unit, colours) in SHOWN.items():
            most = float(abs(unit * panels["truth"].sel(variable=variable)).max())
            least = -most if variable == "updraught" else 0.0
            row = []
            for name, fields in panels.items():
                panel = next(axes)
                row.append(panel)
                field = unit * fields.sel(variable=variable)
                mesh = panel.pcolormesh(
                    field.x, 0.5 * field.z, field, cmap=colours, vmin=least, vmax=most, rasterized=True
                )
                if variable == "ice":
                    panel.set_xlabel("km")
                else:
                    panel.set_title(name)
                    panel.plot(sites["place"], 0.5 * sites["height"], ".", color=canvas.INK, markersize=3)
            row[0].set_ylabel("height, km")
            figure.colorbar(mesh, ax=row, label=label, aspect=12)
    return figure


if __name__ == "__main__":
    main()
