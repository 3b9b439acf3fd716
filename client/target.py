"""Which stack a client speaks to: the embedded one of this folder, or a cluster.

A cluster is named by OPENFAAS_URL together with FAASTRAIN_NATS_URL; else it is the stack of
FAASTRAIN_HOME (default ./.faastrain), which tells of itself in stack.json.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from faastraingym.client.errors import BadInput, StackTrouble
from faastraingym.embedded.settings import home_of

if TYPE_CHECKING:
    from faastraingym.embedded.state import StackState

VARIABLES = """\
environment variables:
  FAASTRAIN_HOME         where the embedded stack's state is
                         (default: ./.faastrain)
  SSL_CERT_FILE          certificate authorities of servers with TLS, a file;
                         needed if the system does not trust them (an
                         embedded stack sets its own)
  TRACEPARENT            W3C trace context: the run that is started is a part
                         of that trace
  FTG_ENVIRONMENTS       modules that register Gymnasium environments, by
                         commas: installed, or beside functions/
  OPENFAAS_URL and FAASTRAIN_NATS_URL, both set: use that cluster, no embedded
  stack, with
  OPENFAAS_PASSWORD      of the gateway's user admin; or OPENFAAS_TOKEN, a
                         bearer token
  FAASTRAIN_NATS_USER, FAASTRAIN_NATS_PASSWORD
  FAASTRAIN_NATS_API     the prefix of JetStream's API in that account
                         (default: $JS.API)
  FAASTRAIN_S3_URL, FAASTRAIN_S3_ACCESS_KEY, FAASTRAIN_S3_SECRET_KEY,
  FAASTRAIN_BUCKET
  FAASTRAIN_CALLER_TOKEN a caller's token, of the secret ftg-caller-tokens;
                         only `faastraingym.remote_env` needs it
  FAASTRAIN_SIGNING_KEY  the secret ftg-signing-key; only
                         `faastrain dead replay` needs it
"""
# The arguments of Client, and the variables that say the same: a server's URL, user and password.
SERVERS = {
    "url": ("OPENFAAS_URL", "", "OPENFAAS_PASSWORD"),
    "nats": ("FAASTRAIN_NATS_URL", "FAASTRAIN_NATS_USER", "FAASTRAIN_NATS_PASSWORD"),
    "s3": ("FAASTRAIN_S3_URL", "FAASTRAIN_S3_ACCESS_KEY", "FAASTRAIN_S3_SECRET_KEY"),
}
TOKEN = "OPENFAAS_TOKEN"  # noqa: S105  the variable's name


class Server(NamedTuple):
    """Where a server is, and who we are there."""

    url: str
    user: str  # "": the password is a bearer token
    password: str

    def __repr__(self) -> str:
        return f"Server({self.url!r}, ...)"


class Target(NamedTuple):
    """A stack's three servers."""

    nats: Server
    s3: Server
    gateway: Server
    bucket: str
    authority: str  # of the servers' certificates, a PEM file; "": those that OpenSSL trusts
    nats_api: str  # the prefix of JetStream's API there


def is_cluster(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a cluster."""
    return bool(environment.get("OPENFAAS_URL") and environment.get("FAASTRAIN_NATS_URL"))


def find(environment: Mapping[str, str]) -> Target:
    """The stack that this command speaks to.

    Raises:
        StackTrouble: no embedded stack runs, or its files cannot be read.
        BadInput: a cluster's variables are incomplete.
    """
    return _cluster(environment) if is_cluster(environment) else _embedded(environment)


def remedies(environment: Mapping[str, str]) -> dict[str, str]:
    """What to do about a server that is away or refuses us, by the argument of Client."""
    if is_cluster(environment):
        return {
            argument: f"check `{argument}` of Client, or {', '.join(filter(None, names))}"
            for argument, names in SERVERS.items()
        }
    return dict.fromkeys(SERVERS, "`faastrain doctor` looks for the cause")


def trusted(environment: Mapping[str, str]) -> Target:
    """As `find`, and this process trusts the certificates of the stack's servers from now on."""
    found = find(environment)
    _trust(found.authority)
    return found


def own_home(environment: Mapping[str, str]) -> Path:
    """The home of the embedded stack, to start or to stop it.

    Raises:
        BadInput: the environment names a cluster.
    """
    if is_cluster(environment):
        raise BadInput(
            "OPENFAAS_URL and FAASTRAIN_NATS_URL name a cluster, which is not started or stopped "
            "from here; unset OPENFAAS_URL for the embedded stack"
        )
    return home_of(environment)


def running(environment: Mapping[str, str]) -> "StackState | None":
    """The embedded stack that runs at this home, if one does."""
    from faastraingym.embedded.state import StackFiles

    files = StackFiles(home_of(environment))
    return files.load() if files.state.exists() and files.is_alive() else None


def signing_key(environment: Mapping[str, str]) -> bytes:
    """The key that commands are signed with.

    Raises:
        StackTrouble: no embedded stack runs, or its secret cannot be read.
        BadInput: a cluster's variable is missing.
    """
    name = "ftg-signing-key"
    if is_cluster(environment):
        return _variable(environment, "FAASTRAIN_SIGNING_KEY", f"the secret {name}").encode()
    return _secret(_state(environment), name).strip()


def caller(environment: Mapping[str, str]) -> tuple[str, str]:
    """The gateway's URL, and the token of a caller of functions that answer such.

    From now on this process trusts the certificates of an embedded stack's gateway.

    Raises:
        StackTrouble: no embedded stack runs, or its secret cannot be read.
        BadInput: a cluster's variable is missing.
    """
    name = "ftg-caller-tokens"
    if is_cluster(environment):
        token = _variable(environment, "FAASTRAIN_CALLER_TOKEN", f"a token of the secret {name}")
        return environment["OPENFAAS_URL"].rstrip("/"), token
    state = _state(environment)
    lines = _secret(state, name).decode().splitlines()
    _trust(state.authority)
    return state.gateway_url, lines[0].partition(" ")[2].strip() if lines else ""


def _variable(environment: Mapping[str, str], name: str, what: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise BadInput(f"{name} is not set; write {what} there")
    return value


def _secret(state: "StackState", name: str) -> bytes:
    with _readable():
        return (Path(state.secrets) / name).read_bytes()


def _trust(authority: str) -> None:
    if authority:
        os.environ["SSL_CERT_FILE"] = authority  # OpenSSL's; read at every connection


def _cluster(environment: Mapping[str, str]) -> Target:
    from faastraingym.adapters.nats.jetstream import API

    def value(name: str) -> str:
        if not environment.get(name):
            raise BadInput(f"{name} is not set; a cluster is named by OPENFAAS_URL, so set it too")
        return environment[name].rstrip("/")

    def server(prefix: str, user: str, password: str) -> Server:
        return Server(
            value(f"{prefix}_URL"), value(f"{prefix}_{user}"), value(f"{prefix}_{password}")
        )

    def gateway() -> Server:
        token = environment.get("OPENFAAS_TOKEN")
        user, password = ("", token) if token else ("admin", value("OPENFAAS_PASSWORD"))
        return Server(value("OPENFAAS_URL"), user, password)

    return Target(
        nats=server("FAASTRAIN_NATS", "USER", "PASSWORD"),
        s3=server("FAASTRAIN_S3", "ACCESS_KEY", "SECRET_KEY"),
        gateway=gateway(),
        bucket=environment.get("FAASTRAIN_BUCKET") or "faastraingym",
        authority="",
        nats_api=environment.get("FAASTRAIN_NATS_API") or API,
    )


def _embedded(environment: Mapping[str, str]) -> Target:
    state = _state(environment)
    with _readable():
        return _of_state(state)


def _state(environment: Mapping[str, str]) -> "StackState":
    home, state = home_of(environment), running(environment)
    if state is None:
        raise StackTrouble(_why_none(home, environment.get("FAASTRAIN_HOME", "")))
    return state


def _why_none(home: Path, named: str) -> str:
    from faastraingym.embedded.processes import of_stack

    if not os.path.exists(home) and of_stack(home):
        return f"{home} was removed or moved under a running stack, which is ending"
    is_relative = named and not Path(named).is_absolute()
    where = f"{home} (FAASTRAIN_HOME={named}, seen from here)" if is_relative else str(home)
    return f"no stack runs at {where}; start it with `faastrain up`"


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StackTrouble(
            f"{error.filename}: {error.strerror}; `faastrain down`, then `faastrain up`"
        ) from error


def _of_state(state: "StackState") -> Target:
    from faastraingym.events.topology.roles import OPERATOR, nats_secret, s3_secret

    secrets = Path(state.secrets)
    password = Path(state.password_file).read_text().strip()
    return Target(
        nats=_server(state.nats_url, secrets / nats_secret(OPERATOR)),
        s3=_server(state.s3_url, secrets / s3_secret(OPERATOR)),
        gateway=Server(state.gateway_url, state.gateway_user, password),
        bucket=state.bucket,
        authority=state.authority,
        nats_api=state.nats_api,
    )


def _server(url: str, secret: Path) -> Server:
    user, _, password = secret.read_text().strip().partition(":")
    return Server(url, user, password)
