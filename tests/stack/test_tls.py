"""A whole run on a stack that speaks TLS alone."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.authorities import Authorities, authorities
from tests.stack.specs import SHORT, undisturbed
from tests.stack.support import Stack


@pytest.fixture
def made(tmp_path: Path) -> Authorities:
    """Certificates for this test."""
    return authorities(tmp_path)


@pytest.fixture
def secured(
    tmp_path_factory: pytest.TempPathFactory, compiled: Path, made: Authorities
) -> Iterator[Stack]:
    """A stack of one's own."""
    stack = Stack(
        tmp_path_factory.mktemp("tls"),
        FTG_COMPILATION_CACHE=str(compiled),
        FAASTRAIN_TLS_CERT=str(made.tls.certificate),
        FAASTRAIN_TLS_KEY=str(made.tls.key),
        FAASTRAIN_TLS_CA=str(made.tls.authority),
    )
    try:
        yield stack
    finally:
        stack.down()


async def test_a_run_by_tls(secured: Stack, made: Authorities) -> None:
    """The bytes that it would have had; whoever believes another authority is not served."""
    trained = secured.json("train", secured.file(SHORT), "--run", "secured")
    assert trained["policy"]["sha256"] == await undisturbed(SHORT)
    state = secured.up()
    assert state.nats_url.startswith("tls://")
    assert state.s3_url.startswith("https://")
    assert state.gateway_url.startswith("https://")
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(state.gateway_url.replace("https", "http"))  # noqa: ASYNC210, S310
    assert "secured" in _as_a_stranger(secured, made.ours).stdout
    refused = _as_a_stranger(secured, made.other)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "certificate verify failed" in refused.stderr


def _as_a_stranger(secured: Stack, authority: Path) -> CompletedProcess[str]:
    """`faastrain runs`, told addresses and logins, but not by the stack's own files."""
    state, made = secured.up(), secured.credentials()
    nats, s3 = made.nats["operator"], made.s3["operator"]
    stranger = Stack(
        secured.home,
        OPENFAAS_URL=state.gateway_url,
        OPENFAAS_PASSWORD=made.gateway_password,
        FAASTRAIN_NATS_URL=state.nats_url,
        FAASTRAIN_NATS_USER=nats.user,
        FAASTRAIN_NATS_PASSWORD=nats.password,
        FAASTRAIN_NATS_API=state.nats_api,
        FAASTRAIN_S3_URL=state.s3_url,
        FAASTRAIN_S3_ACCESS_KEY=s3.user,
        FAASTRAIN_S3_SECRET_KEY=s3.password,
        SSL_CERT_FILE=str(authority),
    )
    return stranger.cli("runs")
