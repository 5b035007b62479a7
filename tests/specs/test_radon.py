"""The radon spec as a whole: its program stands alone, and faults in it are each reported where they are."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from uqdsl.cli.main import execute

from .conftest import SPECS
from .test_specs import REFERENCE

FAULTS = {
    "names and numbers": {
        "  floor": (": binary ", ': binary = column("flor") ', "UQ414"),
        "prior gamma": ("Normal(0, 1)", "Nrmal(0, 1)", "UQ301"),
        "prior sigma_a": ("HalfNormal(1)", "HalfNormal(1", "UQ103"),
        "prior sigma ": ("HalfNormal(1)", "HalfNormal(-1)", "UQ304"),
        "likelihood": ("b * floor", "b * flor", "UQ201"),
    },
    "forms and dimensions": {
        "  log_uranium": (": real ", ": positive ", "UQ422"),
        "prior a[": ("noncentered", "noncentred", "UQ223"),
        "prior b ": ("~", "=", "UQ101"),
        "prior sigma ": ("HalfNormal(1)", "HalfNormal(scal = 1)", "UQ303"),
        "likelihood": ("a[county]", "a", "UQ211"),
    },
    "statements": {
        "  log_radon": (": real ", ': real = column("radn") ', "UQ414"),
        "prior gamma": ("prior", "piror", "UQ102"),
        "prior a[": ("a[county]", "a[conty]", "UQ203"),
        "prior sigma ": ("HalfNormal(1)", "HalfNormal(1, 2)", "UQ303"),
        "likelihood": ("b * floor", "b * exq(floor)", "UQ206"),
    },
}
"""By the line's beginning: what stands there, what is put in its place, and how that is reported."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The radon spec with its data, to be spoilt."""
    (tmp_path / "data").mkdir()
    for file in ("radon.uq", "data/radon_homes.csv", "data/radon_counties.csv"):
        (tmp_path / file).write_bytes((SPECS / file).read_bytes())
    return tmp_path / "radon.uq"


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_five_faults_are_five_reports_each_on_its_line(faults, copy: Path, capsys):
    lines = copy.read_text().splitlines()
    expected = []
    for beginning, (sound, faulty, code) in faults.items():
        (index,) = (index for index, line in enumerate(lines) if line.startswith(beginning))
        assert sound in lines[index]
        lines[index] = lines[index].replace(sound, faulty, 1)
        expected.append((index + 1, code))
    copy.write_text("\n".join(lines) + "\n")
    assert execute(["check", "--data", str(copy), "--json"]) == 1
    (answer,) = json.loads(capsys.readouterr().out)["specs"]
    assert [(each["at"]["start"]["line"], each["code"]) for each in answer["problems"]] == expected


PLAIN = """
import json, sys
from importlib.abc import MetaPathFinder

class OnlyRuntime(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("uqdsl.") and not name.startswith("uqdsl.runtime"):
            raise ImportError(f"{name} is not of the runtime")

sys.meta_path.insert(0, OnlyRuntime())
import jax, numpy, pandas, numpyro
numpyro.set_host_device_count(2)
from numpyro.diagnostics import summary
from numpyro.infer import MCMC, NUTS
import program

homes, counties = pandas.read_csv("data/radon_homes.csv"), pandas.read_csv("data/radon_counties.csv")
labels = list(counties["county"])
coords = {"home": list(range(len(homes))), "county": labels}
data = {
    "log_radon": homes["log_radon"].to_numpy(),
    "floor": homes["floor"].to_numpy(),
    "county": homes["county"].map(labels.index).to_numpy(),
    "log_uranium": counties["log_uranium"].to_numpy(),
}
mcmc = MCMC(NUTS(program.model), num_warmup=1000, num_samples=2000, num_chains=2, progress_bar=False)
mcmc.run(jax.random.key(1), data, coords)
found = summary(mcmc.get_samples(group_by_chain=True), group_by_chain=True)
print(json.dumps({
    name: {"mean": each["mean"].tolist(), "mcse": (each["std"] / each["n_eff"] ** 0.5).tolist()}
    for name, each in found.items()
}))
"""


def test_the_program_runs_under_plain_numpyro_with_the_runtime_alone(copy: Path):
    assert execute(["compile", str(copy), "-o", str(copy.with_name("program.py"))]) == 0
    ran = subprocess.run([sys.executable, "-c", PLAIN], cwd=copy.parent, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    reference = json.loads((REFERENCE / "radon.json").read_text())["posterior"]
    counties = [name for name in reference if name.startswith("a[")]
    means = dict(zip(counties, zip(found["a"]["mean"], found["a"]["mcse"], strict=True), strict=True))
    means |= {name: (found[name]["mean"], found[name]["mcse"]) for name in reference if name not in counties}
    for name, (mean, mcse) in means.items():
        assert abs(mean - reference[name]["mean"]) < 4 * math.hypot(mcse, reference[name]["mcse_mean"]), name
