"""Which reader reads which file; each is imported when the first of its files is met."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

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


def verify_format(written: str, at: Span) -> None:
    """Refuse the name of a file of no format that is read (UQ405)."""
    ending = Path(written).suffix.lower()
    if ending not in _READERS:
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
    module, _, function = _READERS[Path(written).suffix.lower()].partition(":")
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
