"""From a file and `--set` arguments to a validated specification."""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cli.errors import BadInput
from schemas import bounds
from schemas.errors import MessageError, SpecificationError
from schemas.messages import RunRequested, encode
from schemas.specification import RunSpec, to_dict

MAX_FILE_BYTES = 1 << 20  # four times what the request of a run may take
MAX_NAMES = 64  # in one dotted key


def load(path: Path) -> dict[str, Any]:
    """The raw specification in a TOML, YAML or JSON file, told apart by the suffix.

    Raises:
        BadInput: not there, not readable, or not what its suffix says.
    """
    parse = PARSERS.get(path.suffix.lower())
    if parse is None:
        raise BadInput(f"{path}: a specification ends in {', '.join(PARSERS)}; rename it")
    try:
        raw = parse(path, _text(path))
    except RecursionError as error:
        raise BadInput(f"{path}: nested too deeply; write tables, as examples/ do") from error
    if (problem := bounds.problem(raw, "spec")) is not None:
        raise BadInput(f"{path}: {problem}")
    if not isinstance(raw, dict):
        raise BadInput(f"{path}: holds a {type(raw).__name__}; write tables, as examples/ do")
    return raw


def override(raw: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """A copy of `raw` with `key.path=value` assignments applied in order.

    Raises:
        BadInput: no assignment, no TOML value, or a path through something that is no table.
    """
    changed = copy.deepcopy(raw)
    for assignment in assignments:
        _assign(changed, assignment)
    return changed


def validate(raw: object, origin: str) -> RunSpec:
    """The specification, held to the checks and words of start-run.

    Raises:
        BadInput: it cannot be run; one line per problem, each with its `origin`.
    """
    from algorithms import spaces

    try:
        return spaces.validate(raw)
    except SpecificationError as refusal:
        told = "\n".join(f"{origin}: {problem}" for problem in refusal.problems)
        raise BadInput(told) from refusal


def check_size(run: str, spec: RunSpec, origin: str) -> None:
    """Return when the request of such a run fits into a message.

    Raises:
        BadInput: it does not.
    """
    try:
        encode(RunRequested(run=run, spec=to_dict(spec)))
    except MessageError as error:
        raise BadInput(f"{origin}: {error}; shorten the specification") from error


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise BadInput(f"{path}: larger than {MAX_FILE_BYTES} bytes; write less")
        return data.decode()
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file; name a specification, see examples/") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from error


def _toml(path: Path, text: str) -> Any:
    # tomllib takes memory in the square of a key's names.
    for number, row in enumerate(text.splitlines(), 1):
        names = re.sub(r"\d+\.\d+", "", row).count(".")
        if names > MAX_NAMES and not row.lstrip().startswith("#"):
            raise BadInput(f"{path}, line {number}: {names} dots; write tables, as examples/ do")
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number too long to be one
        said = str(error)
        found = re.search(r" \(at line (\d+), column (\d+)\)", said)
        line = int(found.group(1)) if found else len(text.splitlines())
        what = said.partition(" (at ")[0]
        raise BadInput(f"{path}, line {line}: {what}; write TOML (https://toml.io)") from error


def _yaml(path: Path, text: str) -> Any:
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
        raise BadInput(f"{path}, line {line}: {what}; write YAML") from error


def _json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{path}, line {error.lineno}: {error.msg}; write JSON") from error
    except ValueError as error:  # a number too long to be one
        raise BadInput(f"{path}: {error}; write JSON") from error


PARSERS: dict[str, Callable[[Path, str], Any]] = {
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": _json,
}


def _assign(raw: dict[str, Any], assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    *parents, name = path.strip().split(".")
    if not equals or not all((*parents, name)):
        raise BadInput(f"--set {assignment}: write key=value, as algorithm.gamma=0.98")
    table = raw
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise BadInput(f"--set {assignment}: {parent} is no table in the specification")
    table[name] = _value(assignment, path, text)


def _value(assignment: str, path: str, text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        parsed = {}
    if list(parsed) != ["value"]:
        raise BadInput(
            f"--set {assignment}: the value is no TOML; write a text in quotes: "
            f"--set '{path}=\"{text}\"'"
        )
    return parsed["value"]
