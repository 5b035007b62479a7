"""From a path as the spec names it to a file that may be read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from uqdsl.messages import DataError, Span, closest, listing
from uqdsl.messages.catalogue.data import FileMissing, FileUnreadable, NotAFile, OutsideFolder, RefusedFile


def find_file(written: str, folder: Path | None, allowed: Sequence[Path], at: Span) -> Path:
    """The file, or for Zarr the directory, that a spec names.

    Args:
        written: the path in the spec, relative to its folder.
        folder: of the spec; the working directory where it is None.
        allowed: other folders below which the file may lie.
        at: the statement that names it.

    Raises:
        DataError: UQ401 where there is none, UQ402 where it lies elsewhere, links followed, UQ403 where it is no file,
            UQ404 where the path cannot be one.
    """
    if "://" in written:
        hint = "uqdsl does not reach the network; download the file and name the copy"
        what = "an address on the web"
        raise DataError([NotAFile(at=at, path=written, what=what, expected="a file", hint=hint)])
    folder = Path() if folder is None else folder
    try:
        path = (folder / written).resolve()
        homes = [each.resolve() for each in (folder, *allowed)]
        if not any(path.is_relative_to(each) for each in homes):
            raise DataError([OutsideFolder(at=at, path=written, folder=str(path.parent))])
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise DataError([_missing(written, folder, at)]) from None
    except (OSError, RuntimeError) as error:
        reason = (getattr(error, "strerror", "") or "its links lead in a circle").lower()
        raise DataError([FileUnreadable(at=at, path=written, reason=reason)]) from None
    except ValueError:
        raise DataError([FileUnreadable(at=at, path=written, reason="this cannot be a path")]) from None
    _verify_kind(written, path, mode, homes, at)
    return path


def _verify_kind(written: str, path: Path, mode: int, homes: Sequence[Path], at: Span) -> None:
    is_zarr = path.suffix.lower() == ".zarr"
    if is_zarr and stat.S_ISDIR(mode):
        for inner in _walk(path):
            if not any(inner.resolve().is_relative_to(each) for each in homes):
                raise DataError(
                    [RefusedFile(at=at, path=written, reason="a link in it leads out of the spec's folder")]
                )
            if not inner.is_file():
                raise DataError([RefusedFile(at=at, path=written, reason="there is something else than files in it")])
    elif stat.S_ISDIR(mode):
        raise DataError([NotAFile(at=at, path=written, what="a directory", expected="a file")])
    elif not stat.S_ISREG(mode):
        raise DataError([NotAFile(at=at, path=written, what="a pipe or a device", expected="a file")])
    elif is_zarr:
        raise DataError([NotAFile(at=at, path=written, what="a file", expected="a directory with a Zarr group")])
    if not os.access(path, os.R_OK):
        raise DataError([FileUnreadable(at=at, path=written, reason="permission denied")])


def _missing(written: str, folder: Path, at: Span) -> FileMissing:
    looked = (folder / written).parent
    if not folder.is_dir():
        return FileMissing(at=at, path=written, folder=_named(folder), hint="that folder is not there")
    if not looked.is_dir():
        inner = Path(written).parent
        return FileMissing(at=at, path=written, folder=_named(folder), hint=f"there is no folder `{inner}` in it")
    names = sorted(each.name for each in looked.iterdir())
    near = closest(Path(written).name, names)
    alike = [name for name in names if not name.startswith(".") and name.endswith(".uq") == written.endswith(".uq")]
    hint = f"did you mean `{Path(written).parent / near}`?" if near else f"that folder has {listing(alike, last='and')}"
    if not near and not alike:
        hint = "that folder has none" if names else "that folder is empty"
    return FileMissing(at=at, path=Path(written).name, folder=_named(looked), hint=hint)


def _named(folder: Path) -> str:
    return "the working directory" if folder in (Path(), Path.cwd()) else f"`{folder}`"


def hash_file(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a directory, in hexadecimal."""
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for inner in sorted(_walk(path)):
        whole.update(f"{inner.relative_to(path).as_posix()}\n{hash_file(inner)}\n".encode())
    return whole.hexdigest()


def _walk(folder: Path) -> Iterator[Path]:
    """Everything in a folder and below that is not a folder itself; links are given, not followed."""
    for root, folders, files in os.walk(folder):
        yield from (Path(root, name) for name in files)
        yield from (Path(root, name) for name in folders if Path(root, name).is_symlink())
