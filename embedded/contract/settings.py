"""The settings that a gateway's or a provider's process reads from its environment."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from faastraingym.adapters.errors import SettingsError
from faastraingym.adapters.settings import callback_origins, port
from faastraingym.embedded.contract.http import DEFAULT_LIMITS, Limits
from faastraingym.embedded.errors import StackError
from faastraingym.events.delivery.callbacks import Origin
from faastraingym.events.topology import stack_file
from faastraingym.events.topology.stack_file import seconds

# The addresses given to replicas in place of their deployments' own, as a cluster's DNS resolves.
ADDRESSES = ("FTG_NATS_URL", "FTG_NATS_API", "FTG_S3_URL", "FTG_BUCKET", "FTG_GATEWAY_URL")


class ServerSettings(NamedTuple):
    """The settings of a gateway or a provider."""

    home: Path
    root: Path  # where functions/ is
    host: str
    port: int
    provider_port: int
    provider_url: str  # another provider's; "": our own, in this process
    overrides: dict[str, str]
    advertised: str  # this gateway's URL, as others reach it
    limits: Limits
    certificate: str = ""  # PEM files; "": without TLS
    key: str = ""
    callback_origins: frozenset[Origin] | None = None  # None: none for unknown clients

    def password(self) -> str:
        """The password of the user admin."""
        return (self.home / "gateway-password").read_text().strip()


def read(environment: Mapping[str, str]) -> ServerSettings:
    """Read the settings; raises StackError: a variable is missing or ill-formed."""
    try:
        allowed = callback_origins(environment)
        own = port(environment, "FTG_LISTEN_PORT", "8080")
        providers = port(environment, "FTG_PROVIDER_PORT", "8081")
    except SettingsError as error:
        raise StackError(f"{error}.") from error
    root = environment.get("FAASTRAIN_ROOT") or stack_file.path(environment).parent
    return ServerSettings(
        home=Path(_required(environment, "FAASTRAIN_HOME")).resolve(),
        root=Path(root).resolve(),
        host=environment.get("FTG_LISTEN_HOST", "127.0.0.1"),
        port=own,
        provider_port=providers,
        provider_url=environment.get("FTG_PROVIDER_URL", ""),
        certificate=environment.get("FTG_TLS_CERT", ""),
        key=environment.get("FTG_TLS_KEY", ""),
        callback_origins=allowed,
        overrides={name: _required(environment, name) for name in ADDRESSES},
        advertised=_required(environment, "FTG_GATEWAY_URL"),
        limits=DEFAULT_LIMITS._replace(
            body_seconds=_seconds(environment, "FTG_BODY_SECONDS", DEFAULT_LIMITS.body_seconds),
            idle_seconds=_seconds(environment, "FTG_IDLE_SECONDS", DEFAULT_LIMITS.idle_seconds),
        ),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise StackError(f"{name} is not set; `faastrain up` sets it for the gateway.")
    return environment[name]


def _seconds(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or f"{default}s"
    try:
        return seconds(text)
    except stack_file.StackError as error:
        raise StackError(f"{name}: {error}.") from error
