"""Knocking at ports: who is answered over HTTP or gRPC, without a certificate or with which."""

import socket
import ssl
from contextlib import suppress
from pathlib import Path

from faastraingym.embedded.servers.certificates import FILES

PATIENCE = 5.0  # seconds of silence that count as no answer
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"  # and no settings
SETTINGS = 4  # the type of the frame with which every HTTP/2 server answers
NO_TLS = b"Client sent an HTTP request to an HTTPS server."

Address = tuple[str, int] | str  # of a port, or a Unix socket's path


def request(path: str, method: str = "GET", body: bytes = b"", **headers: str) -> bytes:
    """An HTTP request after which the server closes."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += ["Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(body)}"]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + body


def believing_anybody(certificates: Path | None, protocol: str) -> ssl.SSLContext:
    """TLS without a look at the server's certificate; with ours of this folder, if any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([protocol])
    if certificates is not None:
        context.load_cert_chain(certificates / FILES.certificate, certificates / FILES.key)
    return context


def reply(address: Address, sent: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """What comes back until the server closes or is silent; nothing where it refuses."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    got = b""
    with suppress(OSError), socket.socket(family) as plain:
        plain.settimeout(PATIENCE)
        plain.connect(address)
        with tls.wrap_socket(plain) if tls else plain as connection:
            connection.sendall(sent)
            while not _is_whole(got) and (piece := connection.recv(1 << 16)):
                got += piece
    return got


def http(address: Address, sent: bytes, tls: ssl.SSLContext | None = None) -> tuple[int, bytes]:
    """The status and the body that an HTTP server answers; (0, b"") where none does."""
    got = reply(address, sent, tls)
    head, _, body = got.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.") or body.startswith(NO_TLS):
        return 0, b""
    return int(head.split(b" ", 2)[1]), body


def speaks_grpc(address: Address, tls: ssl.SSLContext | None = None) -> bool:
    """Whether a server lets us in to HTTP/2, over which gRPC goes."""
    got = reply(address, PREFACE, tls)
    return len(got) >= 9 and got[3] == SETTINGS


def _is_whole(got: bytes) -> bool:
    return got[:3] == b"\x00\x00\x00" or (len(got) >= 9 and got[3] == SETTINGS)
