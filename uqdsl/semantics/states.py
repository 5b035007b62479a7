"""States that move along a time axis by differential equations, with no error of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from uqdsl import ir
from uqdsl.messages import Label, Span, did_you_mean, errors, listing
from uqdsl.messages.catalogue.kinds import GivenTwice
from uqdsl.messages.catalogue.names import UnknownDimension
from uqdsl.messages.catalogue.states import (
    DiffusionOfOthers,
    IncompleteState,
    LeavesItsKind,
    NoKindOfState,
    NoStep,
    NotAState,
    NotAStateEquation,
    NotATimeAxis,
    SolverOfOtherEquations,
    StatesMoveAtRandom,
    UnknownSolver,
)
from uqdsl.messages.catalogue.unbuilt import FeatureNotBuilt
from uqdsl.semantics.context import Context, Known, Typed
from uqdsl.semantics.expressions import number
from uqdsl.semantics.laws import lower_law
from uqdsl.semantics.left import check_modifiers, lower_axes
from uqdsl.semantics.options import resolve_options
from uqdsl.semantics.restrictions import decorrelated, is_noncentered
from uqdsl.semantics.walk import names_in, ungrouped
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.solvers import DEFAULT_SOLVER, SOLVERS, SolverOptions
from uqdsl.vocabulary.supports import KINDS, REAL

_RATE = "the rate of each state, as in `der(x) = …`"
START_MODIFIERS = ("noncentered", "truncated")
"""What may be said of the law of a state at the first time."""
_NAMES = {"initial": "a first value", "evolve": "a rate", "error": "an error"}
_START = "the value of each state at the first time, as in `x = 1` or `x ~ Normal(0, 1)`"


STATE_KINDS = ("real", "positive", "nonnegative", "unit")


def initial(name: str) -> str:
    """What the value of a state at the first time is called, where that is unknown."""
    return f"{name}.initial"


def noise(name: str) -> str:
    """What drives a state that diffuses."""
    return f"{name}.noise"


def lower_state(statement: tree.State, context: Context) -> tuple[tuple[ir.Statement, ...], dict[str, Known]] | None:
    """The unknowns and quantities of a `state` statement; None where a problem was reported."""
    axis = context.dims.get(statement.axis)
    if axis is None:
        if not context.declarations.may_declare(statement.axis):
            hint = did_you_mean(statement.axis, [name for name, dim in context.dims.items() if dim.time])
            hint = hint or f"declare it: `time {statement.axis}`"
            context.report(UnknownDimension(at=statement.span, dim=statement.axis, hint=hint))
        return None
    if not axis.time:
        context.report(NotATimeAxis(at=statement.span, name=axis.name, what="a dimension of another kind"))
        return None
    dims: dict[str, tuple[str, ...]] = {}
    for each in statement.names:
        found = lower_axes(each.target, context)
        if found is None:
            return None
        if each.kind is not None and each.kind not in STATE_KINDS:
            context.report(NoKindOfState(at=each.span, kinds=listing(STATE_KINDS), kind=each.kind))
        dims[each.target.name] = found
    starts: dict[str, tree.Clause] = {}
    rates: dict[str, tree.Clause] = {}
    diffusions: dict[str, tree.Clause] = {}
    solver: tree.Expression | None = None
    exact = False
    for keyword, clause in _clauses(statement):
        drawn = keyword == "initial" and clause.equation is not None and clause.equation.sign == "~"
        check_modifiers(clause.modifiers, START_MODIFIERS if drawn else (), _NAMES.get(keyword, "a state"), context)
        if keyword == "error":
            exact = True
            if clause.equation is not None:
                context.report(StatesMoveAtRandom(at=clause.span))
            continue
        if clause.by is not None:
            solver = clause.by
        name = _state_of(keyword, clause, dims, context, one_step=statement.one_step)
        if name is None:
            continue
        among = starts if keyword == "initial" else diffusions if is_diffusion(clause) else rates
        if name in among:
            context.report(GivenTwice(at=clause.span, owner=name, name=keyword))
        among.setdefault(name, clause)
    for each in statement.names:
        name = each.target.name
        if name not in starts and not context.problems:
            what = f"a value at the first time: `initial {name} = …`"
            context.report(IncompleteState(at=each.span, name=name, what=what))
        if name not in rates and not context.problems:
            context.report(IncompleteState(at=each.span, name=name, what=f"a rate: `evolve der({name}) = …`"))
    if not exact and not context.problems:
        what = "its error: write `error exact` if it has none"
        context.report(IncompleteState(at=statement.span, name=next(iter(dims)), what=what))
    chosen = _solver(solver, context)
    if errors(context.problems) or chosen is None or not _suits(chosen[0], solver, diffusions, statement, context):
        return None
    return _lowered(statement, dims, starts, rates, diffusions, chosen, context)


def _clauses(statement: tree.State) -> Iterator[tuple[str, tree.Clause]]:
    """The clauses, each with the keyword that it stands under."""
    keyword = ""
    for clause in statement.clauses:
        keyword = clause.keyword or keyword
        yield keyword, clause


def leaves_its_kind(name: str, names: Sequence[tree.StateName], at: Span) -> LeavesItsKind:
    """UQ277 for a law that takes a state beyond its kind."""
    declared = next(each for each in names if each.target.name == name)
    hint = _KEEPS[declared.kind or "real"].format(name=name)
    others = (Label(declared.span, "declared here"),)
    return LeavesItsKind(at=at, name=name, kind=declared.kind or "real", what="this", hint=hint, others=others)


_KEEPS = {
    "positive": "take a law of positive numbers, such as `LogNormal`, or cut it: `truncated(0, inf)`; errors are "
    "multiplied: `{name} *= LogNormal(0, 0.1)`",
    "unit": "take a law of numbers between 0 and 1, such as `Beta`, or cut it: `truncated(0, 1)`",
}
_KEEPS["nonnegative"] = _KEEPS["positive"]
"""How a law keeps to a kind."""


def is_diffusion(clause: tree.Clause) -> bool:
    """Whether a clause is of the form `diffusion(x) = …`."""
    left = ungrouped(clause.equation.left) if clause.equation is not None else None
    return isinstance(left, tree.Call) and isinstance(left.function, tree.Name) and left.function.name == "diffusion"


def _state_of(
    keyword: str, clause: tree.Clause, dims: dict[str, tuple[str, ...]], context: Context, *, one_step: bool
) -> str | None:
    """The state that a clause speaks of; it may be driven by noise where only `one_step` of it is asked for."""
    equation = clause.equation
    if keyword not in ("initial", "evolve") or equation is None:
        expected = "`initial`, `evolve` or `error`"
        context.report(NotAStateEquation(at=clause.span, keyword="state", expected=f"lines under {expected}"))
        return None
    left = ungrouped(equation.left)
    expected = _START if keyword == "initial" else _RATE
    if keyword == "evolve":
        if equation.sign == "~" or (is_diffusion(clause) and not one_step):
            context.report(StatesMoveAtRandom(at=clause.span))
            return None
        match left:
            case tree.Call(function=tree.Name(name="der" | "diffusion"), arguments=(tree.Name() as inner,)) if (
                equation.sign == "="
            ):
                left = inner
            case tree.Name() if equation.sign == "=":
                context.report(FeatureNotBuilt(at=clause.span, feature="maps from one step of a state to the next"))
                return None
            case _:
                hint = whole_rate(left, dims)
                context.report(NotAStateEquation(at=equation.span, keyword=keyword, expected=expected, hint=hint))
                return None
    if isinstance(left, tree.Select):
        left = ungrouped(left.value)
    if not isinstance(left, tree.Name) or equation.sign == "+=":
        context.report(NotAStateEquation(at=equation.span, keyword=keyword, expected=expected))
        return None
    if left.name not in dims:
        states = listing(dims, last="and")
        hint = did_you_mean(left.name, dims)
        context.report(NotAState(at=left.span, name=left.name, states=states, hint=hint))
        return None
    return left.name


def whole_rate(left: tree.Expression, states: Collection[str]) -> str:
    """The hint for what stands in the place of a rate and speaks of one state."""
    spoken = [each.name for each in names_in(left) if each.name in states]
    if len(spoken) != 1:
        return ""
    if isinstance(left, tree.Call) and any(isinstance(each, tree.Select) for each in left.arguments):
        return f"the rates of all elements stand together: `der({spoken[0]}) = […, …]`"
    return f"did you mean `der({spoken[0]}) = …`?"


def _solver(written: tree.Expression | None, context: Context) -> tuple[str, SolverOptions] | None:
    """The solver that `rk4(dt = 0.1)` names, and its options."""
    if written is None:
        return DEFAULT_SOLVER, SolverOptions()
    call = ungrouped(written)
    arguments: tuple[tree.Expression | tree.Named, ...] = ()
    if isinstance(call, tree.Call):
        arguments, call = call.arguments, ungrouped(call.function)
    name = call.name if isinstance(call, tree.Name) else "…"
    if name not in SOLVERS:
        hint = synonyms.meant(name, SOLVERS, synonyms.SOLVERS, otherwise=f"it can be {listing(SOLVERS)}")
        context.report(UnknownSolver(at=call.span, name=name, hint=hint))
        return None
    options = resolve_options(name, SolverOptions, arguments, context.settings, context.problems)
    if options is None:
        return None
    if SOLVERS[name].steps == "fixed" and options.dt is None:
        context.report(NoStep(at=call.span, solver=name))
        return None
    return name, options


def _suits(
    solver: str,
    written: tree.Expression | None,
    diffusions: dict[str, tree.Clause],
    statement: tree.State,
    context: Context,
) -> bool:
    """Whether a solver is for equations of this kind, with noise or without."""
    if SOLVERS[solver].of_noise == bool(diffusions):
        return True
    at = statement.span if written is None else written.span
    others = tuple(Label(each.span, "the diffusion") for each in [*diffusions.values()][:1])
    if diffusions:
        found, hint = "here there is one", "write `by euler_maruyama(dt = 0.1)`, or `milstein`"
    else:
        found, hint = "here there is none", "write `by euler(dt = 0.1)`, or give the rates a `diffusion(x) = …` beside"
    kind = "with" if SOLVERS[solver].of_noise else "without"
    context.report(SolverOfOtherEquations(at=at, solver=solver, kind=kind, found=found, hint=hint, others=others))
    return False


def _of_itself(value: ir.Expression, name: str, states: Collection[str]) -> bool:
    """Whether each element of a value depends on states only through the same element of one."""
    for node in ir.nodes(value):
        if isinstance(node, ir.Reference) and node.name in states and node.name != name:
            return False
        looks = ir.Shift | ir.Gather | ir.Pick | ir.Reduce | ir.Matrix | ir.Invoke | ir.Rename
        if isinstance(node, looks) and name in ir.names_used(node):
            return False
    return True


def _lowered(
    statement: tree.State,
    dims: dict[str, tuple[str, ...]],
    starts: dict[str, tree.Clause],
    rates: dict[str, tree.Clause],
    diffusions: dict[str, tree.Clause],
    solver: tuple[str, SolverOptions],
    context: Context,
) -> tuple[tuple[ir.Statement, ...], dict[str, Known]] | None:
    axis = statement.axis
    known = dict(context.known)
    known[axis] = Known((), REAL)
    supports = {each.target.name: KINDS[each.kind or "real"] for each in statement.names}
    for name, over in dims.items():
        known[name] = Known(over, supports[name], random=True)
    unknowns: list[ir.Statement] = []
    begin: dict[str, Typed] = {}
    values: dict[str, Typed] = {}
    spread: dict[str, Typed] = {}
    for name, over in dims.items():
        start, rate = starts[name].equation, rates[name].equation
        if start is None or rate is None:
            return None
        place = replace(context, ranges=over, list_dim=over[0] if len(over) == 1 else None, owner=name)
        if start.sign == "~":
            unknown = initial(name)
            law = lower_law(start.right, starts[name].modifiers, over, replace(place, owner=unknown))
            if law is None:
                return None
            if not law.support.within(supports[name]._replace(open_lower=False, open_upper=False)):
                context.report(leaves_its_kind(name, statement.names, start.right.span))
            arranged = law.law.arranged(over)
            noncentered = is_noncentered(starts[name].modifiers, law, context)
            drawn = ir.Unknown(
                span=starts[name].span, name=unknown, dims=arranged, law=law.law, noncentered=noncentered
            )
            unknowns += decorrelated(drawn)
            begin[name] = Typed(ir.Reference(span=start.span, name=unknown, dims=arranged), random=True)
        else:
            begin[name] = number(start.right, place)
        values[name] = number(rate.right, replace(place, known=known))
        if name in diffusions and (diffusion := diffusions[name].equation) is not None:
            spread[name] = number(diffusion.right, replace(place, known=known))
            if solver[0] == "milstein" and not _of_itself(spread[name].node, name, dims):
                context.report(DiffusionOfOthers(at=diffusion.right.span, name=name.removesuffix(".forecast")))
    if errors(context.problems):
        return None
    random = any(each.random for each in begin.values()) or any(
        ir.names_used(each.node) - dims.keys() & _random(context) for each in values.values()
    )
    quantities = [
        ir.Quantity(
            span=rates[name].span,
            name=name,
            dims=over if statement.one_step else (axis, *over),
            value=values[name].node,
            fixed=not random and not statement.one_step,
            flow=ir.Flow(
                span=statement.span,
                along=axis,
                initial=begin[name].node,
                solver=solver[0],
                options=solver[1].model_dump(),
                begin=_scalar(f"{axis}.now", statement) if statement.one_step else None,
                length=_scalar(f"{axis}.step", statement) if statement.one_step else None,
                diffusion=spread[name].node if name in spread else None,
                noise=ir.Reference(span=statement.span, name=noise(name), dims=(axis, *over))
                if name in spread
                else None,
            ),
            together=tuple(dims),
        )
        for name, over in dims.items()
    ]
    found = {
        name: Known(over if statement.one_step else (axis, *over), supports[name], random=random)
        for name, over in dims.items()
    }
    return (*unknowns, *quantities), found


def _scalar(name: str, statement: tree.State) -> ir.Reference:
    """A time that is given to one step."""
    return ir.Reference(span=statement.span, name=name, dims=())


def _random(context: Context) -> set[str]:
    return {name for name, each in context.known.items() if each.random}


def with_reads(statements: tuple[ir.Statement, ...]) -> tuple[ir.Statement, ...]:
    """The statements, each state with the fields of times at which any of them wants it."""
    reads: dict[str, set[str]] = {}

    def note(node: ir.Node) -> None:
        if isinstance(node, ir.AtTimes):
            reads.setdefault(node.state.name, set()).add(node.times.name)

    for each in statements:
        ir.rewrite(each, note)
    found: list[ir.Statement] = []
    for each in statements:
        if isinstance(each, ir.Quantity) and each.flow is not None:
            wanted = tuple(sorted(set().union(*(reads.get(name, set()) for name in each.together))))
            found.append(each.model_copy(update={"flow": each.flow.model_copy(update={"reads": wanted})}))
        else:
            found.append(each)
    return tuple(found)
