"""What is told of innovations, gains and skill, beside what these are in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.diagnose.cycles import Alongside, consistency, failed, skill

COUNT = 40_000


def seen(error: float, spread: float, assumed_error: float, assumed_spread: float) -> Alongside:
    """Analyses of numbers one by one, with variances that may be assumed wrongly; a third was not observed."""
    rng = np.random.default_rng(0)
    shape = (COUNT // 4, 4)
    truth = rng.normal(size=shape)
    forecast = truth + np.sqrt(spread) * rng.normal(size=shape)
    values = truth + np.sqrt(error) * rng.normal(size=shape)
    gain = assumed_spread / (assumed_spread + assumed_error)
    same = np.ones(shape)
    return Alongside(
        values,
        assumed_error * same,
        rng.random(shape) < 2 / 3,
        forecast,
        np.sqrt(assumed_spread) * same,
        forecast + gain * (values - forecast),
        np.sqrt((1 - gain) * assumed_spread) * same,
    )


@pytest.mark.parametrize(
    ("error", "spread", "assumed_error", "assumed_spread"), [(0.5, 2, 0.5, 2), (1, 2, 0.5, 2), (0.5, 1, 0.5, 4)]
)
def test_desroziers_statistics(error: float, spread: float, assumed_error: float, assumed_spread: float):
    """E d_a d_b = R̃ (B + R) / (B̃ + R̃), and E (h_a - h_b) d_b = B̃ (B + R) / (B̃ + R̃), with B̃ and R̃ as assumed."""
    found = consistency(seen(error, spread, assumed_error, assumed_spread))
    expected = (error + spread) / (assumed_error + assumed_spread)
    # Of squares of normal numbers: a relative standard error of √(2 / n).
    tolerance = 4 * np.sqrt(2 / found.observations)
    for each in (found.ratio, found.observed_error, found.forecast_error):
        assert each == pytest.approx(expected, rel=tolerance)
    assert (found.low < found.ratio < found.high) == (expected == 1)


def test_gain_and_degrees_of_freedom_for_signal():
    """HK = B / (B + R) of each that was observed; at a time their sum."""
    given = seen(0.5, 2, 0.5, 2)
    assert np.allclose(given.gain, 0.8)
    found = consistency(given)
    number = given.present.sum(axis=1)
    assert np.allclose(found.signal[number > 0], 0.8 * number[number > 0])
    assert np.isnan(found.signal[number == 0]).all()
    still = given._replace(analysis=given.forecast, analysis_sd=given.forecast_sd)
    assert not consistency(still).signal[number > 0].any()
    told = given._replace(told=np.full(given.values.shape, 0.25))
    assert np.allclose(consistency(told).signal[number > 0], 0.25 * number[number > 0])


def test_skill_of_a_law_that_is_right():
    """CRPS of N(m, s²) whose truth is drawn of it: s / √π. Members' spread has √(N / (N + 1)) of the error of their mean."""
    rng = np.random.default_rng(1)
    sd = 1.5
    mean = rng.normal(size=(COUNT, 1))
    found = skill(mean, np.full(mean.shape, sd), mean + sd * rng.normal(size=mean.shape))
    assert found.crps == pytest.approx(sd / np.sqrt(np.pi), rel=4 / np.sqrt(COUNT))
    assert found.ratio == pytest.approx(1, rel=4 / np.sqrt(2 * COUNT))
    assert found.spread == pytest.approx(sd)
    members, truth = rng.normal(size=(5, COUNT, 1)), rng.normal(size=(COUNT, 1))
    few = skill(members.mean(axis=0), members.std(axis=0, ddof=1), truth, 5)
    assert few.ratio == pytest.approx(1, rel=8 / np.sqrt(2 * COUNT))


def test_members_that_fail_are_told():
    times = np.array([0.0, 0.5, 1.0, 1.5])
    assert failed(None, 10, times, "t") == ((), ())
    few = failed(np.array([0, 1, 0, 3]), 10, times, "t", ["ValueError: cold"])
    assert few.reasons == ()
    assert few.notes == (
        "4 members failed, the first on the way to t = 0.5, at most 3 of 10 at once (ValueError: cold); others took their place",
    )
    (one,) = failed(np.array([0, 0, 1, 0]), 10, times, "t", ["ValueError: cold"]).notes
    assert one == "a member failed on the way to t = 1 (ValueError: cold); another took its place"
    (many,) = failed(np.array([0, 0, 6, 0]), 10, times, "t").reasons
    assert "at most 6 of 10 at once (what the model made was no number)" in many
