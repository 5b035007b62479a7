"""Legitimate models have no problems, and mean what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from uqdsl import ir
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse

from .reading import accepted, codes, read, shown, sound

SPECS = sorted((Path(__file__).parent / "sound").glob("*.uq"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_no_problems(path: Path):
    text = path.read_text(encoding="utf-8")
    spec = sound(text)
    written = parse(text).tree
    models = [each for each in written.statements if type(each).__name__ in ("Prior", "Let", "Likelihood", "Factor")]
    assert len(spec.statements) == len(models)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_statements_stand_after_what_they_use(path: Path):
    spec = sound(path.read_text(encoding="utf-8"))
    known = {each.name for each in (*spec.settings, *spec.fields)}
    for statement in spec.statements:
        assert ir.names_used(statement) <= known | {statement.name}
        known.add(statement.name)


def test_the_order_of_statements_says_nothing():
    text = (SPECS[0].parent / "radon.uq").read_text(encoding="utf-8")
    head, *statements = text.split("\nprior ")
    turned = "\nprior ".join([head, *reversed(statements)])
    assert turned != text
    assert {each.name for each in sound(turned).statements} == {each.name for each in sound(text).statements}


def test_the_title_is_the_comment_on_top():
    spec = sound("# Radon in homes.\n#\n# Of Minnesota.\nprior m ~ Normal(0, 1)  # not this\n# nor this\nfactor -m^2\n")
    assert spec.title == "Radon in homes.\n\nOf Minnesota."


def test_the_name_is_the_file_without_its_ending():
    parsed = parse("prior m ~ Normal(0, 1)\nfactor -m^2\n", "models/radon.uq")
    assert analyse(parsed).spec.name == "radon"  # type: ignore[union-attr]


# -------------------------------------------------------------------------------------------------------- dimensions

MODEL = """\
dim k = 3
dim j = 2
data "x.csv" { y[i] : real, x[i, k] : real, g[i] : category, h[i] : category(town), t[i] : category(town) } allow(unused)
data { d[g] : category, u[g] : real } allow(unused)
prior a[g] ~ Normal(0, 1)
prior b[k] ~ Normal(0, 1)
prior w[town] ~ Normal(0, 1)
prior c[d] ~ Normal(0, 1)
prior e[k, j] ~ Normal(0, 1)
"""


def value_of(text: str) -> ir.Expression:
    """The value of the `let` called q."""
    spec = accepted(f"{MODEL}{text}\nlikelihood y[i] ~ Normal(sum(b, over = k), 1)\n")
    return next(each.value for each in spec.quantities if each.name == "q")


@pytest.mark.parametrize(
    ("text", "dims"),
    [
        ("let q[i, k] = x * b", {"i", "k"}),
        ("let q[k, i] = x + b", {"i", "k"}),
        ("let q[i] = sum(x * b, over = k)", {"i"}),
        ("let q = sum(x * b, over = [i, k])", set()),
        ("let q[i] = a[g]", {"i"}),
        ("let q[i] = a[g] + w[h] - w[t]", {"i"}),
        ("let q[i] = c[d[g]]", {"i"}),
        ("let q[g] = c[d] + a", {"g"}),
        ("let q[g] = a[g]", {"g"}),
        ("let q[k, g] = a * b", {"g", "k"}),
        ("let q[i, k] = e[j = 1] + x", {"i", "k"}),
        ("let q = e[j = 1, k = 2]", set()),
        ("let q[j] = e[k = last]", {"j"}),
        ("let q[k] = e[j = first] + k", {"k"}),
        ("let q = sum(a[g], over = i)", set()),
        ("let q = sum(a[g], over = g)", set()),
        ("let q = sum(a[g] * u, over = g)", set()),
        ("let q[town] = w - mean(w, over = town)", {"town"}),
        ("let q[i] = sum(e, over = [k, j]) * y", {"i"}),
        ("let q[k] = if b > 0 then b else sum(e, over = j)", {"k"}),
        ("let q = (a[g] * y)[i = first]", set()),
        ("let q[k] = [1, b[1], 3] * b", {"k"}),
        ("let q[k, j] = 3", set()),
    ],
)  # fmt: skip
def test_dimensions_of_expressions(text, dims):
    value = value_of(text)
    assert set(value.dims) == dims
    assert len(value.dims) == len(dims)


def test_a_category_selects_only_where_the_statement_does_not_range_over_it():
    assert isinstance(value_of("let q[i] = a[g]"), ir.Gather)
    assert isinstance(value_of("let q[g] = a[g]"), ir.Reference)
    inside = value_of("let q = sum(a[g], over = i)")
    assert isinstance(inside, ir.Reduce)
    assert isinstance(inside.operand, ir.Gather)


def test_a_factor_selects_like_any_other_statement():
    spec = accepted(f"{MODEL}factor sum(a[g] * y, over = i)\n")
    (factor,) = (each for each in spec.statements if isinstance(each, ir.Factor))
    assert "'gather'" in str(factor.value.model_dump())


def test_a_name_of_both_a_column_and_its_dimension():
    text = 'data "x.csv" { y[i] : real, year[i] : category }\nprior b ~ Normal(0, 1)\n'
    spec = accepted(f"{text}prior a[year] ~ Normal(b * year, 1)\nlikelihood y[i] ~ Normal(a[year], 1)\n")
    assert "'coordinate'" in str(spec.unknowns[1].law.model_dump())
    assert codes(f"{text}likelihood y[i] ~ Normal(b * year, 1)\n") == ["UQ312"]


def test_a_factor_has_a_name_of_its_own():
    spec = accepted("prior factor_1 ~ Normal(0, 1)\nfactor -factor_1\nfactor factor_1^2 - factor_1^4\n")
    assert [each.name for each in spec.statements] == ["factor_1", "factor_2", "factor_3"]


# ------------------------------------------------------------------------------------------------------------- laws


def law_of(text: str) -> ir.Law:
    """The law of the unknown called q."""
    spec = accepted(f"{MODEL}{text}\nlikelihood y[i] ~ Normal(sum(b, over = k), 1)\n")
    return next(each.law for each in spec.unknowns if each.name == "q")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("prior q ~ Normal(1, 2)", {"mean": "1", "sd": "2"}),
        ("prior q ~ Normal(sd = 2, mean = 1)", {"mean": "1", "sd": "2"}),
        ("prior q ~ Normal(1, variance = 4)", {"mean": "1", "sd": "sqrt(4)"}),
        ("prior q ~ Normal(1, precision = 4)", {"mean": "1", "sd": "1 / sqrt(4)"}),
        ("prior q ~ Gamma(1, scale = 4)", {"shape": "1", "rate": "1 / 4"}),
        ("prior q ~ Exponential(scale = 4)", {"rate": "1 / 4"}),
        ("prior q ~ StudentT(4)", {"df": "4", "location": "0.0", "scale": "1.0"}),
        ("prior q ~ StudentT(4, scale = 2)", {"df": "4", "location": "0.0", "scale": "2"}),
        ("prior q ~ HalfNormal()", {"scale": "1.0"}),
    ],
)
def test_parameters_get_their_standard_names(text, arguments):
    def written(node: ir.Expression) -> str:
        match node:
            case ir.Constant(value=value):
                return str(value)
            case ir.Apply(function=function, arguments=(inner,)):
                return f"{function}({written(inner)})"
            case ir.Operation(operator="/", operands=(left, right)):
                return f"{written(left)} / {written(right)}"
        raise AssertionError(node)

    assert {each.name: written(each.value) for each in law_of(text).arguments} == arguments


def test_logits_stay_what_they_are():
    spec = accepted('data "x.csv" { v[i] : binary }\nprior m ~ Normal(0, 1)\nlikelihood v[i] ~ Bernoulli(logits = m)\n')
    assert [each.name for each in spec.observations[0].law.arguments] == ["logits"]


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("prior q[k] ~ Dirichlet(1)", ("k",)),
        ("prior q[k, j] ~ Dirichlet(1, event = k)", ("k",)),
        ("prior q[k, j] ~ Dirichlet([1, 2], event = j)", ("j",)),
        ("prior q[k] ~ Normal(0, 1)", ()),
    ],
)
def test_event_dimensions(text, event):
    assert law_of(text).event == event


@pytest.mark.parametrize(
    ("modifier", "lower", "upper"),
    [
        ("truncated(0, inf)", 0, None),
        ("truncated(-inf, 3)", None, 3),
        ("truncated(-1, (1))", -1, 1),
        ("truncated(-inf, +inf)", None, None),
    ],
)
def test_truncation(modifier, lower, upper):
    law = law_of(f"prior q ~ Normal(0, 1) {modifier}")
    assert (law.lower and getattr(law.lower, "value", "?")) == lower
    assert (law.upper and getattr(law.upper, "value", "?")) == upper


def test_modifiers_of_a_prior():
    spec = accepted(f"{MODEL}prior q[k] ~ StudentT(4, 0, 2) noncentered nuisance\nfactor sum(q, over = k)\n")
    unknown = next(each for each in spec.unknowns if each.name == "q")
    assert unknown.noncentered
    assert unknown.nuisance
    assert unknown.dims == ("k",)


# ---------------------------------------------------------------------------------------------------------- supports


@pytest.mark.parametrize(
    "scale",
    [
        "s", "s^2", "2 * s", "s + 1", "exp(m)", "sqrt(s)", "1 / s", "s * p", "abs(m) + 0.1", "1 - p", "softplus(m)", "p",
        "se", "sqrt(se^2 + s^2)", "if m > 0 then s else 1", "s * size", "top", "p * (1 - p)", "s / (s + 1)", "m^2",
        "sum(s * se, over = i)", "n", "max(se, over = i)", "s - s^2", "m * m", "1 - r^2",
    ],
)  # fmt: skip
def test_positive_scales_are_let_pass(scale):
    text = f"""
setting top : real = 3
data "x.csv" {{ y[i] : real, x[i] : real, se[i] : positive, size[i] : positive, n[i] : count }} allow(unused)
prior m ~ Normal(0, 1)
prior s ~ HalfNormal(1)
prior p ~ Beta(1, 1)
prior r ~ Uniform(-1, 1)
likelihood y[i] ~ Normal(m + p + r, {scale})
factor s
"""
    found = codes(text)
    assert found == [], shown(text)
    assert codes(f"let q[i] = {scale}\n{text.replace(f'{scale})', 'q)')}") == found


@pytest.mark.parametrize(
    ("scale", "code"),
    [
        ("m", "UQ304"), ("x", "UQ304"), ("-s", "UQ304"), ("-1", "UQ304"), ("0", "UQ304"), ("zero", "UQ304"),
        ("-exp(m)", "UQ304"), ("a[g]", "UQ304"), ("-abs(x)", "UQ304"), ("s - 1", "UQ326"), ("m + x", "UQ326"),
        ("m * s", "UQ326"), ("log(s)", "UQ326"), ("sum(b * z, over = k)", "UQ326"), ("exp(m) - s", "UQ326"),
        ("-m", "UQ326"), ("m^3", "UQ326"), ("mean(b, over = k)", "UQ326"),
    ],
)  # fmt: skip
def test_scales_that_are_not_positive(scale, code):
    text = f"""
setting zero : real = 0
dim k = 3
data "x.csv" {{ y[i] : real, x[i] : real, g[i] : category, z[i, k] : real }} allow(unused)
prior m ~ Normal(0, 1)
prior s ~ HalfNormal(1)
prior a[g] ~ Normal(0, 1)
prior b[k] ~ Normal(0, 1)
likelihood y[i] ~ Normal(m + a[g] + s + sum(b, over = k), {scale})
"""
    assert codes(text) == [code], shown(text)


def test_a_name_for_an_expression_changes_nothing():
    text = 'data "x.csv" { n[i] : count }\nprior m ~ Normal(0, 1)\nlikelihood n[i] ~ Poisson('
    assert codes(text + "m + 1)\n") == ["UQ326"]
    assert codes(text + "rate)\nlet rate = m + 1\n") == ["UQ326"]
    assert codes(text + "rate)\nlet rate = exp(m)\n") == []


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        ("real", "Normal(0, 1)"), ("positive", "Normal(0, 1)"), ("count", "Normal(0, 1)"), ("binary", "Normal(0, 1)"),
        ("positive", "Gamma(1, 1)"), ("positive", "HalfNormal(1)"), ("nonnegative", "Exponential(1)"),
        ("unit", "Beta(1, 1)"), ("unit", "Uniform(0, 1)"), ("count", "Poisson(1)"), ("binary", "Poisson(1)"),
        ("binary", "Bernoulli(0.5)"), ("count", "Binomial(10, 0.5)"), ("count", "Geometric(0.5)"),
        ("nonnegative", "Uniform(0, 10)"), ("positive", "Normal(0, 1) truncated(0, inf)"),
        ("real", "Normal(0, 1) truncated(-1, 3)"), ("positive", "Pareto(1, 2)"), ("real", "Gumbel(0, 1)"),
    ],
)  # fmt: skip
def test_data_that_a_law_can_draw(kind, law):
    assert codes(f'data "x.csv" {{ v[i] : {kind} }}\nprior m ~ Normal(0, 1)\nfactor m\nlikelihood v[i] ~ {law}\n') == []


@pytest.mark.parametrize(
    ("kind", "law", "advised"),
    [
        ("real", "Gamma(1, 1)", "positive"), ("nonnegative", "LogNormal(0, 1)", "positive"),
        ("real", "Poisson(1)", "count"), ("int", "Poisson(1)", "count"), ("count", "Bernoulli(0.5)", "binary"),
        ("real", "Beta(1, 1)", "unit"), ("real", "HalfNormal(1)", "nonnegative"), ("unit", "Poisson(1)", "count"),
        ("real", "Uniform(0, 10)", "nonnegative"), ("real", "Normal(0, 1) truncated(0, inf)", "nonnegative"),
    ],
)  # fmt: skip
def test_data_that_a_law_cannot_draw(kind, law, advised):
    text = f'data "x.csv" {{ v[i] : {kind} }}\nprior m ~ Normal(0, 1)\nfactor m\nlikelihood v[i] ~ {law}\n'
    assert codes(text) == ["UQ305"]
    assert f"declare the field as `v : {advised}`" in shown(text)
    assert codes(text.replace(f": {kind}", f": {advised}")) == []


# ---------------------------------------------------------------------------------------------------------- settings

SETTINGS = """\
setting n : int = 3
setting half : real = n / 2
setting on : bool = true
setting where_ : text = "x" + ".csv"
dim k = n
data where_ { y[i] : real }
prior b[k] ~ Normal(0, half)
likelihood y[i] ~ Normal(if on then sum(b, over = k) else 0, 1)
infer by nuts(chains = n, draws = n * 100)
"""


def test_settings_have_values_of_their_types():
    spec = sound(SETTINGS)
    assert {each.name: each.value for each in spec.settings} == {"n": 3, "half": 1.5, "on": True, "where_": "x.csv"}
    assert [each.name for each in spec.settings] == ["n", "half", "on", "where_"]
    assert spec.dims[0].size == 3
    assert spec.tables[0].path == "x.csv"
    assert spec.runs[0].options["draws"] == 300


def test_overrides_go_first_and_what_depends_on_them_follows():
    spec = sound(SETTINGS, {"n": 5, "on": False})
    assert {each.name: each.value for each in spec.settings} == {"n": 5, "half": 2.5, "on": False, "where_": "x.csv"}
    assert spec.dims[0].size == 5
    assert type(sound(SETTINGS, {"half": 2}).settings[1].value) is float


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"m": 3}, ["UQ225"]),
        ({"n": 2.5}, ["UQ314"]),
        ({"n": True}, ["UQ314"]),
        ({"n": "3"}, ["UQ314"]),
        ({"half": float("inf")}, ["UQ314"]),
        ({"half": -1.0}, ["UQ304"]),
        ({"n": 0}, ["UQ304", "UQ318", "UQ503", "UQ503"]),
        ({"where_": ""}, ["UQ319"]),
        ({"on": 1, "hlf": 2}, ["UQ225", "UQ314"]),
    ],
)
def test_wrong_overrides(overrides, expected):
    assert sorted(codes(SETTINGS, overrides)) == expected


def test_an_override_is_blamed_and_not_the_value_in_the_spec():
    assert "given in the spec" in shown(SETTINGS, {"n": 2.5})
    (problem,) = read(SETTINGS, {"n": 2.5}).problems
    assert SETTINGS[problem.at.start : problem.at.end] == "int"  # type: ignore[union-attr]


def test_settings_that_depend_on_a_faulty_one_are_no_second_fault():
    assert codes(SETTINGS.replace("= 3", "= 3.5")) == ["UQ314"]


# -------------------------------------------------------------------------------------------------------------- runs


def test_a_spec_without_infer_runs_the_default():
    (run,) = sound("prior m ~ Normal(0, 1)\nfactor -m^2\n").runs
    assert (run.name, run.method, run.options["chains"]) == ("nuts", "nuts", 4)


def test_options_and_names_of_runs():
    text = "prior m ~ Normal(0, 1)\nlet q = 2 * m\nfactor -m^2\n"
    spec = sound(text + "infer q, m by nuts(metric = dense, chains = 2) as a\ninfer by nuts\n")
    first, second = spec.runs
    assert (first.name, first.names, first.options["metric"]) == ("a", ("q", "m"), "dense")
    assert (second.name, second.names, second.options["metric"]) == ("nuts", (), "diagonal")


# ------------------------------------------------------------------------------------------------------------- lints


def test_an_unknown_that_informs_only_through_another_is_used():
    text = "data { y : real = 1 }\nprior a ~ Normal(0, 1)\nprior b ~ Normal(a, 1)\nlet c = exp(b)\n"
    assert codes(text + "likelihood y ~ Normal(c, 1)\n") == []
    assert codes(text + "likelihood y ~ Normal(a, 1)\n") == ["UQ320"]
    assert codes(text.replace("= 1 }", "= 1 } allow(unused)") + "factor -a\nfactor b\n") == []


def test_an_unused_unknown_is_told_only_of_a_sound_spec():
    assert codes("data { y : real = 1 }\nprior a ~ Normal(0, 1)\nlikelihood y ~ Normal(aa, 1)\n") == ["UQ201"]


def test_specs_without_unknowns_or_data():
    assert codes("") == ["UQ325"]
    assert codes("# only a comment\n") == ["UQ325"]
    assert codes("data { y : real = 1 }\nlikelihood y ~ Normal(0, 1)\n") == ["UQ325"]
    assert codes("prior m ~ Normal(0, 1)\n") == ["UQ321"]
    assert sorted(codes("prior m ~ Nomral(0, 1)\n")) == ["UQ301", "UQ321"]


def test_a_population_is_of_what_is_unknown_and_of_what_is_observed():
    text = 'data "heights.csv" { y[i] : real missing }\n'
    assert codes(text + "population y ~ Normal(0, 1)\n") == []
    assert codes(text + "prior m ~ Normal(0, 1)\npopulation y ~ Normal(m, 1)\n") == []


def test_the_first_value_of_a_state_can_be_all_that_is_unknown():
    text = "time t from 0 to 2 step 1\ndata { y[t] : real = [1, 2, 3] }\nlikelihood y[t] ~ Normal(x, 1)\n"
    text += "state x over t {\n  initial x %s\n  evolve der(x) = -x\n  error exact\n}\n"
    assert codes(text % "~ Normal(0, 1)") == []
    assert codes(text % "= 1") == ["UQ325"]
