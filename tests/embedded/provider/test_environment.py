"""A replica's environment."""

from datetime import UTC, datetime
from pathlib import Path

from faastraingym.embedded.provider.environment import Launch, variables
from faastraingym.embedded.provider.function import read
from tests.embedded.support import FUNCTIONS, deployment


def test_addresses_of_here_win_and_nothing_leaks() -> None:
    """A deployment's addresses are a cluster's; the provider's own variables are not shown."""
    addresses, own = {"FTG_S3_URL": "http://here"}, {"PATH": "/bin", "TOKEN": "x"}
    launch = Launch(Path("/home"), FUNCTIONS, addresses, own)
    wanted = deployment("echo", variables={"FTG_S3_URL": "http://minio", "A": "1"}, memory="1Gi")
    function = read(wanted, FUNCTIONS, datetime.now(UTC))
    found = variables(launch, function, "echo-1")
    assert found["FTG_S3_URL"] == "http://here"
    assert found["A"] == "1"
    assert found["PATH"] == "/bin"
    assert "TOKEN" not in found
    assert (found["FTG_FUNCTION"], found["FTG_REPLICA"]) == ("echo", "echo-1")
    assert found["FTG_SECRETS"] == "/home/run/secrets/echo"
