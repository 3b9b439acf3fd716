"""Raw data -> RunSpec, or an error that names the field, what was found and what is allowed."""

import difflib
import re
import types
import typing
from typing import Any

import msgspec
from msgspec import Struct

from schemas.errors import SpecificationError
from schemas.specification import RunSpec


def parse(raw: Any) -> RunSpec:
    """The validated specification.

    Raises:
        SpecificationError: unknown keys, wrong types, impossible values or combinations.
    """
    unknown = list(_unknown_keys(raw, RunSpec, "spec"))
    if unknown:
        raise SpecificationError(unknown)
    try:
        spec = msgspec.convert(raw, RunSpec)
    except msgspec.ValidationError as error:
        raise SpecificationError([_sentence(str(error), raw)]) from error
    problems = list(_contradictions(spec))
    if problems:
        raise SpecificationError(problems)
    return spec


def _contradictions(spec: RunSpec) -> typing.Iterator[str]:
    rollout = spec.rollout
    if not 1 <= rollout.batch <= rollout.count:
        yield (
            f"spec.rollout.threshold: found {rollout.threshold}; allowed: 1 to "
            f"{rollout.count}, the fan-out (spec.rollout.count)"
        )
    samples = rollout.batch * rollout.num_steps * spec.environment.num_envs
    minibatches = spec.algorithm.num_minibatches
    if rollout.horizon == "steps" and samples % minibatches:
        yield (
            f"spec.algorithm.num_minibatches: found {minibatches}; allowed: a divisor of the "
            f"{samples} samples of an update (threshold x num_steps x num_envs)"
        )
    for i, transform in enumerate(spec.reward):
        low, high = getattr(transform, "low", 0.0), getattr(transform, "high", 1.0)
        if low >= high:
            yield f"spec.reward[{i}].low: found {low}; allowed: less than high, which is {high}"


def _unknown_keys(raw: Any, kind: Any, path: str) -> typing.Iterator[str]:
    """One sentence per key that no struct at that place has, with the nearest name that it has."""
    if isinstance(raw, list):
        item = (typing.get_args(kind) or (Any,))[0]
        for i, value in enumerate(raw):
            yield from _unknown_keys(value, item, f"{path}[{i}]")
    struct = _struct_for(raw, kind)
    if struct is None or not isinstance(raw, dict):
        return
    hints = typing.get_type_hints(struct)
    tag_field = struct.__struct_config__.tag_field
    allowed = sorted([*hints, *([tag_field] if tag_field else [])])
    for key, value in raw.items():
        if key in hints:
            yield from _unknown_keys(value, hints[key], f"{path}.{key}")
        elif key != tag_field:
            yield f"{path}.{key}: unknown key{suggestion(str(key), allowed)}"


def _struct_for(raw: Any, kind: Any) -> type[Struct] | None:
    """The struct type that `raw` means among the alternatives of `kind`."""
    union = typing.get_origin(kind) in (typing.Union, types.UnionType)
    alternatives = typing.get_args(kind) if union else (kind,)
    structs = [k for k in alternatives if isinstance(k, type) and issubclass(k, Struct)]
    for struct in structs:
        config = struct.__struct_config__
        if len(structs) == 1 and config.tag_field is None:
            return struct
        if isinstance(raw, dict) and raw.get(config.tag_field) == config.tag:
            return struct
    return None


def _sentence(error: str, raw: Any) -> str:
    """msgspec's message, with the value that was found and the path as the user wrote it."""
    what, _, path = error.partition(" - at `$")
    path = path.rstrip("`")
    found = _look_up(raw, path)
    named = re.match(r"Invalid (?:value|enum value) '(.*)'", what)
    near = ""
    if named:
        allowed = _tags(path)
        near = f"; allowed: {', '.join(allowed)}" if allowed else ""
        near += suggestion(named.group(1), allowed) if allowed else ""
    return f"spec{path}: {what[0].lower()}{what[1:]}, found {found!r:.80}{near}"


def _tags(path: str) -> list[str]:
    """The names allowed at a tag's path, as `.algorithm.name`."""
    hints = typing.get_type_hints(RunSpec)
    kind = hints.get(path.split(".")[1].split("[")[0]) if path.startswith(".") else None
    if typing.get_origin(kind) is list:
        kind = typing.get_args(kind)[0]
    structs = typing.get_args(kind) or (kind,)
    tags = [s.__struct_config__.tag for s in structs if hasattr(s, "__struct_config__")]
    return [t for t in tags if t and path.endswith((".name", ".kind"))]


def _look_up(raw: Any, path: str) -> Any:
    for key, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path):
        if key and isinstance(raw, dict):
            raw = raw.get(key)
        elif index and isinstance(raw, list) and int(index) < len(raw):
            raw = raw[int(index)]
        else:
            return None
    return raw


def suggestion(name: str, allowed: list[str]) -> str:
    """A near-miss suggestion, or the allowed names: `; did you mean 'num_envs'?`."""
    near = difflib.get_close_matches(name, allowed, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(allowed)}"
