"""The Q-network as a graph: `acting.Actor`, operator by operator."""

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs import actions, networks
from faastraingym.algorithms.graphs.actions import Drawn
from faastraingym.algorithms.graphs.graph import Graph
from faastraingym.algorithms.graphs.observations import Seen
from faastraingym.algorithms.networks import description
from faastraingym.schemas.specification import RunSpec


def drawn(graph: Graph, spec: RunSpec, info: SpaceInfo, seen: Seen) -> Drawn:
    """Q(s, .), and the greedy actions."""
    x = networks.trunk(graph, "q", description.trunk(spec, info), seen.features)
    scores = networks.linear(graph, "q/head", x)
    if "q/value/kernel" in graph.policy.parameters:  # dueling
        value = networks.linear(graph, "q/value", x)
        mean = graph.node("ReduceMean", scores, axes=[1])
        scores = graph.node("Add", scores, graph.node("Sub", value, mean))
    scores = actions.masked(graph, scores, seen.mask, info)
    return Drawn(actions.chosen(graph, scores, info), scores)
