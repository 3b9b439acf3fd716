"""The targets of callbacks: the operator's list of origins, and targets that none may have. Pure.

The gateway decides on the request, and the queue-worker again once it knows the addresses.
"""

import ipaddress
import posixpath
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

ORIGINS = "FTG_CALLBACK_ORIGINS"
_PORTS = {"http": 80, "https": 443}
_OPEN = ("/function/", "/async-function/")  # of the gateway's own API
_UNWRAPPED = 3  # how often a path may be percent-encoded; more is refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# Addresses at which clouds give a machine its credentials; 169.254.169.254 is link-local.
METADATA = tuple(
    map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"))
)
_NOWHERE = (ipaddress.ip_network("0.0.0.0/8"), ipaddress.ip_network("255.255.255.255/32"))
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # NAT64: the last 32 bits are the address


class Origin(NamedTuple):
    """The origin of a URL (RFC 6454)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


class Policy(NamedTuple):
    """The callbacks that one stack allows."""

    origins: frozenset[Origin] | None  # None: only known senders have callbacks, to any origin
    gateways: frozenset[Origin] = frozenset()  # of the gateway's own API


def origins(text: str) -> frozenset[Origin] | None:
    """The origins in a list with commas; None for an empty text; ValueError if one is none."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    return frozenset(map(_listed, found)) if found else None


def refusal(url: str, policy: Policy, authenticated: bool) -> str:
    """Why a callback may not go to `url`, a URL as `origin` takes it; empty if it may.

    `authenticated`: the request had a signature or the token.
    """
    wanted, allowed = origin(url), policy.origins
    if allowed is None and not authenticated:
        return (
            f"callbacks are for signed requests; for others list the origin {wanted} in {ORIGINS}"
        )
    if allowed is not None and wanted not in allowed:
        return f"the origin {wanted} is not in {ORIGINS}"
    literal = address(wanted.host)
    why = refused_address(literal) if literal else ""
    return why or (refused_path(url) if _is_own(wanted, policy.gateways) else "")


def resolved_refusal(
    url: str, found: Iterable[str], policy: Policy, own: Collection[tuple[str, int]]
) -> str:
    """As `refusal`, given the addresses of the URL's host; `own` are the gateway's."""
    wanted = origin(url)
    gateways = policy.gateways | {wanted._replace(host=host, port=port) for host, port in own}
    for text in found:
        where = address(text)
        why = refused_address(where) if where else f"{text!r:.80} is no address"
        names = (wanted, wanted._replace(host=str(where)))
        if not why and any(_is_own(name, gateways) for name in names):
            why = refused_path(url)
        if why:
            return why
    return ""


def refused_address(where: Address) -> str:
    """Why an address gets no callback, even if it is listed; empty if it may."""
    for each in _meant(where):
        if each.is_link_local or each in METADATA:
            return f"{where} is link-local or a cloud's metadata, where no callback goes"
        if each.is_multicast or each.is_unspecified or any(each in net for net in _NOWHERE):
            return f"{where} is no single machine's address"
    return ""


def refused_path(url: str) -> str:
    """Why a path of the gateway, in any spelling, gets no callback; empty if it may."""
    path = _path(urlsplit(url).path)
    if path is not None and path.startswith(_OPEN):
        return ""
    return f"of the gateway's own API a callback reaches {' and '.join(_OPEN)} alone"


def origin(url: str) -> Origin:
    """The origin of an absolute http or https URL without credentials; ValueError of another."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").rstrip("."), parts.port
    plain = url.isascii() and url.isprintable() and " " not in url
    if not plain or parts.scheme not in _PORTS or not host or port == 0 or "\\" in url:
        raise ValueError(f"{url!r:.200} is not an absolute http or https URL")
    if "@" in parts.netloc:
        shown = re.sub(r"//[^/@]*@", "//", url)
        raise ValueError(f"{shown!r:.200}: a URL with a user or a password is refused")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme])


def address(host: str) -> Address | None:
    """The address that a host is, if it is one; a scope (`%eth0`) is dropped."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _listed(text: str) -> Origin:
    found, parts = origin(text), urlsplit(text)
    if parts.path not in ("", "/") or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError(f"{text!r:.200} is more than an origin; write {found}")
    return found


def _is_own(wanted: Origin, gateways: Collection[Origin]) -> bool:
    """Whether an origin is the gateway's, by its name or any name of this machine."""
    return any(
        wanted.port == own.port
        and (wanted.host == own.host or (_is_loopback(wanted.host) and _is_loopback(own.host)))
        for own in gateways
    )


def _is_loopback(host: str) -> bool:
    where = address(host)
    if where is None:
        return host == "localhost" or host.endswith(".localhost")
    return any(each.is_loopback for each in _meant(where))


def _meant(where: Address) -> list[Address]:
    if isinstance(where, ipaddress.IPv4Address):
        return [where]
    inner = [where.ipv4_mapped, where.sixtofour, *(where.teredo or ())]
    if where in _TRANSLATED:
        inner.append(ipaddress.IPv4Address(int(where) & 0xFFFFFFFF))
    return [where, *(each for each in inner if each is not None)]


def _path(raw: str) -> str | None:
    """The path as a server may read it: decoded, without dots and doubled slashes."""
    for _ in range(_UNWRAPPED):
        decoded = unquote(raw, errors="replace")
        if decoded == raw:
            return posixpath.normpath("/" + re.sub(r"[/\\]+", "/", raw).lstrip("/"))
        raw = decoded
    return None
