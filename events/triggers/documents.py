"""A raw specification from the text of a TOML, YAML or JSON file; nothing is validated yet."""

import json
import re
import tomllib
from collections.abc import Callable
from typing import Any

from faastraingym.schemas import bounds
from faastraingym.schemas.errors import DocumentError

MAX_BYTES = 1 << 20  # four times what the request of a run may take
MAX_NAMES = 64  # in one dotted key


def suffix(name: str) -> str:
    """The suffix of a file's name, which tells its format, in lower case: `.toml`; or empty."""
    _, dot, last = name.rpartition("/")[2].rpartition(".")
    return dot + last.lower()


def parse(name: str, data: bytes) -> dict[str, Any]:
    """The tables in `data`, in the format of the suffix of `name`; or a DocumentError."""
    reader = PARSERS.get(suffix(name))
    if reader is None:
        raise DocumentError(f"{name}: a specification ends in {', '.join(PARSERS)}; rename it")
    if len(data) > MAX_BYTES:
        raise DocumentError(f"{name}: larger than {MAX_BYTES} bytes; write less")
    try:
        raw = reader(name, _text(name, data))
    except RecursionError as error:
        raise DocumentError(f"{name}: nested too deeply; write tables, as examples/ do") from error
    if (problem := bounds.problem(raw, "spec")) is not None:
        raise DocumentError(f"{name}: {problem}")
    if not isinstance(raw, dict):
        raise DocumentError(f"{name}: holds a {type(raw).__name__}; write tables, as examples/ do")
    return raw


def _text(name: str, data: bytes) -> str:
    encoding = json.detect_encoding(data)  # by its first bytes
    if not encoding.startswith("utf-8"):
        raise DocumentError(f"{name}: is {encoding[:6].upper()}; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{name}: byte {error.start} is not UTF-8; save it as UTF-8") from error


def _toml(name: str, text: str) -> Any:
    # tomllib needs memory in the square of the names in a dotted key.
    for number, row in enumerate(text.splitlines(), 1):
        names = re.sub(r"\d+\.\d+", "", row).count(".")
        if names > MAX_NAMES and not row.lstrip().startswith("#"):
            raise DocumentError(
                f"{name}, line {number}: {names} dots; write tables, as examples/ do"
            )
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number too long to be one
        what, _, place = str(error).partition(" (at ")
        known = re.match(r"line \d+, column \d+", place)
        where = known[0] if known else f"line {len(text.splitlines())}"
        raise DocumentError(f"{name}, {where}: {what}; write TOML (https://toml.io)") from error


def _yaml(name: str, text: str) -> Any:
    import yaml

    from faastraingym.events.triggers import yaml_core

    try:
        return yaml_core.load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a number too long to be one
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "line 1"
        what = getattr(error, "problem", None) or f"not YAML ({error})"
        if what.startswith("but "):  # it ends the sentence that its context begins
            what = f"{getattr(error, 'context', '')}, {what}"
        remedy = "" if ";" in what else "; write YAML"  # some errors have one
        raise DocumentError(f"{name}, {where}: {what}{remedy}") from error


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_table, parse_constant=_constant)
    except _NotJson as error:
        at, what = _found(text, error.word)
        row, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        raise DocumentError(f"{name}, line {row}, column {column}: {what}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise DocumentError(f"{name}, {where}: {error.msg}; write JSON") from error
    except ValueError as error:  # a number too long to be one
        raise DocumentError(f"{name}: {error}; write JSON") from error


class _NotJson(Exception):  # noqa: N818  the condition's own name
    """Python takes the `word` for JSON; without a word: a key comes twice."""

    def __init__(self, word: str = "") -> None:
        super().__init__(word)
        self.word = word


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise _NotJson
    return table


def _constant(word: str) -> Any:
    raise _NotJson(word)


_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(rf"(?P<key>{_STRING})(?=[ \t\r\n]*:)|{_STRING}|[{{}}]|NaN|-?Infinity")


def _found(text: str, word: str) -> tuple[int, str]:
    """The index of a word that is no JSON, or of the first repeated key; the error's text."""
    tables: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token.group() == word:
            return token.start(), f"{word} is no number of JSON; write one"
        if token.group() == "{":
            tables.append(set())
        elif token.group() == "}":
            tables.pop()
        elif token["key"] and not word:
            key = json.loads(token["key"])
            if key in tables[-1]:
                return token.start(), f"the key {key!r:.80} comes twice; keep one"
            tables[-1].add(key)
    raise AssertionError(text)  # the parser found it


PARSERS: dict[str, Callable[[str, str], Any]] = {
    ".toml": _toml,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": _json,
}
