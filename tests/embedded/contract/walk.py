"""OpenFaaS's contract as a walk: what its clients send, in order, and what must come back.

Bodies are spelled as Go's clients spell them, not by our own structs: a name that changes in those
fails here. Of faas-cli the requests were read from its source, of newer versions than the one that
`make conformance` runs.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from faastraingym import __version__

OURS = "openfaas-fn"
F, S = "/system/functions", "/system/secrets"
UUID = "[0-9a-f-]{36}"
NANOSECONDS = r"\d{19}"


class Step(NamedTuple):
    """A request, and its answer."""

    method: str
    path: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    login: bool = True
    has: Mapping[str, str] = {}  # headers of the answer: each a regular expression
    says: str = ""  # a regular expression that the body has
    hides: str = ""  # what the body must not have
    holds: Any = None  # what the body's JSON has, maybe among other fields and entries


def _json(value: Any, **changed: Any) -> bytes:
    return json.dumps(value | changed).encode()


SECRET = {"name": "walked-secret", "namespace": "", "value": "hidden"}
RAW = {"name": "walked-secret", "rawValue": base64.b64encode(b"\x00hidden").decode()}
ABSENT = {"name": "absent-secret", "value": "x"}
# Fields of `faas-cli deploy`; what swarm had, and older clients send still, is overlooked.
FUNCTION = {
    "service": "walked",
    "image": "example/echo:1",
    "namespace": "",
    "envProcess": "python index.py",
    "envVars": {"greeting": "hi", "max_inflight": "4"},
    "constraints": ["node.role == worker"],
    "secrets": ["walked-secret"],
    "labels": {"com.openfaas.scale.min": "1", "com.openfaas.scale.max": "2"},
    "annotations": {"topic": "one two"},
    "limits": {"memory": "256Mi", "cpu": "1000m"},
    "requests": {"memory": "64Mi", "cpu": "50m"},
    "readOnlyRootFilesystem": True,
    "network": "func_functions",
    "registryAuth": "",
}
STATUS = {k: v for k, v in FUNCTION.items() if k not in ("service", "network", "registryAuth")}
STATUS |= {"name": "walked", "namespace": OURS}
CRASHES = {"service": "crashes", "image": "example/crash:1"}
SLOW = {"service": "slow", "image": "example/slow:1", "envVars": {"exec_timeout": "200ms"}}
SEALED = {
    "service": "sealed",
    "image": "example/echo:1",
    "annotations": {"com.faastraingym.admits": "signature"},
}
SCALED = {"serviceName": "walked", "replicas": 2, "namespace": ""}
GONE = {"functionName": "walked"}
LOGIN_WANTED = {"www-authenticate": "Basic .*"}
MARKS = {"x-call-id": UUID, "x-start-time": NANOSECONDS}
TIMED = {"x-duration-seconds": r"\d+\.\d+"}
HEARD = {"x-heard": r'"x-forwarded-for": "127\.0\.0\.1(, 127\.0\.0\.1)?", "x-forwarded-host": "127'}
PROXIED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "train.example.com"}
HEARD_BEHIND = {
    "x-heard": r'"x-forwarded-for": "203\.0\.113\.7, 127\.0\.0\.1.*"x-forwarded-host": "train\.'
    r"example\.com, 127\.0\.0\.1:"
}
VERSION = {"release": __version__, "sha": ""}
PROVIDER = {
    "provider": "faastrain-processes",
    "version": VERSION,
    "orchestration": "processes",
}

SECRETS = [  # faas-cli secret create | list | update
    Step("POST", S, 202, _json(SECRET)),
    Step("POST", S, 409, _json(SECRET)),
    Step("POST", S, 404, _json(SECRET, namespace="other")),
    Step("PUT", S, 202, _json(RAW, namespace=OURS)),
    Step("PUT", S, 404, _json(ABSENT)),
    Step("GET", S, 200, holds=[{"name": "walked-secret", "namespace": OURS}], hides="hidden"),
    Step("GET", f"{S}?namespace={OURS}", 200, holds=[{"name": "walked-secret"}]),
    Step("GET", f"{S}?namespace=other", 404),
]
DEPLOYMENT = [  # faas-cli deploy | list -v | describe | ready
    Step("PUT", F, 404, _json(FUNCTION)),  # faas-cli posts then
    Step("POST", F, 202, _json(FUNCTION)),
    Step("PUT", F, 202, _json(FUNCTION)),
    Step("PUT", f"{F}?namespace=other", 404, _json(FUNCTION)),
    Step("POST", F, 404, _json(FUNCTION, namespace="other")),
    Step("POST", F, 400, _json(FUNCTION, image="example/absent:1"), says="example/absent:1"),
    Step("POST", F, 400, _json(FUNCTION, secrets=["absent"]), says="absent"),
    Step("POST", F, 400, _json({"service": 1}), says=r"\$\.service"),
    Step("POST", F, 202, _json(CRASHES)),
    Step("POST", F, 202, _json(SLOW)),
    Step("POST", F, 202, _json(SEALED)),
    Step("GET", F, 200, holds=[STATUS], hides="hidden"),
    Step("GET", f"{F}?namespace={OURS}", 200, holds=[STATUS]),
    Step("GET", f"{F}?namespace=other", 404),
    Step("GET", "/system/function/walked", 200, holds=STATUS, says='"createdAt":"20'),
    Step("GET", f"/system/function/walked?namespace={OURS}&usage=1", 200, says="totalMemoryBytes"),
    Step("GET", f"/system/function/walked.{OURS}", 200, holds=STATUS),
    Step("GET", "/system/function/walked?namespace=other", 404),
    Step("GET", "/system/function/absent", 404, says="absent"),
]
SCALING = [  # faas-cli scale
    Step("POST", "/system/scale-function/walked", 202, _json(SCALED)),
    Step("GET", "/system/function/walked", 200, holds={"replicas": 2}),
    Step("POST", "/system/scale-function/walked", 400, _json(SCALED, replicas=3)),
    Step("POST", "/system/scale-function/walked", 404, _json(SCALED, namespace="other")),
    Step("POST", "/system/scale-function/absent", 404, _json(SCALED, serviceName="absent")),
]
INVOCATION = [  # faas-cli invoke; nobody logs in for that
    *(
        Step(method, "/function/walked", 200, b"hi" if method in ("POST", "PUT", "PATCH") else b"")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")
    ),
    Step("POST", f"/function/walked.{OURS}/below?a=b", 200, b"hi", login=False, says="^hi$"),
    Step("POST", "/function/walked", 418, b"hi", {"X-Status": "418"}, login=False),
    Step("POST", "/function/walked.other", 404, b"hi"),
    Step("POST", "/function/absent", 404, b"hi", says="absent"),
    Step("POST", "/function/crashes", 502, b"hi", says="exit code 3"),
    Step("POST", "/function/walked", 200, b"hi", {"X-Call-Id": "one"}, has={"x-heard": '"one"'}),
    Step("POST", "/function/walked", 200, b"hi", has=HEARD | TIMED),
    Step("POST", "/function/walked", 200, b"hi", PROXIED, has=HEARD_BEHIND),
    Step("POST", "/function/slow", 504, b"30", says="exec_timeout", has=TIMED),
]
MARKED = [  # what a gateway adds to invocations, and those that wait
    Step("POST", "/function/walked", 200, has=MARKS | TIMED),
    Step("POST", "/function/walked", 200, headers={"X-Call-Id": "one"}, has={"x-call-id": "one"}),
    Step("POST", "/async-function/walked", 202, b"hi", login=False, has=MARKS, says="^$"),
    Step("POST", f"/async-function/walked.{OURS}/below?a=b", 202, b"hi", has=MARKS),
    Step(
        "POST", "/async-function/walked", 202, b"hi", {"X-Callback-Url": "http://127.0.0.1:9/back"}
    ),
    Step("POST", "/async-function/walked", 400, b"hi", {"X-Callback-Url": "back"}, says="back"),
    Step(
        "POST",
        "/async-function/walked",
        403,
        b"hi",
        {"X-Callback-Url": "http://127.0.0.1:8/back"},
        says="http://127.0.0.1:8 is not in FTG_CALLBACK_ORIGINS",
    ),
    Step("POST", "/async-function/sealed", 401, b"hi", says="sealed does not know who asks"),
    Step("POST", "/async-function/walked", 413, b"x" * 256_001),
    Step("POST", "/async-function/absent", 404, b"hi", has=MARKS, says="absent"),
    Step("POST", "/async-function/walked.other", 404, b"hi", has=MARKS, says="other"),
    Step("POST", "/function/absent", 404, b"hi", has=MARKS, says="absent"),
    Step("GET", "/function/walked.other/below", 404, has=MARKS, says="other"),
    Step("POST", "/function/absent", 404, headers={"X-Call-Id": "1"}, has={"x-call-id": "^1$"}),
    Step("GET", F, 200, holds=[{"name": "walked", "invocationCount": 15.0}]),
]
LOGS = [  # faas-cli logs
    Step(
        "GET",
        "/system/logs?name=crashes&follow=false&tail=-1",
        200,
        has={"content-type": "application/x-ndjson"},
        says=r'^\{"name":"crashes","namespace":"openfaas-fn","instance":"crashes-\w+",'
        r'"timestamp":"[0-9T:.-]+Z","text":"',
    ),
    Step("GET", "/system/logs?name=crashes&tail=1", 200, says=r"\A[^\n]*\n\Z"),
    Step("GET", "/system/logs?name=crashes&since=2000-01-02T03:04:05Z", 200, says="last words"),
    Step("GET", "/system/logs?name=crashes&since=2999-01-02T03:04:05%2B02:00", 200, says="^$"),
    Step("GET", "/system/logs?name=crashes&since=yesterday", 400, says="since"),
    Step("GET", "/system/logs?name=crashes&namespace=other", 404),
    Step("GET", "/system/logs?name=absent", 404, says="absent"),
    Step("GET", "/system/logs", 400, says="name"),
]
ABOUT = [  # faas-cli version | namespaces | ready
    Step("GET", "/system/namespaces", 200, holds=[OURS]),
    Step("GET", "/healthz", 200, login=False, says="^OK$"),
    Step("HEAD", "/healthz", 200, login=False, has={"content-length": "^2$"}, says=r"\A\Z"),
]
PAGES = [
    Step("GET", "/", 301, login=False, has={"location": "^/ui/$"}),
    Step("GET", "/system/info", 200, holds={"provider": PROVIDER, "version": VERSION}, says="arch"),
    Step("GET", "/ui/", 200, has={"content-type": "text/html.*"}, says="walked"),
    Step("GET", "/metrics", 200, login=False, says='function_name="walked.openfaas-fn"'),
    Step("GET", "/openapi.json", 200, login=False, says='"openapi"'),
]
REMOVAL = [  # faas-cli secret remove | remove
    Step("DELETE", S, 409, _json(SECRET), says="walked"),
    Step("DELETE", f"{F}?namespace=other", 404, _json(GONE)),  # so older clients name it
    Step("DELETE", F, 404, _json(GONE, namespace="other")),
    Step("DELETE", F, 202, _json(GONE, namespace=OURS)),
    Step("DELETE", F, 404, _json(GONE)),
    Step("POST", "/function/walked", 404, b"hi"),
    Step("DELETE", S, 404, _json(SECRET, namespace="other")),
    Step("DELETE", S, 202, _json(SECRET)),
    Step("DELETE", S, 404, _json(SECRET)),
]
GUARDED = [  # faas-cli login
    Step("GET", path, 401, login=False, has=LOGIN_WANTED)
    for path in (F, S, "/system/function/walked", "/system/logs", "/system/info")
]
GUARDED += [
    Step(method, path, 401, login=False, has=LOGIN_WANTED)
    for path in (F, S)
    for method in ("POST", "PUT", "DELETE")
]
GUARDED += [
    Step("POST", "/system/scale-function/walked", 401, login=False, has=LOGIN_WANTED),
    Step("GET", "/system/namespaces", 401, login=False, has=LOGIN_WANTED),
]
WALK = [*GUARDED, *SECRETS, *DEPLOYMENT, *SCALING, *INVOCATION]
WALKS = {
    "gateway": [
        Step("GET", "/ui/", 401, login=False, has=LOGIN_WANTED),
        *WALK,
        *MARKED,
        *LOGS,
        *ABOUT,
        *PAGES,
        *REMOVAL,
    ],
    "provider": [*WALK, *LOGS, *ABOUT, Step("GET", "/system/info", 200, holds=PROVIDER), *REMOVAL],
}
# What OpenFaaS has somewhere and we have not: no part of the contract that faas-cli needs.
NOT_SERVED = {
    "gateway": [
        Step("GET", "/async-function/walked", 405),
        Step("POST", "/system/namespaces", 405),
        Step("POST", "/system/namespace/new", 404),
        Step("POST", "/system/alert", 404),
        Step("POST", "/system/build", 404),
        Step("HEAD", "/", 405),
    ],
    "provider": [
        Step("POST", "/async-function/walked", 404),
        Step("GET", "/metrics", 404),
        Step("GET", "/ui/", 404),
        Step("GET", "/", 404),
    ],
}
