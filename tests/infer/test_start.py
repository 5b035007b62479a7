"""Runs that cannot start or go on, in the words of the spec."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

from uqdsl.infer import Target, start
from uqdsl.infer.explain import explain_start, failure
from uqdsl.infer.markov import sample
from uqdsl.infer.start import find_start
from uqdsl.messages import Problem, RunError, Span
from uqdsl.runtime import place
from uqdsl.vocabulary.methods import NutsOptions, methods

NUTS = methods()["nuts"]
OPTIONS = NutsOptions(chains=2, warmup=50, draws=120)


def problem_of(target: Target, **others: Any) -> Problem:
    with pytest.raises(RunError) as caught:
        sample(target, NUTS, OPTIONS, 0, sink=lambda _: None, **others)
    (problem,) = caught.value.problems
    return problem


def explained(target: Target) -> Problem:
    """As `problem_of`, without the compilation of a sampler."""
    return explain_start(target, {"b": jnp.asarray(-0.7)})


def regression(
    name: str,
    law: Callable[[Any, Any], Any],
    *,
    quantity: Callable[[Any, Any], Any] | None = None,
    x: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0),
) -> Target:
    """`y[home] ~ law(b, x)` with an unknown `b`, and perhaps a recorded quantity `m` that the law is not given."""

    def model(data: Any, coords: Any, observed: bool = True) -> None:
        b = numpyro.sample("b", dist.Normal(0.0, 1.0))
        if quantity is not None:
            numpyro.deterministic("m", quantity(b, data["x"]))
        with numpyro.plate("home", len(coords["home"])):
            numpyro.sample("y", law(b, data["x"]), obs=data["y"] if observed else None)

    def log_parts(position: Any, data: Any, coords: Any) -> Any:
        b, log_p_b = place(dist.Normal(0.0, 1.0), position["b"])
        return log_p_b, law(b, data["x"]).log_prob(data["y"]).sum()

    return Target(
        name=name,
        source=f"tests: {name}",
        model=model,
        log_density=lambda *given: sum(log_parts(*given)),
        log_parts=log_parts,
        data={"x": np.array(x), "y": np.linspace(0.5, 2.0, len(x))},
        coords={"home": [5081 + i for i in range(len(x))]},
        dims={"b": (), "m": ("home",), "y": ("home",)},
        unknowns=("b",),
        quantities=("m",) if quantity is not None else (),
        observed=("y",),
        spans={"b": Span(1, 2), "m": Span(3, 4), "y": Span(5, 6)},
    )


def test_a_scale_that_is_not_positive_is_named_with_its_label() -> None:
    problem = problem_of(regression("scale", lambda b, x: dist.Normal(b * x, jnp.where(x == 2.0, -1.5, 1.0))))
    assert problem.code == "UQ602"
    assert problem.at == Span(5, 6)
    assert problem.title == ("no chain can start: `sd` of the law of `y` at home 5083 is -1.5, but must be positive")


def test_a_parameter_that_is_not_a_number_is_named_at_every_label() -> None:
    problem = explained(regression("location", lambda b, x: dist.Normal(jnp.log(-1.0 - b * b) * x, 1.0)))
    assert problem.title == "no chain can start: `mean` of the law of `y` at every home is nan, but must be finite"


def test_a_matrix_and_a_list_of_numbers_out_of_range_are_shown() -> None:
    def normal(b: Any, x: Any) -> Any:
        return dist.MultivariateNormal(b * x, covariance_matrix=jnp.full((4, 4), 2.5) - 1.5 * jnp.eye(4))

    problem = explained(regression("matrix", normal))
    said = "is a matrix with the eigenvalue -1.5, but must be positive definite"
    assert problem.title == f"no chain can start: `covariance` of the law of `y` {said}"
    assert "`jitter`" in problem.help

    def infinite(b: Any, x: Any) -> Any:
        return dist.MultivariateNormal(b * x, covariance_matrix=jnp.eye(4) * jnp.inf)

    assert "`covariance` of the law of `y` is a matrix with inf in it" in explained(regression("inf", infinite)).title

    def shares(b: Any, x: Any) -> Any:
        return dist.Dirichlet(jnp.array([1.0, -2.0, 1.0, 1.0]) + 0 * b)

    problem = explained(regression("list", shares))
    assert (
        problem.title == "no chain can start: `concentration` of the law of `y` is [1, -2, 1, 1], but must be positive"
    )


def test_a_few_labels_are_listed() -> None:
    bad = regression("labels", lambda b, x: dist.Normal(jnp.where(x > 1.5, jnp.nan, b), 1.0))
    assert " at home 5083, 5084 is nan" in explained(bad).title
    bad = regression("labels", lambda b, x: dist.Normal(jnp.where(x > 0.5, jnp.nan, b), 1.0), x=(0.0, *range(1, 7)))
    assert " at home 5082, 5083, 5084 and 3 more is nan" in explained(bad).title


def test_data_without_density_are_named_with_what_their_law_was() -> None:
    problem = explained(regression("density", lambda b, x: dist.Normal(b, jnp.where(x == 1.0, jnp.inf, 1.0))))
    assert problem.code == "UQ601"
    assert problem.title == "no chain can start: the log density of `y` at home 5082 is -inf"
    assert problem.underline == "-inf at every one of 100 random starting points"
    assert problem.help.startswith("at the last point tried there, `y` = 1 under a law with mean = ")
    assert problem.help.endswith(", sd = inf")


def test_a_quantity_that_is_not_a_number_is_blamed_before_what_uses_it() -> None:
    def root(b: Any, x: Any) -> Any:
        return jnp.sqrt(x - 0.5) + b

    problem = explained(regression("quantity", lambda b, x: dist.Normal(root(b, x), 1.0), quantity=root))
    assert problem.code == "UQ603"
    assert problem.at == Span(3, 4)
    assert problem.title == "no chain can start: `m` at home 5081 is nan"


def test_a_gradient_that_is_not_a_number_is_named_by_its_unknown() -> None:
    problem = problem_of(regression("gradient", lambda b, x: dist.Normal(jnp.sqrt(b * x * 0.0) + b, 1.0)))
    assert problem.code == "UQ604"
    assert problem.at == Span(1, 2)
    assert problem.title == "no chain can start: the derivative of the log density by `b` is nan"


def test_chains_started_together_are_explained_alike() -> None:
    bad = regression("scale", lambda b, x: dist.Normal(b * x, jnp.where(x == 2.0, -1.5, 1.0)))
    assert problem_of(bad, together=True).code == "UQ602"


def test_chains_that_do_not_move_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The density falls off a cliff on every side of a point that the gradient does not see."""
    monkeypatch.setattr(start, "CANDIDATES", 1)

    def stuck(b: Any, x: Any) -> dist.Distribution:
        noise = jnp.sin(b * 1e15)
        return dist.Normal(0.0, jnp.exp(-5000.0 * jnp.abs(noise)))

    problem = problem_of(regression("stuck", stuck))
    assert problem.code == "UQ605"
    assert problem.title == "every proposal of every chain was rejected: after warm-up all 2 chains stand still"


def test_text_of_other_libraries_reaches_nobody() -> None:
    def broken(position: Any, data: Any, coords: Any) -> Any:
        raise TypeError("Shapes must be 1D sequences of concrete values of integer type")

    target = regression("broken", lambda b, x: dist.Normal(b, 1.0))._replace(log_density=broken)
    problem = problem_of(target)
    assert problem.code == "UQ608"
    assert problem.title == "the sampler failed unexpectedly (TypeError): this is a fault of uqdsl"
    assert failure(MemoryError(), target).code == "UQ606"
    assert failure(RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 1 bytes"), target).code == "UQ606"


def test_the_start_is_the_first_finite_position_within_reach() -> None:
    def half_line(position: jax.Array) -> jax.Array:
        return jnp.where(position[0] > 1.5, position.sum(), jnp.nan)

    keys = jax.random.split(jax.random.key(0), 20)
    positions, _, _, finite = jax.jit(jax.vmap(partial(find_start, half_line, 3)))(keys)
    assert np.all(finite)
    assert np.all(positions[:, 0] > 1.5)
    assert np.all(np.abs(positions) < 2.0)
    assert np.ptp(positions[:, 1]) > 2.0
    assert not jax.jit(partial(find_start, lambda position: jnp.nan * position[0], 3))(keys[0]).finite
