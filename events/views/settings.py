"""In which settings specifications differ: pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from faastraingym.algorithms import registry
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import to_dict

SEED = "seed"
ALGORITHM = "algorithm.name"
_ABSENT = b""  # of a setting that a specification has not


def configuration(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A raw specification with its defaults, and without its seed; one that was refused as it is.

    A request may leave defaults out, and older releases had fewer fields.
    """
    try:
        complete = to_dict(registry.parse(dict(spec)))
    except SpecificationError:
        complete = dict(spec)
    if isinstance(played := complete.get("evaluate"), Mapping):  # two policies differ in one thing
        digest = str(dict(played.get("object") or {}).get("sha256", ""))
        complete["evaluate"] = f"{played.get('policy')} ({digest[:12]})"
    return without_seed(complete)


def without_seed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Everything else of a specification, which is not completed."""
    return {name: value for name, value in spec.items() if name != SEED}


def identity(configuration: Any) -> bytes:
    """Equal for equal configurations, whatever the order of their keys."""
    return msgspec.json.encode(configuration, order="sorted")


def flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its path, as `algorithm.learning_rate`, or `reward.0.factor`.

    A list of plain values is one setting, such as the sizes of layers.
    """
    for name, value in table.items():
        path = f"{before}{name}"
        value = list(value) if isinstance(value, tuple) else value
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            value = {str(place): one for place, one in enumerate(value)}
        if isinstance(value, dict) and value:
            yield from flat(value, f"{path}.")
        else:
            yield path, value


def differing(configurations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of each configuration the settings, by path, in which they differ; all in one order.

    Where algorithms differ, one's own settings count only as far as its own runs differ in them.
    """
    told = [dict(flat(one)) for one in configurations]
    paths = [path for path in dict.fromkeys(p for one in told for p in one) if _differs(path, told)]
    return [{path: one[path] for path in paths if path in one} for one in told]


def _differs(path: str, told: Sequence[Mapping[str, Any]]) -> bool:
    if all(path in one for one in told):
        return len({_value(path, one) for one in told}) > 1
    found: dict[bytes, set[bytes]] = {}
    for one in told:
        found.setdefault(_value(ALGORITHM, one), set()).add(_value(path, one))
    return any(len(values) > 1 for values in found.values())


def _value(path: str, one: Mapping[str, Any]) -> bytes:
    return identity(one[path]) if path in one else _ABSENT
