"""The policy as a graph: `acting.Actor`, operator by operator."""

from typing import Any

import numpy as np

from faastraingym.algorithms import cells, statistics
from faastraingym.algorithms.environments.observations import normalised
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs import actions, networks
from faastraingym.algorithms.graphs.actions import Drawn
from faastraingym.algorithms.graphs.graph import Graph, Value
from faastraingym.algorithms.graphs.observations import Seen
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.payloads import Statistics
from faastraingym.schemas.specification import RunSpec


def drawn(graph: Graph, spec: RunSpec, info: SpaceInfo, seen: Seen) -> Drawn:
    """Logits or means, with state-dependent noise the head's features beside, and actions."""
    settings: Any = spec.algorithm
    memory, x = None, seen.features
    if graph.policy.statistics is not None:
        x = _normalised(graph, graph.policy.statistics, normalised(info), x)
    x = networks.trunk(graph, "policy", description.trunk(spec, info), x)
    cell = cells.cell_of(spec)
    if cell is not None and seen.memory is not None:
        x, memory = networks.cell(graph, "policy/cell", cell, x, seen.memory)
    scores = networks.linear(graph, "policy/head", x)
    if info.continuous:
        taken = actions.within(graph, scores, info, rescaled=settings.rescale_actions is True)
    else:
        scores = actions.masked(graph, scores, seen.mask, info)
        taken = actions.chosen(graph, scores, info)
    if sde(settings) is not None:
        scores = graph.node("Concat", scores, x, axis=1)
    return Drawn(taken, scores, memory)


def _normalised(graph: Graph, moments: Statistics, numbers: np.ndarray | None, x: Value) -> Value:
    """As VecNormalize of Stable-Baselines3 does; where not `numbers`, x as it is."""
    mean, scale = statistics.moments(moments)
    centred = graph.node("Mul", graph.node("Sub", x, mean), scale)
    cut = graph.node("Clip", centred, np.float32(-10), np.float32(10))
    return cut if numbers is None else graph.node("Where", numbers, cut, x)
