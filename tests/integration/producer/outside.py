"""What Kafka and the object store hold after a run, read by clients that share nothing with the product's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas import AssetExtracted, decode_event
from schemas.objects import sha256_hex
from testkit.kafka_tools import Written, read_all
from testkit.places import Places


@dataclass(frozen=True, slots=True)
class Outside(Places):
    """The services under the names of one test."""

    environment: Mapping[str, str]

    async def records(self) -> list[Written]:
        return await read_all(self.bootstrap, self.topics.extracted)

    async def has_records(self) -> bool:
        return bool(await self.records())

    async def events(self) -> list[AssetExtracted]:
        return [decode_event(AssetExtracted, record.value or b"") for record in await self.records()]

    def objects(self) -> dict[str, datetime | None]:
        """Return the keys in our bucket and when each was written."""
        client = self.store_client()
        if not client.bucket_exists(self.bucket):
            return {}
        return {
            item.object_name: item.last_modified
            for item in client.list_objects(self.bucket, recursive=True)
            if item.object_name
        }

    def digest(self, key: str) -> str:
        """Return the sha256 of an object's bytes."""
        return sha256_hex(self.stored_object(key))

    def remove_bucket(self) -> None:
        client = self.store_client()
        keys = self.objects()
        for key in keys:
            client.remove_object(self.bucket, key)
        if keys or client.bucket_exists(self.bucket):
            client.remove_bucket(self.bucket)
