"""A small target and draws for it."""

from __future__ import annotations

import numpy as np
import pytest

from uqdsl.infer.target import Target

from .targets import make_posterior, make_target


@pytest.fixture
def target() -> Target:
    return make_target()


@pytest.fixture
def posterior() -> dict[str, np.ndarray]:
    return make_posterior()
