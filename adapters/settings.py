"""The settings of a process: `FTG_*` environment variables and OpenFaaS secrets (files).

Every function here raises SettingsError for a variable or a secret that is missing or ill-formed.
"""

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from faastraingym.adapters.errors import Refused, SettingsError
from faastraingym.adapters.http import callers
from faastraingym.adapters.http.callers import CALLER_TOKENS, Callers
from faastraingym.adapters.http.client import locate
from faastraingym.adapters.http.mlflow import Tracking, tracking
from faastraingym.adapters.http.webhooks import Webhooks, key_of
from faastraingym.adapters.nats.jetstream import API
from faastraingym.algorithms.limits import Limits
from faastraingym.events.delivery.callbacks import ORIGINS, Origin, origins
from faastraingym.events.topology.quantities import MEMORY_LIMIT, quantity
from faastraingym.events.topology.roles import EXPORTER, QUEUE_WORKER, nats_secret, s3_secret

SECRETS = "/var/openfaas/secrets"  # where OpenFaaS mounts them
SIGNING_KEY = "ftg-signing-key"
ENVIRONMENTS = "FTG_ENVIRONMENTS"  # modules that register environments, by commas
WEBHOOKS = "FTG_WEBHOOKS"  # URLs that hear of promoted models, by commas
MLFLOW = "FTG_MLFLOW"  # a tracking server whose registry has our models, too
FUNCTION_LIMITS = ("FTG_ROLLOUT_MEMORY", "FTG_LEARNER_MEMORY")  # quantities, as in stack.yml
TRIGGER_TOKEN = "ftg-trigger-token"  # noqa: S105  the secret's name
CALLER_RATE = "FTG_CALLER_RATE"  # requests a second that each caller may make of a replica
_USER = re.compile(r"//[^/]*@")  # of a URL: who asks, and a password


class _Secretive(Struct, frozen=True):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class Login(_Secretive, frozen=True):
    """A name and its password; never shown."""

    user: str
    password: str


class _OfBroker(_Secretive, frozen=True, kw_only=True):
    nats_url: str
    nats_api: str = API  # the prefix of JetStream's API in our account
    nats: Login


class Settings(_OfBroker, frozen=True, kw_only=True):
    """The addresses of the servers, and this replica's own identity."""

    s3_url: str
    bucket: str
    function: str
    replica: str
    memory_mb: int  # the function's memory limit, MiB; 0: not set
    s3: Login
    signing_key: bytes
    environments: tuple[str, ...] = ()  # modules that register environments

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """The settings of a function's replica; call it at start, not at import."""
        secrets, function = _folder(environment), _required(environment, "FTG_FUNCTION")
        return cls(
            **_of_broker(environment, function),
            s3_url=_store_url(environment),
            bucket=bucket(environment),
            function=function,
            replica=environment.get("FTG_REPLICA") or socket.gethostname(),
            memory_mb=memory_mb(environment),
            s3=login(secrets / s3_secret(function), "access key:secret key"),
            signing_key=secret(secrets, SIGNING_KEY),
            environments=environment_modules(environment),
        )


class WorkerSettings(_OfBroker, frozen=True, kw_only=True):
    """The settings of the queue-worker; it has no login of the store."""

    gateway_url: str
    signing_key: bytes
    callback_origins: frozenset[Origin] | None = None  # None: any, for authenticated callers

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "WorkerSettings":
        """The settings of this process."""
        return cls(
            **_of_broker(environment, QUEUE_WORKER),
            gateway_url=gateway_url(environment),
            signing_key=secret(_folder(environment), SIGNING_KEY),
            callback_origins=callback_origins(environment),
        )


class ExporterSettings(_OfBroker, frozen=True, kw_only=True):
    """The settings of the exporter: where to listen, and a login that only reads."""

    host: str
    port: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "ExporterSettings":
        """The settings of this process."""
        return cls(
            **_of_broker(environment, EXPORTER),
            host=environment.get("FTG_EXPORTER_HOST") or "127.0.0.1",
            port=port(environment, "FTG_EXPORTER_PORT", "9101"),
        )


def webhook_settings(environment: Mapping[str, str] = os.environ) -> Webhooks:
    """Where FTG_WEBHOOKS says that promotions are told, separated by commas, and the key."""
    urls = tuple(url.strip() for url in environment.get(WEBHOOKS, "").split(",") if url.strip())
    for url in urls:
        try:
            locate(url)
        except Refused as error:
            raise SettingsError(
                f"{WEBHOOKS}: {error}; write URLs as https://ci.example.com/hook, separated by "
                "commas"
            ) from error
    return Webhooks(urls, key_of(secret(_folder(environment), SIGNING_KEY)) if urls else b"")


def mlflow_settings(environment: Mapping[str, str] = os.environ) -> Tracking | None:
    """The server that FTG_MLFLOW names, which is told of models; None: none is."""
    uri = environment.get(MLFLOW, "").strip()
    try:
        return tracking(uri) if uri else None
    except Refused as error:
        raise SettingsError(
            f"{MLFLOW}: {_USER.sub('//...@', str(error))}; write the URI of a tracking server, as "
            "http://127.0.0.1:5000, with a token as https://TOKEN@mlflow.example.com"
        ) from error


def gateway_url(environment: Mapping[str, str] = os.environ) -> str:
    """Where functions are called, without a slash at its end."""
    return _url(environment, "FTG_GATEWAY_URL", ("http", "https"))


def store(environment: Mapping[str, str], name: str) -> tuple[str, Login]:
    """The store's address, and the login in the secret of this name."""
    return _store_url(environment), login(_folder(environment) / name, "access key:secret key")


def signing_key(environment: Mapping[str, str] = os.environ) -> bytes:
    """The key by which the pipeline's messages are signed."""
    return secret(_folder(environment), SIGNING_KEY)


def trigger_token(environment: Mapping[str, str] = os.environ) -> bytes:
    """The token that outside callers show to start runs."""
    return secret(_folder(environment), TRIGGER_TOKEN)


def caller_tokens(folder: Path) -> Callers:
    """The callers that the secret in this folder lists."""
    try:
        return callers.read(_secret(folder / CALLER_TOKENS))
    except ValueError as error:
        raise SettingsError(f"secret {folder / CALLER_TOKENS}: {error}") from error


def caller_settings(environment: Mapping[str, str] = os.environ) -> tuple[Callers, float]:
    """Who may call a function that answers callers, and how often a second each of them may."""
    value = environment.get(CALLER_RATE) or "1000"
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value) or not float(value):
        raise SettingsError(f"{CALLER_RATE} is {value!r:.40}; write requests a second, as 1000")
    return caller_tokens(_folder(environment)), float(value)


def secret(folder: Path, name: str) -> bytes:
    """The content of a secret's file."""
    return _secret(folder / name).encode()


def login(path: Path, form: str) -> Login:
    """The login in a secret's file."""
    user, colon, password = _secret(path).partition(":")
    if not (user and colon and password):
        raise SettingsError(f"secret {path} is ill-formed; write {form} into it")
    return Login(user, password)


def callback_origins(environment: Mapping[str, str]) -> frozenset[Origin] | None:
    """Where callbacks may go, as FTG_CALLBACK_ORIGINS lists it, separated by commas."""
    try:
        return origins(environment.get(ORIGINS, ""))
    except ValueError as error:
        raise SettingsError(
            f"{ORIGINS}: {error}; write origins as https://ci.example.com, separated by commas"
        ) from error


def environment_modules(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The modules that FTG_ENVIRONMENTS names, separated by commas."""
    found = environment.get(ENVIRONMENTS, "")
    names = tuple(name.strip() for name in found.split(",") if name.strip())
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise SettingsError(
                f"FTG_ENVIRONMENTS holds {name!r}; write modules as my_package.environments, "
                "separated by commas"
            )
    return names


def memory_mb(environment: Mapping[str, str] = os.environ) -> int:
    """The function's own memory limit, MiB, as stack.yml sets it; 0: not set."""
    return _bytes(environment, MEMORY_LIMIT, "; set it to limits.memory in stack.yml") >> 20


def function_limits(environment: Mapping[str, str]) -> Limits:
    """The memory limits of other functions, as start-run reads them; 0 where one is not set."""
    return Limits(*(_bytes(environment, name) for name in FUNCTION_LIMITS))


def _folder(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("FTG_SECRETS") or SECRETS)


def _of_broker(environment: Mapping[str, str], role: str) -> dict[str, Any]:
    return {
        "nats_url": _url(environment, "FTG_NATS_URL", ("nats", "tls")),
        "nats_api": environment.get("FTG_NATS_API") or API,
        "nats": login(_folder(environment) / nats_secret(role), "user:password"),
    }


def _store_url(environment: Mapping[str, str]) -> str:
    return _url(environment, "FTG_S3_URL", ("http", "https"))


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set; set it in the function's environment (stack.yml)")
    return value


def _url(environment: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    value = _required(environment, name)
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{name} is {value!r}; write it as {schemes[0]}://host:port")
    return value.rstrip("/")


def _bytes(environment: Mapping[str, str], name: str, remedy: str = "") -> int:
    try:
        return quantity(environment.get(name) or "0")
    except ValueError as error:
        raise SettingsError(f"{name}: {error}{remedy}") from error


def bucket(environment: Mapping[str, str], name: str = "FTG_BUCKET") -> str:
    """The bucket that a variable names; raises SettingsError: S3 lets no bucket be called so."""
    value = environment.get(name) or "faastraingym"
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value):
        raise SettingsError(f"{name} is {value!r}; write 3 to 63 of a-z, 0-9, - and .")
    return value


def port(environment: Mapping[str, str], name: str, default: str) -> int:
    """The port that a variable names; raises SettingsError: it is none."""
    value = environment.get(name) or default
    if not (value.isascii() and value.isdigit() and 0 < int(value) < 65536):
        raise SettingsError(f"{name} is {value!r}; write a port's number")
    return int(value)


def _secret(path: Path) -> str:
    try:
        value = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise SettingsError(
            f"secret {path} cannot be read ({reason}); create the secret {path.name}, "
            "list it in stack.yml, or point FTG_SECRETS at its directory"
        ) from error
    if not value:
        raise SettingsError(f"secret {path} is empty; write its value into it")
    return value
