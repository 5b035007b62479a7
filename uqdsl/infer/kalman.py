"""The Kalman family on arrays: an ensemble `(N, d)`, what each member says of the data `(N, p)`, their errors and values.

Everything is computed with observations in units of their errors, whitened by a root of R. Then the gain is

    K = A' Y (Y' Y + I)^-1,    A, Y the anomalies of states and observations over sqrt(N - 1),

in whichever of the spaces of members and of observations is smaller.

References:
    Evensen, Vossepoel & van Leeuwen 2022, Data Assimilation Fundamentals, Springer, chapters 6 to 9.
    Bishop, Etherton & Majumdar 2001, Adaptive Sampling with the Ensemble Transform Kalman Filter, Mon. Weather
    Rev. 129, 420-436.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from uqdsl.infer.covariance import Covariance
from uqdsl.infer.mixture import fit_mixture
from uqdsl.infer.population import draw_priors, over_particles
from uqdsl.infer.posterior import Posterior


class White(NamedTuple):
    """Data in units of their errors: what the members say `(N, p)`, and the values `(p,)`; the errors are the identity."""

    predicted: jax.Array
    values: jax.Array


def whiten(predicted: jax.Array, errors: Covariance, values: jax.Array) -> White:
    """Predictions `(N, p)` and values `(p,)` in units of errors of this covariance."""
    return White(errors.whitened(predicted), errors.whitened(values))


def anomalies(ensemble: jax.Array) -> jax.Array:
    """Departures from the mean over `sqrt(N - 1)`: their square is the covariance."""
    return (ensemble - ensemble.mean(0)) / jnp.sqrt(len(ensemble) - 1)


def stochastic_update(
    ensemble: jax.Array, white: White, key: jax.Array, inflation: jax.Array | float = 1.0
) -> jax.Array:
    """The ensemble Kalman update with perturbed observations, whose perturbations have mean 0.

    Arguments:
        inflation: of the variance of the errors; of a step that takes in `1 / inflation` of the data's information.
    """
    states, said = anomalies(ensemble), anomalies(white.predicted)
    noise = jax.random.normal(key, white.predicted.shape)
    misfit = white.values + jnp.sqrt(inflation) * (noise - noise.mean(0)) - white.predicted
    return ensemble + gained(states, said, misfit, inflation)


def gained(states: jax.Array, said: jax.Array, misfit: jax.Array, inflation: jax.Array | float = 1.0) -> jax.Array:
    """The gain of anomalies `(N, d)` and `(N, p)` applied to misfits `(n, p)`."""
    if said.shape[1] <= said.shape[0]:
        inner = said.T @ said + inflation * jnp.eye(said.shape[1])
        return jnp.linalg.solve(inner, misfit.T).T @ said.T @ states
    inner = said @ said.T + inflation * jnp.eye(said.shape[0])
    return jnp.linalg.solve(inner, said @ misfit.T).T @ states


class Surprise(NamedTuple):
    """How the data lie to what an ensemble predicts of them.

    - distance: of the values from the ensemble, `sqrt(z / p)` with z the squared Mahalanobis distance of the p values in the
      covariance of predictions and errors; about 1 where the ensemble is right.
    - outside: the same with sqrt(z) against the largest that chance gives, in standard deviations of chi-square.
    - bend: share of the predictions' variance that no linear function of the members has.
    """

    distance: jax.Array
    outside: jax.Array
    bend: jax.Array


@jax.jit
def surprise(ensemble: jax.Array, white: White) -> Surprise:
    """How the data lie to an ensemble, and how nonlinear the predictions are."""
    said = anomalies(white.predicted)
    misfit = white.values - white.predicted.mean(0)
    z = misfit @ (misfit - gained(said, said, misfit[None])[0])
    p = len(misfit)
    states = anomalies(ensemble)
    scale = jnp.sqrt((states**2).sum(0))
    unit = states / jnp.where(scale > 0, scale, 1.0)
    number, size = unit.shape
    # With fewer members than unknowns every prediction is a linear function of them: that tells nothing.
    left = said - unit @ jnp.linalg.lstsq(unit, said)[0]
    free = max(1, number - 1 - size)
    bend = (left**2).sum() / jnp.maximum((said**2).sum(), 1e-300) * ((number - 1) / free if number > 2 * size else 0.0)
    return Surprise(jnp.sqrt(z / p), (z - p) / jnp.sqrt(2 * p), bend)


FAR = 3.0
"""Standard deviations of chi-square beyond which the data are said to lie outside the ensemble."""
BENT = 0.05
"""Share of nonlinear variance beyond which the predictions are said to be no linear function of the unknowns."""
LIMIT = 0.1
"""Error that chance may bring into the mean, in standard deviations of the posterior."""


class Chance(NamedTuple):
    """What so few members leave to chance.

    - signal: in how many directions the data tell more than the ensemble, degrees of freedom for signal.
    - error: of the mean, in standard deviations of the posterior, root mean square over its elements.
    """

    signal: jax.Array
    error: jax.Array


@jax.jit
def chance(states: jax.Array, said: jax.Array, misfit: jax.Array, number: jax.Array | float) -> Chance:
    """What chance does to one Kalman update by N members, to first order in the errors of their mean and covariance.

    With the gain K, S = (I - K H) P and the innovation d, a sample covariance P + δP gives the mean an error of
    (I - K H) (δx + δP w), w = H' (H P H' + I)^-1 d, whose covariance over ensembles is

        S P^-1 S (1 / N + w' P w / (N - 1)) + S w w' S / (N - 1)

    as that of δP w is (P w'Pw + P w w' P) / (N - 1) for Gaussian members. Degrees of freedom for signal are the trace of K H.

    Arguments:
        states, said: anomalies of unknowns `(N, d)` and of predictions in units of errors `(N, p)`.
        misfit: the data less their mean prediction `(p,)`.
        number: N, or as many as members that do not count alike are worth.

    References:
        Sacher & Bartello 2008, Sampling Errors in Ensemble Kalman Filtering, Part I, Mon. Weather Rev. 136, 3035-3049.
        Rodgers 2000, Inverse Methods for Atmospheric Sounding, World Scientific, section 2.4.
    """
    left, sizes, right = jnp.linalg.svd(said, full_matrices=False)
    share = sizes**2 / (1 + sizes**2)
    along = sizes / (1 + sizes**2) * (right @ misfit)
    crossed = left.T @ states
    variance = (states**2).sum(0)
    after = variance - share @ crossed**2
    twice = variance - (share * (2 - share)) @ crossed**2
    covariance = twice * (1 / number + along @ along / (number - 1)) + (along * (1 - share) @ crossed) ** 2 / (
        number - 1
    )
    known = variance > 0
    relative = jnp.where(known, covariance / jnp.where(known, after, 1.0), 0.0)
    return Chance(share.sum(), jnp.sqrt(relative.sum() / jnp.maximum(known.sum(), 1)))


def by_chance(found: Chance, number: float) -> tuple[str, ...]:
    """What is to be said of an update that is largely chance, and how many members would do."""
    error = float(found.error)
    if not error > LIMIT:
        return ()
    enough = number * (error / LIMIT) ** 2
    unit = 10 ** math.floor(math.log10(enough))
    return (
        (
            f"{number:.0f} members are few for the {float(found.signal):.1f} directions that the data tell of: chance moves "
            f"the mean by about {error:.2f} standard deviations of the posterior, which should be at most {LIMIT}; take "
            f"{math.ceil(enough / unit) * unit} `members`, or `smc`"
        ),
    )


def doubts(found: Surprise) -> tuple[str, ...]:
    """What makes a Kalman update of an ensemble wrong."""
    reasons = []
    if float(found.outside) > FAR:
        reasons.append(
            f"the data lie outside what the ensemble predicts ({float(found.distance):.1f} standard deviations per datum), so "
            "that the answer is extrapolation; take a prior nearer to the data, or `smc`"
        )
    if float(found.bend) > BENT:
        reasons.append(
            f"the predictions are no linear function of the unknowns ({float(found.bend):.0%} of their variance), "
            "for which a Kalman update is not right; take `smc`"
        )
    return tuple(reasons)


@jax.jit
def predict(posterior: Posterior, ensemble: jax.Array) -> White:
    """What the members of an ensemble say of the data, in units of the data's errors, which are the same for all."""
    said = over_particles(lambda position: posterior.observe(position).mean, ensemble)
    at_first = posterior.observe(ensemble[0])
    return whiten(said, Covariance(jnp.diag(at_first.covariance), at_first.covariance), at_first.values)


def begin(posterior: Posterior, members: int, key: jax.Array) -> tuple[jax.Array, White, int]:
    """An ensemble of the prior, what it predicts, and how many of its members could predict nothing finite.

    Copies of others stand in for these.
    """
    draw, pick = jax.random.split(key)
    ensemble = draw_priors(posterior, draw, members)
    white = predict(posterior, ensemble)
    finite = jnp.isfinite(white.predicted).all(-1) & jnp.isfinite(ensemble).all(-1)
    chosen = jax.random.choice(pick, members, (members,), p=finite / jnp.maximum(finite.sum(), 1))
    kept = jnp.where(finite, jnp.arange(members), chosen)
    return ensemble[kept], white._replace(predicted=white.predicted[kept]), int(members - finite.sum())


class Objections(NamedTuple):
    """Why an update is wrong, and the numbers of it."""

    reasons: tuple[str, ...]
    diagnostics: dict[str, float]


def objections(ensemble: jax.Array, white: White, key: jax.Array) -> Objections:
    """Why a Kalman update of this ensemble of the prior is wrong, as far as the ensemble shows it."""
    members = len(ensemble)
    reasons = list(doubts(surprise(ensemble, white)))
    count = len(fit_mixture(ensemble, key).counts)
    if count > 1:
        reasons.append(
            f"the prior is no Gaussian: a mixture of {count} describes it better, of which a Kalman update takes no account; "
            "take `mixture_kalman` or `smc`"
        )
    told = chance(
        anomalies(ensemble), anomalies(white.predicted), white.values - white.predicted.mean(0), float(members)
    )
    return Objections(
        (*reasons, *by_chance(told, members)),
        {"signal": float(told.signal), "sampling_error": float(told.error)},
    )
