"""For all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# Before ArviZ, which imports NumPyro lazily: `import arviz, numpyro.infer` leaves `numpyro.infer` without its submodules.
import numpyro.infer  # noqa: F401  # isort: skip

# Machines are shared: no test is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of the tests' own, so that they neither use nor fill the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UQDSL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
