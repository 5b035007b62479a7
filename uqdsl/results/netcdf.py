"""Groups of labelled arrays as a netCDF-4 file.

The numbers are laid out contiguously and their places are fixed when the file is made. So HDF5 writes only the frame
(names, dimensions, labels, attributes), and the numbers are written into it as plain bytes at known offsets. Three
things follow: a full disk is an ordinary `OSError` instead of a half-closed HDF5 file; a process killed while it
writes draws cannot damage the frame, so the file opens at any moment; and writing a chunk costs microseconds.
Draws are close to incompressible, so compression, which needs the other layout, would gain little.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uqdsl.messages.catalogue.files import DamagedResult
from uqdsl.messages.failure import RunError
from uqdsl.results.atomic import replacing, write_at
from uqdsl.results.groups import Group, Groups, Variable

if TYPE_CHECKING:
    import h5netcdf
    import h5py

_BLOCK = 1 << 24


class Slot(NamedTuple):
    """Where the numbers of a variable lie in a file: in C order from `offset`."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype


def write_netcdf(path: Path, groups: Groups) -> dict[tuple[str, str], Slot]:
    """Write groups as a file that `xarray.open_datatree(path, engine="h5netcdf")` reads; atomic.

    Returns where the numbers of each (group, variable) lie.

    Raises: UQ701, UQ702, UQ709.
    """
    with replacing(path) as temporary:
        slots = _write_frame(temporary, groups)
        descriptor = os.open(temporary, os.O_WRONLY)
        try:
            for (group, name), slot in slots.items():
                _write_values(descriptor, groups[group].variables[name].values, slot)
        finally:
            os.close(descriptor)
    return slots


def read_netcdf(path: Path) -> Groups:
    """Read what `write_netcdf` wrote.

    Raises: UQ705 if the file cannot be read as one.
    """
    import h5netcdf

    try:
        with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
            groups = {name: _read_group(group) for name, group in file.groups.items()}
            return {"": Group(attrs=_read_attributes(file)), **groups}
    except (OSError, KeyError, ValueError, RuntimeError) as failure:
        raise RunError([DamagedResult(path=str(path), reason="it is not a whole netCDF-4 file")]) from failure


def find_slots(path: Path) -> dict[tuple[str, str], Slot]:
    """Where the numbers of each (group, variable) of a file lie.

    Raises: UQ705.
    """
    import h5netcdf

    slots: dict[tuple[str, str], Slot] = {}
    try:
        with h5netcdf.File(path, "r") as file:
            for group, content in file.groups.items():
                for name, variable in content.variables.items():
                    offset = variable._h5ds.id.get_offset()  # noqa: SLF001 - h5netcdf does not tell where data lie
                    if offset is not None and name not in content.dimensions:
                        slots[group, name] = Slot(offset, variable.shape, np.dtype(variable.dtype))
    except (OSError, KeyError, ValueError, RuntimeError) as failure:
        raise RunError([DamagedResult(path=str(path), reason="it is not a whole netCDF-4 file")]) from failure
    return slots


def _write_frame(path: Path, groups: Groups) -> dict[tuple[str, str], Slot]:
    import h5netcdf
    import h5py

    text = h5py.string_dtype()
    slots: dict[tuple[str, str], Slot] = {}
    with h5netcdf.File(path, "w") as file:
        for group_name, group in groups.items():
            node = file.create_group(group_name) if group_name else file
            _write_attributes(node, group)
            node.dimensions = {dim: len(labels) for dim, labels in group.coords.items()}
            for dim, labels in group.coords.items():
                if labels.dtype.kind == "U":
                    node.create_variable(dim, (dim,), dtype=text, data=labels.astype(object))
                else:
                    node.create_variable(dim, (dim,), data=labels)
            for name, (dims, values) in group.variables.items():
                if values.dtype.kind in "UO":
                    node.create_variable(name, dims, dtype=text, data=values.astype(object))
                    continue
                if values.ndim == 0:
                    # HDF5 gives a scalar no fixed place, and it is too small to matter.
                    node.create_variable(name, data=values)
                    continue
                logical = values.dtype.kind == "b"
                dtype = np.dtype(np.int8) if logical else values.dtype.newbyteorder("=")
                variable = node.create_variable(name, dims, dtype=dtype, dcpl=_contiguous())
                if logical:
                    # netCDF has no booleans; this is xarray's mark for them.
                    variable.attrs["dtype"] = "bool"
                if values.size:
                    slots[group_name, name] = Slot(variable._h5ds.id.get_offset(), values.shape, dtype)  # noqa: SLF001
    return slots


def _contiguous() -> h5py.h5p.PropDCID:
    import h5py

    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return properties


def _write_attributes(node: h5netcdf.Group, group: Group) -> None:
    for name, value in group.attrs.items():
        node.attrs[name] = value


def _write_values(descriptor: int, values: np.ndarray, slot: Slot) -> None:
    """Write an array by blocks of its first axis, so that a broadcast or strided one is never copied whole."""
    row = slot.dtype.itemsize * int(np.prod(values.shape[1:]))
    rows = max(1, _BLOCK // max(row, 1))
    for start in range(0, values.shape[0], rows):
        write_at(descriptor, as_bytes(values[start : start + rows], slot.dtype), slot.offset + start * row)


def as_bytes(values: np.ndarray, dtype: np.dtype) -> memoryview:
    """The bytes of an array in C order, as `dtype`."""
    return memoryview(np.ascontiguousarray(values, dtype=dtype).reshape(-1).view(np.uint8))


def _read_attributes(node: h5netcdf.Group | h5netcdf.Variable) -> dict[str, str | int | float]:
    plain = {}
    for name, value in node.attrs.items():
        if isinstance(value, bytes):
            value = value.decode()
        plain[name] = value.item() if isinstance(value, np.generic | np.ndarray) and np.size(value) == 1 else value
    return plain


def _read_group(node: h5netcdf.Group) -> Group:
    variables: dict[str, Variable] = {}
    coords: dict[str, np.ndarray] = {}
    for name, variable in node.variables.items():
        values = np.asarray(variable[...])
        if values.dtype == object:
            values = values.astype(str)
        if _read_attributes(variable).get("dtype") == "bool":
            values = values.astype(bool)
        if name in node.dimensions:
            coords[name] = values
        else:
            variables[name] = Variable(tuple(variable.dimensions), values)
    return Group(variables, coords, _read_attributes(node))
