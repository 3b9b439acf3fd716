"""A policy as an ONNX file, and what another program does with it."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from faastraingym import BadInput, Policy
from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.graphs.graph import Graph
from faastraingym.client import onnx_files
from faastraingym.schemas import payloads
from tests.algorithms.graphs.test_policy import random_policy
from tests.client.facts import RUN, SPEC
from tests.client.test_policy import report_of

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")

GRU = {"cell": "gru", "size": 6}
PLAYED: dict[str, dict[str, Any]] = {
    "CartPole-v1": {"name": "ppo", "normalize_observations": True},
    "Acrobot-v1": {"name": "impala", "recurrent": GRU},
    "Pendulum-v1": {"name": "sac"},
    "MountainCarContinuous-v0": {"name": "ppo", "rescale_actions": True},
    "FrozenLake-v1": {"name": "dqn", "dueling": True},
    "Blackjack-v1": {"name": "a2c"},  # a Tuple
    "Taxi-v4": {"name": "ppo"},  # tells masks
}


def policy_in(env: str, algorithm: dict[str, Any]) -> Policy:
    raw = SPEC | {"environment": {"id": env}, "algorithm": algorithm}
    spec = registry.parse(raw)
    info = describe(spec)
    return Policy(random_policy(spec, info), report_of(raw), info)


def opened(file: Path) -> Any:
    return onnxruntime.InferenceSession(file)


def inputs_of(observation: Any, info: dict[str, Any], session: Any) -> dict[str, np.ndarray]:
    """What an environment gave, as a batch of one."""
    parts = {"observation": observation}
    if isinstance(observation, tuple):
        parts = {f"observation/{i}": part for i, part in enumerate(observation)}
    if any(port.name == "action_mask" for port in session.get_inputs()):
        parts["action_mask"] = info["action_mask"].astype(np.bool_)
    return {name: np.asarray(part)[None] for name, part in parts.items()}


@pytest.mark.parametrize("env", PLAYED)
def test_an_episode_is_played_alike(env: str, tmp_path: Path) -> None:
    """Step for step, as the environment gives observations and takes actions."""
    policy = policy_in(env, PLAYED[env])
    session = opened(policy.export_onnx(tmp_path / "policy.onnx"))
    remembers = any(port.name == "memory" for port in session.get_inputs())
    memory = {"memory": np.zeros((1, GRU["size"]), np.float32)} if remembers else {}
    state, taken = None, []
    with gymnasium.make(env) as made:
        observation, info = made.reset(seed=5)
        for _ in range(60):
            found = session.run(None, inputs_of(observation, info, session) | memory)
            masks = info.get("action_mask") if policy.needs_action_masks else None
            expected, state = policy.predict(observation, state, action_masks=masks)
            np.testing.assert_allclose(found[0][0], expected, atol=1e-5, rtol=1e-5)
            memory = {"memory": found[2]} if remembers else {}
            taken.append(found[0][0])
            observation, _, terminated, truncated, info = made.step(found[0][0])
            if terminated or truncated:
                break
    assert made.action_space.contains(taken[0])


def test_a_file_says_what_it_is(tmp_path: Path) -> None:
    """Whose SHA-256 is that of the stored policy; equal policies are equal files."""
    policy = policy_in("Pendulum-v1", {"name": "sac"})
    file = policy.export_onnx(tmp_path / "one.onnx")
    meta = opened(file).get_modelmeta()
    stored = payloads.dump(policy._payload)
    assert meta.custom_metadata_map["sha256"] == hashlib.sha256(stored).hexdigest()
    told = {name: meta.custom_metadata_map[name] for name in ("run", "version", "environment")}
    assert told == {"run": RUN, "version": "1", "environment": "Pendulum-v1"}
    spaces = json.loads(meta.custom_metadata_map["spaces"])
    assert (spaces["low"], spaces["high"], spaces["observation_shape"]) == ([-2.0], [2.0], [3])
    assert json.loads(meta.custom_metadata_map["specification"]) == policy.report.spec
    assert "model" not in meta.custom_metadata_map
    assert meta.producer_name == "faastraingym"

    again = Policy.load(policy.save(tmp_path / "policy.npz")).export_onnx(tmp_path / "two.onnx")
    assert again.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("policy.npz", r"policy\.npz: give an ONNX file the suffix \.onnx"),
        ("no/where.onnx", r"there is no folder .*no; make it first"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        policy_in("CartPole-v1", {"name": "ppo"}).export_onnx(tmp_path / name)


def test_without_the_extra_its_name_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(BadInput, match=r'needs onnx; `pip install "faastraingym\[onnx\]"`'):
        policy_in("CartPole-v1", {"name": "ppo"}).export_onnx(tmp_path / "policy.onnx")


def test_a_policy_without_spaces_is_refused(tmp_path: Path) -> None:
    """As it cannot act, either."""
    known = policy_in("CartPole-v1", {"name": "ppo"})
    with pytest.raises(BadInput, match="the spaces of CartPole-v1 are not known here"):
        Policy(known._payload, known.report, None).export_onnx(tmp_path / "policy.onnx")


def test_what_is_too_large_for_one_file_is_refused() -> None:
    """Protobuf has at most 2 GiB."""
    graph = Graph(payloads.Policy(version=0, parameters={}))
    graph.node("Gemm", np.broadcast_to(np.float32(1), (1 << 15, 1 << 15)))
    with pytest.raises(BadInput, match=r"has 4,294,967,296 bytes; an ONNX file has at most 2,1"):
        onnx_files.dump(graph, "", {})
