"""Raw data becomes a specification, or an error: one sentence for every problem.

A sentence names the field, what was found and what is allowed.
"""

import difflib
import functools
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType, inspect

from faastraingym.schemas import bounds
from faastraingym.schemas.descriptions import describe
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.specification import Function, RunSpec

Spec = TypeVar("Spec", bound=RunSpec)
Kind = TypeVar("Kind", bound=Struct)
DOTTED = re.compile(r"\w+(\.\w+)*")  # a key that is printed as it is
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")  # of an OpenFaaS function
Places = Mapping[str, list[str]]  # of keys, below the specification

# Of each table once: a grid of configurations is held to the same ones again and again.
_hints_of = functools.cache(functools.partial(get_type_hints, include_extras=True))
_fields_of = functools.cache(msgspec.structs.fields)


class Owners(NamedTuple):
    """Which tables of several have a key."""

    tag: str  # of the one that is there
    keys: Mapping[str, set[str]]  # by tag

    def words(self, key: str) -> str:
        """` of ppo; dqn has it`; "" where none has it."""
        found = [tag for tag, keys in self.keys.items() if key in keys]
        has = "has" if len(found) == 1 else "have"
        return f" of {self.tag}; {', '.join(found)} {has} it" if found else ""


BELOW = {"max_episode_steps": ["environment.kwargs.max_episode_steps"]}  # what no table declares


def parse(
    raw: Any, kind: type[Spec], refused: Callable[[Spec], Iterable[str]] = lambda _: ()
) -> Spec:
    """The validated specification of `kind`, RunSpec with the algorithms that there are.

    `refused` gives the algorithm's objections to values that are valid one by one.

    Raises:
        SpecificationError: unknown keys, wrong types, impossible values or combinations.
    """
    spec = typed(named_reward(raw), kind)
    problems = [*_contradictions(spec), *refused(spec)]
    if problems:
        raise SpecificationError(problems)
    return spec


def named_reward(raw: Any) -> Any:
    """A raw specification whose table `reward` with `function` is the list that it stands for."""
    reward = raw.get("reward") if isinstance(raw, dict) else None
    if not isinstance(reward, dict) or "function" not in reward:
        return raw
    rest = {key: value for key, value in reward.items() if key != "function"}
    return {**raw, "reward": [{"kind": "function", **rest, "name": reward["function"]}]}


def typed(raw: Any, kind: type[Kind], elsewhere: Places = BELOW) -> Kind:
    """A value of `kind`, each of whose fields is valid by itself.

    Args:
        raw: plain data.
        kind: a table.
        elsewhere: where keys belong that `kind` does not have.

    Raises:
        SpecificationError: unknown keys, wrong types, values out of bounds.
    """
    problem = bounds.problem(raw, "spec")
    places = {**_places(raw, kind), **elsewhere}
    problems = [problem] if problem else list(_problems(raw, kind, "spec", places))
    if problems:
        raise SpecificationError(problems)
    return msgspec.convert(raw, kind)


def suggestion(name: str, allowed: list[str]) -> str:
    """A near-miss suggestion, or the allowed names: `; did you mean 'num_envs'?`."""
    return near(name, allowed) or f"; allowed: {', '.join(allowed)}"


def near(name: str, allowed: list[str]) -> str:
    """`; did you mean 'ppo'?` of PPO and of pppo; "" where nothing is near."""
    by_letters = {each.lower(): each for each in reversed(allowed)}
    found = difflib.get_close_matches(name.lower(), by_letters, n=1)
    return f"; did you mean {by_letters[found[0]]!r}?" if found else ""


def _contradictions(spec: RunSpec) -> Iterator[str]:
    rollout = spec.rollout
    if not 1 <= rollout.needed <= rollout.count:
        yield (
            f"spec.rollout.threshold: found {rollout.threshold}; allowed: 1 to "
            f"{rollout.count}, the fan-out (spec.rollout.count)"
        )
    elif rollout.horizon == "episodes" and rollout.needed != rollout.count:
        yield (
            f"spec.rollout.threshold: found {rollout.threshold}; allowed: {rollout.count}, the "
            "fan-out (spec.rollout.count), while the horizon is episodes: rollouts of short "
            "episodes come first and would bias the batch"
        )
    if rollout.straggler_factor is not UNSET and rollout.count == 1:
        yield (
            f"spec.rollout.straggler_factor: found {rollout.straggler_factor:g}; allowed: only "
            "where spec.rollout.count is 2 or more, for a rollout is late beside its siblings"
        )
    yield from _of_evaluation(spec)
    function = spec.reward_function
    if function and not NAME.fullmatch(function.name):
        yield f"spec.reward[0].name: found {function.name!r}; allowed: a-z, 0-9 and inner -"
    for i, transform in enumerate(spec.reward):
        if i and isinstance(transform, Function):
            yield (
                f"spec.reward[{i}].kind: found function; allowed: only as the first, for its "
                "rewards replace those before it"
            )
        low, high = getattr(transform, "low", 0.0), getattr(transform, "high", 1.0)
        if low >= high:
            yield f"spec.reward[{i}].low: found {low}; allowed: less than high, which is {high}"


def _of_evaluation(spec: RunSpec) -> Iterator[str]:
    asked = spec.evaluation
    if asked.workers is not UNSET:
        yield (
            f"spec.evaluation.workers: found {asked.workers}; allowed: {asked.pieces}, as "
            "spec.evaluation.pieces says, or leave that out: it is another name of the same"
        )
    if (asked.pieces or 1) > asked.episodes:
        yield (
            f"spec.evaluation.workers: found {asked.pieces}; allowed: 1 to "
            f"{asked.episodes}, one episode each (spec.evaluation.episodes)"
        )
    if asked.recorded > asked.episodes:
        yield (
            f"spec.evaluation.record: found {asked.recorded}; allowed: 0 to {asked.episodes}, the "
            "episodes that there are (spec.evaluation.episodes)"
        )
    if spec.evaluate is UNSET and not spec.stop.env_steps:
        yield (
            "spec.stop.env_steps: found 0; allowed: 1 or more, but for a run that evaluates "
            "(spec.evaluate)"
        )
    elif spec.evaluate is not UNSET and spec.stop.env_steps:
        yield (
            f"spec.stop.env_steps: found {spec.stop.env_steps}; allowed: 0 or nothing beside "
            "spec.evaluate, which learns nothing"
        )


def _places(raw: Any, kind: type[Struct]) -> dict[str, list[str]]:
    """Where a specification has a key that is not at its top: `learning_rate`: `algorithm.…`."""
    found: dict[str, list[str]] = {}
    for name, tables in _tables_of(kind):
        if len(tables) > 1:  # that of the tag alone
            section = raw.get(name) if isinstance(raw, dict) else None
            tables = [table for table in tables if _is_tagged(section, table)]
        for key in (key for table in tables for key in table.__struct_fields__):
            found.setdefault(key, []).append(f"{name}.{key}")
    return found


@functools.cache
def _tables_of(kind: type[Struct]) -> list[tuple[str, list[type[Struct]]]]:
    """Its fields, with the tables that each may be."""
    hints = get_type_hints(kind).items()
    return [(name, [] if get_origin(hint) is list else _structs(hint)) for name, hint in hints]


def _structs(hint: Any) -> list[type[Struct]]:
    """The tables that a value may be."""
    return [k for k in (hint, *get_args(hint)) if isinstance(k, type) and issubclass(k, Struct)]


def _is_tagged(raw: Any, table: type[Struct]) -> bool:
    config = table.__struct_config__
    return isinstance(raw, dict) and raw.get(config.tag_field) == config.tag


def _problems(raw: Any, hint: Any, path: str, places: Places) -> Iterator[str]:
    """One sentence per value at or below `path` that is not of type `hint`."""
    if UnsetType in get_args(hint):  # of a value that is there nothing else is left
        (hint,) = (each for each in get_args(hint) if each is not UnsetType)
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    structs = _structs(bare)
    found: list[str] = []
    if structs and isinstance(raw, str) and _accepts(hint, raw):  # a name that stands for a table
        return
    if structs and get_origin(bare) is not list:
        yield from _table_problems(raw, structs, path, places)
        return
    if get_origin(bare) in (list, tuple) and isinstance(raw, list):
        item = get_args(bare)[0]
        for i, value in enumerate(raw):
            found += _problems(value, item, f"{path}[{i}]", places)
    elif get_origin(bare) is dict and _structs(get_args(bare)[1]) and isinstance(raw, dict):
        for key, value in raw.items():
            name = key if DOTTED.fullmatch(str(key)) else f"{key!r:.80}"
            found += _problems(value, get_args(bare)[1], f"{path}.{name}", places)
    yield from found
    if not found and not _accepts(hint, raw):  # too long, or what no item is at fault for
        yield f"{path}: found {raw!r:.80}; allowed: {describe(inspect.type_info(hint))}"


def _table_problems(
    raw: Any, structs: list[type[Struct]], path: str, places: Places
) -> Iterator[str]:
    """Problems of a table that may be any of `structs`; its tag says which."""
    if not isinstance(raw, dict):
        yield f"{path}: found {raw!r:.80}; allowed: a table"
        return
    tag_field = structs[0].__struct_config__.tag_field
    by_tag = {str(struct.__struct_config__.tag): struct for struct in structs}
    tag = str(raw.get(tag_field)) if tag_field else str(None)
    if tag in by_tag:
        others = {name: {*other.__struct_fields__} for name, other in by_tag.items()}
        owners = Owners(tag, others) if tag_field else None
        yield from _field_problems(raw, by_tag[tag], tag_field, path, places, owners)
    elif tag_field in raw:
        names = list(by_tag)
        allowed = f"{', '.join(names)}{near(tag, names)}"
        yield f"{path}.{tag_field}: found {tag!r:.80}; allowed: {allowed}"
    else:
        yield f"{path}.{tag_field}: missing; allowed: {', '.join(by_tag)}"


def _field_problems(
    raw: dict[Any, Any],
    struct: type[Struct],
    tag_field: str | None,
    path: str,
    places: Places,
    owners: Owners | None,
) -> Iterator[str]:
    hints = _hints_of(struct)
    allowed = sorted([*hints, *([tag_field] if tag_field else [])])
    for key, value in raw.items():
        if key in hints:
            yield from _problems(value, hints[key], f"{path}.{key}", places)
        elif key != tag_field:
            name = key if isinstance(key, str) and key.isidentifier() else f"{key!r:.80}"
            elsewhere = places.get(str(key), [])
            meant = f"; did you mean {elsewhere[0]!r}?" if len(elsewhere) == 1 else ""
            meant = meant or (owners.words(str(key)) if owners else "")
            yield f"{path}.{name}: unknown key{meant or suggestion(str(key), allowed)}"
    for field in _fields_of(struct):
        if field.required and field.name not in raw:
            words = describe(inspect.type_info(hints[field.name]))
            yield f"{path}.{field.name}: missing; allowed: {words}"


def _accepts(hint: Any, raw: Any) -> bool:
    """A plain value is of type `hint`; NaN and infinities are of no type that is declared."""
    if isinstance(raw, float) and not math.isfinite(raw):
        return hint is Any
    try:
        msgspec.convert(raw, hint)
    except msgspec.ValidationError:
        return False
    return True
