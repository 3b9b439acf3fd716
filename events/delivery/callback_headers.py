"""The headers of a callback, which describe the call and its answer: pure."""

from faastraingym.events.delivery.outcomes import Answer
from faastraingym.events.delivery.queue_request import canonical
from faastraingym.events.delivery.requests import CALL_ID, HOP_BY_HOP, START_TIME, Request

_ANEW = frozenset({"host", "content-length", "expect"})  # of the request that a callback is


def headers(function: str, request: Request, answer: Answer) -> dict[str, str]:
    """The headers of `function`'s answer, overridden by OpenFaaS's own."""
    began = request.named.get(START_TIME.lower())
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
