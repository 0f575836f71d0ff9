"""Kafka and the object store as an extractor uses them: with little patience, and without taking harm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from consumer.storage.errors import BucketMissingError, StoreError
from consumer.storage.objects import ObjectStore
from producer_tools.errors import DeliveryError
from producer_tools.events import CONTENT_TYPE, EVENT_SOURCE
from producer_tools.settings import ExtractSettings
from schemas import AssetExtracted, encode_event, event_headers
from schemas.connections import KafkaConnection, ObjectStoreConnection

_RETRY_AFTER_SECONDS: Final = 0.3
_CLOSE_SECONDS: Final = 5.0
_CLOSE_IN_OUTAGE_SECONDS: Final = 0.5


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
        self._producer: AIOKafkaProducer | None = None
        self._store: ObjectStore | None = None
        self._uploads = asyncio.Semaphore(settings.upload_threads)
        self.outage: str | None = None

    async def __aenter__(self) -> Self:
        """Connect to both at once; never raises for an outage, see ``outage``."""
        with suppress(DeliveryError):
            await asyncio.gather(self._connect_store(), self._connect_kafka())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._producer is not None:
            # In an outage there is nothing left to flush: every event has its end already.
            patience = _CLOSE_SECONDS if self.outage is None else _CLOSE_IN_OUTAGE_SECONDS
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(patience):
                    await self._producer.stop()
        if self._store is not None:
            self._store.close()

    @property
    def bucket(self) -> str:
        """Where our objects go; empty while the store's address is not known."""
        return self._store_connection.bucket if self._store_connection else ""

    async def upload(self, key: str, png: Path) -> None:
        """Store the PNG unless it is stored already; raises DeliveryError."""
        async with self._uploads:
            self._check()
            assert self._store is not None
            data = await asyncio.to_thread(png.read_bytes)
            try:
                await self._put(key, data)
            except StoreError as error:
                raise self._failed(str(error)) from error

    async def publish(self, event: AssetExtracted) -> Awaitable[None]:
        """Hand the event to the producer, in the order of the calls; await the result for its acknowledgement.

        Both raise DeliveryError.
        """
        self._check()
        assert self._producer is not None
        try:
            async with asyncio.timeout(self._settings.delivery_seconds):
                sent = await self._producer.send(
                    self._topic,
                    encode_event(event),
                    key=event.asset_id.encode(),
                    headers=list(event_headers(event, source=EVENT_SOURCE)),
                )
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._failed(_kafka_trouble(error)) from error
        return self._acknowledged(sent)

    async def _acknowledged(self, sent: asyncio.Future[Any]) -> None:
        try:
            # The producer gives a batch up by itself; the margin is for that to happen first.
            async with asyncio.timeout(self._settings.delivery_seconds + _CLOSE_SECONDS):
                await asyncio.shield(sent)
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._failed(_kafka_trouble(error)) from error

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
        self._producer = AIOKafkaProducer(
            **self._kafka.client_options(),
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            linger_ms=5,
            request_timeout_ms=int(self._settings.delivery_seconds * 1000),
        )
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                await self._producer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            raise self._failed(f"Kafka at {self._kafka.bootstrap} does not answer") from error
        try:
            # The client asks again until the topic is there: one that was made just now is seen in time.
            async with asyncio.timeout(self._settings.connect_seconds):
                await self._producer.partitions_for(self._topic)
        except (UnknownTopicOrPartitionError, TimeoutError) as error:
            raise self._failed(f"Kafka has no topic {self._topic}: run `aegis topics apply`") from error
        except (KafkaError, OSError) as error:
            raise self._failed(_kafka_trouble(error)) from error

    async def _put(self, key: str, data: bytes) -> None:
        assert self._store is not None
        try:
            await self._store.put_if_absent(key, data, CONTENT_TYPE)
        except StoreError:
            await asyncio.sleep(_RETRY_AFTER_SECONDS)
            await self._store.put_if_absent(key, data, CONTENT_TYPE)

    def _check(self) -> None:
        if self.outage is not None:
            raise DeliveryError(self.outage)

    def _failed(self, reason: str) -> DeliveryError:
        self.outage = self.outage or reason
        return DeliveryError(reason)


def _kafka_trouble(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "Kafka did not acknowledge an event in time"
    return f"Kafka does not take events ({type(error).__name__})"
