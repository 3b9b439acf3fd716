"""SeaweedFS's planes let in SeaweedFS alone: over HTTP, over gRPC, over their Unix sockets."""

import stat
from pathlib import Path

import pytest

from faastraingym.embedded.servers import certificates
from faastraingym.embedded.servers.weed_ports import GRPC_OFFSET, PORTS, SOCKETS
from tests.embedded.servers import doors
from tests.embedded.servers.conftest import Servers

ADMIN_GRPC = "weed-admin-grpc"
HTTP = [name for name in PORTS if not name.endswith("-grpc") and name != "weed-s3"]
GRPC = [*(name for name in PORTS if name.endswith("-grpc")), ADMIN_GRPC]


def address(servers: Servers, plane: str) -> tuple[str, int]:
    if plane == ADMIN_GRPC:
        return "127.0.0.1", servers.ports["weed-admin"] + GRPC_OFFSET
    return "127.0.0.1", servers.ports[plane]


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of another home."""
    folder = tmp_path_factory.mktemp("foreign")
    certificates.make(folder)
    return folder


@pytest.mark.parametrize("plane", HTTP)
def test_http_is_for_who_has_the_certificate(servers: Servers, foreign: Path, plane: str) -> None:
    """The control: with the store's own, the plane does answer."""
    at, asked = address(servers, plane), doors.request("/")
    own = doors.believing_anybody(servers.folder / "weed", "http/1.1")
    assert doors.http(at, asked, own)[0] in (200, 401, 404)
    assert doors.http(at, asked) == (0, b"")
    for certificate in (None, foreign):
        stranger = doors.believing_anybody(certificate, "http/1.1")
        assert doors.http(at, asked, stranger) == (0, b"")


@pytest.mark.parametrize("plane", GRPC)
def test_grpc_is_for_who_has_the_certificate(servers: Servers, foreign: Path, plane: str) -> None:
    """The control: with the store's own, the plane does speak."""
    at = address(servers, plane)
    assert doors.speaks_grpc(at, doors.believing_anybody(servers.folder / "weed", "h2"))
    assert not doors.speaks_grpc(at)
    for certificate in (None, foreign):
        assert not doors.speaks_grpc(at, doors.believing_anybody(certificate, "h2"))


def test_unix_sockets_are_the_owners_alone(servers: Servers) -> None:
    """HTTP's lie in the folder of weed; gRPC's, whose place weed chooses, want the certificate."""
    http = {path.name for path in (servers.folder / "weed").glob("*.sock")}
    assert http == {"filer.sock", "s3.sock"}
    paths = [servers.folder / "weed" / name for name in http]
    for name, pattern in SOCKETS.items():
        gap = GRPC_OFFSET if name == "weed-admin" else 0
        paths.append(Path(pattern.format(servers.ports[name] + gap)))
        assert not doors.speaks_grpc(str(paths[-1]))
    for path in paths:
        assert stat.S_ISSOCK(path.stat().st_mode)
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_a_start_makes_new_certificates(tmp_path: Path) -> None:
    """Neither a key nor the authority outlives the stack: the old ones open nothing."""
    certificates.make(tmp_path)
    old = [(tmp_path / name).read_bytes() for name in certificates.FILES]
    certificates.make(tmp_path)
    new = [(tmp_path / name).read_bytes() for name in certificates.FILES]
    assert not set(old) & set(new)
    assert all(stat.S_IMODE((tmp_path / f).stat().st_mode) == 0o600 for f in certificates.FILES)
