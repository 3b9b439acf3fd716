"""What an object was made from, so that a lost one can be made again, bit for bit: pure.

Everything derives from identity and seeds, as partitions of Spark's RDDs do from their lineage
(Zaharia et al. 2012): the function that made an object makes it again from the same message, once
that message's inputs are there. So a chain of lost objects is walked down, in one go, to what is
there, and built upwards from its frontier.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from faastraingym.events.pipeline import flow, follow_ups
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import learning, on_segment, plan
from faastraingym.events.ports import Unavailable
from faastraingym.schemas import keys
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.messages import (
    CollectRollout,
    EpisodesEvaluated,
    EvaluatePolicy,
    Message,
    Origin,
    RestoreObject,
    RewardsReady,
    RolloutCompleted,
    RunStarted,
    UpdatePolicy,
)
from faastraingym.schemas.references import ObjectRef, PolicyRef, TrajectoryRef
from faastraingym.schemas.specification import RunSpec

ASKED_EVERY = 60.0  # seconds: so often an object that is still lost is asked for again

LEARNT_FROM = ("trajectories", "rewards")  # kinds that the next version is made from
Name = tuple[str, int, int]  # of a piece of work: function, version, slot


class NotPublished(Unavailable):
    """The log lost what an object was made from; `reconcile` has that done and published again."""


class Work(NamedTuple):
    """One invocation that makes objects of a run."""

    function: str
    origin: Origin
    inputs: tuple[ObjectRef, ...]  # what it reads


class Lost(NamedTuple):
    """An object that is missing, and how it is made."""

    object: ObjectRef
    work: Work


class Ascent:
    """The way up from what is there to what is wanted, as far as one replica knows it.

    Args:
        goals: what is wanted.
        missing: by key, what is missing at and below them.
        there: the keys that exist; those that are found or made later are added.
    """

    def __init__(
        self, goals: Iterable[ObjectRef], missing: dict[str, Lost], there: Collection[str]
    ) -> None:
        self.missing = missing
        self.there = set(there)
        self._goals = list(goals)
        self._above: dict[str, list[Lost]] = defaultdict(list)  # by input
        self._together: dict[Name, list[str]] = defaultdict(list)  # made by one piece of work
        for key, lost in missing.items():
            self._together[_name(lost)].append(key)
            for ref in lost.work.inputs:
                self._above[ref.key].append(lost)

    def frontier(self) -> list[Lost]:
        """Those that can be made now, one for each piece of work: a learner brings its policy."""
        return _one_each(
            lost
            for lost in self.missing.values()
            if not any(ref.key in self.missing for ref in lost.work.inputs)
        )

    def edge(self) -> list[ObjectRef]:
        """What is taken for there: goals and inputs that are not missing."""
        read = {ref.key: ref for lost in self.missing.values() for ref in lost.work.inputs}
        taken = read | {ref.key: ref for ref in self._goals}
        return [ref for key, ref in taken.items() if key not in self.missing]

    def above(self, key: str) -> list[Lost]:
        """What may be possible now that a missing object was made, and so all that it was made of.

        Each is, if all its inputs are there.
        """
        lost = self.missing[key]
        brought = self._together[_name(lost)]
        self.there |= {*brought, *(ref.key for ref in lost.work.inputs)}
        return _one_each(next_one for made in brought for next_one in self._above[made])


class Lineage:
    """How every object of a run was made; what was looked up is remembered.

    Args:
        history: of the run.
        spec: the manifest's; None when it is the manifest that is lost.
    """

    def __init__(self, history: History, spec: RunSpec | None) -> None:
        self.history = history
        self._spec = spec and on_segment(spec, history.resumed)
        self._works: dict[str, Work] = {}  # by object
        self._slots: dict[int, list[CollectRollout]] = {}  # by version

    def work(self, ref: ObjectRef) -> Work:
        """What made an object.

        Raises:
            NotPublished: the log does not say what it was made from.
            RunFault: no log ever could.
        """
        if ref.key not in self._works:
            origin = self._origin(ref.key)
            if origin is None:
                why = f"object {ref.key} is lost, and the log does not say how it was made"
                raise (
                    NotPublished(f"{why}, any more")
                    if self._was_published(ref.key)
                    else RunFault(why)
                )
            function = flow.OBJECTS[keys.place(ref.key).kind].made[type(origin)]
            self._works[ref.key] = Work(function, origin, tuple(inputs(origin, self.history)))
        return self._works[ref.key]

    def made_with(self, ref: ObjectRef) -> list[ObjectRef]:
        """All objects that one invocation makes together: a learner state, its policy."""
        kind, version, _ = keys.place(ref.key)
        updated = self.history.policies.get(version)
        if updated is None or kind not in ("policies", "learner"):
            return [ref]
        return [updated.policy.learner, updated.policy.policy]

    def explains(self, restored: RestoreObject) -> bool:
        """Whether the log, as far as it was read, says all that a restoration needs of it."""
        known = restored.towards is None or restored.towards in self.history.policies
        return known and self._says(restored.object)

    def _says(self, ref: ObjectRef) -> bool:
        try:
            self.work(ref)
        except (NotPublished, RunFault):
            return False
        return True

    def _was_published(self, key: str) -> bool:
        """Whether a run's log has once told of an object with this key."""
        kind, _, slot = keys.place(key)
        slots = self._spec.rollout.count if self._spec and kind == "trajectories" else 1
        return kind in flow.RESTORABLE and slot < slots

    def towards(self, wanted: Iterable[ObjectRef]) -> int | None:
        """The version that needs these objects; at a run's end, the newest.

        So all waiting functions go one way, for all objects that they lack. None before version 0.
        """
        newest = self._newest
        if newest is None:
            return None
        places = [keys.place(ref.key) for ref in wanted]
        versions = [
            place.version + (place.kind in LEARNT_FROM)
            for place in places
            if place.kind != "manifest"
        ]
        version = max(versions, default=newest)
        return newest if version >= newest - 1 else version

    def goals(self, restored: RestoreObject) -> list[ObjectRef]:
        """What is wanted in the end: a version, and of the newest what it is to learn from."""
        newest = self._newest
        if newest is None or restored.towards is None:
            return [restored.object]
        updated = self.history.policies.get(min(restored.towards, newest))
        if updated is None:
            return [restored.object]
        later = [] if updated.policy.version < newest else self._collected(newest)
        return [updated.policy.learner, updated.policy.policy, *filter(self._says, later)]

    @property
    def _newest(self) -> int | None:
        """The newest version of which the log says how it was made.

        A log that lost its end may have received later ones from deliveries that were under way.
        """
        policies = self.history.policies
        if self._spec is None:  # the manifest comes first, and then it is looked up again
            return max(policies, default=None)
        said = (v for v in sorted(policies, reverse=True) if self._says(policies[v].policy.policy))
        return next(said, None)

    def _collected(self, newest: int) -> list[ObjectRef]:
        """Batches, their rewards, and rollouts of which none was made yet, from a version on."""
        found: list[ObjectRef] = []
        for version in {*self.history.rollouts, *self.history.rewards}:
            if version >= newest:
                ready = self.history.rewards.get(version)
                completed = self.history.rollouts.get(version, {}).values()
                batch = ready.batch if ready else [fact.trajectory for fact in completed]
                found += [ref.object for ref in batch]
                found += [ready.rewards] if ready and ready.rewards else []
        return found

    def is_passed(self, restored: RestoreObject, there: Collection[str]) -> bool:
        """Whether an object is missing because those above it were made, and it was removed."""
        kind, version, _ = keys.place(restored.object.key)
        if kind == "manifest" or version >= (restored.towards or 0):
            return False
        key = restored.object.key
        return key not in there and key not in self.missing(self.goals(restored), there)

    def missing(self, wanted: Iterable[ObjectRef], there: Collection[str]) -> dict[str, Lost]:
        """By key: what is wanted and not there, and all below it that is missing for that.

        Without a manifest that alone is missing, for no function can go on before it is there.

        Args:
            wanted: the objects that a function reads.
            there: the keys that exist.

        Raises:
            NotPublished, RunFault: the log does not say what one of them was made from.
        """
        if self._spec is None and self.history.started:
            manifest = self.history.started.manifest
            return {manifest.key: Lost(manifest, self.work(manifest))}
        found: dict[str, Lost] = {}
        pending = list(wanted)
        while pending:
            ref = pending.pop()
            if ref.key not in there and ref.key not in found:
                found[ref.key] = Lost(ref, self.work(ref))
                pending.extend(found[ref.key].work.inputs)
        return found

    @property
    def prunes(self) -> bool:
        """Whether old versions are removed."""
        return self._spec is not None and self._spec.retention.versions is not None

    def pruning(self, restored: RestoreObject) -> list[Invocation]:
        """Who removes what was made on the way to a version and no later one needs, by the rule."""
        if not self.prunes or not isinstance(restored.origin, UpdatePolicy):
            return []
        ready = self.history.rewards.get(restored.origin.policy.version + 1)
        return [invocation(ready)] if ready else []

    def _origin(self, key: str) -> Origin | None:
        """The message from which the object with this key was made."""
        kind, version, slot = keys.place(key)
        history, spec = self.history, self._spec
        if kind == "manifest":
            return history.requested
        updated, ready = history.policies.get(version), history.rewards.get(version)
        if spec is None:
            return None
        match kind:
            case "trajectories":
                slots = self._rollouts(spec, version)
                return slots[slot] if slot < len(slots) else None
            case "policies" | "learner" if updated:
                return _update(version, history, spec)
            case "rewards":
                return ready
            case "episodes" if updated:
                due = follow_ups.evaluation(updated, updated.policy, spec)
                return due[slot] if slot < len(due) else None
            case "evaluations" if updated:
                due = follow_ups.evaluation(updated, updated.policy, spec)
                played = self.history.evaluated.get(version)
                if len(due) == 1:
                    return due[0]
                return played[max(played)] if played else None
        return None

    def _rollouts(self, spec: RunSpec, version: int) -> list[CollectRollout]:
        if version not in self._slots:
            self._slots[version] = follow_ups.of_batch(self.history, spec, version)
        return self._slots[version]


def inputs(message: Message, history: History) -> list[ObjectRef]:
    """What the stage that makes something of a message reads of the store for that."""
    match message:
        case RunStarted():
            return [message.manifest]
        case CollectRollout(previous=previous):
            before = [previous.object] if previous else []
            return [message.manifest, message.policy.policy, *before]
        case RolloutCompleted(trajectory=TrajectoryRef(version=version)):
            completed = [fact.trajectory for fact in history.rollouts.get(version, {}).values()]
            return [message.manifest, *_for_rewards(completed, version, history)]
        case EpisodesEvaluated(policy=PolicyRef(version=version)):
            played = history.evaluated.get(version, {}).values()
            return [message.manifest, *(fact.evaluation for fact in played)]
        case RewardsReady() if message.rewards:
            return [message.manifest, *_for_rewards(message.batch, message.version, history)]
        case RewardsReady():
            return [message.manifest]
        case UpdatePolicy():
            rewards = [message.rewards] if message.rewards else []
            learnt = [ref.object for ref in message.batch]
            return [message.manifest, message.policy.learner, *learnt, *rewards]
        case EvaluatePolicy():
            return [message.manifest, message.policy.policy]
    return []


def restorations(
    lost: Iterable[Lost], towards: int | None, verify: bool, now: float
) -> list[Invocation]:
    """The invocations that make these objects again, towards the wanted version.

    All requests for an object within the same minute are one request.

    Args:
        lost: those whose inputs are there.
        towards: the version that is wanted in the end.
        verify: whether what the store lists is to be read before it counts as there.
        now: Unix time, seconds.
    """
    return [
        Invocation(
            work.function,
            RestoreObject(
                run=work.origin.run,
                object=ref,
                origin=work.origin,
                towards=towards,
                verify=verify,
                asked=int(now / ASKED_EVERY),
            ),
        )
        for ref, work in lost
    ]


def _name(lost: Lost) -> Name:
    _, version, slot = keys.place(lost.object.key)
    return lost.work.function, version, slot


def _one_each(found: Iterable[Lost]) -> list[Lost]:
    """One for each piece of work, its learner state before its policy."""
    ordered = sorted(found, key=lambda lost: lost.object.key, reverse=True)
    return list({_name(lost): lost for lost in ordered}.values())[::-1]


def _for_rewards(batch: Iterable[TrajectoryRef], version: int, history: History) -> list[ObjectRef]:
    """A batch, and the rewards before it, whose transforms go on."""
    before = history.rewards.get(version - 1)
    previous = [before.rewards] if before and before.rewards else []
    return [*(ref.object for ref in batch), *previous]


def _update(version: int, history: History, spec: RunSpec) -> Origin | None:
    if version == 0:
        return history.started
    ready = history.rewards.get(version - 1)
    before = learning(ready, history) if ready else None
    return plan(spec, before, ready) if ready and before else None
