"""Functions of Python: what runs, only where it is allowed, and what is said where it does not fit."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jax
import numpy as np
import pytest

import uqdsl
from uqdsl.cli.main import execute
from uqdsl.messages import errors

SHORT = "nuts(chains = 2, warmup = 100, draws = 50)"
MODULE = """\
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

Path("imported").touch()
CALLS = []


def response(dose, slope):
    assert (dose.shape, slope.shape) == ((2,), ())
    return jnp.tanh(slope * dose[0]) + dose[1]


def table(dose):
    CALLS.append(dose)
    return np.array([dose[0] + dose[1], dose[0] * dose[1], 1.0])


def squared(x):
    return x**2


def fails(x):
    raise ValueError("too much\\nof it")


def whole(x):
    return jnp.asarray(3)


def pair(x):
    return x, x


def decides(x):
    return x if x > 0 else -x


def loops(x):
    return jax.lax.while_loop(lambda y: y < 3.0, lambda y: y + 1.0, x)


def long(x):
    return np.ones(4) * x


number = 2
"""
DATA = {"x": np.array([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]]), "y": np.array([1.0, 0.2, 0.7])}
HEAD = "dim k = 2\ndim out = 3\ndata { x[i, k] : real, y[i] : real }\nprior mu ~ Normal(0, 1)\n"
LIKELIHOOD = "\nlikelihood y[i] ~ Normal(mu, 1)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory, where the modules `lab.dose` and `lab` are."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").write_text("")
    (tmp_path / "lab" / "dose.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] in ("lab", "broken", "needs")]:
        del sys.modules[name]


def program(text: str, allow: tuple[str, ...] = ("lab.dose",)) -> uqdsl.Program:
    return uqdsl.loads(text, allow_extern=allow).compile(x=DATA["x"], y=DATA["y"])


def command(line: str) -> int:
    return execute(line.split())


def codes(make: Callable[[], object]) -> list[str]:
    with pytest.raises(uqdsl.UqdslError) as caught:
        make()
    assert "Traceback" not in str(caught.value)
    return [each.code for each in errors(caught.value.problems)]


# ------------------------------------------------------------------------------------------------------ what they mean


def test_a_function_of_jax_is_the_model_written_out():
    head = HEAD + "prior slope ~ Normal(0, 1)\n"
    extern = program(
        head
        + 'extern function response(dose[k], slope) -> real from "lab.dose:response"\n'
        + "likelihood y[i] ~ Normal(mu + response(x, slope), 1)\n"
    )
    plain = program(head + "likelihood y[i] ~ Normal(mu + tanh(slope * x[k = 1]) + x[k = 2], 1)\n")
    for mu, slope in np.random.default_rng(2).normal(size=(5, 2)):
        position = {"mu": mu, "slope": slope}
        found, expected = (jax.value_and_grad(each.log_density)(position) for each in (extern, plain))
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
        for name in position:
            np.testing.assert_allclose(found[1][name], expected[1][name], rtol=1e-12)


def test_a_function_of_numpy_of_data_is_computed_once():
    extern = program(
        HEAD
        + 'extern function table(dose[k]) -> real[out] from "lab.dose:table" nondifferentiable\n'
        + "let z[i, out] = table(x)\nlet total[i] = 2 * sum(z, over = out)\n"
        + "likelihood y[i] ~ Normal(mu + total, 1)\n"
    )
    fit = extern.infer(SHORT, progress=False)
    assert len(importlib.import_module("lab.dose").CALLS) == len(DATA["x"])
    total = 2 * (DATA["x"].sum(1) + DATA["x"].prod(1) + 1)
    expected = -0.5 * (0.3**2 + ((DATA["y"] - 0.3 - total) ** 2).sum()) - 4 * 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(extern.log_density({"mu": 0.3}), expected, rtol=1e-12)
    (mean, variance) = ((DATA["y"] - total).sum() / 4, 1 / 4)
    (row,) = fit.summary
    assert abs(row.mean - mean) < 5 * np.sqrt(variance / row.ess_bulk)


def test_a_function_of_numpy_of_unknowns_is_computed_for_each_draw():
    fit = program(
        HEAD
        + 'extern function squared(x) -> nonnegative from "lab.dose:squared" nondifferentiable\n'
        + "let risk = squared(mu)\nlet shifted[i] = squared(mu + y)"
        + LIKELIHOOD
    ).infer(SHORT, progress=False)
    assert not fit.problems
    tree = fit.posterior
    for group in ("posterior", "prior"):
        mu = tree[group]["mu"]
        np.testing.assert_allclose(tree[group]["risk"], mu**2, rtol=1e-12)
        np.testing.assert_allclose(tree[group]["shifted"], (mu.values[..., None] + DATA["y"]) ** 2, rtol=1e-12)
    assert {"posterior_predictive", "prior_predictive"} <= set(tree.children)


def test_the_numpyro_model_can_be_sampled_beside_it():
    from numpyro.infer import MCMC, NUTS

    text = 'extern function squared(x) -> real from "lab.dose:squared" nondifferentiable\nlet risk = squared(mu)'
    sampler = MCMC(
        NUTS(program(HEAD + text + LIKELIHOOD).numpyro_model), num_warmup=50, num_samples=50, progress_bar=False
    )
    sampler.run(jax.random.key(0))
    drawn = sampler.get_samples()
    np.testing.assert_allclose(drawn["risk"], drawn["mu"] ** 2, rtol=1e-12)


def test_a_changed_function_gives_changed_results(folder: Path):
    """Compiled programs are kept by the text of the program, which does not hold the function."""
    text = HEAD + 'extern function moved(x) -> real from "lab.moved:moved"\nlikelihood y[i] ~ Normal(moved(mu), 0.01)\n'
    means = []
    for shift in (10, 20):
        (folder / "lab" / "moved.py").write_text(f"def moved(x):\n    return x + {shift}.0\n")
        sys.modules.pop("lab.moved", None)
        importlib.invalidate_caches()
        (row,) = program(text, ("lab.moved",)).infer(SHORT, progress=False).summary
        means.append(row.mean)
    assert means[0] - means[1] == pytest.approx(10, abs=0.1)


# ------------------------------------------------------------------------------------------------------ only if allowed


SPEC = (
    "data { y[i] : real = [1, 2] }\nprior mu ~ Normal(0, 1)\n"
    'extern function squared(x) -> real from "lab.dose:squared"\n'
    "likelihood y[i] ~ Normal(squared(mu), 1)\n"
    f"infer by {SHORT}\n"
)


@pytest.mark.parametrize(
    "allowed", [(), ("lab",), ("dose",), ("lab.dose.squared",), ("lab.dose:squared",), ("LAB.DOSE",), ("lab.*",)]
)
def test_nothing_is_imported_that_is_not_allowed_by_its_full_name(allowed: tuple[str, ...], folder: Path):
    model = uqdsl.loads(SPEC, allow_extern=allowed)
    assert "from lab.dose import squared" in model.source
    assert codes(model.compile) == ["UQ510"]
    assert not (folder / "imported").exists()


def test_the_command_imports_nothing_unless_it_runs_what_is_allowed(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "model.uq").write_text(SPEC)
    (folder / "config.yaml").write_text("allow_extern: [lab.dose]\n")
    for line, code in [
        ("check model.uq", 0),
        ("check --data model.uq", 0),
        ("compile model.uq", 0),
        ("explain model.uq", 0),
        ("fmt model.uq", 0),
        ("run model.uq", 2),
        ("run model.uq --allow-extern lab", 2),
        ("run model.uq --config config.yaml", 2),
    ]:
        assert command(line) == code, line
        assert not (folder / "imported").exists(), line
    assert not (folder / "runs").exists()
    capsys.readouterr()
    assert command("run model.uq --allow-extern lab.dose") in (0, 3)
    assert (folder / "imported").exists()


def test_a_run_goes_on_only_with_the_same_module_and_if_it_is_allowed_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "model.uq").write_text(SPEC)
    ended = command("run model.uq --allow-extern lab.dose")
    record = folder / "runs/model-0-1/run.yaml"
    assert "allow_extern:\n- lab.dose" in record.read_text()
    record.write_text(re.sub("status: .*", "status: interrupted", record.read_text()))
    assert command("run model.uq --resume") == 2
    assert command("run model.uq --config runs/model-0-1/run.yaml") == 2
    assert command("run model.uq --resume --allow-extern lab.dose") == ended
    record.write_text(re.sub("status: .*", "status: interrupted", record.read_text()))
    with (folder / "lab" / "dose.py").open("a") as file:
        file.write("\n# changed\n")
    capsys.readouterr()
    assert command("run model.uq --resume --allow-extern lab.dose") == 1
    assert "the module `lab.dose`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "origin",
    [
        "os:system as print\\nimport shutil", "os", "os:", ":system", "os.:system", ".os:system", "os:system.x", "os:system()",
        "os;x:y", "os :system", "os:class", "import:x", "ｏｓ:system", "os:ｓystem", "o s:x", "../os:x", "os:x # y", "",
    ],
)  # fmt: skip
def test_an_origin_is_a_module_and_a_name_and_nothing_else(origin: str):
    text = SPEC.replace("lab.dose:squared", origin)
    assert codes(lambda: uqdsl.loads(text)) == ["UQ273"]


# ------------------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("declared", "used", "code", "said"),
    [
        ('(x) -> real from "lab.dose:whole"', "mu", "UQ512", "gives int64 of shape ()"),
        ('(x) -> real from "lab.dose:pair"', "mu", "UQ512", "gives a tuple"),
        ('(dose[k]) -> real from "lab.dose:squared"', "x[i = 1]", "UQ512", "shape (2,)"),
        ('(x) -> real[out] from "lab.dose:squared"', "mu", "UQ512", "numbers of shape (3,)"),
        ('(x) -> real from "lab.dose:fails"', "mu", "UQ513", "ValueError: too much\n"),
        ('(x) -> real from "lab.dose:decides"', "mu", "UQ513", "nondifferentiable"),
        ('(x) -> real from "lab.dose:loops"', "mu", "UQ513", "when JAX follows it: ValueError: Reverse-mode"),
        ('(dose[k]) -> real[out] from "lab.dose:table"', "x[i = 1]", "UQ513", "TracerArrayConversionError"),
        ('(x) -> real from "lab.dose:response"', "mu", "UQ513", "TypeError"),
        ('(x) -> real from "lab.dose:number"', "mu", "UQ511", "its `number` is no function"),
        ('(x) -> real from "lab.dose:sqared"', "mu", "UQ511", "did you mean `squared`?"),
    ],
)
def test_a_function_that_does_not_fit(declared: str, used: str, code: str, said: str):
    left = "w[out]" if "[out]" in declared else "w"
    text = f"{HEAD}extern function f{declared}\nlet {left} = f({used}){LIKELIHOOD}"
    with pytest.raises(uqdsl.RunError) as caught:
        program(text)
    assert [each.code for each in caught.value.problems] == [code]
    assert said in str(caught.value)


@pytest.mark.parametrize("used", ["x", "mu"])
@pytest.mark.parametrize(("name", "code"), [("fails", "UQ513"), ("long", "UQ512")])
def test_a_function_of_numpy_that_fails(name: str, code: str, used: str, capfd: pytest.CaptureFixture[str]):
    left = "w[i, k]" if used == "x" else "w"
    text = f'{HEAD}extern function f(v) -> real from "lab.dose:{name}" nondifferentiable\nlet {left} = f({used}){LIKELIHOOD}'
    assert codes(lambda: program(text).infer(SHORT, progress=False)) == [code]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("module", "content", "said"),
    [
        ("broken", "raise RuntimeError('no licence')", "it raises RuntimeError: no licence"),
        ("broken", "import sys; sys.exit(3)", "it raises SystemExit: 3"),
        ("broken", "def f(:", "it raises SyntaxError"),
        ("needs", "import not_there_at_all", "it imports `not_there_at_all`, which is not installed"),
        ("not_there", None, "there is no such module"),
        ("lab.not_there", None, "there is no such module"),
    ],
)
def test_a_module_that_cannot_be_imported(module: str, content: str | None, said: str, folder: Path):
    if content is not None:
        (folder / f"{module}.py").write_text(content)
        importlib.invalidate_caches()
    text = f'{HEAD}extern function f(v) -> real from "{module}:f"\nlet w = f(mu){LIKELIHOOD}'
    with pytest.raises(uqdsl.RunError) as caught:
        program(text, (module,))
    assert [each.code for each in caught.value.problems] == ["UQ511"]
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("let w = f(mu)", False),
        ("let w[i] = f(y)\nlet v[i] = w + mu\nfactor sum(v, over = i)", False),
        ("factor f(mu)", True),
        ("factor f(2)", True),
        ("let w = f(mu)\nlet v = w + 1\nfactor v", True),
        ("function g(v) = 2 * f(v)\nprior s ~ Normal(g(mu), 1)\nfactor s", True),
    ],
)
def test_nuts_refuses_what_has_no_gradient_where_the_density_needs_it(text: str, refused: bool):
    whole = f'{HEAD}extern function f(v) -> real from "lab.dose:squared" nondifferentiable\n{text}{LIKELIHOOD}'
    if refused:
        assert codes(lambda: uqdsl.loads(whole)) == ["UQ505"]
    else:
        uqdsl.loads(whole)
