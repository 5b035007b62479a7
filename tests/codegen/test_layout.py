"""Long statements are broken as ruff breaks them: whatever they hold, its formatter changes nothing."""

from __future__ import annotations

import ast
import random

import pytest

from uqdsl.codegen.arithmetic import binary, negative
from uqdsl.codegen.layout import wrapped
from uqdsl.codegen.printer import WIDTH
from uqdsl.codegen.text import ATOM, Text, number

from .test_programs import ruff

_NAMES = ["a", "b", "mu_a", "log_uranium", "county", "sigma", "x_with_a_very_long_name_indeed", "beta", "X"]
_FUNCTIONS = ["jnp.exp", "jnp.sum", "jnp.where", "jax.nn.sigmoid", "dist.Normal", "jax.scipy.special.logsumexp"]
_EXTRAS = [
    "axis=-1",
    "axis=(-2, -1)",
    "dtype=float",
    'infer={"event_dims": ["k"]}',
    'obs=data["y"] if observed else None',
]
_HEADS = ["eta = {}", "return {}", 'q = numpyro.deterministic("q", {})', 'x, log_p_x = place(dist.Normal({}, 1.0), position["x"])',
          "log_p_y = dist.Normal({}, sigma).log_prob(y).sum()",
          'numpyro.sample("y", dist.Normal({}, sigma), obs=data["y"] if observed else None)']  # fmt: skip


def _expression(rng: random.Random, depth: int) -> Text:
    if depth <= 0 or rng.random() < 0.12:
        return Text(rng.choice(_NAMES)) if rng.random() < 0.7 else number(rng.choice([2, 1.0, 0.5, 1e-5, -1.5]))
    kind = rng.choice(
        ["binary"] * 5 + ["negative", "call", "call", "index", "index", "method", "transpose", "list", "full"]
    )
    first = _expression(rng, depth - 1)
    base = first if first.value is None else Text("a")
    match kind:
        case "binary":
            return binary(rng.choice("++--*/@%^>".replace("@", "*")), first, _expression(rng, depth - 1))
        case "negative":
            return negative(first)
        case "call":
            given = [first.text, *(_expression(rng, depth - 1).text for _ in range(rng.choice([0, 0, 1, 2])))]
            given += rng.sample(_EXTRAS, rng.choice([0, 0, 1]))
            return Text(f"{rng.choice(_FUNCTIONS)}({', '.join(given)})")
        case "index":
            slots = rng.choices([":", "None", "0", "county", _expression(rng, depth - 2).text], k=rng.choice([1, 2, 3]))
            return Text(f"{base.at(ATOM)}[{', '.join(slots)}]")
        case "method":
            return Text(f"{base.at(ATOM)}.log_prob({_expression(rng, depth - 2).text}).sum()")
        case "transpose":
            return Text(f"{base.at(ATOM)}.T")
        case "list":
            return Text(
                f"jnp.array([{', '.join(_expression(rng, depth - 1).text for _ in range(rng.choice([1, 2, 4])))}])"
            )
    return Text(f'jnp.full((len(coords["k"]),), {first.text})')


def _statements(count: int) -> list[str]:
    rng = random.Random(5)
    found: list[str] = []
    while len(found) < count:
        statement = rng.choice(_HEADS).format(_expression(rng, rng.choice([3, 4, 5, 6])).text)
        if WIDTH - 4 < len(statement) < 8 * WIDTH:
            found.append(statement)
    return found


def test_random_statements():
    statements = _statements(600)
    functions = ["\n".join(["def f():", *wrapped(each, 4)]) for each in statements]
    for statement, function in zip(statements, functions, strict=True):
        (definition,) = ast.parse(function).body
        assert isinstance(definition, ast.FunctionDef)
        assert ast.dump(definition.body[0]) == ast.dump(ast.parse(statement).body[0])
    _unchanged("\n\n\n".join(functions))


def _unchanged(text: str) -> None:
    said = ruff("format", "--isolated", "--line-length", str(WIDTH), "--diff", "-", given=text + "\n")
    assert said == ""


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_plates(count):
    plates = [
        f'numpyro.plate("dimension_{each}", len(coords["dimension_{each}"]), dim={each - count})'
        for each in range(count)
    ]
    lines = [*wrapped(f"with {', '.join(plates)}:", 0), '    x = numpyro.sample("x", dist.Normal(0.0, 1.0))']
    _unchanged("\n".join(lines))
    long = plates[0].replace("dimension_0", "dimension_with_a_name_that_does_not_end")
    _unchanged("\n".join([*wrapped(f"with {long}:", 0), "    pass"]))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_decorators(count):
    config = ", ".join(f'"unknown_{each}": LocScaleReparam(centered=0, shape_params=["df"])' for each in range(count))
    _unchanged("\n".join([*wrapped(f"@reparam(config={{{config}}})", 0), "def f():", "    pass"]))


def test_short_statements_stay():
    assert wrapped("a = b", 4) == ["    a = b"]
