"""Networks: the functions that are written for them against formulas, and their densities against NumPyro's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from jax.flatten_util import ravel_pytree
from numpyro import handlers
from numpyro.infer.util import initialize_model
from numpyro.infer.util import log_density as numpyro_log_density
from scipy import stats
from scipy.optimize import minimize

from .compiled import Compiled, compiled, written

DATA = "data { Z[case, input] : real, X[case] : real }"
END = "prior f.weights ~ Normal(0, 1 / sqrt(fan_in)) prior sigma ~ HalfNormal(1)"


def weights_of(found: Compiled) -> dict[str, np.ndarray]:
    """A value for each array of weights, by its name without that of the network."""
    rng = np.random.default_rng(5)
    return {
        each.name.removeprefix("f."): rng.normal(size=found.size(each.dims))
        for network in found.spec.networks
        for each in network.weights
    }


FORMULAS: dict[str, tuple[str, tuple[tuple[int, ...], ...], Callable[..., np.ndarray]]] = {
    "two layers": (
        "network f(z[input]) -> real { dense(4, tanh) as h1  dense(1) }",
        ((7, 3),),
        lambda w, z: np.tanh(z @ w["h1.kernel"] + w["h1.bias"]) @ w["dense2.kernel"] + w["dense2.bias"],
    ),
    "an activation at the end, and no bias": (
        "network f(z[input]) -> real { dense(4, relu, bias = false)  dense(1, exp) }",
        ((7, 3),),
        lambda w, z: np.exp(np.maximum(z @ w["dense1.kernel"], 0) @ w["dense2.kernel"] + w["dense2.bias"]),
    ),
    "a number as input": (
        "network f(z) -> real { dense(4, sin)  dense(1) }",
        ((7,),),
        lambda w, z: np.sin(z[:, None] * w["dense1.kernel"] + w["dense1.bias"]) @ w["dense2.kernel"] + w["dense2.bias"],
    ),
    "a number as input and nothing hidden": (
        "network f(z) -> real { dense(1) }",
        ((7,),),
        lambda w, z: z * w["dense1.kernel"] + w["dense1.bias"],
    ),
    "several inputs": (
        'dim input = ["a", "b", "c"]\nnetwork f(t, z[input]) -> real { dense(4, tanh)  dense(1) }',
        ((7,), (7, 3)),
        lambda w, t, z: (
            np.tanh(np.c_[t, z] @ w["dense1.kernel"] + w["dense1.bias"]) @ w["dense2.kernel"] + w["dense2.bias"]
        ),
    ),
    "an output over a dimension": (
        "dim k = 2\nnetwork f(z[input]) -> y[k] { dense(4, tanh)  dense(k) }",
        ((7, 3),),
        lambda w, z: np.tanh(z @ w["dense1.kernel"] + w["dense1.bias"]) @ w["dense2.kernel"] + w["dense2.bias"],
    ),
    "an output over the dimension of the input": (
        "network f(z[input]) -> y[input] { dense() }",
        ((7, 3),),
        lambda w, z: z @ w["dense1.kernel"] + w["dense1.bias"],
    ),
    "what is added to its input": (
        "network f(z[input]) -> real { dense(4, tanh)  dense(4, tanh, residual = true)  dense(1) }",
        ((7, 3),),
        lambda w, z: (
            (
                (h := np.tanh(z @ w["dense1.kernel"] + w["dense1.bias"]))
                + np.tanh(h @ w["dense2.kernel"] + w["dense2.bias"])
            )
            @ w["dense3.kernel"]
            + w["dense3.bias"]
        ),
    ),
    "an input over two dimensions": (
        "dim k = 2\nnetwork f(z[input, k]) -> real { dense(4, tanh)  dense(1) }",
        ((7, 3, 2),),
        lambda w, z: (
            np.tanh(np.einsum("nik,ikh->nh", z, w["dense1.kernel"]) + w["dense1.bias"]) @ w["dense2.kernel"]
            + w["dense2.bias"]
        ),
    ),
    "one of two dimensions": (
        "dim k = 2\nnetwork f(z[input, k]) -> y[k] { dense(4, tanh, over = input) as h  dense(over = h) }",
        ((7, 3, 2),),
        lambda w, z: (
            np.tanh(np.einsum("nik,ih->nkh", z, w["h.kernel"]) + w["h.bias"]) @ w["dense2.kernel"] + w["dense2.bias"]
        ),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_network_is_its_formula(name: str):
    text, shapes, formula = FORMULAS[name]
    found = compiled(f"{DATA} {text} {END} {_use(text)}")
    weights = weights_of(found)
    rng = np.random.default_rng(2)
    inputs = [rng.normal(size=shape) for shape in shapes]
    got = found.module["f"](*inputs, *weights.values())
    np.testing.assert_allclose(got, formula(weights, *inputs), rtol=1e-12)


def _use(text: str) -> str:
    """A likelihood that calls the network of a text with what it asks for."""
    head = text.split("{", maxsplit=1)[0]
    arguments = {
        "f(z[input, k])": "V",
        "f(t, z[input])": "X, Z",
        "f(z[input])": "Z",
        "f(z)": "X",
    }
    call = next(f"f({given})" for asked, given in arguments.items() if asked in head)
    dims = "case, k" if "y[k]" in head else "case, input" if "y[input]" in head else "case"
    more = "data { V[case, input, k] : real }" if "V" in call else ""
    return f"{more} data {{ outcome[{dims}] : real }} likelihood outcome[{dims}] ~ Normal({call}, sigma)"


def test_outputs_by_name():
    found = compiled(
        f"{DATA} network f(z[input]) -> mean, log_sd {{ dense(4, tanh)  dense(2) }} "
        "prior f.weights ~ Normal(0, 1) likelihood X[case] ~ Normal(f(Z).mean, exp(f(Z).log_sd))"
    )
    weights = weights_of(found)
    z = np.random.default_rng(2).normal(size=(7, 3))
    whole = np.tanh(z @ weights["dense1.kernel"] + weights["dense1.bias"]) @ weights["dense2.kernel"]
    whole += weights["dense2.bias"]
    got = found.module["f"](z, *weights.values())
    np.testing.assert_allclose(got["mean"], whole[:, 0], rtol=1e-12)
    np.testing.assert_allclose(got["log_sd"], whole[:, 1], rtol=1e-12)
    assert found.coords["f.dense2"] == ["mean", "log_sd"]


def test_density_of_a_network_with_ten_hidden_units():
    found = compiled(
        f"{DATA} network f(z[input]) -> real {{ dense(10, tanh)  dense(1) }} "
        "prior f.kernels ~ Normal(0, 1 / sqrt(fan_in)) prior f.biases ~ StudentT(4) prior sigma ~ HalfNormal(0.5) "
        "likelihood X[case] ~ Normal(f(Z), sigma)",
        {"case": 20},
    )

    def by_hand(z: np.ndarray, x: np.ndarray) -> None:
        kernel1 = numpyro.sample("f.dense1.kernel", dist.Normal(0, 1 / np.sqrt(3)).expand([3, 10]).to_event())
        bias1 = numpyro.sample("f.dense1.bias", dist.StudentT(4, 0, 1).expand([10]).to_event())
        kernel2 = numpyro.sample("f.dense2.kernel", dist.Normal(0, 1 / np.sqrt(10)).expand([10]).to_event())
        bias2 = numpyro.sample("f.dense2.bias", dist.StudentT(4, 0, 1))
        sigma = numpyro.sample("sigma", dist.HalfNormal(0.5))
        numpyro.sample("X", dist.Normal(jnp.tanh(z @ kernel1 + bias1) @ kernel2 + bias2, sigma), obs=x)

    positions = found.positions(5)
    for at in range(5):
        position = {name: each[at] for name, each in positions.items()}
        values = position | {"sigma": np.exp(position["sigma"])}
        theirs, _ = numpyro_log_density(by_hand, (found.data["Z"], found.data["X"]), {}, values)
        ours = found.log_density(position, found.data, found.coords)
        np.testing.assert_allclose(ours, theirs + position["sigma"], rtol=1e-12)


def test_the_most_specific_prior_counts():
    spec, _ = written(
        f"{DATA} network f(z[input]) -> real {{ dense(4, tanh) as a  dense(4, tanh) as b  dense(1) }} "
        "prior f.weights ~ Normal(0, 1) prior f.biases ~ Normal(0, 2) prior f.a.weights ~ Normal(0, 3) "
        "prior f.b.kernel ~ Normal(0, 4) prior f.b.weights ~ Normal(0, 5) prior f.a.biases ~ Normal(0, 6) "
        "likelihood X[case] ~ Normal(f(Z), 1)"
    )
    scales = {each.name: each.law.arguments[1].value.value for each in spec.unknowns}  # type: ignore[union-attr]
    assert scales == {
        "f.a.kernel": 3,
        "f.a.bias": 6,
        "f.b.kernel": 4,
        "f.b.bias": 5,
        "f.dense3.kernel": 1,
        "f.dense3.bias": 2,
    }


def test_fan_in_and_fan_out_are_sizes():
    found = compiled(
        f"{DATA} network f(z[input]) -> real {{ dense(4, tanh)  dense(1) }} "
        "prior f.weights ~ Normal(0, sqrt(2 / (fan_in + fan_out))) likelihood X[case] ~ Normal(f(Z), 1)",
        {"input": 5},
    )
    sites = handlers.trace(handlers.seed(found.model, 0)).get_trace(found.data, found.coords)
    scales = {name: np.unique(site["fn"].base_dist.scale) for name, site in sites.items() if name.endswith("kernel")}
    np.testing.assert_allclose(scales["f.dense1.kernel"], np.sqrt(2 / 9), rtol=1e-12)
    np.testing.assert_allclose(scales["f.dense2.kernel"], np.sqrt(2 / 5), rtol=1e-12)


def test_scales_may_be_unknown():
    spec, _ = written(
        f"{DATA} prior relevance[input] ~ HalfNormal(1) prior s ~ HalfNormal(1) "
        "network f(z[input]) -> real { dense(4, tanh) as h  dense(1) } "
        "prior f.h.kernel ~ Normal(0, relevance) prior f.weights ~ Normal(0, s) noncentered "
        "likelihood X[case] ~ Normal(f(Z), 1)"
    )
    assert [each.name for each in spec.unknowns if each.noncentered] == ["f.h.bias", "f.dense2.kernel", "f.dense2.bias"]


def test_within_a_rate_of_change():
    found = compiled(
        "time t from 0 to 1 step 0.1\ndim k = 2\ndata { y[t, k] : real } "
        "network f(x[k]) -> dx[k] { dense(3, tanh)  dense(k) } prior f.weights ~ Normal(0, 0.5) "
        "state x[k] over t { initial x = 1\nevolve der(x) = f(x) - x by rk4(dt = 0.01)\nerror exact } "
        "likelihood y[t, k] ~ Normal(x, 0.1)"
    )
    weights = weights_of(found)
    given = {f"f.{name}": jnp.asarray(each) for name, each in weights.items()}
    model = handlers.substitute(handlers.seed(found.model, 0), data=given)
    x = np.asarray(handlers.trace(model).get_trace(found.data, found.coords)["x"]["value"])

    def rate(at: np.ndarray) -> np.ndarray:
        hidden = np.tanh(at @ weights["dense1.kernel"] + weights["dense1.bias"])
        return hidden @ weights["dense2.kernel"] + weights["dense2.bias"] - at

    here, step = np.ones(2), 0.001
    for _ in range(1000):
        middle = here + step / 2 * rate(here)
        here = here + step * rate(middle)
    np.testing.assert_allclose(x[-1], here, rtol=1e-5)


def test_without_hidden_units_it_is_linear_regression():
    """The log density minus that of the conjugate posterior is the evidence, the same wherever it is taken."""
    found = compiled(
        f"{DATA} network f(z[input]) -> real {{ dense(1) }} prior f.weights ~ Normal(0, 2) "
        "likelihood X[case] ~ Normal(f(Z), 0.5)",
        {"case": 12},
    )
    design = np.c_[found.data["Z"], np.ones(12)]
    precision = design.T @ design / 0.25 + np.eye(4) / 4
    covariance = np.linalg.inv(precision)
    posterior = stats.multivariate_normal(covariance @ design.T @ found.data["X"] / 0.25, covariance)
    marginal = np.asarray(4 * design @ design.T + 0.25 * np.eye(12))
    evidence = stats.multivariate_normal(np.zeros(12), marginal)  # type: ignore[arg-type]
    positions = found.positions(5)
    for at in range(5):
        position = {name: each[at] for name, each in positions.items()}
        weights = np.r_[position["f.dense1.kernel"], position["f.dense1.bias"]]
        ours = found.log_density(position, found.data, found.coords)
        np.testing.assert_allclose(ours - posterior.logpdf(weights), evidence.logpdf(found.data["X"]), rtol=1e-10)


def test_model_and_log_density_are_one():
    found = compiled(
        f"dim k = 2\n{DATA} data {{ Y[case, k] : real }} "
        "network f(z[input], x) -> mean[k], log_sd[k] { dense(4, tanh)  dense() } "
        'dim input = ["a", "b", "c"]\nprior s ~ HalfNormal(1) prior f.weights ~ Normal(0, s) noncentered '
        "likelihood Y[case, k] ~ Normal(f(Z, X).mean, exp(f(Z, X).log_sd))"
    )
    start = initialize_model(jax.random.key(0), found.model, model_args=(found.data, found.coords))
    for at in range(3):
        position = {name: each[at] for name, each in found.positions(3).items()}
        ours = found.log_density(position, found.data, found.coords)
        np.testing.assert_allclose(ours, -start.potential_fn(position), rtol=1e-10)


SERIES = "dim time = 6\ndim k = 2\ndata { S[case, time, k] : real, X[case] : real }"
LAST = "dense(1) } prior f.weights ~ Normal(0, 1) likelihood X[case] ~ Normal(f(S), 1)"


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def windows_of(x: np.ndarray, size: int, stride: int, pad: tuple[int, int]) -> np.ndarray:
    """Windows along the second axis, `(case, place, channel, size)`."""
    padded = np.pad(x, ((0, 0), pad, (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::stride]


def by_steps(w: dict[str, np.ndarray], x: np.ndarray, gates: int) -> np.ndarray:
    """A recurrent layer of five, place by place."""
    h, c = np.zeros((len(x), 5)), np.zeros((len(x), 5))
    for at in range(x.shape[1]):
        a = np.einsum("ni,igo->gno", x[:, at], w["r.kernel"]) + w["r.bias"][:, None]
        b = np.einsum("ni,igo->gno", h, w["r.recurrent_kernel"])
        if gates == 3:
            reset, update = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
            new = np.tanh(a[2] + reset * (b[2] + w["r.recurrent_bias"]))
            h = new + update * (h - new)
        else:
            into, forget, cell, out = a + b
            c = sigmoid(forget) * c + sigmoid(into) * np.tanh(cell)
            h = sigmoid(out) * np.tanh(c)
    return h


def attended(w: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    query, key, value = (np.einsum("ntf,fhk->nhtk", x, w[f"a.{each}_kernel"]) for each in ("query", "key", "value"))
    score = np.einsum("nhtk,nhsk->nhts", query, key) / np.sqrt(query.shape[-1])
    share = np.exp(score) / np.exp(score).sum(-1, keepdims=True)
    return np.einsum("nhts,nhsk,hko->nto", share, value, w["a.output_kernel"])


def normed(w: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    centred = x - x.mean((1, 2), keepdims=True)
    return w["n.scale"] * centred / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5) + w["n.bias"]


LAYERS: dict[str, Callable[..., np.ndarray]] = {
    "conv1d(4, 3, tanh) as c": lambda w, x: np.tanh(
        np.einsum("npcs,sco->npo", windows_of(x, 3, 1, (1, 1)), w["c.kernel"]) + w["c.bias"]
    ),
    'conv1d(4, size = 3, stride = 2, padding = "valid", bias = false) as c': lambda w, x: np.einsum(
        "npcs,sco->npo", windows_of(x, 3, 2, (0, 0)), w["c.kernel"]
    ),
    "max_pool(2)": lambda w, x: x.reshape(len(x), 3, 2, 2).max(2),
    "mean_pool(3)": lambda w, x: x.reshape(len(x), 2, 3, 2).mean(2),
    "mean_pool()": lambda w, x: x.mean(1),
    "max_pool(over = k)": lambda w, x: x.max(2),
    "layer_norm() as n": normed,
    "gru(5) as r": lambda w, x: by_steps(w, x, 3),
    "lstm(5) as r": lambda w, x: by_steps(w, x, 4),
    "attention(heads = 3, size = 4, key = 2) as a": attended,
    "attention(heads = 2, size = 2, residual = true) as a": lambda w, x: x + attended(w, x),
}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_its_formula(layer: str):
    found = compiled(f"{SERIES} network f(x[time, k]) -> real {{ {layer}  {LAST}")
    weights = weights_of(found)
    x = np.random.default_rng(2).normal(size=(3, 6, 2))
    given = LAYERS[layer](weights, x).reshape(3, -1)
    wanted = given @ weights["dense1.kernel"].ravel() + weights["dense1.bias"]
    np.testing.assert_allclose(found.module["f"](x, *weights.values()), wanted, rtol=1e-9)
    start = found.log_density({name: each[0] for name, each in found.positions(1).items()}, found.data, found.coords)
    assert np.isfinite(start)


GRAPH = (
    "dim node = 6\ndim k = 2\ndata { S[case, node, k] : real, Y[case, node] : real } "
    "data { start[edge] : category(node), stop[edge] : category(node) } "
    "network f(x[node, k]) -> y[node] { graph(4, tanh, from = start, to = stop, gather = GATHER) as g "
    "dense(1, over = g) as d } prior f.weights ~ Normal(0, 1) likelihood Y[case, node] ~ Normal(f(S), 0.5)"
)
EDGES = {"start": np.array([0, 1, 2, 2, 4, 0, 0]), "stop": np.array([1, 0, 1, 3, 3, 3, 1])}
"""Two of them alike, and nothing reaches the nodes 2, 4 and 5."""


def graph_by_hand(w: dict[str, np.ndarray], x: np.ndarray, gather: str) -> np.ndarray:
    """Node by node."""
    found = np.zeros((*x.shape[:2], 4))
    for node in range(x.shape[1]):
        sent = [x[:, a] @ w["g.neighbour_kernel"] for a, b in zip(*EDGES.values(), strict=True) if b == node]
        got = getattr(np, gather)(sent, axis=0) if sent else 0.0
        found[:, node] = np.tanh(x[:, node] @ w["g.kernel"] + got + w["g.bias"])
    return found @ w["d.kernel"] + w["d.bias"]


@pytest.mark.parametrize("gather", ["sum", "mean", "max"])
def test_density_of_messages_along_edges(gather: str):
    found = compiled(GRAPH.replace("GATHER", gather))
    data = found.data | EDGES
    position = {name: each[0] for name, each in found.positions(1).items()}
    weights = {name.removeprefix("f."): each for name, each in position.items()}
    values = graph_by_hand(weights, data["S"], gather)
    wanted = stats.norm(values, 0.5).logpdf(data["Y"]).sum()
    wanted += sum(stats.norm.logpdf(each).sum() for each in weights.values())
    np.testing.assert_allclose(found.log_density(position, data, found.coords), wanted, rtol=1e-10)
    slope = jax.grad(found.log_density)(position, data, found.coords)
    kernel, step = position["f.g.neighbour_kernel"], np.zeros((2, 4))
    step[1, 2] = 1e-6
    up, down = (
        found.log_density(position | {"f.g.neighbour_kernel": kernel + each}, data, found.coords)
        for each in (step, -step)
    )
    np.testing.assert_allclose(slope["f.g.neighbour_kernel"][1, 2], (up - down) / 2e-6, rtol=1e-5)
    assert all(np.isfinite(each).all() for each in slope.values())


@pytest.mark.parametrize("gather", ["sum", "mean", "max"])
def test_nodes_by_other_names_give_the_same(gather: str):
    """Equivariance: what is renamed before a graph layer is renamed behind it; the order of edges is nothing to it."""
    found = compiled(GRAPH.replace("GATHER", gather))
    weights, x, renamed = weights_of(found), found.data["S"], np.array([3, 0, 5, 1, 2, 4])
    own = [*weights.values()]
    one = found.module["f"](x, *own, EDGES["start"], EDGES["stop"])
    moved = np.empty_like(x)
    moved[:, renamed] = x
    other = found.module["f"](moved, *own, *(renamed[each][::-1] for each in EDGES.values()))
    np.testing.assert_allclose(other[:, renamed], one, rtol=1e-12)
    back = found.module["f"](x, *own, EDGES["stop"], EDGES["start"])
    assert not np.allclose(back, one)


def test_a_graph_of_one_number_for_each_node_twice_over_in_a_function():
    """Layers on the same edges, of which a function of the author's is told too; a graph's mean as the output."""
    found = compiled(
        "dim node = 6 data { S[case, node] : real, Y[case] : real } "
        "data { start[edge] : category(node), stop[edge] : category(node) } "
        "network f(x[node]) -> real { graph(3, from = start, to = stop, bias = false) as g "
        'graph(2, from = start, to = stop, gather = "mean") as h  mean_pool()  dense(1) as d } '
        "function twice(x[node]) = 2 * f(x) prior f.weights ~ Normal(0, 1) let y[case] = twice(S) "
        "likelihood Y[case] ~ Normal(y, 1)"
    )
    values = {f"f.{name}": each for name, each in weights_of(found).items()}
    model = handlers.substitute(handlers.seed(found.model, 0), data=values)
    sites = handlers.trace(model).get_trace(found.data | EDGES, found.coords)
    w, x = weights_of(found), found.data["S"]
    reached = np.zeros((6, 6))
    np.add.at(reached, (EDGES["stop"], EDGES["start"]), 1)
    g = x[..., None] * w["g.kernel"] + (x @ reached.T)[..., None] * w["g.neighbour_kernel"]
    share = reached / np.maximum(reached.sum(1, keepdims=True), 1)
    h = g @ w["h.kernel"] + share @ g @ w["h.neighbour_kernel"] + w["h.bias"]
    np.testing.assert_allclose(sites["y"]["value"], 2 * (h.mean(1) @ w["d.kernel"] + w["d.bias"]), rtol=1e-10)


def test_convolution_of_a_picture():
    found = compiled(
        "dim row = 5\ndim column = 4\ndata { P[case, row, column] : real, X[case] : real } "
        "network f(p[row, column]) -> real { conv2d(3, size = 3, stride = 2) as c  max_pool()  dense(1) } "
        "prior f.weights ~ Normal(0, 1 / sqrt(fan_in)) likelihood X[case] ~ Normal(f(P), 1)"
    )
    weights = weights_of(found)
    p = np.random.default_rng(2).normal(size=(3, 5, 4))
    padded = np.pad(p, ((0, 0), (1, 1), (0, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2]
    maps = np.einsum("nrcst,sto->nrco", windows, weights["c.kernel"]) + weights["c.bias"]
    wanted = maps.max((1, 2)) @ weights["dense1.kernel"] + weights["dense1.bias"]
    np.testing.assert_allclose(found.module["f"](p, *weights.values()), wanted, rtol=1e-9)


def test_what_is_remembered_at_each_place():
    found = compiled(
        "dim time = 6\ndata { s[case, time] : real, y[case, time] : real } "
        "network f(x[time]) -> y[time] { gru(5, sequence = true) as r  dense(over = r) } "
        "prior f.weights ~ Normal(0, 1) likelihood y[case, time] ~ Normal(f(s), 1)"
    )
    weights = weights_of(found)
    x = np.random.default_rng(2).normal(size=(3, 6))
    cell = weights | {"r.kernel": weights["r.kernel"][None]}
    states = np.stack([by_steps(cell, x[:, : at + 1, None], 3) for at in range(6)], 1)
    wanted = states @ weights["dense1.kernel"] + weights["dense1.bias"]
    np.testing.assert_allclose(found.module["f"](x, *weights.values()), wanted, rtol=1e-9)


# functions of the author's, and derivatives ---------------------------------------------------------------------------

OF_FUNCTIONS = f"""{DATA}
data {{ Y[case] : real, V[case, input] : real }}
dim input = ["a", "b", "c"]
network f(z[input]) -> real {{ dense(4, tanh)  dense(1) }}
network h(z[input], t) -> mean, log_sd {{ dense(3, tanh)  dense() }}
prior f.weights ~ Normal(0, 1)
prior h.weights ~ Normal(0, 1)
prior z0[input] ~ Normal(0, 1)
prior s ~ Normal(0, 1)
"""


def tanh_by_hand(z: jax.Array, kernel: jax.Array, bias: jax.Array, out: jax.Array, shift: jax.Array) -> jax.Array:
    return jnp.tanh(z @ kernel + bias) @ out + shift


def quantity(text: str, name: str) -> tuple[Any, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A quantity at random values of the unknowns, with these and the data."""
    found = compiled(f"{OF_FUNCTIONS} {text}")
    rng = np.random.default_rng(8)
    values = {each.name: rng.normal(size=found.size(each.dims)) for each in found.spec.unknowns}
    model = handlers.substitute(handlers.seed(found.model, 0), data=values)
    sites = handlers.trace(model).get_trace(found.data, found.coords)
    return sites[name]["value"], values, found.data


def weights_in(values: dict[str, np.ndarray], network: str) -> list[np.ndarray]:
    return [each for name, each in values.items() if name.startswith(f"{network}.")]


def test_a_network_in_a_function():
    """Through another function too, with one input over the rows and one that is the same for all."""
    got, values, data = quantity(
        "function g(z[input], k) = k * f(z) function more(z[input]) = g(z, 3) + g(z0_(z), 1) "
        "function z0_(z[input]) = z / 2 let x[case] = more(Z) likelihood Y[case] ~ Normal(x, 1)",
        "x",
    )
    weights = weights_in(values, "f")
    wanted = 3 * tanh_by_hand(data["Z"], *weights) + tanh_by_hand(data["Z"] / 2, *weights)
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


GRADIENTS: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "by an input": ("[case, input]", "gradient(f(Z), Z)", lambda f, h, z, x, z0, s: jax.vmap(jax.grad(f))(z)),
    "at one place": ("[input]", "gradient(f(z0), z0)", lambda f, h, z, x, z0, s: jax.grad(f)(z0)),
    "of an output with a name": (
        "[case, input]",
        "gradient(h(Z, X).log_sd, Z)",
        lambda f, h, z, x, z0, s: jax.vmap(jax.grad(lambda a, t: h(a, t)[1]))(z, x),
    ),
    "by a number": (
        "[case]",
        "gradient(h(Z, X).mean, X)",
        lambda f, h, z, x, z0, s: jax.vmap(jax.grad(lambda t, a: h(a, t)[0]))(x, z),
    ),
    "by what is the same for all rows": (
        "[case]",
        "gradient(h(Z, s).mean, s)",
        lambda f, h, z, x, z0, s: jax.vmap(lambda a: jax.grad(lambda t: h(a, t)[0])(s))(z),
    ),
    "of a function that is given both": (
        "[case]",
        "slope(Z, s)",
        lambda f, h, z, x, z0, s: jax.vmap(lambda a: jax.grad(lambda t: h(a, t)[0])(s))(z),
    ),
    "of a derivative": (
        "[case]",
        "gradient(slope(Z, X), X)",
        lambda f, h, z, x, z0, s: jax.vmap(jax.grad(jax.grad(lambda t, a: h(a, t)[0])))(x, z),
    ),
    "of a function without a network": (
        "[case]",
        "gradient(cube(X), X)",
        lambda f, h, z, x, z0, s: 3 * x**2,
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str):
    dims, text, formula = GRADIENTS[name]
    got, values, data = quantity(
        "function slope(z[input], t) = gradient(h(z, t).mean, t) function cube(x) = x^3 "
        f"let g{dims} = {text} + 0 * s likelihood Y[case] ~ Normal(f(Z) + h(Z, X).mean * sum(z0, over = input), 1)",
        "g",
    )

    def f(z: jax.Array) -> jax.Array:
        return tanh_by_hand(z, *weights_in(values, "f"))

    def h(z: jax.Array, t: jax.Array) -> jax.Array:
        return tanh_by_hand(jnp.append(z, t), *weights_in(values, "h"))

    np.testing.assert_allclose(got, formula(f, h, data["Z"], data["X"], values["z0"], values["s"]), rtol=1e-10)


def test_model_and_log_density_are_one_with_a_gradient():
    found = compiled(f"{OF_FUNCTIONS} likelihood V[case, input] ~ Normal(gradient(h(Z, s).mean, Z) + f(z0), 1)")
    start = initialize_model(jax.random.key(0), found.model, model_args=(found.data, found.coords))
    for at in range(3):
        position = {name: each[at] for name, each in found.positions(3).items()}
        ours = found.log_density(position, found.data, found.coords)
        np.testing.assert_allclose(ours, -start.potential_fn(position), rtol=1e-10)


def test_dynamics_of_a_learned_energy():
    """Along a solution of Hamilton's equations the energy stays, whatever the network is."""
    found = compiled(
        "time t from 0 to 2 step 0.5\ndata { y[t] : real } network H(q, p) -> real { dense(4, tanh)  dense(1) } "
        "prior H.weights ~ Normal(0, 1) state q, p over t { initial q = 0.5, p = 0.3\n"
        "evolve der(q) = gradient(H(q, p), p), der(p) = -gradient(H(q, p), q) by rk4(dt = 0.01)\nerror exact } "
        "likelihood y[t] ~ Normal(q, 0.1)"
    )
    weights = [np.random.default_rng(5).normal(size=found.size(each.dims)) for each in found.spec.networks[0].weights]
    names = [each.name for each in found.spec.networks[0].weights]
    model = handlers.substitute(handlers.seed(found.model, 0), data=dict(zip(names, weights, strict=True)))
    sites = handlers.trace(model).get_trace(found.data, found.coords)
    q, p = (np.asarray(sites[name]["value"]) for name in ("q", "p"))
    assert np.ptp(q) > 0.1
    np.testing.assert_allclose(found.module["H"](q, p, *weights), found.module["H"](q[0], p[0], *weights), rtol=1e-7)
    position = {name: each[0] for name, each in found.positions(1).items()}
    gradient = jax.grad(found.log_density)(position, found.data, found.coords)
    assert all(np.isfinite(each).all() for each in gradient.values())


SPRING = """
data { Q[row] : real, P[row] : real, dq[row] : real, dp[row] : real }
"""
ENERGY = """
network H(q, p) -> real { dense(8, tanh)  dense(1) }
prior H.weights ~ Normal(0, 1)
likelihood dq[row] ~ Normal(gradient(H(Q, P), P), 0.05)
likelihood dp[row] ~ Normal(-gradient(H(Q, P), Q), 0.05)
"""
PLAIN = """
network H(q, p) -> dq, dp { dense(8, tanh)  dense() }
prior H.weights ~ Normal(0, 1)
likelihood dq[row] ~ Normal(H(Q, P).dq, 0.05)
likelihood dp[row] ~ Normal(H(Q, P).dp, 0.05)
"""


def drift(text: str) -> float:
    """How far the energy of a spring is from what it was, at most, after three turns by what was learned of noisy data."""
    found = compiled(SPRING + text)
    rng = np.random.default_rng(7)
    q, p = rng.uniform(-1.5, 1.5, (2, 60))
    data = {"Q": q, "P": p, "dq": p + 0.05 * rng.normal(size=60), "dp": -q + 0.05 * rng.normal(size=60)}
    start = {name: each[0] for name, each in found.positions(1).items()}
    flat, unflat = ravel_pytree(start)
    best = minimize(
        jax.jit(jax.value_and_grad(lambda at: -found.log_density(unflat(at), data, {}))), flat, jac=True, method="BFGS"
    )
    weights = unflat(jnp.asarray(best.x))
    weights = [weights[each.name] for each in found.spec.networks[0].weights]
    network = found.module["H"]

    def rate(at: jax.Array) -> jax.Array:
        if "dq" in text.split("{", maxsplit=1)[0]:
            there = network(at[0], at[1], *weights)
            return jnp.array([there["dq"], there["dp"]])
        dq, dp = jax.grad(network, argnums=(0, 1))(at[0], at[1], *weights)
        return jnp.array([dp, -dq])

    def step(at: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        k1 = rate(at)
        k2 = rate(at + 0.025 * k1)
        k3 = rate(at + 0.025 * k2)
        at = at + 0.05 / 6 * (k1 + 2 * k2 + 2 * k3 + rate(at + 0.05 * k3))
        return at, jnp.sum(at**2) / 2

    _, energy = jax.jit(lambda at: jax.lax.scan(step, at, None, length=400))(jnp.array([1.0, 0.0]))
    return float(jnp.max(jnp.abs(energy - 0.5)))


def test_a_learned_energy_is_conserved_better_than_what_plain_regression_learns():
    assert drift(ENERGY) < 0.05
    assert drift(ENERGY) < drift(PLAIN) / 2
