import asyncio
import json
import logging
import sys

from faastraingym.adapters.logs import JsonFormatter
from faastraingym.adapters.stage import current
from faastraingym.events.telemetry.tracing import of_run
from faastraingym.schemas.messages import StopRequested

NOT_OF_THE_CALL = {"time", "level", "function", "replica", "message"}


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


async def test_what_is_known_of_an_invocation_is_on_all_of_its_lines() -> None:
    """Of its tasks and threads too, and of no other invocation's."""
    said: list[dict] = []

    def publish_once() -> None:
        said.append(line(record("in a thread")))

    async def serve(call_id: str) -> None:
        here = current.begin(call_id, "")
        said.append(line(record("begun")))
        here.message = StopRequested(run="r")
        await asyncio.to_thread(publish_once)

    await asyncio.create_task(serve("a"))
    current.begin("b", "")
    said.append(line(record("next", status=200)))
    current.leave()
    found = [{k: v for k, v in one.items() if k not in NOT_OF_THE_CALL} for one in said]
    about = {"heard": "run.stop-requested", "run": "r", "trace_id": of_run("r").trace}
    assert found == [
        {"call_id": "a"},
        {"call_id": "a", **about, "span_id": found[1]["span_id"]},
        {"call_id": "b", "status": 200},
    ]
