"""The dataset with which a run begins: from this machine into the store, before the run starts."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.client import minari_datasets
from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.client.world import Connected
from faastraingym.schemas import dataset_record, keys, payloads
from faastraingym.schemas.dataset_record import DatasetPart, DatasetRecord
from faastraingym.schemas.payloads import Stream

if TYPE_CHECKING:
    from faastraingym.algorithms.environments.space_info import SpaceInfo

PART_BYTES = 4 << 20  # of arrays, after which a part is full
PATH = "spec.algorithm.init_from"


class Brought(NamedTuple):
    """A dataset of this machine, as the store will have it."""

    name: str
    record: DatasetRecord

    @property
    def data(self) -> bytes:
        """Its record's bytes."""
        return dataset_record.dump(self.record)

    @property
    def sha256(self) -> str:
        """By which a specification names it."""
        return digest(self.data)


def taken(raw: Any) -> tuple[Any, Brought | None]:
    """A raw specification whose dataset has its SHA-256, and the dataset where it is here.

    Raises:
        BadInput: it names none that is here, or one that no algorithm can learn from.
        StackTrouble: Minari is not installed.
    """
    begins = _table(raw)
    name = begins.get("minari")
    if not isinstance(name, str) or not _replays(raw):
        return raw, None
    pinned = begins.get("sha256")
    if pinned is not None and not _is_here(name):
        return raw, None
    found = read(name)
    if pinned is not None:  # that of this name may be another one here
        return raw, found if found.sha256 == pinned else None
    filled = {**begins, "sha256": found.sha256, "entries": found.record.entries}
    return raw | {"algorithm": {**raw["algorithm"], "init_from": filled}}, found


def read(name: str) -> Brought:
    """A dataset of this machine; raises as `taken`."""
    folder = minari_datasets.place(name)
    if not folder.exists():
        here = ", ".join(minari_datasets.names()[:10])
        raise BadInput(
            f"{PATH}.minari: found {name}, which is not in {folder}; allowed: a dataset that is "
            f"here ({here or 'there is none'}); `minari download {name}` gets one, `faastrain "
            "export RUN --minari NAME` writes one"
        )
    return brought(name, minari_datasets.library().load_dataset(name))


def brought(name: str, dataset: Any) -> Brought:
    """What is known of a dataset of Minari; raises as `taken`."""
    made = [
        DatasetPart(sha256=digest(data), size=len(data), entries=len(stream.rewards))
        for stream, data in parts(name, dataset)
    ]
    if not made:
        raise BadInput(f"{PATH}.minari: found {name}, which has no episodes")
    record = DatasetRecord(
        spaces=_spaces(name, dataset).values(), episodes=int(dataset.total_episodes), parts=made
    )
    return Brought(name, dataset_record.load(dataset_record.dump(record)))


def digest(data: bytes) -> str:
    """By which an object is named."""
    return hashlib.sha256(data).hexdigest()


async def bring(stack: Connected, found: Brought, there: Iterable[str]) -> None:
    """Put what the store lacks of a dataset into it; `there` are keys that it has."""
    has, wanted = set(there), found.record
    if any(keys.dataset(part.sha256) not in has for part in wanted.parts):
        dataset = minari_datasets.library().load_dataset(found.name)
        for (_, data), part in zip(parts(found.name, dataset), wanted.parts, strict=True):
            key = keys.dataset(part.sha256)
            if key not in has:
                await stack.bucket.write(key, data, "application/msgpack")
    if keys.dataset(found.sha256) not in has:
        await stack.bucket.write(keys.dataset(found.sha256), found.data, "application/msgpack")


def check(found: Brought, spec: Any, spaces: Any) -> list[str]:
    """The sentences of start-run on a dataset of other spaces than the environment's."""
    from faastraingym.adapters.stage import datasets

    return datasets.misfits(found.name, found.record, spaces, spec)


async def again(stack: Connected, raw: Any) -> None:
    """Put the dataset of a run that is resumed into the store again, where it was lost.

    Raises:
        BadInput: it was lost, and this machine has no such dataset.
        StackTrouble: it was lost, and Minari is not installed.
    """
    begins = _table(raw)
    name, sha256 = begins.get("minari"), begins.get("sha256")
    if not isinstance(name, str) or not isinstance(sha256, str):
        return
    there = await _sound(stack, sha256)
    if there is None:
        return
    found = read(name) if _is_here(name) else None
    if found is None or found.sha256 != sha256:
        raise BadInput(
            f"{PATH}: {name} was lost in the store, and this machine has no dataset of that name "
            f"with the SHA-256 {sha256}; resume the run where it is"
        )
    await bring(stack, found, there)


async def _sound(stack: Connected, sha256: str) -> set[str] | None:
    """The keys of a dataset that have their bytes; None: all have."""
    data = await stack.bucket.read(keys.dataset(sha256), dataset_record.MAX_RECORD + 1)
    if data is None or digest(data) != sha256:
        return set()
    sound, record = {sha256}, dataset_record.load(data)
    for part in record.parts:
        held = await stack.bucket.read(keys.dataset(part.sha256), part.size + 1)
        if held is not None and digest(held) == part.sha256:
            sound.add(part.sha256)
    whole = len(sound) == len({part.sha256 for part in record.parts}) + 1
    return None if whole else set(map(keys.dataset, sound))


def parts(name: str, dataset: Any) -> Iterator[tuple[Stream, bytes]]:
    """The parts of a dataset, always the same; raises as `taken`."""
    from faastraingym.algorithms.offline import stream

    info = _spaces(name, dataset)
    some: list[Stream] = []
    for episode in dataset.iterate_episodes():
        try:
            some.append(
                stream.of_episode(
                    episode.observations,
                    episode.actions,
                    episode.rewards,
                    episode.terminations,
                    episode.truncations,
                    info,
                )
            )
        except (ValueError, LookupError, TypeError) as error:
            raise BadInput(
                f"{PATH}.minari: found {name}, whose episode {episode.id} cannot be learnt from: "
                f"{error}"
            ) from error
        if sum(map(stream.size, some)) >= PART_BYTES:
            whole, some = stream.one(some), []
            yield whole, payloads.dump(whole)
    if some:
        whole = stream.one(some)
        yield whole, payloads.dump(whole)


def _spaces(name: str, dataset: Any) -> "SpaceInfo":
    from faastraingym.algorithms.environments.space_info import of_spaces
    from faastraingym.algorithms.errors import EnvironmentFailed

    kinds = ("Discrete", "MultiDiscrete", "MultiBinary", "Box")
    try:
        spaces = dataset.observation_space, dataset.action_space
        return of_spaces(name, *spaces, "replay", kinds)
    except EnvironmentFailed as error:
        raise BadInput(f"{PATH}.minari: found {error}") from error


def _is_here(name: str) -> bool:
    try:
        return minari_datasets.place(name).exists()
    except StackTrouble:  # Minari is not installed
        return False


def _table(raw: Any) -> Mapping[str, Any]:
    """`algorithm.init_from` of a raw specification; empty where there is none."""
    algorithm = raw.get("algorithm") if isinstance(raw, dict) else None
    found = algorithm.get("init_from") if isinstance(algorithm, dict) else None
    return found if isinstance(found, dict) else {}


def _replays(raw: Any) -> bool:
    """Whether its algorithm is one that could begin with a dataset; others say so themselves."""
    from faastraingym.client import keywords

    settings = keywords.settings(raw["algorithm"].get("name"))
    return settings is not None and "init_from" in settings.__struct_fields__
