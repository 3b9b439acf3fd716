"""MinIO itself keeps what the pipeline stores, and holds every role to its policy.

The suites are those that SeaweedFS passes; only the server is another.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from minio import Minio

from faastraingym.adapters.errors import ObjectAltered, ObjectMissing
from faastraingym.adapters.s3.bucket import Bucket
from faastraingym.adapters.s3.object_store import S3ObjectStore
from faastraingym.deploy.minio import users
from faastraingym.embedded import credentials
from faastraingym.events.topology.roles import ROLES, SUPERVISOR
from tests.adapters.s3.test_object_store_contract import (
    Underneath,
    store,
    test_a_deleted_object_is_missing,
    test_a_list_of_several_pages_is_whole,
    test_a_replaced_object_is_what_was_written_last,
    test_a_store_that_dies_is_away_and_alters_nothing,
    test_an_absent_object_is_not_found,
    test_an_altered_object_is_refused,
    test_bytes_that_the_disk_altered_are_refused,
    test_find_knows_objects_that_somebody_else_wrote,
    test_keys_and_folders_are_listed_and_objects_removed,
    test_of_many_writers_one_wins,
    test_the_first_writer_wins,
    test_what_is_written_is_what_lies_there,
    test_what_somebody_put_there_is_read_up_to_a_limit,
    test_what_was_put_is_got,
)
from tests.conformance.minio import MinioServer, minio_server
from tests.embedded.servers.conftest import BUCKET, Servers
from tests.embedded.servers.test_store_roles import (
    owner,
    test_a_role_writes_and_deletes_its_own_objects_alone,
    test_listing,
    test_nobody_but_the_owner_makes_or_removes_a_bucket,
    test_who_reads,
)
from tests.events.models.test_registry import (
    registry,
    test_a_number_has_one_writer,
    test_an_object_is_what_its_digest_says,
    test_versions_are_found_by_number_by_alias_and_as_the_newest,
    test_what_the_log_lacks_is_told_by_the_store,
)
from tests.servers import LOGIN, running

__all__ = [
    "minio_server",
    "owner",
    "registry",
    "store",
    "test_a_deleted_object_is_missing",
    "test_a_list_of_several_pages_is_whole",
    "test_a_number_has_one_writer",
    "test_a_replaced_object_is_what_was_written_last",
    "test_a_role_writes_and_deletes_its_own_objects_alone",
    "test_a_store_that_dies_is_away_and_alters_nothing",
    "test_an_absent_object_is_not_found",
    "test_an_altered_object_is_refused",
    "test_an_object_is_what_its_digest_says",
    "test_bytes_that_the_disk_altered_are_refused",
    "test_find_knows_objects_that_somebody_else_wrote",
    "test_keys_and_folders_are_listed_and_objects_removed",
    "test_listing",
    "test_nobody_but_the_owner_makes_or_removes_a_bucket",
    "test_of_many_writers_one_wins",
    "test_the_first_writer_wins",
    "test_versions_are_found_by_number_by_alias_and_as_the_newest",
    "test_what_is_written_is_what_lies_there",
    "test_what_somebody_put_there_is_read_up_to_a_limit",
    "test_what_the_log_lacks_is_told_by_the_store",
    "test_what_was_put_is_got",
    "test_who_reads",
]


@pytest.fixture
async def underneath(minio_server: MinioServer) -> AsyncIterator[Underneath]:
    await Bucket(minio_server.url, "test", LOGIN).ensure()
    store = S3ObjectStore(minio_server.url, "test", LOGIN)
    host = minio_server.url.removeprefix("http://")
    yield Underneath(store, Minio(host, LOGIN.user, LOGIN.password, secure=False))
    await store.close()


@pytest.fixture
def mortal_store() -> Iterator[MinioServer]:
    """One of one's own, whose disk may be meddled with."""
    yield from running(MinioServer)


@pytest.fixture(scope="module")
def servers(minio_server: MinioServer) -> Servers:
    """MinIO with a user for every role, made as compose's `provision` makes them."""
    logins = credentials.generate([*ROLES, "ping"])  # a function of somebody's own
    logins.s3[SUPERVISOR] = LOGIN
    asyncio.run(Bucket(minio_server.url, BUCKET, LOGIN).ensure())
    users(minio_server.url, LOGIN, BUCKET, logins.s3)
    return Servers("", minio_server.url, {}, Path(), logins)


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda disk: next(disk.glob("*/part.1")).unlink(), ObjectAltered),
        (lambda disk: os.truncate(next(disk.glob("*/part.1")), 1000), ObjectAltered),
        (lambda disk: os.truncate(disk / "xl.meta", 0), ObjectMissing),
        (lambda disk: (disk / "xl.meta").unlink(), ObjectMissing),
    ],
    ids=["gone", "short", "unknown", "forgotten"],
)
async def test_what_its_disk_lost_is_lost_and_can_be_made_again(
    mortal_store: MinioServer, damage: Callable[[Path], None], error: type[Exception]
) -> None:
    await Bucket(mortal_store.url, "test", LOGIN).ensure()
    store, data = S3ObjectStore(mortal_store.url, "test", LOGIN), bytes(200_000)
    ref = await store.put("k", data)
    damage(mortal_store.directory / "data" / "test" / "k")
    with pytest.raises(error):
        await store.get(ref)
    assert await store.replace("k", data) == ref
    assert await store.get(ref) == data
    await store.close()
