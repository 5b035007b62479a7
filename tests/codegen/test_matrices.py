"""Matrices of a spec: products, lists in lists, and a process for each of several groups, against NumPy."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from numpyro import handlers
from scipy.stats import multivariate_normal

from .compiled import compiled


def values(text: str, position: dict[str, object]) -> dict[str, np.ndarray]:
    """The unknowns and quantities of a spec where its unknowns are at a position."""
    program = compiled(text)
    model = handlers.seed(handlers.substitute(program.model, data=position), jax.random.key(0))
    sites = handlers.trace(model).get_trace(program.data, program.coords)
    return {name: np.asarray(site["value"]) for name, site in sites.items()}


def test_products():
    text = """
    dim k = 3
    data { y : real = 1 }
    prior A[k, k'] ~ Normal(0, 1)
    prior B[k, k'] ~ Normal(0, 1)
    prior v[k]     ~ Normal(0, 1)
    let C[k, k']   = A @ B
    let D[k, k']   = A @ transpose(B)
    let E[k, k']   = A @ B @ A
    let F[k, k'']  = A[k, k'] @ B[k', k'']
    let w[k]       = A @ v'
    let u[k']      = v @ A
    likelihood y ~ Normal(trace(C) + trace(D) + trace(E) + sum(F, over = [k, k'']) + sum(w + v, over = k)
                          + sum(u, over = k'), 1)
    """
    rng = np.random.default_rng(2)
    a, b, v = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    found = values(text, {"A": a, "B": b, "v": v})
    wanted = {"C": a @ b, "D": a @ b.T, "E": a @ b @ a, "F": a @ b, "w": a @ v, "u": v @ a}
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, err_msg=name)


def test_lists_in_lists():
    text = """
    dim a = 2
    dim b = 3
    data { y : real = 1 }
    prior m ~ Normal(0, 1)
    let P[a, a'] = [[m, 1 - m], [0, 1]]
    let Q[b, a]  = 2 * [[m, 1], [2, 3], [4, 5 * m]]
    let R[a, b, a'] = [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [m, 12]]]
    likelihood y ~ Normal(trace(P) + sum(Q, over = [a, b]) + sum(R, over = [a, b, a']), 1)
    """
    found = values(text, {"m": 0.25})
    assert found["P"].tolist() == [[0.25, 0.75], [0, 1]]
    assert found["Q"].tolist() == [[0.5, 2], [4, 6], [8, 2.5]]
    assert found["R"].tolist() == [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [0.25, 12]]]


def test_elements_by_a_label_for_each_copy():
    text = """
    dim g = 2
    dim a = ["x", "y"]
    data { z : real = 1 }
    prior P[a, a']    ~ Normal(0, 1)
    prior Q[g, a, a'] ~ Normal(0, 1)
    let one     = P["y", "x"]
    let two     = Q[g = 2, "x", "y"]
    let each[g] = Q["y", "x"]
    let row[a'] = P[a = "y"]
    likelihood z ~ Normal(one + two + sum(each, over = g) + sum(row, over = a'), 1)
    """
    p, q = np.arange(4.0).reshape(2, 2), np.arange(8.0).reshape(2, 2, 2)
    found = values(text, {"P": p, "Q": q})
    assert found["one"] == p[1, 0]
    assert found["two"] == q[1, 0, 1]
    assert found["each"].tolist() == q[:, 1, 0].tolist()
    assert found["row"].tolist() == p[1].tolist()


def test_a_process_for_each_group():
    text = """
    data { y[i, group] : real, x[i] : real }
    prior length[group] ~ LogNormal(0, 1)
    prior f[i, group]   ~ GaussianProcess(squared_exponential(length, 2), at = x, event = i, jitter = 0.1)
    likelihood y[i, group] ~ Normal(f, 1)
    """
    program = compiled(text)
    rng = np.random.default_rng(4)
    lengths, f, x = rng.uniform(0.5, 2, 3), rng.normal(size=(3, 3)), program.data["x"]
    found = program.log_density({"length": np.log(lengths), "f": f}, program.data, program.coords)
    wanted = sum(
        multivariate_normal.logpdf(
            path, np.zeros(3), 4 * np.exp(-((x[:, None] - x) ** 2) / (2 * length**2)) + 0.1 * np.eye(3)
        )
        for path, length in zip(f, lengths, strict=True)
    )
    wanted += np.sum(-0.5 * np.log(lengths) ** 2 - 0.5 * np.log(2 * np.pi))
    wanted += np.sum(-0.5 * (program.data["y"] - f.T) ** 2 - 0.5 * np.log(2 * np.pi))
    assert float(found) == pytest.approx(wanted, rel=1e-10)


def test_lists_in_lists_nest_as_the_dimensions_that_their_items_lack():
    text = """
    dim s = 2
    data { y[i] : real }
    prior p[i] ~ Beta(1, 1)  prior q ~ Normal(0, 1)
    let P[i, s, s'] = [[p, 1 - p], [0, q]]
    likelihood y[i] ~ Normal(sum(P, over = [s, s']), 1)
    """
    p = np.linspace(0.1, 0.7, compiled(text).size(("i",))[0])
    found = values(text, {"p": p, "q": 0.4})["P"]
    np.testing.assert_allclose(found[:, 0], np.stack([p, 1 - p], -1), rtol=1e-12)
    np.testing.assert_allclose(found[:, 1], np.tile([0, 0.4], (len(p), 1)), rtol=1e-12)
