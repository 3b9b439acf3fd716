"""Removing runs and experiments: facts, objects, measurements and dead letters, crashes survived.

The fact `run.removed` comes first and stays, as does its copy in the store: from then on no
function works for the run, and nothing brings it back. If this process dies, the rest of the run is
litter, which the same call removes. So are the runs of an experiment, once it was removed (ADR 68).
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from faastraingym.client import holdings
from faastraingym.client.errors import StackTrouble
from faastraingym.client.world import Connected
from faastraingym.events.pipeline import removal
from faastraingym.events.views import dead_letters
from faastraingym.schemas import event_backup, keys
from faastraingym.schemas.messages import RunRemoved

PATIENCE_SECONDS = 150.0  # for work that began: an invocation has two minutes (exec_timeout)
PULSE_SECONDS = 0.5
AT_ONCE = 1000  # objects


async def remove(
    stack: Connected,
    name: str,
    notice: Callable[[str], None],
    patience: float = PATIENCE_SECONDS,
    runs: Sequence[str] = (),
) -> None:
    """Remove what has ended, or what is left of what was being removed.

    Args:
        stack: where.
        name: of a run or an experiment; `holdings.held` says whether it can be removed.
        notice: is told what is waited for.
        patience: seconds, for each run.
        runs: the experiment's. Its own facts name them, so these go last.

    Raises:
        StackTrouble: functions still work for it after `patience`, or wrote in the meantime.
    """
    await stack.facts.publish_once(RunRemoved(run=name))
    await stack.objects.put(keys.removal(name), event_backup.dump([RunRemoved(run=name)]))
    for run in runs:
        await remove(stack, run, notice, patience)
    await _settled(stack, name, notice, time.monotonic() + patience)
    of_it = keys.of_run(name)
    doomed = [one.key for one in removal.objects(name, await stack.bucket.listed(of_it))]
    for batch in (doomed[:1], *(doomed[i : i + AT_ONCE] for i in range(1, len(doomed), AT_ONCE))):
        await stack.bucket.delete(batch)
    for subject_filter in removal.filters(name):
        await stack.removals.remove_facts(subject_filter)
    for kept in await stack.dead_letters.all():
        if dead_letters.is_of(kept, name):
            await stack.dead_letters.drop(kept.id)
    await stack.removals.remove_usage(name)
    left = await holdings.left(stack, name)
    if left.facts or left.objects:
        raise StackTrouble(
            f"a function that still worked for {name} wrote meanwhile; `faastrain rm {name}` "
            "again removes that, too"
        )


async def _settled(
    stack: Connected, name: str, notice: Callable[[str], None], until: float
) -> None:
    """Wait for commands that are worked on; the queue-worker drops those that wait."""
    noticed = False
    while left := await stack.removals.unsettled(name):  # of the last ones others may have come
        if not noticed:
            notice(f"waiting for {_commands(left)} of {name}, which functions still work on")
        noticed = True
        while left:
            if time.monotonic() >= until:
                raise StackTrouble(
                    f"{_commands(left)} of {name} did not end; nothing brings it back, and "
                    f"`faastrain rm {name}` again removes what is left of it once they have ended"
                )
            await asyncio.sleep(PULSE_SECONDS)
            left = await stack.removals.unsettled(name, left)


def _commands(left: Sequence[int]) -> str:
    return "1 command" if len(left) == 1 else f"{len(left)} commands"
