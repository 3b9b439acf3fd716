"""An asynchronous invocation's callback: by a real gateway, queue, worker and function."""

from tests.callbacks import Receiver
from tests.stack.facts import PATIENCE
from tests.stack.support import Stack


def test_the_caller_is_told_how_it_ended(stack: Stack, receiver: Receiver) -> None:
    """By OpenFaaS's headers; the function refuses what is no message."""
    headers = {"X-Callback-Url": f"{receiver.url}/ended?a=b", "X-Call-Id": "watched"}
    assert stack.post("/async-function/evaluate", b"nothing", **headers) == 202
    called = receiver.called.get(timeout=PATIENCE)
    assert (called.method, called.path) == ("POST", "/ended?a=b")
    assert called.headers["X-Call-Id"] == "watched"
    assert called.headers["X-Function-Name"] == "evaluate"
    assert called.headers["X-Function-Status"] == "400"
    assert float(called.headers["X-Duration-Seconds"]) > 0
