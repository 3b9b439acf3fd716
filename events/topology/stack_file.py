"""Functions, read from stack.yml.

A function's `topic` annotation names the facts that it receives, separated by commas or spaces;
`schedule` is its cron expression if `cron-function` is among its topics: both are OpenFaaS's
conventions. `com.faastraingym.schedule.idle` is the expression while no run is active. The topic
`start` subscribes to messages that start runs; `com.faastraingym.admits` says who may invoke.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from faastraingym import PACKAGE
from faastraingym.events.topology.admits import ANYBODY, admits
from faastraingym.events.topology.quantities import mebibytes
from faastraingym.schemas import bounds

CRON_TOPIC = "cron-function"
IDLE_SCHEDULE = "com.faastraingym.schedule.idle"
START_TOPIC = "start"  # messages that clients publish under `ftg-start.>`
MAX_COUNT = 10_000  # replicas, invocations of one, attempts
MAX_KEYS = 1000  # of one map in stack.yml, after merging
MAX_SECONDS = 366 * 86400.0  # of a duration: what clocks and timers take


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """`com.openfaas.retry.*` annotations, with the defaults of a laptop's stack."""

    attempts: int = 5
    codes: frozenset[int] = frozenset({408, 429, 500, 502, 503, 504})
    min_wait: float = 0.2  # seconds
    max_wait: float = 30.0

    @property
    def patience(self) -> int:
        """Deliveries while the function is busy or the platform away: with the defaults, six hours.

        A server that is away, or a disk that is full, waits for a person.
        """
        return 150 * self.attempts


class Function(Struct, frozen=True, kw_only=True):
    """A function, as the queue-worker sees it."""

    name: str
    topics: tuple[str, ...] = ()
    starts: bool = False  # whether it receives requests to start runs
    admits: str = ANYBODY
    schedule: str | None = None  # while a run is active
    idle_schedule: str | None = None  # while none is
    max_replicas: int = 1
    max_inflight: int = 1
    timeout: float = 60.0
    memory_mb: int = 0  # its limit; 0: none
    retry: RetryPolicy = RetryPolicy()

    @property
    def concurrency(self) -> int:
        """Deliveries in flight at once."""
        return self.max_replicas * self.max_inflight


class StackError(ValueError):
    """stack.yml cannot be used; the text names the file, the place and the remedy."""


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """The path in FAASTRAIN_STACK, else of the stack.yml that is installed with this package."""
    return Path(environment.get("FAASTRAIN_STACK") or PACKAGE / "stack.yml")


def load(path: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """stack.yml as data, `${NAME:-default}` substituted as faas-cli does it; or StackError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StackError(
            f"{path}: {error.strerror}; set FAASTRAIN_STACK to your stack.yml"
        ) from error
    except UnicodeDecodeError as error:
        raise StackError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8") from error
    return parse(substitute(text, environment), path)


def parse(text: str, path: Path) -> dict[str, Any]:
    """A stack.yml's text as data; StackError if it is no YAML, too large, or without functions."""
    try:
        stack = yaml.load(text, _Loader)  # noqa: S506  a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: of a number or date
        raise StackError(f"{path}: not YAML: {error}") from error
    if (problem := bounds.problem(stack, "stack")) is not None:
        raise StackError(f"{path}: {problem}")
    if not isinstance(stack, dict) or not isinstance(stack.get("functions"), dict):
        raise StackError(f"{path}: has no `functions` map")
    return stack


def functions(stack: Mapping[str, Any]) -> list[Function]:
    """The functions of a loaded stack.yml; StackError if an entry is ill-formed."""
    return [_named(str(name), entry) for name, entry in stack["functions"].items()]


_VARIABLE = re.compile(r"\$\{(\w+)(?:(:?-)(.*))?\Z", re.DOTALL)


class _Loader(yaml.SafeLoader):
    """PyYAML copies the maps that `<<` merges, so a few nested aliases could fill the memory."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge maps; ConstructorError if the result has more than MAX_KEYS keys."""
        super().flatten_mapping(node)
        if len(node.value) > MAX_KEYS:
            raise yaml.constructor.ConstructorError(
                None, None, f"a map of more than {MAX_KEYS} keys", node.start_mark
            )


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """Shell-style `${NAME}`, `${NAME:-default}` and `${NAME-default}`."""

    def value(match: re.Match[str]) -> str:
        name, operator, default = match.group(1), match.group(2), match.group(3) or ""
        found = environment.get(name)
        if found is None or (operator == ":-" and not found):
            return default
        return found

    # Brace by brace: searching the whole text would take the square of its length at worst.
    *closed, rest = text.split("}")
    parts = (_VARIABLE.sub(value, p) if _VARIABLE.search(p) else p + "}" for p in closed)
    return "".join(parts) + rest


def seconds(text: str) -> float:
    """The seconds in a Go duration such as `1h30m` or `250ms`; StackError of another text."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise StackError(f"{text!r:.40} is not a duration; write 90s, 5m or 1h30m")
    total = sum(float(number) * units[unit] for number, unit in parts)
    if total > MAX_SECONDS:
        raise StackError(f"{text!r:.40} is longer than a year; write 90s, 5m or 1h30m")
    return total


def _named(name: str, entry: Any) -> Function:
    if not isinstance(entry, Mapping):
        raise StackError(f"functions.{name}: found {entry!r:.80}; write a map with handler, image")
    try:
        return _function(name, entry)
    except (ValueError, TypeError) as error:
        raise StackError(
            f"functions.{name}: {error}; write counts as 4 and durations as 90s"
        ) from error


def _function(name: str, entry: Mapping[str, Any]) -> Function:
    annotations = _map(entry, "annotations")
    labels, settings = _map(entry, "labels"), _map(entry, "environment")
    schedule, idle = annotations.get("schedule"), annotations.get(IDLE_SCHEDULE)
    topics = tuple(re.split(r"[,\s]+", str(annotations.get("topic") or "").strip()))
    return Function(
        name=name,
        topics=tuple(t for t in topics if t and t not in (CRON_TOPIC, START_TOPIC)),
        starts=START_TOPIC in topics,
        admits=admits(annotations),
        schedule=str(schedule) if schedule and CRON_TOPIC in topics else None,
        idle_schedule=str(idle) if idle and CRON_TOPIC in topics else None,
        max_replicas=_count(labels, "com.openfaas.scale.max", 1),
        max_inflight=_count(settings, "max_inflight", 1),
        timeout=seconds(str(settings.get("exec_timeout", "60s"))),
        memory_mb=mebibytes(str(_map(entry, "limits").get("memory") or "")),
        retry=_retry(annotations),
    )


def _map(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = entry.get(name) or {}
    if not isinstance(found, Mapping):
        raise StackError(f"{name}: found {found!r:.80}; write a map")
    return found


def _count(values: Mapping[str, Any], key: str, default: int) -> int:
    found = int(values.get(key, default))
    if not 1 <= found <= MAX_COUNT:
        raise StackError(f"{key}: found {found}; allowed: 1 to {MAX_COUNT}")
    return found


def _retry(annotations: Mapping[str, Any]) -> RetryPolicy:
    prefix, default = "com.openfaas.retry.", RetryPolicy()
    codes = str(annotations.get(prefix + "codes", ""))
    return RetryPolicy(
        attempts=_count(annotations, prefix + "attempts", default.attempts),
        codes=frozenset(int(c) for c in codes.split(",")) if codes else default.codes,
        min_wait=seconds(str(annotations.get(prefix + "min_wait", f"{default.min_wait}s"))),
        max_wait=seconds(str(annotations.get(prefix + "max_wait", f"{default.max_wait}s"))),
    )
