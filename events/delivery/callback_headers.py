"""The headers of a callback, which describe the call and its answer: pure."""

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.queue_request import canonical
from faastraingym.events.delivery.requests import CALL_ID, HOP_BY_HOP, START_TIME, Request

_ANEW = frozenset({"host", "content-length", "expect"})  # of the request that a callback is


def headers(function: str, request: Request, answer: Answer) -> dict[str, str]:
    """The callback's headers: the function's own, which OpenFaaS's override.

    Args:
        function: that was invoked.
        request: as it was queued.
        answer: the function's.
    """
    asked = {name.lower(): value for name, value in request.headers.items()}
    began = asked.get(START_TIME.lower())
    ours = {
        CALL_ID: request.call_id,
        "X-Function-Name": function,
        "X-Function-Status": str(answer.status),
        "X-Duration-Seconds": f"{answer.seconds:.6f}",
        **({START_TIME: began} if began else {}),
    }
    listed = answer.headers.get("connection", "").lower().split(",")
    dropped = HOP_BY_HOP | _ANEW | {name.strip() for name in listed}
    dropped |= {name.lower() for name in ours}
    return {canonical(n): v for n, v in answer.headers.items() if n not in dropped} | ours
