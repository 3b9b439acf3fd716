import json
import logging
import sys

from adapters.logs import JsonFormatter


def line(record: logging.LogRecord) -> dict:
    text = JsonFormatter("rollout", "rollout-1").format(record)
    assert "\n" not in text
    return json.loads(text)


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    return logging.getLogger("x").makeRecord(
        "x", logging.WARNING, __file__, 1, message, args, None, extra=extra
    )


def test_a_record_is_one_line_of_json() -> None:
    """With who, when, and the fields that a log call may add; nothing else slips in."""
    found = line(record("retry %d\nof it", 2, run="r", version=1, password="p"))
    time = found.pop("time")
    assert time.endswith("+00:00")
    assert found == {
        "level": "warning",
        "function": "rollout",
        "replica": "rollout-1",
        "message": "retry 2\nof it",
        "run": "r",
        "version": 1,
    }


def test_a_traceback_is_a_field() -> None:
    """On the same line."""
    broken = record("it broke")
    try:
        raise ValueError("why")
    except ValueError:
        broken.exc_info = sys.exc_info()
    assert line(broken)["exception"].endswith("ValueError: why")
