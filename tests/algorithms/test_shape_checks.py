"""Stored objects that decode but do not fit: a PayloadError that names the field, never NumPy's."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from msgspec import Struct

from faastraingym.algorithms import rewards, shape_checks
from faastraingym.algorithms.actors.collect import collect
from faastraingym.algorithms.ppo import learner
from faastraingym.schemas import arrays
from faastraingym.schemas.errors import PayloadError, RunFault
from faastraingym.schemas.messages import UpdatePlan
from faastraingym.schemas.payloads import LearnerState, Policy, Rewards, Trajectory, dump, load
from faastraingym.schemas.specification import RunSpec
from tests.algorithms.actors.test_collect import steps

Make = Callable[..., RunSpec]
COEFFICIENTS = {"learning_rate": 1e-3, "clip_coef": 0.2, "ent_coef": 0.0}
PLAN = UpdatePlan(coefficients=COEFFICIENTS, rollouts=1, evaluate=False)
WRONG: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "dtype": lambda a: a.astype("<u4" if a.dtype != np.uint32 else "<u8"),
    "rank": lambda a: a[None],
    "size": lambda a: np.concatenate([np.atleast_1d(a), np.zeros((1, *a.shape[1:]), a.dtype)]),
    "emptiness": lambda a: np.atleast_1d(a)[:0],
}


class Objects:
    """One real object of each kind, of the same small run."""

    def __init__(self, spec: RunSpec) -> None:
        self.spec = spec
        self.state = learner.initialise(spec)
        self.policy = learner.project(self.state)
        self.trajectory = collect(spec, self.policy, 0, None)
        self.rewards = rewards.transform(spec, [self.trajectory], None)

    def all(self) -> tuple[Struct, ...]:
        return self.state, self.policy, self.trajectory, self.rewards

    def use(self, data: bytes, kind: type) -> None:
        """Load it and hold it to the run, as the stage that reads it does."""
        found: Any = load(data, kind)
        if kind is Policy:
            shape_checks.policy(self.spec, found)
        elif kind is LearnerState:
            state = shape_checks.learner(self.spec, found)
            learner.update(self.spec, state, [self.trajectory], None, PLAN)
        elif kind is Rewards:
            shape_checks.reward_state(self.spec, found)
            shape_checks.batch(self.spec, [self.trajectory], found.rewards)
        else:
            shape_checks.continued(self.spec, found)
            shape_checks.batch(self.spec, [found], None)


@pytest.fixture(params=["CartPole-v1", "Pendulum-v1", "Corridor-v0"])
def objects(make_spec: Make, request: pytest.FixtureRequest) -> Objects:
    algorithm = {"normalize_observations": True, "hidden_sizes": [8], "update_epochs": 1}
    normalize = [{"kind": "normalize"}]
    return Objects(
        make_spec(request.param, algorithm=algorithm, reward=normalize, rollout=steps(4))
    )


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every array."""
    if isinstance(value, np.ndarray):
        yield path
    elif isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            yield from places(item, (*path, key))


def spoilt(payload: Struct, path: tuple[Any, ...], wrong: Callable[..., np.ndarray]) -> bytes:
    data = arrays.unpack(dump(payload))
    holder = data
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = wrong(holder[path[-1]])
    return arrays.pack(data)


def test_what_the_stages_make_fits(objects: Objects) -> None:
    for payload in objects.all():
        objects.use(dump(payload), type(payload))


def test_every_array_of_every_object_in_every_wrong_form_is_refused(objects: Objects) -> None:
    tried = 0
    for payload in objects.all():
        for path in places(arrays.unpack(dump(payload))):
            if "fleet" in path:  # what it must be is the environment's to say
                continue
            for name, wrong in WRONG.items():
                if name == "emptiness" and path[0].startswith("episode_"):
                    continue  # no episode may have ended
                data = spoilt(payload, path, wrong)
                try:
                    objects.use(data, type(payload))
                except PayloadError:
                    tried += 1
                else:
                    pytest.fail(f"{type(payload).__name__}.{path} of another {name} was taken")
    assert tried > 100


def test_a_wrong_standing_of_environments_is_the_runs_fault(objects: Objects) -> None:
    """Whatever the snapshot or the recorded actions hold, the run is told, not the queue."""
    for path in places(arrays.unpack(dump(objects.trajectory))):
        for wrong in WRONG.values() if "fleet" in path else ():
            previous = load(spoilt(objects.trajectory, path, wrong), Trajectory)
            with suppress(PayloadError, RunFault):
                collect(objects.spec, objects.policy, 0, previous)


def test_nan_in_parameters_is_data(objects: Objects) -> None:
    parameters = {k: np.full_like(v, np.nan) for k, v in objects.policy.parameters.items()}
    policy = Policy(version=0, parameters=parameters, statistics=objects.policy.statistics)
    objects.use(dump(policy), Policy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"environment": {"num_envs": 5}}, "3 environments; allowed: 4 of 5"),
        ({"rollout": steps(8)}, "4 steps of 3 environments; allowed: 8 of 3"),
    ],
)
def test_a_trajectory_of_another_specification_is_refused(
    make_spec: Make, objects: Objects, change: dict[str, Any], words: str
) -> None:
    name = objects.spec.environment.id
    with pytest.raises(PayloadError, match=words):
        shape_checks.trajectory(
            make_spec(name, **{"rollout": steps(4), **change}), objects.trajectory
        )


def test_a_policy_of_another_network_is_refused(make_spec: Make, objects: Objects) -> None:
    other = make_spec(objects.spec.environment.id, algorithm={"hidden_sizes": [8, 8]})
    with pytest.raises(PayloadError, match=r"Policy.parameters\['policy/.*allowed: "):
        shape_checks.policy(other, objects.policy)


def test_rewards_without_the_state_of_a_transform_are_refused(objects: Objects) -> None:
    with pytest.raises(PayloadError, match=r"Rewards.state\['0'\]: missing"):
        shape_checks.reward_state(objects.spec, Rewards(version=0, rewards=[], state={}))
