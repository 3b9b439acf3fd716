"""The graph of a whole policy: from what the environment gives to what it takes."""

from faastraingym.algorithms import cells, registry
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs.graph import Graph
from faastraingym.algorithms.graphs.observations import MEMORY, seen
from faastraingym.schemas.payloads import Policy
from faastraingym.schemas.specification import RunSpec

ACTION, OUTPUTS, NEXT_MEMORY = "action", "outputs", f"next_{MEMORY}"


def of(spec: RunSpec, policy: Policy, info: SpaceInfo) -> Graph:
    """The policy's deterministic actions, of a batch of B observations.

    Inputs: `observation`, [B, ...], or `observation/PATH` of each part of a Dict or Tuple, in the
    space's dtype; `action_mask`, [B, M] bool, where the environment masks actions; `memory`,
    [B, M] float32, of a recurrent policy, 0 where an episode begins.

    Outputs: `action`, [B, ...], as the environment takes it; `outputs`, [B, K] float32, as of
    `Actor.outputs`; `next_memory`, [B, M].
    """
    graph, cell = Graph(policy), cells.cell_of(spec)
    given = seen(graph, info, cell.memory_size if cell else 0)
    drawn = registry.drawing(spec).drawn(graph, spec, info, given)
    dtype, shape = _taken(info)
    graph.gives(ACTION, drawn.actions, dtype, *shape)
    size = registry.acting(spec).actor(spec, policy, info, {}).output_size
    graph.gives(OUTPUTS, drawn.outputs, "<f4", size)
    if drawn.memory is not None and cell is not None:
        graph.gives(NEXT_MEMORY, drawn.memory, "<f4", cell.memory_size)
    return graph


def _taken(info: SpaceInfo) -> tuple[str, tuple[int, ...]]:
    """The dtype and the shape of an action, as the environment takes it."""
    if not info.action_elements:
        return "<i8", ()
    shape = info.action_elements if info.action_shape is None else info.action_shape
    return info.action_dtype, shape
