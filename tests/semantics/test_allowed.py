"""Lints have names, by which `allow(…)` silences them where they are and nowhere else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from uqdsl.cli.main import execute
from uqdsl.messages.catalogue.lints import LINTS

from .reading import codes

PAGE = Path(__file__).parents[2] / "docs" / "language" / "warnings.md"
DATA = "data { y[i] : real = [1, 2], x[i] : real = [0, 1] }"
LIKELIHOOD = "prior a ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(a, 1)\n"

LINTED = {
    "uninformed": "data { y : real = 1 }\nprior b ~ Normal(0, 1) @\nprior a ~ Normal(0, 1)\nlikelihood y ~ Normal(a, 1)",
    "may_leave": "data { y : real = 1 }\nprior a ~ Normal(0, 1)\nlikelihood y ~ Normal(0, a + 3) @",
    "unused": f"{DATA} @\n{LIKELIHOOD}",
    "wide_law": "data { y[i] : positive missing = [1, 2], z : real = 1 }\nprior a ~ Normal(0, 1)\npopulation y ~ Normal(a, 1) @\n"
    "likelihood z ~ Normal(a, 1)",
    "idle_bound": "data { y : real = 1 }\nprior a ~ Beta(1, 1) truncated(-1, 0.5) @\nlikelihood y ~ Normal(a, 1)",
}
"""For each lint, a spec that has it and no other problem; `@` stands behind the statement."""


OF_CHECK = LINTS.keys() - {"shared_rows", "cut_mass", "moments"}
"""Those that are known without data, of which tests/data/test_parts.py has one, without a run (tests/diagnose/test_ends.py), and
without other statements, of which the last below has one."""


def test_each_lint_has_a_spec_here():
    assert set(LINTED) == OF_CHECK


@pytest.mark.parametrize("name", sorted(OF_CHECK))
def test_allowed_by_its_name(name):
    assert codes(LINTED[name].replace("@", "")) == [LINTS[name].code]
    assert codes(LINTED[name].replace("@", f"allow({name})")) == []
    for other in OF_CHECK - {name}:
        assert sorted(codes(LINTED[name].replace("@", f"allow({other})"))) == sorted([LINTS[name].code, "UQ337"])


def test_several_names_and_several_modifiers():
    text = "data { y : real = 1 }\nprior c ~ Beta(1, 1) truncated(-1, 0.5) @\nfactor -y"
    assert codes(text.replace("@", "")) == ["UQ320", "UQ335"]
    assert codes(text.replace("@", "allow(uninformed, idle_bound)")) == []
    assert codes(text.replace("@", "allow(uninformed) allow(idle_bound)")) == []
    assert codes(text.replace("@", "allow(uninformed)")) == ["UQ335"]


def test_a_field_alone_is_allowed_or_the_whole_table():
    two = "data { y[i] : real = [1, 2], x[i] : real = [0, 1] @, z : real = 1 } #\n" + LIKELIHOOD
    assert codes(two.replace("@", "")) == ["UQ333", "UQ333"]
    assert codes(two.replace("@", "allow(unused)")) == ["UQ333"]
    assert codes(two.replace("@", "").replace("#", "allow(unused)")) == []


def test_what_is_not_a_list_of_names():
    for wrong in ("allow", "allow()", 'allow("unused")', "allow(name = unused)", "allow(1)"):
        assert codes(f"{DATA} {wrong}\n{LIKELIHOOD}") == ["UQ322"]


def test_an_unclear_allow_hides_what_it_may_have_meant():
    assert codes(f"{DATA} allow(used)\n{LIKELIHOOD}") == ["UQ336"]


def test_labels_of_a_dimension_in_use_are_used():
    text = 'data "d.csv" { y[i] : real, g[i] : category @ }\nprior m ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(m, 1)\n'
    assert codes(text.replace("@", "")) == ["UQ333"]
    assert codes(text.replace("@", ", u[g] : real").replace("(m, 1)", "(m + sum(u, over = g), 1)")) == []
    assert codes(text.replace("i]", "g]").replace("g[g] : category @", "g[g] : int")) == []


def test_what_an_endless_law_depends_on_is_not_as_its_prior():
    ends = "data { y : real = 1 }\nprior b ~ HalfNormal(1)\nprior a ~ Normal(0, 1)\nlikelihood y ~ Normal(a, 1)\n"
    assert codes(ends) == ["UQ320"]
    # The integral of the law of c is b, and so a factor of the density of b.
    assert codes(ends + "prior c ~ Flat(0, b)\n") == ["UQ320"]
    assert codes(ends + "prior c ~ Flat(b, inf)\n") == ["UQ338"]


def test_unknowns_that_a_statement_brings_with_it():
    process = "prior f[i] ~ GaussianProcess(matern52(1, 1), basis = 3) allow(uninformed)\n"
    assert codes(f"{DATA} allow(unused)\n{LIKELIHOOD}{process}") == []


def test_the_page_has_the_table():
    rows = re.findall(r"^\| `(\w+)` \| (UQ\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(name, lint.code) for name, lint in LINTS.items()]


def test_the_name_for_machines(tmp_path, capsys):
    path = tmp_path / "model.uq"
    path.write_text(f"{DATA}\n{LIKELIHOOD}", encoding="utf-8")
    assert execute(["check", "--json", str(path)]) == 0
    ((problem,),) = (each["problems"] for each in json.loads(capsys.readouterr().out)["specs"])
    assert (problem["code"], problem["lint"]) == ("UQ333", "unused")
    assert execute(["check", "--strict", str(path)]) == 1


def test_strict_does_not_mind_notes(tmp_path):
    path = tmp_path / "model.uq"
    path.write_text(
        "data { y[t] : real = [1, 2] }\nprior a ~ Normal(0, 1)\nlikelihood y[t] ~ Normal(a * y[t - 1], 1)\n"
    )
    assert execute(["check", "--strict", str(path)]) == 0


def test_what_a_method_makes_of_a_law_is_allowed_at_the_law():
    text = """time t from 0 to 2 step 1
data { y[t] : real = [1, 2, 3] }
state x over t {
  initial x ~ Normal(0, 1)
  evolve  x ~ Normal(x[t - 1], 0.5)
}
likelihood y[t] ~ StudentT(5, x, 1) @
assimilate x by METHOD(members = 20)
"""
    gaussian = text.replace("METHOD", "etkf")
    assert codes(gaussian.replace("@", "")) == ["UQ267"]
    assert codes(gaussian.replace("@", "allow(moments)")) == []
    assert codes(text.replace("METHOD", "bootstrap").replace("@", "")) == []
