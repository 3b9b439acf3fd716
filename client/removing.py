"""Removing runs: facts, objects, measurements and dead letters, in an order that survives a crash.

The fact `run.removed` comes first and stays, as does its copy in the store: from then on no
function works for the run, and nothing brings it back. If this process dies, the rest of the run is
litter, which the same call removes (ADR 68).
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from msgspec import UNSET

from faastraingym.client import run_ids, runs
from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import removal, subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.ports import StoredDeadLetter
from faastraingym.events.views import dead_letters
from faastraingym.events.views.runs import known_runs
from faastraingym.schemas import event_backup, keys
from faastraingym.schemas.messages import RunRemoved

PATIENCE_SECONDS = 150.0  # for work that began: an invocation has two minutes (exec_timeout)
PULSE_SECONDS = 0.5
AT_ONCE = 1000  # objects
CLOSED = (
    "the log of facts of this stack was made by a version that let nobody remove facts, which no "
    "server undoes; docs/upgrading.md says how to make it anew"
)


async def holdings(stack: Connected, run: str) -> Holdings:
    """What would be removed with a run.

    Raises:
        BadInput: there is no such run, or it goes on.
        BeingRestored: the broker lost it, and the store has it still.
        StackTrouble: the log lets nobody remove facts.
    """
    facts = await stack.facts.read(*subjects.of_run(run_ids.check(run)))
    history = fold(facts)
    if not history.removed:
        history = await runs.history(stack, run)
    if why := removal.refusal(run, history):
        raise BadInput(why)
    await _check_experiment(stack, run, history)
    if not await stack.removals.allowed():
        raise StackTrouble(CLOSED)
    return removal.holdings(
        run,
        facts,
        await stack.bucket.listed(keys.of_run(run)),
        await stack.facts.usage(run),
        [dead_letters.size(kept.letter) for kept in await _letters(stack, run)],
    )


async def _check_experiment(stack: Connected, run: str, history: History) -> None:
    """Raise BadInput if the run's experiment goes on, which would ask for the run again."""
    member = history.requested.experiment if history.requested else UNSET
    if member is not UNSET and (await known_runs(stack.facts)).get(member.name):
        raise BadInput(
            f"run {run} is one of experiment {member.name}, which goes on; first "
            f"`faastrain stop {member.name}`"
        )


async def remove(
    stack: Connected, run: str, notice: Callable[[str], None], patience: float = PATIENCE_SECONDS
) -> None:
    """Remove a run that has ended, or what is left of one that was being removed.

    Args:
        stack: where.
        run: its name; `holdings` says whether it can be removed.
        notice: is told what is waited for.
        patience: seconds.

    Raises:
        StackTrouble: functions still work for it after `patience`, or wrote in the meantime.
    """
    await stack.facts.publish_once(RunRemoved(run=run))
    await stack.objects.put(keys.removal(run), event_backup.dump([RunRemoved(run=run)]))
    await _settled(stack, run, notice, time.monotonic() + patience)
    doomed = [one.key for one in removal.objects(run, await stack.bucket.listed(keys.of_run(run)))]
    for batch in (doomed[:1], *(doomed[i : i + AT_ONCE] for i in range(1, len(doomed), AT_ONCE))):
        await stack.bucket.delete(batch)
    for subject_filter in removal.filters(run):
        await stack.removals.remove_facts(subject_filter)
    for letter in await _letters(stack, run):
        await stack.dead_letters.drop(letter.id)
    await stack.removals.remove_usage(run)
    left = await holdings(stack, run)
    if left.facts or left.objects:
        raise StackTrouble(
            f"a function that still worked for run {run} wrote meanwhile; `faastrain rm {run}` "
            "again removes that, too"
        )


async def _settled(stack: Connected, run: str, notice: Callable[[str], None], until: float) -> None:
    """Wait for commands that are worked on; the queue-worker drops those that wait."""
    noticed = False
    while left := await stack.removals.unsettled(run):  # of the last ones others may have come
        if not noticed:
            notice(f"waiting for {_commands(left)} of run {run}, which functions still work on")
        noticed = True
        while left:
            if time.monotonic() >= until:
                raise StackTrouble(
                    f"{_commands(left)} of run {run} did not end; nothing brings the run back, and "
                    f"`faastrain rm {run}` again removes what is left of it once they have ended"
                )
            await asyncio.sleep(PULSE_SECONDS)
            left = await stack.removals.unsettled(run, left)


def _commands(left: Sequence[int]) -> str:
    return "1 command" if len(left) == 1 else f"{len(left)} commands"


async def _letters(stack: Connected, run: str) -> list[StoredDeadLetter]:
    return [kept for kept in await stack.dead_letters.all() if dead_letters.is_of(kept, run)]
