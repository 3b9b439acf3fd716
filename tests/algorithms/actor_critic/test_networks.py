import jax
import numpy as np
import pytest

from faastraingym.algorithms import trees
from faastraingym.algorithms.actor_critic import networks
from faastraingym.algorithms.actor_critic.networks import Architecture
from faastraingym.algorithms.networks.description import Trunk

ARCHITECTURE = Architecture(
    Trunk((16, 8), "tanh"), action_size=3, continuous=True, log_std_init=-0.5
)


@pytest.fixture
def parameters() -> networks.Parameters:
    return networks.initial(ARCHITECTURE, 5, jax.random.key(0))


@pytest.mark.parametrize(
    ("path", "scale"),
    [
        ("policy/layer_0/kernel", 2**0.5),
        ("policy/layer_1/kernel", 2**0.5),
        ("policy/head/kernel", 0.01),
        ("value/layer_0/kernel", 2**0.5),
        ("value/head/kernel", 1.0),
    ],
)
def test_kernels_are_orthogonal(parameters: networks.Parameters, path: str, scale: float) -> None:
    """All singular values are the layer's scale."""
    singular = np.linalg.svd(trees.flatten(parameters)[path], compute_uv=False)
    np.testing.assert_allclose(singular, scale, rtol=1e-5)


def test_policy_and_value_share_nothing(parameters: networks.Parameters) -> None:
    """Two networks with the same hidden sizes start from different parameters."""
    flat = trees.flatten(parameters)
    assert not np.array_equal(flat["policy/layer_0/kernel"], flat["value/layer_0/kernel"])
    assert flat["policy/log_std"].tolist() == [-0.5] * 3
    assert not any(flat[path].any() for path in flat if path.endswith("bias"))


def test_shapes(parameters: networks.Parameters) -> None:
    """[T, B, O] gives [T, B, A] and [T, B]."""
    seen = np.ones((7, 2, 5), np.float32)
    assert networks.policy_outputs(ARCHITECTURE, parameters, seen).shape == (7, 2, 3)
    assert networks.state_values(ARCHITECTURE, parameters, seen).shape == (7, 2)
