"""What each role's login may do on the real SeaweedFS, and that it may do nothing else."""

import asyncio
import hashlib
import time

import pytest
import urllib3

from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.signature import authorized, encoded
from faastraingym.adapters.settings import Login
from faastraingym.events.topology import roles
from faastraingym.events.topology.roles import OPERATOR, PROCESSES, ROLES, SUPERVISOR, TRIGGER
from faastraingym.schemas import keys
from tests.embedded.servers.conftest import BUCKET, Servers

LOGINS = sorted(name for name in {*ROLES, "ping"} if roles.of(name).stores)
FUNCTIONS = [name for name in LOGINS if name not in PROCESSES]
RETENTION = {"plan-update"}
OF_MODELS = ("start-run", "update-policy", "reconcile", "announce-model", "act", "env-step")
# Every kind of object: who may write it, and who may delete it.
OBJECTS: dict[str, tuple[str, set[str], set[str]]] = {
    "manifest": (keys.manifest("r"), {"start-run"}, set()),
    "trajectory": (keys.trajectory("r", 1, 0), {"rollout"}, RETENTION),
    "rewards": (keys.rewards("r", 1), {"aggregate-rewards"}, RETENTION),
    "policy": (keys.policy("r", 1), {"update-policy"}, RETENTION),
    "learner": (keys.learner("r", 1), {"update-policy"}, RETENTION),
    "episodes": (keys.episodes("r", 1, 0), {"evaluate"}, set()),
    "evaluation": (keys.evaluation("r", 1), {"evaluate", "aggregate-rewards"}, set()),
    "report": (keys.report("r"), {"conclude-run"}, set()),
    "resumed report": ("runs/r/report.1.json", {"conclude-run"}, set()),
    "learning curve": (keys.learning_curve("r"), {"conclude-run"}, set()),
    "log": ("runs/r/log/0-9.msgpack", {"conclude-run", "plan-experiment", "reconcile"}, set()),
    "removal": (
        keys.removal("r"),
        {"conclude-run", "plan-experiment", "reconcile", OPERATOR},
        set(),
    ),
    "anything else": ("runs/r/else", set(), set()),
    "experiment": ("experiments/a.toml", {TRIGGER}, set()),
    "refusal": ("experiments/a.toml.error.txt", {TRIGGER, "start-run"}, {"start-run"}),
    "model": (keys.model("m", 1), {OPERATOR}, set()),
    "promotion": (keys.promotion("m", "champion", 1), {OPERATOR}, set()),
    "trigger": (keys.model_trigger("m", "champion", "t"), {OPERATOR}, {OPERATOR}),
    "canary": (keys.canary("m", "champion"), {OPERATOR}, set()),
    "state": (keys.environment_state(1, "0" * 64), {"env-step"}, {"reconcile"}),
    "beside": ("elsewhere", set(), set()),
}
REFUSED = 403
POOL = urllib3.PoolManager(retries=False)


def answer(
    servers: Servers, login: Login, method: str, key: str, bucket: str = BUCKET, **headers: str
) -> int:
    """The store's status for one request."""
    body = b"bytes" if method == "PUT" and key else b""
    host = servers.s3_url.removeprefix("http://")
    path = encoded(bucket, key) if key else f"/{bucket}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    digest = hashlib.sha256(body).hexdigest()
    signed = authorized(method, host, path, named, digest, login, time.time())
    return POOL.urlopen(method, servers.s3_url + path, body=body or None, headers=signed).status


@pytest.fixture(scope="module")
def owner(servers: Servers) -> Login:
    """The supervisor; the bucket is there."""
    login = servers.logins.s3[SUPERVISOR]
    asyncio.run(Bucket(servers.s3_url, BUCKET, login).ensure())
    return login


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize("kind", OBJECTS)
def test_a_role_writes_and_deletes_its_own_objects_alone(
    servers: Servers, owner: Login, kind: str, role: str
) -> None:
    """Neither a new object nor one that is there, with a condition or without."""
    key, writers, removers = OBJECTS[kind]
    assert answer(servers, owner, "PUT", key) == 200
    login = servers.logins.s3[role]
    may_write = role in writers or role == SUPERVISOR
    assert (answer(servers, login, "PUT", key) == 200) == may_write
    assert (answer(servers, login, "PUT", key, If_None_Match="*") == 412) == may_write
    if not may_write:
        assert answer(servers, login, "PUT", key) == REFUSED
    if key.startswith(keys.RUNS):
        removers = removers | {OPERATOR}  # `faastrain rm`
    status = answer(servers, login, "DELETE", key)
    assert status == (204 if role in removers or role == SUPERVISOR else REFUSED)


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize("kind", OBJECTS)
def test_who_reads(servers: Servers, owner: Login, kind: str, role: str) -> None:
    """Functions their runs, the operator everything, others reports; a missing one is 404."""
    key, _, _ = OBJECTS[kind]
    assert answer(servers, owner, "PUT", key) == 200
    allowed = (
        role in (OPERATOR, SUPERVISOR)
        or (role in FUNCTIONS and key.startswith("runs/"))
        or (role in ("observer", TRIGGER) and "report" in kind)
        or (role in ("start-run", "reconcile", TRIGGER) and key.startswith("experiments/"))
        or (role == "env-step" and key.startswith(keys.STATES))
        or (role in OF_MODELS and key.startswith(keys.MODELS))
    )
    login = servers.logins.s3[role]
    assert answer(servers, login, "GET", key) == (200 if allowed else REFUSED)
    assert answer(servers, login, "HEAD", key) == (200 if allowed else REFUSED)
    if allowed and key != "elsewhere":
        assert answer(servers, login, "GET", f"{key.rpartition('.')[0]}x.json") in (404, REFUSED)


@pytest.mark.parametrize("role", LOGINS)
def test_nobody_but_the_owner_makes_or_removes_a_bucket(
    servers: Servers, owner: Login, role: str
) -> None:
    """Nor puts a policy on one, which would be a way around all of this."""
    login = servers.logins.s3[role]
    if role == SUPERVISOR:
        assert answer(servers, login, "PUT", "", "another") == 200
        return
    assert answer(servers, login, "PUT", "", f"of-{role}") == REFUSED
    assert answer(servers, login, "DELETE", "") == REFUSED
    assert answer(servers, Login(role, "guess"), "GET", keys.manifest("r")) == REFUSED


@pytest.mark.parametrize("role", LOGINS)
def test_listing(servers: Servers, owner: Login, role: str) -> None:
    """Whoever reads may list; `..` leads nowhere."""
    login = servers.logins.s3[role]
    assert answer(servers, login, "GET", "") == 200
    if role != SUPERVISOR:
        climbing = "runs/r/trajectories/../policies/1.msgpack"
        assert answer(servers, login, "PUT", climbing) == REFUSED
