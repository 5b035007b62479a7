"""A system that moves in time, bound to data: what every method of `assimilate` is given.

A state is one flat vector `(d,)`, the states of the spec one behind the other, each on the unconstrained scale of its kind, so
that whatever a method adds to it is a state again; parameters are another. Time is cut into
events: every time of the axis, and every time at which something was observed. To each belongs a step that leads there, and
the rows that were observed then, padded so that all events are of one shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
from numpyro.distributions import biject_to
from numpyro.handlers import seed, substitute, trace

from uqdsl import ir
from uqdsl.assimilate.supports import Supports
from uqdsl.infer.covariance import Covariance, centre, covariance_of, exact, independent, is_gaussian, mean_of
from uqdsl.infer.positions import Layout, innermost
from uqdsl.infer.predictive import trace_at_means, without_reparam
from uqdsl.infer.target import Target
from uqdsl.messages import SpecError
from uqdsl.messages.catalogue.localization import NoDistances, NowhereAlong

_NEVER = -1
"""The row of a place that no observation fills."""
_DRAWS = 2000
"""Draws from which moments of a prior are found that is not Gaussian."""


class Stages(NamedTuple):
    """The programs of a system: where it begins, one step, and what is observed of it."""

    initial: Target
    step: Target
    observation: Target


class Events(NamedTuple):
    """What happens when, along the first axis; the first event is at the first time of the axis, and no step leads there.

    - number: of the event, from 0.
    - time: of the event.
    - length: of the step that leads there, 0 for the first.
    - place: of the time of the axis at or before the beginning of the step: its inputs hold then.
    - acts: whether errors act at its end: at the times of the axis.
    - rows: for each stream, the rows observed then, `(event, most)`, and -1 where there are fewer.
    """

    number: jax.Array
    time: jax.Array
    length: jax.Array
    place: jax.Array
    acts: jax.Array
    rows: dict[str, jax.Array]


class Moments(NamedTuple):
    """Mean `(n,)` and covariance."""

    mean: jax.Array
    covariance: Covariance


class _Cause(NamedTuple):
    """What is drawn at a site: mean and covariance on a scale, and the way from there to its value."""

    mean: jax.Array
    covariance: Covariance
    value: Callable[[jax.Array], jax.Array]


class Axis(NamedTuple):
    """Where the labels of a dimension lie `(n,)`, and how far it is once round; infinite where it does not go round."""

    labels: np.ndarray
    period: float


class Shape(NamedTuple):
    """How what a likelihood observes at an event lies in a flat vector: from `start` on, over these dimensions."""

    name: str
    start: int
    dims: tuple[str, ...]
    sizes: tuple[int, ...]


class Observed(NamedTuple):
    """What is observed at an event: `values ~ Normal(mean, covariance)` where `present`, `(p,)` each; elsewhere nothing."""

    mean: jax.Array
    covariance: Covariance
    values: jax.Array
    present: jax.Array


@partial(jax.tree_util.register_dataclass, data_fields=["data", "events", "known"], meta_fields=["fixed"])
@dataclass(frozen=True, eq=False)
class System:
    """A system with its data; a pytree, so that compiled functions take it as an argument.

    Attributes:
        fixed: what is not data.
        data: every field.
        events: what happens when.
        known: the parameters, where they are known.
    """

    fixed: Fixed
    data: dict[str, jax.Array]
    events: Events
    known: jax.Array | None = None

    def at(self, parameters: jax.Array) -> System:
        """The same system with known parameters `(q,)`."""
        return replace(self, known=parameters)

    @property
    def size(self) -> int:
        """Elements of a state."""
        return self.fixed.states.size

    @property
    def parameters(self) -> int:
        """Elements of the parameters."""
        return self.fixed.parameters.size

    def draw_initial(self, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """A draw of parameters and of the state at the first time."""
        given = None if self.known is None else self.fixed.parameters.split(self.known)
        values = self._values(self.fixed.stages.initial, self.data, key, given)
        return self.fixed.parameters.join(values), self.free(self.fixed.states.join(values))

    def placed(self, states: jax.Array) -> jax.Array:
        """States `(…, d)` on the scale of their supports: what the spec calls them."""
        return self.fixed.supports.placed(states)

    def free(self, values: jax.Array) -> jax.Array:
        """States `(…, d)` on their unconstrained scale."""
        return self.fixed.supports.free(values)

    def mean_parameters(self) -> jax.Array:
        """The parameters at the means of their priors, or as they are known."""
        if self.known is not None:
            return self.known
        sites = trace_at_means(self.fixed.stages.initial, self.data)
        return self.fixed.parameters.join({name: each["value"] for name, each in sites.items()})

    def prior_moments(self, key: jax.Array) -> Moments:
        """Mean and covariance of the parameters on their unconstrained scale: exact where their laws are linear and Gaussian.

        Those of others are found from draws.
        """
        layout = self.fixed.parameters

        def laws(given: jax.Array) -> tuple[jax.Array, Covariance]:
            sites = trace_at_means(self.fixed.stages.initial, self.data, layout.split(given))
            places = list(zip(names, layout.shapes, strict=True))
            means = [mean_of(sites[name]["fn"], shape) for name, shape in places]
            return jnp.concatenate(means), independent([_covariance(sites[name], shape) for name, shape in places])

        names = layout.names
        sites = trace_at_means(self.fixed.stages.initial, self.data)
        plain = layout.mask([name for name in names if is_gaussian(sites[name]["fn"])])
        centre = self.mean_parameters()
        # θ = m(θ) + e with e ~ N(0, C), so that θ - E[θ] = (1 - m')^-1 e.
        around = jnp.linalg.inv(jnp.eye(self.parameters) - jax.jacfwd(lambda given: laws(given)[0])(centre))
        mean, covariance = centre, around @ laws(centre)[1].matrix() @ around.T
        if not plain.all():
            drawn, _ = jax.vmap(self.draw_initial)(jax.random.split(key, _DRAWS))
            free = jax.vmap(self.unconstrained)(drawn)
            both = jnp.asarray(plain[:, None] & plain[None, :])
            mean = jnp.where(jnp.asarray(plain), mean, jnp.mean(free, axis=0))
            covariance = jnp.where(both, covariance, jnp.cov(free, rowvar=False).reshape(covariance.shape))
        return Moments(mean, Covariance(jnp.diag(covariance), covariance))

    def unconstrained(self, parameters: jax.Array) -> jax.Array:
        """Parameters, each on the unconstrained scale of its support."""
        given = self.fixed.parameters.split(parameters)
        sites = trace_at_means(self.fixed.stages.initial, self.data, given)
        free = {name: biject_to(sites[name]["fn"].support).inv(each) for name, each in given.items()}
        return self.fixed.parameters.join(free)

    def constrained(self, free: jax.Array) -> jax.Array:
        """Parameters from their unconstrained scale."""
        given = self.fixed.parameters.split(free)

        def placed(site: dict[str, Any]) -> jax.Array | None:
            if site["type"] != "sample" or site["value"] is not None:
                return None
            if site["name"] in given:
                return biject_to(site["fn"].support)(given[site["name"]])
            return centre(site["fn"])

        model = substitute(without_reparam(self.fixed.stages.initial.model), substitute_fn=placed)
        sites = trace(model).get_trace(self.data, self.fixed.stages.initial.coords, observed=False)
        return self.fixed.parameters.join({name: sites[name]["value"] for name in given})

    def step(self, state: jax.Array, parameters: jax.Array, event: Events, key: jax.Array) -> jax.Array:
        """A draw of the state at an event, given that at the event before."""
        values = self._values(self.fixed.stages.step, self._given(state, parameters, event), key)
        return self._reached(values, event)

    def forecast(self, state: jax.Array, parameters: jax.Array, event: Events) -> Moments:
        """Mean and covariance of the state at an event, given that at the event before.

        They are exact where the error is Gaussian and added; else those of what is linear in what is drawn.
        """
        return self._moments(self.fixed.stages.step, self._given(state, parameters, event), {}, event)

    def initial_moments(self, parameters: jax.Array) -> Moments:
        """Mean and covariance of the state at the first time, exact or linear likewise."""
        given = self.fixed.parameters.split(parameters)
        return self._moments(self.fixed.stages.initial, self.data, given, None)

    def observe(self, state: jax.Array, parameters: jax.Array, event: Events) -> Observed:
        """What is observed at an event of a state: mean and covariance of its law, NaN where these are not known."""
        sites, present = self._observation(state, parameters, event)
        means, covariances, values, there = [], [], [], []
        for name, site in sites.items():
            value, law = site["value"], site["fn"]
            means.append(mean_of(law, jnp.shape(value)))
            values.append(jnp.ravel(jnp.asarray(value, float)))
            there.append(jnp.ravel(jnp.broadcast_to(present[name], jnp.shape(value))))
            covariances.append(_covariance(site, jnp.shape(value)))
        return Observed(
            jnp.concatenate(means), independent(covariances), jnp.concatenate(values), jnp.concatenate(there)
        )

    def log_likelihood(self, state: jax.Array, parameters: jax.Array, event: Events) -> jax.Array:
        """Log density of what is observed at an event, given a state."""
        return jnp.sum(self.log_likelihoods(state, parameters, event))

    def log_likelihoods(self, state: jax.Array, parameters: jax.Array, event: Events) -> jax.Array:
        """The same by element, `(p,)` in the order of `observe`; of elements with a law together, a share each."""
        sites, present = self._observation(state, parameters, event)
        found = []
        for name, site in sites.items():
            density, there = site["fn"].log_prob(site["value"]), present[name]
            together = tuple(range(density.ndim, there.ndim))
            sharing = jnp.maximum(jnp.sum(there, axis=together, keepdims=True), 1)
            density = density.reshape(density.shape + (1,) * len(together)) / sharing
            found.append(jnp.ravel(jnp.where(there, density, 0.0)))
        return jnp.concatenate(found)

    def observes_gaussian(self, event: Events) -> bool:
        """Whether all laws of what is observed are Gaussian."""
        state, parameters = jnp.zeros(self.size), jnp.ones(self.parameters)
        sites, _ = self._observation(state, parameters, event)
        return all(is_gaussian(site["fn"]) for site in sites.values())

    def any_observed(self, event: Events) -> jax.Array:
        """Whether anything was observed at an event."""
        data, target = self._rows(event), self.fixed.stages.observation
        return jnp.stack([jnp.any(_present(stream, event, data, target)) for stream in self.fixed.motion.streams]).any()

    def draw_observed(self, state: jax.Array, parameters: jax.Array, event: Events, key: jax.Array) -> jax.Array:
        """A draw of what might be observed at an event of a state, in the order of `observe`."""
        target = self.fixed.stages.observation
        data, coords = self._rows(event, parameters) | self._states(state), self._row_coords(event)
        model = seed(without_reparam(target.model), key)
        sites = trace(model).get_trace(data, coords, observed=False)
        streams = self.fixed.motion.streams
        return jnp.concatenate([jnp.ravel(jnp.asarray(sites[each.name]["value"], float)) for each in streams])

    def by_row(self, values: jax.Array | np.ndarray) -> dict[str, jax.Array]:
        """What belongs to observations, `(event, p)`, over the dimensions of each stream; NaN in rows that no event has."""
        target, found, start = self.fixed.stages.observation, {}, 0
        for stream in self.fixed.motion.streams:
            rows, dims = self.events.rows[stream.rows], target.dims[stream.name]
            at, shape = dims.index(stream.rows), [len(target.coords[dim]) for dim in dims]
            padded = [*shape[:at], rows.shape[-1], *shape[at + 1 :]]
            stop = start + math.prod(padded)
            each = jnp.moveaxis(jnp.asarray(values)[:, start:stop].reshape(len(values), *padded), at + 1, 1)
            whole = jnp.full([shape[at], *shape[:at], *shape[at + 1 :]], jnp.nan)
            whole = whole.at[jnp.where(rows == _NEVER, shape[at], rows)].set(each, mode="drop")
            found[stream.name], start = jnp.moveaxis(whole, 0, at), stop
        return found

    # ------------------------------------------------------------------------------------------------- where things are

    def axis(self, dim: str) -> Axis:
        """Where the labels of a dimension lie.

        Raises:
            SpecError: UQ291 for labels that are no numbers.
        """
        labels = self.fixed.stages.initial.coords[dim]
        word = next((each for each in labels if isinstance(each, str)), None)
        if word is not None:
            raise SpecError([NoDistances(dim=dim, word=word)])
        places = np.asarray(labels, float)
        if dim not in self.fixed.periodic or len(places) < 2:
            return Axis(places, math.inf)
        return Axis(places, float(np.ptp(places)) * len(places) / (len(places) - 1))

    def state_dims(self) -> dict[str, tuple[str, ...]]:
        """The dimensions of each state."""
        return {name: self.fixed.stages.initial.dims.get(name, ()) for name in self.fixed.states.names}

    def shapes_observed(self, event: Events) -> list[Shape]:
        """How what is observed at an event lies in the vectors of `observe`."""
        target, start, found = self.fixed.stages.observation, 0, []
        for stream in self.fixed.motion.streams:
            dims = target.dims[stream.name]
            sizes = tuple(event.rows[dim].shape[-1] if dim in event.rows else len(target.coords[dim]) for dim in dims)
            found.append(Shape(stream.name, start, dims, sizes))
            start += math.prod(sizes)
        return found

    def place_observed(self, shape: Shape, dim: str, event: Events) -> jax.Array:
        """Where along a dimension the elements of a likelihood lie at an event: an array that broadcasts over its sizes.

        Raises:
            SpecError: UQ292 where they lie nowhere along it.
        """
        if dim in shape.dims:
            at, values = (dim,), jnp.asarray(self.axis(dim).labels)
        else:
            stream = next(each for each in self.fixed.motion.streams if each.name == shape.name)
            field = dict(stream.places).get(dim)
            if field is None:
                raise SpecError([NowhereAlong(dim=dim, name=shape.name, what="observed")])
            at, values = self.fixed.stages.observation.dims[field], self._rows(event)[field]
            if jnp.issubdtype(values.dtype, jnp.integer):
                values = jnp.asarray(self.axis(dim).labels)[values]
        return values.reshape([size if each in at else 1 for each, size in zip(shape.dims, shape.sizes, strict=True)])

    def elements(self, shape: Shape, dims: Sequence[str], event: Events) -> tuple[jax.Array, jax.Array]:
        """Where the elements of a likelihood lie along dimensions at an event `(p, dimension)`, and whether a row fills them.

        Raises:
            SpecError: UQ292 where they lie nowhere along one.
        """
        places = [self.place_observed(shape, dim, event) for dim in dims]
        there = jnp.ones((), bool)
        for dim, rows in event.rows.items():
            if dim in shape.dims:
                there = there & (rows != _NEVER).reshape([-1 if each == dim else 1 for each in shape.dims])
        flat = [jnp.ravel(jnp.broadcast_to(each, shape.sizes)) for each in (*places, there)]
        return jnp.stack(flat[:-1], axis=-1) if places else jnp.zeros((len(flat[0]), 0)), flat[-1]

    def elements_of_events(self, shape: Shape, dims: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The same of all events, `(event, p, dimension)` and `(event, p)`: known before anything is compiled."""
        bound = replace(self, data=dict(self.fixed.stages.observation.data), events=self.fixed.events)
        with jax.ensure_compile_time_eval():
            found = jax.vmap(lambda event: bound.elements(shape, dims, event))(bound.events)
        return np.asarray(found[0]), np.asarray(found[1])

    def observed_names(self) -> list[str]:
        """The stream to which each element of what is observed at an event belongs."""
        event = jax.tree.map(lambda each: each[0], self.events)
        sites, _ = self._observation(jnp.zeros(self.size), self.mean_parameters(), event)
        return [name for name, site in sites.items() for _ in range(jnp.size(site["value"]))]

    def strange_laws(self) -> list[str]:
        """The names of all that is drawn by a law that is not Gaussian, on the scale on which it is moved."""
        stages, event = self.fixed.stages, jax.tree.map(lambda each: each[0], self.events)
        state, parameters = self.initial_moments(self.mean_parameters()).mean, self.mean_parameters()
        first = trace_at_means(stages.initial, self.data)
        begin = {name: first[name] for name in self.fixed.states.names}
        step = trace_at_means(stages.step, self._given(state, parameters, event))
        seen, _ = self._observation(state, parameters, event)
        laws = [(name, each) for sites in (begin, step, seen) for name, each in sites.items()]
        drawn = [(name, each["fn"]) for name, each in laws if each["type"] == "sample"]
        return [name for name, law in drawn if not (is_gaussian(law) or self._is_logarithmic(name, law))]

    # ------------------------------------------------------------------------------------------------- how it is done

    def _given(self, state: jax.Array, parameters: jax.Array, event: Events) -> dict[str, jax.Array]:
        axis, motion = self.fixed.motion.axis, self.fixed
        values = {**self.data, **motion.parameters.split(parameters)}
        held = {name: jnp.take(values[name], event.place, at) for name, at in motion.inputs.items() if name in values}
        before = {f"{name}.before": each for name, each in self._states(state).items()}
        times = {f"{axis}.now": event.time - event.length, f"{axis}.step": event.length}
        return {**values, **before, **times, **held}

    def _values(
        self, target: Target, data: Mapping[str, Any], key: jax.Array, given: dict[str, jax.Array] | None = None
    ) -> dict[str, jax.Array]:
        model = seed(substitute(without_reparam(target.model), given or {}), key)
        sites = trace(model).get_trace(data, target.coords, observed=False)
        return {name: each["value"] for name, each in sites.items() if each["type"] in ("sample", "deterministic")}

    def _states(self, state: jax.Array) -> dict[str, jax.Array]:
        """The states by their names."""
        return self.fixed.states.split(self.placed(state))

    def _reached(self, values: Mapping[str, jax.Array], event: Events | None) -> jax.Array:
        """The state at the first time, or at the end of a step.

        Between the times of the axis, where no error acts, that is where the equations lead to; states that move by a law of
        their own do so at the times of the axis alone.
        """
        moved = self.free(self.fixed.states.join(values))
        exact = {name: values[led] for name in self.fixed.states.names if (led := f"{name}.forecast") in values}
        if event is None or len(exact) < len(self.fixed.states.names):
            return moved
        return jnp.where(event.acts, moved, self.free(self.fixed.states.join(exact)))

    def _moments(
        self, target: Target, data: Mapping[str, Any], known: Mapping[str, Any], event: Events | None
    ) -> Moments:
        """Mean and covariance of the state that a stage draws; at an event, errors act at the times of the axis alone."""

        def reached(values: Mapping[str, Any]) -> jax.Array:
            return self._reached({name: each["value"] for name, each in values.items()}, event)

        sites, states = trace_at_means(target, data, known), self.fixed.states
        drawn = {name: each for name, each in sites.items() if each["type"] == "sample" and name not in known}
        added = [next((each for each in (f"{name}.error", name) if each in drawn), "") for name in states.names]
        if self.fixed.supports.real and drawn.keys() <= {*added}:
            parts = zip(added, states.shapes, strict=True)
            acting = independent([_covariance(drawn.get(each), shape) for each, shape in parts])
            if event is not None:
                acting = acting.where(jnp.broadcast_to(event.acts, acting.variance.shape), 0.0)
            return Moments(reached(sites), acting)
        causes = {name: self._cause(name, each) for name, each in drawn.items()}
        layout = Layout(tuple(causes), tuple(jnp.shape(each.mean) for each in causes.values()))

        def moved(drawn: jax.Array) -> jax.Array:
            values = {name: causes[name].value(each) for name, each in layout.split(drawn).items()}
            return reached(trace_at_means(target, data, {**known, **values}))

        means = layout.join({name: each.mean for name, each in causes.items()})
        slope = jax.jacfwd(moved)(means)
        whole = slope @ independent([each.covariance for each in causes.values()]).matrix() @ slope.T
        return Moments(moved(means), Covariance(jnp.diag(whole), whole))

    def _cause(self, name: str, site: dict[str, Any]) -> _Cause:
        """What is drawn at a site, on the scale on which the state is moved: a LogNormal is normal on that of its logarithm."""
        law, shape = innermost(site["fn"]), jnp.shape(site["value"])
        if self._is_logarithmic(name, law):
            variance = jnp.ravel(jnp.broadcast_to(law.scale**2, shape))
            return _Cause(jnp.broadcast_to(law.loc, shape), Covariance(variance), jnp.exp)
        return _Cause(site["value"], _covariance(site, shape), lambda drawn: drawn)

    def _is_logarithmic(self, name: str, law: Any) -> bool:
        """Whether a law is normal on the scale of a logarithm, and its state is moved on that."""
        positive = self.fixed.supports.is_logarithmic(name.removesuffix(".multiplier"))
        return positive and isinstance(innermost(law), dist.LogNormal)

    def _rows(self, event: Events, parameters: jax.Array | None = None) -> dict[str, jax.Array]:
        """The data and parameters of the observation of an event: of what has rows in time, those of the event."""
        data = dict(self.data) | ({} if parameters is None else self.fixed.parameters.split(parameters))
        for name, (dim, at) in self.fixed.in_rows.items():
            if name in data and dim in event.rows:
                data[name] = jnp.take(data[name], jnp.maximum(event.rows[dim], 0), at)
        return data

    def _row_coords(self, event: Events) -> dict[str, list[Any]]:
        coords = dict(self.fixed.stages.observation.coords)
        return coords | {dim: list(range(rows.shape[-1])) for dim, rows in event.rows.items()}

    def _observation(
        self, state: jax.Array, parameters: jax.Array, event: Events
    ) -> tuple[dict[str, Any], dict[str, jax.Array]]:
        """The observed sites at an event, and which of their elements were observed."""
        target = self.fixed.stages.observation
        data = self._rows(event, parameters) | self._states(state)
        model = seed(without_reparam(target.model), 0)
        sites = trace(model).get_trace(data, self._row_coords(event), observed=True)
        found, present = {}, {}
        for stream in self.fixed.motion.streams:
            name = stream.name
            found[name] = _unmasked(sites[name])
            there = _present(stream, event, data, target)
            present[name] = jnp.broadcast_to(there, jnp.shape(found[name]["value"]))
        return found, present


class Fixed:
    """What of a system is not data; alike only to itself.

    Attributes:
        motion: what moves along which axis.
        stages: the programs.
        states, parameters: how they lie in a flat vector.
        supports: of the states.
        inputs: the fields and parameters that act on the states and change in time, with the place of the axis among theirs.
        in_rows: the fields and parameters that have rows in time, with that dimension and its place among theirs.
        periodic: the dimensions that go round.
        events: what happens when.
    """

    def __init__(self, motion: ir.Motion, stages: Stages, most: int, periodic: Collection[str], events: Events) -> None:
        self.motion, self.periodic, self.events = motion, frozenset(periodic), events
        coords = {**stages.step.coords, motion.axis: list(range(most))}
        self.stages = stages._replace(step=stages.step._replace(coords=coords))
        first = stages.initial
        carried = (*motion.states, *motion.errors)
        self.states = _layout(first, carried)
        self.parameters = _layout(first, [name for name in first.unknowns if name not in carried])
        self.supports = Supports(motion.kinds, self.states)
        given = stages.step.dims
        self.inputs = {
            name: dims.index(motion.axis)
            for name, dims in stages.observation.dims.items()
            if motion.axis in dims and name in given and motion.axis not in given[name]
        }
        rows = {stream.rows for stream in motion.streams}
        self.in_rows = {
            name: (dim, dims.index(dim))
            for name, dims in stages.observation.dims.items()
            for dim in dims
            if dim in rows and name in {*stages.observation.data, *self.parameters.names}
        }


def make_system(
    motion: ir.Motion, stages: Stages, times: np.ndarray, dt: float | None = None, periodic: Collection[str] = ()
) -> System:
    """Bind a system to its data.

    Arguments:
        motion: what moves.
        stages: its programs, bound to the data.
        times: of the axis.
        dt: the length of steps of a fixed length.
        periodic: the dimensions that go round.
    """
    observation = stages.observation
    when: dict[str, np.ndarray] = {}
    for stream in motion.streams:
        when[stream.rows] = np.asarray(observation.data[stream.times] if stream.times else times, float)
    events = _events(np.asarray(times, float), when)
    longest = float(np.max(np.asarray(events.length), initial=0.0))
    most = max(1, math.ceil(longest / dt - 1e-6)) if dt else 1
    data = {name: jnp.asarray(each) for name, each in {**stages.step.data, **observation.data}.items()}
    return System(Fixed(motion, stages, most, periodic, events), data, events)


def _events(times: np.ndarray, when: Mapping[str, np.ndarray]) -> Events:
    """The events of a time axis and of rows that were observed at times."""
    every = np.unique(np.concatenate([times, *when.values()]))
    rows = {}
    for dim, at in when.items():
        where = np.searchsorted(every, at)
        most = int(np.bincount(where, minlength=1).max(initial=1))
        table = np.full((len(every), most), _NEVER)
        order = np.argsort(where, kind="stable")
        place = np.arange(len(order)) - np.searchsorted(where[order], where[order])
        table[where[order], place] = order
        rows[dim] = jnp.asarray(table)
    length = np.diff(every, prepend=every[0])
    begin = every - length
    place = np.clip(np.searchsorted(times, begin, side="right") - 1, 0, len(times) - 1)
    acts = jnp.asarray(np.isin(every, times))
    return Events(jnp.arange(len(every)), jnp.asarray(every), jnp.asarray(length), jnp.asarray(place), acts, rows)


def _layout(target: Target, names: Any) -> Layout:
    """How sites of a model lie in a flat vector."""
    sites = jax.eval_shape(
        lambda data: {
            name: each["value"]
            for name, each in trace(seed(without_reparam(target.model), 0)).get_trace(data, target.coords).items()
            if each["type"] in ("sample", "deterministic")
        },
        target.data,
    )
    return Layout(tuple(names), tuple(tuple(sites[name].shape) for name in names))


def _unmasked(site: dict[str, Any]) -> dict[str, Any]:
    """An observed site whose law gives the density of every element, missing ones too."""
    law = site["fn"]
    while hasattr(law, "_mask") and hasattr(law, "base_dist"):
        law = law.base_dist
    return {**site, "fn": law}


def _present(stream: ir.Stream, event: Events, data: Mapping[str, jax.Array], target: Target) -> jax.Array:
    """Which elements of a stream were observed at an event, of a shape that fits theirs."""
    there = event.rows[stream.rows] != _NEVER
    there = there.reshape([-1 if dim == stream.rows else 1 for dim in target.dims[stream.name]])
    mask = ir.observed(stream.name)
    return there & data[mask] if mask in data else there


def _covariance(site: dict[str, Any] | None, shape: tuple[int, ...]) -> Covariance:
    """The covariance of what is drawn at a site; zero of what is not drawn."""
    return exact(shape) if site is None or site["type"] != "sample" else covariance_of(site["fn"], shape)
