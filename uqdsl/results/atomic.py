"""Files that are there whole or not at all, and what is said when the file system refuses."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from uqdsl.messages.catalogue.files import DiskFull, NotWritable, WriteFailed
from uqdsl.messages.failure import RunError
from uqdsl.messages.problem import Problem

TEMPORARY = ".part"
"""The ending of a file that is not whole yet; what a killed process leaves of these is rubbish."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT, errno.ENAMETOOLONG, errno.EEXIST}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Run a block that writes `path`; a refusal of the file system is raised as a coded problem.

    Raises: UQ701 not writable, UQ702 disk full, UQ709 any other failure.
    """
    try:
        yield
    except OSError as failure:
        raise RunError([_refusal(failure, path)]) from failure


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place, in one step, once the block has written it.

    The content reaches the disk before the name changes, so that `path` always holds an old or a new file, and
    never half of one, even if the machine stops.

    Raises: as `writing`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    with writing(path):
        try:
            yield temporary
            _sync(temporary)
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file atomically; text as UTF-8.

    Raises: as `writing`.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def write_at(descriptor: int, content: memoryview, offset: int) -> None:
    """Write bytes at an offset of an open file, however many calls that takes.

    Raises: OSError.
    """
    while content:
        # The kernel takes at most 2 GiB at a time.
        written = os.pwrite(descriptor, content[: 1 << 30], offset)
        content, offset = content[written:], offset + written


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refusal(failure: OSError, path: Path) -> Problem:
    number = failure.errno
    if number is None and (found := re.search(r"errno = (\d+)", str(failure))):
        # HDF5 reports the number only within its text.
        number = int(found.group(1))
    reason = os.strerror(number).lower() if number is not None else "the reason is not known"
    if number in _FULL:
        return DiskFull(path=str(path))
    if number in _FORBIDDEN:
        return NotWritable(path=str(path), reason=reason)
    return WriteFailed(path=str(path), reason=reason)
