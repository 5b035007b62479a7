"""Zarr, formats 2 and 3, in a directory; arrays match by their names and those of their dimensions."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from uqdsl.data.conventions import decode
from uqdsl.data.form import Arrays, Variable
from uqdsl.data.sizes import verify_values
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, PackageMissing, RefusedFile

_MARKS = (".zarray", ".zgroup", ".zmetadata", "zarr.json")
_PLAIN = frozenset(
    ("bytes", "endian", "transpose", "sharding_indexed", "vlen-utf8", "vlen-bytes", "json2", "crc32", "crc32c",
     "adler32", "fletcher32", "blosc", "gzip", "zstd", "zlib", "lz4", "lzma", "bz2", "shuffle", "bitround", "delta",
     "fixedscaleoffset", "quantize", "packbits", "astype")
)  # fmt: skip
"""Codecs that only rearrange or compress bytes. Others, `pickle` above all, can run code while they read."""


def read_zarr(path: Path, name: str, at: Span) -> Arrays:
    """The arrays of a group; those called as their only dimension are its labels.

    Raises:
        DataError: UQ406, UQ409, UQ410; when an array is read, UQ406, UQ408.
    """
    _verify_codecs(path, name, at)
    with _reporting(name, at):
        import zarr
        from zarr.storage import LocalStore

        group = zarr.open_group(LocalStore(path, read_only=True), mode="r", use_consolidated=False)
        arrays = dict(group.arrays())
        variables = {
            key: Variable(_dims(each), each.shape, lambda key=key, each=each: _read(each, key, name, at))
            for key, each in arrays.items()
        }
    return Arrays(name, variables)


@contextmanager
def _reporting(name: str, at: Span) -> Iterator[None]:
    """Whatever the library says of a damaged group, it is one problem."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (DataError, MemoryError):
        raise
    except ImportError:
        raise DataError([PackageMissing(at=at, path=name, package="zarr")]) from None
    except Exception:  # noqa: BLE001 - random bytes in any of many files
        raise DataError([_damaged(name, at)]) from None


def _read(array: Any, key: str, name: str, at: Span) -> np.ndarray:
    verify_values(array.shape, key, name, at)
    with _reporting(name, at):
        attributes = dict(array.attrs)
        if array.metadata.zarr_format == 2 and array.metadata.fill_value is not None:
            # Format 2 keeps what xarray calls `_FillValue` here; zero is what most writers put where they mean nothing.
            mark = np.asarray(array.metadata.fill_value)
            if mark.dtype.kind in "iuf" and mark != 0:
                attributes.setdefault("_FillValue", mark)
        attributes = {mark: value for mark, value in attributes.items() if not _encoded(mark, value)}
        return decode(np.asarray(array[...]), attributes)
    raise AssertionError


def _encoded(mark: str, value: object) -> bool:
    """Whether a fill value is text, in which xarray keeps the bytes of one of format 3: NaN, which shows itself."""
    return mark in ("_FillValue", "missing_value") and isinstance(value, str)


def _dims(array: Any) -> tuple[str, ...] | None:
    named = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    if not isinstance(named, list | tuple) or len(named) != len(array.shape) or not all(named):
        return None
    return tuple(map(str, named))


def _verify_codecs(path: Path, name: str, at: Span) -> None:
    """Look through the metadata before the library does, which makes its codecs as it reads them."""
    marks = [each for mark in _MARKS for each in (*path.glob(mark), *path.glob(f"*/{mark}"))]
    if not marks:
        raise DataError([_damaged(name, at)])
    for mark in marks:
        try:
            content = json.loads(mark.read_bytes())
        except (ValueError, RecursionError, OSError):
            raise DataError([_damaged(name, at)]) from None
        for codec in _codecs(content):
            if codec.removeprefix("numcodecs.").lower() not in _PLAIN:
                reason = f"what is in it is encoded by `{codec}`, which may run code"
                raise DataError([RefusedFile(at=at, place=Place(name), path=name, reason=reason)])


def _codecs(content: object) -> Iterator[str]:
    """The names of all codecs in the metadata of an array or, consolidated, of many."""
    waiting = [(content, False)]
    while waiting:
        part, codec = waiting.pop()
        if isinstance(part, dict):
            if codec:
                yield from (str(part[key]) for key in ("id", "name") if key in part)
            waiting += [
                (each, codec or key in ("filters", "compressor", "codecs", "index_codecs"))
                for key, each in part.items()
                if key not in ("attributes", ".zattrs")
            ]
        elif isinstance(part, list):
            waiting += [(each, codec) for each in part]


def _damaged(name: str, at: Span) -> DamagedFile:
    reason = "something in it is cut off or missing"
    return DamagedFile(at=at, place=Place(name), path=name, form="Zarr", reason=reason)
