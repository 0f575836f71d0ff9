"""The real services of a run: objects put in, records published, and everything read back in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas import AssetRelated, AssetTagged, DeadLetter, EventDecodeError, decode_event, header_text
from testkit.kafka_tools import Written, read_all
from testkit.places import Places
from tests.chaos.load import Load, PlannedRecord
from tests.chaos.verdict import FoundRow, Letter, Look, Relation, SourceOffset, Told

NUMBER_HEADER = "chaos-number"
BAD_RESULT_HEADER = "chaos-bad-result"
_SLICE_SECONDS = 0.25

_ROWS = """
SELECT asset.asset_id, asset.extracted_event_id, asset.object_key, asset.size_bytes, asset.sha256, asset.width,
       asset.height, asset.mode, asset.model_digest, asset.taxonomy_digest,
       (SELECT array_agg((tag.category, tag.tag, tag.confidence, tag.source_model)
                         ORDER BY tag.category, tag.tag) FROM asset_tags AS tag
        WHERE tag.asset_id = asset.asset_id AND tag.source = 'model') AS tags,
       (SELECT found.embedding::text FROM embeddings AS found
        WHERE found.sha256 = asset.sha256 AND found.model_digest = asset.model_digest) AS embedding
FROM assets AS asset WHERE asset.asset_id LIKE $1
"""


@dataclass(slots=True)
class World(Places):
    """The services under the names of one run."""

    environment: Mapping[str, str]
    published: int = field(default=0, init=False)

    async def limit_results(self, max_bytes: int) -> None:
        """Let asset-tagged take no larger batch than this."""
        (spec,) = [spec for spec in self.topics.specs() if spec.name == self.topics.tagged]
        wanted = {**spec.config, "max.message.bytes": str(max_bytes)}
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, spec.name, wanted)])
        finally:
            await admin.close()

    async def publish(self, load: Load, seconds: float) -> None:
        """Publish all of it, evenly over that time; an outage of Kafka is waited out by the producer, in order."""
        # Compressed, the bad results pass the limit of asset-tagged.
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            enable_idempotence=True,
            acks="all",
            max_batch_size=512 * 1024,
            compression_type="gzip",
        )
        await producer.start()
        loop = asyncio.get_running_loop()
        started = loop.time()
        pending: list[asyncio.Future[Any]] = []
        bad_results = _bad_results(len(load.records))
        try:
            for number, record in enumerate(load.records):
                due = started + seconds * number / len(load.records)
                if due > loop.time():
                    await asyncio.sleep(max(_SLICE_SECONDS, due - loop.time()))
                pending.append(await self._send(producer, self.topics.extracted, record))
                if number in bad_results:
                    pending.append(await self._send(producer, self.topics.tagged, bad_results[number]))
                self.published += 1
            await asyncio.gather(*pending)
        finally:
            await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, topic: str, record: PlannedRecord) -> asyncio.Future[Any]:
        sent: asyncio.Future[Any] = await producer.send(
            topic, record.value, key=record.key, headers=list(record.headers), timestamp_ms=record.timestamp_ms
        )
        return sent

    async def rows(self, prefix: str) -> dict[str, FoundRow]:
        """Return the rows of all assets whose id begins so."""
        connection = await asyncpg.connect(self.environment["AEGIS_PG_DSN"])
        try:
            await connection.execute("SET search_path TO aegis, public")
            return {row["asset_id"]: _found(row) for row in await connection.fetch(_ROWS, f"{prefix}%")}
        finally:
            await connection.close()

    async def embeddings_waiting(self) -> int:
        connection = await asyncpg.connect(self.environment["AEGIS_PG_DSN"])
        try:
            return int(await connection.fetchval("SELECT count(*) FROM aegis.embeddings_incoming"))
        finally:
            await connection.close()

    async def numbers(self) -> dict[SourceOffset, int]:
        """Return the number of the planned record at each place of the source topic."""
        return dict(_numbered(await read_all(self.bootstrap, self.topics.extracted)))

    async def answers(self, numbers: Mapping[SourceOffset, int]) -> Counter[SourceOffset]:
        """Count the results of each source record: tagged events by their cause, tombstones by their number."""
        found: Counter[SourceOffset] = Counter()
        removals: Counter[int] = Counter()
        for record in await read_all(self.bootstrap, self.topics.tagged):
            if record.value is None:
                number = header_text(record.headers, NUMBER_HEADER)
                if number is not None:
                    removals[int(number)] += 1
                continue
            try:
                cause = decode_event(AssetTagged, record.value).caused_by
            except EventDecodeError:
                continue
            found[(cause.partition, cause.offset)] += 1
        found.update({place: removals[number] for place, number in numbers.items() if removals[number]})
        return found

    async def letters(self, topic: str) -> list[Letter]:
        found = []
        for record in await read_all(self.bootstrap, f"{topic}.dlq"):
            history = DeadLetter.from_headers(record.headers)
            assert history is not None
            place = (history.partition, history.offset)
            reason = f"{history.error_class} at {history.error_stage}: {history.error_message}"
            found.append(Letter(place, record.key, record.value, history.group, reason))
        return found

    async def letters_of_results(self, groups: Sequence[str]) -> dict[str, list[SourceOffset]]:
        """Return where the records lie on asset-tagged that each of its consumer groups gave up."""
        letters = await self.letters(self.topics.tagged)
        return {group: [letter.place for letter in letters if letter.group == group] for group in groups}

    async def told(self) -> dict[str, Told]:
        """Return what a compacted asset-related would keep: the newest of each asset."""
        found = {}
        for record in await read_all(self.bootstrap, self.topics.related):
            event = None if record.value is None else decode_event(AssetRelated, record.value)
            told = Told(None, frozenset())
            if event is not None:
                told = Told(event.sha256, frozenset(other.sha256 for other in event.related))
            found[(record.key or b"").decode()] = told
        return found

    async def relations(self) -> list[Relation]:
        """Return every row of what one content is of another."""
        connection = await asyncpg.connect(self.environment["AEGIS_PG_DSN"])
        try:
            rows = await connection.fetch(
                "SELECT sha256, other_sha256, relation, said_of FROM aegis.texture_relations ORDER BY 1, 2"
            )
            return [Relation(*row) for row in rows]
        finally:
            await connection.close()

    async def bad_tagged(self) -> frozenset[SourceOffset]:
        records = await read_all(self.bootstrap, self.topics.tagged)
        return frozenset(
            (item.partition, item.offset) for item in records if header_text(item.headers, BAD_RESULT_HEADER)
        )


def _numbered(records: Sequence[Written]) -> list[tuple[SourceOffset, int]]:
    found = []
    for record in records:
        number = header_text(record.headers, NUMBER_HEADER)
        if number is not None:
            found.append(((record.partition, record.offset), int(number)))
    return found


def _bad_results(count: int) -> dict[int, PlannedRecord]:
    """Return records for asset-tagged that no table can hold, one behind every hundredth of the load."""
    values = (b"{}", b"not JSON", b'{"schema_version": "7.0"}', b"[" * 100_000)
    return {
        number: PlannedRecord(f"bad-result/{number}".encode(), values[index % 4], ((BAD_RESULT_HEADER, b"1"),), 0)
        for index, number in enumerate(range(50, count, 100))
    }


def _found(row: asyncpg.Record) -> FoundRow:
    look = Look(
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        dimensions=(row["width"], row["height"]),
        mode=row["mode"],
        model_digest=row["model_digest"],
        taxonomy_digest=row["taxonomy_digest"],
        tags=tuple(tuple(tag) for tag in row["tags"] or ()),
        embedding=row["embedding"],
    )
    return FoundRow(row["extracted_event_id"], row["object_key"], look)
