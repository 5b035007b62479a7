"""A result as an ArviZ DataTree, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uqdsl.results.groups import Group, Groups, Variable

if TYPE_CHECKING:
    import xarray


def to_datatree(groups: Groups) -> xarray.DataTree:
    """The groups as one `xarray.DataTree`, as `xarray.open_datatree` gives it from the file; arrays are not copied."""
    import xarray

    return xarray.DataTree.from_dict({f"/{name}": _to_dataset(group) for name, group in groups.items()})


def to_groups(tree: xarray.DataTree) -> Groups:
    """A DataTree, however it was made, as groups; reads what is still on disk."""
    nodes = {node.path.strip("/"): node.dataset for node in tree.subtree}
    return {name: _to_group(dataset) for name, dataset in nodes.items() if name == "" or dataset.variables}


def as_groups(result: Groups | xarray.DataTree) -> Groups:
    """Either form of a result as groups."""
    return result if isinstance(result, dict) else to_groups(result)


def _to_dataset(group: Group) -> xarray.Dataset:
    import xarray

    variables = {name: (dims, values) for name, (dims, values) in group.variables.items()}
    return xarray.Dataset(variables, coords=group.coords, attrs=group.attrs)


def _to_group(dataset: xarray.Dataset) -> Group:
    variables = {
        str(name): Variable(tuple(str(dim) for dim in variable.dims), np.asarray(variable.values))
        for name, variable in dataset.data_vars.items()
    }
    coords = {
        str(dim): np.asarray(dataset.coords[dim].values) if dim in dataset.coords else np.arange(size)
        for dim, size in dataset.sizes.items()
    }
    return Group(variables, coords, {str(name): value for name, value in dataset.attrs.items()})
