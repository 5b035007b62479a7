"""Results: the run directory, the streamed and the finished result file, and the labelled tree."""

from uqdsl.results.build import Drawn, build_groups, sample_groups
from uqdsl.results.directory import RunDirectory, create_run, latest_run, open_run
from uqdsl.results.groups import Group, Groups, Variable
from uqdsl.results.netcdf import read_netcdf, write_netcdf
from uqdsl.results.record import RunMethod, RunRecord, hash_arrays, start_record
from uqdsl.results.store import Store
from uqdsl.results.tree import as_groups, to_datatree, to_groups

__all__ = [
    "Drawn",
    "Group",
    "Groups",
    "RunDirectory",
    "RunMethod",
    "RunRecord",
    "Store",
    "Variable",
    "as_groups",
    "build_groups",
    "create_run",
    "hash_arrays",
    "latest_run",
    "open_run",
    "read_netcdf",
    "sample_groups",
    "start_record",
    "to_datatree",
    "to_groups",
    "write_netcdf",
]
