"""No text whatever makes semantics fail: it ends in a spec or in problems."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from uqdsl import ir
from uqdsl.messages import errors, render_text
from uqdsl.semantics import analyse
from uqdsl.syntax.parser import parse
from uqdsl.syntax.scan import scan

from .faults import BASE, FAULTS, numbered
from .reading import codes, sound

GOOD = [BASE, *(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("sound/*.uq")))]
GOOD += [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("design/*.uq"))]
WORDS = sorted({word.text for text in (*GOOD, *(fault.text for fault in FAULTS)) for word in scan(text)[0]})


def survives(text: str) -> None:
    """Analyse a text, and check what holds of any."""
    parsed = parse(text, "spec.uq")
    found = analyse(parsed)
    assert (found.spec is None) == bool(errors(found.problems))
    for problem in found.problems:
        assert render_text(problem, parsed.sources)
        if problem.at is not None:
            assert 0 <= problem.at.start <= problem.at.end <= len(text)
    if found.spec is not None:
        built = ("Prior", "Population", "Let", "Likelihood", "Factor")
        written = {each.span for each in parsed.tree.statements if type(each).__name__ in built}
        specs = [found.spec, *(stage.spec for stage in found.spec.stages)]
        kept = {each.span for spec in specs for each in spec.statements}
        assert written <= kept, "a statement was lost without a word"
        assert ir.Spec.model_validate_json(found.spec.model_dump_json()) == found.spec


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A good spec with some of its words left out, doubled, exchanged or replaced."""
    text = draw(st.sampled_from(GOOD))
    words = scan(text)[0]
    pieces = []
    end = 0
    for word in words:
        pieces += [text[end : word.span.start], word.text]
        end = word.span.end
    for _ in range(draw(st.integers(1, 6))):
        at = 2 * draw(st.integers(0, len(words) - 1)) + 1
        match draw(st.sampled_from(["drop", "double", "exchange", "replace", "replace"])):
            case "drop":
                pieces[at] = ""
            case "double":
                pieces[at] += " " + pieces[at]
            case "exchange":
                other = 2 * draw(st.integers(0, len(words) - 1)) + 1
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case "replace":
                pieces[at] = draw(st.sampled_from(WORDS))
    return "".join(pieces)


@pytest.mark.parametrize("text", GOOD)
def test_good_specs(text):
    survives(text)


@settings(max_examples=300)
@given(edited())
def test_random_edits_of_good_specs(text):
    survives(text)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.sampled_from([" ", "\n"]))
def test_random_words(words, between):
    survives(between.join(words))


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from(FAULTS), st.integers(0, 3)), max_size=15))
def test_faults_that_meet(faults):
    """Faults with the same names, one above the other."""
    survives(BASE + "\n".join(numbered(fault, number) for fault, number in faults))


@pytest.mark.parametrize(
    "text",
    [
        "let a = " + "9" * 5000,
        "let a = 1e999",
        "let a = b[" + "9" * 400 + "]\ndim k = 3\nprior b[k] ~ Normal(0, 1)",
        "let a = b[at(" + "9" * 400 + ")]\ndim k = 3\nprior b[k] ~ Normal(0, 1)",
        "dim k = 10 ^ 10 ^ 10",
        "dim k = 2 ^ 62\nprior a[k] ~ Normal(k, 1)\nlet b = a[" + "1" * 18 + "]",
        "setting s : int = 7 ^ 99999999",
        "setting s : real = (-1) ^ 0.5",
        "setting s : real = 0 ^ -1",
        "setting s : int = 5 % 0",
        "dim k = [inf - inf]",
        "dim k = [1e308 * 10]",
        "dim k = [0 / 0, -0.0, 0.0]",
        "let a = (1)(2)(3)",
        "let a = [1][2][3]",
        "let a = [[1, 2], [3, 4]]",
        "let a[k] = [[1, 2], [3, 4]]\ndim k = 2",
        "let a = b[]\nprior b[k] ~ Normal(0, 1)\ndim k = 2",
        "let a = a.b.c(1).d[2].e",
        "let a = sum()",
        "let a = sum(over = [])",
        "let a = sum(1, over = [[k]])\ndim k = 2",
        "infer a.b.c by nuts.x()",
        "infer by nuts()()",
        "infer by (nuts)((chains = 2))",
        "prior a.b.c ~ Normal(0, 1)",
        "prior a ~ (Normal)(0, 1)",
        "prior a ~ Normal(0, 1)(2)",
        "prior a ~ Dirichlet(event = k)",
        "prior a[k] ~ Dirichlet([])\ndim k = 2",
        "data { a[a] : category(a) }",
        "data { a[b] : category(b), b[a] : category(a) }",
        "data { x[k] : real = [[1], 2, [[3]]] }",
        'data "" { x[k] : real }',
        "dim d = d",
        "setting a : int = a",
        "likelihood a.b ~ Normal(0, 1)",
        "likelihood [a] ~ Normal(0, 1)",
        "prior a[a] ~ Normal(a, 1)",
        "prior sum ~ Normal(0, 1)\nlet q = sum(sum, over = k)",
        "prior inf ~ Normal(0, 1)\nprior q ~ Normal(0, 1) truncated(0, inf)\nfactor inf - q",
        "prior pi ~ Normal(0, 1)\nfactor -pi^2",
        "let Normal = 3\nprior a ~ Normal(0, 1)",
        "let a = if true then 1 else if false then 2 else 3",
        "prior a ~ Normal(true, 1)\nfactor a",
        "let a = -true",
        "factor 1",
    ],
)
def test_odd_specs(text):
    survives(text)


@example(n=2000)
@given(n=st.integers(2, 50))
@settings(max_examples=5)
def test_long_chains(n):
    chain = "\n".join(f"let a{i} = a{i + 1} + 1" for i in range(n))
    assert codes(f"{chain}\nprior a{n} ~ Normal(0, 1)\nfactor -a0\n") == []
    assert codes(f"{chain}\nlet a{n} = a0\nprior m ~ Normal(0, 1)\nfactor m\n") == ["UQ204"]


def test_every_cycle_is_told_once():
    text = "let a = b\nlet b = a\nlet c = d\nlet d = e\nlet e = c\nlet f = f + a\nprior m ~ Normal(0, 1)\nfactor m\n"
    assert codes(text) == ["UQ204", "UQ204", "UQ204"]


# ------------------------------------------------------------------------------------------------------------- speed


def long_spec(lines: int) -> str:
    """A sound spec of about that many lines, each group using the one before it."""
    text = ['data "x.csv" {', "  y[i] : real", "  g[i] : category", "  x[i] : real", "}", "let m0[i] = x"]
    count = 0
    while len(text) < lines - 3:
        count += 1
        text += [
            f"prior mu{count} ~ Normal(0, 10)",
            f"prior tau{count} ~ HalfNormal(1)",
            f"prior a{count}[g] ~ Normal(mu{count}, tau{count}) noncentered",
            f"let m{count}[i] = a{count}[g] + mu{count} * x + exp(-x^2 / (2 * tau{count}^2)) + m{count - 1}",
        ]
    text += ["prior s ~ HalfNormal(1)", f"likelihood y[i] ~ Normal(m{count}, s)", "infer by nuts(chains = 4)"]
    return "\n".join(text) + "\n"


def faulty_spec(lines: int) -> str:
    some = random.Random(0).sample(FAULTS, 100)  # the same ones however long the text is
    return BASE + "\n".join(numbered(some[number % len(some)], number) for number in range(lines))


def calls(text: str) -> int:
    """How many functions of Python are called to analyse a spec: a measure of the work that no busy machine changes."""
    parsed = parse(text)
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(note)
    try:
        analyse(parsed)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("spec", [long_spec, faulty_spec], ids=["sound", "faulty"])
def test_work_grows_with_the_text(spec):
    calls(spec(20))  # some things are done once
    assert calls(spec(1600)) < 1.2 * 4 * calls(spec(400))


def test_all_of_many_faults_are_told():
    assert len(analyse(parse(faulty_spec(1000))).problems) > 500


def test_a_long_spec_is_sound():
    assert len(sound(long_spec(200)).statements) > 150


def test_checking_imports_no_jax_and_no_numpy():
    program = (
        "import sys; from uqdsl.semantics import analyse; from uqdsl.syntax.parser import parse; "
        "found = analyse(parse('prior m ~ Normal(0, 1)\\nfactor -m^2\\ninfer by nuts(chains = 2)\\n')); "
        "assert found.spec; print({'jax', 'numpy', 'numpyro'} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
