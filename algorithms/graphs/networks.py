"""Networks and cells as graphs: `networks.forward` and `cells`, operator by operator."""

import numpy as np

from faastraingym.algorithms import dense
from faastraingym.algorithms.graphs.graph import Graph, Value
from faastraingym.algorithms.networks.description import Encoder, Trunk
from faastraingym.algorithms.networks.forward import NORM_EPSILON
from faastraingym.schemas.specification import RecurrentSpec

ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu"}  # by the names of dense.ACTIVATIONS


def trunk(graph: Graph, network: str, of: Trunk, x: Value) -> Value:
    """The trunk of `network`, as `policy`: [B, H] float32 of [B, O]."""
    encoded = [
        _encoded(graph, f"{network}/encoder_{i}", encoder, of.layer_norm, x)
        for i, encoder in enumerate(of.encoders)
    ]
    both = graph.node("Concat", *encoded, axis=1) if encoded else x
    return _layers(graph, network, of.activation, of.layer_norm, both)


def linear(graph: Graph, path: str, x: Value) -> Value:
    """One layer, as `policy/head`: [B, O] float32 of [B, I]."""
    return graph.node("Gemm", x, graph.parameter(f"{path}/kernel"), graph.parameter(f"{path}/bias"))


def _layers(graph: Graph, path: str, activation: str, layer_norm: bool, x: Value) -> Value:
    for i in range(len(dense.hidden_layers(path, graph.policy.parameters))):
        x = linear(graph, f"{path}/layer_{i}", x)
        if layer_norm:
            scale, bias = (graph.parameter(f"{path}/norm_{i}/{name}") for name in ("scale", "bias"))
            x = graph.node("LayerNormalization", x, scale, bias, epsilon=NORM_EPSILON)
        x = graph.node(ACTIVATIONS[activation], x)
    return x


def _encoded(graph: Graph, path: str, of: Encoder, layer_norm: bool, x: Value) -> Value:
    part = of.part
    own = graph.columns(x, part.start, part.start + part.size)
    if not of.hidden_sizes:
        return own
    if part.scale != 1.0:
        own = graph.node("Mul", own, np.float32(part.scale))
    if of.convolutions:
        own = _convolved(graph, path, of, own)
    return _layers(graph, path, of.activation, layer_norm, own)


def _convolved(graph: Graph, path: str, of: Encoder, x: Value) -> Value:
    """All maps of the last convolution, flat; ONNX has the channels first, and so its kernels."""
    (height, width, channels), (up, across, *deep) = of.image, of.axes
    order = (0, *(1 + axis for axis in (*deep, up, across)))
    x = graph.node("Transpose", graph.reshaped(x, *of.part.shape), perm=order)
    x = graph.reshaped(x, channels, height, width)
    for i, convolution in enumerate(of.convolutions):
        kernel = graph.parameter(f"{path}/conv_{i}/kernel", (3, 2, 0, 1))
        bias = graph.parameter(f"{path}/conv_{i}/bias")
        x = graph.node("Conv", x, kernel, bias, strides=[convolution.stride] * 2)
        x = graph.node("Relu", x)
    return graph.node("Flatten", graph.node("Transpose", x, perm=(0, 2, 3, 1)), axis=1)


def cell(
    graph: Graph, path: str, of: RecurrentSpec, x: Value, memory: Value
) -> tuple[Value, Value]:
    """The output of a cell, [B, H] float32, and the memory for the next step."""
    read = linear(graph, f"{path}/inputs", x)
    h = memory if of.cell == "gru" else graph.columns(memory, 0, of.size)
    kept = linear(graph, f"{path}/hidden", h)
    if of.cell == "gru":
        return _gru(graph, of.size, read, kept, h)
    inner = graph.columns(memory, of.size, 2 * of.size)
    return _lstm(graph, of.size, graph.node("Add", read, kept), inner)


def _lstm(graph: Graph, size: int, gates: Value, inner: Value) -> tuple[Value, Value]:
    """As `cells` has it; `gates` are i, f, o and g."""
    open_ = graph.node("Sigmoid", graph.columns(gates, 0, 3 * size))
    i, f, o = (graph.columns(open_, n * size, (n + 1) * size) for n in range(3))
    new = graph.node("Tanh", graph.columns(gates, 3 * size, 4 * size))
    inner = graph.node("Add", graph.node("Mul", f, inner), graph.node("Mul", i, new))
    h = graph.node("Mul", o, graph.node("Tanh", inner))
    return h, graph.node("Concat", h, inner, axis=1)


def _gru(graph: Graph, size: int, read: Value, kept: Value, h: Value) -> tuple[Value, Value]:
    """As `cells` has it; of `read` and `kept` are r, z and n."""
    both, last = ((0, 2 * size), (2 * size, 3 * size))
    sums = graph.node("Add", graph.columns(read, *both), graph.columns(kept, *both))
    open_ = graph.node("Sigmoid", sums)
    r, z = (graph.columns(open_, n * size, (n + 1) * size) for n in range(2))
    reset = graph.node("Mul", r, graph.columns(kept, *last))
    new = graph.node("Tanh", graph.node("Add", graph.columns(read, *last), reset))
    moved = graph.node("Mul", z, graph.node("Sub", h, new))
    h = graph.node("Add", moved, new)
    return h, h
