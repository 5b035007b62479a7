"""What is near, beside distances of all pairs; and filters that look at it, beside dense algebra."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uqdsl.assimilate import denkf, diffusion, eakf, enkf, etkf, letkf
from uqdsl.assimilate.boxes import boxes_of
from uqdsl.assimilate.cycle import Plan
from uqdsl.assimilate.ensemble import Ensemble, seen_by
from uqdsl.assimilate.localization import HALF_WIDTH, Localization, taper
from uqdsl.messages import SpecError
from uqdsl.vocabulary.assimilation.ensembles import EnsembleOptions, LocalizedOptions, LocalOptions
from uqdsl.vocabulary.assimilation.schemes import GaspariCohn, NoLocalization
from uqdsl.vocabulary.assimilation.transports import DiffusionFilterOptions

from .systems import bound

GRID = """
dim grid = LABELS
time t from 0 to 1 step 1
data { y[t, grid] : real missing }
state x[grid] over t {
  initial x ~ Normal(0, 1)
  evolve  x = x[t - 1]
  error   exact
}
likelihood y[t, grid] ~ Normal(x, 0.7)
assimilate x by etkf
"""

PLANE = """
dim lon = 6 periodic
dim lat = [-2, -1, 0.5, 3]
dim level = 2
time t from 0 to 1 step 1
data { y[t, lat, lon] : real missing }
state x[lat, level, lon], z[lon, lat] over t {
  initial x ~ Normal(0, 1), z ~ Normal(0, 1)
  evolve  x = x[t - 1], z = z[t - 1]
  error   exact
}
likelihood y[t, lat, lon] ~ Normal(z + sum(x, over = level), 0.7)
assimilate x, z by etkf
"""

SITES = """
dim grid = 12 periodic
time t from 0 to 1 step 1
data {
  when[ping] : time(t) = [0, 1, 1], at_site[ping] : category(grid) = [3, 5, 12], seen[ping] : real = [1.0, 2.0, -1.0]
}
prior shift ~ Normal(0, 1)
state x[grid] over t {
  initial x ~ Normal(0, 1)
  evolve  x = x[t - 1]
  error   exact
}
likelihood seen[ping] ~ Normal(x[t = when, at_site] + shift, 0.7)
assimilate x, shift by etkf
"""


def event(system, number=1):
    return jax.tree.map(lambda each: each[number], system.events)


def scattered(near, size):
    return np.asarray(jnp.zeros(size).at[near.indices].add(near.weights))


def apart(first, second, period=None):
    away = np.abs(np.asarray(first, float)[:, None] - np.asarray(second, float)[None, :])
    return away if period is None else np.minimum(away, period - away)


def test_the_taper_is_that_of_gaspari_and_cohn():
    z = jnp.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0])
    expected = [1, 0.6848958, 5 / 24, 0.0164931, 0, 0]  # eq. 4.10 by hand
    assert np.allclose(taper(z * HALF_WIDTH * 3, 3.0), expected, atol=1e-6)
    assert abs(taper(jnp.array(3.0), 3.0) - 0.63) < 0.01


@pytest.mark.parametrize(
    ("dim", "labels", "period"),
    [
        ("40", np.arange(1, 41), None),
        ("40 periodic", np.arange(1, 41), 40),
        ("[0, 0.5, 1, 3, 10, 10.5, 20]", [0, 0.5, 1, 3, 10, 10.5, 20], None),
        ("[5, 1, 3]", [5, 1, 3], None),
        ("3 periodic", [1, 2, 3], 3),
    ],
)
@pytest.mark.parametrize("radius", [0.1, 1.0, 4.0, 100.0])
def test_what_is_near_along_a_dimension(dim, labels, period, radius):
    size = len(labels)
    system = bound(GRID.replace("LABELS", dim), y=np.zeros((2, size)))
    local = Localization(system, event(system), GaspariCohn(radius=radius, along=("grid",)))
    found = [scattered(local.near_observed(local.place(number)), size) for number in range(size)]
    expected = taper(jnp.asarray(apart(labels, labels, period)), radius)
    assert np.allclose(found, expected, atol=1e-12)
    back = [scattered(local.near_places(at), size) for at in local.observed_at()]
    assert np.allclose(back, expected, atol=1e-12)


def test_what_is_near_in_a_plane():
    system = bound(PLANE, y=np.zeros((2, 4, 6)))
    local = Localization(system, event(system), GaspariCohn(radius=1.0, along=("lon", "lat")))
    lon, lat = np.arange(1, 7), np.array([-2, -1, 0.5, 3])
    squares = apart(lon, lon, 6)[:, None, :, None] ** 2 + apart(lat, lat)[None, :, None, :] ** 2
    expected = np.asarray(taper(jnp.sqrt(jnp.asarray(squares.reshape(24, 24))), 1.0))
    found = [scattered(local.near_observed(local.place(number)), 24) for number in range(24)]
    # What is observed has `lat` before `lon`.
    expected_there = expected.reshape(24, 6, 4).transpose(0, 2, 1).reshape(24, 24)
    assert np.allclose(found, expected_there, atol=1e-12)
    back = np.array([scattered(local.near_places(at), 24) for at in local.observed_at()])
    assert np.allclose(back, expected_there.T, atol=1e-12)
    states = np.random.default_rng(0).normal(size=(3, 72))
    placed = local.by_place(jnp.asarray(states))
    assert placed.shape == (24, 3, 3)
    x, z = states[:, :48].reshape(3, 4, 2, 6), states[:, 48:].reshape(3, 6, 4)
    for number in (0, 7, 23):
        i, j = divmod(number, 4)
        assert np.allclose(placed[number], np.concatenate([x[:, j, :, i], z[:, i, j][:, None]], axis=1))
    assert np.allclose(local.together(placed), states)


def test_sites_lie_where_their_category_says():
    system = bound(SITES)
    local = Localization(system, event(system), GaspariCohn(radius=1.0, along=("grid",)))
    assert local.observed_at().tolist() == [[5], [12]]
    expected = taper(jnp.asarray(apart(np.arange(1, 13), [5, 12], 12)), 1.0)
    found = [scattered(local.near_observed(local.place(number)), 2) for number in range(12)]
    assert np.allclose(found, expected, atol=1e-12)


def analysed(module, options, text, members=7, number=1, **data):
    """An ensemble `(N, n)` before and after an analysis."""
    system = bound(text, **data)
    rng = np.random.default_rng(1)
    count = system.parameters
    ensemble = Ensemble(
        jnp.asarray(rng.normal(size=(members, system.size)) * 1.3), jnp.asarray(rng.normal(size=(members, count)))
    )
    made = module.make(options, Plan(np.ones(count, bool), np.zeros(count, bool)))
    moved, _ = made.analyse(system, ensemble, event(system, number), jax.random.key(3))
    seen = seen_by(system, ensemble, event(system, number), jnp.ones(count, bool))
    return jnp.concatenate(ensemble[:2], axis=1), jnp.concatenate(moved[:2], axis=1), seen


FAR = GaspariCohn(radius=1e12, along=("grid",))


def noisy(size=40):
    y = np.random.default_rng(2).normal(size=(2, size))
    y[1, ::3] = np.nan
    return y


def test_an_infinite_radius_is_no_localisation():
    text, y = GRID.replace("LABELS", "40 periodic"), noisy()
    _, everything, _ = analysed(etkf, EnsembleOptions(members=7), text, y=y)
    _, local, _ = analysed(letkf, LocalOptions(members=7, localization=FAR), text, y=y)
    assert np.allclose(local, everything, atol=1e-10)
    for module in (enkf, denkf, eakf):
        found = [
            analysed(module, LocalizedOptions(members=7, localization=each), text, y=y)[1]
            for each in (FAR, NoLocalization())
        ]
        assert np.allclose(*found, atol=1e-8), module


def test_a_diffusion_of_one_gaussian_at_each_place_is_the_local_kalman_filter():
    """In its mean, up to what is left of members, e^-6 of them, where they turn round."""
    text, y = GRID.replace("LABELS", "40 periodic"), noisy()
    near = GaspariCohn(radius=2.0, along=("grid",))
    _, kalman, _ = analysed(letkf, LocalOptions(members=7, localization=near), text, y=y)
    apart = {}
    for steps in (30, 120):
        asked = DiffusionFilterOptions(members=7, localization=near, steps=steps)
        _, found, _ = analysed(diffusion, asked, text, y=y)
        apart[steps] = np.abs(found.mean(axis=0) - kalman.mean(axis=0)).max()
    assert apart[30] < 0.02
    assert apart[120] < 0.005


@pytest.mark.parametrize(
    ("module", "options"),
    [(letkf, LocalOptions), (enkf, LocalizedOptions), (eakf, LocalizedOptions)],
)
def test_what_is_out_of_reach_stays_as_it_is(module, options):
    y = np.full((2, 40), np.nan)
    y[1, 10] = 3.0
    text = GRID.replace("LABELS", "40 periodic")
    asked = options(members=7, localization=GaspariCohn(radius=1.0, along=("grid",)))
    before, after, _ = analysed(module, asked, text, y=y)
    moved = np.abs(np.asarray(after - before)).max(axis=0)
    near = np.abs(np.arange(40) - 10) < 3.64
    assert np.all(moved[near] > 1e-4)
    assert np.all(moved[~near] < 1e-12)


def dense_gain(ensemble, seen, rho_states, rho_observed):
    """K = (rho * P H') (rho * H P H' + R)^-1 as matrices."""
    x, said = (np.asarray(each - each.mean(0)) / np.sqrt(len(each) - 1) for each in (ensemble, seen.members))
    return (rho_states * (x.T @ said)) @ np.linalg.inv(
        rho_observed * (said.T @ said) + np.asarray(seen.covariance.matrix())
    )


def test_the_localised_gain_is_that_of_tapered_covariances():
    asked = LocalizedOptions(members=7, localization=GaspariCohn(radius=2.0, along=("grid",)))
    before, after, seen = analysed(denkf, asked, GRID.replace("LABELS", "40 periodic"), y=noisy())
    rho = taper(jnp.asarray(apart(np.arange(40), np.arange(40), 40)), 2.0)
    gain = dense_gain(before, seen, rho, rho)
    mean = np.asarray(seen.members.mean(0))
    misfit = np.asarray(seen.values) - mean - (np.asarray(seen.members) - mean) / 2
    assert np.allclose(after, before + misfit @ gain.T, atol=1e-8)


def test_parameters_are_moved_by_all_observations():
    local = GaspariCohn(radius=0.5, along=("grid",))
    _, everything, _ = analysed(etkf, EnsembleOptions(members=7), SITES)
    before, after, _ = analysed(letkf, LocalOptions(members=7, localization=local), SITES)
    assert np.allclose(after[:, 12], everything[:, 12], atol=1e-10)
    assert np.allclose(after[:, 7], before[:, 7])
    before, after, seen = analysed(denkf, LocalizedOptions(members=7, localization=local), SITES)
    rho_states = np.concatenate([taper(jnp.asarray(apart(np.arange(1, 13), [5, 12], 12)), 0.5), np.ones((1, 2))])
    gain = dense_gain(before, seen, rho_states, np.eye(2))
    mean = np.asarray(seen.members.mean(0))
    misfit = np.asarray(seen.values) - mean - (np.asarray(seen.members) - mean) / 2
    assert np.allclose(after, before + misfit @ gain.T, atol=1e-8)


BETWEEN = """
dim row = [0, 10, 30, 60]
dim column = 5 periodic
time t from 0 to 3 step 1
data {
  when[ping] : time(t) = [1, 1, 2.5], depth[ping] : real = [5, 60, 41.5], angle[ping] : real = [5.75, 2, -3.25]
  y[ping] : real = [1, 2, 3]
}
state u[row, column] over t {
  initial u ~ Normal(0, 1)
  evolve  der(u) = -u
  error   exact
}
likelihood y[ping] ~ Normal(u[t = when, row = depth, column = angle], 0.3)
assimilate u by etkf
"""


def test_sites_between_the_points_of_a_grid():
    system = bound(BETWEEN)
    local = Localization(system, event(system), GaspariCohn(radius=6.0, along=("row", "column")))
    assert local.observed_at().tolist() == [[5, 5.75], [60, 2]]
    squares = (
        apart([0, 10, 30, 60], [5, 60])[:, None] ** 2
        + np.array([apart(range(1, 6), [each], 5) for each in (0.75, 2)])[:, :, 0].T[None] ** 2
    )
    expected = taper(jnp.sqrt(jnp.asarray(squares.reshape(20, 2))), 6.0)
    found = [scattered(local.near_observed(local.place(number)), 2) for number in range(20)]
    assert np.allclose(found, expected, atol=1e-12)
    back = np.array([scattered(local.near_places(at), 20) for at in local.observed_at()])
    assert np.allclose(back, expected.T, atol=1e-12)


SCATTERED = """
dim lon = 40 periodic
dim lat = [-7, -6, -4, -1, 0, 0.5, 2, 3, 5, 8, 9, 13]
time t from 0 to 3 step 1
data { when[ping] : time(t), north[ping] : real, east[ping] : real, y[ping] : real }
state u[lat, lon] over t {
  initial u ~ Normal(0, 1)
  evolve  u = u[t - 1]
  error   exact
}
likelihood y[ping] ~ Normal(u[t = when, lat = north, lon = east], 0.3)
assimilate u by etkf
"""


@pytest.mark.parametrize("along", [("lon",), ("lat",), ("lat", "lon"), ("lon", "lat")])
@pytest.mark.parametrize("radius", [0.3, 1.3, 100.0])
def test_many_sites_are_found_in_boxes(along, radius):
    rng = np.random.default_rng(0)
    when = np.repeat([0.0, 1.0, 2.5], [150, 7, 60])
    north, east = rng.uniform(-7, 13, len(when)), rng.uniform(0.5, 40.5, len(when))
    north[:4], east[:4] = [-7, 13, 13, -7], [0.5, 40.49, 20, 1]
    east[160:180] = rng.uniform(3, 4, 20)  # crowded at one time
    system = bound(SCATTERED, when=when, north=north, east=east, y=np.zeros(len(when)))
    lat = [-7, -6, -4, -1, 0, 0.5, 2, 3, 5, 8, 9, 13]
    squares = {"lat": apart(lat, north) ** 2, "lon": apart(np.arange(1, 41), east, 40) ** 2}
    first, second = along[0], along[-1]
    far = squares[first][:, None] + squares[second] if len(along) == 2 else squares[first]
    expected = np.asarray(taper(jnp.sqrt(jnp.asarray(far.reshape(-1, len(when)))), radius))

    @jax.jit
    def found(system, number):
        local = Localization(system, event(system, number), GaspariCohn(radius=radius, along=along))

        def weights(at):
            near = local.near_observed(at)
            return jnp.zeros(150).at[near.indices].add(near.weights)

        return jax.vmap(lambda place: weights(local.place(place)))(jnp.arange(local.places)), jax.vmap(weights)(
            local.observed_at()
        )

    for number, rows in ((0, slice(0, 150)), (1, slice(150, 157)), (3, slice(157, 217))):
        count = rows.stop - rows.start
        at_places, at_sites = (np.asarray(each) for each in found(system, number))
        assert np.allclose(at_places[:, :count], expected[:, rows], atol=1e-12)
        east_of, north_of = apart(east[rows], east[rows], 40) ** 2, apart(north[rows], north[rows]) ** 2
        both = sum({"lat": north_of, "lon": east_of}[dim] for dim in along)
        assert np.allclose(at_sites[:count, :count], taper(jnp.sqrt(jnp.asarray(both)), radius), atol=1e-12)


def test_boxes_hold_few_of_many_sites():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 100, size=(2, 3000, 2))
    boxes = boxes_of(points, np.ones((2, 3000), bool), [100.0, math.inf], 5.0)
    assert boxes.counts == (20, 19)
    # 7.5 to a box, and at most 19 of 760.
    assert boxes.near == 9 * boxes.most < 9 * 25
    filled = boxes.filled(jnp.asarray(points[0]), jnp.ones(3000, bool))
    for at in ([0.0, 50.0], [99.9, 99.9], [3.0, 0.0], [40.0, -4.9]):
        numbers, there = boxes.around(filled, jnp.array(at))
        near = set(np.asarray(numbers)[np.asarray(there)].tolist())
        away = np.abs(points[0] - at)
        away[:, 0] = np.minimum(away[:, 0], 100 - away[:, 0])
        assert set(np.flatnonzero((away < 5).all(axis=1)).tolist()) <= near


def test_sites_that_are_all_in_one_place_or_not_there():
    for there in (np.zeros((1, 4), bool), np.ones((1, 4), bool)):
        boxes = boxes_of(np.full((1, 4, 1), 3.0), there, [math.inf], 1.0)
        assert boxes.counts == (1,)
        _, found = boxes.around(boxes.filled(jnp.full((4, 1), 3.0), there[0]), jnp.array([3.5]))
        assert found.sum() == there.sum()


CORRELATED = (
    GRID.replace("LABELS", "8 periodic")
    .replace("real missing", "real")
    .replace(
        "likelihood y[t, grid] ~ Normal(x, 0.7)",
        "let C[grid, grid'] = 0.5 * exp(-abs(grid - grid'))\nlikelihood y[t, grid] ~ MultiNormal(x, covariance = C, event = grid)",
    )
)


def test_correlated_errors():
    y = np.random.default_rng(2).normal(size=(2, 8))
    _, everything, _ = analysed(etkf, EnsembleOptions(members=7), CORRELATED, y=y)
    _, local, _ = analysed(letkf, LocalOptions(members=7, localization=FAR), CORRELATED, y=y)
    assert np.allclose(local, everything, atol=1e-10)
    found = [
        analysed(enkf, LocalizedOptions(members=7, localization=each), CORRELATED, y=y)[1]
        for each in (FAR, NoLocalization())
    ]
    assert np.allclose(*found, atol=1e-8)


def test_labels_of_words_have_no_distances():
    system = bound(GRID.replace("LABELS", '["north", "south"]'), y=np.zeros((2, 2)))
    with pytest.raises(SpecError, match="labels are words"):
        Localization(system, event(system), GaspariCohn(radius=1.0, along=("grid",)))


def test_a_block_of_places_at_a_time_moves_each_as_all_at_once_do(monkeypatch: pytest.MonkeyPatch):
    text = """
    dim grid = 5 periodic
    dim level = 3
    time t from 0 to 1 step 1
    data { y[t, grid] : real missing = [[1, 2, 3, 4, 5], [2, 3, 4, 5, 6]] }
    state u[level, grid], v[grid] over t {
      initial u ~ Normal(0, 1), v ~ Normal(0, 1)
      evolve  u = u[t - 1], v = v[t - 1]
      error   exact
    }
    likelihood y[t, grid] ~ Normal(v, 1)
    assimilate u, v by letkf(members = 4, localization = gaspari_cohn(1, along = grid))
    """
    system = bound(text)
    local = Localization(system, jax.tree.map(lambda each: each[1], system.events), GaspariCohn(radius=1, along="grid"))
    states = jax.random.normal(jax.random.key(0), (4, system.size))

    def function(number: jax.Array, members: jax.Array) -> tuple[jax.Array, jax.Array]:
        return (number + 1.0) * jnp.flip(members, axis=(0, 1)), jnp.sum(members)

    by_hand, told = jax.vmap(function)(jnp.arange(5), local.by_place(states))
    for block in (1, 2, 256):
        monkeypatch.setattr("uqdsl.assimilate.localization.BLOCK", block)
        moved, said = local.at_places(states, function)
        assert np.array_equal(moved, local.together(by_hand))
        assert np.allclose(said, told, rtol=1e-14)
