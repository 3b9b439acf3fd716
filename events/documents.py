"""A raw specification from the text of a TOML, YAML or JSON file; nothing is validated yet."""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from schemas import bounds
from schemas.errors import DocumentError

MAX_BYTES = 1 << 20  # four times what the request of a run may take
MAX_NAMES = 64  # in one dotted key


def suffix(name: str) -> str:
    """What tells a file's format: `.toml` of `experiments/Cartpole.TOML`; empty without one."""
    _, dot, last = name.rpartition("/")[2].rpartition(".")
    return dot + last.lower()


def parse(name: str, data: bytes) -> dict[str, Any]:
    """The tables in `data`, whose format the suffix of `name` tells.

    Raises:
        DocumentError: not what the suffix says; one sentence, which begins with `name`.
    """
    reader = PARSERS.get(suffix(name))
    if reader is None:
        raise DocumentError(f"{name}: a specification ends in {', '.join(PARSERS)}; rename it")
    if len(data) > MAX_BYTES:
        raise DocumentError(f"{name}: larger than {MAX_BYTES} bytes; write less")
    try:
        raw = reader(name, data.decode())
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name}: byte {error.start} is not UTF-8; save it as UTF-8") from error
    except RecursionError as error:
        raise DocumentError(f"{name}: nested too deeply; write tables, as examples/ do") from error
    if (problem := bounds.problem(raw, "spec")) is not None:
        raise DocumentError(f"{name}: {problem}")
    if not isinstance(raw, dict):
        raise DocumentError(f"{name}: holds a {type(raw).__name__}; write tables, as examples/ do")
    return raw


def _toml(name: str, text: str) -> Any:
    # tomllib takes memory in the square of a key's names.
    for number, row in enumerate(text.splitlines(), 1):
        names = re.sub(r"\d+\.\d+", "", row).count(".")
        if names > MAX_NAMES and not row.lstrip().startswith("#"):
            raise DocumentError(
                f"{name}, line {number}: {names} dots; write tables, as examples/ do"
            )
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number too long to be one
        said = str(error)
        found = re.search(r" \(at line (\d+), column (\d+)\)", said)
        line = int(found.group(1)) if found else len(text.splitlines())
        what = said.partition(" (at ")[0]
        raise DocumentError(f"{name}, line {line}: {what}; write TOML (https://toml.io)") from error


def _yaml(name: str, text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """YAML 1.2's numbers: 1.1, PyYAML's own, takes 1e-3 for a text. Without aliases, which
        would let a short file stand for one that fills the memory.
        """

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "an alias; write it out", mark)
            return super().compose_node(parent, index)

    number = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", number, list("-+.0123456789"))
    try:
        return yaml.load(text, Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number or a date that is none
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or f"not YAML ({error})"
        raise DocumentError(f"{name}, line {line}: {what}; write YAML") from error


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DocumentError(f"{name}, line {error.lineno}: {error.msg}; write JSON") from error
    except ValueError as error:  # a number too long to be one
        raise DocumentError(f"{name}: {error}; write JSON") from error


PARSERS: dict[str, Callable[[str, str], Any]] = {
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": _json,
}
