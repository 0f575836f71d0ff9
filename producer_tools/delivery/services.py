"""Kafka and the object store as an extractor uses them: with little patience, and without taking harm."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Self

from aiokafka.errors import KafkaError

from consumer.kafka.clients import make_producer
from consumer.kafka.errors import RECORD_REFUSALS, TopicUnusableError, refusal, write_refused
from consumer.kafka.publisher import Publisher, PublishTimeoutError
from consumer.kafka.records import Publication
from consumer.storage.errors import BucketMissingError, StoreError
from consumer.storage.objects import ObjectStore
from consumer.tracing.spans import sending
from producer_tools.delivery.events import CONTENT_TYPE, EVENT_SOURCE
from producer_tools.errors import DeliveryError, EventRefusedError
from producer_tools.settings import ExtractSettings
from schemas import AssetExtracted, event_record
from schemas.connections import KafkaConnection, ObjectStoreConnection

_RETRY_AFTER_SECONDS: Final = 0.3


class Services:
    """Both services, or the knowledge that one of them is not there.

    Once one has failed, every further call fails at once with the same reason: an outage costs one timeout a run,
    not one a texture.
    """

    def __init__(
        self,
        kafka: KafkaConnection | None,
        store: ObjectStoreConnection | None,
        topic: str,
        settings: ExtractSettings,
    ) -> None:
        """Connects to nothing yet; None stands for a service whose address is not set."""
        self._kafka = kafka
        self._store_connection = store
        self._topic = topic
        self._settings = settings
        self._publisher: Publisher | None = None
        self._store: ObjectStore | None = None
        self._uploads = asyncio.Semaphore(settings.upload_threads)
        # Why nothing more can be sent, and whether that is a refusal, which waiting does not heal.
        self.failure: str | None = None
        self.is_refusal = False

    async def __aenter__(self) -> Self:
        """Connect to both at once; never raises for a failure, see ``failure``."""
        with suppress(DeliveryError):
            await asyncio.gather(self._connect_store(), self._connect_kafka())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._publisher is not None:
            await self._publisher.stop()
        if self._store is not None:
            self._store.close()

    @property
    def bucket(self) -> str:
        """Where our objects go; empty while the store's address is not known."""
        return self._store_connection.bucket if self._store_connection else ""

    async def upload(self, key: str, file: Path, content_type: str | None = None) -> None:
        """Store the file, a PNG unless told otherwise, if it is not stored already; raises DeliveryError."""
        async with self._uploads:
            self._check()
            assert self._store is not None
            data = await asyncio.to_thread(file.read_bytes)
            try:
                await self._put(key, data, content_type or CONTENT_TYPE)
            except StoreError as error:
                raise self._failed(str(error)) from error

    async def publish(self, event: AssetExtracted) -> None:
        """Return when the event is acknowledged; events go out in the order of the calls.

        Raises:
            EventRefusedError: the topic does not take this event; others go on.
            DeliveryError: it takes none now.

        """
        record = Publication(self._topic, *event_record(event, source=EVENT_SOURCE))
        await self._send(record, f"the event of {event.asset_id}")

    async def remove(self, asset_id: str) -> None:
        """Return when the removal of an asset is acknowledged; raises as :meth:`publish`."""
        await self._send(Publication(self._topic, asset_id.encode(), None), f"the removal of {asset_id}")

    async def _send(self, record: Publication, what: str) -> None:
        self._check()
        assert self._publisher is not None
        with sending([record]) as records:
            try:
                await self._publisher.send(records)
            except RECORD_REFUSALS as error:
                raise EventRefusedError(f"Kafka does not take {what} ({error})") from error
            except (KafkaError, TimeoutError, OSError) as error:
                raise self._kafka_failed(error) from error

    async def _connect_store(self) -> None:
        if self._store_connection is None:
            raise self._failed("AEGIS_S3_ENDPOINT is not set, so there is no object store to send to")
        self._store = ObjectStore(
            self._store_connection,
            threads=self._settings.upload_threads,
            connect_timeout_seconds=self._settings.connect_seconds,
            read_timeout_seconds=self._settings.connect_seconds,
        )
        try:
            try:
                await self._store.ping()
            except BucketMissingError:
                await self._store.ensure_bucket()
        except StoreError as error:
            raise self._failed(str(error)) from error

    async def _connect_kafka(self) -> None:
        if self._kafka is None:
            raise self._failed("AEGIS_KAFKA_BOOTSTRAP is not set, so there is no Kafka to send to")
        make = partial(
            make_producer, self._kafka, "aegis-extract", request_timeout_seconds=self._settings.delivery_seconds
        )
        self._publisher = Publisher(make, self._settings.delivery_seconds)
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                await self._publisher.start()
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._kafka_failed(error, f"Kafka at {self._kafka.bootstrap} does not answer") from error
        try:
            # The client asks again until the topic is there: one that was made just now is seen in time.
            async with asyncio.timeout(self._settings.connect_seconds):
                await self._publisher.check_takes(self._topic)
        except TimeoutError as error:
            raise self._failed(f"Kafka has no topic {self._topic}: run `aegis topics apply`") from error
        except (KafkaError, OSError) as error:
            raise self._kafka_failed(error) from error

    async def _put(self, key: str, data: bytes, content_type: str) -> None:
        assert self._store is not None
        try:
            await self._store.put_if_absent(key, data, content_type)
        except StoreError:
            await asyncio.sleep(_RETRY_AFTER_SECONDS)
            await self._store.put_if_absent(key, data, content_type)

    def _check(self) -> None:
        if self.failure is not None:
            raise DeliveryError(self.failure)

    def _failed(self, reason: str) -> DeliveryError:
        self.failure = self.failure or reason
        return DeliveryError(reason)

    def _kafka_failed(self, error: BaseException, outage: str | None = None) -> DeliveryError:
        refused = write_refused(error, self._topic) or error
        clause = refusal(refused)
        if clause is not None:
            self.is_refusal = self.is_refusal or self.failure is None
            return self._failed(f"Kafka refuses us: {clause}")
        if isinstance(error, (TimeoutError, PublishTimeoutError)):
            outage = outage or "Kafka did not acknowledge an event in time"
        told = (
            str(error)
            if isinstance(error, TopicUnusableError)
            else f"Kafka does not take events ({type(error).__name__})"
        )
        return self._failed(outage or told)
