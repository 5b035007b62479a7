"""Where what took long to make is kept for the next time: a directory of the user's own."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def cache_directory(name: str) -> Path | None:
    """The directory `name` in `$UQDSL_CACHE`, else in `uqdsl` of the user's cache; created if need be.

    What lies in it is loaded as it is, and could be code: so it is None where anybody but the user may look into it, and
    where it cannot be made or written.
    """
    try:
        chosen, shared = os.environ.get("UQDSL_CACHE"), os.environ.get("XDG_CACHE_HOME")
        folder = Path(chosen) if chosen else (Path(shared) if shared else Path.home() / ".cache") / "uqdsl"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
    except (OSError, RuntimeError, ValueError):
        return None
    private = not hasattr(os, "getuid") or (
        stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077
    )
    return folder if private and os.access(folder, os.R_OK | os.W_OK | os.X_OK) else None
