"""The pages of runs that fail: their specs are sound, and the run of the failing one ends in that problem."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from uqdsl import ir
from uqdsl.codegen import generate
from uqdsl.infer import Target
from uqdsl.infer.nuts import sample
from uqdsl.messages import RunError
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse
from uqdsl.vocabulary.methods import NutsOptions

from .reading import AT_RUN_TIME, blocks


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own, so that they neither use nor fill the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UQDSL_CACHE", str(folder))
        yield folder


def target_of(text: str) -> Target:
    """A spec whose data are all given in place, ready to run."""
    parsed = parse(text, "model.uq")
    spec = analyse(parsed).spec
    assert spec is not None
    program = generate(spec, parsed.sources, version="0")
    module: dict = {"__name__": "generated"}
    exec(compile(program.text, "model.py", "exec"), module)
    data = {field.name: np.asarray(field.values, float) for field in spec.fields}
    lengths = {dim: len(data[field.name]) for field in spec.fields for dim in field.dims}
    named = (*spec.unknowns, *spec.quantities, *spec.observations)
    return Target(
        name=spec.name,
        source=program.text,
        model=module["model"],
        log_density=module["log_density"],
        data=data,
        coords={dim: list(range(1, length + 1)) for dim, length in lengths.items()},
        dims={each.name: each.dims for each in named},
        unknowns=tuple(each.name for each in spec.unknowns),
        quantities=tuple(each.name for each in spec.quantities if not each.fixed),
        observed=tuple(each.name for each in spec.observations if isinstance(each, ir.Observation)),
        spans=program.sites,
    )


@pytest.mark.parametrize("code", sorted(AT_RUN_TIME))
def test_a_run_that_fails(code):
    (spec,) = (each.text for each in blocks(code, "Fails") if each.language == "uq")
    with pytest.raises(RunError) as caught:
        sample(target_of(spec), NutsOptions(chains=1, warmup=100, draws=100), 0, sink=lambda _: None)
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize("code", sorted(AT_RUN_TIME))
def test_and_one_that_does_not(code):
    (spec,) = (each.text for each in blocks(code, "Mended") if each.language == "uq")
    kept = []
    sample(target_of(spec), NutsOptions(chains=1, warmup=20, draws=20), 0, sink=lambda chunk: kept.append(chunk.draws))
    assert sum(len(next(iter(draws.values()))) for draws in kept) == 20
