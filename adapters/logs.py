"""Logs: one JSON object per line on stderr, with the fields of the invocation that is served."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from faastraingym.adapters.stage import current

_WORK = ("heard", "run", "version", "index", "call_id", "trace_id")
_RESULT = ("status", "seconds", "attempt", "why", "answer")
_PLACE = ("worker", "in_hand", "url", "functions")
FIELDS = (*_WORK, *_RESULT, *_PLACE)  # that a log call may add by `extra=`


class JsonFormatter(logging.Formatter):
    """A record as one line. Only the named fields are written, so no secret slips in by `extra`."""

    def __init__(self, function: str, replica: str) -> None:
        super().__init__()
        self._origin = {"function": function, "replica": replica}

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON: time, level, function, replica, message, fields, exception."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            **self._origin,
            "message": record.getMessage(),
            **current.fields(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(function: str, replica: str) -> None:
    """Send the root logger's records to stderr in this form; call it once, at start."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter(function, replica))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
