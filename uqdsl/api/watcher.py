"""Progress, shown where somebody may be looking."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from uqdsl.driver.infer import Result, Unwatched
from uqdsl.infer.draws import Silent
from uqdsl.ir import Run

if TYPE_CHECKING:
    from uqdsl.uncertainty.chained import Watch


class Watcher:
    """Shows progress where somebody may be looking."""

    def __init__(self, progress: bool | None) -> None:
        self._progress = progress

    def begin(self, run: Run) -> Any:
        from uqdsl.driver.progress import error_console, make_progress

        if self._progress is False:
            return Silent()
        console = error_console()
        if self._progress is None and not (console.is_terminal or console.is_jupyter):
            return Silent()
        return make_progress(run, console)

    def sampled(self, result: Result) -> None: ...

    def busy(self, doing: str) -> AbstractContextManager[object]:
        from uqdsl.driver.progress import busy, error_console

        return nullcontext() if self._progress is False else busy(doing, error_console())

    def counting(self) -> AbstractContextManager[Watch]:
        from uqdsl.driver.progress import counting, error_console

        return Unwatched().counting() if self._progress is False else counting(error_console())

    def predicted(self, result: Result) -> None: ...

    def calibrated(self, result: Result) -> None: ...
