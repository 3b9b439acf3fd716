"""The credentials of a stack's parts: made once per home, in a file that only its owner reads."""

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from faastraingym.adapters.http.callers import CALLER_TOKENS
from faastraingym.adapters.settings import SIGNING_KEY, TRIGGER_TOKEN, Login
from faastraingym.embedded.errors import StackError
from faastraingym.embedded.files import write_private
from faastraingym.embedded.settings import External
from faastraingym.events.topology import roles
from faastraingym.events.topology.roles import nats_secret, s3_secret

GATEWAY_USER = "admin"
LOCAL = "local"  # the caller that every home has


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Passwords and keys of one stack; logins by role."""

    gateway_password: str
    signing_key: str
    trigger_token: str = ""
    caller_token: str = ""  # of the caller LOCAL
    nats: dict[str, Login] = {}
    s3: dict[str, Login] = {}

    def __repr__(self) -> str:
        return "Credentials(...)"

    def secrets(self) -> dict[str, str]:
        """The OpenFaaS secrets, by name; a function mounts those of its own role."""
        logins = {nats_secret(role): login for role, login in self.nats.items()}
        logins |= {s3_secret(role): login for role, login in self.s3.items()}
        texts = {name: f"{login.user}:{login.password}" for name, login in logins.items()}
        return {
            SIGNING_KEY: self.signing_key,
            TRIGGER_TOKEN: self.trigger_token,
            CALLER_TOKENS: f"{LOCAL} {self.caller_token}",
            **texts,
        }


class Servers(NamedTuple):
    """The addresses of a stack's servers, and the owner's login to each."""

    nats_url: str
    nats_api: str  # the prefix of JetStream's API
    nats: Login
    s3_url: str
    bucket: str
    s3: Login
    gateway_url: str
    gateway_password: str


def generate(names: Iterable[str] = roles.ROLES) -> Credentials:
    """New credentials, with a login for every role."""
    password, key = secrets.token_urlsafe(24), secrets.token_hex(32)
    return _complete(Credentials(gateway_password=password, signing_key=key), names)


def _complete(made: Credentials, names: Iterable[str]) -> Credentials:
    """With the tokens, and a login for every role, where there is none yet."""
    nats = {name: Login(name, secrets.token_hex(24)) for name in names}
    s3 = {name: Login(name, secrets.token_hex(20)) for name in names if roles.of(name).stores}
    token = made.trigger_token or secrets.token_hex(32)
    caller = made.caller_token or secrets.token_hex(32)
    return msgspec.structs.replace(
        made, trigger_token=token, caller_token=caller, nats=nats | made.nats, s3=s3 | made.s3
    )


def of_home(file: Path, names: Iterable[str] = roles.ROLES) -> Credentials:
    """The home's credentials, made when there are none; raises StackError: the file is damaged."""
    names = list(names)
    try:
        if file.exists():
            found = msgspec.json.decode(file.read_bytes(), type=Credentials)
            found = _complete(found, names)
        else:
            found = generate(names)
    except msgspec.MsgspecError as error:
        raise StackError(f"{file} is damaged ({error}); remove it: new ones are made.") from error
    write_private(file, msgspec.json.encode(found))
    return found


def with_external(made: Credentials, nats: External | None, s3: External | None) -> Credentials:
    """On a server that another party runs, every role has the one login that we were given."""
    if nats is not None:
        login = Login(nats.user, nats.password)
        made = msgspec.structs.replace(made, nats=dict.fromkeys(made.nats, login))
    if s3 is not None:
        login = Login(s3.user, s3.password)
        made = msgspec.structs.replace(made, s3=dict.fromkeys(made.s3, login))
    return made
