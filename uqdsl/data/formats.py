"""Which reader reads which file; each is imported when the first of its files is met."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from uqdsl.data.content import PACKED, unpacked_name
from uqdsl.data.form import Arrays, Frame
from uqdsl.data.paths import hash_file
from uqdsl.messages import DataError, Place, Span, did_you_mean, listing
from uqdsl.messages.catalogue.data import FileUnreadable, TooLarge, UnknownFormat

_READERS = {
    ".csv": "csv_file:read_csv",
    ".tsv": "csv_file:read_csv",
    ".parquet": "parquet_file:read_parquet",
    ".json": "json_file:read_json",
    ".nc": "netcdf_file:read_netcdf",
    ".zarr": "zarr_group:read_zarr",
}


_PACKABLE = (".csv", ".tsv", ".json")
"""Formats of which files packed by gzip are read too."""
_ARCHIVES = (".zip", ".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz", ".rar")
_OF_TEXT = ("", ".txt", ".text", ".dat", ".data", ".tab", ".asc")


def _ending(written: str) -> str:
    return Path(unpacked_name(written)).suffix.lower()


def verify_format(written: str, at: Span) -> None:
    """Refuse the name of a file of no format that is read (UQ405)."""
    ending = _ending(written)
    if ending not in _READERS or (ending not in _PACKABLE and unpacked_name(written) != written):
        if unpacked_name(written) != written:
            hint = f"unpack it: of packed files `{'`, `'.join(each + PACKED for each in _PACKABLE)}` are read"
        elif ending in _ARCHIVES:
            hint = "unpack it, and name the file that was in it"
        elif ending in _OF_TEXT:
            stem = Path(written).stem
            hint = f"if it is a table with commas or tabs, call it `{stem}.csv` or `{stem}.tsv`"
        else:
            hint = did_you_mean(ending, _READERS, otherwise="save the data as CSV, for instance from a spreadsheet")
        endings = listing(_READERS)
        raise DataError([UnknownFormat(at=at, place=Place(written), path=written, endings=endings, hint=hint)])


def read_file(path: Path, written: str, at: Span) -> tuple[Frame | Arrays, str]:
    """A data file, and its SHA-256.

    Args:
        path: of the file.
        written: how the spec names it, which tells its format.
        at: the statement that names it.

    Raises:
        DataError: UQ404, UQ406 to UQ413.
    """
    module, _, function = _READERS[_ending(written)].partition(":")
    reader = getattr(import_module(f"uqdsl.data.{module}"), function)
    try:
        return reader(path, written, at), hash_file(path)
    except OSError as error:
        reason = (error.strerror or "the reason is not known").lower()
        raise DataError([FileUnreadable(at=at, place=Place(written), path=written, reason=reason)]) from None
    except MemoryError:
        raise DataError([does_not_fit(written, at)]) from None


def does_not_fit(name: str, at: Span) -> TooLarge:
    """The problem of a source for which there is not enough memory (UQ408)."""
    found, most = "more values", "the memory of this machine can hold"
    return TooLarge(at=at, place=Place(name), what=f"`{name}`", found=found, most=most)
