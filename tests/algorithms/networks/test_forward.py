"""The forward pass in NumPy beside Flax's, of every kind of network, and the arrays of both."""

from functools import partial
from typing import Any

import jax
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary

from faastraingym.algorithms import dense, registry, trees
from faastraingym.algorithms.actor_critic import networks as actor_critic
from faastraingym.algorithms.dqn import acting as dqn
from faastraingym.algorithms.environments import space_info
from faastraingym.algorithms.environments.observations import alone, compact, features, joined
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.networks.convolution import convolve
from faastraingym.algorithms.networks.forward import forward
from faastraingym.algorithms.off_policy import networks as q_networks
from faastraingym.algorithms.ppo import acting as ppo
from faastraingym.algorithms.sac import acting as sac
from faastraingym.algorithms.sac import networks as sac_networks
from faastraingym.schemas.array_specs import ArraySpecs
from faastraingym.schemas.payloads import Arrays, LearnerState, Policy
from faastraingym.schemas.specification import RunSpec

PIXELS = Box(0, 255, (44, 40, 3), np.uint8)
STACK = Box(0, 255, (4, 36, 36), np.uint8)
FRAMES = Box(0, 255, (2, 9, 10, 3), np.uint8)
PLANES = Box(0, 1, (10, 10, 6), np.float32)
PARTS = Dict(
    camera=Box(0, 255, (3, 40, 44), np.uint8),
    near=Dict(depth=Box(0, 5, (8, 9), np.float32), touch=MultiBinary(3)),
    place=Box(-9, 9, (5,), np.float64),
    room=Discrete(4),
)
ENCODERS = [
    {"part": "near/depth", "kind": "small"},
    {"part": "place", "kind": "mlp", "hidden_sizes": [7, 6]},
]
CHOICES, BOX = Discrete(3), Box(-2, 3, (2,), np.float32)
CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "nature": (PIXELS, {"images": "nature"}),
    "frames first": (STACK, {"images": "nature"}),
    "frames of colours": (FRAMES, {"images": "small", "layer_norm": True}),
    "numbers": (PLANES, {"images": "small"}),
    "given": (PLANES, {"encoders": [{"kind": "small", "channels": "first"}]}),
    "by part": (PARTS, {"images": "nature", "encoders": ENCODERS, "layer_norm": True}),
    "bytes, dense": (PIXELS, {"encoders": [{"kind": "mlp", "hidden_sizes": [8]}]}),
    "normalised layers": (Box(-1, 1, (5,)), {"layer_norm": True}),
    "numbered": (Discrete(6, start=2), {"encoders": [{"kind": "mlp"}]}),
}


def specified(name: str, network: dict[str, Any], **algorithm: Any) -> RunSpec:
    settings = {"name": name, "hidden_sizes": [16, 12], "network": network, **algorithm}
    raw = {"environment": {"id": "CartPole-v1"}, "stop": {"env_steps": 9}, "algorithm": settings}
    return registry.parse(raw)


def seen_in(space: Any, info: SpaceInfo, number: int = 5) -> Any:
    space.seed(3)
    return joined([alone(space.sample(), info) for _ in range(number)])


def info_of(space: Any, acted: Any = CHOICES) -> SpaceInfo:
    return space_info.of_spaces("Any-v0", space, acted, "any", ("Discrete", "BoundedBox"))


def arrays_of(specs: ArraySpecs) -> Arrays:
    """Random ones of such shapes, in which numbers keep their size from layer to layer."""
    random, found = np.random.default_rng(4), {}
    for path, spec in specs.items():
        dimensions = tuple(n for n in spec.dimensions if isinstance(n, int))
        scale = np.prod(dimensions[:-1]) ** -0.5 if len(dimensions) > 1 else 0.1
        found[path] = random.normal(size=dimensions, scale=scale).astype(np.float32)
    return found


def shapes(tree: Any) -> dict[str, Any]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(k, simple=True, separator="/"): v.shape for k, v in leaves}


@pytest.mark.parametrize("case", CASES)
def test_an_actor_critic_acts_in_numpy_as_in_flax(case: str) -> None:
    """And its arrays are those that the learner initialises; every second trunk is shared."""
    space, network = CASES[case]
    shared = list(CASES).index(case) % 2 == 1
    asked = {**network, "trunk": "shared" if shared else "separate"}
    spec, info = specified("ppo", asked), info_of(space)
    trunk = description.trunk(spec, info)
    architecture = actor_critic.Architecture(trunk, 3, continuous=False, shared=shared)
    declared = ppo.learner_arrays(spec, info)
    begin = partial(actor_critic.initial, architecture, info.observation_size)
    initial = shapes(jax.eval_shape(begin, jax.random.key(2)))
    assert {n: s.dimensions for n, s in declared.items()} == initial
    assert set(ppo.policy_arrays(spec, info)) == {n for n in declared if n.startswith("policy/")}

    parameters, seen = arrays_of(declared), seen_in(space, info)
    actor = ppo.actor(spec, Policy(version=0, parameters=parameters), info, {})
    found = actor.outputs(features(seen, info))
    both = jax.jit(partial(actor_critic.outputs_and_values, architecture))
    expected, values = both(trees.nest(parameters), compact(seen, info))
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)
    kept = LearnerState(version=0, env_steps=0, parameters=parameters, optimizer={})
    valued = ppo.critic(spec, kept, info).values(features(seen, info))
    np.testing.assert_allclose(valued, values, atol=1e-5, rtol=0)
    assert (found.dtype, valued.dtype, valued.shape) == (np.float32, np.float32, (len(found),))
    assert np.ptp(found, axis=0).max() > 1e-2  # what is seen makes a difference


@pytest.mark.parametrize("case", ["nature", "by part"])
def test_a_q_network_acts_in_numpy_as_in_flax(case: str) -> None:
    space, network = CASES[case]
    spec, info = specified("dqn", network, dueling=True), info_of(space)
    architecture = q_networks.Architecture(description.trunk(spec, info), 3, dueling=True)
    declared = dqn.policy_arrays(spec, info)
    begin = partial(q_networks.initial, architecture, info.observation_size)
    initial = shapes({"q": jax.eval_shape(begin, jax.random.key(2))})
    assert {n: s.dimensions for n, s in declared.items()} == initial

    parameters, seen = arrays_of(declared), seen_in(space, info)
    actor = dqn.actor(spec, Policy(version=0, parameters=parameters), info, {})
    values = jax.jit(partial(q_networks.values, architecture))
    expected = values(trees.nest(parameters)["q"], compact(seen, info))
    found = actor.outputs(features(seen, info))
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("case", CASES)
def test_sac_acts_in_numpy_as_in_flax(case: str) -> None:
    """With noise of either kind; its critics have the arrays that are declared."""
    space, network = CASES[case]
    asked = {"sde_sample_freq": 4, "log_std_init": -1.0} if case == "by part" else {}
    spec, info = specified("sac", network, **asked), info_of(space, BOX)
    trunk, log_std_init = description.trunk(spec, info), asked.get("log_std_init")
    of = sac_networks.Shapes(trunk, info.observation_size, 2, log_std_init)
    declared = sac.learner_arrays(spec, info)
    begin = {"policy": sac_networks.initial_policy, "critic_1": sac_networks.initial_critic}
    for which, fresh in begin.items():
        initial = shapes({which: jax.eval_shape(partial(fresh, of), jax.random.key(2))})
        own = {n: s.dimensions for n, s in declared.items() if n.startswith(f"{which}/")}
        assert own == initial

    parameters, seen = arrays_of(declared), seen_in(space, info)
    actor = sac.actor(spec, Policy(version=0, parameters=parameters), info, {})
    outputs = jax.jit(partial(sac_networks.outputs, of))
    expected = outputs(trees.nest(parameters)["policy"], compact(seen, info))
    found = actor.outputs(features(seen, info))
    compared = 2 if asked else 4  # then features follow the means, and deviations are of them
    np.testing.assert_allclose(found[:, :compared], expected[:, :compared], atol=1e-5, rtol=0)


@pytest.mark.parametrize("case", ["nature", "by part", "normalised layers"])
def test_a_critics_encoders_read_the_observation_alone(case: str) -> None:
    """Beside them hidden layers read the action as it is: here with the trunk's, in NumPy."""
    space, network = CASES[case]
    spec, info = specified("sac", network, hidden_sizes=[]), info_of(space, BOX)
    trunk = description.trunk(spec, info)
    of = sac_networks.Shapes(trunk, info.observation_size, 2)
    parameters, seen = arrays_of(sac.learner_arrays(spec, info)), seen_in(space, info)
    actions = np.random.default_rng(6).uniform(-1, 1, (5, 2)).astype(np.float32)
    values = jax.jit(partial(sac_networks.values, of))
    found = values(trees.nest(parameters)["critic_0"], compact(seen, info), actions)
    encoded = forward("critic_0", trunk, parameters)(features(seen, info))
    both = np.concatenate([encoded, actions], axis=1)
    expected = dense.linear(dense.layer("critic_0/head", parameters), both)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("case", ["nature", "frames of colours"])
def test_a_shared_trunk_gives_the_same_values_alone(case: str) -> None:
    """What estimates read, and what the loss reads, is one network."""
    space, network = CASES[case]
    spec, info = specified("ppo", {**network, "trunk": "shared"}), info_of(space)
    trunk = description.trunk(spec, info)
    architecture = actor_critic.Architecture(trunk, 3, continuous=False, shared=True)
    parameters = trees.nest(arrays_of(ppo.learner_arrays(spec, info)))
    seen = compact(seen_in(space, info), info)
    outputs, values = jax.jit(partial(actor_critic.outputs_and_values, architecture))(
        parameters, seen
    )
    alone = jax.jit(partial(actor_critic.state_values, architecture))(parameters, seen)
    np.testing.assert_allclose(values, alone, atol=1e-6)
    apart = jax.jit(partial(actor_critic.policy_outputs, architecture))(parameters, seen)
    np.testing.assert_allclose(outputs, apart, atol=1e-6)


def test_a_convolution_by_hand() -> None:
    """Two images at once, of one filter, by 1: what is below 0 is cut off."""
    image = np.arange(9, dtype=np.float32).reshape(3, 3)
    images = np.stack([image, -image])[..., None]
    kernel = np.array([[1, 0], [0, 2]], np.float32)[..., None, None]
    found = convolve(images, kernel, np.array([-0.5], np.float32), 1)
    assert found[0, ..., 0].tolist() == [[7.5, 10.5], [16.5, 19.5]]
    assert not found[1].any()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_many_images_are_convolved_as_each_alone(stride: int) -> None:
    """More than are taken at a time, and a last few; patches that do not reach the edge."""
    random = np.random.default_rng(1)
    images = random.normal(size=(11, 40, 31, 4)).astype(np.float32)
    kernel = random.normal(size=(5, 5, 4, 6)).astype(np.float32)
    found = convolve(images, kernel, np.ones(6, np.float32), stride)
    each = [convolve(image[None], kernel, np.ones(6, np.float32), stride)[0] for image in images]
    np.testing.assert_allclose(found, each, atol=1e-4)
    assert found.shape == (11, (40 - 5) // stride + 1, (31 - 5) // stride + 1, 6)


def test_bytes_are_scaled_once_whether_they_are_a_part_or_alone() -> None:
    """The same image, alone and in a Dict, gives the same numbers; flat and alone it is not."""
    alone, part = info_of(PIXELS), info_of(Dict(camera=PIXELS))
    spec = specified("ppo", {"images": "nature"})
    (of_alone,), (of_part,) = (description.trunk(spec, i).encoders for i in (alone, part))
    image = np.full((1, *PIXELS.shape), 255, np.uint8)
    assert features(image, alone).max() * of_alone.part.scale == pytest.approx(1.0)
    assert features({"camera": image}, part).max() * of_part.part.scale == pytest.approx(1.0)
    assert compact(image, alone).dtype == np.uint8
