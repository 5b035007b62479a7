"""A squall line that is seen at twenty points: what is not seen comes nearer to the truth too."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from specs.models.convection import DX, DZ, NX, NZ, THETA, VAPOUR, bubble, integrated, saturation, stream

from .assimilating import assimilated

MODULE = "specs.models.convection"


@pytest.fixture(scope="module", autouse=True)
def double() -> None:
    jax.config.update("jax_enable_x64", True)


def test_ice_is_found_where_nobody_saw_it() -> None:
    found = assimilated("convection", (MODULE,))
    group = found.groups["assimilation"].variables

    def size(values: np.ndarray) -> np.ndarray:
        return np.sqrt((values**2).mean(axis=(1, 2)))

    truth, apart = group["air_truth"].values, group["air_mean"].values - group["air_truth"].values
    ice, there = size(apart[:, 5]), size(truth[:, 5])
    assert ice[0] > 0.7 * there[0]
    assert (ice[3:9] < 0.55 * there[3:9]).all()
    risen = size(apart[:, 6])
    assert (risen[3:9] < 0.5 * risen[0]).all()


def test_the_stream_function_is_that_of_the_vorticity() -> None:
    vorticity = jnp.asarray(np.random.default_rng(0).normal(size=(NZ - 1, NX)))
    psi = stream(vorticity)
    x = (jnp.roll(psi, -1, axis=1) - 2 * psi + jnp.roll(psi, 1, axis=1))[1:-1] / DX**2
    z = (psi[2:] - 2 * psi[1:-1] + psi[:-2]) / DZ**2
    assert np.allclose(x + z, vorticity, atol=1e-12)
    assert not psi[0].any()
    assert not psi[-1].any()


def test_air_at_rest_stays_at_rest() -> None:
    empty = jnp.zeros((NZ, NX))
    vapour = jnp.broadcast_to(jnp.asarray(VAPOUR)[:, None], (NZ, NX))
    still = jnp.stack([empty, empty, vapour, empty, empty, empty])
    assert np.abs(integrated(still, 30)[1]).max() < 1e-6


def test_saturation_is_that_of_tables() -> None:
    """At 20 °C and 1000 hPa vapour pressure is 23.39 hPa (Wagner & Pruß 2002), at 0 °C 6.11 hPa."""
    for celsius, pressure in ((20.0, 2339.0), (0.0, 611.2)):
        known = 0.622 * pressure / (1e5 - pressure)
        assert saturation(jnp.asarray(celsius + 273.15), jnp.asarray(1e5)) == pytest.approx(known, rel=3e-3)


def test_a_bubble_becomes_a_cloud_with_ice_at_its_top() -> None:
    air = np.asarray(bubble(jnp.array([16.0, 30.0]), jnp.array([6.0, 5.0]), jnp.array([3.0, 2.0])))
    assert np.isfinite(air).all()
    assert (air[2:6] > -1e-5).all()
    ice = air[5] > 1e-4
    assert 20 < ice.sum() < 400
    assert (THETA[:, None] + air[1])[ice].min() > 300
    assert np.nonzero(ice)[0].min() > 6, "ice is above three kilometres"
