"""Object keys. A key derives from what an object is, never from when or where it was made."""

import hashlib
import re
from collections.abc import Collection
from typing import NamedTuple

RUNS = "runs/"  # what the keys of runs begin with
EXPERIMENTS = "experiments/"  # where specifications are put to be run
ENVIRONMENTS = "environments/"  # packages of environments, which the operator alone writes
DATASETS = "datasets/"  # episodes with which runs begin, which the operator alone writes
MODELS = "models/"  # registered policies, which the operator alone writes
POLICIES = "policies/"  # policies from files, to be evaluated, which the operator alone writes
STATES = "environment-states/"  # of callers' environments, by the hour at which they expire
ERROR = ".error.txt"
_POLICIES = (
    rf"{RUNS}[^/]+/policies/[0-9]+\.msgpack",
    rf"{MODELS}[^/]+/objects/[0-9a-f]+\.msgpack",
    rf"{POLICIES}[0-9a-f]+\.msgpack",
)
MOST_NAME, MOST_KEY = 255, 1024  # bytes of a key's last part, and of all of it


class Place(NamedTuple):
    """The parts of a key of a run's object; 0 where there are none."""

    kind: str
    version: int
    slot: int


def place(key: str) -> Place:
    """`runs/<run>/trajectories/3/1.msgpack` is the trajectory of version 3, slot 1.

    A key that is not one of these has the kind "".
    """
    _, _, kind, *numbers = (*key.removesuffix(".msgpack").split("/"), "", "")
    version, slot = [int(n) if n.isascii() and n.isdecimal() else 0 for n in (*numbers, "", "")][:2]
    return Place(kind, version, slot)


def of_run(run: str) -> str:
    """The prefix of all keys of a run."""
    return f"{RUNS}{run}/"


def manifest(run: str) -> str:
    """The validated specification of a run."""
    return f"runs/{run}/manifest.msgpack"


def trajectory(run: str, version: int, index: int) -> str:
    """The trajectory of slot `index` from which policy `version` learns."""
    return f"runs/{run}/trajectories/{version}/{index}.msgpack"


def rewards(run: str, version: int) -> str:
    """Transformed rewards of the batch from which policy `version` learns."""
    return f"runs/{run}/rewards/{version}.msgpack"


def policies(run: str) -> str:
    """The prefix of all policies of a run."""
    return f"runs/{run}/policies/"


def policy(run: str, version: int) -> str:
    """Policy `version`, as actors need it."""
    return f"{policies(run)}{version}.msgpack"


def learner(run: str, version: int) -> str:
    """The learner state of policy `version`."""
    return f"runs/{run}/learner/{version}.msgpack"


def evaluation(run: str, version: int) -> str:
    """The evaluation episodes of policy `version`."""
    return f"runs/{run}/evaluations/{version}.msgpack"


def episodes(run: str, version: int, piece: int) -> str:
    """The episodes of one piece of that evaluation."""
    return f"runs/{run}/episodes/{version}/{piece}.msgpack"


def is_policy(key: str) -> bool:
    """The key of an object that holds a policy: a run's, a model's, or one from a file."""
    return any(re.fullmatch(pattern, key) for pattern in _POLICIES)


def recording(run: str, version: int, episode: int, suffix: str) -> str:
    """The film of an episode of that evaluation; `suffix` as ".mp4"."""
    return f"runs/{run}/recordings/{version}/{episode}{suffix}"


def report(run: str, segment: int = 0) -> str:
    """The report at the end of a segment."""
    return f"runs/{run}/report{_numbered(segment)}.json"


def learning_curve(run: str, segment: int = 0) -> str:
    """The report's picture."""
    return f"runs/{run}/learning_curve{_numbered(segment)}.png"


def log(run: str, first: int, end: int) -> str:
    """The event backup of the run's facts `first` to `end - 1`."""
    return f"{logs(run)}{first}-{end}.msgpack"


def logs(run: str) -> str:
    """The prefix of the run's event backups."""
    return f"runs/{run}/log/"


def removal(run: str) -> str:
    """The event backup of `run.removed`, which stays when all else of the run is gone."""
    return f"{logs(run)}removed.msgpack"


def logged(key: str) -> tuple[int, int] | None:
    """`first` and `end` of an event backup's key; None for another key."""
    found = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})\.msgpack", key.rpartition("/")[2])
    return (int(found[1]), int(found[2])) if found else None


def package(sha256: str) -> str:
    """A package of environments, a wheel."""
    return f"{ENVIRONMENTS}{sha256}.whl"


def package_record(sha256: str) -> str:
    """What is known of that package without opening it."""
    return f"{ENVIRONMENTS}{sha256}.json"


def environment_state(hour: int, sha256: str) -> str:
    """The state of a caller's environments, until this hour of Unix time."""
    return f"{STATES}{hour}/{sha256}.msgpack"


def dataset(sha256: str) -> str:
    """A dataset of episodes, or a part of one."""
    return f"{DATASETS}{sha256}.msgpack"


def brought_policy(sha256: str) -> str:
    """A policy that came from a file."""
    return f"{POLICIES}{sha256}.msgpack"


def model(name: str, version: int) -> str:
    """The manifest of a registered model's version."""
    return f"{MODELS}{name}/{version}/manifest.msgpack"


def model_object(name: str, sha256: str) -> str:
    """An object of a model's versions, as a policy."""
    return f"{MODELS}{name}/objects/{sha256}.msgpack"


def promotion(name: str, alias: str, number: int) -> str:
    """The record of an alias's move."""
    return f"{MODELS}{name}/aliases/{alias}/{number}.msgpack"


def canary(name: str, alias: str) -> str:
    """The record of the version that answers a share of those who ask an alias."""
    return f"{MODELS}{name}/canaries/{alias}.msgpack"


def model_trigger(name: str, alias: str, trigger: str) -> str:
    """A run that starts whenever an alias is promoted."""
    return f"{MODELS}{name}/triggers/{alias}/{trigger}.msgpack"


def registered(key: str) -> tuple[str, int] | None:
    """Name and version of a manifest's key; None for another key."""
    found = re.fullmatch(rf"{MODELS}([^/]+)/([1-9][0-9]{{0,8}})/manifest\.msgpack", key)
    return (found[1], int(found[2])) if found else None


def promoted(key: str) -> tuple[str, str, int] | None:
    """Name, alias and number of a promotion's key; None for another key."""
    found = re.fullmatch(rf"{MODELS}([^/]+)/aliases/([^/]+)/([1-9][0-9]{{0,8}})\.msgpack", key)
    return (found[1], found[2], int(found[3])) if found else None


def is_experiment(key: str, suffixes: Collection[str]) -> bool:
    """The key of a specification, by its place and its suffix."""
    return key.startswith(EXPERIMENTS) and "." + key.rpartition(".")[2].lower() in suffixes


def refusal(key: str) -> str:
    """The key of the errors of the specification at `key`, for its author.

    File names have at most 255 bytes in stores, so a long one is cut and gets a digest of the key.
    """
    folder, slash, name = key.rpartition("/")
    if len((name + ERROR).encode()) <= MOST_NAME and len((key + ERROR).encode()) <= MOST_KEY:
        return key + ERROR
    end = f"~{hashlib.sha256(key.encode()).hexdigest()[:12]}{ERROR}"
    room = min(MOST_NAME, MOST_KEY - len((folder + slash).encode())) - len(end)
    if room < 0:  # not even the digest fits into that folder
        return EXPERIMENTS + end
    return folder + slash + name.encode()[:room].decode(errors="ignore") + end


def _numbered(segment: int) -> str:
    return f".{segment}" if segment else ""
