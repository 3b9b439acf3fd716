"""A policy's graph, run by ONNX Runtime, beside the actor: of every kind of network and action."""

from functools import cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from faastraingym.algorithms import cells, registry
from faastraingym.algorithms.api import Actor
from faastraingym.algorithms.environments import masks, space_info
from faastraingym.algorithms.environments.leaves import Leaf
from faastraingym.algorithms.environments.observations import (
    features,
    of_parts,
    own_path,
    stored,
)
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.graphs import policy as graphs
from faastraingym.algorithms.graphs.graph import OPSET
from faastraingym.algorithms.registry import PACKAGES
from faastraingym.client import onnx_files
from faastraingym.schemas.payloads import Policy, Statistics
from faastraingym.schemas.specification import RunSpec

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

Batch = dict[str, np.ndarray]  # by the paths of `SpaceInfo.parts`, as the environment gives it

PIXELS = Box(0, 255, (44, 40, 3), np.uint8)
FRAMES = Box(0, 255, (2, 9, 10, 3), np.uint8)
PLANES = Box(0, 1, (10, 10, 6), np.float32)
PARTS = Dict(
    camera=Box(0, 255, (3, 40, 44), np.uint8),
    near=Dict(depth=Box(0, 5, (8, 9), np.float16), touch=MultiBinary((3, 2))),
    place=Box(-9, 9, (5,), np.float64),
    room=Discrete(4, start=-1),
    tools=MultiDiscrete([[2, 3], [4, 2]], start=[[0, 5], [1, 0]]),
)
ENCODERS = [
    {"part": "near/depth", "kind": "small"},
    {"part": "place", "kind": "mlp", "hidden_sizes": [7, 6]},
]
MANY = {"images": "nature", "encoders": ENCODERS, "layer_norm": True}
NUMBERS = Box(-np.inf, np.inf, (5,), np.float32)
PAIR = Tuple((NUMBERS, Box(-3, 3, (), np.int16)))
ONE, CHOICES, BITS = Discrete(4, start=2), MultiDiscrete([[3, 2], [4, 2]], np.int32), MultiBinary(3)
STARTED = MultiDiscrete([3, 2, 4], start=[0, 5, 1])
BOX = Box(np.array([-2, -1, 0]), np.array([3, 1, 50]), dtype=np.float32)
WIDE = Box(np.array([[-0.1, -np.inf]]), np.array([[0.3, np.inf]]), dtype=np.float64)
SMALL = Box(-1, 1, (2, 1), np.float16)


class Case(NamedTuple):
    """An algorithm's settings, spaces, and how the environment tells masks: a part, or `info`."""

    algorithm: str
    observed: Space
    acted: Space
    settings: dict[str, Any] = {}
    masked: str = ""


CASES = {
    "plain": Case("ppo", NUMBERS, ONE),
    "normalised": Case("a2c", NUMBERS, ONE, {"normalize_observations": True}),
    "normalised parts": Case("ppo", PARTS, ONE, {"normalize_observations": True}),
    "no layers": Case("impala", Box(-1, 1, (2, 3)), ONE, {"hidden_sizes": []}),
    "relu": Case("ppo", NUMBERS, CHOICES, {"activation": "relu"}),
    "numbered": Case("ppo", Discrete(6, start=2), ONE),
    "several numbers": Case("dqn", MultiDiscrete([3, 2], start=[1, 0]), ONE),
    "a scalar": Case("ppo", Box(-1, 1, (), np.float64), BITS),
    "bits": Case("ppo", MultiBinary(4), STARTED),
    "a tuple": Case("ppo", PAIR, ONE),
    "bytes, flat": Case("ppo", Box(0, 255, (3,), np.uint8), ONE),
    "bytes, dense": Case("ppo", PIXELS, ONE, {"network": {"encoders": [{"kind": "mlp"}]}}),
    "nature": Case("ppo", PIXELS, ONE, {"network": {"images": "nature"}}),
    "frames": Case("dqn", FRAMES, ONE, {"network": {"images": "small", "layer_norm": True}}),
    "planes": Case("a2c", PLANES, BITS, {"network": {"images": "small", "trunk": "shared"}}),
    "layers normalised": Case("ppo", NUMBERS, ONE, {"network": {"layer_norm": True}}),
    "by part": Case("ppo", PARTS, WIDE, {"network": MANY}),
    "by part, dueling": Case("dqn", PARTS, ONE, {"network": MANY, "dueling": True}),
    "by part, squashed": Case("sac", PARTS, BOX, {"network": MANY}),
    "dueling": Case("dqn", NUMBERS, ONE, {"dueling": True}),
    "gaussian": Case("ppo", NUMBERS, BOX),
    "rescaled": Case("ppo", NUMBERS, WIDE, {"rescale_actions": True}),
    "rescaled, small": Case("ppo", NUMBERS, SMALL, {"rescale_actions": True}),
    "squashed": Case("sac", NUMBERS, BOX),
    "state-dependent": Case("ppo", NUMBERS, BOX, {"sde_sample_freq": 4}),
    "squashed, state-dependent": Case("sac", NUMBERS, BOX, {"sde_sample_freq": 4}),
    "gru": Case("ppo", NUMBERS, ONE, {"recurrent": {"cell": "gru", "size": 5}}),
    "lstm": Case("a2c", PARTS, BOX, {"recurrent": {"cell": "lstm", "size": 5}, "network": MANY}),
    "lstm, state-dependent": Case(
        "ppo", NUMBERS, BOX, {"recurrent": {"cell": "lstm", "size": 5}, "sde_sample_freq": 4}
    ),
    "masked by info": Case("ppo", NUMBERS, ONE, masked="info"),
    "masked parts by info": Case("dqn", PARTS, ONE, masked="info"),
    "masked choices": Case("ppo", NUMBERS, STARTED, masked="action_mask"),
    "masked bits": Case("ppo", PARTS, BITS, masked="action_masks"),
    "masked gru": Case("impala", PAIR, ONE, {"recurrent": {"cell": "gru", "size": 3}}, "info"),
}


class Made(NamedTuple):
    """A policy with random arrays."""

    spec: RunSpec
    info: SpaceInfo
    policy: Policy
    model: Any
    session: Any

    def actor(self) -> Actor:
        return registry.acting(self.spec).actor(self.spec, self.policy, self.info, {})


@cache
def made(name: str) -> Made:
    algorithm, observed, acted, settings, masked = CASES[name]
    settings = {"name": algorithm, "hidden_sizes": [16, 12], **settings}
    raw = {"environment": {"id": "Any-v0"}, "stop": {"env_steps": 9}, "algorithm": settings}
    spec, size = registry.parse(raw), sum(masks.groups(acted))
    if masked and masked != "info":
        inner = dict(observed.spaces) if isinstance(observed, Dict) else {"seen": observed}
        observed = Dict({**inner, masked: MultiBinary(size)})
    acts = registry.rules(spec).ACTIONS
    info = space_info.of_spaces("Any-v0", observed, acted, algorithm, acts, masked == "info")
    policy = random_policy(spec, info)
    data = onnx_files.dump(graphs.of(spec, policy, info), "a policy", {})
    session = onnxruntime.InferenceSession(data)
    return Made(spec, info, policy, onnx.load_from_string(data), session)


def random_policy(spec: RunSpec, info: SpaceInfo) -> Policy:
    """Arrays in which numbers keep their size from layer to layer, and statistics if asked for."""
    random, found = np.random.default_rng(4), {}
    for path, array in registry.acting(spec).policy_arrays(spec, info).items():
        shape = tuple(n for n in array.dimensions if isinstance(n, int))
        scale = prod(shape[:-1]) ** -0.5 if len(shape) > 1 else 0.3
        found[path] = random.normal(size=shape, scale=scale).astype(np.float32)
    statistics, size = None, info.observation_size
    if spec.algorithm.normalize_observations:
        m2 = random.uniform(0.1, 90, size)
        statistics = Statistics(count=9.0, mean=random.normal(size=size), m2=m2)
    return Policy(version=1, parameters=found, statistics=statistics)


@st.composite
def batches(draw: Any, info: SpaceInfo, steps: int = 1) -> list[Batch]:
    """What environments show in some steps."""
    size = draw(st.integers(1, 4))
    return [{part.path: draw(_part(part, info, size)) for part in info.parts} for _ in range(steps)]


def _part(part: Leaf, info: SpaceInfo, size: int) -> Any:
    shape, dtype = (size, *part.shape), np.dtype(part.dtype)
    if part.kind == "mask":  # the first choice of each element is allowed, so that one is
        firsts = np.cumsum((0, *part.choices[:-1]))
        drawn = arrays(np.bool_, shape)
        return drawn.map(lambda m: m | np.isin(np.arange(m.shape[1]), firsts))
    if part.kind == "choices" or info.observation_start is not None:
        sizes = np.array(part.choices or info.observation_size).reshape(part.shape)
        starts = np.array(part.starts or info.observation_start).reshape(part.shape)
        drawn = arrays(np.int64, shape, elements=st.integers(0, 11))
        return drawn.map(lambda n: n % sizes + starts)
    if part.kind == "bits":
        return arrays(dtype, shape, elements=st.integers(0, 1))
    width = 8 * dtype.itemsize
    numbers: Any = st.floats(-9, 9, width=width if dtype.kind == "f" else 32)
    if dtype.kind == "u":
        return arrays(dtype, shape, elements=st.integers(0, 255))
    return arrays(dtype, shape, elements=numbers if dtype.kind == "f" else st.integers(-9, 9))


def fed(batch: Batch, info: SpaceInfo) -> Batch:
    """The inputs by name."""
    mask = info.mask
    parts = {own_path(path, info): x for path, x in batch.items() if not mask or path != mask.path}
    found = {f"observation/{path}" if path else "observation": x for path, x in parts.items()}
    return found | ({"action_mask": batch[mask.path]} if mask else {})


def close(found: np.ndarray, expected: np.ndarray) -> None:
    few = 1e-3 if expected.dtype == np.float16 else 1e-5
    np.testing.assert_allclose(found, expected, atol=few, rtol=few)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_onnxruntime_acts_as_the_actor_does(name: str, data: Any) -> None:
    """Within 1e-5, memory too; the choices that it makes are those of its own outputs."""
    of, memory = made(name), None
    info, actor = of.info, of.actor()
    for batch in data.draw(batches(info, 3 if cells.cell_of(of.spec) else 1)):
        kept = of_parts(batch, info) if info.leaves else stored(batch[""], info)
        seen = features(kept, info)
        memory = cells.initial(of.spec, len(seen)) if memory is None else memory
        inputs = fed(batch, info) | ({} if memory is None else {"memory": memory.copy()})
        action, outputs, *rest = of.session.run(None, inputs)
        expected = actor.outputs(seen, mask=masks.of(kept, info.mask), memory=memory)
        close(outputs, expected)
        close(action, actor.sent(actor.deterministic(outputs)))
        if info.continuous:
            close(action, actor.sent(actor.deterministic(expected)))
        for found in rest:
            close(found, memory)


@pytest.mark.parametrize("name", CASES)
def test_every_file_is_valid_and_says_its_opset(name: str) -> None:
    """Its shapes follow from its inputs', whose first axis is open, with nothing of its own."""
    model = made(name).model
    onnx.checker.check_model(model, full_check=True)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", OPSET)]
    for port in (*model.graph.input, *model.graph.output):
        first, *others = port.type.tensor_type.shape.dim
        assert first.dim_param == "batch"
        assert all(each.dim_value > 0 for each in others)


def test_every_algorithm_is_drawn() -> None:
    assert {case.algorithm for case in CASES.values()} == set(PACKAGES)


@pytest.mark.parametrize("name", CASES)
def test_every_array_is_read(name: str) -> None:
    """Under its own path, but for what samples alone; and no constant is there for nothing."""
    of = made(name)
    graph = graphs.of(of.spec, of.policy, of.info)
    read = {value for node in graph.nodes for value in node.inputs}
    assert set(of.policy.parameters) - {"policy/log_std"} <= set(graph.constants) <= read
    assert {port.name for port in graph.inputs} <= read
