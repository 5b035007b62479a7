"""States that move in time as ordinary specs: where they begin, one step, and what is observed of them at one time.

A system that moves in time is p(θ) p(x₀ | θ) ∏ p(xₜ | xₜ₋₁, θ) p(yₜ | xₜ, θ). Each of its factors is a law, and so a spec
that has no states at all: what a state was a step before, or is now, is data of that spec.

    initial      p(θ) p(x₀ | θ)    the parameters and the states at the first time of the axis
    step         p(xₜ | xₜ₋₁, θ)   `x.before` and the parameters are given; `x.forecast` is where the equations lead, `x` where
                                   the state is once its error has acted
    observation  p(yₜ | xₜ, θ)     the states at one time and the parameters are given, and the rows of that time are the data
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from uqdsl.messages import Label, Problem, Span, listing
from uqdsl.messages.catalogue.kinds import GivenTwice
from uqdsl.messages.catalogue.names import UnknownDimension
from uqdsl.messages.catalogue.states import (
    IncompleteState,
    NoKindOfState,
    NotAnError,
    NotAState,
    NotAStateEquation,
    OtherTimes,
    StatesOfOtherAxes,
)
from uqdsl.semantics.stages import StageTree
from uqdsl.semantics.states import STATE_KINDS, is_diffusion, noise, whole_rate
from uqdsl.semantics.walk import names_in, ungrouped
from uqdsl.syntax import tree
from uqdsl.syntax.templates import expression, rebuilt, statements

_KEPT = (tree.Setting, tree.Dim, tree.Time, tree.Data, tree.Function, tree.Extern, tree.Network)


class Moved(NamedTuple):
    """A spec without its states, and the stages that these come to.

    - static: all that does not depend on them.
    - names: of the states, as declared.
    - errors: the names of those of their errors that are correlated in time, and so move as states do.
    - axis: along which they move.
    - fields: of the data, by name.
    - times: of each likelihood of states, by its name, the dimension of its rows and the field of their times; no field where
      the rows are the times of the axis themselves.
    """

    static: tree.Tree
    stages: tuple[StageTree, ...]
    names: tuple[tree.StateName, ...]
    axis: str
    times: dict[str, tuple[str, str | None]]
    fields: dict[str, tree.Field]
    errors: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states."""
        return tuple(each.target.name for each in self.names)


def is_autoregression(law: tree.Expression) -> bool:
    """Whether an error is of the form `AR(…)`."""
    match law:
        case tree.Call(function=tree.Name(name="AR")):
            return True
    return False


def before(name: str) -> str:
    """What a state is called as it was a step before."""
    return f"{name}.before"


def forecast(name: str) -> str:
    """What a state is called as its equations have it, without its error."""
    return f"{name}.forecast"


def now(axis: str) -> str:
    """The time at which a step begins."""
    return f"{axis}.now"


def length(axis: str) -> str:
    """How long a step takes."""
    return f"{axis}.step"


def without(written: tree.Tree, kind: type[tree.Statement]) -> tree.Tree:
    """A spec without the statements of a kind."""
    return replace(written, statements=tuple(each for each in written.statements if not isinstance(each, kind)))


def move(written: tree.Tree) -> Moved | None:
    """Take the states out of a spec; None where it has none."""
    found = [each for each in written.statements if isinstance(each, tree.State)]
    return _Mover(written, found).moved() if found else None


@dataclass
class _Mover:
    written: tree.Tree
    found: list[tree.State]

    def __post_init__(self) -> None:
        self.problems: list[Problem] = []
        self.axis = self.found[0].axis
        self.targets = {each.target.name: each.target for state in self.found for each in state.names}
        self.names = tuple(each for state in self.found for each in state.names)
        for each in self.names:
            if each.kind not in (None, *STATE_KINDS):
                self.problems.append(NoKindOfState(at=each.span, kinds=listing(STATE_KINDS), kind=each.kind))
        self.kinds = {each.target.name: each.kind for each in self.names if each.kind in STATE_KINDS}
        fields = [
            entry
            for table in self.written.statements
            if isinstance(table, tree.Data)
            for entry in table.entries
            if isinstance(entry, tree.Field)
        ]
        self.fields = {each.target.name: each for each in fields}
        self.moving = self._moving()
        self.equations = {keyword: [*self._equations(keyword)] for keyword in ("initial", "evolve", "error")}
        self.errors: dict[str, tree.Target] = {}
        self.started: list[tree.Statement] = []

    def moved(self) -> Moved:
        others = [each for each in self.found if each.axis != self.axis]
        if others:
            label = (Label(self.found[0].span, f"these move along `{self.axis}`"),)
            self.problems.append(
                StatesOfOtherAxes(at=others[0].span, axis=others[0].axis, first=self.axis, others=label)
            )
            kept = tree.Tree(tuple(each for each in self.written.statements if isinstance(each, _KEPT)), ())
            return Moved(kept, (), self.names, self.axis, {}, self.fields, (), tuple(self.problems))
        static = tuple(
            each for each in self.written.statements if not (self._is_moving(each) or isinstance(each, tree.Assimilate))
        )
        plain = tuple(each for each in static if not isinstance(each, tree.Likelihood | tree.Infer | tree.Predict))
        given = tuple(each for each in plain if isinstance(each, (tree.Let, *_KEPT)))
        times: dict[str, tuple[str, str | None]] = {}
        moving = tuple(self._step())
        initial = StageTree("initial", "training", (*plain, *self._initial(), *self.started))
        step = StageTree("step", "training", (*map(self._holding, given), *moving), self._given_to_step())
        seen = tuple(self._observation(times))
        observation = StageTree("observation", "training", (*given, *seen), self._fields(self.targets, "{}"))
        return Moved(
            tree.Tree(static, self.written.comments),
            (initial, step, observation),
            self.names,
            self.axis,
            times,
            self.fields,
            tuple(self.errors),
            tuple(self.problems),
        )

    # ---------------------------------------------------------------------------------------------- what depends on what

    def _moving(self) -> set[str]:
        """The states, and every `let` that depends on them."""
        moving = set(self.targets)
        lets = [each for each in self.written.statements if isinstance(each, tree.Let)]
        while True:
            more = {each.target.name for each in lets if self._speaks_of(each, moving)} - moving
            if not more:
                return moving
            moving |= more

    def _speaks_of(self, node: tree.Node, names: set[str]) -> bool:
        return any(each.name in names for each in names_in(node))

    def _is_moving(self, statement: tree.Statement) -> bool:
        if isinstance(statement, tree.State):
            return True
        return isinstance(statement, tree.Let | tree.Likelihood) and self._speaks_of(statement, self.moving)

    # ----------------------------------------------------------------------------------------------------------- equations

    def _clauses(self) -> Iterator[tuple[str, tree.Clause]]:
        """The clauses of all states, each with the keyword that it stands under."""
        for state in self.found:
            keyword = ""
            for clause in state.clauses:
                keyword = clause.keyword or keyword
                yield keyword, clause

    def _equations(self, keyword: str) -> Iterator[tuple[str, str, tree.Clause, tree.Equation]]:
        """The equations under a keyword: the state, what is said of it (`der`, `diffusion` or itself), clause and equation."""
        for under, clause in self._clauses():
            if under != keyword or clause.equation is None:
                continue
            left, about = ungrouped(clause.equation.left), ""
            match left:
                case tree.Call(
                    function=tree.Name(name=("der" | "diffusion") as about), arguments=(tree.Name() as inner,)
                ):
                    left = inner
                case tree.Select(value=tree.Name() as inner):
                    left = inner
            if not isinstance(left, tree.Name):
                expected = "the name of a state on the left, as in `x = …`"
                hint = whole_rate(left, self.targets)
                self.problems.append(NotAStateEquation(at=left.span, keyword=keyword, expected=expected, hint=hint))
            elif left.name not in self.targets:
                states = listing(self.targets, last="and")
                self.problems.append(NotAState(at=left.span, name=left.name, states=states))
            else:
                yield left.name, about, clause, clause.equation

    def _initial(self) -> Iterator[tree.Statement]:
        """The states at the first time: priors, or values."""
        stated = set()
        for name, _, clause, equation in self.equations["initial"]:
            stated.add(name)
            target = self.targets[name]
            if equation.sign == "~":
                yield tree.Prior(clause.span, target, equation.right, clause.modifiers)
            else:
                yield tree.Let(clause.span, target, equation.right, clause.modifiers)
        for name, target in self.targets.items():
            if name not in stated:
                what = f"a value at the first time: `initial {name} = …`"
                self.problems.append(IncompleteState(at=target.name_span, name=name, what=what))

    def _step(self) -> Iterator[tree.Statement]:
        """One step: where the equations lead, and the error."""
        rates: dict[str, list[tree.Clause]] = {}
        done: set[str] = set()
        for name, about, clause, equation in self.equations["evolve"]:
            target = self.targets[name]
            done.add(name)
            if about:
                rates.setdefault(name, []).append(clause)
            elif equation.sign == "~":
                yield tree.Prior(clause.span, target, self._from_before(equation.right), clause.modifiers)
            else:
                yield tree.Let(clause.span, _called(target, forecast(name)), self._from_before(equation.right), ())
        for name, target in self.targets.items():
            if name not in done:
                what = f"a rate or a rule: `evolve der({name}) = …` or `evolve {name} ~ …`"
                self.problems.append(IncompleteState(at=target.name_span, name=name, what=what))
        if rates:
            yield from self._flow(rates)
        yield from self._acting()

    def _flow(self, rates: dict[str, list[tree.Clause]]) -> Iterator[tree.Statement]:
        """The states that move by rates, from where they were, and the noise of those that diffuse."""
        renamed = {name: forecast(name) for name in rates}
        at = self.found[0].span
        clauses = []
        for name in rates:
            left = tree.Name(at, forecast(name))
            start = tree.Equation(at, left, "=", tree.Name(at, before(name)))
            clauses.append(tree.Clause(at, "initial", start, (), None))
        for name, each in rates.items():
            clauses += [_renamed(replace(clause, keyword="evolve"), renamed) for clause in each]
            if any(is_diffusion(clause) for clause in each):
                axes = (tree.Axis(at, self.axis, 0), *self.targets[name].axes)
                target = replace(_called(self.targets[name], noise(forecast(name))), axes=axes)
                yield tree.Prior(each[0].span, target, expression("Normal(0, 1)", each[0].span), ())
        clauses.append(tree.Clause(at, "error", None, (), None))
        names = [tree.StateName(at, _called(self.targets[name], forecast(name)), None) for name in rates]
        yield tree.State(at, tuple(names), self.axis, tuple(clauses), one_step=True)

    def _acting(self) -> Iterator[tree.Statement]:
        """What acts on the states once a step; the states after it."""
        drawn = {name for name, about, _, equation in self.equations["evolve"] if not about and equation.sign == "~"}
        moved = {name: forecast(name) for name in self.targets if name not in drawn}
        acting: set[str] = set()
        for name, _, clause, equation in self.equations["error"]:
            if name in drawn:
                what = "its error in one place: in its law, or under `error`"
                self.problems.append(IncompleteState(at=clause.span, name=name, what=what))
            elif name in acting:
                self.problems.append(GivenTwice(at=clause.span, owner=name, name="error"))
            elif equation.sign not in ("+=", "*="):
                expected = f"what is added at each time, as in `{name} += Normal(0, 0.1)`, or multiplied by `*=`"
                self.problems.append(NotAStateEquation(at=equation.span, keyword="error", expected=expected))
            else:
                yield from self._error(name, clause, equation, moved)
            acting.add(name)
        for name in (each for each in moved if each not in acting):
            yield from _let(self.targets[name], forecast(name), self.found[0].span)
        if not acting and not drawn and not any(keyword == "error" for keyword, _ in self._clauses()):
            what = "its error: write `error exact` if it has none"
            self.problems.append(IncompleteState(at=self.found[0].span, name=next(iter(self.targets)), what=what))

    def _error(
        self, name: str, clause: tree.Clause, equation: tree.Equation, moved: dict[str, str]
    ) -> Iterator[tree.Statement]:
        """The error of one state: added, multiplied, or added and correlated in time."""
        target, at = self.targets[name], clause.span
        if is_autoregression(equation.right):
            yield from self._autoregression(name, clause, equation, moved)
            return
        law = self._held(_renamed(equation.right, moved))
        called, sign = (f"{name}.error", "+") if equation.sign == "+=" else (f"{name}.multiplier", "*")
        yield tree.Prior(at, _called(target, called), law, clause.modifiers)
        yield from _let(target, f"{forecast(name)} {sign} {called}", at)

    def _autoregression(
        self, name: str, clause: tree.Clause, equation: tree.Equation, moved: dict[str, str]
    ) -> Iterator[tree.Statement]:
        """An error e = φ e' + √(1 - φ²) z, where z is of a law that e then keeps (Evensen 2003, eq. 45)."""
        target, at = self.targets[name], clause.span
        given = equation.right.arguments if isinstance(equation.right, tree.Call) else ()
        if equation.sign != "+=":
            reason = "what is correlated in time is added"
            self.problems.append(NotAnError(at=at, name=name, reason=reason, hint=f"write `{name} += AR(…)`"))
        elif (
            len(given) != 2
            or isinstance(correlation := given[0], tree.Named)
            or isinstance(law := given[1], tree.Named)
        ):
            reason = "`AR` takes the correlation from one time of the axis to the next, and the law of the error"
            hint = f"as in `{name} += AR(0.9, Normal(0, 0.1))`"
            self.problems.append(NotAnError(at=equation.right.span, name=name, reason=reason, hint=hint))
        else:
            error = f"{name}.error"
            self.errors[error] = _called(target, error)
            self.started.append(tree.Prior(at, self.errors[error], law, clause.modifiers))
            shock = tree.Prior(at, _called(target, f"{name}.shock"), self._held(_renamed(law, moved)), clause.modifiers)
            yield shock
            yield from _let(self.errors[error], before(error), at, forecast(error))
            value = f"PHI_ * {before(error)} + sqrt(1 - PHI_^2) * {name}.shock"
            yield from _let(self.errors[error], value, at, PHI_=self._held(_renamed(correlation, moved)))
            yield from _let(target, f"{forecast(name)} + {error}", at)

    def _from_before(self, node: tree.Expression) -> tree.Expression:
        """The right side of a rule: `x[t - 1]` is what the state was before."""

        def change(value: object) -> object:
            if (
                isinstance(value, tree.Select)
                and isinstance(value.value, tree.Name)
                and value.value.name in self.targets
            ):
                kept = tuple(each for each in value.selectors if not self._is_lag(each))
                lagged = tree.Name(value.value.span, before(value.value.name))
                if len(kept) < len(value.selectors):
                    return tree.Select(value.span, lagged, kept) if kept else lagged
            return rebuilt(value, change) if isinstance(value, tree.Node) else value

        return self._held(change(node))  # type: ignore[arg-type]

    def _is_lag(self, selector: tree.Node) -> bool:
        """Whether a selector is `t - 1`."""
        match selector:
            case tree.Binary(operator="-", left=tree.Name(name=self.axis), right=tree.Number(value=1)):
                return True
        return False

    def _held[T: tree.Node](self, node: T) -> T:
        """An expression of the end of a step, in which the name of the axis is that time."""

        def change(value: object) -> object:
            if isinstance(value, tree.Name) and value.name == self.axis:
                return expression(f"({now(self.axis)} + {length(self.axis)})", value.span)
            return rebuilt(value, change) if isinstance(value, tree.Node) else value

        return change(node)  # type: ignore[return-value]

    # ---------------------------------------------------------------------------------------------------------- observations

    def _observation(self, times: dict[str, tuple[str, str | None]]) -> Iterator[tree.Statement]:
        """What is observed of the states, each of which is that of one time."""
        for statement in self.written.statements:
            if not self._is_moving(statement) or isinstance(statement, tree.State):
                continue
            read: dict[str, tree.Node] = {}
            here = self._at_one_time(statement, read)
            if isinstance(statement, tree.Likelihood):
                name = statement.target.name
                if len(read) > 1:
                    labels = tuple(Label(each.span, "and these") for each in list(read.values())[1:])
                    self.problems.append(OtherTimes(at=next(iter(read.values())).span, name=name, others=labels))
                field = next(iter(read), None)
                row = self.axis
                if field is not None and field in self.fields:
                    axes = self.fields[field].target.axes
                    row = axes[0].name if axes else ""
                if row != self.axis or any(axis.name == self.axis for axis in statement.target.axes):
                    times[name] = (row, field)
                else:
                    hint = f"give its times: a field of kind `time({self.axis})`, and `x[{self.axis} = when]`"
                    self.problems.append(UnknownDimension(at=statement.target.name_span, dim=self.axis, hint=hint))
            yield here

    def _at_one_time[T: tree.Statement](self, statement: T, read: dict[str, tree.Node]) -> T:
        """A statement with `x[t = when]` read as the state now; notes the fields of times."""

        def change(value: object) -> object:
            if isinstance(value, tree.Select):
                kept = []
                for each in value.selectors:
                    if isinstance(each, tree.Named) and each.name == self.axis and isinstance(each.value, tree.Name):
                        read.setdefault(each.value.name, each)
                    else:
                        kept.append(each)
                inner = change(value.value)
                return replace(value, value=inner, selectors=tuple(kept)) if kept else inner
            return rebuilt(value, change) if isinstance(value, tree.Node) else value

        return change(statement)  # type: ignore[return-value]

    # ----------------------------------------------------------------------------------------------------------------- given

    def _fields(self, names: dict[str, tree.Target], pattern: str) -> tuple[tree.Field, ...]:
        """Fields that hold states."""
        return tuple(
            tree.Field(
                each.name_span,
                _called(each, pattern.format(name)),
                tree.Kind(each.name_span, self.kinds.get(name, "real")),
                None,
                (),
            )
            for name, each in names.items()
        )

    def _inputs(self) -> dict[str, tree.Field]:
        """What is recorded along the axis and acts on the states: it holds until it changes."""
        spoken = self._spoken()
        return {name: each for name, each in self.fields.items() if name in spoken and self._is_along(each.target)}

    def _is_along(self, target: tree.Target) -> bool:
        return any(axis.name == self.axis for axis in target.axes)

    def _spoken(self) -> set[str]:
        """The names of which the equations of a step speak, and of which those a `let` along the axis is made of."""
        spoken = {
            each.name
            for keyword, clause in self._clauses()
            if keyword != "initial" and clause.equation is not None
            for each in names_in(clause.equation.right)
        }
        lets = [each for each in self.written.statements if isinstance(each, tree.Let) and self._is_along(each.target)]
        while True:
            more = {name.name for each in lets if each.target.name in spoken for name in names_in(each.value)} - spoken
            if not more:
                return spoken
            spoken |= more

    def _holding(self, statement: tree.Statement) -> tree.Statement:
        """A statement of a step, which is given the inputs of its time."""
        if isinstance(statement, tree.Let) and statement.target.name in self._spoken():
            return replace(statement, target=without_axis(statement.target, self.axis))
        if not isinstance(statement, tree.Data):
            return statement
        inputs = self._inputs()
        entries = tuple(
            each for each in statement.entries if not isinstance(each, tree.Field) or each.target.name not in inputs
        )
        return replace(statement, entries=entries)

    def _given_to_step(self) -> tuple[tree.Field, ...]:
        at = self.found[0].span
        inputs = tuple(
            replace(each, target=without_axis(each.target, self.axis), value=None, modifiers=())
            for each in self._inputs().values()
        )
        scalars = tuple(
            tree.Field(at, tree.Target(at, name, at), tree.Kind(at, "real"), None, ())
            for name in (now(self.axis), length(self.axis))
        )
        return (*self._fields(self.targets | self.errors, "{}.before"), *scalars, *inputs)


def without_axis(target: tree.Target, axis: str) -> tree.Target:
    """The left side of a statement at one time of the axis."""
    return replace(target, axes=tuple(each for each in target.axes if each.name != axis))


def _called(target: tree.Target, name: str) -> tree.Target:
    return replace(target, name=name)


def _let(
    target: tree.Target, value: str, at: Span, called: str = "", **parts: tree.Expression
) -> tuple[tree.Statement, ...]:
    axes = f"[{', '.join(axis.name + chr(39) * axis.primes for axis in target.axes)}]" if target.axes else ""
    return statements(f"let {called or target.name}{axes} = {value}", at, **parts)


def _renamed[T: tree.Node](node: T, names: dict[str, str]) -> T:
    def change(value: object) -> object:
        if isinstance(value, tree.Name) and value.name in names:
            return tree.Name(value.span, names[value.name])
        return rebuilt(value, change) if isinstance(value, tree.Node) else value

    return change(node)  # type: ignore[return-value]
