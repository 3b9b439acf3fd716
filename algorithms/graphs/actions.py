"""Deterministic actions as graphs: the most probable ones, as the environment takes them.

`actor_critic.sampling` and `environments.actions`, operator by operator.
"""

from typing import NamedTuple

import numpy as np

from faastraingym.algorithms.actor_critic.sampling import ABSENT, table
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs.graph import Graph, Value


class Drawn(NamedTuple):
    """What a policy's graph gives."""

    actions: Value  # [B, ...], deterministic, as the environment takes them
    outputs: Value  # [B, K] float32, as of `Actor.outputs`
    memory: Value | None = None  # [B, M] float32, for the next step


def masked(graph: Graph, outputs: Value, mask: Value | None, info: SpaceInfo) -> Value:
    """Outputs under which nothing that a mask forbids is the most probable."""
    if mask is None:
        return outputs
    if not info.action_bits:
        return graph.node("Where", mask, outputs, ABSENT)
    pairs = np.arange(2 * info.action_size)
    clear, set_ = (graph.node("Gather", mask, pairs[bit::2], axis=1) for bit in (0, 1))
    return graph.node("Where", set_, graph.node("Where", clear, outputs, -ABSENT), ABSENT)


def chosen(graph: Graph, outputs: Value, info: SpaceInfo) -> Value:
    """The most probable choices, or bits, as the environment takes them."""
    if info.action_choices:
        places, present = table(info.action_choices)
        logits = graph.node("Gather", outputs, places, axis=1)
        outputs = graph.node("Where", present, logits, ABSENT)
    if info.action_bits:
        kept = graph.cast(graph.node("Greater", outputs, np.float32(0)), "<i8")
    else:
        kept = graph.node("ArgMax", outputs, axis=-1, keepdims=0)
    starts = np.array(info.action_starts or info.action_start, np.int64)
    taken = graph.node("Add", kept, starts) if starts.any() else kept
    return _shaped(graph, taken, info) if info.action_elements else taken


def within(graph: Graph, numbers: Value, info: SpaceInfo, rescaled: bool) -> Value:
    """Numbers, [B, A] float32, within the bounds of a Box; `rescaled`: -1 and 1 are the bounds."""
    dtype = np.result_type(info.action_dtype, np.float32)  # of float16 there is no arithmetic
    low, high = (
        np.array(bound, info.action_dtype).astype(dtype) for bound in (info.low, info.high)
    )
    x = graph.cast(numbers, dtype.str)
    if rescaled:
        bounded = np.isfinite(low) & np.isfinite(high)
        least, most = (np.where(bounded, bound, 0).astype(dtype) for bound in (low, high))
        one = np.ones((), dtype)
        cut = graph.node("Min", graph.node("Max", x, -one), one)
        ratio = graph.node("Div", graph.node("Add", cut, one), one + one)
        moved = graph.node("Add", graph.node("Mul", ratio, most - least), least)
        x = graph.node("Where", bounded, moved, x)
    return _shaped(graph, graph.node("Min", graph.node("Max", x, low), high), info)


def _shaped(graph: Graph, taken: Value, info: SpaceInfo) -> Value:
    taken = graph.cast(taken, info.action_dtype)
    return taken if info.action_shape is None else graph.reshaped(taken, *info.action_shape)
