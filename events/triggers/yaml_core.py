"""YAML 1.2 with its core schema, as strict as TOML. Imported only for YAML input.

PyYAML resolves by YAML 1.1: `on` and `no` are booleans there, `010` is octal, `1:30` is ninety,
`1_000` a number, and `1e-3` a text. Source: https://yaml.org/spec/1.2.2/#1032-tag-resolution
"""

import re
from collections.abc import Hashable
from typing import Any, ClassVar

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

TAG = "tag:yaml.org,2002:"
SCALARS: dict[str, tuple[str, str]] = {  # what a plain scalar looks like, and how it may begin
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"~|null|Null|NULL|", "~nN\0"),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
}
_FORM = {name: re.compile(f"(?:{form})") for name, (form, _) in SCALARS.items()}
_BASE = {"0o": 8, "0x": 16}


class Loader(yaml.SafeLoader):
    """Without aliases, which would let a short file stand for one that fills the memory."""

    yaml_implicit_resolvers: dict[str, Any] = {}
    yaml_constructors: ClassVar[dict[str | None, Any]] = {}

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """The next node.

        Raises:
            ComposerError: it stands for another one.
        """
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias; write it out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A table.

        Raises:
            ConstructorError: two of its keys are the same, or one is no text.
        """
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag != f"{TAG}str":
                what = f"{key.value!s:.40}" if isinstance(key, ScalarNode) else f"a {key.id}"
                raise _error(key, f"a key is {what}, which is no text; write it in quotes")
            if key.value in seen:
                raise _error(key, f"the key {key.value!r:.80} comes twice; keep one")
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}  # type: ignore[no-untyped-call]


def load(text: str) -> Any:
    """The one document in `text`.

    Raises:
        yaml.YAMLError: it is none.
        ValueError: a number of more digits than Python reads.
    """
    return yaml.load(text, Loader)  # noqa: S506  a SafeLoader


def _error(node: Node, problem: str) -> ConstructorError:
    return ConstructorError(None, None, problem, node.start_mark)


def _scalar(kind: str, node: Node) -> str:
    if not isinstance(node, ScalarNode) or not _FORM[kind].fullmatch(node.value):
        raise _error(node, f"no {kind} of YAML 1.2")
    return str(node.value)


def _bool(_: Loader, node: Node) -> bool:
    return _scalar("bool", node).lower() == "true"


def _null(_: Loader, node: Node) -> None:
    _scalar("null", node)


def _int(_: Loader, node: Node) -> int:
    text = _scalar("int", node)
    base = _BASE.get(text[:2], 10)
    return int(text[2:] if base != 10 else text, base)


def _float(_: Loader, node: Node) -> float:
    text = _scalar("float", node).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


for _name, (_form, _first) in SCALARS.items():
    _letters = ["" if letter == "\0" else letter for letter in _first]
    Loader.add_implicit_resolver(f"{TAG}{_name}", re.compile(f"(?:{_form})$"), _letters)
for _name, _construct in {"bool": _bool, "null": _null, "int": _int, "float": _float}.items():
    Loader.add_constructor(f"{TAG}{_name}", _construct)
for _name in ("str", "seq", "map"):
    Loader.add_constructor(f"{TAG}{_name}", yaml.SafeLoader.yaml_constructors[f"{TAG}{_name}"])
Loader.add_constructor(None, yaml.SafeLoader.yaml_constructors[None])
