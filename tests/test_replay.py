"""Off-policy learning through the functions, in process: as tests/test_loop.py, with replay.

Whatever a learner still holds of its window, however messages come and whatever the store lost,
every object has the same bytes.
"""

from typing import Any

import pytest

from faastraingym.functions.update_policy import handler as update_policy
from faastraingym.functions.update_policy.warm_windows import WarmWindows
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RunRequested, RunResumed
from faastraingym.schemas.payloads import LearnerState, load
from tests.test_loop import Platform, TwiceAndBackwards, train
from tests.test_restoring import RUN, Repairs, ended, interrupted

pytestmark = pytest.mark.usefixtures("cold_learner")

DQN: dict[str, Any] = {
    "name": "dqn",
    "hidden_sizes": [8],
    "capacity": 192,  # 3 versions
    "batch_size": 16,
    "gradient_steps": 4,
    "learning_starts": 64,
    "target_update_interval": 6,
    "prioritized": True,
    "double": True,
    "n_step": 3,
}
SPEC: dict[str, Any] = {
    "seed": 7,
    "environment": {"id": "CartPole-v1", "num_envs": 2},
    "rollout": {"count": 2, "num_steps": 16},  # 64 transitions of a version
    "algorithm": DQN,
    "evaluation": {"every": 100, "episodes": 1},
    "stop": {"env_steps": 500, "horizon": 1000},
    "reward": [{"kind": "scale", "factor": 0.5}],
}
SAC: dict[str, Any] = {
    **SPEC,
    "environment": {"id": "Pendulum-v1", "num_envs": 2},
    "algorithm": {
        "name": "sac",
        "hidden_sizes": [8],
        "capacity": 192,
        "batch_size": 16,
        "gradient_steps": 4,
        "learning_starts": 64,
        "prioritized": True,
        "sde_sample_freq": 6,
    },
}


class Cold(Platform):
    """Every update is made by a learner that has just started."""

    async def answers(self, function: str, body: bytes) -> Any:
        update_policy.WINDOWS = WarmWindows(0)
        return await super().answers(function, body)


def objects(platform: Platform) -> dict[str, bytes]:
    """All that is made of a run."""
    made = ("trajectories/", "rewards/", "policies/", "learner/", "evaluations/")
    return {key: data for key, data in platform.objects.data.items() if any(m in key for m in made)}


@pytest.mark.parametrize("platform", [Cold, TwiceAndBackwards])
async def test_a_run_does_not_depend_on_what_a_learner_holds_nor_on_delivery(
    platform: type[Platform],
) -> None:
    warm, other = await train(Platform(), SPEC), await train(platform(), SPEC)
    assert len([key for key in objects(warm) if "learner/" in key]) >= 8
    assert objects(other) == objects(warm)


@pytest.mark.parametrize("spec", [SPEC, SAC], ids=["DQN", "SAC"])
async def test_a_run_that_is_resumed_equals_one_that_was_not(spec: dict[str, Any]) -> None:
    """By a learner that has just started, after half of the budget."""
    whole = await train(Platform(), spec)
    halved = await train(Platform(), {**spec, "stop": {"env_steps": 250, "horizon": 1000}})
    update_policy.WINDOWS = WarmWindows(0)
    await halved.publish(RunResumed(run="demo", segment=1, manifest=_manifest(halved),
                                    env_steps=500, target=None))  # fmt: skip
    await halved.run()
    expected, found = objects(whole), objects(halved)
    [of_the_half] = set(found) - set(expected)
    assert "/evaluations/" in of_the_half
    del found[of_the_half]
    assert found == expected


async def test_the_learner_state_has_priorities_and_its_target() -> None:
    platform = await train(Platform(), SPEC)
    state = load(platform.objects.data[keys.learner("demo", 7)], LearnerState)
    assert state.optimizer["priorities"].shape == (3, 2, 16, 2)
    assert int(state.optimizer["steps"]) == 4 * 6
    assert any(path.startswith("target/") for path in state.parameters)


LOSSES = {
    "the oldest of the window": lambda key: "trajectories/3/" in key,
    "one shard": lambda key: key.endswith("trajectories/4/1.msgpack"),
    "all trajectories": lambda key: "trajectories/" in key,
    "all learner states": lambda key: "learner/" in key,
    "all rewards": lambda key: "rewards/" in key,
    "everything": lambda key: "manifest" not in key,
}


@pytest.mark.parametrize("lost", LOSSES.values(), ids=LOSSES)
async def test_what_is_lost_of_a_window_is_made_again(lost: Any) -> None:
    """While a cold learner is to make version 6, of versions 3 to 5."""
    platform = Repairs()
    await interrupted(platform, SPEC, 5)
    for key in [key for key in platform.objects.data if lost(key)]:
        del platform.objects.data[key]
    update_policy.WINDOWS = WarmWindows(0)
    end = await ended(platform)
    whole = await train(Platform(), SPEC)
    assert end == (await _end(whole))


async def test_a_window_outlives_retention() -> None:
    """Of the smallest number of versions that may be kept, and then the oldest shard is lost."""
    spec = {**SPEC, "retention": {"versions": 2}}
    platform = Repairs()
    await interrupted(platform, spec, 6)
    assert keys.learner(RUN, 0) not in platform.objects.data
    oldest = min(int(k.split("/")[3]) for k in platform.objects.data if "trajectories/" in k)
    del platform.objects.data[keys.trajectory(RUN, oldest + 1, 0)]
    update_policy.WINDOWS = WarmWindows(0)
    assert await ended(platform) == await _end(await train(Platform(), SPEC))


async def test_what_cannot_be_replayed_fails_the_run_in_the_same_words() -> None:
    wrong = {**SPEC, "algorithm": DQN | {"n_step": 99}}
    platform = Platform()
    await platform.publish(RunRequested(run="demo", spec=wrong))
    await platform.run()
    assert platform.said == ["run.requested", "run.failed", "report.written"]
    report = platform.objects.data[keys.report("demo")].decode()
    assert "spec.algorithm.n_step: found 99; allowed: at most 48, the steps of a slot" in report


def _manifest(platform: Platform) -> Any:
    return next(r.fact.manifest for _, r in platform.facts.log if hasattr(r.fact, "manifest"))


async def _end(platform: Platform) -> str:
    ends = [r.fact for _, r in platform.facts.log if type(r.fact).__name__ == "RunCompleted"]
    return str(ends[-1].policy.policy.sha256)
