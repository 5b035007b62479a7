"""What is taken out of a loop: the function stays the same, and what is dear is not in it any more."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from uqdsl.assimilate.hoisting import hoisted

SIZE = 80


def stepped(known: dict[str, jax.Array], state: jax.Array, number: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A step with a root of a constant matrix in a branch of a branch, beside one that depends on the state."""

    def moved(state: jax.Array) -> jax.Array:
        root = jax.jit(jnp.linalg.cholesky)(known["matrix"] + jnp.eye(SIZE))
        away = jax.lax.cond(state[0] > 0, lambda x: root @ x, lambda x: x / jnp.cos(known["matrix"]).sum(), state)
        return away + jnp.linalg.cholesky(known["matrix"] + (1 + state[0] ** 2) * jnp.eye(SIZE))[0]

    after = jax.lax.cond(number > 0, moved, lambda x: x, state)
    return after, jnp.zeros((SIZE, SIZE)) + known["matrix"][number]


def primitives(function, *arguments) -> list[str]:
    found: list[str] = []

    def walk(jaxpr) -> None:
        for eqn in jaxpr.eqns:
            found.append(eqn.primitive.name)
            for each in jax.tree.leaves(list(eqn.params.values()), is_leaf=lambda part: hasattr(part, "eqns")):
                inner = getattr(each, "jaxpr", each)
                if hasattr(inner, "eqns"):
                    walk(inner)

    walk(jax.make_jaxpr(function)(*arguments).jaxpr)
    return found


def test_the_parts_are_the_whole():
    half = np.random.default_rng(0).normal(size=(SIZE, SIZE))
    known = {"matrix": jnp.array(half @ half.T)}
    state = jnp.linspace(-1.0, 2.0, SIZE)
    early, late = hoisted(stepped, known, state, jnp.zeros((), int))
    kept = jax.jit(early)(known)
    assert [each.shape for each in jax.tree.leaves(kept)] == [(SIZE, SIZE), ()], "a root, and a sum"
    for number, sign in ((0, 1), (1, 1), (1, -1)):
        found, wanted = late(kept, known, sign * state, number), stepped(known, sign * state, jnp.array(number))
        for one, other in zip(found, wanted, strict=True):
            assert np.allclose(one, other, atol=1e-12)
    before, after = primitives(stepped, known, state, 1), primitives(late, kept, known, state, 1)
    assert (before.count("cholesky"), after.count("cholesky")) == (2, 1)
    assert (before.count("cos"), after.count("cos")) == (1, 0)


def test_where_nothing_is_known_to_be_dear_nothing_is_kept():
    early, _ = hoisted(lambda known, x: known * x + jnp.ones(10_000)[0], jnp.ones(3), jnp.ones(3))
    assert jax.tree.leaves(early(jnp.ones(3))) == []
