"""A raw specification: read from a file, overridden, held to the words of start-run."""

import copy
import re
import tomllib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from faastraingym.client.errors import BadInput
from faastraingym.client.remedies import Form, told
from faastraingym.events.triggers import documents
from faastraingym.schemas.errors import DocumentError, MessageError, SpecificationError
from faastraingym.schemas.messages import RunRequested, encode
from faastraingym.schemas.specification import RunSpec, to_dict

if TYPE_CHECKING:
    from faastraingym.adapters.packages.sources import Source
    from faastraingym.adapters.processes.checking import Checked

WORD = r"[A-Za-z][\w./:+-]*"  # a text that needs no quotes after --set, as ALE/Pong-v5
LONGEST_PATH = 1000  # characters after --set; what reads them takes memory by their square


class Composed(NamedTuple):
    """A raw specification, and where it comes from."""

    raw: dict[str, Any]
    origin: str  # what problems are told of
    stem: str  # what a run without a name is named after
    advice: tuple[str, ...] = ()
    source: "Source | None" = None  # the environment's code, which the stack may not have yet
    folder: Path = Path()  # where code lies that `raw` names
    is_bare: bool = False  # an environment alone, without a specification or an example
    form: Form | None = None  # how its caller writes a setting


def load(path: Path) -> dict[str, Any]:
    """The raw specification in a TOML, YAML or JSON file, told apart by the suffix.

    Raises:
        BadInput: not there, not readable, or not what its suffix says.
    """
    try:
        return documents.parse(str(path), _bytes(path))
    except DocumentError as error:
        raise BadInput(str(error)) from error


def override(raw: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """A copy of `raw` with `key.path=value` assignments applied in order.

    Raises:
        BadInput: no assignment, no TOML value, or a path through something that is no table.
    """
    changed = copy.deepcopy(raw)
    for assignment in assignments:
        _assign(changed, assignment)
    return changed


@contextmanager
def refused(origin: str) -> Iterator[None]:
    """A refusal is the caller's mistake, in the specification that came from `origin`.

    Raises:
        BadInput: for a SpecificationError; one line per problem, each with its origin.
    """
    try:
        yield
    except SpecificationError as error:
        raise BadInput("\n".join(f"{origin}: {each}" for each in error.problems)) from error


def of_base(error: BadInput, origin: str, where: str = "") -> BadInput:
    """A base run's mistake as its experiment's: `where` comes before each line's path."""
    from faastraingym.algorithms.experiments.settings import in_base

    lines = (line.removeprefix(f"{origin}: ") for line in str(error).splitlines())
    return BadInput("\n".join(f"{origin}: {where}{in_base(line)}" for line in lines))


async def validate(
    composed: Composed, check: "Callable[[object], Awaitable[Checked]]"
) -> "Checked":
    """The specification, held to the checks and words of start-run, and what is published of it.

    Args:
        composed: what a file holds, or a caller's arguments make.
        check: the world's, which knows environments.

    Raises:
        BadInput: it cannot be run; one line per problem, each with its origin.
    """
    try:
        return await check(composed.raw)
    except SpecificationError as refusal:
        problems = [told(each, composed.form, composed.folder) for each in refusal.problems]
        raise BadInput("\n".join(f"{composed.origin}: {each}" for each in problems)) from refusal


def check_size(run: str, spec: RunSpec, origin: str) -> None:
    """Return when the request of such a run fits into a message.

    Raises:
        BadInput: it does not.
    """
    try:
        encode(RunRequested(run=run, spec=to_dict(spec)))
    except MessageError as error:
        raise BadInput(f"{origin}: {error}; shorten the specification") from error


def _bytes(path: Path) -> bytes:
    """All of a file that is no larger than a specification may be, else a byte more than that."""
    if documents.suffix(path.name) not in documents.PARSERS:
        return b""  # which is told without looking
    try:
        with path.open("rb") as file:
            return file.read(documents.MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise BadInput(
            f"{path}: no such file; name one, or an environment, as CartPole-v1"
        ) from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def _assign(raw: dict[str, Any], assignment: str) -> None:
    if not _is_text(assignment):
        raise BadInput(f"--set {assignment}: is not UTF-8; write it in a UTF-8 locale")
    path, equals, text = assignment.partition("=")
    keys = _keys(path)
    if not equals or not keys:
        raise BadInput(f"--set {assignment}: write key=value, as algorithm.gamma=0.98")
    table, *parents, name = raw, *keys
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise BadInput(f"--set {assignment}: {parent} is no table in the specification")
    table[name] = _value(assignment, path, text)


def _keys(path: str) -> list[str]:
    """Those of a path, in quotes where they have dots, as in a TOML file; none: it is no path."""
    try:
        is_one = "\n" not in path and len(path) <= LONGEST_PATH
        found: Any = tomllib.loads(f"{path} = 0") if is_one else {}
    except (ValueError, RecursionError):
        return []
    keys = []
    while isinstance(found, dict) and len(found) == 1:
        ((key, found),) = found.items()
        keys.append(key)
    return keys


def _is_text(argument: str) -> bool:
    """Whether it was UTF-8 on the command line."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _value(assignment: str, path: str, text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        parsed = {"value": text} if re.fullmatch(WORD, text) else {}
    if list(parsed) != ["value"]:
        raise BadInput(
            f"--set {assignment}: the value is no TOML; write a text in quotes: "
            f"--set '{path}=\"{text}\"'"
        )
    return parsed["value"]
