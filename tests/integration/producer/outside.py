"""What Kafka and the object store hold after a run, read by clients that share nothing with the product's."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from minio import Minio

from schemas import AssetExtracted, Topics, decode_event
from schemas.connections import ObjectStoreConnection
from tests.integration.kafka_tools import Written, read_all


@dataclass(frozen=True, slots=True)
class Outside:
    """The services under the names of one test."""

    environment: Mapping[str, str]

    @property
    def bootstrap(self) -> str:
        return self.environment["AEGIS_KAFKA_BOOTSTRAP"]

    @property
    def topics(self) -> Topics:
        return Topics(self.environment["AEGIS_TOPIC_PREFIX"])

    @property
    def bucket(self) -> str:
        return self.environment["AEGIS_S3_BUCKET"]

    @property
    def store(self) -> ObjectStoreConnection:
        return ObjectStoreConnection(
            endpoint=self.environment["AEGIS_S3_ENDPOINT"],
            access_key=self.environment["AEGIS_S3_ACCESS_KEY"],
            secret_key=self.environment["AEGIS_S3_SECRET_KEY"],
        )

    async def records(self) -> list[Written]:
        return await read_all(self.bootstrap, self.topics.extracted)

    async def has_records(self) -> bool:
        return bool(await self.records())

    async def events(self) -> list[AssetExtracted]:
        return [decode_event(AssetExtracted, record.value or b"") for record in await self.records()]

    def objects(self) -> dict[str, datetime | None]:
        """Return the keys in our bucket and when each was written."""
        client = self._client()
        if not client.bucket_exists(self.bucket):
            return {}
        return {
            item.object_name: item.last_modified
            for item in client.list_objects(self.bucket, recursive=True)
            if item.object_name
        }

    def digest(self, key: str) -> str:
        """Return the sha256 of an object's bytes."""
        response = self._client().get_object(self.bucket, key)
        try:
            return hashlib.sha256(response.read()).hexdigest()
        finally:
            response.close()
            response.release_conn()

    def remove_bucket(self) -> None:
        client = self._client()
        keys = self.objects()
        for key in keys:
            client.remove_object(self.bucket, key)
        if keys or client.bucket_exists(self.bucket):
            client.remove_bucket(self.bucket)

    def _client(self) -> Minio:
        connection = self.store
        return Minio(
            endpoint=connection.address,
            access_key=connection.access_key,
            secret_key=connection.secret_key.get_secret_value(),
            secure=connection.secure,
            region=connection.region,
        )
