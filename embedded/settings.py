"""Settings of `faastrain up`: environment variables, and where the package is."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from faastraingym import PACKAGE
from faastraingym.embedded.errors import StackError

IMPORTED = PACKAGE.parent  # what a process of ours imports it from
# Where stages and the queue-worker are sent instead of to the servers themselves: to a proxy.
ADVERTISED = {
    "FAASTRAIN_NATS_ADVERTISE": "FTG_NATS_URL",
    "FAASTRAIN_S3_ADVERTISE": "FTG_S3_URL",
    "FAASTRAIN_GATEWAY_ADVERTISE": "FTG_GATEWAY_URL",
}


class External(NamedTuple):
    """A server that runs already; none is started then."""

    url: str
    user: str
    password: str


class Tls(NamedTuple):
    """The certificate that our servers show, and the authority that clients trust: PEM files."""

    certificate: Path  # for 127.0.0.1
    key: Path
    authority: Path


class StackSettings(NamedTuple):
    """One stack's settings."""

    home: Path
    stack_file: Path
    environment: Mapping[str, str]  # substituted into stack.yml
    zero_duration: str = "10s"
    bucket: str = "faastraingym"
    gateway_port: int = 0  # 0: a free one
    nats: External | None = None
    s3: External | None = None
    tls: Tls | None = None
    worker: str = "faastraingym.adapters.processes.queue_worker"  # the module that delivers
    advertised: Mapping[str, str] = {}  # addresses by the variable that tells them

    @property
    def root(self) -> Path:
        """The folder that has functions/."""
        return self.stack_file.parent


def import_paths(root: Path) -> tuple[Path, ...]:
    """The folders that a replica imports from: that of stack.yml, unless it is ours, and ours."""
    return (IMPORTED,) if root == PACKAGE.resolve() else (root, IMPORTED)


def home_of(environment: Mapping[str, str]) -> Path:
    """FAASTRAIN_HOME, else .faastrain in the current folder; raises StackError: there is none."""
    named = environment.get("FAASTRAIN_HOME") or ".faastrain"
    try:
        return Path(named).resolve()
    except FileNotFoundError as error:
        raise StackError(
            "the current folder is gone: go to another one, or set FAASTRAIN_HOME to a whole path."
        ) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: Python's, before 3.13
        raise StackError(
            f"{named} is a symbolic link that leads to itself; set FAASTRAIN_HOME to a folder."
        ) from error


def read(home: Path, environment: Mapping[str, str]) -> StackSettings:
    """Read the settings; raises StackError: a variable that cannot be used."""
    # Heavy for the help, which needs home_of.
    from faastraingym.adapters.errors import SettingsError
    from faastraingym.adapters.settings import bucket
    from faastraingym.events.topology import stack_file

    try:
        name = bucket(environment, "FAASTRAIN_BUCKET")
    except SettingsError as error:
        raise StackError(f"{error}.") from error
    file = stack_file.path(environment).resolve()
    if not file.is_file():
        raise StackError(f"{file} is not there; set FAASTRAIN_STACK to your stack.yml.")
    return StackSettings(
        home=home.resolve(),
        stack_file=file,
        environment=dict(environment),
        zero_duration=environment.get("FAASTRAIN_ZERO_DURATION") or "10s",
        bucket=name,
        gateway_port=_port(environment, "FAASTRAIN_GATEWAY_PORT"),
        nats=_external(environment, "FAASTRAIN_NATS_", "USER", "PASSWORD"),
        s3=_external(environment, "FAASTRAIN_S3_", "ACCESS_KEY", "SECRET_KEY"),
        tls=_tls(environment),
        worker=environment.get("FAASTRAIN_WORKER")
        or "faastraingym.adapters.processes.queue_worker",
        advertised={
            variable: environment[name]
            for name, variable in ADVERTISED.items()
            if environment.get(name)
        },
    )


def _tls(environment: Mapping[str, str]) -> Tls | None:
    names = ("FAASTRAIN_TLS_CERT", "FAASTRAIN_TLS_KEY", "FAASTRAIN_TLS_CA")
    if not any(environment.get(name) for name in names):
        return None
    for name in names:
        if not environment.get(name) or not Path(environment[name]).is_file():
            raise StackError(
                f"{name} is {environment.get(name, '')!r}, which is no file; TLS needs all of "
                f"{', '.join(names)}: PEM files, the certificate for 127.0.0.1."
            )
    return Tls(*(Path(environment[name]).resolve() for name in names))


def _external(environment: Mapping[str, str], prefix: str, *login: str) -> External | None:
    names = [prefix + name for name in ("URL", *login)]
    if not environment.get(names[0]):
        return None
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise StackError(f"{names[0]} is set, so set {' and '.join(missing)} too.")
    return External(*(environment[name] for name in names))


def _port(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name) or "0"
    if not text.isdecimal() or int(text) > 65535:
        raise StackError(f"{name} is {text!r}; write a port's number, or 0 for a free one.")
    return int(text)
