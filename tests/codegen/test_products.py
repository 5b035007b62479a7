"""Sums of products: that they are matrix products in the program, and what they come to."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpyro import handlers

from .compiled import compiled

SIZES = {"n": 5, "k": 3, "j": 4}
HEAD = """
dim k = 3
dim j = 4
data { X[n, k] : real, Z[k, n] : real, A[n, k, j] : real, w[n] : real, i[n, k] : int, y[n] : real }
prior a[k]    ~ Normal(0, 1)
prior c[k]    ~ Normal(0, 1)
prior d[j]    ~ Normal(0, 1)
prior b[k, j] ~ Normal(0, 1)
prior s       ~ Normal(0, 1)
likelihood y[n] ~ Normal(s, 1)
"""
PRODUCTS = {
    "value[n] = sum(X * a, over = k)": ("X @ a", "nk,k->n", "Xa"),
    "value[n] = sum(a * X, over = k)": ("X @ a", "nk,k->n", "Xa"),
    "value[n] = X @ a": ("X @ a", "nk,k->n", "Xa"),
    "value[n] = sum(Z * a, over = k)": ("a @ Z", "kn,k->n", "Za"),
    "value[n] = sum(X * a * c, over = k)": ("X @ (a * c)", "nk,k,k->n", "Xac"),
    "value[n] = sum(w * a * X * s, over = k)": ("w * (s * (X @ a))", "n,k,nk,->n", "waXs"),
    "value[n, j] = sum(X * b, over = k)": ("X @ b", "nk,kj->nj", "Xb"),
    "value[j, n] = sum(X * b, over = k)": ("b.T @ X.T", "nk,kj->jn", "Xb"),
    "value[n] = sum(A * b, over = [k, j])": ('jnp.einsum("nkj,kj->n", A, b)', "nkj,kj->n", "Ab"),
    "value[n, k] = sum(A * b, over = j)": ('jnp.einsum("nkj,kj->nk", A, b)', "nkj,kj->nk", "Ab"),
    "value[n] = sum(a * d * A, over = [k, j])": ('jnp.einsum("k,j,nkj->n", a, d, A)', "k,j,nkj->n", "adA"),
    "value = sum(b * b[k', j], over = [k, k', j])": ('jnp.einsum("kj,aj->", b, b)', "kj,mj->", "bb"),
    "value[n] = sum(i * a, over = k)": ("i @ a", "nk,k->n", "ia"),
    "value[k] = sum(b * b, over = j)": ("jnp.sum(b * b, axis=-1)", "kj,kj->k", "bb"),
    "value = sum(2 * a, over = k)": ("jnp.sum(2 * a)", "k->", "a"),
}


@pytest.mark.parametrize("statement", PRODUCTS)
def test_product(statement):
    shown, subscripts, operands = PRODUCTS[statement]
    found = compiled(f"{HEAD}let {statement}", SIZES)
    assert f'numpyro.deterministic("value", {shown})' in found.program.text
    rng = np.random.default_rng(5)
    position = {each.name: rng.normal(size=found.size(each.dims)) for each in found.spec.unknowns}
    model = handlers.seed(handlers.substitute(found.model, data=position), jax.random.key(0))
    value = handlers.trace(model).get_trace(found.data, found.coords)["value"]["value"]
    factor = 2 if "2 *" in statement else 1
    known = {**found.data, **position}
    assert_allclose(value, factor * np.einsum(subscripts, *(known[each] for each in operands)), rtol=1e-12)
