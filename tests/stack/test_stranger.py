"""Another user of this machine reads nothing, writes nothing and starts nothing."""

import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.client import target
from faastraingym.embedded import processes
from faastraingym.embedded.servers import certificates, ports
from faastraingym.embedded.servers.certificates import FILES
from faastraingym.events.topology.roles import SUPERVISOR
from tests.servers import binary
from tests.stack import stranger
from tests.stack.intruder import EVIL, opened
from tests.stack.specs import SHORT
from tests.stack.stranger import acting_as
from tests.stack.support import Stack
from tests.stack.test_planted import status

REFUSED = {400, 401, 403, 404, 405, 501}
# What is served to everybody by design (docs/security.md, "Who could do what").
SERVED = {
    "gateway": {
        "GET /": 301,  # to /ui/, which asks for the password
        "GET /healthz": 200,
        "GET /metrics": 200,
        "GET /openapi.json": 200,
    },
    "provider": {"GET /healthz": 200},
    "weed-s3": {"GET /healthz": 200, "GET /status": 200},  # that it lives
    "exporter": {"GET /healthz": 200, "GET /metrics": 200},
}
SHELL = f"""fs.ls /
fs.ls /buckets/faastraingym
volume.list
s3.configure -user=evil -access_key={EVIL.user} -secret_key={EVIL.password} -actions=Admin -apply
fs.rm -r /buckets/faastraingym/runs
"""


@pytest.fixture(scope="module")
def who() -> Iterator[pwd.struct_passwd]:
    """Another user of this machine."""
    reason = stranger.why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI promises this test")
    if reason:
        pytest.skip(reason)
    with stranger.user() as made:
        yield made


@pytest.fixture(scope="module")
def public() -> Iterator[Path]:
    """A folder that every user may pass and look into, with weed and foreign certificates."""
    folder = Path(tempfile.mkdtemp(prefix="ftg-public-"))
    folder.chmod(0o755)
    shutil.copy(binary("weed"), folder / "weed")
    (folder / "foreign").mkdir()
    certificates.make(folder / "foreign")
    for path in (folder / "weed", *(folder / "foreign" / name for name in FILES)):
        path.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running(public: Path, compiled: Path) -> Iterator[Stack]:
    """A stack that has trained; its home hides by its own modes, for everybody may go there."""
    home = public / "home"
    home.mkdir()
    home.chmod(0o755)
    umask = os.umask(0)  # the laxest there is
    stack = Stack(home, FTG_COMPILATION_CACHE=str(compiled), FAASTRAIN_ZERO_DURATION="10m")
    try:
        stack.up()
        os.umask(umask)
        assert (
            stack.json("train", stack.file(SHORT), "--run", "private", "--no-files")["status"]
            == "completed"
        )
        yield stack
    finally:
        os.umask(umask)
        stack.down()


@pytest.fixture(scope="module")
def pids(running: Stack) -> list[int]:
    """The processes of the stack; replicas too, which are kept for some minutes."""
    found = [process.pid for process in processes.of_stack(running.home)]
    assert len(found) >= 8
    return found


async def objects(stack: Stack) -> list[str]:
    """The keys of the bucket."""
    login = stack.credentials().s3[SUPERVISOR]
    store = S3ObjectStore(target.find(stack.environment).s3.url, "faastraingym", login)
    try:
        return await store.keys("")
    finally:
        await store.close()


def test_every_listener_is_local(pids: list[int]) -> None:
    """TCP on loopback, no UDP at all, no abstract Unix socket: those know no modes."""
    found = stranger.listeners(set(pids))
    tcp = [at for kind, at in found if kind == "tcp"]
    assert len(tcp) >= 13
    assert all(at.startswith(("127.0.0.1:", "[::1]:")) for at in tcp)
    assert not [at for kind, at in found if kind == "udp"]
    assert not [at for kind, at in found if at.startswith("@")]


def test_no_port_lets_a_stranger_in(
    running: Stack, pids: list[int], who: pwd.struct_passwd, public: Path
) -> None:
    """HTTP and HTTPS, without a certificate or with a foreign one; but what is for everybody."""
    names = {port: name for name, port in ports.of_home(running.home).items()}
    tcp = [at for kind, at in stranger.listeners(set(pids)) if kind == "tcp"]
    for port in (int(at.rpartition(":")[2]) for at in tcp):
        name = names.get(port, "weed-admin-grpc")
        found = acting_as(who, partial(stranger.answers, port, public / "foreign"))
        served = SERVED.get(name, {})
        for request, answered in found.items():
            allowed = {served.get(request)} if request in served else REFUSED
            assert answered in allowed, (name, request)
        if name.startswith("weed") and name != "weed-s3":
            assert found == {}, name


def test_no_grpc_lets_a_stranger_in(pids: list[int], who: pwd.struct_passwd, public: Path) -> None:
    """Over TCP and over Unix sockets."""
    found = stranger.listeners(set(pids))
    tcp = [("127.0.0.1", int(at.rpartition(":")[2])) for kind, at in found if kind == "tcp"]
    addresses = [*tcp, *(at for kind, at in found if kind == "unix")]
    knock = partial(stranger.grpc_doors, addresses, public / "foreign")
    assert acting_as(who, knock) == []


async def test_weeds_own_shell_is_of_no_use(
    running: Stack, who: pwd.struct_passwd, public: Path
) -> None:
    """It lists nothing, makes nobody an administrator, removes nothing."""
    numbers, before = ports.of_home(running.home), await objects(running)
    at = {
        plane: f"127.0.0.1:{numbers[f'weed-{plane}']}.{numbers[f'weed-{plane}-grpc']}"
        for plane in ("master", "filer")
    }
    shell = partial(stranger.in_weed_shell, str(public / "weed"), *at.values(), SHELL)
    said = acting_as(who, shell)
    assert "runs" not in said
    assert "volume" not in said.replace("volume.list", "")
    assert await objects(running) == before
    assert status(running, EVIL, "GET", "", "list-type=2") == 403


def test_the_broker_asks_for_a_login(running: Stack, who: pwd.struct_passwd) -> None:
    def ask() -> str:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b'CONNECT {"verbose":true}\r\nPUB ftg.run.requested.evil 1\r\nx\r\n')
            return b"".join(iter(partial(client.recv, 4096), b"")).decode()

    port = ports.of_home(running.home)["nats"]
    assert "Authorization Violation" in acting_as(who, ask)


def test_no_file_lets_a_stranger_in(
    running: Stack, pids: list[int], who: pwd.struct_passwd
) -> None:
    """Every path below the home, and every socket and temporary file of the stack elsewhere."""
    paths = [path for path in running.home.rglob("*") if path.name != "spec.json"]  # the test's own
    assert len(paths) > 100
    shared = {at for kind, at in stranger.listeners(set(pids)) if kind == "unix" and at[0] == "/"}
    since = (running.home / "ports.json").stat().st_mtime
    for path in Path(tempfile.gettempdir()).iterdir():
        if path.name.startswith("seaweedfs-") and path.stat().st_mtime >= since:
            shared.add(str(path))
    assert acting_as(who, partial(stranger.opened, [*map(str, paths), *shared])) == []


def test_no_process_lets_a_stranger_in(
    running: Stack, pids: list[int], who: pwd.struct_passwd
) -> None:
    """Nor tells a secret by how it was started, which everybody may read."""
    assert acting_as(who, partial(stranger.looked_into, pids)) == []
    made = running.credentials()
    logins = [*made.nats.values(), *made.s3.values()]
    secrets = [made.gateway_password, made.signing_key, made.trigger_token, made.caller_token]
    told = acting_as(who, partial(stranger.command_lines, pids))
    assert "weed" in told
    assert not [s for s in (*secrets, *(login.password for login in logins)) if s in told]


async def test_nothing_was_started_or_written(running: Stack) -> None:
    """After all of that."""
    assert [run["run_id"] for run in running.json("runs")] == ["private"]
    assert not [key for key in await objects(running) if "evil" in key]


def test_the_stranger_finds_what_is_open(
    running: Stack, who: pwd.struct_passwd, public: Path, tmp_path: Path
) -> None:
    """The control: of a store without all of this he has the run."""
    (tmp_path / "data").mkdir()
    with opened(tmp_path / "data", tmp_path / "weed") as store:
        at = store.ports
        shell = partial(
            stranger.in_weed_shell,
            str(public / "weed"),
            f"127.0.0.1:{at['weed-master']}.{at['weed-master-grpc']}",
            f"127.0.0.1:{at['weed-filer']}.{at['weed-filer-grpc']}",
            SHELL,
        )
        found = acting_as(who, partial(stranger.answers, at["weed-filer"], public / "foreign"))
        assert found["PUT /etc/iam/identities/evil.json"] == 201
        assert found["PUT /buckets/faastraingym/experiments/evil.toml"] == 201
        planes = ("master", "volume", "filer", "s3")
        grpc = [("127.0.0.1", at[f"weed-{plane}-grpc"]) for plane in planes]
        assert len(acting_as(who, partial(stranger.grpc_doors, grpc, public / "foreign"))) == 4
        assert "faastraingym" in acting_as(who, shell) or "buckets" in acting_as(who, shell)
