"""Which packages an environment's id stands for: pure decisions over what the store records."""

import re
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from faastraingym.algorithms.environments import on_jax
from faastraingym.schemas.errors import SpecificationError
from faastraingym.schemas.package_record import PackageRecord
from faastraingym.schemas.specification import EnvironmentSpec, RunSpec

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # that a requirement begins with


def newest(records: Iterable[PackageRecord]) -> list[PackageRecord]:
    """The records, those that were added last first."""
    return sorted(records, key=lambda record: (record.added_at, record.sha256), reverse=True)


def module_of(env_id: str) -> str:
    """The top module that an environment's id names; empty when it names none.

    One of a library on JAX is not a package's.
    """
    place, colon, _ = env_id.partition(":")
    return place.partition(".")[0] if colon and not on_jax.is_named(env_id) else ""


def is_packaged(environment: EnvironmentSpec) -> bool:
    """Whether an environment is a package's: it names packages, or its id names a module."""
    return bool(environment.package_digests or module_of(environment.id))


def pinned(spec: RunSpec, records: Sequence[PackageRecord]) -> RunSpec:
    """The specification with the packages that its environment's id stands for, or that it names.

    Raises:
        SpecificationError: no package has the module, or nobody added one that is named.
    """
    named = spec.environment
    if named.package_digests:
        check_added(named.package_digests, records)
    if named.package_digests or not module_of(named.id):
        return spec
    changed = replace(named, packages=choose(named.id, records))
    return replace(spec, environment=changed)


def check_added(digests: Sequence[str], records: Iterable[PackageRecord]) -> None:
    """Return when each of these packages was added.

    Raises:
        SpecificationError: one was not.
    """
    missing = set(digests) - {record.sha256 for record in records}
    if missing:
        raise SpecificationError(
            [
                f"spec.environment.packages: nobody added a package with the SHA-256 {min(missing)}"
                "; the operator adds it with `faastrain env add`, or leave the key out for the "
                "newest one"
            ]
        )


def choose(env_id: str, records: Sequence[PackageRecord]) -> list[str]:
    """The digests of the newest package with the id's module, and of those that it imports.

    Raises:
        SpecificationError: there is no such package.
    """
    module, ordered = module_of(env_id), newest(records)
    own = next((record for record in ordered if module in record.modules), None)
    if own is None:
        names = ", ".join(sorted({name for record in records for name in record.modules}))
        raise SpecificationError(
            [
                f"spec.environment.id: found {env_id!r}, but no package that was added has the "
                f"module {module} (added: {names or 'none'}); the operator adds it with `faastrain "
                "env add PATH`"
            ]
        )
    return with_imports(own, ordered)


def with_imports(own: PackageRecord, ordered: Sequence[PackageRecord]) -> list[str]:
    """A package's digest, then those of the added packages that it needs, directly or not."""
    chosen = [own]
    for record in chosen:  # it grows meanwhile
        for other in ordered:
            has = {name for one in chosen for name in one.modules}
            if not has & set(other.modules) and _needs(record, other):
                chosen.append(other)
    return [record.sha256 for record in chosen]


def _needs(record: PackageRecord, other: PackageRecord) -> bool:
    required = {_normal(found.group()) for one in record.requires if (found := NAME.match(one))}
    return bool(set(record.imports) & set(other.modules)) or _normal(other.name) in required


def _normal(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
