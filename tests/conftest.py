"""For all tests."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import pytest
from hypothesis import settings

from uqdsl.vocabulary.methods import brought

# Before ArviZ, which imports NumPyro lazily: `import arviz, numpyro.infer` leaves `numpyro.infer` without its submodules.
import numpyro.infer  # noqa: F401  # isort: skip

# Machines are shared: no test is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as slow what `slow.txt` lists: proofs that take more than four seconds, and have shorter ones beside them."""
    listed = set((HERE / "slow.txt").read_text(encoding="utf-8").splitlines())
    for item in items:
        if item.nodeid in listed:
            item.add_marker(pytest.mark.slow)
    if any("::" in each for each in config.args):
        return
    files = {item.nodeid.partition("::")[0] for item in items}
    gone = {each for each in listed if each.partition("::")[0] in files} - {item.nodeid for item in items}
    if gone:
        raise pytest.UsageError(f"tests/slow.txt lists what is not there: {', '.join(sorted(gone))}")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of the tests' own, so that they neither use nor fill the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UQDSL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", autouse=True)
def quickly_compiled(request: pytest.FixtureRequest) -> Iterator[None]:
    """Programs of some rooms are compiled for longer than they compute: without most optimisations they cost less."""
    less = request.path.relative_to(HERE).parts[0] in ("api", "codegen", "docs", "driver")
    jax.config.update("jax_disable_most_optimizations", less)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


type Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """From the name of a package, its one module and its entry points to where Python finds it, for one test."""
    folder = tmp_path / "packages"
    modules: list[str] = []

    def made(name: str, module: str, **entries: str) -> None:
        about = folder / f"{name}-1.0.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        points = "".join(f"{entry} = {value}\n" for entry, value in entries.items())
        (about / "entry_points.txt").write_text(f"[uqdsl.methods]\n{points}")
        (folder / f"{name}.py").write_text(module)
        modules.append(name)
        importlib.invalidate_caches()
        brought.cache_clear()

    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield made
    for name in modules:
        sys.modules.pop(name, None)
    brought.cache_clear()
