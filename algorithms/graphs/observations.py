"""What a policy's graph is given, and the features that its network reads of it."""

from typing import NamedTuple

import numpy as np

from faastraingym.algorithms.environments.leaves import Leaf
from faastraingym.algorithms.environments.observations import one_hot, own_path
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs.graph import Graph, Value

OBSERVATION, MASK, MEMORY = "observation", "action_mask", "memory"


class Seen(NamedTuple):
    """A batch of what a policy sees."""

    features: Value  # [B, O] float32, not normalised
    mask: Value | None = None  # [B, M] bool
    memory: Value | None = None  # [B, M] float32


def seen(graph: Graph, info: SpaceInfo, memory_size: int) -> Seen:
    """The inputs of a policy of `info`, and how they are read; `memory_size` 0: it has none."""
    mask = None if info.mask is None else graph.reads(MASK, "|b1", *info.mask.shape)
    memory = graph.reads(MEMORY, "<f4", memory_size) if memory_size else None
    parts = [part for part in info.parts if part.kind != "mask"]
    if info.observation_start is not None:  # one Discrete, which has no leaf
        size, start = (info.observation_size,), (info.observation_start,)
        parts = [parts[0]._replace(kind="choices", choices=size, starts=start)]
    read = [_features(graph, part, _name(part, info)) for part in parts]
    features = read[0] if len(read) == 1 else graph.node("Concat", *read, axis=1)
    return Seen(features, mask, memory)


def _name(part: Leaf, info: SpaceInfo) -> Value:
    """`observation`, or `observation/camera/left` of a Dict."""
    own = own_path(part.path, info)
    return f"{OBSERVATION}/{own}" if own else OBSERVATION


def _features(graph: Graph, part: Leaf, name: Value) -> Value:
    """As `observations.of_leaf` reads them of one part: [B, size] float32."""
    flat = graph.node("Flatten", graph.reads(name, part.dtype, *part.shape), axis=1)
    if part.kind == "choices":
        elements, values = one_hot(part.choices)
        spread = graph.node("Gather", graph.cast(flat, "<i8"), elements, axis=1)
        marked = graph.node("Equal", spread, values + np.array(part.starts)[elements])
        return graph.cast(marked, "<f4")
    numbers = graph.cast(flat, "<f4")
    return graph.node("Div", numbers, np.float32(255)) if part.kind == "image" else numbers
