"""What the gateway tags as events: the image into the object store, then asset-extracted, then asset-tagged.

So it is an asset like any other: a replay finds its event and its object, and a retag its embedding. The tagger group
reads the same extracted event; with the same model it gives the same event id, so nothing is counted twice.
"""

from __future__ import annotations

from uuid import uuid4

from consumer.gateway.images import file_type
from consumer.gateway.kafka_refusals import kafka_refusals
from consumer.gateway.refusals import away
from consumer.kafka.publisher import Publisher
from consumer.kafka.records import Publication
from consumer.storage.errors import BucketMissingError, StoreError
from consumer.storage.objects import ObjectStore
from consumer.tagging.tagging_result import TaggedBy, TaggingResult, tagged_event
from consumer.tracing.spans import sending, step
from schemas import (
    AssetExtracted,
    CausedBy,
    Event,
    Extraction,
    ObjectRef,
    Source,
    Topics,
    event_record,
    utc_now,
)
from schemas.objects import object_key, sha256_hex

EVENT_SOURCE = "/aegis/gateway"


class EventAnnouncer:
    """Stores and publishes before the client has its answer: what was answered is durable."""

    def __init__(self, store: ObjectStore, publisher: Publisher, topics: Topics, by: TaggedBy) -> None:
        self._store = store
        self._publisher = publisher
        self._topics = topics
        self._by = by

    async def announce(self, asset_id: str, image: bytes, tagged: TaggingResult) -> None:
        """Return when all is acknowledged.

        Raises:
            RefusedError: something did not take it; the client may send the image again.

        """
        with step("upload"):
            stored = await self._upload(image)
        extracted = AssetExtracted(
            event_id=uuid4(),
            schema_version=AssetExtracted.SCHEMA_VERSION,
            occurred_at=utc_now(),
            asset_id=asset_id,
            object=stored,
            image=tagged.info,
            source=Source(type="image"),
            extraction=Extraction(tool="aegis-gateway"),
        )
        place = await self._publish(self._topics.extracted, extracted)
        caused_by = CausedBy(topic=self._topics.extracted, partition=place.partition, offset=place.offset)
        await self._publish(self._topics.tagged, tagged_event(extracted, stored, tagged, self._by, caused_by))

    async def _upload(self, data: bytes) -> ObjectRef:
        extension, content_type = file_type(data)
        digest = sha256_hex(data)
        key = object_key(digest, extension)
        try:
            try:
                await self._store.put_if_absent(key, data, content_type)
            except BucketMissingError:
                await self._store.ensure_bucket()
                await self._store.put_if_absent(key, data, content_type)
        except StoreError as error:
            raise away(f"the image was tagged but not stored ({error}): send it again") from error
        return ObjectRef(bucket=self._store.bucket, key=key, size=len(data), sha256=digest, content_type=content_type)

    async def _publish(self, topic: str, event: Event) -> CausedBy:
        record = Publication(topic, *event_record(event, source=EVENT_SOURCE))
        with (
            kafka_refusals(
                "the image was tagged but not published",
                "the event of this image is larger than Kafka takes: shorten its asset_id",
            ),
            sending([record]) as records,
        ):
            (place,) = await self._publisher.send(records)
        return CausedBy(topic=topic, partition=place.partition, offset=place.offset)
