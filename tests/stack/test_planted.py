"""`up` of a home whose store a local user had the run of: an earlier version let anybody in."""

import json
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import urllib3

from faastraingym.adapters.s3.signature import EMPTY, authorized
from faastraingym.adapters.settings import Login
from faastraingym.client import target
from faastraingym.embedded.servers.weed_ports import FORMER, GAPS, SOCKETS
from tests.stack.intruder import EVERYBODY, EVIL, IDENTITY, NOBODY, Opened, opened
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Stack

BUCKET = "faastraingym"
INBOX = f"/buckets/{BUCKET}/experiments"
SPEC = json.dumps(SHORT).encode()
READ_ONLY = b'{"locations":[{"locationPrefix":"/buckets/","readOnly":true,"ttl":"1m"}]}'
EXPIRY = b"""<LifecycleConfiguration><Rule><ID>all</ID><Status>Enabled</Status>
<Filter><Prefix></Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule>
</LifecycleConfiguration>"""


def plant_a_malformed_identity(store: Opened) -> None:
    """With it S3 waited 20 s for a better one, and `up` gave up."""
    store.put("/etc/iam/identities/evil.json", b"{")


def plant_foreign_identities(store: Opened) -> None:
    """An administrator, in each form that weed knows; and more rights for a role of ours."""
    store.put("/etc/iam/identities/evil.json", IDENTITY)
    store.put("/etc/iam/identity.json", {"identities": [IDENTITY]})
    store.put("/etc/iam/policies/rollout.json", EVERYBODY)


def plant_foreign_entries(store: Opened) -> None:
    """In the inbox, where a folder should be, or a file, or nothing; names that XML cannot say."""
    store.put(f"{INBOX}/evil.toml", SPEC)
    store.put(f"{INBOX}/folder.toml/x", SPEC)
    store.put(f"{INBOX}/evil\x01\x7f.toml", SPEC)
    store.put(f"/buckets/{BUCKET}/runs/evil", b"evil")
    store.put(f"/buckets/{BUCKET}/.probe/evil", b"evil")
    store.put("/buckets/evil", b"evil")
    store.put("/buckets/another/evil", b"evil")
    store.put("/evil", b"evil")


def plant_rules(store: Opened) -> None:
    """Of the filer, of S3's circuit breaker; a key to encrypt with."""
    nothing = {"global": {"enabled": True, "actions": {"Read:Count": 0, "Write:Count": 0}}}
    store.put("/etc/s3/circuit_breaker.json", nothing)
    store.put("/etc/s3/sse_kek", b"00" * 32)
    store.put("/etc/seaweedfs/filer.conf", READ_ONLY)


def plant_malformed_rules(store: Opened) -> None:
    """The same, as nobody can read them."""
    for name in ("s3/circuit_breaker.json", "s3/sse_kek", "seaweedfs/filer.conf", "remote/x.conf"):
        store.put(f"/etc/{name}", b"{")


def open_the_bucket(store: Opened) -> None:
    """To everybody, by its own policy and its own ACL; its objects expire."""
    store.set(BUCKET, "policy", json.dumps(EVERYBODY).encode())
    store.set(BUCKET, "acl", x_amz_acl="public-read")
    store.set(BUCKET, "lifecycle", EXPIRY)


def close_the_bucket(store: Opened) -> None:
    """To everybody, its owner too."""
    store.set(BUCKET, "policy", json.dumps(NOBODY).encode())


PLANTED = (
    plant_a_malformed_identity,
    plant_foreign_identities,
    plant_foreign_entries,
    plant_rules,
    plant_malformed_rules,
    open_the_bucket,
    close_the_bucket,
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Stack]:
    """A home that was up before, and is planted in one after the other."""
    made = Stack(tmp_path_factory.mktemp("planted"), FTG_COMPILATION_CACHE=str(compiled))
    try:
        made.up()
        supervisor = made.credentials().s3["supervisor"]
        assert status(made, supervisor, "PUT", "runs/before/manifest.msgpack") == 200
        made.down()
        shutil.copytree(made.home / "weed" / "data", made.home / "kept")
        yield made
    finally:
        made.down()


@pytest.fixture
def store(stack: Stack, tmp_path: Path) -> Iterator[AbstractContextManager[Opened]]:
    """Its store, as it was before anybody planted anything."""
    data = stack.home / "weed" / "data"
    shutil.rmtree(data)
    shutil.copytree(stack.home / "kept", data)
    yield opened(data, tmp_path / "weed")
    stack.down()


def status(stack: Stack, login: Login | None, method: str, key: str, query: str = "") -> int:
    """What the store answers: to a login, or to nobody in particular."""
    url = target.find(stack.environment).s3.url
    path = f"/{BUCKET}/{key}" if key else f"/{BUCKET}"
    headers: dict[str, str] = {}
    if login is not None:
        host = url.removeprefix("http://")
        headers = authorized(method, host, path, {}, EMPTY, login, time.time(), query)
    answer = urllib3.request(method, f"{url}{path}?{query}", headers=headers, retries=False)
    return answer.status


@pytest.mark.parametrize("plant", PLANTED)
def test_up_survives_and_obeys_nothing(
    stack: Stack, store: AbstractContextManager[Opened], plant: Callable[[Opened], None]
) -> None:
    """The owner's bucket works; who planted has no rights, nor has who shows no login."""
    with store as opened_store:
        plant(opened_store)
    stack.up()
    logins = stack.credentials().s3
    supervisor, rollout = logins["supervisor"], logins["rollout"]
    assert status(stack, supervisor, "GET", "runs/before/manifest.msgpack") == 200
    assert status(stack, supervisor, "PUT", "runs/r/manifest.msgpack") == 200
    assert status(stack, supervisor, "GET", "runs/r/manifest.msgpack") == 200
    assert status(stack, rollout, "PUT", "runs/r/policies/1.msgpack") == 403
    for setting in ("policy", "lifecycle"):
        assert status(stack, supervisor, "GET", "", f"{setting}=") == 404
    for stranger in (EVIL, None):
        assert status(stack, stranger, "GET", "runs/r/manifest.msgpack") == 403
        assert status(stack, stranger, "PUT", "experiments/evil.json") == 403
        assert status(stack, stranger, "GET", "", "list-type=2") == 403
        assert status(stack, stranger, "DELETE", "runs/r/manifest.msgpack") == 403
    runs = [row["run_id"] for row in stack.json("runs")]
    assert [
        run for run in runs if not run.startswith("evil-")
    ] == []  # but by the file in the inbox


async def test_a_home_that_was_planted_in_trains(
    stack: Stack, store: AbstractContextManager[Opened]
) -> None:
    """Several at once; the bytes are the undisturbed ones."""
    with store as opened_store:
        for plant in (open_the_bucket, plant_foreign_entries, plant_foreign_identities):
            plant(opened_store)
    trained = stack.json("train", stack.file(SHORT), "--run", "after-all")
    assert trained["policy"]["sha256"] == await undisturbed(SHORT)


def test_taken_socket_names_cost_other_ports(stack: Stack) -> None:
    """Of everything that weed ever named there. Only root may take a name that is ours: folders."""
    numbers = json.loads((stack.home / "ports.json").read_bytes())
    taken = [
        Path(pattern.format(numbers[name] + GAPS.get(name, 0)))
        for sockets in (SOCKETS, FORMER)
        for name, pattern in sockets.items()
    ]
    for name in taken:
        name.mkdir()
    try:
        state = stack.up()
        assert status(stack, stack.credentials().s3["supervisor"], "GET", "", "list-type=2") == 200
        assert json.loads((stack.home / "ports.json").read_bytes()) != numbers
        assert state.children["weed"].restarts == 0
    finally:
        stack.down()
        for name in taken:
            name.rmdir()


def test_left_over_sockets_are_removed(stack: Stack) -> None:
    """Those of a stack that was killed; of the version before, too; none are left by `down`."""
    numbers = json.loads((stack.home / "ports.json").read_bytes())
    left = [Path(pattern.format(numbers[name])) for name, pattern in FORMER.items()]
    for name in left:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(name))
    stack.up()
    assert not any(name.exists() for name in left)
    stack.kill("weed")
    stack.down()
    assert not [
        name
        for name, pattern in SOCKETS.items()
        if Path(pattern.format(numbers[name] + GAPS.get(name, 0))).exists()
    ]


def test_logs_are_the_owners_whatever_they_were(stack: Stack) -> None:
    """Of an earlier version, by a lax umask, turned over ones too."""
    for name in ("supervisor.log", "weed.log.1", "functions/rollout.log.1", "functions/gone.log"):
        log = stack.home / "logs" / name
        log.touch()
        log.chmod(0o644)
    stack.up()
    stack.down()
    logs = [path for path in (stack.home / "logs").rglob("*") if path.is_file()]
    assert len(logs) > 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in logs} == {0o600}
