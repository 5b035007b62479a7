"""A squall line that is seen at twenty points: what is not seen comes nearer to the truth too."""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from specs.models.convection import DX, DZ, NX, NZ, THETA, VAPOUR, advance, bubble, integrated, saturation, stream
from uqdsl.data import bind
from uqdsl.driver.assimilate import Assimilated, assimilate, system_of
from uqdsl.driver.front import check, check_with_data
from uqdsl.driver.source import Source, read_source

from .assimilating import all_assimilated
from .conftest import SPECS

MODULE = "specs.models.convection"


@pytest.fixture(scope="module", autouse=True)
def double() -> None:
    jax.config.update("jax_enable_x64", True)


def sizes(found: Assimilated) -> dict[str, np.ndarray]:
    """Root mean squares over the plane, at each time: errors of updraughts and of ice, and what there is of these."""
    group = found.groups["assimilation"].variables
    truth, apart = group["air_truth"].values, group["air_mean"].values - group["air_truth"].values
    parts = {"updraught": apart[:, 6], "ice": apart[:, 5], "all updraught": truth[:, 6], "all ice": truth[:, 5]}
    return {name: np.sqrt((each**2).mean(axis=(1, 2))) for name, each in parts.items()}


def test_three_methods_find_ice_where_nobody_saw_it() -> None:
    found = all_assimilated("convection", (MODULE,))
    assert {name: each.status for name, each in found.items()} == dict.fromkeys(found, "ok")
    # From ten minutes on; before that there is hardly any ice.
    late = {name: {part: each[5:].mean() for part, each in sizes(run).items()} for name, run in found.items()}
    free = late.pop("free_run")
    assert free["ice"] > 0.4 * free["all ice"]
    for part in ("updraught", "ice"):
        assert late["letkf"][part] < 0.4 * free[part]
        assert late["diffusion"][part] < 0.6 * free[part]
        assert late["netf"][part] < 0.6 * free[part]
    for run in found.values():
        assert 0.7 < run.found.numbers["spread_skill_analysis"] < 1.45
    assert any("likelihoods were raised" in note for note in found["netf"].found.notes)


def test_a_few_minutes_tell_a_few_members_of_updraughts() -> None:
    """The Kalman filter of the spec, made small: ten members, four minutes."""
    whole = (SPECS / "convection.uq").read_text()
    text = re.sub(r"assimilate air by (diffusion|netf|free_run)\((.|\n)*?(?=assimilate|\Z)", "", whole)
    text = text.replace("from 0 to 40", "from 0 to 4").replace("members = 50", "members = 10")
    checked = check(Source("convection.uq", text, SPECS))
    _, every = check_with_data(read_source(SPECS / "convection.uq"))
    given = {name: every.arrays[name][:3] for name in ("seen", "truth")}
    dataset = bind(checked.spec, SPECS, given)
    system, _ = system_of(checked.spec, checked.sources, dataset, allowed=(MODULE,))
    assert checked.spec.motion is not None
    (asked,) = checked.spec.motion.assimilations
    assert asked.method == "letkf"
    found = assimilate(checked.spec, system, asked, dataset, 0, lambda *_: None)
    group = found.groups["assimilation"].variables
    error = [np.sqrt(((group[name].values - group["air_truth"].values)[:, 6] ** 2).mean(axis=(1, 2))) for name in BOTH]
    # Ten members are few for the first clouds, and not for those that have grown.
    assert error[1][-1] < 0.5 * error[0][-1]


BOTH = ("air_forecast_mean", "air_mean")


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
    for _ in range(5):
        air = np.asarray(advance(jnp.asarray(air)))
    ice = air[5] > 1e-4
    assert 20 < ice.sum() < 400
    assert (THETA[:, None] + air[1])[ice].min() > 300
    assert np.nonzero(ice)[0].min() > 6, "ice is above three kilometres"
