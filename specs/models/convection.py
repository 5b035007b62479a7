"""Moist convection in a vertical plane: thunderclouds that rise from warm bubbles, rain, and freeze at the top.

The air is incompressible in the sense of Boussinesq, periodic along x, between a floor and a lid without friction, in a shear
U(z). With the stream function ψ, u = U + ∂ψ/∂z and w = -∂ψ/∂x, the vorticity ζ = ∇²ψ is made by buoyancy B alone:

    Dζ/Dt = -∂B/∂x - w d²U/dz² + ν ∇²ζ,    B = g (θ'/θ₀ + 0.61 (q_v - q̄_v) - q_c - q_r - q_i).

Potential temperature θ and the water in its four forms, vapour, cloud, rain and ice, are carried with the air (third-order
upwind, Runge & Kutta's third-order scheme of Shu & Osher 1988) and turn into each other: vapour condenses at saturation
(Tetens 1930), cloud becomes rain and rain falls and evaporates (Kessler 1969), cloud freezes below -10 °C, and ice grows from
vapour, falls, and melts below. The environment is that of Weisman & Klemp 1982. This is a toy: the density of air does not
fall with height, and there is one kind of ice.

Units: km along the axes; otherwise m, s, K, and kg of water per kg of air.

References:
    Kessler 1969, On the Distribution and Continuity of Water Substance in Atmospheric Circulations, Meteorol. Monogr. 10.
    Shu & Osher 1988, Efficient Implementation of Essentially Non-oscillatory Shock-Capturing Schemes, J. Comput. Phys. 77.
    Tetens 1930, Über einige meteorologische Begriffe, Z. Geophys. 6, 297-309.
    Weisman & Klemp 1982, The Dependence of Numerically Simulated Convective Storms on Vertical Wind Shear and Buoyancy, Mon.
    Weather Rev. 110, 504-520.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

NX, NZ = 48, 24
DX, DZ = 1000.0, 500.0
STEP = 10.0
"""Seconds."""
STEPS = 12
"""Between two times of the spec: two minutes."""
SPIN_UP = 60
"""Steps from the bubble to the first time: ten minutes."""

GRAVITY, HEAT, GAS, GAS_VAPOUR = 9.81, 1004.0, 287.0, 461.5
VAPORISE, FREEZE = 2.5e6, 3.34e5
"""Latent heats."""
VISCOSITY = 100.0
SMALL = 1e-12

_Z = (np.arange(NZ) + 0.5) * DZ
_TOP = 12000.0
THETA = 300.0 + 43.0 * (_Z / _TOP) ** 1.25
"""Potential temperature of the environment."""


def _pressure() -> np.ndarray:
    """The Exner function of an atmosphere at rest."""
    exner, found = 1.0, []
    for place, theta in enumerate(THETA):
        exner -= GRAVITY / (HEAT * theta) * (DZ / 2 if place == 0 else DZ)
        found.append(exner)
    return np.array(found)


EXNER = _pressure()
PRESSURE = 1e5 * EXNER ** (HEAT / GAS)


def saturation(temperature: jax.Array, pressure: jax.Array) -> jax.Array:
    """Vapour per kg of air that is saturated over water."""
    celsius = temperature - 273.15
    vapour = 610.78 * jnp.exp(17.27 * celsius / jnp.maximum(celsius + 237.3, 30.0))
    return 0.622 * vapour / jnp.maximum(pressure - vapour, 0.1 * pressure)


def _environment() -> np.ndarray:
    humidity = np.clip(1 - 0.75 * (_Z / _TOP) ** 1.25, 0.25, 1.0)
    saturated = np.asarray(saturation(jnp.asarray(THETA * EXNER), jnp.asarray(PRESSURE)))
    return np.minimum(0.014, humidity * saturated)


VAPOUR = _environment()
_SHEAR = 12.0 * np.tanh(_Z / 3000.0)
WIND = _SHEAR - _SHEAR.mean()
_BEND = np.gradient(np.gradient(WIND, DZ), DZ)


# ------------------------------------------------------------------------------------------------------------- the wind

_CORNERS = NZ - 1
_SINE = np.sqrt(2 / NZ) * np.sin(np.pi * np.outer(np.arange(1, NZ), np.arange(1, NZ)) / NZ)
"""The sine transform between floor and lid, its own inverse."""
_WAVES = (2 * np.cos(2 * np.pi * np.arange(NX // 2 + 1) / NX) - 2) / DX**2
_RISES = (2 * np.cos(np.pi * np.arange(1, NZ) / NZ) - 2) / DZ**2


def stream(vorticity: jax.Array) -> jax.Array:
    """ψ at the corners of cells, `(NZ + 1, NX)`, from ζ at the inner ones, `(NZ - 1, NX)`: ∇²ψ = ζ, 0 at floor and lid."""
    spectrum = jnp.fft.rfft(_SINE @ vorticity, axis=1) / (_RISES[:, None] + _WAVES[None, :])
    return jnp.pad(_SINE @ jnp.fft.irfft(spectrum, NX, axis=1), ((1, 1), (0, 0)))


def winds(vorticity: jax.Array) -> tuple[jax.Array, jax.Array]:
    """u at the left faces of cells, `(NZ, NX)`, and w at the lower ones and the lid, `(NZ + 1, NX)`."""
    psi = stream(vorticity)
    return WIND[:, None] + (psi[1:] - psi[:-1]) / DZ, -(jnp.roll(psi, -1, axis=1) - psi) / DX


def _with_updraught(state: jax.Array) -> jax.Array:
    """A state with vertical velocity in the middle of cells behind its other variables."""
    _, w = winds(state[0, 1:])
    return jnp.concatenate([state, 0.5 * (w[1:] + w[:-1])[None]])


# -------------------------------------------------------------------------------------------------------------- transport


def _upwind(wind: jax.Array, before2: jax.Array, before: jax.Array, after: jax.Array, after2: jax.Array) -> jax.Array:
    """The flux through a face between `before` and `after`: third-order upwind."""
    left = (-before2 + 5 * before + 2 * after) / 6
    right = (-after2 + 5 * after + 2 * before) / 6
    return jnp.where(wind > 0, wind * left, wind * right)


def carried(field: jax.Array, u: jax.Array, w: jax.Array) -> jax.Array:
    """-∇·(v q) of a field in cells, `(NZ, NX)`; nothing passes floor and lid."""
    along = _upwind(u, jnp.roll(field, 2, axis=1), jnp.roll(field, 1, axis=1), field, jnp.roll(field, -1, axis=1))
    padded = jnp.pad(field, ((2, 2), (0, 0)), mode="edge")
    rows = NZ + 1
    up = _upwind(w, padded[:rows], padded[1 : rows + 1], padded[2 : rows + 2], padded[3 : rows + 3])
    return -(jnp.roll(along, -1, axis=1) - along) / DX - (up[1:] - up[:-1]) / DZ


def _buoyancy(theta: jax.Array, water: jax.Array) -> jax.Array:
    return GRAVITY * (theta / 300.0 + 0.61 * (water[0] - VAPOUR[:, None]) - water[1] - water[2] - water[3])


def _rates(vorticity: jax.Array, theta: jax.Array, water: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """What the motion of the air does to ζ at the inner corners, to θ' and to water in cells."""
    u, w = winds(vorticity)
    lift = 0.5 * (w[1:] + w[:-1])
    slope = np.gradient(THETA, DZ)[:, None]
    of_theta = carried(theta, u, w) - lift * slope
    of_water = jax.vmap(lambda each: carried(each, u, w))(water)
    force = _buoyancy(theta, water)
    # ζ lives at corners, (i - 1/2, k - 1/2): gradients of B and winds are means of the neighbours there.
    tilt = (force - jnp.roll(force, 1, axis=1)) / DX
    made = -0.5 * (tilt[1:] + tilt[:-1])
    across = 0.5 * (u[1:] + u[:-1])
    rising = 0.5 * (w + jnp.roll(w, 1, axis=1))[1:-1]
    low = jnp.pad(vorticity, ((2, 2), (0, 0)))
    east, west = jnp.roll(vorticity, -1, axis=1), jnp.roll(vorticity, 1, axis=1)
    along = jnp.where(
        across > 0,
        (2 * east + 3 * vorticity - 6 * west + jnp.roll(vorticity, 2, axis=1)) / (6 * DX),
        (-jnp.roll(vorticity, -2, axis=1) + 6 * east - 3 * vorticity - 2 * west) / (6 * DX),
    )
    above, here, below = low[3:-1], low[2:-2], low[1:-3]
    up = jnp.where(
        rising > 0,
        (2 * above + 3 * here - 6 * below + low[:-4]) / (6 * DZ),
        (-low[4:] + 6 * above - 3 * here - 2 * below) / (6 * DZ),
    )
    spread = (east - 2 * here + west) / DX**2 + (above - 2 * here + below) / DZ**2
    bend = 0.5 * (_BEND[1:] + _BEND[:-1])[:, None]
    return made - across * along - rising * (up + bend) + VISCOSITY * spread, of_theta, of_water


def _moved(parts: tuple[jax.Array, ...], start: tuple[jax.Array, ...], share: float) -> tuple[jax.Array, ...]:
    """A stage of the scheme: `share` of the step from where it is, the rest from the start."""
    rates = _rates(*parts)
    return tuple(
        (1 - share) * first + share * (now + STEP * rate) for now, first, rate in zip(parts, start, rates, strict=True)
    )


# ------------------------------------------------------------------------------------------------------------------ water


def _fallen(field: jax.Array, speed: jax.Array) -> jax.Array:
    """Water after falling for a step; what reaches the floor is gone."""
    flux = jnp.pad(speed * field, ((0, 1), (0, 0)))
    return field + STEP / DZ * (flux[1:] - flux[:-1])


def _clouds(theta: jax.Array, water: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Water changes its form, and heats or cools the air."""
    vapour, cloud, rain, ice = jnp.maximum(water, 0.0)
    exner, pressure = EXNER[:, None], PRESSURE[:, None]

    def temperature(theta: jax.Array) -> jax.Array:
        return (THETA[:, None] + theta) * exner

    def heated(theta: jax.Array, amount: jax.Array, latent: float) -> jax.Array:
        return theta + latent / (HEAT * exner) * amount

    # Cloud becomes rain, rain takes up cloud, and rain evaporates where the air is dry.
    turned = jnp.minimum(cloud, STEP * (1e-3 * jnp.maximum(cloud - 1e-3, 0.0) + 2.2 * cloud * (rain + SMALL) ** 0.875))
    cloud, rain = cloud - turned, rain + turned
    lacking = jnp.maximum(saturation(temperature(theta), pressure) - vapour, 0.0)
    lost = jnp.minimum(rain, STEP * 0.04 * lacking * (rain + SMALL) ** 0.5)
    vapour, rain, theta = vapour + lost, rain - lost, heated(theta, -lost, VAPORISE)
    # Cloud freezes the faster the colder it is; ice grows from vapour, sublimates in dry air, and melts above 0 °C.
    cold = 273.15 - temperature(theta)
    frozen = cloud * jnp.clip((cold - 10.0) / 25.0, 0.0, 1.0) * STEP / 300.0
    cloud, ice, theta = cloud - frozen, ice + frozen, heated(theta, frozen, FREEZE)
    over_ice = saturation(temperature(theta), pressure) * jnp.exp(-jnp.clip(cold, 0.0, 60.0) * 0.0097)
    grown = jnp.where(cold > 0, STEP * 0.02 * (vapour - over_ice) * jnp.sqrt(ice * 1e3 + SMALL), 0.0)
    grown = jnp.clip(grown, -ice, 0.5 * vapour)
    vapour, ice, theta = vapour - grown, ice + grown, heated(theta, grown, VAPORISE + FREEZE)
    melted = ice * jnp.clip(-cold / 5.0, 0.0, 1.0) * STEP / 100.0
    ice, rain, theta = ice - melted, rain + melted, heated(theta, -melted, FREEZE)
    # Vapour condenses to saturation, and cloud evaporates up to it.
    for _ in range(2):
        now = temperature(theta)
        most = saturation(now, pressure)
        excess = (vapour - most) / (1 + VAPORISE**2 * most / (HEAT * GAS_VAPOUR * now**2))
        excess = jnp.maximum(excess, -cloud)
        vapour, cloud, theta = vapour - excess, cloud + excess, heated(theta, excess, VAPORISE)
    rain = _fallen(rain, 14.0 * (rain + SMALL) ** 0.125)
    ice = _fallen(ice, 1.0)
    return theta, jnp.stack([vapour, cloud, rain, ice])


# ------------------------------------------------------------------------------------------------------------- the model


def _step(_: int, state: jax.Array) -> jax.Array:
    start = (state[0, 1:], state[1], state[2:])
    parts = _moved(start, start, 1.0)
    parts = _moved(parts, start, 0.25)
    vorticity, theta, water = _moved(parts, start, 2 / 3)
    theta, water = _clouds(theta, water)
    return jnp.concatenate([jnp.pad(vorticity, ((1, 0), (0, 0)))[None], theta[None], water])


@partial(jax.jit, static_argnames="steps")
def integrated(state: jax.Array, steps: int) -> jax.Array:
    """A state some steps later."""
    return jax.lax.fori_loop(0, steps, _step, state)


def advance(air: jax.Array) -> jax.Array:
    """Air `(7, NZ, NX)` two minutes later: vorticity (1/s), θ' (K), vapour, cloud, rain and ice (kg/kg), and updraught (m/s).

    Vorticity stands at the lower left corners of cells, and is 0 at the floor; the updraught follows from it, and is told, not
    used. Water that an analysis made negative is none.
    """
    kept = jnp.concatenate([air[:2], jnp.maximum(air[2:6], 0.0)])
    return _with_updraught(integrated(kept, STEPS))


def bubble(centre: jax.Array, width: jax.Array, warmth: jax.Array) -> jax.Array:
    """The air, as of `advance`, ten minutes after two warm bubbles were let go.

    Arguments:
        centre, width, warmth: of the bubbles, `(2,)` each: place along x (km), radius (km), excess of temperature (K).
    """
    x, z = (jnp.arange(NX) + 0.5) * DX / 1000, jnp.asarray(_Z) / 1000
    apart = jnp.abs(x[None, :] - centre[:, None])
    apart = jnp.minimum(apart, NX * DX / 1000 - apart) / width[:, None]
    far = jnp.sqrt(apart[:, None, :] ** 2 + ((z[None, :, None] - 1.5) / 1.5) ** 2)
    theta = jnp.sum(warmth[:, None, None] * jnp.cos(0.5 * jnp.pi * jnp.minimum(far, 1.0)) ** 2, axis=0)
    empty = jnp.zeros((NZ, NX))
    vapour = jnp.broadcast_to(jnp.asarray(VAPOUR)[:, None], (NZ, NX))
    return _with_updraught(integrated(jnp.stack([empty, theta, vapour, empty, empty, empty]), SPIN_UP))
