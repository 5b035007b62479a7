"""The equation of a spec: the posterior, or van Leeuwen's equation with every source in it."""

from __future__ import annotations

import re

import pytest

from uqdsl import ir
from uqdsl.codegen.equation import equation, equation_latex
from uqdsl.codegen.factors import Dirac, fundamental_equation, has_sources, told
from uqdsl.codegen.notation import Latex, Notation
from uqdsl.messages import errors
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .specs import SPECS
from .update_equations import EQUATIONS, read, texts

KEPT = sorted(EQUATIONS.glob("*.uq"))
STAGED = [each for each in KEPT if each.stem != "posterior"]


def analysed(text: str) -> ir.Spec:
    found = analyse(parse(text))
    assert found.spec is not None, errors(found.problems)
    return found.spec


@pytest.mark.parametrize("spec", KEPT, ids=lambda spec: spec.stem)
def test_kept_equations(spec):
    """After a change that is meant: `python -m tests.codegen.update_equations`."""
    for ending, text in texts(spec).items():
        assert text == spec.with_suffix(ending).read_text(encoding="utf-8")


@pytest.mark.parametrize("spec", STAGED, ids=lambda spec: spec.stem)
def test_every_source_appears_exactly_once(spec):
    found, sources = read(spec)
    text, latex = equation(found, sources), equation_latex(found)
    for number, name in enumerate(ir.SOURCES, start=1):
        heading = f"({number}) {name.replace('_', ' ')}"
        assert len(re.findall(rf"^{re.escape(heading)}: ", text, re.MULTILINE)) == 1
        assert latex.count(rf"\text{{{heading}: ") == 1
    assert [each.name for each in told(found)] == list(ir.SOURCES)


@pytest.mark.parametrize("spec", STAGED, ids=lambda spec: spec.stem)
def test_an_equation_holds_together(spec):
    """What one factor is given is data or what another factor is the law of, and each name has one law."""
    found = fundamental_equation(read(spec)[0])
    parts = [part for factor in found.factors for part in factor.parts]
    lawful = [name for part in parts for name in part.left]
    assert len(set(lawful)) == len(lawful)
    assert set(found.over) == set(lawful) - set(found.wanted.left)
    for part in parts:
        if not isinstance(part, Dirac):
            assert set(part.right) <= set(lawful) | set(found.wanted.right)
            assert not set(part.left) & set(part.right)


@pytest.mark.parametrize("spec", STAGED, ids=lambda spec: spec.stem)
def test_what_is_exact_is_a_dirac_function(spec):
    for each in fundamental_equation(read(spec)[0]).factors:
        if each.source.stance == "exact":
            assert all(isinstance(part, Dirac) for part in each.parts)
            assert "Dirac" in each.steps[0].words


def sources_of(block: str) -> dict[str, str]:
    spec = analysed(
        "data { training = 'a.csv', testing = 'b.csv', Z[case] : real, X[case] : real }\n".replace("'", '"')
        + "prior b ~ Normal(0, 1)\nprior s ~ HalfNormal(1)\nlikelihood X[case] ~ Normal(b * Z, s)\n"
        + f"uncertainty {{ {block} }}\npredict X[case]\n"
    )
    return {each.name: " ".join(each.how) for each in told(spec)}


def test_what_is_done_on_paper_is_only_what_is_normal():
    normal = sources_of("training_data { X ~ Normal(truth(X), 0.2) }")["training_data"]
    heavy = sources_of("training_data { X ~ StudentT(4, truth(X), 0.2) }")["training_data"]
    assert "on paper" in normal
    assert "on paper" not in heavy
    assert "X.truth: an unknown of the posterior" in heavy


def test_new_inputs_are_drawn_forward_only_where_a_formula_has_them():
    forward = sources_of("new_input { Z ~ Normal(truth(Z), 0.5) }")["new_input"]
    chains = sources_of("new_input { Z ~ StudentT(4, truth(Z), 0.5) }")["new_input"]
    assert "drawn forward" in forward
    assert "drawn forward" not in chains
    assert "short chains" in chains


def test_a_spec_that_has_no_other_rows_has_its_posterior():
    spec = analysed("data { y[i] : real }\nprior m ~ Normal(0, 1)\nlikelihood y[i] ~ Normal(m, 1)\npredict y[i]\n")
    assert not has_sources(spec)
    assert told(spec) == ()


# ------------------------------------------------------------------------------------------------------------- notation


@pytest.mark.parametrize(
    "text",
    [
        "a - (b - c)",
        "(a - b) - c",
        "a / (b * c) / (a / b)",
        "-a^2",
        "(-a)^2",
        "a^-b^2",
        "(a^b)^c",
        "(a + b) * -c",
        "a * (b + c) % 2",
        "if a < b and not (b < c or c == a) then a else (if a >= 1e-3 then b else -2)",
        "sum(w * x, over = i) + max(x, over = i)",
        "exp(-(a - 1e300)^2 / (2 * b)) * log1p(abs(c))",
    ],
)
def test_expressions_are_written_as_the_language_reads_them(text):
    head = "data { x[i] : real = [1, 2] }\nprior a ~ Normal(0, 1)\nprior b ~ Normal(0, 1)\nprior c ~ Normal(0, 1)\n"
    head += "prior w[i] ~ Normal(0, 1)\nlikelihood x[i] ~ Normal(w + a, 1)\n"

    def value(written: str) -> ir.Expression:
        (found,) = (each for each in analysed(f"{head}let q = {written}\n").quantities if each.name == "q")
        return found.value

    first = value(text)
    again = value(Notation().expression(first))
    assert _without(first.model_dump(), "span") == _without(again.model_dump(), "span")


def _without(value: object, key: str) -> object:
    if isinstance(value, dict):
        return {name: _without(each, key) for name, each in value.items() if name != key}
    return [_without(each, key) for each in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("name", SPECS)
def test_every_spec_has_an_equation_that_latex_can_set(name):
    parsed = parse(SPECS[name])
    spec = analyse(parsed).spec
    assert spec is not None
    assert equation(spec, parsed.sources).startswith("p(")
    rows = equation_latex(spec).splitlines()
    assert (rows[0], rows[-1]) == (r"\begin{align*}", r"\end{align*}")
    for row in rows[1:-1]:
        plain = re.sub(r"\\[{}_&%$#]", "", row)
        assert plain.count("{") == plain.count("}")
        assert plain.count(r"\left(") == plain.count(r"\right)")
        assert plain.count("&") <= 3


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("sigma", r"\sigma"),
        ("σ", r"\sigma"),
        ("Σ", r"\Sigma"),
        ("x", "x"),
        ("slope_1", r"\mathit{slope\_1}"),
        ("Z.truth", "Z^{t}"),
        ("Zᵗʳ.truth", r"Z^{t}_{\mathrm{tr}}"),
        ("p.Zᵗᵉ", r"p_{\mathrm{te},\,\mathrm{Z}}"),
        ("X.predicted", r"X_{\mathrm{predicted}}"),
    ],
)
def test_names_in_latex(name, wanted):
    assert Latex().name(name) == wanted


def test_what_is_called_is_shown_with_its_inputs_alone():
    """Weights go along with every call, also of a function that calls a network; nobody writes them."""
    spec = analysed(
        "data { z[i] : real, x[i] : real, y[i] : real } network f(z) -> mean, sd { dense(2, tanh)  dense() } "
        "function g(z) = 2 * f(z).mean prior f.weights ~ Normal(0, 1) "
        "likelihood x[i] ~ Normal(g(z), 1) likelihood y[i] ~ Normal(gradient(f(z).mean, z), 1)"
    )
    calls = [each.value for each in spec.quantities]
    assert [Notation().expression(each) for each in calls] == ["g(z)", "gradient(f(z).mean, z)"]
