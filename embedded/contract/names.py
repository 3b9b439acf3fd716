"""Names as they come in paths and bodies: `name[.namespace]`."""

import re

from faastraingym.embedded.contract.messages import NAMESPACE
from faastraingym.embedded.errors import ProviderError

# The annotation that names the folder of a function's code, where its image's name does not.
HANDLER = "com.faastraingym.handler"
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SECRET = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def function_name(text: str, namespace: str = "") -> str:
    """The function in `name[.namespace]`; raises ProviderError: 404, there is no such namespace."""
    name, _, suffix = text.partition(".")
    check_namespaces(suffix, namespace)
    return name


def check_namespaces(*namespaces: str) -> None:
    """Each is ours, or left out; raises ProviderError: 404, naming the one that does not exist."""
    for found in namespaces:
        if found not in ("", NAMESPACE):
            text = f"There is no namespace {found!r}; the only one here is {NAMESPACE}."
            raise ProviderError(404, text)


def qualified(name: str) -> str:
    """`name.namespace`, as metrics have it."""
    return f"{name}.{NAMESPACE}"


def check_function_name(name: str) -> str:
    """A DNS label; raises ProviderError: 400."""
    return _check(_DNS_LABEL, name, "A function's")


def check_secret_name(name: str) -> str:
    """A DNS subdomain, which is also a safe file name; raises ProviderError: 400."""
    return _check(_SECRET, name, "A secret's")


def _check(pattern: re.Pattern[str], name: str, whose: str) -> str:
    if not pattern.fullmatch(name) or ".." in name:
        text = f"{whose} name has small letters, digits and '-', not at its ends; found {name!r}."
        raise ProviderError(400, text)
    return name
