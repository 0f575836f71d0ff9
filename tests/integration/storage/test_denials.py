"""Whose fault it is that an object cannot be read: its own only where the store serves others."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator

import pytest

from consumer.services.faults import tagger_faults
from consumer.storage.errors import ObjectDeniedError, StoreDeniesError, StoreError
from consumer.storage.object_reader import ObjectContent
from consumer.storage.objects import ObjectStore
from consumer.stream.failures.faults import FaultKind
from schemas.connections import ObjectStoreConnection
from tests.integration.storage.faulty_store import Answer, FaultyStore, faulty_store

DENIED = Answer.refusal("AccessDenied", 403)
UNLIKE_S3 = {
    "a web page that forbids": Answer(403, "text/html", b"<html>Forbidden by proxy</html>"),
    "nothing, forbidden": Answer(403, "text/plain", b""),
    "nothing, missing": Answer(404, "text/plain", b""),
    "a web page to log in": Answer(200, "text/html; charset=utf-8", b"<html>Please log in</html>"),
    "nothing, as if it were all": Answer(200, "image/png", b""),
    "a code that nobody knows": Answer.refusal("BadRequest", 400),
    "a disabled key": Answer.refusal("KMS.DisabledException", 400),
    "XML without a code": Answer(404, "application/xml", b"<NoError/>"),
    "a quota": Answer.refusal("QuotaExceeded", 403),
}
UNREADABLE = {
    "a page in Latin-1": Answer(503, "text/html; charset=iso-8859-1", "<html>Später nochmals</html>".encode("latin-1")),
    "XML that breaks off": Answer(404, "application/xml", b"<Error><Code>NoSuchKey</Co"),
}


@pytest.fixture
def proxy(object_store_connection: ObjectStoreConnection) -> Iterator[FaultyStore]:
    with faulty_store(object_store_connection.endpoint) as made:
        yield made


@pytest.fixture
async def store(object_store_connection: ObjectStoreConnection, proxy: FaultyStore) -> AsyncIterator[ObjectStore]:
    connection = object_store_connection.model_copy(update={"endpoint": proxy.url})
    async with ObjectStore(connection, threads=2) as opened:
        await opened.ensure_bucket()
        for key in ("one", "other"):
            await opened.put_if_absent(key, b"data", "image/png")
        yield opened


async def _kind(store: ObjectStore, key: str) -> FaultKind:
    with pytest.raises(StoreError) as raised:
        await store.get(store.bucket, key, max_bytes=10)
    return tagger_faults(10).row_for(raised.value).kind


async def test_the_beginning_of_an_object_is_not_taken_for_it(store: ObjectStore, proxy: FaultyStore) -> None:
    """Whatever length is stated with it: else a good object is a damaged image."""
    await store.put_if_absent("long", b"0123456789", "image/png")
    proxy.cuts_bytes = 4

    assert await _kind(store, "long") is FaultKind.UNKNOWN
    proxy.cuts_bytes = 0
    assert await store.get(store.bucket, "long", max_bytes=10) == b"0123456789"


async def test_what_is_stated_of_an_object_says_no_less_than_the_store(store: ObjectStore, proxy: FaultyStore) -> None:
    """A digest that fits needs no other; where it does not, the object itself is not to blame before the store is."""
    digest = hashlib.sha256(b"0123456789").hexdigest()
    await store.put_if_absent("long", b"0123456789", "image/png")

    whole = await store.get_content(store.bucket, "long", max_bytes=10, stated_sha256=digest)
    assert whole == ObjectContent(b"0123456789", digest)
    other = await store.get_content(store.bucket, "long", max_bytes=10, stated_sha256="0" * 64)
    assert other == whole

    proxy.cuts_bytes = 4
    with pytest.raises(StoreError, match="6 bytes were answered, and the store says that it has 10"):
        await store.get_content(store.bucket, "long", max_bytes=10, stated_sha256=digest)


async def test_one_object_that_is_denied_is_told_of_itself(store: ObjectStore, proxy: FaultyStore) -> None:
    proxy.answers = lambda path: DENIED if path.endswith("/one") else None

    with pytest.raises(ObjectDeniedError):
        await store.get(store.bucket, "one", max_bytes=10)
    assert await _kind(store, "one") is FaultKind.POISON
    await store.check_reads()


async def test_a_store_that_denies_everything_blames_no_object_and_is_told(
    store: ObjectStore, proxy: FaultyStore
) -> None:
    proxy.answers = lambda _: DENIED

    assert await _kind(store, "one") is FaultKind.TRANSIENT
    with pytest.raises(StoreDeniesError, match="s3:GetObject"):
        await store.check_reads()

    proxy.answers = lambda _: None
    assert await store.get(store.bucket, "one", max_bytes=10) == b"data"
    await store.check_reads()


async def test_the_last_denial_of_an_outage_blames_no_object(store: ObjectStore, proxy: FaultyStore) -> None:
    """It is answered before the store serves again, and judged after that."""
    outage = [DENIED]
    proxy.answers = lambda path: outage.pop() if outage and path.endswith("/one") else None

    assert await store.get(store.bucket, "one", max_bytes=10) == b"data"


async def test_where_the_store_does_not_say_what_is_missing_other_objects_show_what_we_may_read(
    store: ObjectStore, proxy: FaultyStore
) -> None:
    """Without the right to list, S3 denies what is not there; one object's denial is its own once another was read."""
    proxy.answers = lambda path: None if path.endswith("/other") else DENIED

    assert await _kind(store, "one") is FaultKind.TRANSIENT
    await store.get(store.bucket, "other", max_bytes=10)
    assert await _kind(store, "one") is FaultKind.POISON
    await store.check_reads()


@pytest.mark.parametrize("answer", UNLIKE_S3.values(), ids=UNLIKE_S3)
async def test_what_s3_would_not_say_blames_no_object(store: ObjectStore, proxy: FaultyStore, answer: Answer) -> None:
    proxy.answers = lambda _: answer

    assert await _kind(store, "one") is FaultKind.UNKNOWN
    with pytest.raises(StoreError):
        await store.check_reads()


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
async def test_an_answer_that_cannot_be_read_is_an_outage(
    store: ObjectStore, proxy: FaultyStore, answer: Answer
) -> None:
    proxy.answers = lambda _: answer

    assert await _kind(store, "one") is FaultKind.TRANSIENT


async def test_an_object_that_is_empty_is_read_as_such(store: ObjectStore) -> None:
    await store.put_if_absent("empty", b"", "image/png")
    assert await store.get(store.bucket, "empty", max_bytes=10) == b""


async def test_only_keys_under_the_prefix_need_to_be_readable(
    object_store_connection: ObjectStoreConnection, proxy: FaultyStore
) -> None:
    proxy.answers = lambda path: None if "/ours/" in path else DENIED
    connection = object_store_connection.model_copy(update={"endpoint": proxy.url})
    async with ObjectStore(connection, readable_prefix="ours/") as store:
        await store.ensure_bucket()
        await store.check_reads()
        assert await _kind(store, "theirs/one") is FaultKind.POISON
