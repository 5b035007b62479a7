"""Networks: `network f(z[input]) -> real { dense(32, tanh)  dense(1) }`, their layers, and the priors of their weights."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from math import prod
from typing import NamedTuple

from uqdsl import ir
from uqdsl.messages import Label, Problem, Span, did_you_mean, listing
from uqdsl.messages.catalogue.kinds import GivenTwice, WrongArgumentCount
from uqdsl.messages.catalogue.methods import WrongOption
from uqdsl.messages.catalogue.names import UnknownDimension, WrongArgumentDimensions
from uqdsl.messages.catalogue.networks import (
    NoSuchWeights,
    SizeNeeded,
    UnknownLayer,
    WeightsWithoutPrior,
    WhichOutput,
    WrongLayer,
    WrongOutputs,
)
from uqdsl.semantics.constants import Settings
from uqdsl.semantics.context import Context, Typed, poison, union
from uqdsl.semantics.declare import Declarations, Declared, What
from uqdsl.semantics.functions import Lower, is_random, refused_arguments, weights_at
from uqdsl.semantics.layers import Place, Shape, shape_of
from uqdsl.semantics.options import resolve_options
from uqdsl.semantics.tables import axis_names
from uqdsl.semantics.walk import ungrouped
from uqdsl.semantics.wording import are, over, plural
from uqdsl.syntax import tree
from uqdsl.vocabulary import synonyms
from uqdsl.vocabulary.functions import FUNCTIONS
from uqdsl.vocabulary.layers import LAYERS
from uqdsl.vocabulary.supports import REAL, Support, point

INPUTS = "inputs"
"""After the name of a network: the dimension along which several inputs lie."""


class Networks(NamedTuple):
    """What the networks of a spec come to.

    - spec: with a prior for each array of weights in the place of those for many.
    - declarations: with the weights among the names.
    - found: the networks that are sound, by name.
    - dims: those that the layers bring with them.
    - sizes: for each array of weights, what `fan_in` and `fan_out` stand for in its prior.
    - groups: names such as `f.weights` and `f.hidden.biases`, each with the arrays of weights that it stands for.
    """

    spec: tree.Tree
    declarations: Declarations
    found: dict[str, ir.Network]
    dims: tuple[ir.Dim, ...]
    sizes: dict[str, dict[str, Typed]]
    groups: dict[str, tuple[str, ...]]
    problems: tuple[Problem, ...]


def lower_networks(
    spec: tree.Tree,
    declarations: Declarations,
    dims: Mapping[str, ir.Dim],
    fields: Sequence[ir.DataField],
    settings: Settings,
) -> Networks:
    """The networks of a spec, and a prior for each array of their weights."""
    found: dict[str, ir.Network] = {}
    made: list[ir.Dim] = []
    sizes: dict[str, dict[str, Typed]] = {}
    groups: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    written = _by_network(spec, declarations)
    priors: dict[tree.Prior, list[tree.Prior]] = {}
    values = dict(declarations.values)
    for statement in spec.statements:
        if not isinstance(statement, tree.Network) or statement.name.name in found:
            continue
        reader = _Reader(statement, declarations, dims, {each.name: each for each in fields}, settings)
        network = reader.network()
        problems += reader.problems
        if network is None:
            continue
        found[network.name] = network
        made += reader.made
        sizes |= reader.sizes
        for name, kinds in reader.kinds.items():
            for group in _names_of(kinds)[1:]:
                group = f"{network.name}.{group}"
                groups[group] = (*groups.get(group, ()), name)
        of_network = written.get(network.name, [])
        priors |= {each: [] for each in of_network}
        own, missing = _priors(network, statement, reader.kinds, of_network, declarations)
        problems += missing
        for prior, each in own:
            priors[prior].append(each)
            target = each.target
            axes = tuple(axis.name for axis in target.axes)
            values[target.name] = Declared(target.name, What.UNKNOWN, target.name_span, target.span, axes)
    expanded = tuple(
        each
        for statement in spec.statements
        for each in (priors.get(statement, (statement,)) if isinstance(statement, tree.Prior) else (statement,))
    )
    declared = {dim.name: Declared(dim.name, What.DIMENSION, dim.span, dim.span) for dim in made}
    declarations = declarations._replace(values=values, dims=declared | declarations.dims)
    return Networks(
        tree.Tree(expanded, spec.comments), declarations, found, tuple(made), sizes, groups, tuple(problems)
    )


def _by_network(spec: tree.Tree, declarations: Declarations) -> dict[str, list[tree.Prior]]:
    """The priors of weights, such as `prior f.weights ~ …`, by the network that they are of."""
    found: dict[str, list[tree.Prior]] = {}
    for statement in spec.statements:
        if isinstance(statement, tree.Prior) and statement.target.name not in declarations.values:
            owner = declarations.owner(statement.target.name)
            if owner is not None and owner.what is What.NETWORK:
                found.setdefault(owner.name, []).append(statement)
    return found


# ----------------------------------------------------------------------------------------------------------- layers


class _Reader:
    """Reads one network, layer by layer."""

    def __init__(
        self,
        statement: tree.Network,
        declarations: Declarations,
        dims: Mapping[str, ir.Dim],
        fields: Mapping[str, ir.DataField],
        settings: Settings,
    ) -> None:
        self.statement = statement
        self.name = statement.name.name
        self.declarations = declarations
        self.dims = ChainMap[str, ir.Dim]({}, dims)  # type: ignore[arg-type]
        self.fields = fields
        self.settings = settings
        self.problems: list[Problem] = []
        self.made: list[ir.Dim] = []
        self.sizes: dict[str, dict[str, Typed]] = {}
        self.kinds: dict[str, tuple[str, str, str]] = {}

    def network(self) -> ir.Network | None:
        """The network in the IR; None where a problem was reported."""
        parameters = tuple((each.name, self._axes(each)) for each in self.statement.parameters)
        outputs = tuple((each.name, self._axes(each)) for each in self.statement.outputs)
        if not parameters:
            at = self.statement.name.span
            problem = WrongArgumentCount(at=at, function=self.name, expected="at least one input", found=are(0))
            self.problems.append(problem)
        if self.problems or not all(dim in self.dims for _, axes in (*parameters, *outputs) for dim in axes):
            return None
        given, joined = self._inputs(parameters)
        output = self._outputs(outputs)
        layers: list[ir.Layer] = []
        for index, each in enumerate(self.statement.layers):
            if given is None or output is None:
                return None
            layer = self._layer(each, self._layer_name(each, layers), given, output)
            if layer is None:
                return None
            layers.append(layer)
            given = layer.dims
            if index + 1 == len(self.statement.layers) and set(given) != set(output):
                self._refuse_outputs(each, given, output)
                return None
        if len(outputs) == 1 and given is not None:
            outputs = ((outputs[0][0], given),)
        return ir.Network(
            span=self.statement.span,
            name=self.name,
            parameters=parameters,
            outputs=outputs,
            layers=tuple(layers),
            joined=joined,
        )

    def _axes(self, target: tree.Target) -> tuple[str, ...]:
        for axis in target.axes:
            if axis.name not in self.dims and not self.declarations.may_declare(axis.name):
                hint = did_you_mean(axis.name, self.dims)
                self.problems.append(UnknownDimension(at=axis.span, dim=axis.name, hint=hint))
        return axis_names(target, self.problems)

    def _size(self, dim: str) -> int | None:
        found = self.dims[ir.base(dim)]
        return len(found.labels) if found.labels is not None else found.size

    def _make(self, *dims: ir.Dim) -> None:
        self.made += dims
        self.dims.update({dim.name: dim for dim in dims})

    def _inputs(self, parameters: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[tuple[str, ...] | None, str | None]:
        """The dimensions of what the first layer takes in, and the one along which several inputs lie."""
        if len(parameters) == 1:
            return parameters[0][1], None
        labels: list[str | int | float] = []
        for (name, axes), written in zip(parameters, self.statement.parameters, strict=True):
            if len(axes) > 1:
                reason = f"is given `{name}`, over {over(axes)}, beside other inputs"
                hint = "one of several inputs is a number, or is over one dimension"
                self.problems.append(
                    WrongLayer(at=written.span, layer=self.statement.layers[0].name, reason=reason, hint=hint)
                )
                return None, None
            if not axes:
                labels.append(name)
                continue
            size = self._size(axes[0])
            if size is None:
                self.problems.append(SizeNeeded(at=written.span, what="one of several inputs", dim=axes[0]))
                return None, None
            labels += [f"{name}[{label}]" for label in self.dims[axes[0]].labels or range(1, size + 1)]
        joined = f"{self.name}.{INPUTS}"
        self._make(ir.Dim(span=self.statement.span, name=joined, labels=tuple(labels)))
        return (joined,), joined

    def _outputs(self, outputs: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[str, ...] | None:
        """The dimensions of what the last layer gives out."""
        if len(outputs) == 1:
            return outputs[0][1]
        first, names = self.statement.outputs[0], [name for name, _ in outputs]
        for written, (name, axes) in zip(self.statement.outputs[1:], outputs[1:], strict=True):
            if axes != outputs[0][1]:
                others = (Label(first.span, f"over {over(outputs[0][1])}"),)
                found, expected = f"`{name}` over {over(axes)}", "all over the same dimensions"
                hint = "a network of its own can give the other"
                self.problems.append(
                    WrongOutputs(
                        at=written.span, network=self.name, found=found, expected=expected, others=others, hint=hint
                    )
                )
                return None
        if len(set(names)) < len(names):
            twice = next(each for index, each in enumerate(self.statement.outputs) if each.name in names[:index])
            others = (Label(first.span, "the outputs"),)
            self.problems.append(GivenTwice(at=twice.span, owner=self.name, name=twice.name, others=others))
            return None
        last = self.statement.layers[-1]
        place = f"{self.name}.{self._name_of(last, len(self.statement.layers) - 1)}"
        self._make(ir.Dim(span=last.span, name=place, labels=tuple(names)))
        return (place, *outputs[0][1])

    def _name_of(self, layer: tree.Layer, index: int) -> str:
        """The name of a layer: its own, or its kind and how manieth of that kind it is."""
        before = [each.name for each in self.statement.layers[:index]]
        return layer.alias or f"{layer.name}{before.count(layer.name) + 1}"

    def _layer_name(self, layer: tree.Layer, before: Sequence[ir.Layer]) -> str:
        name = self._name_of(layer, len(before))
        first = next((each for each in before if each.name == name), None)
        if first is not None or name == INPUTS:
            others = (Label(first.span, "first here"),) if first is not None else ()
            self.problems.append(GivenTwice(at=layer.span, owner=self.name, name=name, others=others))
        return name

    def _layer(
        self, written: tree.Layer, name: str, given: tuple[str, ...], output: tuple[str, ...]
    ) -> ir.Layer | None:
        kind = LAYERS.get(written.name)
        if kind is None:
            hint = synonyms.meant(written.name, LAYERS, synonyms.LAYERS, otherwise=f"it can be {listing(LAYERS)}")
            self.problems.append(UnknownLayer(at=written.span, name=written.name, hint=hint))
            return None
        dims: dict[str, tuple[str, ...]] = {}
        ends: dict[str, tree.Expression] = {}
        sized: str | None = None
        rest: list[tree.Named] = []
        for index, each in enumerate(written.arguments):
            if not isinstance(each, tree.Named):
                if index >= len(kind.positional):
                    expected = f"at most {plural(len(kind.positional), 'value')} without a name"
                    self.problems.append(
                        WrongArgumentCount(at=each.span, function=kind.name, expected=expected, found="one more is")
                    )
                    return None
                each = tree.Named(each.span, kind.positional[index], each.span, each)
            if each.name in kind.dims:
                axes = self._dims_named(each.value, given, kind.name)
                if axes is None:
                    return None
                dims[each.name] = axes
            elif each.name in kind.ends:
                ends[each.name] = each.value
            elif each.name == kind.width and (named := self._dimension(each.value)) is not None:
                sized = named
            else:
                rest.append(each)
        if any(self._is_doubtful(each) for each in ends.values()):
            return None
        options = resolve_options(kind.name, kind.options, tuple(rest), self.settings, self.problems)
        if options is None or not self._is_activation(rest, kind.name):
            return None
        place = Place(
            network=self.statement,
            output=output,
            layer=written,
            name=f"{self.name}.{name}",
            last=written is self.statement.layers[-1],
            given=given,
            over=dims.get("over"),
            sized=sized,
            ends=ends,
            fields=self.fields,
            dims=self.dims,
            problems=self.problems,
        )
        shape = shape_of(place, options)
        if shape is None or self.problems:
            return None
        self._make(*place.made)
        chosen = options.model_dump()
        if chosen.get("activation") is not None:
            chosen["activation"] = self.declarations.word(chosen["activation"])
        return self._lowered(written, name, chosen, given, shape)

    def _lowered(
        self, written: tree.Layer, name: str, options: dict[str, object], given: tuple[str, ...], shape: Shape
    ) -> ir.Layer:
        weights = []
        kinds = {each.name: each.kind for each in LAYERS[written.name].weights}
        sizes = {"fan_in": self._product(shape.fan_in), "fan_out": self._product(shape.fan_out)}
        for part, axes in shape.weights.items():
            whole = f"{self.name}.{name}.{part}"
            weights.append(ir.Weights(span=written.span, name=whole, dims=axes))
            self.kinds[whole] = (name, kinds[part], part)
            self.sizes[whole] = sizes
        return ir.Layer(
            span=written.span,
            name=name,
            kind=written.name,
            options=options,  # type: ignore[arg-type]
            over=shape.over,
            given=given,
            dims=shape.dims,
            weights=tuple(weights),
            edges=shape.edges,
        )

    def _product(self, dims: tuple[str, ...]) -> Typed:
        """How many numbers there are over dimensions."""
        sizes = [self._size(dim) for dim in dims]
        known = prod(size for size in sizes if size is not None)
        span = self.statement.span
        unknown = [dim for dim, size in zip(dims, sizes, strict=True) if size is None]
        node: ir.Expression = ir.Constant(span=span, value=known)
        if not unknown:
            return Typed(node, point(float(known)), spread=frozenset())
        factors: list[ir.Expression] = [ir.Size(span=span, dim=ir.base(dim)) for dim in unknown]
        node = factors[0]
        for each in [*factors[1:], *([ir.Constant(span=span, value=known)] if known != 1 else [])]:
            node = ir.Operation(span=span, operator="*", operands=(node, each))
        return Typed(node, Support(1, float("inf"), integer=True), spread=frozenset())

    def _is_doubtful(self, end: tree.Expression) -> bool:
        """Whether a field has a problem of its own where it is declared."""
        name = tree.dotted(ungrouped(end)) or ""
        found = self.declarations.values.get(name)
        if found is None:
            return self.declarations.may_declare(name)
        return name not in self.fields and found.what in (What.FIELD, What.UNREADABLE)

    def _dimension(self, value: tree.Expression) -> str | None:
        name = ungrouped(value)
        if isinstance(name, tree.Name) and name.name in self.dims and name.name not in self.settings:
            return name.name
        return None

    def _dims_named(self, value: tree.Expression, given: tuple[str, ...], layer: str) -> tuple[str, ...] | None:
        """The dimensions that an option names: those of the spec, or those of earlier layers by their names."""
        inner = ungrouped(value)
        found: list[str] = []
        for each in inner.items if isinstance(inner, tree.Listing) else (inner,):
            name = tree.dotted(ungrouped(each)) or ""
            name = name if name in given else f"{self.name}.{name}"
            if name not in given:
                shown = self.declarations.written(each.span)
                reason = f"goes over `{shown}`, which its input does not have"
                hint = f"its input is over {over(given)}" if given else "its input is a single number"
                self.problems.append(WrongLayer(at=each.span, layer=layer, reason=reason, hint=hint))
                return None
            found.append(name)
        return tuple(found)

    def _is_activation(self, given: Sequence[tree.Named], layer: str) -> bool:
        for each in given:
            if each.name != "activation":
                continue
            name = ungrouped(each.value)
            word = self.declarations.word(name.name) if isinstance(name, tree.Name) else ""
            if word not in FUNCTIONS or FUNCTIONS[word].arity != 1:
                found = self.declarations.written(each.value.span)
                hint = synonyms.meant(found, [n for n, f in FUNCTIONS.items() if f.arity == 1], synonyms.FUNCTIONS)
                self.problems.append(
                    WrongOption(
                        at=each.value.span,
                        method=layer,
                        option="activation",
                        expected="a function of one number, such as `tanh`",
                        found=f"`{found}`",
                        hint=hint or "leave it out where there is none",
                    )
                )
                return False
        return True

    def _refuse_outputs(self, layer: tree.Layer, given: tuple[str, ...], output: tuple[str, ...]) -> None:
        others = (Label(self.statement.outputs[0].span, "the outputs"),)
        found = f"values over {over(given)}" if given else "a single number"
        expected = f"over {over(output)}" if output else "single numbers"
        self.problems.append(
            WrongOutputs(
                at=layer.span,
                network=self.name,
                found=found,
                expected=expected,
                others=others,
                hint="end with `dense()`, which is as wide as the outputs",
            )
        )


# ----------------------------------------------------------------------------------------------------------- priors

_ALL = "weights"


def _priors(
    network: ir.Network,
    statement: tree.Network,
    kinds: Mapping[str, tuple[str, str, str]],
    priors: Sequence[tree.Prior],
    declarations: Declarations,
) -> tuple[list[tuple[tree.Prior, tree.Prior]], list[Problem]]:
    """A prior for each array of weights, behind the one that it is written in; and the weights that have none."""
    problems: list[Problem] = []
    written: dict[str, tree.Prior] = {}
    for prior in priors:
        part = prior.target.name.removeprefix(f"{network.name}.")
        if part in written:
            first = written[part].target
            others = (Label(first.span, "first given here"),)
            problems.append(GivenTwice(at=prior.target.span, owner=network.name, name=part, others=others))
        elif not any(part in _names_of(each) for each in kinds.values()):
            possible = list(dict.fromkeys(name for each in kinds.values() for name in reversed(_names_of(each))))
            otherwise = f"it has {listing(possible, last='and')}" if possible else "none of its layers has weights"
            whole = f"{part}.{_ALL}"
            hint = (
                f"did you mean `{whole}`?" if whole in possible else did_you_mean(part, possible, otherwise=otherwise)
            )
            at = prior.target.name_span
            problems.append(NoSuchWeights(at=at, network=network.name, part=part, hint=hint))
        else:
            written[part] = prior
    found: list[tuple[tree.Prior, tree.Prior]] = []
    bare: list[str] = []
    for each in network.weights:
        prior = next((written[name] for name in _names_of(kinds[each.name]) if name in written), None)
        if each.name in declarations.values:
            continue
        if prior is None:
            bare.append(each.name)
        else:
            found.append((prior, _of_weights(prior, each)))
    if bare and not problems and ir.own(network.name) not in declarations.doubtful:
        hint = f"`prior {network.name}.weights ~ Normal(0, 1 / sqrt(fan_in))` is one for all of its weights"
        if written:
            wanted = kinds[bare[0]]
            hint = f"`prior {network.name}.{_names_of(wanted)[-2]} ~ …` is one for all that are alike"
        weights, have = listing(bare, last="and"), "has" if len(bare) == 1 else "have"
        if len(bare) > _NAMED:
            weights = f"`{bare[0]}` and {len(bare) - 1} other arrays of weights"
        at = statement.name.span
        problems.append(WeightsWithoutPrior(at=at, network=network.name, weights=weights, have=have, hint=hint))
    return found, problems


_NAMED = 3


def _names_of(weights: tuple[str, str, str]) -> tuple[str, ...]:
    """The names, after that of the network, by which a prior reaches an array of weights, the most specific first."""
    layer, kind, part = weights
    return (f"{layer}.{part}", f"{layer}.{kind}", f"{layer}.{_ALL}", kind, _ALL)


def _of_weights(prior: tree.Prior, weights: ir.Weights) -> tree.Prior:
    """The prior of many arrays of weights as that of one."""
    at = prior.target.name_span
    axes = tuple(tree.Axis(at, ir.base(dim), len(dim) - len(ir.base(dim))) for dim in weights.dims)
    target = tree.Target(prior.target.span, weights.name, at, axes)
    hidden = any(each.name == "nuisance" for each in prior.modifiers)
    nuisance = () if hidden else (tree.Modifier(at, "nuisance", at),)
    return replace(prior, target=target, modifiers=(*prior.modifiers, *nuisance))


# ------------------------------------------------------------------------------------------------------------ calls


def call_network(
    network: ir.Network, expression: tree.Call, output: str | None, context: Context, lower: Lower
) -> Typed:
    """A call of a network: its inputs over their dimensions, and any others over which it is repeated."""
    name, parameters = network.name, network.parameters
    refused = refused_arguments(name, expression, plural(len(parameters), "input"), len(parameters), context)
    if refused is not None:
        return refused
    outputs = dict(network.outputs)
    if output is not None and output not in outputs:
        hint = did_you_mean(output, outputs, otherwise=f"it has {listing(outputs, last='and')}")
        reason = f"has no output `{output}`"
        return context.report(WhichOutput(at=expression.span, network=name, reason=reason, hint=hint))
    if output is None and len(outputs) > 1:
        call = context.written(expression.span, f"{name}(…)")
        hint = f"say which: {listing(f'{call}.{each}' for each in outputs)}"
        reason = f"has {len(outputs)} outputs"
        return context.report(WhichOutput(at=expression.span, network=name, reason=reason, hint=hint))
    given = [lower(each, context) for each in expression.arguments if not isinstance(each, tree.Named)]
    if not all(each.sound for each in given):
        return poison(expression.span)
    kept = outputs[output] if output is not None else network.outputs[0][1]
    own = union(*(axes for _, axes in parameters), *(each.dims for each in network.handed), kept)
    for (parameter, axes), value in zip(parameters, given, strict=True):
        rest = {dim for dim in value.dims if dim not in axes}
        if not set(axes) <= set(value.dims) or rest & {*own}:
            expected = over(axes) if axes else "anything but " + over(own)
            others = (Label(network.span, "the network"),)
            return context.report(
                WrongArgumentDimensions(
                    at=value.node.span,
                    function=name,
                    parameter=parameter,
                    expected=expected,
                    found=over(value.dims),
                    others=others,
                )
            )
    weights = weights_at(expression.span, network.handed, context)
    if weights is None:
        return poison(expression.span)
    batch = union(
        *(
            tuple(dim for dim in value.dims if dim not in axes)
            for value, (_, axes) in zip(given, parameters, strict=True)
        )
    )
    node = ir.Invoke(
        span=expression.span,
        function=name,
        arguments=tuple(each.node for each in given),
        weights=weights,
        output=output if len(outputs) > 1 else None,
        own=own,
        dims=(*batch, *kept),
    )
    return Typed(node, _support(network), random=any(each.random for each in given) or is_random(weights, context))


def _support(network: ir.Network) -> Support:
    """Where the outputs lie, by the last layer's activation."""
    options = network.layers[-1].options
    activation = options.get("activation")
    if not isinstance(activation, str) or options.get("residual"):
        return REAL
    return FUNCTIONS[activation].image(REAL)


# ----------------------------------------------------------------------------------------------------------- values


def with_values(
    statements: Sequence[ir.Statement], learned: Collection[str], declarations: Declarations
) -> tuple[ir.Statement, ...]:
    """The statements, with what a likelihood needs of a learned function as a quantity of its own, which is recorded.

    Hidden units can change places, so that chains need not agree on weights; on the values of the function they do.
    """
    made: dict[str, ir.Quantity] = {}
    found: list[ir.Statement] = []
    unknown: set[str] = set()
    for statement in statements:
        if isinstance(statement, ir.Unknown) or (isinstance(statement, ir.Quantity) and not statement.fixed):
            unknown.add(statement.name)
        if not isinstance(statement, ir.Observation) or statement.past is not None:
            found.append(statement)
            continue
        new: list[ir.Quantity] = []

        def change(
            node: ir.Node,
            dims: frozenset[str | None] = frozenset((*statement.dims, statement.law.over)),
            span: Span = statement.span,
            new: list[ir.Quantity] = new,
        ) -> ir.Node | None:
            if not isinstance(node, ir.Invoke) or node.function not in learned or not set(node.dims) <= dims:
                return None
            if not ir.names_used(node) & unknown:
                return None
            name = _value_name(node, declarations)
            value = made.get(name)
            if value is None or meaning(value.value) != meaning(node):
                name = next(each for each in chain((name,), _numbered(node.function)) if each not in made)
                value = ir.Quantity(span=span, name=name, dims=node.dims, value=node, fixed=False)
                made[name] = value
                new.append(value)
            return ir.Reference(span=node.span, name=value.name, dims=value.dims)

        changed = statement.model_copy(update={"law": ir.rewrite(statement.law, change)})
        found += [*new, changed]
    return tuple(found)


_PLAIN = re.compile(r"[\w.]+\([\w. ,]+\)(\.\w+)?|gradient\([\w.]+\([\w. ,]+\)(\.\w+)?, [\w.]+\)")


def _value_name(node: ir.Invoke, declarations: Declarations) -> str:
    """What the value of a call is called: as it is written, where that is short and plain."""
    written = declarations.written(node.span, "")
    return written if _PLAIN.fullmatch(written) else f"{node.function}.values"


def _numbered(name: str) -> Iterator[str]:
    return map(f"{name}.values{{}}".format, count(2))


def meaning(part: object) -> object:
    """A part of the IR wherever it stands."""
    if isinstance(part, ir.Node):
        return type(part), *(meaning(getattr(part, name)) for name in type(part).model_fields if name != "span")
    return tuple(map(meaning, part)) if isinstance(part, tuple) else part
