"""The object store's interface on each real S3 server that is here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Mapping

import pytest

from consumer.storage.errors import (
    BucketMissingError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectTooLargeError,
    StoreUnavailableError,
)
from consumer.storage.objects import ObjectStore
from devstack import Stack
from schemas.connections import ObjectStoreConnection
from schemas.objects import object_key, sha256_hex
from testkit.kafka_tools import eventually


@pytest.fixture
async def store(object_store_connection: ObjectStoreConnection) -> AsyncIterator[ObjectStore]:
    async with ObjectStore(object_store_connection, threads=4, connect_timeout_seconds=1) as opened:
        await opened.ensure_bucket()
        yield opened


async def test_what_is_put_comes_back_byte_for_byte(store: ObjectStore) -> None:
    """From nothing to more than one chunk of the reader."""
    for data in (b"", b"x", bytes(range(256)) * 20_000):
        key = object_key(sha256_hex(data), "bin")
        assert await store.put_if_absent(key, data, "image/png")
        assert await store.get(store.bucket, key, max_bytes=len(data)) == data
        assert (await store.stat(store.bucket, key)).size_bytes == len(data)
        assert (await store.stat(store.bucket, key)).content_type == "image/png"


async def test_an_upload_repeated_uploads_nothing(store: ObjectStore) -> None:
    assert await store.put_if_absent("key", b"data", "image/png")
    assert not await store.put_if_absent("key", b"data", "image/png")


async def test_an_object_of_another_size_under_its_key_is_replaced(store: ObjectStore) -> None:
    """What a broken writer left half does not stay for ever."""
    await store.put_if_absent("key", b"da", "image/png")
    assert await store.put_if_absent("key", b"data", "image/png")
    assert await store.get(store.bucket, "key", max_bytes=10) == b"data"


async def test_one_byte_over_the_limit_is_too_large_and_the_limit_is_not(store: ObjectStore) -> None:
    await store.put_if_absent("key", bytes(1000), "image/png")
    assert len(await store.get(store.bucket, "key", max_bytes=1000)) == 1000
    with pytest.raises(ObjectTooLargeError, match="1000 bytes"):
        await store.get(store.bucket, "key", max_bytes=999)
    assert len(await store.get(store.bucket, "key", max_bytes=1000)) == 1000


async def test_keys_with_spaces_and_other_scripts_are_found_again(store: ObjectStore) -> None:
    for key in ("a b/c+d%20.png", "テクスチャ/剣.png", "x" * 200):
        await store.put_if_absent(key, b"data", "image/png")
        assert await store.get(store.bucket, key, max_bytes=10) == b"data"


async def test_a_missing_object_a_missing_bucket_and_no_bucket_name_are_told_apart(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissingError):
        await store.get(store.bucket, "nothing/here", max_bytes=10)
    with pytest.raises(ObjectMissingError):
        await store.stat(store.bucket, "nothing/here")
    with pytest.raises(BucketMissingError):
        await store.get(f"no-{uuid.uuid4().hex[:8]}", "key", max_bytes=10)
    with pytest.raises(ObjectForbiddenError):
        await store.get("NOT A BUCKET", "key", max_bytes=10)


async def test_the_bucket_is_made_once_and_its_absence_is_told(object_store_connection: ObjectStoreConnection) -> None:
    async with ObjectStore(object_store_connection) as store:
        with pytest.raises(BucketMissingError, match="AEGIS_S3_BUCKET"):
            await store.ping()
        assert await store.ensure_bucket()
        assert not await store.ensure_bucket()
        await store.ping()


def test_the_command_makes_the_bucket_once(s3_environment: Mapping[str, str]) -> None:
    """As docker-compose.yml runs it at every start."""
    variables = {**os.environ, **s3_environment, "AEGIS_S3_BUCKET": f"t{uuid.uuid4().hex[:12]}"}
    command = [sys.executable, "-m", "aegis", "bucket", "apply"]
    said = [subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout for _ in range(2)]

    name = variables["AEGIS_S3_BUCKET"]
    assert said == [f"bucket {name}: created\n", f"bucket {name}: present\n"]


async def test_wrong_credentials_are_no_objects_fault(object_store_connection: ObjectStoreConnection) -> None:
    """They are wrong for every record, so they stall the process and blame no record."""
    wrong = ObjectStoreConnection(
        endpoint=object_store_connection.endpoint,
        access_key="nobody",
        secret_key="wrong",
        bucket=object_store_connection.bucket,
    )
    async with ObjectStore(wrong) as store:
        with pytest.raises(StoreUnavailableError, match="AEGIS_S3_"):
            await store.get(store.bucket, "key", max_bytes=10)


async def test_a_store_that_is_not_there_is_unavailable() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        connection = ObjectStoreConnection(endpoint=endpoint, access_key="somebody", secret_key="secret")
        async with ObjectStore(connection, connect_timeout_seconds=0.5) as store:
            with pytest.raises(StoreUnavailableError, match="does not answer"):
                await store.get("bucket", "key", max_bytes=10)
            with pytest.raises(StoreUnavailableError):
                await store.ping()


async def test_a_store_that_was_killed_is_used_again_once_it_is_back(stack: Stack) -> None:
    """The same client goes on; nothing is opened anew by hand."""
    variables = stack.variables()
    connection = ObjectStoreConnection(
        endpoint=variables["AEGIS_S3_ENDPOINT"],
        access_key=variables["AEGIS_S3_ACCESS_KEY"],
        secret_key=variables["AEGIS_S3_SECRET_KEY"],
        bucket=f"t{uuid.uuid4().hex[:12]}",
    )
    async with ObjectStore(connection, connect_timeout_seconds=1, read_timeout_seconds=5) as store:
        await store.ensure_bucket()
        await store.put_if_absent("key", b"data", "image/png")
        stack.stop("s3", kill=True)
        try:
            with pytest.raises(StoreUnavailableError):
                await store.get(store.bucket, "key", max_bytes=10)
        finally:
            stack.start("s3")

        async def back() -> bool:
            try:
                return await store.get(store.bucket, "key", max_bytes=10) == b"data"
            except StoreUnavailableError:
                return False

        await eventually(back, "the object is readable again")
