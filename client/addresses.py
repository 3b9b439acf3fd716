"""The servers' URLs that `Client` is given, as the variables that say the same."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from faastraingym.client.errors import BadInput
from faastraingym.client.target import SERVERS, TOKEN

HTTP = ("https", "http")
SCHEMES = {"url": HTTP, "nats": ("tls", "nats"), "s3": HTTP}
WRITTEN = {  # as what a person writes it
    "url": "https://admin:PASSWORD@gateway.example.com",
    "nats": "tls://USER:PASSWORD@nats.example.com:4222",
    "s3": "https://ACCESS_KEY:SECRET_KEY@s3.example.com",
}


def variables(argument: str, url: str) -> Mapping[str, str]:
    """What a server's URL says.

    Raises:
        BadInput: it is no URL of such a server.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in SCHEMES[argument] and parts.hostname and parts.port != 0
    except ValueError:  # of brackets, or of a port
        usable = False
    if not usable:
        raise BadInput(f"Client: {argument} is no URL of it; write it as {WRITTEN[argument]}")
    host = parts.netloc.rpartition("@")[2]
    found = (parts._replace(netloc=host).geturl(), parts.username, parts.password)
    names = SERVERS[argument]
    return {
        name: unquote(value) for name, value in zip(names, found, strict=True) if name and value
    }


def check_complete(variables: Mapping[str, str]) -> None:
    """Return when each server of a remote stack has its URL, user and password.

    Raises:
        BadInput: one has not, neither in its URL nor in a variable.
    """
    for argument, names in SERVERS.items():
        has_token = argument == "url" and variables.get(TOKEN)
        needed = names[:1] if has_token else names
        missing = [name for name in needed if name and not variables.get(name)]
        if missing:
            lacks = "is missing" if names[0] in missing else "has no user or no password"
            raise BadInput(
                f"Client: {argument} {lacks}; write it as {WRITTEN[argument]}, or set "
                f"{' and '.join(missing)}"
            )
