"""How all pictures look, and how they become files: of the same result always the same bytes.

Nothing of `matplotlib.pyplot` is used, so that no window, display or figure of the user's is touched. matplotlib reads its
style from one place for all threads; who draws holds a lock meanwhile.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import RLock

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

WIDTH = 9.0
"""Of every picture, in inches: a page across."""
INK, QUIET, FAINT = "#222222", "#767676", "#d9d9d9"

BLUE, SKY, GREEN, ORANGE, RED, PURPLE = "#0072b2", "#56b4e9", "#009e73", "#e69f00", "#d55e00", "#cc79a7"
"""Told apart by those who see colours otherwise (Okabe & Ito 2008, Color Universal Design)."""
SEVERAL = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
"""For things that have no colour of their own, such as chains."""

_STYLE = {
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
    "font.size": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: small files that can be searched
    "svg.hashsalt": "uqdsl",
    "text.color": INK,
    "text.parse_math": False,  # a label may hold dollars
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}
_LOCK = RLock()


class Drawing(Figure):
    """A matplotlib figure that a notebook shows."""

    def _repr_svg_(self) -> str:
        return svg(self)


@contextmanager
def drawn(height: float, title: str, note: str = "", width: float = WIDTH) -> Iterator[Drawing]:
    """A figure in the one style, to be drawn on.

    Arguments:
        height, width: in inches; the height without that of the title.
        title: what is to be seen, in plain words.
        note: a second line: how to read it, or what is left out.
    """
    with _style():
        top = 0.62 if note else 0.4
        figure = Drawing(figsize=(width, height + top), layout="constrained")
        below = 1 - top / (height + top)
        figure.get_layout_engine().set(rect=(0, 0, 1, below))  # type: ignore[union-attr]
        figure.text(0.08 / width, 1 - 0.1 / (height + top), title, fontsize=12, va="top")
        if note:
            figure.text(0.08 / width, 1 - 0.36 / (height + top), note, color=QUIET, va="top")
        yield figure


def grid(figure: Figure, count: int, columns: int) -> list[Axes]:
    """So many panels, row by row."""
    rows = -(-count // columns)
    return [figure.add_subplot(rows, columns, place + 1) for place in range(count)]


def legend(figure: Figure, handles: Sequence[object]) -> None:
    """What the colours mean, once for all panels, below them."""
    figure.legend(
        handles=list(handles), loc="outside lower left", ncols=len(handles), handlelength=1.6, columnspacing=1.8
    )


def bare(axes: Axes) -> None:
    """Leave out the axis of a density, whose values tell nobody anything."""
    axes.spines["left"].set_visible(False)
    axes.set_yticks([])
    axes.set_ylim(bottom=0)


def svg(figure: Figure) -> str:
    """The text of an SVG file."""
    file = io.StringIO()
    with _style():
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": "uqdsl"})
    return file.getvalue()


@contextmanager
def _style() -> Iterator[None]:
    with _LOCK, matplotlib.style.context(["default", _STYLE]), warnings.catch_warnings():
        # Whoever shows the file has the letters that are missing here.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
