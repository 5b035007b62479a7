"""UQ2xx: names and dimensions that do not fit together."""

from __future__ import annotations

from uqdsl.messages.problem import Problem


class UndeclaredName(Problem):
    code = "UQ201"
    headline = "`{name}` is not declared"
    label = "nothing declares it"
    advice = "an unknown needs a prior: `prior {name} ~ …`"
    name: str


class DeclaredTwice(Problem):
    code = "UQ202"
    headline = "`{name}` is declared twice"
    label = "declared again"
    advice = "give one of them another name, or take it out"
    name: str


class UnknownDimension(Problem):
    code = "UQ203"
    headline = "there is no dimension `{dim}`"
    label = "neither a `dim` statement nor the data declare it"
    advice = "declare it: `dim {dim} = …`, or give a field of the data that dimension"
    dim: str


class Cycle(Problem):
    code = "UQ204"
    headline = "`{name}` depends on itself: {path}"
    label = "the cycle passes here"
    advice = "a quantity can use only what does not need it in turn"
    name: str
    path: str


class NotAValue(Problem):
    code = "UQ205"
    headline = "`{name}` is {what}, not a value"
    label = "a value is needed here"
    name: str
    what: str


class UnknownFunction(Problem):
    code = "UQ206"
    headline = "there is no function `{name}`"
    label = "not a function"
    name: str


class NotData(Problem):
    code = "UQ207"
    headline = "the likelihood of `{name}` needs data, but `{name}` is {what}"
    label = "not data"
    name: str
    what: str


class TwoLikelihoods(Problem):
    code = "UQ208"
    headline = "`{name}` has two likelihoods, so its data would count twice"
    label = "the second"
    advice = "keep one of the two"
    name: str


class RightHandDimension(Problem):
    code = "UQ211"
    headline = "the right-hand side ranges over `{dim}`, but `{name}` does not"
    label = "ranges over `{dim}`"
    name: str
    dim: str


class FactorDimension(Problem):
    code = "UQ212"
    headline = "a factor is one number, but this one ranges over `{dim}`"
    label = "ranges over `{dim}`"
    dim: str


class NoSuchDimension(Problem):
    code = "UQ214"
    headline = "`{name}` has no dimension `{dim}`"
    label = "not one of its dimensions"
    name: str
    dim: str


class ReducesNothing(Problem):
    code = "UQ215"
    headline = "`{function}` over `{dim}` has nothing to consume"
    label = "does not range over `{dim}`"
    function: str
    dim: str


class ReductionWithoutDimension(Problem):
    code = "UQ216"
    headline = "`{function}` does not say over which dimension"
    label = "`over = …` is missing"
    function: str


class DimensionsDiffer(Problem):
    code = "UQ217"
    headline = "the likelihood of `{name}` is over {given}, but the data are over {declared}"
    label = "over {given}"
    name: str
    given: str
    declared: str


class UnknownLabel(Problem):
    code = "UQ218"
    headline = "the dimension `{dim}` has no label {shown}"
    label = "not one of its labels"
    dim: str
    shown: str


class UnclearSelection(Problem):
    code = "UQ219"
    headline = "it is not clear along which dimension of `{name}` this selects"
    label = "which dimension?"
    name: str


class RepeatedDimension(Problem):
    code = "UQ220"
    headline = "the dimension `{dim}` stands twice"
    label = "again"
    advice = "the second copy of a dimension is written `{dim}'`"
    dim: str


class HomelessList(Problem):
    code = "UQ221"
    headline = "a list has no dimension to lie along here"
    label = "along which dimension?"
    advice = "name it: declare the list as data in place, `x[k] : real = […]`, or as `let x[k] = […]`"


class ListLength(Problem):
    code = "UQ222"
    headline = "the dimension `{dim}` has {expected}, but the list has {found}"
    label = "{found}"
    dim: str
    expected: str
    found: str


class UnknownModifier(Problem):
    code = "UQ223"
    headline = "`{name}` is not a modifier of {what}"
    label = "not known here"
    name: str
    what: str


class UnknownKind(Problem):
    code = "UQ224"
    headline = "there is no kind of data `{name}`"
    label = "not a kind"
    name: str


class UnknownSetting(Problem):
    code = "UQ225"
    headline = "the spec has no setting `{name}`"
    name: str


class NotADimensionName(Problem):
    code = "UQ226"
    headline = "a dimension is named here, not computed"
    label = "the name of a dimension is needed"


class SharedName(Problem):
    code = "UQ227"
    headline = "`{name}` is both a dimension and {what}"
    label = "takes the name of the dimension"
    advice = "only a dimension's own category column or coordinate may share its name"
    name: str
    what: str


class UnknownPart(Problem):
    code = "UQ228"
    headline = "`{name}` is not a part of the data"
    label = "not known here"
    advice = "the parts are `training`, `testing` and `new`"
    name: str


class NothingToSelect(Problem):
    code = "UQ229"
    headline = "{what} has no {further}dimension to select along"
    label = "selects here"
    what: str
    further: str = ""


class NoLabels(Problem):
    code = "UQ230"
    headline = "nothing says how long the dimension `{dim}` is"
    label = "neither a size nor labels, and no data range over it"
    advice = 'give it a size, as in `dim {dim} = 3`, or labels, as in `dim {dim} = ["a", "b"]`'
    dim: str


class NoSuchPart(Problem):
    code = "UQ231"
    headline = "`{name}` is {what}, so it has no part `{part}`"
    label = "not a part of it"
    name: str
    what: str
    part: str


class DottedName(Problem):
    code = "UQ232"
    headline = "`{name}` cannot be declared, because a name has no dots in it"
    label = "choose a name without dots"
    name: str


class NoBoundary(Problem):
    code = "UQ233"
    headline = "nothing says what lies beyond the ends of `{dim}`"
    label = "falls off the end of `{dim}`"
    advice = "say it where the dimension is declared: `dim {dim} … periodic`, `clamped` or `fixed(0)`"
    dim: str


class UnclearCopy(Problem):
    code = "UQ234"
    headline = "a copy is made along the only dimension of a value, but {what} has {found}"
    label = "along which dimension?"
    what: str
    found: str


class NoStart(Problem):
    code = "UQ235"
    headline = "`{name}` looks back along `{dim}`, but nothing says how it starts"
    label = "looks back from the first {dim}"
    advice = "end the statement with `starting at …`: a value, a law in a prior, or a list of one for each step back"
    name: str
    dim: str


class WrongLag(Problem):
    code = "UQ236"
    headline = "a step along `{dim}` is a whole number or a dimension whose labels are such, but this is {what}"
    label = "how many steps?"
    dim: str
    what: str


class NothingShared(Problem):
    code = "UQ237"
    headline = "`@` contracts the one dimension that both sides share, but these share {found}"
    label = "share {found}"
    found: str


class NotSquare(Problem):
    code = "UQ238"
    headline = "`{function}` needs a matrix over a dimension and its copy, as `K[site, site']`, but this {what}"
    label = "{what}"
    function: str
    what: str


class CannotRecur(Problem):
    code = "UQ239"
    headline = "this recurrence cannot be followed, because {reason}"
    label = "looks back here"
    reason: str


class NothingStarts(Problem):
    code = "UQ240"
    headline = "`starting at` has nothing to start, because `{name}` does not look back along a dimension"
    label = "starts nothing"
    advice = "take it out, or look back, as in `x[t - 1]`"
    name: str


class NotAParameter(Problem):
    code = "UQ241"
    headline = "the function `{function}` uses `{name}`, which is not one of its parameters"
    label = "not a parameter"
    advice = "add it to the parameters, and give it at each call"
    function: str
    name: str


class WrongArgumentDimensions(Problem):
    code = "UQ242"
    headline = "`{function}` takes `{parameter}` over {expected}, but this is over {found}"
    label = "over {found}"
    function: str
    parameter: str
    expected: str
    found: str


class NoPopulation(Problem):
    code = "UQ243"
    headline = "some values of `{name}` are missing, and nothing says what they may be"
    label = "used here"
    advice = "state the law that its values follow: `population {name} ~ …`"
    name: str


class NothingMissing(Problem):
    code = "UQ244"
    headline = "`{name}` has no values that are missing, so its `population` is not needed"
    label = "not a field with missing values"
    advice = "declare that some are: `{name} : … missing`; or state a law of what is observed: `likelihood {name} ~ …`"
    name: str


class MissingOfWhole(Problem):
    code = "UQ266"
    headline = "elements of `{name}` may be missing, and `{law}` is a law of all of them together"
    label = "drawn together along `{event}`"
    advice = "`MultiNormal` has a law of any of them; or drop the rows that have gaps, and the word `missing`"
    name: str
    law: str
    event: str


class LabelsOfTwoDimensions(Problem):
    code = "UQ290"
    headline = "labels of `{one}` are compared with labels of `{other}`"
    label = "never the same"
    advice = "columns with the same labels have one dimension: `category({one})` for both"
    one: str
    other: str


class IncludeCycle(Problem):
    code = "UQ263"
    headline = "`{file}` includes itself: {path}"
    label = "the circle closes here"
    advice = "move what both files need to a third one, and include that in each"
    file: str
    path: str


class AsksInIncluded(Problem):
    code = "UQ264"
    headline = "an included file cannot have `{statement}` statements"
    label = "only the spec that is run asks something"
    advice = "move it to the spec that includes this file"
    statement: str


class NotInFile(Problem):
    code = "UQ265"
    headline = "the file that is included as `{alias}` declares no `{name}`"
    label = "nothing there declares it"
    alias: str
    name: str


class NoPythonFunction(Problem):
    code = "UQ273"
    headline = "`{origin}` names no function of a Python module, so there is no `{name}`"
    label = "not a module and a function"
    advice = 'write the module, a colon and the function: `from "package.module:function"`'
    name: str
    origin: str


class WrongResultKind(Problem):
    code = "UQ274"
    headline = "`{name}` is a function of Python, which gives real numbers, not `{kind}`"
    label = "not a kind of real numbers"
    name: str
    kind: str
