"""k faults in k statements give k problems, each on its line, whatever the faults and the statements."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from uqdsl.messages import Span, errors
from uqdsl.syntax import parse, tree

GOOD = {
    "setting": "setting hidden : int = 32",
    "dim": "dim grid = 40 periodic",
    "time": "time t from 0 to 50 step 0.05",
    "data": 'data "a.csv" { y[home] : real }',
    "prior": "prior theta[school] ~ Normal(mu, tau) noncentered",
    "population": "population Z ~ StudentT(4, m, s)",
    "let": "let K = a^2 * exp(-d / (2 * l^2))",
    "likelihood": "likelihood y[home] ~ Normal(a[county] + b * floor, sigma)",
    "factor": "factor -0.5 * sum(d^2, over = k)",
    "network": "network f(z[input]) -> real { dense(32, tanh)  dense(1) }",
    "function": "function hill(x, k, n) = x^n / (k^n + x^n)",
    "extern": 'extern function g(z) -> real from "pkg.mod:g"',
    "include": 'include "priors.uq" as p',
    "state": "state x over t { initial x ~ Normal(0, 1), evolve der(x) = -x, error exact }",
    "uncertainty": "uncertainty { new_input { Z ~ Normal(truth(Z), noise) }, weights inferred }",
    "infer": "infer by nuts(chains = 4)",
    "assimilate": "assimilate x by letkf(members = 20)",
    "predict": "predict y[t] with(ahead = 10)",
    "calibrate": "calibrate mu by neyman(toys = 1000)",
    "design": "design q0 in linspace(-1, 1, 41)",
    "choose": "choose q0 maximizing information(omega) by grid(outer = 20)",
}
DECLARED = {
    "setting": ("hidden",),
    "dim": ("grid",),
    "time": ("t",),
    "data": ("y",),
    "prior": ("theta",),
    "population": ("Z",),
    "let": ("K",),
    "likelihood": ("y",),
    "network": ("f",),
    "function": ("hill",),
    "extern": ("g",),
    "include": ("p",),
    "state": ("x",),
    "design": ("q0",),
}


def unclosed(text: str) -> str | None:
    place = max(text.rfind(bracket) for bracket in ")]}")
    return None if place < 0 else text[:place] + text[place + 1 :]


def unopened(text: str) -> str:
    return text + " )"


def crossed(text: str) -> str | None:
    return text.replace("(", "[", 1) if "(" in text else None


def unknown_character(text: str) -> str:
    return text + " & 3"


def open_text(text: str) -> str:
    return text + ' "abc'


def misspelt(text: str) -> str:
    keyword, rest = text.split(" ", 1)
    return f"{keyword[:-1]}x {rest}"


def without_keyword(text: str) -> str | None:
    rest = text.split(" ", 1)[1]
    # These go on with the statement above, or could.
    return None if rest.startswith(("-", "by ", "{")) else rest


def keyword_alone(text: str) -> str | None:
    keyword = text.split(" ", 1)[0]
    # `extern` and a `function` on the line below are one statement.
    return None if keyword == "extern" else keyword


def doubled(text: str) -> str | None:
    """The first sign a second time."""
    for sign in ("~", "=", "->", " by "):
        if sign in text:
            return text.replace(sign, f"{sign} {sign}", 1)
    return None


def cut_short(text: str) -> str | None:
    """Only up to the first sign outside of all brackets."""
    for sign in ("~", " = ", "->", " by ", " in ", " from "):
        before = text.split(sign, maxsplit=1)[0]
        if sign in text and not any(before.count(left) > before.count(right) for left, right in ("()", "{}", "[]")):
            return before + sign.rstrip()
    return None


def reserved_name(text: str) -> str | None:
    keyword = text.split(maxsplit=1)[0]
    # A likelihood speaks of a name that the data declare, and there it is said.
    name = DECLARED.get(keyword, (None,))[0] if keyword != "likelihood" else None
    return text.replace(f" {name}", " then", 1) if name else None


FAULTS: dict[str, Callable[[str], str | None]] = {
    each.__name__: each
    for each in (
        *(unclosed, unopened, crossed, unknown_character, open_text, misspelt, without_keyword),
        *(keyword_alone, doubled, cut_short, reserved_name),
    )
}
CASES = {
    f"{fault}-{keyword}": (keyword, broken)
    for fault, damage in FAULTS.items()
    for keyword, text in GOOD.items()
    if (broken := damage(text)) is not None
}


@pytest.mark.parametrize("case", CASES)
def test_one_fault_gives_one_problem_on_its_line(case: str):
    _, broken = CASES[case]
    for before in GOOD.values():
        for after in ("prior after ~ Normal(0, 1)", 'data "after.csv" { q : real }', "time after"):
            parsed = parse(f"{before}\n{broken}\n{after}\n")
            assert len(parsed.problems) == 1, [problem.title for problem in parsed.problems]
            assert parsed.problems[0].at is not None
            assert parsed.sources.position(parsed.problems[0].at.start).line == 2
            assert [type(each) for each in parsed.tree.statements[::2]] == [
                type(parse(each).tree.statements[0]) for each in (before, after)
            ]


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.startswith(("keyword_alone", "without_keyword", "reserved"))]
)
def test_a_broken_statement_declares_its_names(case: str):
    keyword, broken = CASES[case]
    (statement,) = parse(broken).tree.statements
    assert isinstance(statement, tree.Broken)
    if case == "cut_short-include" or (case == "cut_short-extern"):
        return
    assert statement.names == DECLARED.get(keyword, ())
    assert statement.keyword == keyword or (case.startswith("misspelt") and len(keyword) <= 4)


def needs_sound_statement_above(case: str) -> bool:
    """Whether the damage leaves no keyword by which the statement could be told from one above that breaks off."""
    fault, keyword = case.split("-")
    soft = keyword in tree.SOFT_KEYWORDS
    return (
        fault == "without_keyword"
        or (fault in ("keyword_alone", "reserved_name") and soft)
        or case == "misspelt-factor"
    )


@pytest.mark.parametrize("seed", range(200))
def test_k_faults_in_k_statements(seed: int):
    """Each statement is sound or damaged in one way; the problems are as many as the damaged, on their lines."""
    chance = random.Random(seed)
    lines: list[str] = []
    expected: list[int] = []
    damaged = False
    for _ in range(chance.randint(1, 30)):
        if chance.random() < 0.5:
            cases = [case for case in CASES if not damaged or not needs_sound_statement_above(case)]
            _, text = CASES[chance.choice(cases)]
            expected.append(len(lines) + 1)
            damaged = True
        else:
            text = chance.choice(list(GOOD.values()))
            damaged = False
        lines.append(text)
        lines += [""] * chance.randint(0, 1) + ["# a remark"] * chance.randint(0, 1)
    parsed = parse("\n".join(lines))
    found = [parsed.sources.position(problem.at.start).line for problem in errors(parsed.problems) if problem.at]
    assert found == expected, "\n".join(lines)


def test_faults_over_several_lines():
    text = """\
data "homes.csv" {
  log_radon[home] : real
  floor[home]     : binry of
  county[home]    : category

prior mu ~ Normal(0,
  10
prior sigma ~ HalfNormal(1))
likelihood log_radon[home] ~
  Normal(mu + +, sigma)
uncertainty {
  new_input { Z ~ Normal(truth(Z), noise) }
  weights infered
  function {
    residual ~ Normal(0, s)
    prior s ~ HalfNormal(1)
  }
}
infer by nuts()
"""
    parsed = parse(text)
    found = [(parsed.sources.position(each.at.start).line, each.code) for each in parsed.problems if each.at]
    assert found == [(1, "UQ103"), (6, "UQ103"), (8, "UQ104"), (10, "UQ101"), (13, "UQ101")]
    assert isinstance(parsed.tree.statements[-1], tree.Infer)


def test_the_bracket_is_labelled_where_it_was_opened():
    text = "let a = f(1, [2, 3)\nlet b = 1\n"
    (problem,) = parse(text).problems
    assert problem.at is not None
    assert (text[slice(*problem.at)], problem.at.start) == ("[", 13)
    assert problem.title == "`[` is never closed"
    assert problem.help == "add the closing `]`"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pior x ~ Normal(0, 1)", "prior"),
        ("liklihood y ~ Normal(0, 1)", "likelihood"),
        ("Prior y ~ Normal(0, 1)", "prior"),
        ("netwrok f(z) -> real { dense(1) }", "network"),
        ("functon f(z) = z", "function"),
        ("tiem t", "time"),
        ("asimilate x by etkf()", "assimilate"),
        ("predict y whit(a = 3)", "with"),
        ("infer x by nuts() ass y", "as"),
        ("choose q maximising information(x) by grid()", "maximizing"),
        ("state x ovr t { }", "over"),
        ("state x over t { initail x ~ Normal(0, 1) }", "initial"),
        ("state x over t { evovle der(x) = 1 }", "evolve"),
        ("state x over t { eror exact }", "error"),
        ("uncertainty { weights infered }", "inferred"),
        ("uncertainty { weights exct }", "exact"),
        ("time t form 0 to 1", "from"),
        ("time t from 0 too 1", "to"),
        ("time t from 0 to 1 stpe 2", "step"),
        ("likelihood y ~ Normal(0, 1) wher x > 3", "where"),
        ("likelihood y ~ Normal(0, 1) wieght x + 1", "weight"),
        ("prior x ~ Normal(0, 1) startng at 3", "starting"),
        ("let x = if a thn b else c", "then"),
        ("let x = if a then b esle c", "else"),
        ("prior x = Normal(0, 1)", "~"),
        ("let x ~ 3", "="),
        ("let x == 3", "="),
    ],
)
def test_did_you_mean(text: str, meant: str):
    (problem,) = parse(text).problems
    assert problem.help == f"did you mean `{meant}`?"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("let x = a && b", "did you mean `and`?"),
        ("let x = a | b", "did you mean `or`?"),
        ("let x = !a", "did you mean `not`?"),
        ("let x = a**2", "did you mean `^`?"),
        ("let x = a.*b", "did you mean `*`?"),
        ("let x = A %*% b", "did you mean `@`?"),
        ("let x = a %% 2", "did you mean `%`?"),
        ("let x = a ≤ b", "did you mean `<=`?"),
        ("let x = a => b", "did you mean `>=`?"),
        ("network f(z) => real { dense(1) }", "did you mean `->`?"),
        ("let x = a <> b", "did you mean `!=`?"),
        ("let x = 2 × a", "did you mean `*`?"),
        ("let x = a – b", "did you mean `-`?"),
        ("let x := 3", "did you mean `=`?"),
        ("let x <- 3", "did you mean `=`?"),
        ("prior x <- Normal(0, 1)", "did you mean `~`?"),
        ("infer by nuts(chains := 4)", "did you mean `=`?"),
        ("let x = 3 // three", "comments begin with `#`"),
        ("// three\nlet x = 3", "comments begin with `#`"),
        ("let x = 3\n/* the prior\n of y */\nlet y = 4", "comments begin with `#`"),
        ("let x = 3;\nlet y = 4", "take it out: statements have no end mark"),
        ("let x = 3; let y = 4", "take it out: statements have no end mark"),
        ("data {\n  x : real;\n  y : real\n}", "take it out: lines have no end mark"),
        ("let x = f(1; 2)", "did you mean `,`?"),
        ("data “a.csv” { x : real }", 'did you mean `"a.csv"`?'),
        ('data "a.csv” { x : real }', 'did you mean `"a.csv"`?'),
        ("data 'a.csv' { x : real }", 'did you mean `"a.csv"`?'),
        ("dim k = ['one', 'two']", 'did you mean `"one"`?'),
        ("let K[s, s’] = 3", "did you mean `'`?"),
        ("let x = [1, 2)", "write `]` in place of `)`"),
        ("infer x with nuts()", "did you mean `by`?"),
        ("infer x nuts()", "did you mean `by nuts`?"),
        ("infer nuts(chains = 4)", "did you mean `by nuts`?"),
        ("choose q maximizing f(x) using grid()", "did you mean `by`?"),
        ("data { int<lower=0> n }", "`count` is the kind of whole numbers from 0 on"),
        ("data { n : int(0, 1) }", "`binary` is the kind of 0 and 1"),
        ("prior x ~ Normal(0, 1) T[0, ]", "did you mean `truncated(0, inf)`?"),
        ("prior x ~ Normal(0, 1) T[, a + 1]", "did you mean `truncated(-inf, a+1)`?"),
        ("prior x ~ Normal(0, 1) truncated[0, 1]", "did you mean `truncated(0, 1)`?"),
        ("data { real y[a, b] }", "did you mean `y[a, b] : real`?"),
        ("data { y : real(0, 1) }", "`unit` is the kind from 0 to 1"),
        ("data { y : real<lower=0> }", "`positive` is the kind above 0, `nonnegative` that from 0 on"),
        ("data { real<lower=0, upper=1> y }", "`unit` is the kind from 0 to 1"),
        ("data { y : real(-1, 1) }", "a kind takes no bounds"),
        ("metres[row] = 3 * feet", "did you mean `let metres[row] = …`?"),
        ("metres <- 3 * feet", "did you mean `let metres = …`?"),
        ("x ~ Normal(0, 1)", "did you mean `prior x ~ …`?"),
        ("data { x[row] : real }\nx[row] ~ Normal(0, 1)", "did you mean `likelihood x[row] ~ …`?"),
        ("prior z ~ Normal(0, 1)\ntarget += z", "did you mean `factor …`?"),
        ("model { x ~ Normal(0, 1) }", "there are no such blocks: each statement stands by itself"),
        ("transformed parameters { x = 3 }", "there are no such blocks: each statement stands by itself"),
        ("dta { x : real }", "did you mean `data`?"),
        ("for (i in 1) { x ~ Normal(0, 1) }", "there are no loops: a statement holds for every label of its dimensions"),
        ("real x", "a quantity is declared by `prior`, by `let` or in `data { … }`"),
        ("var x = 3", "did you mean `let`?"),
        ("import x", "take it out: nothing has to be imported"),
        ('import "x.uq"', "did you mean `include`?"),
        ("mu = Normal(0, 1)", "did you mean `prior mu ~ …`?"),
        ('"""what it is about"""', "comments begin with `#`"),
        ("prior x ~ Normal(0, 1),", "take it out: statements have no end mark"),
        ("let x = 1 if a else 2", "a choice is written `if … then … else …`"),
        ("let x = a > 3 ? 1 : 2", "a choice is written `if … then … else …`"),
    ],
)  # fmt: skip
def test_what_other_languages_have_taught(text: str, hint: str):
    (problem,) = parse(text).problems
    assert problem.help == hint


def test_a_reserved_word_is_said_where_it_is_declared():
    problems = parse("likelihood y ~ Normal(then, 1)\nprior then ~ Normal(0, 1)\nlet b = 2 * then\n").problems
    assert [each.at for each in problems] == [Span(37, 41)]
    (first,) = parse("likelihood y ~ Normal(then, 1)\nlet b = 2 * then\n").problems
    assert first.at == Span(22, 26)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('data "a.csv" { y : real, if[a, b] : real }', 'if_[a, b] : real = column("if")'),
        ('data "a.csv" {\n  if[a] : category(b)\n  y : real\n}', 'if_[a] : category(b) = column("if")'),
        ('data "a.csv" { if : real = column("a") }', "if_"),
        ("data { if : real }", "if_"),
    ],
)
def test_a_column_may_bear_a_reserved_word(text: str, expected: str):
    (problem,) = parse(text).problems
    assert problem.help == f"write another name, such as `{expected}`"


def test_a_clause_stands_once():
    (problem,) = parse("infer by nuts() as a with(x = 1) as b").problems
    assert problem.title == "expected at most one `as`, found another"


def test_an_unclosed_bracket_in_an_uncertainty_block_without_indentation():
    """`prior` has a place in this block, so its being first on a line does not end the block where all is sound."""
    sound = (
        "uncertainty {\nfunction {\nresidual ~ Normal(0, s)\nprior s ~ HalfNormal(1)\n}\n}\nprior x ~ Normal(0, 1)\n"
    )
    assert parse(sound).problems == ()
    broken = (
        "uncertainty {\n  function {\n    residual ~ Normal(0, s)\nprior s ~ HalfNormal(1)\nprior x ~ Normal(0, 1)\n"
    )
    assert {each.code for each in parse(broken).problems} == {"UQ103"}
    assert [type(each).__name__ for each in parse(broken).tree.statements] == ["Broken", "Prior", "Prior"]
