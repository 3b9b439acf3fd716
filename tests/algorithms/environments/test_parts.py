"""Observations of Dict, Tuple, MultiDiscrete and MultiBinary spaces, by their parts' paths."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import (
    Box,
    Dict,
    Discrete,
    Graph,
    MultiBinary,
    MultiDiscrete,
    Sequence,
    Text,
    Tuple,
)
from msgspec.structs import replace

from faastraingym import BadInput, Policy
from faastraingym.algorithms import footprint, registry, shape_checks
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.actors.evaluate import evaluate
from faastraingym.algorithms.environments import spaces
from faastraingym.algorithms.environments.leaves import leaves
from faastraingym.algorithms.environments.observations import (
    alone,
    features,
    normalised,
    of_any_version,
)
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.algorithms.errors import EnvironmentFailed
from faastraingym.events.pipeline import planning
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.payloads import Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests.client.test_policy import report_of
from tests.spaces import forget

NESTED = Dict(
    arm=Dict(angle=Box(-1, 1, (2, 2), np.float64), grips=MultiBinary(2)),
    camera=Box(0, 255, (2, 1, 3), np.uint8),
    goal=Tuple([Discrete(3, start=4), MultiDiscrete([2, 3], start=[0, 7])]),
    count=Box(-5, 5, (1,), np.int16),
)
SPACES = {
    "nested": NESTED,
    "cards": Tuple([Discrete(32), Discrete(11), Discrete(2)]),
    "choices": MultiDiscrete([4, 2]),
    "table": MultiDiscrete([[4, 2], [3, 3]], start=[[1, 1], [0, 0]]),
    "bits": MultiBinary([2, 3]),
}


EMPTY: Mapping[str, Any] = {}


class Shows(gymnasium.Env):
    """Shows seeded samples of a space; `spoilt` makes the one of that step wrong."""

    action_space = Discrete(2)

    def __init__(self, space: Any, spoilt: int = -1, how: Callable[[Any], Any] = id) -> None:
        self.observation_space, self.spoilt, self.how = space, spoilt, how

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        self.steps = 0
        return self.observation_space.sample(), {}

    def step(self, action: int) -> Any:
        self.steps += 1
        seen = self.observation_space.sample()
        return (
            self.how(seen) if self.steps == self.spoilt else seen,
            float(action),
            False,
            False,
            {},
        )


@pytest.fixture
def make(make_spec: Callable[..., RunSpec]) -> Iterator[Callable[..., RunSpec]]:
    def build(space: Any, algorithm: Mapping[str, Any] = EMPTY, **kwargs: Any) -> RunSpec:
        gymnasium.registry.pop("Parts-v0", None)
        kwargs = {"space": space, **kwargs}
        gymnasium.register("Parts-v0", entry_point=Shows, kwargs=kwargs, max_episode_steps=5)
        forget()
        algorithm = {"hidden_sizes": [4], "update_epochs": 1, **algorithm}
        return make_spec("Parts-v0", rollout={"num_steps": 8}, algorithm=algorithm)

    yield build
    gymnasium.registry.pop("Parts-v0", None)
    forget()


def collected(spec: RunSpec, previous: Trajectory | None = None) -> Trajectory:
    learner = registry.learner(spec)
    found = collect(spec, learner.project(learner.initialise(spec)), 0, previous)
    return load(dump(found), Trajectory)


@pytest.mark.parametrize("normalize", [False, True], ids=["plain", "normalised"])
@pytest.mark.parametrize("name", SPACES)
def test_every_space_is_read_learnt_from_and_evaluated(
    make: Callable[..., RunSpec], name: str, normalize: bool
) -> None:
    spec = make(SPACES[name], {"normalize_observations": normalize})
    assert spaces.check(spec) == []
    learner = registry.learner(spec)
    state, found = learner.initialise(spec), collected(spec)
    shape_checks.batch(spec, [found], None)
    after, metrics = learner.update(spec, state, [found], None, planning.update_plan(spec, 0, 0, 1))
    assert metrics["approx_kl"] == pytest.approx(0.0, abs=1e-5)
    assert np.isfinite(evaluate(spec, learner.project(after)).returns).all()


@pytest.mark.parametrize("name", SPACES)
def test_a_continued_rollout_is_the_same_bits(make: Callable[..., RunSpec], name: str) -> None:
    """Eight steps and eight more are what sixteen at once are."""
    spec = make(SPACES[name])
    whole = collected(replace(spec, rollout=replace(spec.rollout, num_steps=16)))
    first = collected(spec)
    second = collected(spec, shape_checks.continued(spec, first))
    expected = features(whole.observations, describe(spec))
    parts = [features(t.observations, describe(spec)) for t in (first, second)]
    assert np.array_equal(np.concatenate([parts[0][:-1], parts[1]]), expected)
    assert np.array_equal(np.concatenate([first.actions, second.actions]), whole.actions)


def test_a_trajectory_has_each_part_by_its_path_in_its_own_dtype(
    make: Callable[..., RunSpec],
) -> None:
    found = collected(make(NESTED)).observations
    assert {path: (part.dtype.str, part.shape) for path, part in found.items()} == {
        "arm/angle": ("<f8", (9, 3, 2, 2)),
        "arm/grips": ("|i1", (9, 3, 2)),
        "camera": ("|u1", (9, 3, 2, 1, 3)),
        "count": ("<i2", (9, 3, 1)),
        "goal/0": ("<i8", (9, 3)),
        "goal/1": ("<i8", (9, 3, 2)),
    }
    assert set(np.unique(found["goal/0"])) <= {0, 1, 2}  # counted from 0


def test_the_bytes_of_a_transition_are_known_before(make: Callable[..., RunSpec]) -> None:
    """Each part's own, an action, a reward and three flags, a log-probability."""
    spec = make(NESTED)
    found = collected(spec)
    seen = sum(part[0, 0].nbytes for part in found.observations.values())
    assert footprint.transition(spec, describe(spec)) == seen + 4 + 4 + 3 + 4


SEEN = {
    "arm": {"angle": np.array([[0.5, -1.0], [0.0, 0.25]]), "grips": np.array([1, 0], np.int8)},
    "camera": np.array([[[0, 51, 255]], [[102, 0, 0]]], np.uint8),
    "goal": (np.int64(6), np.array([1, 7])),
    "count": np.array([-5], np.int16),
}
READ = [0.5, -1, 0, 0.25, 1, 0, 0, 0.2, 1, 0.4, 0, 0, 0, 0, 1, 0, 1, 1, 0, 0, -5]


def test_what_networks_read_by_literal_numbers(make: Callable[..., RunSpec]) -> None:
    """Numbers as they are, bytes as 0 to 1, one-hot of each choice, in the order of the parts."""
    info = describe(make(NESTED))
    read = features(alone(SEEN, info), info)
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, [READ], rtol=1e-6)
    marks = normalised(info)
    assert marks is not None
    assert marks.tolist() == [True] * 4 + [False] * 16 + [True]
    assert info.observation_size == len(READ)


def test_only_numbers_are_normalised_for_actor_and_learner(make: Callable[..., RunSpec]) -> None:
    """Where the learner normalised something else, its ratio would not be 1 at first."""
    spec = make(NESTED, {"normalize_observations": True})
    learner = registry.learner(spec)
    state, plan = learner.initialise(spec), planning.update_plan(spec, 0, 0, 1)
    state, _ = learner.update(spec, state, [collected(spec)], None, plan)
    head = state.parameters["policy/head/kernel"]
    head *= 100  # so that what is read makes a difference
    second = collect(spec, learner.project(state), 0, None)
    frozen = replace(plan, coefficients={**plan.coefficients, "learning_rate": 0.0})
    assert learner.update(spec, state, [second], None, frozen)[1]["approx_kl"] < 1e-9


REFUSED = [
    (Text(4), "in Text", "FlattenObservation("),
    (Dict(a=Dict(b=Text(3))), "in its part 'a/b', Text", "FlattenObservation("),
    (Tuple([Discrete(2), Graph(Box(-1, 1), None)]), "in its part '1', Graph", "a wrapper of"),
    (Sequence(Discrete(2)), "in Sequence", "a wrapper of"),
    (Dict({"a/b": Discrete(2)}), "has a slash", "FlattenObservation("),
    (Dict({}), "it has no parts", "register"),
    (Dict(a=Box(-1, 1, (0,))), "in its part 'a', Box([], [], (0,), float32): it has no el", "reg"),
    (Dict(a=Box(-1, 1, (1,), np.longdouble)), "float128 cannot be stored", "register"),
]


@pytest.mark.parametrize(("space", "reason", "remedy"), REFUSED, ids=[r[1] for r in REFUSED])
def test_what_is_refused_is_named_by_its_path(
    make: Callable[..., RunSpec], space: Any, reason: str, remedy: str
) -> None:
    (problem,) = spaces.check(make(space))
    assert problem.startswith("spec.environment.id: Parts-v0: PPO cannot read observations in ")
    assert reason in problem
    assert "it reads Box, Discrete, MultiDiscrete, MultiBinary, and Dict and Tuple of" in problem
    assert remedy in problem


def test_a_potential_is_refused_at_start(make: Callable[..., RunSpec]) -> None:
    spec = make(NESTED)
    raw = registry.parse(
        {
            "environment": {"id": "Parts-v0"},
            "algorithm": {"name": "ppo"},
            "stop": {"env_steps": 10},
            "reward": [{"kind": "potential", "weights": [1.0] * 21}],
        }
    )
    (problem,) = spaces.check(replace(spec, reward=raw.reward))
    assert problem.startswith("spec.reward[0].kind: found potential; allowed: scale, clip, norm")


def nan(seen: Any) -> Any:
    seen["arm"]["angle"][1, 0] = np.nan
    return seen


WRONG = [
    (nan, "observation part 'arm/angle' element 2 is nan"),
    (lambda seen: {**seen, "goal": (np.int64(9), seen["goal"][1])}, "part 'goal/0' has 9, which"),
]


@pytest.mark.parametrize(("how", "words"), WRONG, ids=["nan", "outside"])
def test_a_wrong_part_is_named_with_step_and_slot(
    make: Callable[..., RunSpec], how: Callable[[Any], Any], words: str
) -> None:
    spec = make(NESTED, spoilt=3, how=how)
    with pytest.raises(EnvironmentFailed, match=rf"slot 0, step 2.*{words}"):
        collected(spec)
    early = make(NESTED, spoilt=1, how=how)
    (problem,) = spaces.check(early)
    assert "arm/angle" in problem or "goal/0" in problem


MISSHAPEN = [
    (lambda seen: {"arm": seen["arm"]}, "step's observation part 'camera' is not there"),
    (lambda seen: seen["camera"], "step's observation part 'arm/angle' is not there"),
    (
        lambda seen: {**seen, "camera": np.zeros((2, 1, 3))},
        "part 'camera' is an array of shape (2, 1, 3) and float64; allowed: uint8",
    ),
    (
        lambda seen: {**seen, "count": np.zeros(2, np.int16)},
        "part 'count' is an array of shape (2,) and int16; allowed: shape (1,)",
    ),
]


@pytest.mark.parametrize(("how", "words"), MISSHAPEN, ids=[m[1] for m in MISSHAPEN])
def test_a_part_that_its_space_does_not_have_is_refused_at_start(
    make: Callable[..., RunSpec], how: Callable[[Any], Any], words: str
) -> None:
    (problem,) = spaces.check(make(NESTED, spoilt=1, how=how))
    assert words in problem


def test_trajectories_of_other_parts_are_refused(make: Callable[..., RunSpec]) -> None:
    spec = make(NESTED)
    found = collected(spec)
    less = {path: part for path, part in found.observations.items() if path != "camera"}
    wide = {**found.observations, "camera": found.observations["camera"].astype(np.float32)}
    for wrong, words in (
        (less, "found the parts"),
        (wide, r"observations\['camera'\]: found <f4 \[2, 1, 3\] each; allowed: \|u1"),
        (found.observations["camera"], "found one array; allowed: several"),
    ):
        with pytest.raises(PayloadError, match=words):
            shape_checks.continued(spec, replace(found, observations=wrong))
    assert of_any_version(found.observations, describe(spec)) is found.observations


@pytest.mark.parametrize("name", SPACES)
def test_a_policy_reads_what_the_environment_gives(
    make: Callable[..., RunSpec], name: str, tmp_path: Path
) -> None:
    """One observation, nested as it is, or a batch; from a file, too."""
    spec = make(SPACES[name])
    learner, info = registry.learner(spec), describe(spec)
    payload = learner.project(learner.initialise(spec))
    raw = {
        "environment": {"id": "Parts-v0"},
        "algorithm": {"name": "ppo", "hidden_sizes": [4]},
        "stop": {"env_steps": 10},
    }
    made = Policy(payload, report_of(raw), info)
    loaded = Policy.load(made.save(tmp_path / "a.npz"))
    assert leaves(SPACES[name])
    vector = gymnasium.vector.SyncVectorEnv([lambda: Shows(SPACES[name])] * 5)
    batch = vector.reset(seed=1)[0]
    singles = list(gymnasium.vector.utils.iterate(vector.observation_space, batch))
    together = loaded.predict(batch)[0]
    assert together.shape == (5,)
    assert [loaded.predict(one)[0] for one in singles] == together.tolist()
    with pytest.raises(BadInput, match="an observation "):
        loaded.predict({"other": 1})
