from typing import Any

from faastraingym.algorithms.environments.vectors import Seeds, VectorEnvironments
from faastraingym.schemas.specification import EnvironmentSpec


def vector(env_id: str) -> VectorEnvironments:
    return VectorEnvironments(EnvironmentSpec(id=env_id), 1, Seeds(0, "reset", (0, 0)))


def test_nothing_is_replayed_of_an_episode_that_ended() -> None:
    """Only the next reset counts; its episode is the next."""
    there = vector("Corridor-v0")
    there.reset()
    for _ in range(9):
        seen, _, _, truncated, _ = there.vector.step([1])
    assert truncated.all()
    snapshot: Any = there.snapshot()
    assert snapshot["singles"][0]["actions"].tolist() == [1] * 9
    here = vector("Corridor-v0")
    assert here.resume(snapshot, 9) == {}
    assert here.singles[0].actions == []
    seen = there.vector.step([1])[0]
    assert here.vector.step([1])[0].tolist() == seen.tolist()
    assert here.singles[0].episode == 1


def test_replaying_tells_what_was_seen_last() -> None:
    """The caller compares it with what was seen then."""
    there = vector("Corridor-v0")
    there.reset()
    there.vector.step([1])
    seen = there.vector.step([2])[0]
    replayed = vector("Corridor-v0").resume(there.snapshot(), 1)
    assert [step.observation.tolist() for step in replayed[0]][1:] == seen.tolist()
