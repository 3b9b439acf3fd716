"""What a stack holds of a run, or of an experiment with its runs; may it go? (ADR 68)."""

from collections.abc import Sequence

from msgspec import UNSET

from faastraingym.client import run_ids, runs
from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.world import Connected
from faastraingym.events.experiments import history as experiments
from faastraingym.events.experiments import removal as of_experiments
from faastraingym.events.gathering import each
from faastraingym.events.pipeline import event_backup, removal, subjects
from faastraingym.events.pipeline.history import History, fold
from faastraingym.events.pipeline.removal import Holdings
from faastraingym.events.ports import Recorded, StoredDeadLetter
from faastraingym.events.views import dead_letters
from faastraingym.events.views.runs import known_runs
from faastraingym.schemas import keys

AT_ONCE = 16  # runs that are read
CLOSED = (
    "the log of facts of this stack was made by a version that let nobody remove facts, which no "
    "server undoes; docs/upgrading.md says how to make it anew"
)

Facts = Sequence[Recorded]


async def held(stack: Connected, name: str) -> Holdings:
    """What would be removed with a run, or with an experiment and its runs.

    Raises:
        BadInput: there is no run or experiment of that name, or it goes on, or one of its runs.
        BeingRestored: the broker lost it, and the store has it still.
        StackTrouble: the log lets nobody remove facts.
    """
    facts = await stack.facts.read(*subjects.of_run(run_ids.check(name)))
    experiment = experiments.fold(facts)
    if why := of_experiments.refusal(name, experiment):
        raise BadInput(why)
    members = await _members(stack, name, facts) if experiment.over else []
    if experiment.requested is None and not members:
        await _check_run(stack, name, fold(facts))
    theirs = await each(lambda run: _member(stack, run), members, AT_ONCE)
    if not await stack.removals.allowed():
        raise StackTrouble(CLOSED)
    letters = await stack.dead_letters.all()
    own = await _of_one(stack, name, facts, letters)
    if experiment.requested is None and not members:
        return own
    of_runs = await each(lambda one: _of_one(stack, *one, letters), theirs, AT_ONCE)
    return removal.together(own, of_runs)


async def left(stack: Connected, name: str) -> Holdings:
    """What still lies under the name of a run or an experiment."""
    facts = await stack.facts.read(*subjects.of_run(name))
    return await _of_one(stack, name, facts, await stack.dead_letters.all())


async def _members(stack: Connected, name: str, facts: Facts) -> list[str]:
    """The runs of an experiment, as log or store tells: either may have lost that."""
    stored = await event_backup.recall(await event_backup.copies(name, stack.bucket), stack.objects)
    return of_experiments.runs([*(record.fact for record in facts), *stored])


async def _member(stack: Connected, run: str) -> tuple[str, Facts]:
    """The facts of a run that goes with its experiment; BadInput: it goes on."""
    facts = await stack.facts.read(*subjects.of_run(run))
    history = fold(facts)
    if history.requested and (why := removal.refusal(run, history)):
        raise BadInput(why)
    return run, facts


async def _check_run(stack: Connected, run: str, history: History) -> None:
    """Raise BadInput if there is no such run, it goes on, or its experiment would ask for it."""
    if not history.removed:
        history = await runs.history(stack, run)
    if why := removal.refusal(run, history):
        raise BadInput(why)
    member = history.requested.experiment if history.requested else UNSET
    if member is not UNSET and (await known_runs(stack.facts)).get(member.name):
        raise BadInput(
            f"run {run} is one of experiment {member.name}, which goes on; first "
            f"`faastrain stop {member.name}`"
        )


async def _of_one(
    stack: Connected, name: str, facts: Facts, letters: Sequence[StoredDeadLetter]
) -> Holdings:
    return removal.holdings(
        name,
        facts,
        await stack.bucket.listed(keys.of_run(name)),
        await stack.facts.usage(name),
        [dead_letters.size(kept.letter) for kept in letters if dead_letters.is_of(kept, name)],
    )
