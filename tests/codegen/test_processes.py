"""Gaussian processes against closed forms: covariances, densities, basis functions, several coordinates and groups."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from numpyro import handlers
from scipy.integrate import quad
from scipy.special import gamma, jv, kv
from scipy.stats import multivariate_normal

from uqdsl.runtime import kernels
from uqdsl.vocabulary.kernels import KERNELS

from .compiled import Compiled, compiled, written

LENGTH, AMPLITUDE, MIXTURE, PERIOD = 0.7, 1.3, 1.8, 2.5
CALLS = {
    name: f"{name}({', '.join(str(each) for each in (LENGTH, AMPLITUDE, *more))})"
    for name, more in {
        **dict.fromkeys(("squared_exponential", "exponential", "matern32", "matern52"), ()),
        "rational_quadratic": (MIXTURE,),
        "periodic": (PERIOD,),
    }.items()
}
ORDERS = {"exponential": 0.5, "matern32": 1.5, "matern52": 2.5}


def covariance(name: str, distance: np.ndarray) -> np.ndarray:
    """A kernel as the literature has it: Matérn by its Bessel function, Rasmussen & Williams 2006, eq. 4.14."""
    r = distance / LENGTH
    if name in ORDERS:
        nu = ORDERS[name]
        x = np.sqrt(2 * nu) * np.where(r > 0, r, 1.0)
        return AMPLITUDE**2 * np.where(r > 0, 2 ** (1 - nu) / gamma(nu) * x**nu * kv(nu, x), 1.0)
    match name:
        case "squared_exponential":
            shape = np.exp(-0.5 * r**2)
        case "rational_quadratic":
            shape = (1 + r**2 / (2 * MIXTURE)) ** -MIXTURE
        case _:  # of the points (sin, cos) of the angle, MacKay 1998
            shape = np.exp(-4 * np.sin(np.pi * distance / PERIOD) ** 2 / (2 * LENGTH**2))
    return AMPLITUDE**2 * shape


def law_of(found: Compiled, name: str = "g", position: dict[str, object] | None = None):
    """The law of a site at a position."""
    model = handlers.seed(handlers.substitute(found.model, data=position or {}), jax.random.key(0))
    return handlers.trace(model).get_trace(found.data, found.coords)[name]["fn"]


def test_every_kernel_is_tried():
    assert CALLS.keys() == KERNELS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_covariance(name):
    found = compiled(f"""
    data {{ x[i] : real, y[i] : real }}
    prior g[i] ~ GaussianProcess({CALLS[name]}, at = x, jitter = 1e-9)
    likelihood y[i] ~ Normal(g, 1)
    """)
    distance = np.abs(found.data["x"][:, None] - found.data["x"])
    wanted = covariance(name, distance) + 1e-9 * np.eye(3)
    np.testing.assert_allclose(law_of(found).covariance_matrix, wanted, rtol=1e-12)


@pytest.mark.parametrize("name", [each.name for each in KERNELS.values() if each.spectrum])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_spectral_density(name, dimensions):
    """The radial Fourier transform of the kernel: S(w) = (2π)^(D/2) w^(1 - D/2) ∫ k(r) J_(D/2 - 1)(w r) r^(D/2) dr."""
    spectrum = getattr(kernels, f"{name}_spectrum")
    half = dimensions / 2
    for w in (0.3, 1.0, 2.2):

        def integrand(r, w=w):
            return float(covariance(name, np.array(r * LENGTH))) * jv(half - 1, w * r) * r**half

        wanted = (2 * np.pi) ** half * w ** (1 - half) * quad(integrand, 0, 60, limit=500)[0]
        assert float(spectrum(w**2, AMPLITUDE, dimensions)) == pytest.approx(wanted, rel=1e-6)


def test_distances_have_gradients_where_they_are_zero():
    for name in ("exponential", "matern32", "matern52"):
        gradient = jax.grad(lambda length, name=name: getattr(kernels, name)(0.0 / length**2, 1.0))(0.5)
        assert gradient == 0


def test_sums_products_lengths_and_coordinates():
    found = compiled("""
    data { u[i] : real, v[i] : real, y[i] : real }
    prior length    ~ HalfNormal(1)
    prior amplitude ~ HalfNormal(1)
    prior g[i] ~ GaussianProcess(squared_exponential([length, 2], amplitude) * rational_quadratic(3, 1, 0.8)
                                 + matern32(length, 0.5), at = [u, v], mean = 2 + u)
    likelihood y[i] ~ Normal(g, 1)
    """)
    u, v = found.data["u"], found.data["v"]
    along_u, along_v = (u[:, None] - u) ** 2, (v[:, None] - v) ** 2
    r = np.sqrt(3 * (along_u + along_v)) / 0.6
    wanted = 1.1**2 * np.exp(-0.5 * (along_u / 0.6**2 + along_v / 2**2))
    wanted *= (1 + (along_u + along_v) / 9 / 1.6) ** -0.8
    wanted += 0.25 * (1 + r) * np.exp(-r) + 1e-6 * np.eye(3)
    law = law_of(found, position={"length": 0.6, "amplitude": 1.1})
    np.testing.assert_allclose(law.covariance_matrix, wanted, rtol=1e-12)
    np.testing.assert_allclose(law.loc, 2 + u)


PROCESS = """
data {{ x[i] : real, y[i] : real }}
prior length    ~ LogNormal(0, 1)
prior amplitude ~ HalfNormal(2)
prior g[i] ~ GaussianProcess(squared_exponential(length, amplitude), at = x{options}) {modifier}
likelihood y[i] ~ Normal(g, 0.5)
"""


def test_density_is_that_of_a_multivariate_normal():
    found = compiled(PROCESS.format(options="", modifier=""))
    by_hand = compiled("""
    data { x[i] : real, y[i] : real }
    prior length    ~ LogNormal(0, 1)
    prior amplitude ~ HalfNormal(2)
    let K[i, i'] = amplitude^2 * exp(-(x - x')^2 / (2 * length^2)) + 1e-6 * identity(i)
    prior g[i] ~ MultiNormal(0, covariance = K)
    likelihood y[i] ~ Normal(g, 0.5)
    """)
    np.testing.assert_array_equal(found.data["x"], by_hand.data["x"])
    for index in range(5):
        position = {name: values[index] for name, values in found.positions(5).items()}
        ours, theirs = (each.log_density(position, each.data, each.coords) for each in (found, by_hand))
        assert float(ours) == pytest.approx(float(theirs), rel=1e-9)


def test_noncentered_is_the_same_process():
    """The density at z, less that of z, is the density at L z times the determinant of L."""
    plain, other = (compiled(PROCESS.format(options="", modifier=each)) for each in ("", "noncentered"))
    z = np.array([0.3, -1.0, 0.6])
    position = {"length": 0.2, "amplitude": -0.4}
    length, amplitude = np.exp(0.2), np.exp(-0.4)
    x = plain.data["x"]
    covariance = amplitude**2 * np.exp(-((x[:, None] - x) ** 2) / (2 * length**2)) + 1e-6 * np.eye(3)
    factor = np.linalg.cholesky(covariance)
    one = plain.log_density(position | {"g": factor @ z}, plain.data, plain.coords)
    two = other.log_density(position | {"g_decentered": z}, other.data, other.coords)
    assert float(one + np.log(np.diag(factor)).sum()) == pytest.approx(float(two), rel=1e-9)


def test_prediction_where_outcomes_are_missing():
    """With a Normal scatter the posterior is Normal, with the moments of kriging (Rasmussen & Williams 2006, eq. 2.23-24)."""
    found = compiled("""
    data { x[i] : real, y[i] : real missing }
    prior g[i] ~ GaussianProcess(matern52(1, 1), at = x, jitter = 1e-4)
    likelihood y[i] ~ Normal(g, 0.3)
    """)
    x, y = np.array([0.0, 0.7, 1.1, 1.8, 2.5]), np.array([0.4, 0.9, 0.0, -0.2, 0.0])
    seen = np.array([True, True, False, True, False])
    data, coords = {"x": x, "y": y, "y.observed": seen}, {"i": [1, 2, 3, 4, 5]}

    def density(g):
        return found.log_density({"g": g}, data, coords)

    zero = np.zeros(5)
    covariance = np.linalg.inv(-jax.hessian(density)(zero))
    mean = covariance @ jax.grad(density)(zero)
    r = np.sqrt(5) * np.abs(x[:, None] - x)
    K = (1 + r + r**2 / 3) * np.exp(-r) + 1e-4 * np.eye(5)
    weights = K[:, seen] @ np.linalg.inv(K[np.ix_(seen, seen)] + 0.3**2 * np.eye(3))
    np.testing.assert_allclose(mean, weights @ y[seen], rtol=1e-8)
    np.testing.assert_allclose(covariance, K - weights @ K[seen], rtol=1e-8, atol=1e-10)


def test_places_that_are_unknown():
    """The distances are computed again at each position, and are not recorded."""
    found = compiled("""
    data { y[i] : real }
    prior x[i] ~ Normal(0, 1)
    prior g[i] ~ GaussianProcess(matern52(1, 2), at = x)
    likelihood y[i] ~ Normal(g, 1)
    """)
    assert [each.name for each in found.spec.statements] == ["x", "g", "y"]
    position = {name: values[0] for name, values in found.positions(1).items()}
    r = np.sqrt(5) * np.abs(position["x"][:, None] - position["x"])
    K = 4 * (1 + r + r**2 / 3) * np.exp(-r) + 1e-6 * np.eye(3)
    wanted = multivariate_normal(np.zeros(3), K).logpdf(position["g"])
    wanted += multivariate_normal(np.zeros(3)).logpdf(position["x"])
    wanted += multivariate_normal(position["g"]).logpdf(found.data["y"])
    assert float(found.log_density(position, found.data, found.coords)) == pytest.approx(wanted, rel=1e-9)
    gradient = jax.grad(found.log_density)(position, found.data, found.coords)
    assert all(np.isfinite(each).all() for each in gradient.values())


def implied(found: Compiled) -> np.ndarray:
    """The covariance of a process by basis functions: it is linear in its weights, which are standard normal."""
    shape = found.positions(1)["g_weights"][0].shape

    def process(weights):
        model = handlers.seed(handlers.substitute(found.model, data={"g_weights": weights}), jax.random.key(0))
        return handlers.trace(model).get_trace(found.data, found.coords)["g"]["value"]

    slopes = np.asarray(jax.jacobian(process)(np.zeros(shape)))
    slopes = slopes.reshape(slopes.shape[0], -1)
    return slopes @ slopes.T


BY_BASIS = """
data {{ x[i] : real, v[i] : real, y[i] : real }}
prior g[i] ~ GaussianProcess({kernel}, at = {at}, basis = {basis}, boundary = {boundary})
likelihood y[i] ~ Normal(g, 1)
"""


@pytest.mark.parametrize("name", [each.name for each in KERNELS.values() if each.spectrum])
def test_basis_functions_come_near_the_exact_process(name):
    """The more the nearer; by how much depends on how smooth the process is."""
    errors = []
    for basis in (5, 20, 80):
        found = compiled(BY_BASIS.format(kernel=CALLS[name], at="x", basis=basis, boundary=4), {"i": 7})
        x = found.data["x"]
        wanted = covariance(name, np.abs(x[:, None] - x))
        errors.append(np.abs(implied(found) - wanted).max() / AMPLITUDE**2)
    assert errors[0] > 1.5 * errors[1] > 1.5**2 * errors[2] or errors[1] < 1e-6
    assert errors[-1] < {"squared_exponential": 1e-9, "matern52": 1e-4, "matern32": 1e-3, "exponential": 5e-2}[name]


def test_basis_functions_of_two_coordinates_with_lengths_of_their_own():
    kernel = f"squared_exponential([{LENGTH}, 1.5], {AMPLITUDE})"
    found = compiled(BY_BASIS.format(kernel=kernel, at="[x, v]", basis=30, boundary=3), {"i": 6})
    along_x, along_v = ((found.data[each][:, None] - found.data[each]) ** 2 for each in ("x", "v"))
    wanted = AMPLITUDE**2 * np.exp(-0.5 * (along_x / LENGTH**2 + along_v / 1.5**2))
    np.testing.assert_allclose(implied(found), wanted, atol=1e-3)


def test_a_small_box_is_wrong_at_its_ends():
    """With the box just as wide as the places the process is pinned to 0 there: the boundary matters."""
    errors = []
    for boundary in (1.0, 1.5, 4.0):
        kernel = CALLS["squared_exponential"]
        found = compiled(BY_BASIS.format(kernel=kernel, at="x", basis=60, boundary=boundary), {"i": 7})
        x = found.data["x"]
        errors.append(np.abs(implied(found) - covariance("squared_exponential", np.abs(x[:, None] - x))).max())
    assert errors[0] == pytest.approx(AMPLITUDE**2, rel=1e-6)
    assert errors[0] > errors[1] > errors[2]


def test_a_process_by_basis_functions_for_each_group():
    text = """
    dim group = 2
    data { x[i] : real, y[group, i] : real }
    prior length[group] ~ LogNormal(0, 1)
    prior g[group, i] ~ GaussianProcess(matern32(length, 1), at = x, basis = 4, event = i)
    likelihood y[group, i] ~ Normal(g, 1)
    """
    one = text.replace("dim group = 2", "").replace("[group]", "").replace("group, ", "")
    both, single = compiled(text), compiled(one)
    rng = np.random.default_rng(4)
    weights, length = rng.normal(size=(2, 4)), np.array([0.5, 1.7])

    def value(found: Compiled, **position):
        found = found._replace(data=found.data | {"x": both.data["x"]})
        model = handlers.seed(handlers.substitute(found.model, data=position), jax.random.key(0))
        return np.asarray(handlers.trace(model).get_trace(found.data, found.coords)["g"]["value"])

    together = value(both, g_weights=weights, length=length)
    for group in range(2):
        alone = value(single, g_weights=weights[group], length=length[group])
        np.testing.assert_allclose(together[group], alone, rtol=1e-10)


def test_the_program_is_short():
    """A kernel is a call, and distances of data have a name outside of the density."""
    _, program = written(PROCESS.format(options="", modifier=""))
    assert "g_squares = (x[:, None] - x) ** 2" in program.text
    assert "squared_exponential(g_squares / length**2, amplitude)" in program.text
