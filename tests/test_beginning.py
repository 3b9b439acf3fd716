"""Runs that begin with a dataset, through the functions: as tests/test_replay.py.

The dataset is in the store alone. Whatever a learner holds, and whatever was lost and made again,
every object has the same bytes.
"""

from typing import Any

import pytest

from faastraingym.client import beginnings
from faastraingym.functions.update_policy import handler as update_policy
from faastraingym.functions.update_policy.warm_windows import WarmWindows
from faastraingym.schemas import keys
from faastraingym.schemas.messages import RunResumed
from faastraingym.schemas.payloads import LearnerState, load
from tests.offline import begins, cartpole, pendulum, stored
from tests.test_loop import Platform, TwiceAndBackwards, train
from tests.test_replay import DQN, SAC, SPEC, Cold, objects
from tests.test_restoring import Repairs, ended, interrupted

pytestmark = pytest.mark.usefixtures("cold_learner")

with pytest.MonkeyPatch.context() as patch:
    patch.setattr(beginnings, "PART_BYTES", 3000)
    BROUGHT, OBJECTS = stored(cartpole(400))
    SWUNG, SWINGS = stored(pendulum(400), "pendulum/random-v0")
# 4 versions of 64 transitions: a dataset fills 3 of them before version 0
BEGINS: dict[str, Any] = {
    **SPEC,
    "reward": [],
    "algorithm": {**DQN, "capacity": 256, "learning_starts": 0, "init_from": begins(BROUGHT)},
}
BEGINS_SAC: dict[str, Any] = {
    **SAC,
    "reward": [],
    "algorithm": {
        **SAC["algorithm"],
        "capacity": 256,
        "learning_starts": 0,
        "init_from": begins(SWUNG),
    },
}
BOTH = pytest.mark.parametrize("spec", [BEGINS, BEGINS_SAC], ids=["dqn", "sac"])


def holding(platform: Platform) -> Platform:
    platform.objects.data |= OBJECTS | SWINGS
    return platform


@BOTH
@pytest.mark.parametrize("platform", [Cold, TwiceAndBackwards])
async def test_a_run_does_not_depend_on_what_a_learner_holds_nor_on_delivery(
    platform: type[Platform], spec: dict[str, Any]
) -> None:
    """A cold learner of version 2 fills its window with what the dataset still has in it."""
    warm = await train(holding(Platform()), spec)
    other = await train(holding(platform()), spec)
    assert len([key for key in objects(warm) if "learner/" in key]) >= 8
    assert objects(other) == objects(warm)


async def test_the_dataset_is_learnt_from_and_pushed_out() -> None:
    """Its versions have priorities at first; the first learner state already differs."""
    begun = await train(holding(Platform()), BEGINS)
    alone = {
        **BEGINS,
        "algorithm": {k: v for k, v in BEGINS["algorithm"].items() if k != "init_from"},
    }
    without = await train(Platform(), alone)
    first, other = (
        load(p.objects.data[keys.learner("demo", 1)], LearnerState) for p in (begun, without)
    )
    assert len(BROUGHT.record.parts) > 2
    held = first.optimizer["priorities"]
    # version 0 is in row 0 of 4, the dataset in the others: versions -3 to -1
    assert [(held[row] > 0).any() for row in range(4)] == [True] * 4
    assert not other.optimizer["priorities"][1:].any()
    assert (
        begun.objects.data[keys.policy("demo", 1)] != without.objects.data[keys.policy("demo", 1)]
    )


@BOTH
async def test_a_run_that_is_resumed_equals_one_that_was_not(spec: dict[str, Any]) -> None:
    """After its second version, while the window has something of the dataset."""
    whole = await train(holding(Platform()), spec)
    stop = {"env_steps": 120, "horizon": 1000}
    halved = await train(holding(Platform()), {**spec, "stop": stop})
    update_policy.WINDOWS = WarmWindows(0)
    manifest = next(r.fact.manifest for _, r in halved.facts.log if hasattr(r.fact, "manifest"))
    await halved.publish(
        RunResumed(run="demo", segment=1, manifest=manifest, env_steps=500, target=None)
    )
    await halved.run()
    found = objects(halved)
    for key in [key for key in found if "evaluations/2" in key]:
        del found[key]  # of the end of its first part
    assert found == objects(whole)


@pytest.mark.parametrize("kind", ["trajectories/", "learner/", "policies/"])
async def test_what_is_lost_of_a_run_is_made_again(kind: str) -> None:
    """While a cold learner is to make version 3, whose window has one version of the dataset."""
    platform = holding(Repairs())
    await interrupted(platform, BEGINS, 2)
    for key in [key for key in platform.objects.data if kind in key]:
        del platform.objects.data[key]
    update_policy.WINDOWS = WarmWindows(0)
    whole = await train(holding(Platform()), BEGINS)
    ends = [r.fact for _, r in whole.facts.log if type(r.fact).__name__ == "RunCompleted"]
    assert await ended(platform) == str(ends[-1].policy.policy.sha256)


@pytest.mark.parametrize("spoil", [None, b"other bytes"], ids=["lost", "altered"])
async def test_a_dataset_that_is_lost_fails_the_run_with_what_to_do(spoil: bytes | None) -> None:
    platform = holding(Platform())
    key = keys.dataset(BROUGHT.record.parts[-1].sha256)
    del platform.objects.data[key]
    if spoil:
        platform.objects.data[key] = spoil
    with pytest.raises(Exception, match=rf"medium-v0: {key} of it is (lost|altered) in the store"):
        await train(platform, BEGINS)


async def test_what_does_not_fit_fails_the_run_at_its_start() -> None:
    """In the words of the client: not in the store, of other spaces, of another size."""
    digest = BROUGHT.sha256
    for store, changes, words in [
        (Platform(), {}, f"cartpole/medium-v0: datasets/{digest}.msgpack of it is lost"),
        (
            holding(Platform()),
            {"environment": {"id": "Acrobot-v1", "num_envs": 2}},
            "spec.algorithm.init_from: found cartpole/medium-v0 with observations of <f4 [4], "
            "numbers; allowed: observations of <f4 [6], numbers, as Acrobot-v1 has",
        ),
        (
            holding(Platform()),
            {"algorithm": {**BEGINS["algorithm"], "init_from": {**begins(BROUGHT), "entries": 64}}},
            "spec.algorithm.init_from.entries: found 64; allowed: ",
        ),
    ]:
        await train(store, {**BEGINS, **changes})
        assert store.said == ["run.requested", "run.failed", "report.written"]
        assert words in store.objects.data[keys.report("demo")].decode()
