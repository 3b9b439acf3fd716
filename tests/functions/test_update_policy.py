"""update-policy's decisions: what it refuses, whose state it adopts."""

import pytest

from faastraingym.algorithms.registry import parse
from faastraingym.events.pipeline.history import fold
from faastraingym.functions.update_policy.handler import check_threads, handle
from faastraingym.schemas import keys
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.payloads import LearnerState, Policy, dump, load
from faastraingym.schemas.references import ObjectRef
from tests.fakes import InMemoryObjectStore
from tests.test_loop import SPEC, Platform, train


@pytest.mark.parametrize("nproc", [None, "2"])
def test_other_threads_than_the_specification_names_are_refused(nproc: str | None) -> None:
    """They would give other last bits; the sentence says what to deploy."""
    with pytest.raises(RunFault, match="FTG_LEARNER_THREADS=1"):
        check_threads(parse(SPEC), nproc)
    check_threads(parse(SPEC), "1")


async def test_a_run_opens_with_its_fan_out() -> None:
    """Version 0 promises all rollouts and no evaluation."""
    platform = await train(Platform())
    opening = fold(record for _, record in platform.facts.log).policies[0]
    assert (opening.rollouts, opening.evaluate) == (SPEC["rollout"]["count"], False)


class RacedStore(InMemoryObjectStore):
    """A store in which another learner has written these objects just before."""

    def __init__(self, others: dict[str, bytes]) -> None:
        super().__init__()
        self.others = others

    async def put(
        self, key: str, data: bytes, content_type: str = "application/msgpack"
    ) -> ObjectRef:
        if key in self.others:
            self.data.setdefault(key, self.others[key])
        return await super().put(key, data, content_type)


async def test_a_learner_that_comes_second_adopts_the_state_that_lies_there() -> None:
    """The policy is projected from the winner's state: a version has one learner and one policy."""
    calm = await train(Platform())
    first = load(calm.objects.data[keys.learner("demo", 1)], LearnerState)
    other = {path: array + 1 for path, array in first.parameters.items()}
    winner = LearnerState(
        version=1, env_steps=first.env_steps, parameters=other, optimizer=first.optimizer
    )
    raced = Platform()
    raced.objects = RacedStore({keys.learner("demo", 1): dump(winner)})
    raced.services = raced.services._replace(objects=raced.objects)
    await train(raced)
    policy = load(raced.objects.data[keys.policy("demo", 1)], Policy)
    assert policy.parameters
    assert all((other[path] == array).all() for path, array in policy.parameters.items())


async def test_the_policy_of_a_learner_that_came_second_is_replaced() -> None:
    """Its state was not heard, so its policy must not be what the actors read."""
    calm = await train(Platform())
    raced = Platform()
    raced.objects = RacedStore({keys.policy("demo", 1): b"of a state that nobody has"})
    raced.services = raced.services._replace(objects=raced.objects)
    await train(raced)
    key = keys.policy("demo", 1)
    assert raced.objects.data[key] == calm.objects.data[key]


def test_the_stage_hears_the_start_and_the_command() -> None:
    """Version 0 comes from `run.started`, the others from `plan-update`."""
    assert {kind.__name__ for kind in handle.accepts} == {"RunStarted", "UpdatePolicy"}
