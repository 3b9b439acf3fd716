"""A policy acts by NumPy alone."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.classic_control import CartPoleEnv

from faastraingym import BadInput, Policy, evaluate
from faastraingym.algorithms import registry
from faastraingym.algorithms.environments.space_info import SpaceInfo, describe
from faastraingym.events.pipeline.history import fold
from faastraingym.events.views.report import build
from faastraingym.schemas import payloads
from faastraingym.schemas.messages import RunRequested
from faastraingym.schemas.payloads import Statistics
from faastraingym.schemas.report import RunReport
from tests.client.facts import NOW, POLICY, RUN, SPEC, beginning, records


def report_of(spec: dict[str, Any]) -> RunReport:
    said = records(RunRequested(run=RUN, spec=spec), *beginning())
    return build(RUN, fold(said), [], NOW)


def policy_of(env: str, layers: dict[str, Any], **settings: Any) -> Policy:
    """A policy with the head that is given, in the environment of that id."""
    raw = SPEC | {"environment": {"id": env}, "algorithm": {"name": "ppo", **settings}}
    arrays = {f"policy/{path}": np.asarray(value, np.float32) for path, value in layers.items()}
    payload = payloads.Policy(version=1, parameters=arrays)
    return Policy(payload, report_of(raw), describe(registry.parse(raw)))


@pytest.fixture
def cartpole() -> Policy:
    """Pushes to where the pole falls."""
    return Policy(POLICY, report_of(SPEC), describe(registry.parse(SPEC)))


def test_a_single_observation_has_a_single_action(cartpole: Policy) -> None:
    """A number that indexes tables and counts, as environments want it."""
    action, state = cartpole.predict(np.array([0.0, 0.0, 0.1, 0.0]))
    assert (action, state) == (1, None)
    assert action.shape == ()
    assert {1: "right"}[action] == "right"


def test_a_batch_has_a_batch_of_actions(cartpole: Policy) -> None:
    seen = np.array([[0.0, 0.0, 0.1, 0.0], [0.0, 0.0, -0.1, 0.0], [9.0, 9.0, 0.0, 2.0]])
    state = (np.ones(3),)
    actions, after = cartpole.predict(seen, state, np.zeros(3, bool))
    np.testing.assert_array_equal(actions, [1, 0, 1])
    assert after is state


def test_continuous_actions_are_clipped_to_the_space() -> None:
    pendulum = policy_of(
        "Pendulum-v1",
        {"head/kernel": [[9.0], [0.0], [0.0]], "head/bias": [0.5], "log_std": [0.0]},
    )
    actions, _ = pendulum.predict([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    np.testing.assert_array_equal(actions, np.array([[2.0], [-2.0], [0.5]], np.float32))
    assert pendulum.predict(np.zeros(3, np.float32))[0].shape == (1,)


def test_discrete_observations_are_numbers() -> None:
    lake = policy_of("FrozenLake-v1", {"head/kernel": np.eye(16, 4), "head/bias": np.zeros(4)})
    assert lake.predict(3)[0] == 3
    np.testing.assert_array_equal(lake.predict(np.array([2, 1]))[0], [2, 1])


def test_sampled_actions_follow_the_distribution_and_the_seed(cartpole: Policy) -> None:
    """Equal logits: half of them each."""
    seen = np.zeros((4000, 4))
    cartpole.generator = np.random.default_rng(7)
    first = cartpole.predict(seen, deterministic=False)[0]
    assert 0.45 < first.mean() < 0.55
    cartpole.generator = np.random.default_rng(7)
    np.testing.assert_array_equal(cartpole.predict(seen, deterministic=False)[0], first)
    assert not cartpole.predict(seen)[0].any()


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 2, 4)])
def test_an_observation_of_another_shape_is_refused(
    cartpole: Policy, shape: tuple[int, ...]
) -> None:
    with pytest.raises(BadInput, match="CartPole-v1 has \\(4,\\), or a batch"):
        cartpole.predict(np.zeros(shape))


@pytest.mark.parametrize(
    "given", [(np.zeros(4), {}), None, "left", {"a": 1}, (0, {})], ids=lambda given: str(given)
)
def test_what_is_no_array_of_numbers_is_refused(cartpole: Policy, given: Any) -> None:
    """What `reset` returns is a pair; the observation is its first part."""
    with pytest.raises(BadInput, match=r"an observation is a .*; CartPole-v1 has an array"):
        cartpole.predict(given)


def test_a_file_has_all_that_acts(tmp_path: Path) -> None:
    """Parameters, statistics, spaces with infinite bounds, and the report."""
    statistics = Statistics(count=3.0, mean=np.full(3, 0.5), m2=np.full(3, 12.0))
    arrays = {
        "policy/head/kernel": np.ones((3, 2), np.float32),
        "policy/head/bias": np.zeros(2, np.float32),
        "policy/log_std": np.zeros(2, np.float32),
    }
    payload = payloads.Policy(version=1, parameters=arrays, statistics=statistics)
    spaces = SpaceInfo(3, True, 2, (-np.inf, -1.0), (np.inf, 1.0), observation_shape=(3,))
    made = Policy(payload, report_of(SPEC), spaces)
    loaded = Policy.load(made.save(tmp_path / "a.npz"))
    assert (loaded.report, loaded.version) == (made.report, 1)
    seen = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    actions = loaded.predict(seen)[0]
    np.testing.assert_array_equal(actions, made.predict(seen)[0])
    scaled = np.clip((seen - 0.5) / np.sqrt(4.0 + 1e-8), -10, 10).sum(axis=1)
    np.testing.assert_allclose(actions, np.c_[scaled, np.clip(scaled, -1, 1)], rtol=1e-5)


def test_an_empty_batch_is_refused(cartpole: Policy) -> None:
    with pytest.raises(BadInput, match="a batch of observations is empty"):
        cartpole.predict(np.zeros((0, 4)))


def test_spaces_are_those_of_a_named_environment(cartpole: Policy, tmp_path: Path) -> None:
    """By all that `train` takes."""
    cartpole._spaces = None
    cartpole.save(tmp_path / "policy.npz")
    for env in ("CartPole-v1", CartPoleEnv, gymnasium.make("CartPole-v1")):
        loaded = Policy.load(tmp_path, env)
        assert loaded.predict(np.zeros(4))[0].shape == ()


def test_of_a_folder_the_newest_segment_counts(cartpole: Policy, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"has no policy\.npz; `faastrain fetch RUN"):
        Policy.load(tmp_path)
    cartpole.save(tmp_path / "policy.npz")
    (tmp_path / "policy.10.npz").write_text("the newest")
    (tmp_path / "policy.9.npz").write_text("an older one")
    with pytest.raises(BadInput, match=r"policy\.10\.npz: holds no policy"):
        Policy.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"text", "no-report", "bad-report", "object"])
def test_what_is_no_policy_is_refused(content: Any, tmp_path: Path) -> None:
    """In one sentence with the file's name; a pickled object is never loaded."""
    file = tmp_path / "a.npz"
    members: dict[str, Any] = {
        "no-report": {"policy/head/bias": np.zeros(2)},
        "bad-report": {"report": np.array("{}")},
        "object": {"report": np.array([{}], object)},
    }
    if isinstance(content, str):
        buffer = io.BytesIO()
        np.savez(buffer, **members[content])
        content = buffer.getvalue()
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.npz: holds no policy") as refusal:
        Policy.load(file)
    if not content.startswith(b"PK\x03"):
        assert "it is no .npz file" in str(refusal.value)  # and not NumPy's advice to unpickle it
    with pytest.raises(BadInput, match=r"none\.npz: cannot be read: No such file"):
        Policy.load(tmp_path / "none.npz")


def test_spaces_that_are_not_in_the_file_are_the_environments(
    cartpole: Policy, tmp_path: Path
) -> None:
    """As where the machine that wrote it does not have the environment."""
    file = Policy(POLICY, cartpole.report, None).save(tmp_path / "a.npz")
    with pytest.raises(BadInput, match=r"Policy.load\(..., env=gymnasium.make\('CartPole-v1'\)"):
        Policy.load(file).predict(np.zeros(4))
    env = gymnasium.make("CartPole-v1")
    assert Policy.load(file, env).predict(np.array([0.0, 0.0, 0.1, 0.0]))[0] == 1
    env.action_space = gymnasium.spaces.Text(2)
    with pytest.raises(BadInput, match="PPO cannot act in Text"):
        Policy.load(file, env)


@pytest.mark.parametrize("path", ["a.msgpack", "no/such/a.npz"])
def test_where_it_cannot_be_written(cartpole: Policy, tmp_path: Path, path: str) -> None:
    with pytest.raises(BadInput, match=path):
        cartpole.save(tmp_path / path)


def test_it_is_told_apart(cartpole: Policy) -> None:
    assert repr(cartpole) == f"<Policy version 1 of {RUN}: CartPole-v1>"


LOOP = """
import sys

class Refused:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {"jax", "jaxlib", "flax", "optax", *sys.argv[2:]}:
            raise ImportError(name)

sys.meta_path.insert(0, Refused())
import gymnasium
%s
env, total = gymnasium.make("CartPole-v1"), 0.0
observation, _ = env.reset(seed=5)
while True:
    observation, reward, terminated, truncated, _ = env.step(act(observation))
    total += reward
    if terminated or truncated:
        break
print(total)
"""
OURS = """
from faastraingym import Policy
policy = Policy.load(sys.argv[1])
act = lambda observation: policy.predict(observation)[0]
"""
NUMPY = """
import json, numpy
data = numpy.load(sys.argv[1])
report = json.loads(str(data["report"]))
def act(x):
    for i in range(len(report["spec"]["algorithm"]["hidden_sizes"])):
        layer = f"policy/layer_{i}/"
        x = numpy.tanh(x @ data[layer + "kernel"] + data[layer + "bias"])
    outputs = x @ data["policy/head/kernel"] + data["policy/head/bias"]
    return outputs.argmax() + data["spaces/action_start"]
"""


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The policy of a real learner, which imports JAX, in a file."""
    raw = SPEC | {"algorithm": {"name": "ppo", "hidden_sizes": [8, 8]}}
    spec = registry.parse(raw)
    learner = registry.learner(spec)
    payload = learner.project(learner.initialise(spec))
    file = tmp_path_factory.mktemp("learnt") / "policy.npz"
    return Policy(payload, report_of(raw), describe(spec)).save(file)


def played(code: str, file: Path, *refused: str) -> float:
    command = [sys.executable, "-c", LOOP % code, str(file), *refused]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_trained_policy_acts_in_a_plain_loop_without_jax(learnt: Path) -> None:
    """By our class, and as `faastrain export --help` has it, without anything of ours."""
    env = gymnasium.make("CartPole-v1")
    ours = played(OURS, learnt)
    assert ours == played(NUMPY, learnt, "faastraingym")
    assert evaluate(Policy.load(learnt), env, episodes=1, seed=5).returns.tolist() == [ours]


def test_evaluate_policy_of_stable_baselines3_takes_it_unmodified(learnt: Path) -> None:
    """Where that is installed; it brings PyTorch, so our lock file does not have it."""
    evaluation = pytest.importorskip("stable_baselines3.common.evaluation")
    env = gymnasium.make("CartPole-v1")
    env.reset(seed=3)
    returns, lengths = evaluation.evaluate_policy(
        Policy.load(learnt), env, n_eval_episodes=4, return_episode_rewards=True, warn=False
    )
    assert returns == [float(length) for length in lengths]
    assert len(returns) == 4
    mean, std = evaluation.evaluate_policy(Policy.load(learnt), env, 4, deterministic=False)
    assert mean > 0
    assert std >= 0


def remembering(**settings: Any) -> Policy:
    """A GRU of one element that adds up what it is shown, and a head that pushes by its sign."""
    cell = {"cell": "gru", "size": 1}
    layers = {
        "cell/inputs/kernel": [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]],  # the pole's angle
        "cell/inputs/bias": [0, 0, 0],  # z = 1/2: half of what was, half of what is
        "cell/hidden/kernel": [[0, 0, 0]],
        "cell/hidden/bias": [0, 0, 0],
        "head/kernel": [[-1, 1]],
        "head/bias": [0, 0],
    }
    return policy_of("CartPole-v1", layers, hidden_sizes=[], recurrent=cell, **settings)


def test_a_recurrent_policy_hands_its_state_on() -> None:
    """h' = (tanh(angle) + h) / 2, and right where it is positive."""
    policy, right = remembering(), np.array([0.0, 0.0, 2.0, 0.0])
    action, state = policy.predict(right)
    assert action == 1
    assert state is not None
    np.testing.assert_allclose(state[0], [[np.tanh(2.0) / 2]], rtol=1e-6)
    left = np.array([0.0, 0.0, -0.1, 0.0])
    action, after = policy.predict(left, state)
    assert (action, policy.predict(left)[0]) == (1, 0)  # what it saw before outweighs it
    assert after is not None
    np.testing.assert_allclose(after[0], (np.tanh(-0.1) + state[0]) / 2, rtol=1e-6)
    assert policy.predict(left, state, np.array([True]))[0] == 0
    np.testing.assert_allclose(state[0], [[np.tanh(2.0) / 2]], rtol=1e-6)  # the caller's own


def test_each_row_of_a_batch_has_its_state() -> None:
    policy = remembering()
    _, state = policy.predict(np.array([[0, 0, 2.0, 0], [0, 0, -2.0, 0], [0, 0, 2.0, 0]]))
    began = np.array([False, False, True])
    actions, _ = policy.predict(np.array([[0, 0, -0.1, 0]] * 3), state, began)
    np.testing.assert_array_equal(actions, [1, 0, 0])


@pytest.mark.parametrize(
    ("state", "began", "said"),
    [
        (
            (np.zeros((2, 1), np.float32),),
            None,
            r"state: found float32 \[2, 1\]; allowed: .*\[1, 1\]",
        ),
        (np.zeros((1, 1), np.float32), None, "state: found object"),
        ((np.zeros((1, 1)),), None, "state: found float64"),
        ((np.zeros((1, 1), np.float32),), np.zeros(1), "episode_start: found float64"),
        ((np.zeros((1, 1), np.float32),), np.zeros(2, bool), r"episode_start: found bool \[2\]"),
    ],
)
def test_a_state_of_something_else_is_refused(state: Any, began: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        remembering().predict(np.zeros(4), state, began)


class Cue(gymnasium.Env[Any, Any]):
    """Shows where to push in the first observation, and pays each push there."""

    observation_space = gymnasium.spaces.Box(-9, 9, (4,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.steps, self.cue = 0, int(self.np_random.integers(2))
        return np.array([0, 0, 2 * self.cue - 1, 0], np.float32), {}

    def step(self, action: Any) -> Any:
        self.steps += 1
        return np.zeros(4, np.float32), float(action == self.cue), False, self.steps == 6, {}


def test_an_evaluation_by_hand_carries_the_state() -> None:
    """Pushes right at every step by what was shown once; and episodes do not learn from others."""
    assert evaluate(remembering(), Cue(), episodes=20).returns.tolist() == [6.0] * 20
