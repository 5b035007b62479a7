"""UQ4xx: data that do not fit the spec. Rows are counted from 1, below the header of a table."""

from __future__ import annotations

from uqdsl.messages.problem import Problem

# ------------------------------------------------------------------------------------------------------------- files


class FileMissing(Problem):
    code = "UQ401"
    headline = "there is no file `{path}` in {folder}"
    label = "is read for this statement"
    path: str
    folder: str


class OutsideFolder(Problem):
    code = "UQ402"
    headline = "`{path}` lies outside of the folder of the spec"
    label = "a spec reads only what lies below its own folder"
    advice = 'allow it: `--allow-path {folder}` on the command line, `uqdsl.load(…, allow=["{folder}"])` from Python'
    path: str
    folder: str


class NotAFile(Problem):
    code = "UQ403"
    headline = "`{path}` is {what}, but {expected} was expected"
    label = "is read for this statement"
    path: str
    what: str
    expected: str


class FileUnreadable(Problem):
    code = "UQ404"
    headline = "`{path}` cannot be read: {reason}"
    label = "is read for this statement"
    path: str
    reason: str


class UnknownFormat(Problem):
    code = "UQ405"
    headline = "`{path}` is of no format that is read"
    label = "its name ends in none of {endings}"
    path: str
    endings: str


class DamagedFile(Problem):
    code = "UQ406"
    headline = "`{path}` is not a sound {form} file: {reason}"
    label = "is read for this statement"
    advice = "write the file anew from where its data come from"
    path: str
    form: str
    reason: str


class WrongEncoding(Problem):
    code = "UQ407"
    headline = "`{path}` is not text in UTF-8: {reason}"
    label = "is read for this statement"
    advice = "save it as UTF-8; in a spreadsheet this is a choice of `save as`"
    path: str
    reason: str


class TooLarge(Problem):
    code = "UQ408"
    headline = "{what} has {found}, more than {most}"
    label = "too large"
    what: str
    found: str
    most: str


class PackageMissing(Problem):
    code = "UQ409"
    headline = "to read `{path}` the package `{package}` is needed, which is not installed"
    label = "is read for this statement"
    advice = "install it: `pip install {package}`"
    path: str
    package: str


class RefusedFile(Problem):
    code = "UQ410"
    headline = "`{path}` is not read, because {reason}"
    label = "is read for this statement"
    advice = "write the file anew with plain numbers and texts in it"
    path: str
    reason: str


# ------------------------------------------------------------------------------------------------- tables and columns


class EmptyTable(Problem):
    code = "UQ411"
    headline = "`{name}` has no {what}"
    label = "is read for this statement"
    name: str
    what: str


class UnevenRow(Problem):
    code = "UQ412"
    headline = "a row of `{path}` has {found}, but the header has {expected}"
    label = "is read for this statement"
    path: str
    found: str
    expected: str


class OpenQuote(Problem):
    code = "UQ413"
    headline = "a quoted text in `{path}` does not end where it should"
    label = "is read for this statement"
    advice = 'close it with `"`; a `"` within a quoted text is written twice'
    path: str


class MissingColumn(Problem):
    code = "UQ414"
    headline = "{where} has no {what} `{column}`"
    label = "`{column}` is needed here"
    where: str
    what: str
    column: str


class RepeatedColumn(Problem):
    code = "UQ415"
    headline = "`{path}` has {count} columns `{column}`"
    label = "which of them?"
    advice = "give each column a name of its own"
    path: str
    column: str
    count: int


# ------------------------------------------------------------------------------------------------------------ values


class MissingValue(Problem):
    code = "UQ421"
    headline = "`{name}` lacks {count}"
    label = "every one of its values is needed"
    name: str
    count: str


class WrongValue(Problem):
    code = "UQ422"
    headline = "{found} in `{name}` is not {expected}"
    label = "each must be {expected}"
    name: str
    found: str
    expected: str


# ------------------------------------------------------------------------------------------------------------ shapes


class WrongAxes(Problem):
    code = "UQ431"
    headline = "`{name}` is {declared}, but what is given is {found}"
    label = "{declared}"
    name: str
    declared: str
    found: str


class WrongDimensions(Problem):
    code = "UQ432"
    headline = "`{name}` is over {declared}, but in {where} it is over {found}"
    label = "over {declared}"
    name: str
    declared: str
    where: str
    found: str


class WrongLength(Problem):
    code = "UQ433"
    headline = "`{dim}` has {expected}, but {where} has {found}"
    label = "{found}"
    dim: str
    expected: str
    where: str
    found: str


class UnevenList(Problem):
    code = "UQ434"
    headline = "the lists in `{name}` differ in length, so they have no shape"
    label = "over {declared}"
    name: str
    declared: str


class WrongSpread(Problem):
    code = "UQ435"
    headline = "`{name}` is spread over {found}, but `{dim}` has {expected}"
    label = "one column for each label of `{dim}` is needed"
    name: str
    dim: str
    found: str
    expected: str


class ManyRows(Problem):
    code = "UQ436"
    headline = "`{name}` is one value, but {where} has {found}"
    label = "has no dimension"
    advice = "give it the dimension of these rows, as in `{name}[row]`"
    name: str
    where: str
    found: str


# ------------------------------------------------------------------------------------------------------------ labels


class MissingLabels(Problem):
    code = "UQ441"
    headline = "{where} lacks {labels} of `{dim}`, which {other} has"
    label = "a value for each label of `{dim}` is needed"
    where: str
    labels: str
    dim: str
    other: str


class UnknownLabels(Problem):
    code = "UQ442"
    headline = "`{shown}` in `{name}` is not among the labels of the dimension `{dim}`"
    label = "the labels of `{dim}` are those of {other}"
    name: str
    shown: str
    dim: str
    other: str


class RepeatedRow(Problem):
    code = "UQ443"
    headline = "{labels} has {count} in {where}, but one is expected"
    label = "one value for each"
    labels: str
    count: str
    where: str


class NoLabelColumn(Problem):
    code = "UQ444"
    headline = "{where} has no column `{dim}`, so nothing says which `{dim}` a row of `{name}` belongs to"
    label = "over `{dim}` too"
    where: str
    dim: str
    name: str


class MissingRow(Problem):
    code = "UQ445"
    headline = "{where} has no row for {labels}, so `{name}` lacks {count}"
    label = "a value for each combination of labels is needed"
    where: str
    labels: str
    name: str
    count: str


class RowsDisagree(Problem):
    code = "UQ446"
    headline = "rows {first} and {second} of {where} are both of {labels}, but differ in `{name}`"
    label = "one value for each"
    advice = "where it differs from row to row, it needs the dimension of the rows"
    first: int
    second: int
    where: str
    labels: str
    name: str


class UnlabelledRows(Problem):
    code = "UQ447"
    headline = "the rows of {where} have no labels of `{dim}`, but those of {other} do"
    label = "which row is which `{dim}`?"
    advice = "give {where} a column `{dim}` as well"
    where: str
    dim: str
    other: str


class LabelNotInData(Problem):
    code = "UQ448"
    headline = "in the data the dimension `{dim}` has no label {shown}"
    label = "asked for here"
    dim: str
    shown: str


class CoordinateNotNumeric(Problem):
    code = "UQ449"
    headline = "the dimension `{dim}` is used as a number, but its label {shown} is not one"
    label = "used as a number here"
    advice = (
        "only a dimension with numbers for labels has a coordinate to compute with: write them where it is declared, as "
        "in `dim {dim} = [1, 2]`, or into the data"
    )
    dim: str
    shown: str


class LabelsNotInOrder(Problem):
    code = "UQ466"
    headline = "values between the labels of `{dim}` are asked for, but these neither grow nor fall"
    label = "interpolated here"
    advice = "give its labels in order, where the dimension is declared or in the data"
    dim: str


# -------------------------------------------------------------------------------------------------- times and grades


class TimeOffAxis(Problem):
    code = "UQ454"
    headline = "the time {shown} in `{name}` lies {where} the axis `{dim}`, which is from {first} to {last}"
    label = "times of `{dim}`"
    name: str
    shown: str
    where: str
    dim: str
    first: str
    last: str


class WrongRanks(Problem):
    code = "UQ455"
    headline = "`{name}` has {labels}, but {cutpoints} divide {ranks}"
    label = "one grade more than cutpoints"
    name: str
    labels: str
    cutpoints: str
    ranks: str


class RankTooHigh(Problem):
    code = "UQ456"
    headline = "{shown} in `{name}` is beyond the last grade, {last}"
    label = "grades from 0 to {last}"
    name: str
    shown: str
    last: int


# ------------------------------------------------------------------------------------------------------- from Python


class NotGiven(Problem):
    code = "UQ451"
    headline = "`{name}` has no data"
    label = "neither a file nor values in place"
    name: str


class NoSuchField(Problem):
    code = "UQ452"
    headline = "the spec has no data `{name}` to give values to"
    name: str


class NotBindable(Problem):
    code = "UQ453"
    headline = "what is given for `{name}` is {what}, which does not hold data"
    label = "given from Python"
    advice = "give an array, a list, a pandas or polars table or series, an xarray object, or a dict of arrays"
    name: str
    what: str


# ------------------------------------------------------------------------------------------------------------ limits


class BeyondLimits(Problem):
    code = "UQ457"
    headline = "{found} in `{name}` is impossible, because {what} {interval}"
    label = "has a value beyond that"
    advice = "mend the value, or put the ends further out"
    name: str
    found: str
    what: str
    interval: str
