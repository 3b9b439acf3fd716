"""YAML 1.2 with its core schema, as strict as TOML. Imported only for YAML input.

PyYAML resolves by YAML 1.1: `on` and `no` are booleans there, `010` is octal, `1:30` is ninety,
`1_000` a number, and `1e-3` a text. Source: https://yaml.org/spec/1.2.2/#1032-tag-resolution
"""

import re
from collections.abc import Callable, Hashable
from typing import Any, ClassVar

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

TAG = "tag:yaml.org,2002:"


class Loader(yaml.SafeLoader):
    """Refuses aliases, by which a short file could fill the memory."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    yaml_constructors: ClassVar[dict[str | None, Any]] = {}

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """The next node; ComposerError if it is an alias."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias; write it out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A table; ConstructorError if a key comes twice, or is no text."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != f"{TAG}str":
                what = f"{key.value!s:.40}" if isinstance(key, ScalarNode) else f"a {key.id}"
                raise _error(key, f"a key is {what}, which is no text; write it in quotes")
            if key.value in seen:
                raise _error(key, f"the key {key.value!r:.80} comes twice; keep one")
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


def load(text: str) -> Any:
    """The document in `text`; YAMLError, or ValueError of a number with too many digits."""
    return yaml.load(text, Loader)  # noqa: S506  a SafeLoader


def _error(node: Node, problem: str) -> ConstructorError:
    return ConstructorError(None, None, problem, node.start_mark)


def _int(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    return int(text if base == 10 else text[2:], base)


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _constructor(kind: str, form: str, value: Callable[[str], Any]) -> Callable[..., Any]:
    def construct(_: Loader, node: Node) -> Any:
        if not isinstance(node, ScalarNode) or not re.fullmatch(form, node.value):
            raise _error(node, f"no {kind} of YAML 1.2")
        return value(node.value)

    return construct


SCALARS = (  # kind, form of a plain scalar, its first letters (empty: of an empty one), its value
    (
        "bool",
        r"true|True|TRUE|false|False|FALSE",
        [*"tTfF"],
        lambda text: text.lower() == "true",
    ),
    ("null", r"~|null|Null|NULL|", [*"~nN", ""], lambda _: None),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", [*"-+0123456789"], _int),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        [*"-+.0123456789"],
        _float,
    ),
)
for _kind, _form, _letters, _value in SCALARS:
    Loader.add_implicit_resolver(f"{TAG}{_kind}", re.compile(f"(?:{_form})$"), _letters)
    Loader.add_constructor(f"{TAG}{_kind}", _constructor(_kind, _form, _value))
for _kind in ("str", "seq", "map"):
    Loader.add_constructor(f"{TAG}{_kind}", yaml.SafeLoader.yaml_constructors[f"{TAG}{_kind}"])
Loader.add_constructor(None, yaml.SafeLoader.yaml_constructors[None])
