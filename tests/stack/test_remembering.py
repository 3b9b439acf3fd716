"""Environments that remember: refused, or the same SHA-256 whatever is killed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faastraingym.schemas.messages import RolloutCompleted, RunCompleted, RunRequested
from tests.remembering import COUNTING, SCALED
from tests.stack.facts import end, first, report
from tests.stack.specs import undisturbed
from tests.stack.support import Stack


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A stack whose environments remember, with one rollout at a time."""
    stack = Stack(
        tmp_path_factory.mktemp("remembering"),
        FTG_MAX_ROLLOUTS="1",
        FTG_COMPILATION_CACHE=str(compiled),
        FTG_ENVIRONMENTS="tests.remembering",
    )
    with stack.running():
        yield stack


def spec_of(env_id: str, memory: str) -> dict[str, Any]:
    """Some 60 versions; the cuts fall into episodes, so continuations are played again."""
    return {
        "seed": 7,
        "environment": {"id": env_id, "num_envs": 2, "memory": memory},
        "rollout": {"num_steps": 34, "deadline_seconds": 2.0},
        "algorithm": {"name": "ppo", "update_epochs": 2, "num_minibatches": 2, "hidden_sizes": [8]},
        "evaluation": {"every": 30, "episodes": 2},
        "stop": {"env_steps": 4_000},
    }


@pytest.mark.parametrize(
    ("env_id", "memory"), [(COUNTING, "carry"), (COUNTING, "forget"), (SCALED, "forget")]
)
async def test_kill_dash_nine_of_the_replica_that_remembered(
    forgetful: Stack, env_id: str, memory: str
) -> None:
    """Twice; the undisturbed run has one process from its beginning to its end."""
    run, spec = f"{memory}-{env_id[12:20].lower()}", spec_of(env_id, memory)
    forgetful.start(run, spec)
    async with forgetful.connect() as connected:
        for version in (12, 30):
            await first(
                connected.facts,
                run,
                lambda f, v=version: isinstance(f, RolloutCompleted) and f.trajectory.version >= v,
            )
            if forgetful.replicas("rollout"):
                forgetful.kill("rollout")
        ended = await end(connected.facts, run)
        told = await report(connected, run)
    assert isinstance(ended, RunCompleted), ended
    assert ended.policy.policy.sha256 == await undisturbed(spec)
    assert told["reproducible"].startswith("yes; ")
    assert f"reproducible: {told['reproducible']}" in forgetful.cli("show", run).stdout


async def test_what_is_not_handled_is_refused_before_anything_starts(forgetful: Stack) -> None:
    """By the command and by start-run; a run of what is declared says what it is not."""
    for env_id in (COUNTING, SCALED):
        refused = forgetful.cli("train", forgetful.file(spec_of(env_id, "none")))
        assert refused.returncode == 3
        assert "remembers across its episodes" in refused.stderr
        assert "Traceback" not in refused.stderr
    async with forgetful.connect() as connected:
        run = "not-handled"
        await connected.facts.publish_once(RunRequested(run=run, spec=spec_of(COUNTING, "none")))
        ended = await end(connected.facts, run)
        assert "remembers across its episodes" in getattr(ended, "reason", "")
        short = {**spec_of(SCALED, "declared"), "stop": {"env_steps": 300}}
        forgetful.start("declared", short)
        assert isinstance(await end(connected.facts, "declared"), RunCompleted)
        assert (await report(connected, "declared"))["reproducible"].startswith("no; ")
