"""SAC learns from images: what its encoders are, and that all of them learn."""

from typing import Any

import jax
import numpy as np
import pytest
from gymnasium.spaces import Box

from faastraingym.algorithms import registry
from faastraingym.algorithms.environments import space_info
from faastraingym.algorithms.environments.space_info import SpaceInfo
from faastraingym.algorithms.networks import description
from faastraingym.algorithms.off_policy.updating import Learnt, learn
from faastraingym.algorithms.sac import learner, networks, updating
from faastraingym.algorithms.sac.acting import CRITICS
from faastraingym.algorithms.sac.networks import Shapes
from faastraingym.algorithms.sac.specification import SAC
from faastraingym.algorithms.sac.updating import Setup

SHOWN, ACTED = Box(0, 255, (9, 10, 3), np.uint8), Box(-2, 3, (2,), np.float32)
INFO: SpaceInfo = space_info.of_spaces("Any-v0", SHOWN, ACTED, "sac", ("BoundedBox",))
RATE = {"learning_rate": np.float32(1e-3)}
SPEC = registry.parse(
    {
        "environment": {"id": "Pendulum-v1"},
        "stop": {"env_steps": 9},
        "algorithm": {"name": "sac", "hidden_sizes": [16], "network": {"images": "small"}},
    }
)


def samples(steps: int, batch: int) -> dict[str, Any]:
    """Images as bytes, and actions within bounds that were scaled to -1 to 1."""
    random = np.random.default_rng(1)
    shape = (steps, batch)
    images = random.integers(0, 256, (2, *shape, INFO.observation_size), np.uint8)
    drawn = random.uniform(-1, 1, (3, *shape, 2)).astype(np.float32)
    return {
        "observations": images[0],
        "next_observations": images[1],
        "actions": drawn[0],
        "returns": random.normal(size=shape).astype(np.float32),
        "discounts": np.full(shape, 0.9, np.float32),
        "valid": np.ones(shape, np.bool_),
        "weights": np.ones(shape, np.float32),
        "noise": drawn[1],
        "next_noise": drawn[2],
    }


@pytest.fixture(scope="module")
def before() -> tuple[Setup, Learnt]:
    settings = SPEC.algorithm
    assert isinstance(settings, SAC)
    shapes = Shapes(description.trunk(SPEC, INFO), INFO.observation_size, INFO.action_size)
    setup = Setup(settings, shapes, log_scale=0.0, target_entropy=-2.0)
    return setup, learner.initial(setup, jax.random.key(3))


def test_a_batch_of_images_is_learnt_from(before: tuple[Setup, Learnt]) -> None:
    """All encoders move, those of targets after their critics; metrics are finite."""
    setup, first = before
    after, metrics, errors = jax.jit(learn, static_argnums=(0, 1))(
        learner.METHOD, setup, first, samples(2, 8), RATE
    )
    assert all(np.isfinite(value) for value in metrics.values())
    assert np.isfinite(errors).all()
    for which in ("policy", *CRITICS, "target_0", "target_1"):
        for layer in ("conv_0", "layer_0"):
            was, now = (
                each.networks[which]["encoder_0"][layer]["kernel"] for each in (first, after)
            )
            assert not np.array_equal(was, now), (which, layer)


def test_the_gradients_of_all_encoders_are_not_zero(before: tuple[Setup, Learnt]) -> None:
    setup, (found, _) = before
    batch = {name: array[0] for name, array in samples(1, 8).items()}
    critics = {name: found[name] for name in CRITICS}
    of_critics = jax.grad(lambda c: updating.critic_loss(setup, batch, batch["returns"], c)[0])
    of_policy = jax.grad(lambda p: updating.policy_loss(setup, batch, critics, 0.2, p)[0])
    gradients = {**of_critics(critics), "policy": of_policy(found["policy"])}
    for which, gradient in gradients.items():
        assert np.abs(gradient["encoder_0"]["conv_0"]["kernel"]).max() > 1e-6, which


def test_a_critic_depends_on_the_action(before: tuple[Setup, Learnt]) -> None:
    setup, (found, _) = before
    seen = samples(1, 8)["observations"][0]
    low, high = (
        networks.values(setup.shapes, found["critic_0"], seen, np.full((8, 2), a, np.float32))
        for a in (-1.0, 1.0)
    )
    assert np.abs(low - high).min() > 1e-4
