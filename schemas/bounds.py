"""Limits of plain data: aliases in YAML and long numbers are cheap to write and dear to read."""

from typing import Any

MAX_DEPTH = 32  # tables within tables
MAX_VALUES = 100_000  # an alias counts as often as it occurs
MAX_TEXT = 1 << 15  # characters of one text
INTEGERS = range(-(2**63), 2**64)  # what msgpack can carry


def problem(raw: Any, name: str) -> str | None:
    """Why no message can carry `raw`, which the sentence calls `name`; None: one can."""
    waiting: list[tuple[str, Any, int]] = [(name, raw, 0)]
    values = 0
    while waiting:
        path, value, depth = waiting.pop()
        values += 1
        if values > MAX_VALUES:
            return f"{name}: more than {MAX_VALUES} values; write less, aliases count in full"
        if depth > MAX_DEPTH:
            return f"{path[:80]}: nested deeper than {MAX_DEPTH}"
        if isinstance(value, dict):
            waiting += ((f"{path} key", key, depth + 1) for key in value)
            waiting += ((f"{path}.{key!r:.40}", item, depth + 1) for key, item in value.items())
        elif isinstance(value, list | tuple):
            waiting += ((f"{path}[{i}]", item, depth + 1) for i, item in enumerate(value))
        elif (refused := _scalar_problem(value)) is not None:
            return f"{path[:200]}: {refused}"
    return None


def _scalar_problem(value: Any) -> str | None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return f"found {len(value)} characters; allowed: at most {MAX_TEXT}"
        return None if value.isascii() or _is_text(value) else "found text that is no Unicode"
    if isinstance(value, int):  # a bool is one
        return None if value in INTEGERS else f"found an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, float):
        return None
    return f"found a {type(value).__name__}; allowed: text, numbers, true, false, lists and tables"


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True
