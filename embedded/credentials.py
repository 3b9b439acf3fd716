"""What a stack's parts show each other: made once per home, in a file that only its owner reads."""

import secrets
from pathlib import Path

import msgspec

from embedded.errors import StackError
from embedded.files import write_private

GATEWAY_USER = "admin"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Passwords and keys of one stack."""

    gateway_password: str
    signing_key: str
    nats_user: str
    nats_password: str
    s3_access_key: str
    s3_secret_key: str

    def __repr__(self) -> str:
        return "Credentials(...)"

    def secrets(self) -> dict[str, str]:
        """The OpenFaaS secrets that functions mount, by name."""
        return {
            "ftg-signing-key": self.signing_key,
            "ftg-nats": f"{self.nats_user}:{self.nats_password}",
            "ftg-s3": f"{self.s3_access_key}:{self.s3_secret_key}",
        }


def generate() -> Credentials:
    """New ones."""
    return Credentials(
        gateway_password=secrets.token_urlsafe(24),
        signing_key=secrets.token_hex(32),
        nats_user="faastrain",
        nats_password=secrets.token_hex(24),
        s3_access_key=secrets.token_hex(10),
        s3_secret_key=secrets.token_hex(20),
    )


def of_home(file: Path) -> Credentials:
    """Those of this home, made when there are none.

    Raises:
        StackError: the file is damaged.
    """
    if not file.exists():
        write_private(file, msgspec.json.encode(generate()))
    try:
        return msgspec.json.decode(file.read_bytes(), type=Credentials)
    except msgspec.MsgspecError as error:
        raise StackError(f"{file} is damaged ({error}); remove it: new ones are made.") from error
