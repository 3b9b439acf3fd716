"""The policy as a graph: `acting.Actor`, operator by operator."""

import numpy as np

from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs import actions, networks
from faastraingym.algorithms.graphs.actions import Drawn
from faastraingym.algorithms.graphs.graph import Graph
from faastraingym.algorithms.graphs.observations import Seen
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.sac.acting import MOST_MEAN
from faastraingym.algorithms.setting_types import sde
from faastraingym.schemas.specification import RunSpec


def drawn(graph: Graph, spec: RunSpec, info: SpaceInfo, seen: Seen) -> Drawn:
    """Means and log deviations before tanh, or means and features; and tanh of the means."""
    latent = networks.trunk(graph, "policy", description.trunk(spec, info), seen.features)
    told = networks.linear(graph, "policy/head", latent)
    if sde(spec.algorithm) is None:
        outputs, means = told, graph.columns(told, 0, info.action_size)
    else:
        means = graph.node("Clip", told, np.float32(-MOST_MEAN), np.float32(MOST_MEAN))
        outputs = graph.node("Concat", means, latent, axis=1)
    squashed = graph.node("Tanh", means)
    return Drawn(actions.within(graph, squashed, info, rescaled=True), outputs)
