"""Ensembles: a model trained several times, and what its members are worth as draws of the posterior.

Training takes draws of the prior somewhere, and with them goes a density q. Members count as draws of the posterior only with
weights

    βᵢ ∝ p(data | uᵢ) p(uᵢ) / q(uᵢ)

and q is what is hard to know. It is known for `rto`, for plain gradient descent (`density = pushforward`), and for draws of a
mixture of normal laws around the members (`density = laplace_mixture`). Where the weights hang on a few members, they are not
used, and that is said: then members have to be moved.

Wilson & Izmailov 2020, Bayesian Deep Learning and a Probabilistic Perspective of Generalization, Adv. Neural Inf. Process.
Syst. 33; Duvenaud, Maclaurin & Adams 2016; Owen & Zhou 2000; Bardsley et al. 2014.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.infer.curvature import LARGEST, Local, local_laws
from uqdsl.infer.modes import dips, joined, listed, wrong_shares
from uqdsl.infer.pareto import smooth
from uqdsl.infer.posterior import Draws, Posterior, Watch
from uqdsl.infer.pushforward import push
from uqdsl.infer.rejuvenate import rejuvenate
from uqdsl.infer.rto import randomise
from uqdsl.infer.training import Objective, Units, of_batch, prior_units, train
from uqdsl.messages import RunError, listing
from uqdsl.messages.catalogue.runtime import UnfitEnsemble
from uqdsl.vocabulary.methods.ensembles import EnsembleOptions

_OUTLYING = 10.0
"""A member lies apart whose score is so many scaled median deviations below the median, and lower than any draw would be."""
_COLLAPSED = 0.1
_FEWEST, _SMALLEST_SHARE = 5.0, 0.1
"""Weights are used that leave at least so many effective draws, and this share of all."""
_LOOKED_AT, _SHOWN = 50, 5
"""So many members at most are held against each other, and so many modes are shown."""
_TAIL = 25
"""Least number of weights whose tail has a shape."""
_NOT_DRAWS = (
    "the members count alike and are not draws of the posterior: they show where training ends, and how far apart they lie "
    "depends on how it was done"
)
_MOVE = "use `weighting = equal_weight`, which moves them, or another method"


class Members(NamedTuple):
    """Members as they were made.

    - positions: `(member, size)`.
    - names: their numbers, from 1, `(member,)`.
    - log_weights: posterior over the density of how they were made, `(member,)`, where that is known.
    - history: of the median score.
    - masses: the share of members in each mode, and that of the posterior, where that is known.
    """

    positions: jax.Array
    names: np.ndarray
    log_weights: jax.Array | None = None
    diagnostics: dict[str, float | int | bool | str] = {}  # noqa: RUF012 - never changed
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    history: dict[str, np.ndarray] = {}  # noqa: RUF012 - never changed
    masses: tuple[np.ndarray, np.ndarray] | None = None

    def kept(self, which: np.ndarray) -> Members:
        """Those of a mask."""
        weights = None if self.log_weights is None else self.log_weights[which]
        return self._replace(positions=self.positions[which], names=self.names[which], log_weights=weights)

    def with_more(
        self, *, reasons: tuple[str, ...] = (), notes: tuple[str, ...] = (), **diagnostics: float | str
    ) -> Members:
        """With more to say."""
        return self._replace(
            diagnostics=self.diagnostics | diagnostics, reasons=self.reasons + reasons, notes=self.notes + notes
        )


def run(posterior: Posterior, options: EnsembleOptions, key: jax.Array, watch: Watch) -> Draws:
    """Train the members, leave out those that diverged, and weight the others as asked.

    Raises:
        RunError: UQ650 where the spec does not admit the kind of ensemble.
    """
    of_units, of_members, of_weights = jax.random.split(key, 3)
    units = prior_units(posterior, of_units)
    members = screened(posterior, _made(posterior, options, units, of_members, watch))
    local = _local(posterior, options, units, members)
    if local is not None:
        members = _compared(posterior, members, local)
    if options.weighting == "none":
        return _as_they_are(members)
    if options.weighting == "equal_weight":
        assert local is not None
        return _moved(posterior, options, units, members, local, of_weights, watch)
    return _weighted(posterior, options, units, members, local, of_weights)


def _made(posterior: Posterior, options: EnsembleOptions, units: Units, key: jax.Array, watch: Watch) -> Members:
    names = np.arange(1, options.members + 1)
    if options.kind == "rto":
        found = randomise(posterior, key, options.members)
        if found is None:
            raise _unfit(options, "some prior or likelihood is not normal, or its scatter is not known beforehand")
        solved = np.asarray(found.solved)
        members = Members(
            found.positions, names, found.log_weights, {"density": "rto", "unsolved": int(np.sum(~solved))}
        )
        return _without(members, solved, "their perturbed problem has no solution")
    if options.kind == "deep" and options.weighting == "importance" and options.density == "pushforward":
        _check_size(posterior, options)
        pushed = push(posterior, units, key, members=options.members, steps=options.steps, watch=watch)
        log_density = _log_densities(posterior, pushed.positions)
        smallest = float(jnp.min(pushed.smallest))
        folded = (
            f"a step of training folds the space (an eigenvalue of its Jacobian is {smallest:.2g}), and the density of "
        )
        return Members(
            pushed.positions,
            names,
            log_density - pushed.log_density,
            {"density": "pushforward", "smallest_jacobian_eigenvalue": smallest},
            (f"{folded}the members is not exact",) if smallest <= 0 else (),
        )
    objective = _objective(posterior, options)
    trained = train(
        posterior,
        objective,
        units,
        key,
        members=options.members,
        steps=options.steps,
        learning_rate=options.learning_rate,
        watch=watch,
    )
    return Members(trained.positions, names, history={"log_density": np.asarray(trained.scores)})


def _objective(posterior: Posterior, options: EnsembleOptions) -> Objective:
    """The log density, of a batch of rows where the spec asks for that; of `bootstrap` that of rows drawn anew."""
    if options.kind == "deep":
        return of_batch
    if posterior.target.rows is None:
        raise _unfit(options, "its likelihoods are not of rows that know nothing of each other given the unknowns")

    def of_own_rows(posterior: Posterior, position: jax.Array, member: jax.Array, step: jax.Array) -> jax.Array:
        drawn = jax.random.randint(member, (posterior.rows,), 0, posterior.rows)
        if posterior.batched:
            drawn = drawn[jax.random.randint(step, (posterior.target.batch or 0,), 0, posterior.rows)]
        return posterior.of_rows(drawn).log_density(position)

    return of_own_rows


def _unfit(options: EnsembleOptions, why: str) -> RunError:
    return RunError([UnfitEnsemble(kind=options.kind, why=why)])


def _check_size(posterior: Posterior, options: EnsembleOptions) -> None:
    if posterior.size > LARGEST:
        raise _unfit(options, f"its weights need matrices of {posterior.size} by {posterior.size} elements")


def screened(posterior: Posterior, members: Members) -> Members:
    """Leave out members that training left far from where it left the others, by their log density.

    Draws of a posterior of dimension d lie below its mode by d/2, give or take √(d/2): a member is only left out if it lies
    further below the median than three times that range, and far outside what the members differ by.
    """
    scores = np.asarray(_log_densities(posterior, members.positions))
    finite = np.isfinite(scores)
    if not finite.any():
        return members.with_more(
            reasons=("every member diverged: use a smaller `learning_rate`",), diverged=len(scores)
        )
    below = np.median(scores[finite]) - scores
    spread = 1.4826 * np.median(np.abs(below[finite]))
    foreseen = posterior.size / 2 + 3 * np.sqrt(posterior.size / 2)
    kept = finite & (below <= max(_OUTLYING * spread, foreseen))
    return _without(members, kept, "training left them far below the others").with_more(diverged=int(np.sum(~kept)))


def _without(members: Members, kept: np.ndarray, why: str) -> Members:
    if kept.all():
        return members
    left_out = [f"{name}" for name in members.names[~kept]]
    shown = f"member {left_out[0]} is" if len(left_out) == 1 else f"members {listing(left_out[:10], last='and')} are"
    more = f", with {len(left_out) - 10} more" if len(left_out) > 10 else ""
    reasons = ()
    if np.mean(kept) < 0.5:
        reasons = (
            f"{len(left_out)} of {len(kept)} members are left out: {why}; train them longer or with smaller steps",
        )
    return members.kept(kept).with_more(notes=(f"{shown} left out{more}: {why}",), reasons=reasons)


def _local(posterior: Posterior, options: EnsembleOptions, units: Units, members: Members) -> Local | None:
    """The law around each member, where it can be had."""
    if posterior.size <= LARGEST:
        return local_laws(posterior, units, members.positions)
    if options.weighting == "equal_weight" or (options.weighting == "importance" and members.log_weights is None):
        _check_size(posterior, options)
    return None


def _compared(posterior: Posterior, members: Members, local: Local) -> Members:
    """Compare how far members of one mode lie apart with how uncertain the posterior leaves each of them, in the median.

    And how many of them are in each mode with what the posterior has there.
    """
    some = min(len(members.positions), _LOOKED_AT)
    modes = joined(~np.asarray(_dips(posterior, members.positions[:some])))
    of_mode = np.eye(modes.max() + 1)[modes]
    sizes = of_mode.sum(0)
    standard = np.asarray(local.centres[:some])
    # What most share no mode of says how far the modes lie apart.
    several = some - len(sizes) >= some / 2
    apart = standard - (of_mode @ (of_mode.T @ standard / sizes[:, None]) if several else standard.mean(0))
    apart = np.sqrt((apart**2).sum(0) / (some - len(sizes) if several else some))
    ratio = float(np.median(apart / np.sqrt(np.mean(np.asarray(local.sd) ** 2, axis=0))))
    told = members.with_more(spread_ratio=ratio, nats_below_modes=float(jnp.median(local.lacking)), modes=len(sizes))
    heights = _log_densities(posterior, members.positions[:some]) + local.lacking[:some]
    log_masses = np.asarray(heights - jnp.sum(jnp.log(local.precisions[:some]), axis=-1) / 2)
    masses = of_mode.T @ np.exp(log_masses - log_masses.max()) / sizes
    return told._replace(masses=(sizes / some, masses / masses.sum()))


def _as_they_are(members: Members) -> Draws:
    """The members, which count alike though they are no draws of the posterior, and why that may be misleading."""
    said = members.with_more(reasons=(*_collapsed(members), *_uneven(members)), notes=(_NOT_DRAWS,))
    return _draws(said, members.positions)._replace(worth=np.nan)


def _collapsed(members: Members) -> tuple[str, ...]:
    ratio = members.diagnostics.get("spread_ratio")
    if not isinstance(ratio, float) or ratio >= _COLLAPSED:
        return ()
    said = f"they lie apart by {ratio:.2g} of the posterior's own width, so that what they agree on is no sign of certainty"
    return (f"the members have collapsed: {said}; {_MOVE}",)


def _uneven(members: Members) -> tuple[str, ...]:
    if members.masses is None or not wrong_shares(*members.masses, len(members.positions)):
        return ()
    shares, right = members.masses
    order = np.argsort(-right)[:_SHOWN]
    of_them = f", the heaviest {_SHOWN} of them" if len(right) > _SHOWN else ""
    said = (
        f"the members lie in {len(right)} modes{of_them} with the shares {listed(shares[order])}, of which the posterior has "
        f"about {listed(right[order])}"
    )
    return (f"{said}: training moves no member from one mode to another; {_MOVE}",)


def _moved(
    posterior: Posterior,
    options: EnsembleOptions,
    units: Units,
    members: Members,
    local: Local,
    key: jax.Array,
    watch: Watch,
) -> Draws:
    """Draws around the members, moved until they are draws of the posterior."""
    moved = rejuvenate(posterior, units, local, options.draws, key, watch)
    said = members.with_more(
        reasons=moved.reasons,
        density="laplace_mixture",
        log_evidence=moved.log_evidence,
        notes=(f"the draws began around {moved.members} of the members and were moved from there",),
        temperatures=moved.temperatures,
        acceptance=moved.acceptance,
        drift=moved.drift,
    )
    return _draws(said, units.place(moved.standard))


def _weighted(
    posterior: Posterior, options: EnsembleOptions, units: Units, members: Members, local: Local | None, key: jax.Array
) -> Draws:
    positions, log_weights = members.positions, members.log_weights
    if log_weights is None:
        assert local is not None
        standard = local.draw(key, options.draws)
        positions = units.place(standard)
        log_weights = _log_ratios(posterior, local, units, standard)
        members = members.with_more(density="laplace_mixture")
    found = smooth(np.asarray(log_weights))
    largest = float(np.exp(found.log_weights.max()))
    members = members.with_more(
        weights_ess=found.ess,
        largest_weight=largest,
        sd_log_weight=float(np.std(np.asarray(log_weights)[np.isfinite(log_weights)])),
        infinite=found.lost,
    )
    if local is not None and members.log_weights is None:
        members = members.with_more(log_evidence=found.log_mean)
    if np.isfinite(found.shape):
        members = members.with_more(pareto_k=found.shape)
    number = len(found.log_weights)
    short = found.ess < max(_FEWEST, _SMALLEST_SHARE * number)
    if short or (number >= _TAIL and not found.trusted):
        said = (
            f"the importance weights are degenerate and are not used: of {number} draws {found.ess:.1f} are effective, and the "
            f"largest weight is {largest:.2f}{f', with a Pareto k of {found.shape:.2f}' if number >= _TAIL else ''}; {_MOVE}"
        )
        return _as_they_are(members.with_more(reasons=(said,)))
    return _draws(members, positions, found.log_weights)


@jax.jit
def _dips(posterior: Posterior, positions: jax.Array) -> jax.Array:
    return dips(posterior.log_density, positions)


@jax.jit
def _log_densities(posterior: Posterior, positions: jax.Array) -> jax.Array:
    return jax.vmap(posterior.log_density)(positions)


@jax.jit
def _log_ratios(posterior: Posterior, local: Local, units: Units, standard: jax.Array) -> jax.Array:
    """Posterior over the mixture around the members, both densities of positions: `(draw,)`."""
    stretched = jnp.sum(jnp.log(units.width))
    return jax.lax.map(
        lambda each: posterior.log_density(units.place(each)) + stretched - local.log_density(each),
        standard,
        batch_size=100,
    )


def _draws(members: Members, positions: jax.Array, log_weights: np.ndarray | None = None) -> Draws:
    return Draws(
        positions,
        log_weights,
        diagnostics=members.diagnostics,
        reasons=members.reasons,
        notes=members.notes,
        history=members.history,
    )
