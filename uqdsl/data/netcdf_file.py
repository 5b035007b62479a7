"""NetCDF: version 4 by h5netcdf, version 3 by SciPy; variables match by their names and those of their dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uqdsl.data.conventions import ATTRIBUTES, decode
from uqdsl.data.form import Arrays, Variable
from uqdsl.data.sizes import verify_values
from uqdsl.messages import DataError, Place, Span
from uqdsl.messages.catalogue.data import DamagedFile, PackageMissing, RefusedFile

if TYPE_CHECKING:
    import h5py

_HDF5, _CLASSIC = b"\x89HDF\r\n\x1a\n", b"CDF"


def read_netcdf(path: Path, name: str, at: Span) -> Arrays:
    """The variables of the file's root group; those called as their only dimension are its labels.

    Fill values are missing; packed numbers (`scale_factor`, `add_offset`) are unpacked, and times become dates.

    Raises:
        DataError: UQ406, UQ409, UQ410; when a variable is read, UQ406, UQ408.
    """
    with path.open("rb") as file:
        start = file.read(len(_HDF5))
    if start.startswith(_CLASSIC):
        return _read_classic(path, name, at)
    if start != _HDF5:
        raise DataError([_damaged(name, at)])
    return _read_hdf5(path, name, at)


@contextmanager
def _reporting(name: str, at: Span) -> Iterator[None]:
    """Whatever a library says of a damaged file, it is one problem."""
    try:
        yield
    except (DataError, MemoryError):
        raise
    except ImportError as error:
        package = error.name or "h5netcdf"
        raise DataError([PackageMissing(at=at, path=name, package=package)]) from None
    except Exception:  # noqa: BLE001 - these libraries meet random bytes with every exception there is
        raise DataError([_damaged(name, at)]) from None


def _read_hdf5(path: Path, name: str, at: Span) -> Arrays:
    with _reporting(name, at):
        import h5netcdf
        import h5py

        with h5py.File(path, "r") as file:
            _verify_self_contained(file, name, at)
        with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
            variables = {
                key: Variable(
                    tuple(each.dimensions), tuple(each.shape), lambda key=key: _read_variable(path, key, name, at)
                )
                for key, each in file.variables.items()
            }
    return Arrays(name, variables)


def _verify_self_contained(file: h5py.File, name: str, at: Span) -> None:
    """HDF5 can hold links to other files, and data sets whose bytes lie elsewhere: those would be read unasked."""
    import h5py

    for key in file:
        link = file.get(key, getlink=True)
        item: Any = None if isinstance(link, h5py.ExternalLink) else file.get(key)
        # A link within the file may pass through one that leads out of it.
        outside = item is None or item.file.filename != file.filename
        if isinstance(item, h5py.Dataset):
            outside = outside or bool(item.external) or item.is_virtual
        if outside:
            reason = f"its `{key}` lies in another file"
            raise DataError([RefusedFile(at=at, place=Place(name, None, key, "variable"), path=name, reason=reason)])


def _read_variable(path: Path, key: str, name: str, at: Span) -> np.ndarray:
    with _reporting(name, at):
        import h5netcdf

        with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
            variable = file.variables[key]
            verify_values(variable.shape, key, name, at)
            return decode(np.asarray(variable[...]), dict(variable.attrs))
    raise AssertionError


def _read_classic(path: Path, name: str, at: Span) -> Arrays:
    with _reporting(name, at):
        from scipy.io import netcdf_file

        with netcdf_file(path, "r", mmap=False) as file:
            variables = {}
            for key, each in file.variables.items():
                dims, shape = tuple(each.dimensions), tuple(each.shape)
                verify_values(shape, key, name, at)
                values = np.array(each[...]) if shape else np.array(each.getValue())
                values = values.astype(values.dtype.newbyteorder("="))
                if values.dtype.kind == "S" and dims:
                    dims, values = dims[:-1], _joined(values)
                attributes = {mark: getattr(each, mark) for mark in ATTRIBUTES if hasattr(each, mark)}
                decoded = decode(values, attributes)
                variables[key] = Variable(dims, decoded.shape, lambda decoded=decoded: decoded)
    return Arrays(name, variables)


def _joined(characters: np.ndarray) -> np.ndarray:
    """Text that version 3 holds as single bytes along one more dimension."""
    width = characters.shape[-1]
    whole = np.ascontiguousarray(characters).view(f"S{width}")[..., 0] if width else np.full(characters.shape[:-1], b"")
    return np.array([each.decode("utf-8", "replace") for each in whole.ravel()], object).reshape(whole.shape)


def _damaged(name: str, at: Span) -> DamagedFile:
    reason = "it is cut off, or was never one"
    return DamagedFile(at=at, place=Place(name), path=name, form="NetCDF", reason=reason)
