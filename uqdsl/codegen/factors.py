"""The factors of van Leeuwen's equation for a spec with the five sources: what each is, and how it is computed.

    p(x | z, θtr, θte) = ∫ p(x | w, zᵗ, θteᵗ) p(w | θtrᵗ) p(θtrᵗ | θtr) p(θteᵗ | θte) p(zᵗ | z) dθtrᵗ dθteᵗ dw dzᵗ
                           (5) function   (4) weights (3) training  (2) testing   (1) new input

All of it is read off the stages into which semantics has rewritten the spec: an error that no stage has an unknown true value
for was integrated out, a true value is sampled where it is an unknown of a posterior, and drawn forward where it is one of the
prediction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal, NamedTuple

from uqdsl import ir
from uqdsl.codegen.notation import MARKS, Notation

type Part = Literal["training", "testing", "new"]


class Step(NamedTuple):
    """One thing that is done about a source.

    - of: what it is done to; empty for the source as a whole.
    - words: what is done; empty for a law that needs none.
    - statement: the law or formula by which it is done, where there is one.
    """

    of: str
    words: str
    statement: ir.Statement | None = None

    @property
    def sentence(self) -> str:
        """What is done to what."""
        return f"{self.of}: {self.words}" if self.of else self.words

    def written(self, notation: Notation) -> str:
        """The statement: `X[case] ~ Normal(slope * Z.truth, 0.2)`."""
        each = self.statement
        if each is None:
            return ""
        name = notation.name(each.name)
        if isinstance(each, ir.Factor):
            return f"{notation.word('factor')} {notation.expression(each.value)}"
        left = notation.selected(name, map(notation.name, each.dims)) if each.dims else name
        if isinstance(each, ir.Quantity):
            return f"{left} = {notation.expression(each.value)}"
        return f"{left} {notation.similar} {notation.law(each.law)}"


class Probability(NamedTuple):
    """p(left | right), each some names."""

    left: tuple[str, ...]
    right: tuple[str, ...]

    def written(self, notation: Notation) -> str:
        """As a mathematician writes it."""
        left, right = (", ".join(map(notation.name, each)) for each in self)
        return notation.density("p", f"{left} {notation.bar} {right}" if right else left)


class Dirac(NamedTuple):
    """δ(left - value): `left` has one value, that of an expression or, where there is none, the mode of the posterior."""

    left: tuple[str, ...]
    value: ir.Expression | None = None

    def written(self, notation: Notation) -> str:
        """As a mathematician writes it."""
        left = ", ".join(map(notation.name, self.left))
        value = notation.word("mode") if self.value is None else notation.expression(self.value)
        return notation.density(notation.delta, f"{left} - ({value})" if " " in value else f"{left} - {value}")


class Factor(NamedTuple):
    """What one source is in the equation.

    - parts: the densities that it contributes; none where it is a Dirac function that has been integrated over.
    - steps: how it is computed.
    """

    source: ir.Source
    parts: tuple[Probability | Dirac, ...]
    steps: tuple[Step, ...]

    @property
    def number(self) -> int:
        """1 to 5, as in the equation."""
        return ir.SOURCES.index(self.source.name) + 1

    @property
    def title(self) -> str:
        """Its number and name: `(1) new input`."""
        return f"({self.number}) {self.source.name.replace('_', ' ')}"

    @property
    def stance(self) -> str:
        """What is said of it."""
        return f"{self.source.stance}, cut" if self.source.cut else self.source.stance


class Equation(NamedTuple):
    """What is wanted, the factors in their order from (5) to (1), and what is integrated over."""

    wanted: Probability
    factors: tuple[Factor, ...]
    over: tuple[str, ...]


def has_sources(spec: ir.Spec) -> bool:
    """Whether a spec is about a function learned from training data, and what it predicts for other rows."""
    said = any(each.stance != "left out" for each in spec.sources)
    parted = any(part.path is not None for table in spec.tables for part in table.parts)
    parted = parted or any(table.split is not None for table in spec.tables)
    return (said or parted) and any(each.name == "prediction" for each in spec.stages)


def fundamental_equation(spec: ir.Spec) -> Equation:
    """The equation of a spec that `has_sources`."""
    read = _Reader(spec)
    factors = (read.function(), read.weights(), read.training_data(), read.testing_data(), read.new_input())
    parts = [part for factor in reversed(factors) for part in factor.parts]
    over = dict.fromkeys(name for part in parts for name in part.left if name not in read.sites)
    return Equation(Probability(read.sites, read.data()), factors, tuple(over))


class Told(NamedTuple):
    """What is told of a source in few words: its name, what is said of it, and how it is computed, a sentence for each way."""

    name: str
    stance: str
    how: tuple[str, ...]


def told(spec: ir.Spec) -> tuple[Told, ...]:
    """Each source in few words, from (1) to (5); none where a spec has none or predicts nothing."""
    if not has_sources(spec) or not spec.predictions:
        return ()
    return tuple(
        Told(each.source.name, each.stance, _sentences(each)) for each in reversed(fundamental_equation(spec).factors)
    )


def _sentences(factor: Factor) -> tuple[str, ...]:
    """What is done, each thing with all to which it is done."""
    ways: dict[str, list[str]] = {}
    for each in factor.steps:
        if each.words:
            ways.setdefault(each.words, []).append(each.of)
    return tuple(Step(", ".join(of), words).sentence for words, of in ways.items())


class _Reader:
    """Reads the factors off a spec and its stages.

    - sites: what is predicted.
    """

    def __init__(self, spec: ir.Spec) -> None:
        self.spec = spec
        self.stages = {each.name: each for each in spec.stages}
        self.prediction = self.stages["prediction"]
        self.sites = tuple(
            each.name
            for each in self.prediction.spec.statements
            if isinstance(each, ir.Observation) or each.name.endswith((".predicted", ".recorded"))
        )
        self.sources = {each.name: each for each in spec.sources}
        self.rows = self._row_fields()
        self.network_of = {each.name: f"{one.name}.weights" for one in spec.networks for each in one.weights}

    # ------------------------------------------------------------------------------------------------------- the five

    def function(self) -> Factor:
        """(5): outcomes, given true inputs and the function; and what testing rows tell of what that leaves out."""
        source, stage = self.sources["function"], self.prediction.spec
        stated = {each.name: each for each in stage.statements}
        drawn = [each for each in stage.unknowns if each.name not in (*self.prediction.inputs, *self.sites)]
        parts: list[Probability | Dirac] = []
        steps = [Step("", _LEFT_OUT_FUNCTION)] if source.stance == "left out" else []
        steps += [Step(each.name, _FORWARD, each) for each in drawn]
        for name in self.sites:
            each = stated[name]
            used = followed(ir.names_used(each), [*stage.quantities, *drawn])
            if isinstance(each, ir.Quantity) and not used & {one.name for one in drawn}:
                parts.append(Dirac((name,), each.value))
                steps.append(Step(name, "a Dirac function at what the function gives", each))
                continue
            known = [one for one in (*self.prediction.given, *self.prediction.inputs) if one in used]
            parts.append(Probability((name,), self.named([*known, *self.recorded(used)], "new")))
            formula = isinstance(each, ir.Quantity)
            steps.append(Step(name, "follows from these" if formula else _FORWARD, each))
        learned = self.learned()
        if learned:
            residual = self.stages["residual"].spec
            errors = self.sources["testing_data"].recorded
            truths = {_truth(each) for each in errors}
            apart = tuple(each for each in residual.statements if each.name not in truths)
            used = followed(ir.names_used(apart), residual.quantities)
            known = [one for one in self.stages["residual"].given if one in used]
            seen = [_truth(each) if each in errors else each for each in self.recorded(_used(residual))]
            parts.append(
                Probability(
                    self.named([each.name for each in learned], "testing"), self.named([*known, *seen], "testing")
                )
            )
            steps += [Step(each.name, f"{_CHAINS}, on testing rows", each) for each in learned]
            errorless = [each for each in residual.observations if each.name not in errors]
            steps += [Step("", "", each) for each in errorless]
        return Factor(source, tuple(parts), tuple(steps))

    def weights(self) -> Factor:
        """(4): the weights, given true training data."""
        source = self.sources["weights"]
        refit = self.stages.get("refit")
        stage = refit.spec if refit else self.spec
        found = self.named([each.name for each in stage.unknowns], "training")
        if source.stance == "exact":
            return Factor(source, (Dirac(found),), (Step("", "a Dirac function at the mode of the posterior"),))
        seen = [*(refit.given if refit else ()), *self.recorded(_used(stage))]
        laws = [Step("", "", each) for each in stage.statements if self._is_law(each)]
        return Factor(
            source,
            (Probability(found, self.named(seen, "training")),),
            tuple(self._drawn(", ".join(found), laws, again=refit is not None)),
        )

    def _drawn(self, names: str, laws: list[Step], *, again: bool) -> Iterator[Step]:
        """How the weights are drawn: from the posterior, and `again` given true training data."""
        if self.sources["training_data"].cut and again:
            yield from laws
            yield Step(names, "short chains given each draw of true training data")
            return
        methods = " or ".join(dict.fromkeys(each.method for each in self.spec.runs))
        own = self.stages["refit"].spec.unknowns if again else self.spec.unknowns
        beside = {each.name for each in self.spec.unknowns} - {each.name for each in own}
        together = ", together with what is uncertain of the training data" if beside else ""
        yield Step(names, f"drawn from the posterior by {methods}{together}")
        yield from laws
        if again:
            yield Step(names, f"{_CHAINS} and true training data once more, for the budget")

    def training_data(self) -> Factor:
        """(3): true training data, with the laws of their population, given those that were recorded."""
        source, refit = self.sources["training_data"], self.stages.get("refit")
        if source.stance != "declared" or refit is None:
            return self._exact(source)
        later = self.stages["truths"].spec if "truths" in self.stages else None
        steps: list[Step] = []
        for name in source.recorded:
            truth = _truth(name)
            latent, observed = _unknown(self.spec, truth), _observation(self.spec, name)
            after = _unknown(later, truth) if later else None
            if latent is not None:
                on_paper = observed is not None and truth not in followed(ir.names_used(observed), self.spec.quantities)
                steps.append(Step(truth, "an unknown of the posterior", latent))
                if observed is not None:
                    steps.append(Step(truth, _on_paper(name) if on_paper else "", observed))
            elif after is not None and source.cut:
                steps.append(Step(truth, "drawn forward, whatever the fit says of it", after))
            elif after is not None:
                steps.append(Step(truth, _on_paper(name), observed))
                steps.append(Step(truth, f"{_FORWARD} of the posterior, for the budget", after))
            else:
                steps.append(Step(truth, "not computed by this version"))
        fields = {each.name for each in self.spec.fields}
        steps += [Step("", "", each) for each in self.spec.observations if each.name not in fields]
        again = {each.name for each in refit.spec.unknowns} | {_truth(each) for each in source.recorded}
        shared = [each for each in self.spec.unknowns if each.name not in again]
        steps += [Step(each.name, "an unknown of the posterior", each) for each in shared]
        found = [*map(_truth, source.recorded), *(each.name for each in shared)]
        seen = self.recorded(_used(self.spec))
        return Factor(source, (Probability(self.named(found, "training"), self.named(seen, "training")),), tuple(steps))

    def testing_data(self) -> Factor:
        """(2): true testing data, given those that were recorded, and the weights."""
        source = self.sources["testing_data"]
        if not self.learned():
            return Factor(source, (), (*self._exact(source).steps[: source.stance != "declared"], Step("", _NOT_USED)))
        if source.stance != "declared":
            return self._exact(source)
        residual = self.stages["residual"]
        stage, steps = residual.spec, list[Step]()
        for name in source.recorded:
            truth = _truth(name)
            latent, observed = _unknown(stage, truth), _observation(stage, name)
            formula = next((each for each in stage.quantities if each.name == truth), None)
            if latent is not None:
                steps.append(Step(truth, _CHAINS, latent))
            elif formula is not None:
                steps.append(Step(truth, f"through its residual, {_CHAINS}", formula))
            if observed is not None:
                steps.append(Step(truth, "" if latent or formula else _on_paper(name), observed))
        used = _used(stage)
        known = [one for one in residual.given if one in used]
        part = Probability(
            self.named(map(_truth, source.recorded), "testing"),
            self.named([*self.recorded(used), *known], "testing"),
        )
        return Factor(source, (part,), tuple(steps))

    def new_input(self) -> Factor:
        """(1): true new inputs, given those that were recorded, and the law of their population."""
        source = self.sources["new_input"]
        forward = [each for each in self.prediction.spec.unknowns if each.name in self.prediction.inputs]
        sampled = self.stages.get("inputs")
        if not forward and sampled is None:
            return self._exact(source)
        steps = [Step(each.name, _FORWARD, each) for each in forward]
        used = followed(ir.names_used(tuple(forward)), self.prediction.spec.quantities)
        found = list(forward)
        given = list(self.prediction.given)
        if sampled is not None:
            steps += [Step(each.name, _CHAINS, each) for each in sampled.spec.unknowns]
            steps += [Step("", "", each) for each in sampled.spec.observations]
            used |= _used(sampled.spec)
            found += sampled.spec.unknowns
            given += sampled.given
        names = [each.name for each in found]
        known = [one for one in dict.fromkeys(given) if one in used and one not in names]
        part = Probability(self.named(names, "new"), self.named([*self.recorded(used), *known], "new"))
        return Factor(source, (part,), tuple(steps))

    def data(self) -> tuple[str, ...]:
        """All recorded data: the new, the training and, where they are of any use, the testing ones."""
        new = _used(self.prediction.spec) | (_used(self.stages["inputs"].spec) if "inputs" in self.stages else set())
        new |= ir.names_used(tuple(each for each in self.prediction.spec.quantities if each.name in self.sites))
        testing = _used(self.stages["residual"].spec) if self.learned() else ()
        found = [
            *self.named(self.recorded(new - set(self.sites)), "new"),
            *self.named(self.recorded(_used(self.spec)), "training"),
            *self.named(self.recorded(testing), "testing"),
        ]
        return tuple(dict.fromkeys(found))

    # ------------------------------------------------------------------------------------------------------- their parts

    def learned(self) -> list[ir.Unknown]:
        """What is learned from testing rows, but for their own true values and residuals."""
        if "residual" not in self.stages:
            return []
        stage = self.stages["residual"].spec
        own = {f"{each}.{end}" for each in self.rows for end in ("truth", "residual")}
        return [each for each in stage.unknowns if each.name not in own]

    def _exact(self, source: ir.Source) -> Factor:
        """The factor of data that are what they are recorded as."""
        words = "nothing is said of it: what is recorded is taken for true" if source.stance == "left out" else _DIRAC
        return Factor(source, (), (Step("", words),))

    def _is_law(self, statement: ir.Statement) -> bool:
        """Whether a statement is a law to be shown: weights of networks have too many."""
        return not isinstance(statement, ir.Quantity) and statement.name not in self.network_of

    def recorded(self, used: Collection[str]) -> list[str]:
        """The fields of the data among some names."""
        return [each.name for each in self.spec.fields if each.name in used]

    def _row_fields(self) -> set[str]:
        """The fields that differ from part to part, or would if there were other parts: those of the rows of outcomes."""
        parted = {each.name for each in self.spec.dims if each.parted}
        stated = self.prediction.spec.statements
        parted = parted or {
            dim for each in stated if not isinstance(each, ir.Factor) and each.name in self.sites for dim in each.dims
        }
        return {each.name for each in self.spec.fields if parted & set(each.dims)}

    def named(self, names: Iterable[str], part: Part) -> tuple[str, ...]:
        """Names as the equation has them: weights by their network, and those of rows with the mark of their part."""
        return tuple(dict.fromkeys(self._named(name, part) for name in names))

    def _named(self, name: str, part: Part) -> str:
        field = name.removesuffix(".truth")
        if field in self.rows:
            return f"{field}{MARKS[part]}{name[len(field) :]}"
        return self.network_of.get(name, name)


_FORWARD = "drawn forward for each draw"
_CHAINS = "short chains given each draw of the posterior"
_DIRAC = "a Dirac function: what is recorded is true"
_LEFT_OUT_FUNCTION = "nothing is said of it: outcomes scatter as their likelihood says"
_NOT_USED = "of no consequence: the law of the function has no unknowns for testing rows to tell"


def _on_paper(name: str) -> str:
    return f"integrated out of the law of {name} on paper, a normal integral"


def _truth(field: str) -> str:
    return f"{field}.truth"


def _unknown(spec: ir.Spec, name: str) -> ir.Unknown | None:
    return next((each for each in spec.unknowns if each.name == name), None)


def _observation(spec: ir.Spec, name: str) -> ir.Observation | None:
    return next((each for each in spec.observations if each.name == name), None)


def _used(spec: ir.Spec) -> set[str]:
    """All names that the laws of a spec speak of, with what is observed."""
    laws = [each for each in spec.statements if not isinstance(each, ir.Quantity)]
    return followed({each.name for each in spec.observations}.union(*map(ir.names_used, laws)), spec.quantities)


def followed(names: Iterable[str], through: Iterable[ir.Statement]) -> set[str]:
    """Names, and those that they are made of where they are of the statements `through`."""
    made = {each.name: each for each in through}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += ir.names_used(made[name]) if name in made else ()
    return found
