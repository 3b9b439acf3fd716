"""Roles as nats-server's configuration: an account for each, which imports what the role may.

Permissions of users in one account would not do: who may request anything of JetStream names the
reply subject, and the server does not check the right to publish there. A reply of chosen content
could become a fact. Between accounts a reply only arrives in the account that made the request.

`python -m faastraingym.adapters.nats.accounts` prints the accounts for a server's nats.conf, with
passwords by environment variables.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from faastraingym.adapters.nats.conf import written
from faastraingym.events.pipeline import subjects
from faastraingym.events.topology import roles
from faastraingym.events.topology.roles import ROLES, SUPERVISOR, Role
from faastraingym.events.topology.streams import FACTS, STREAMS

OWNER = "FTG"  # the account that has the streams
PREFIX = "FTG.API"  # of JetStream's API in a role's account, where `$JS.API` is its own, empty one
JETSTREAM = "$JS.API"
# Longer than a pull request waits: that long the server remembers where answers go.
REMEMBERED = "15s"


def configuration(passwords: Mapping[str, str]) -> str:
    """The block `accounts` of nats.conf, for the roles that have a password."""
    named = {role: account(role, passwords[role], passwords) for role in sorted(passwords)}
    accounts = {OWNER: owner(named.pop(SUPERVISOR)["users"]), **named}
    lines = (f"  {written(name)}: {written(value)}" for name, value in accounts.items())
    return "accounts {\n" + "\n".join(lines) + "\n}\n"


def by_variables(names: Iterable[str] = ROLES) -> str:
    """The same, with the passwords of variables FTG_NATS_PASSWORD_<ROLE>."""
    text = configuration({name: f"${variable('FTG_NATS_PASSWORD', name)}" for name in names})
    return re.sub(r'"(\$FTG_NATS_PASSWORD_\w+)"', r"\1", text)


def variable(prefix: str, role: str) -> str:
    """The environment variable of a role."""
    return f"{prefix}_{role.upper().replace('-', '_')}"


def owner(users: list[dict[str, Any]]) -> dict[str, Any]:
    """The account of streams; it exports everything that any role may import."""
    plain = ["$JS.ACK.>", "$JS.API.STREAM.>", "$JS.API.CONSUMER.CREATE.*.*"]
    plain += ["$JS.API.CONSUMER.LIST.*"]
    plain += [subject for s in STREAMS for subject in s.subjects]
    many = ["$JS.API.DIRECT.GET.*", "$JS.API.CONSUMER.MSG.NEXT.*.*"]
    answered = {"response_type": "stream", "response_threshold": REMEMBERED}
    exports = [{"service": s} for s in plain] + [{"service": s, **answered} for s in many]
    mappings = {f"{PREFIX}.>": f"{JETSTREAM}.>"}  # so that the owner uses the same prefix
    return {"jetstream": "enabled", "users": users, "exports": exports, "mappings": mappings}


def account(role: str, password: str, everybody: Iterable[str]) -> dict[str, Any]:
    """A role's own account."""
    user: dict[str, Any] = {"user": role, "password": password}
    rights = roles.of(role)
    if not set(roles.DELIVER) <= set(rights.asks) and role != SUPERVISOR:
        user["permissions"] = {"publish": {"deny": functions_consumers(everybody)}}
    return {"users": [user], "imports": list(imports(rights))}


def imports(rights: Role) -> Iterable[dict[str, Any]]:
    """The subjects that a role's account imports from the streams' owner."""
    for topic in rights.says:
        yield _import(f"{subjects.ROOT}.>" if topic == roles.ANY else subjects.of_topic(topic))
    for subject in rights.sends:
        yield _import(subject)
    for verb in rights.asks:
        yield _import(f"{JETSTREAM}.{verb}") | {"to": f"{PREFIX}.{verb}"}


def functions_consumers(names: Iterable[str]) -> list[str]:
    """Subjects that would take deliveries away from functions, or change their subscriptions."""
    taken = sorted(set(names) - set(roles.PROCESSES))
    verbs = (f"{PREFIX}.CONSUMER.{verb}.{FACTS.name}.fact-" for verb in ("CREATE", "MSG.NEXT"))
    return [f"{verb}{name}" for verb in verbs for name in taken]


def _import(subject: str) -> dict[str, Any]:
    return {"service": {"account": OWNER, "subject": subject}}


if __name__ == "__main__":
    print(by_variables(), end="")
