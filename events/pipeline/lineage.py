"""The lineage of objects, by which lost ones are made again, bit for bit: pure.

Everything derives from identity and seeds, as partitions of Spark's RDDs do from their lineage
(Zaharia et al. 2012): the function that made an object makes it again from the same message, once
that message's inputs exist. So a chain of lost objects is walked down once to the objects that
exist, and built upwards from that frontier (ascent.py).
"""

from collections.abc import Collection, Iterable

from faastraingym.events.pipeline import flow, follow_ups
from faastraingym.events.pipeline.ascent import Lost, Work
from faastraingym.events.pipeline.batches import pieces
from faastraingym.events.pipeline.commands import Invocation, invocation
from faastraingym.events.pipeline.history import History
from faastraingym.events.pipeline.planning import learning, on_segment, plan
from faastraingym.events.ports import Unavailable
from faastraingym.schemas import keys
from faastraingym.schemas import messages as m
from faastraingym.schemas.errors import RunFault
from faastraingym.schemas.references import ObjectRef, TrajectoryRef
from faastraingym.schemas.specification import RunSpec

LEARNT_FROM = ("trajectories", "rewards")  # kinds that the next version is made from


class NotPublished(Unavailable):
    """The log lost the facts about an object; `reconcile` has them published again."""


class Lineage:
    """The origin of every object of a run, remembered; no `spec`: the manifest is lost."""

    def __init__(self, history: History, spec: RunSpec | None) -> None:
        self.history = history
        self._spec = spec and on_segment(spec, history.resumed)
        self._works: dict[str, Work] = {}  # by object
        self._slots: dict[int, list[m.CollectRollout]] = {}  # by version

    def work(self, ref: ObjectRef) -> Work:
        """The work that made an object; NotPublished or RunFault if the log has no origin."""
        if ref.key not in self._works:
            origin = self._origin(ref.key)
            if origin is None:
                why = f"object {ref.key} is lost, and the log does not say how it was made"
                if self._was_published(ref.key):
                    raise NotPublished(f"{why}, any more")
                raise RunFault(why)
            function = flow.OBJECTS[keys.place(ref.key).kind].made[type(origin)]
            self._works[ref.key] = Work(function, origin, tuple(inputs(origin, self.history)))
        return self._works[ref.key]

    def made_with(self, ref: ObjectRef) -> list[ObjectRef]:
        """All objects that one invocation makes together: a learner state and its policy."""
        kind, version, _ = keys.place(ref.key)
        updated = self.history.policies.get(version)
        if updated is None or kind not in ("policies", "learner"):
            return [ref]
        return [updated.policy.learner, updated.policy.policy]

    def explains(self, restored: m.RestoreObject) -> bool:
        """Whether the log, as far as it was read, says all that a restoration needs."""
        known = restored.towards is None or restored.towards in self.history.policies
        return known and self._says(restored.object)

    def _says(self, ref: ObjectRef) -> bool:
        try:
            self.work(ref)
        except (NotPublished, RunFault):
            return False
        return True

    def _was_published(self, key: str) -> bool:
        kind, _, slot = keys.place(key)
        if self._spec is None:  # a lost specification may have had any slot
            return kind in flow.RESTORABLE
        slots = {"trajectories": self._spec.rollout.count, "episodes": pieces(self._spec)}
        return kind in flow.RESTORABLE and slot < slots.get(kind, 1)

    def towards(self, wanted: Iterable[ObjectRef]) -> int | None:
        """The version that needs these objects; near the newest, the newest; None before version 0.

        So all waiting functions restore towards one version, for all objects that they lack.
        """
        newest = self._newest
        if newest is None:
            return None
        places = (keys.place(ref.key) for ref in wanted)
        needed = (p.version + (p.kind in LEARNT_FROM) for p in places if p.kind != "manifest")
        version = max(needed, default=newest)
        return newest if version >= newest - 1 else version

    def goals(self, restored: m.RestoreObject) -> list[ObjectRef]:
        """The objects wanted in the end: a version's; of the newest, also those it learns from."""
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
        """The newest version whose origin the log has.

        A log that lost its end may have received later ones from deliveries that were under way.
        """
        policies = self.history.policies
        if self._spec is None:  # the manifest is restored first; then this is looked up again
            return max(policies, default=None)
        versions = (
            v for v in sorted(policies, reverse=True) if self._says(policies[v].policy.policy)
        )
        return next(versions, None)

    def _collected(self, newest: int) -> list[ObjectRef]:
        """The batches from a version on, with their rewards; rollouts that no batch has yet."""
        found: list[ObjectRef] = []
        for version in {*self.history.rollouts, *self.history.rewards}:
            if version >= newest:
                ready = self.history.rewards.get(version)
                completed = self.history.rollouts.get(version, {}).values()
                batch = ready.batch if ready else [fact.trajectory for fact in completed]
                found += [ref.object for ref in batch]
                found += [ready.rewards] if ready and ready.rewards else []
        return found

    def is_passed(self, restored: m.RestoreObject, there: Collection[str]) -> bool:
        """Whether an object is missing because retention removed it after its use."""
        key = restored.object.key
        kind, version, _ = keys.place(key)
        if kind == "manifest" or version >= (restored.towards or 0):
            return False
        return key not in there and key not in self.missing(self.goals(restored), there)

    def missing(self, wanted: Iterable[ObjectRef], there: Collection[str]) -> dict[str, Lost]:
        """By key: the wanted objects that are not `there`, and all missing ones below them.

        A missing manifest comes alone, as no function can go on before it exists. Errors as `work`.
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

    def pruning(self, restored: m.RestoreObject) -> list[Invocation]:
        """The invocation that removes objects made on the way to a version, by the retention."""
        if not self.prunes or not isinstance(restored.origin, m.UpdatePolicy):
            return []
        ready = self.history.rewards.get(restored.origin.policy.version + 1)
        return [invocation(ready)] if ready else []

    def _origin(self, key: str) -> m.Origin | None:
        kind, version, slot = keys.place(key)
        history, spec = self.history, self._spec
        updated = history.policies.get(version)
        if kind == "manifest":
            return history.requested
        if spec is None:
            return None
        if kind == "rewards":
            return history.rewards.get(version)
        if kind == "trajectories":
            if version not in self._slots:
                self._slots[version] = follow_ups.of_batch(history, spec, version)
            slots = self._slots[version]
            return slots[slot] if slot < len(slots) else None
        if kind in ("policies", "learner") and updated:
            return _update(version, history, spec)
        if kind in ("episodes", "evaluations") and updated:
            return _evaluation(kind, slot, updated, history, spec)
        return None


def inputs(message: m.Message, history: History) -> list[ObjectRef]:
    """The objects that a stage reads to make another one from a message."""
    match message:
        case m.CollectRollout(previous=previous):
            before = [previous.object] if previous else []
            return [message.manifest, message.policy.policy, *before]
        case m.RolloutCompleted():
            rollouts = history.rollouts.get(message.version, {}).values()
            completed = [fact.trajectory for fact in rollouts]
            return [message.manifest, *_for_rewards(completed, message.version, history)]
        case m.EpisodesEvaluated():
            played = history.evaluated.get(message.version, {}).values()
            return [message.manifest, *(fact.evaluation for fact in played)]
        case m.RewardsReady() if message.rewards:
            return [message.manifest, *_for_rewards(message.batch, message.version, history)]
        case m.UpdatePolicy():
            rewards = [message.rewards] if message.rewards else []
            learnt = [ref.object for ref in message.batch]
            replayed = _replayed(message.schedule.replay, history)
            return [message.manifest, message.policy.learner, *learnt, *rewards, *replayed]
        case m.EvaluatePolicy():
            return [message.manifest, message.policy.policy]
        case m.RunStarted() | m.RewardsReady():
            return [message.manifest]
    return []


def _for_rewards(batch: Iterable[TrajectoryRef], version: int, history: History) -> list[ObjectRef]:
    before = history.rewards.get(version - 1)
    previous = [before.rewards] if before and before.rewards else []
    return [*(ref.object for ref in batch), *previous]


def _replayed(versions: m.VersionRange | None, history: History) -> list[ObjectRef]:
    """The trajectories and rewards of a window, but for those of its last version, the batch."""
    window = range(versions.first, versions.last) if versions else ()
    batches = [history.rewards[version] for version in window if version in history.rewards]
    found = [ref.object for ready in batches for ref in ready.batch]
    return found + [ready.rewards for ready in batches if ready.rewards]


def _update(version: int, history: History, spec: RunSpec) -> m.Origin | None:
    if version == 0:
        return history.started
    ready = history.rewards.get(version - 1)
    before = learning(ready, history) if ready else None
    return plan(spec, before, ready) if ready and before else None


def _evaluation(
    kind: str, slot: int, updated: m.PolicyUpdated, history: History, spec: RunSpec
) -> m.Origin | None:
    due = follow_ups.evaluation(updated, updated.policy, spec)
    if kind == "episodes":
        return due[slot] if slot < len(due) else None
    if len(due) == 1:
        return due[0]
    played = history.evaluated.get(updated.version)
    return played[max(played)] if played else None
