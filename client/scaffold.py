"""What `faastrain init` writes: a specification with a comment at every key. Pure."""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from faastraingym.schemas.descriptions import describe
from faastraingym.schemas.specification import RewardTransform, RunSpec, Section

WIDTH = 100
FIRST = ("environment", "rollout", "algorithm")  # of the tables; then the others
HEAD = """\
# What `faastrain train` trains: the final parameters depend on this file alone. Parentheses hold
# what a key allows. A key that is commented out is not set; `--set KEY=VALUE` tries another value.

"""


def specification(spec: RunSpec) -> str:
    """TOML that says `spec`, with each key that there is, and what it allows."""
    tables = {n: v for n, v in _fields(spec) if isinstance(v, Section)}
    ordered = dict.fromkeys((*FIRST, *tables))
    parts = [HEAD + "\n".join(_keys(spec)), *(_table(name, tables[name]) for name in ordered)]
    return "\n\n".join([*parts, *_rewards(spec)]) + "\n"


def _fields(section: msgspec.Struct) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(section, name)) for name in section.__struct_fields__)


def _table(name: str, section: Section) -> str:
    about = _title(type(section))
    tag = section.__struct_config__.tag
    named = [f'{section.__struct_config__.tag_field} = "{tag}"  # {about}'] if tag else []
    title = f"[{name}]" if tag else f"[{name}]  # {about}"
    return "\n".join([title, *named, *_keys(section)])


def _title(kind: type[msgspec.Struct]) -> str:
    return (kind.__doc__ or "").splitlines()[0].rstrip(".")


def _keys(section: msgspec.Struct) -> Iterator[str]:
    """The keys that are no tables."""
    info: Any = inspect.type_info(type(section))
    kinds = {field.name: field.type for field in info.fields}
    for name, value in _fields(section):
        if isinstance(value, Section) or name == "reward":
            continue
        allowed = describe(kinds[name]).removesuffix(" or null")  # which TOML has not
        about = f"{_description(kinds[name])} ({allowed})".strip()
        setting = f"# {name} =" if value in (None, msgspec.UNSET) else f"{name} = {_toml(value)}"
        yield _commented(setting, about)


def _commented(setting: str, about: str) -> str:
    """Beside the setting where there is room, else above it."""
    line = f"{setting:30}  # {about}"
    if len(line) <= WIDTH:
        return line
    marked = textwrap.wrap(about, WIDTH, initial_indent="# ", subsequent_indent="#   ")
    return "\n".join([*marked, setting])


def _description(kind: inspect.Type) -> str:
    if not isinstance(kind, inspect.Metadata):
        return ""
    extra = kind.extra_json_schema or {}
    return str(extra.get("description", "")) or _description(kind.type)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def _rewards(spec: RunSpec) -> Iterator[str]:
    """The transforms of rewards that it has; those that it has not, commented out."""
    has = {type(transform) for transform in spec.reward}
    for transform in spec.reward:
        yield _table("reward", transform).replace("[reward]", "[[reward]]", 1)
    for kind in RewardTransform.__args__:
        if kind not in has:
            about = _title(kind)
            tag, keys = kind.__struct_config__.tag, ", ".join(kind.__struct_fields__)
            yield f'# [[reward]]\n# kind = "{tag}"  # {about}; takes {keys}'
