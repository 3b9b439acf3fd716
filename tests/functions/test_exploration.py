"""What an algorithm plans for acting reaches its actor, and what the actor names its learner."""

import functools

import numpy as np
import pytest

from faastraingym.adapters.stage import manifests
from faastraingym.adapters.stage.payloads import dump, load
from faastraingym.algorithms import registry, shape_checks
from faastraingym.algorithms.actor_critic.batches import assemble
from faastraingym.algorithms.environments.space_info import describe
from faastraingym.events.ports import Services
from faastraingym.functions.rollout import handler
from faastraingym.schemas.errors import PayloadError
from faastraingym.schemas.messages import CollectRollout, RolloutCompleted
from faastraingym.schemas.payloads import Policy, Trajectory
from faastraingym.schemas.references import PolicyRef
from faastraingym.schemas.specification import RunSpec
from tests.fakes import InMemoryFactLog, InMemoryObjectStore


@pytest.fixture
def spec(monkeypatch: pytest.MonkeyPatch) -> RunSpec:
    """A run of the test algorithm, which has a line in the registry for as long."""
    monkeypatch.setitem(registry.PACKAGES, "epsilon-greedy", "tests.algorithms.epsilon_greedy")
    anew = functools.cache(registry.specification.__wrapped__)  # the others' class stays cached
    monkeypatch.setattr(registry, "specification", anew)
    return registry.parse(
        {
            "environment": {"id": "CartPole-v1", "num_envs": 3},
            "rollout": {"num_steps": 40},
            "algorithm": {"name": "epsilon-greedy"},
            "stop": {"env_steps": 1000, "horizon": 2000},
        }
    )


async def rolled(spec: RunSpec, env_steps: int) -> Trajectory:
    """The trajectory of a policy that has learnt from `env_steps` environment steps."""
    wanted = registry.acting(spec).policy_arrays(spec, describe(spec))
    zeros = {name: np.zeros(each.dimensions, each.dtype) for name, each in wanted.items()}
    objects = InMemoryObjectStore()
    stored = await objects.put("policy", dump(Policy(version=1, parameters=zeros)))
    command = CollectRollout(
        run="demo",
        manifest=await objects.put("manifest", manifests.dump("demo", spec)),
        policy=PolicyRef(version=1, policy=stored, learner=stored, env_steps=env_steps),
        index=0,
    )
    services = Services(InMemoryFactLog(), objects, objects)
    (completed,) = await handler.handle.handler(command, services)
    assert isinstance(completed, RolloutCompleted)
    return load(await objects.get(completed.trajectory.object), Trajectory)


@pytest.mark.parametrize(("env_steps", "epsilon"), [(0, 1.0), (500, 0.75), (2000, 0.0)])
async def test_the_actor_explores_as_was_planned(
    spec: RunSpec, env_steps: int, epsilon: float
) -> None:
    """The plan is of the acting policy's progress over the annealing horizon."""
    trajectory = await rolled(spec, env_steps)
    assert (trajectory.extras["epsilons"] == epsilon).all()
    # of two actions, half of those that explore are the greedy one
    assert trajectory.extras["greedy"].mean() == pytest.approx(1 - epsilon / 2, abs=0.15)


async def test_named_arrays_of_acting_reach_the_learner(spec: RunSpec) -> None:
    """Through the store and the checks before an update, in their own dtypes, side by side."""
    trajectories = [await rolled(spec, 0), await rolled(spec, 500)]
    shape_checks.batch(spec, trajectories, None)
    batch = assemble(trajectories, None, pad=False, info=describe(spec))
    assert batch.extras["epsilons"].shape == (40, 6)
    assert batch.extras["epsilons"][0].tolist() == [1.0, 1.0, 1.0, 0.75, 0.75, 0.75]
    assert batch.extras["greedy"].dtype == np.bool_


async def test_an_array_that_the_algorithm_does_not_name_is_refused(spec: RunSpec) -> None:
    trajectory = await rolled(spec, 0)
    trajectory.extras["log_probs"] = np.zeros((40, 3), np.float32)
    with pytest.raises(PayloadError, match=r"Trajectory of slot 0\['log_probs'\]"):
        shape_checks.batch(spec, [trajectory], None)
