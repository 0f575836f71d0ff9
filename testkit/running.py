"""A tagger and a sink as processes of their own, on topics, a bucket and tables of their own."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import asyncpg
from PIL import Image

from schemas import AssetExtracted, AssetTagged, ObjectRef, decode_event, encode_event, event_headers, utc_now
from testkit.kafka_tools import Written, eventually, read_all, write
from testkit.places import Places

_STOP_TIMEOUT_SECONDS = 40


def texture(seed: int = 0, size: int = 64, fmt: str = "PNG") -> bytes:
    """Return a small image that is different for each seed."""
    image = Image.linear_gradient("L").resize((size, size))
    channels = [image.rotate(90 * (seed % 4)), image, image.point(lambda level: (level + seed * 37) % 256)]
    buffer = io.BytesIO()
    Image.merge("RGB", channels).save(buffer, fmt)
    return buffer.getvalue()


def new_asset_id(kind: str = "asset") -> str:
    return f"test/{kind}/{uuid.uuid4().hex}"


@dataclass(slots=True)
class ServiceProcess:
    """`python -m consumer NAME`, its log in a file."""

    name: str
    environment: Mapping[str, str]
    log_path: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "consumer", self.name],
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )

    def stop(self) -> int:
        """SIGTERM; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(_STOP_TIMEOUT_SECONDS)

    def end(self) -> None:
        """Kill it if it was started and still runs."""
        if hasattr(self, "process") and self.process.poll() is None:
            self.kill()

    def readiness(self) -> dict[str, str]:
        """Return what /readyz says of each check."""
        return dict(json.loads(self.answer("/readyz"))["checks"])

    def answer(self, path: str) -> str:
        """Return what its operations port answers, whatever the status."""
        (started,) = [line for line in self.events() if line["event"] == "process.started"]
        try:
            with urlopen(f"{started['operations']}{path}", timeout=5) as answer:  # noqa: S310 - our own http address
                body: bytes = answer.read()
        except HTTPError as error:
            with error:
                body = error.read()
        return body.decode()

    def events(self) -> list[dict[str, Any]]:
        """Return the JSON lines it logged."""
        lines = self.log_path.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@dataclass(frozen=True, slots=True)
class Pipeline(Places):
    """What a test needs to push an asset in at one end and see it come out at the other."""

    environment: Mapping[str, str]
    log_dir: Path
    services: list[ServiceProcess] = field(default_factory=list)

    def service(self, name: str, **environment: str) -> ServiceProcess:
        log_path = self.log_dir / f"{name}-{uuid.uuid4().hex[:8]}.log"
        self.services.append(ServiceProcess(name, {**self.environment, **environment}, log_path))
        return self.services[-1]

    def end(self) -> None:
        """Kill what still runs, e.g. after a test that failed."""
        for service in self.services:
            service.end()

    def aegis(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command; the caller looks at its exit code."""
        return subprocess.run(
            [sys.executable, "-m", "aegis", *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def event(self, asset_id: str, reference: ObjectRef, **fields: Any) -> AssetExtracted:
        return AssetExtracted(
            **{
                "event_id": uuid.uuid4(),
                "schema_version": "1.0",
                "occurred_at": utc_now(),
                "asset_id": asset_id,
                "object": reference,
                **fields,
            }
        )

    async def publish(self, *events: AssetExtracted) -> None:
        for event in events:
            await write(
                self.bootstrap,
                self.topics.extracted,
                [(event.asset_id.encode(), encode_event(event))],
                headers=event_headers(event, source="/test"),
            )

    async def publish_raw(
        self, key: bytes, value: bytes | None, topic: str | None = None, timestamp_ms: int | None = None
    ) -> tuple[int, int]:
        (place,) = await write(
            self.bootstrap, topic or self.topics.extracted, [(key, value)], timestamp_ms=timestamp_ms
        )
        return place

    async def remove(self, asset_id: str, *, clock_ahead: timedelta = timedelta(0)) -> None:
        """Publish a tombstone whose writer's clock is wrong by so much."""
        stated = utc_now() + clock_ahead
        await self.publish_raw(asset_id.encode(), None, timestamp_ms=int(stated.timestamp() * 1000))

    async def records_of(self, topic: str, asset_id: str) -> list[Written]:
        return [item for item in await read_all(self.bootstrap, topic) if item.key == asset_id.encode()]

    async def tagged(self, asset_id: str, count: int = 1) -> list[AssetTagged]:
        """Wait for so many tagged events of an asset and return them."""
        records: list[Written] = []

        async def there() -> bool:
            nonlocal records
            records = await self.records_of(self.topics.tagged, asset_id)
            return len(records) >= count

        await eventually(there, f"{count} tagged events of {asset_id}")
        return [decode_event(AssetTagged, item.value or b"") for item in records]

    async def dead_letter(self, key: str, source_topic: str | None = None) -> Written:
        """Wait for the one dead letter of a key and return it."""
        topic = f"{source_topic or self.topics.extracted}.dlq"
        records: list[Written] = []

        async def there() -> bool:
            nonlocal records
            records = await self.records_of(topic, key)
            return bool(records)

        await eventually(there, f"a dead letter of {key} on {topic}")
        (letter,) = records
        return letter

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.environment["AEGIS_PG_DSN"])
        try:
            await connection.execute(f"SET search_path TO {self.environment['AEGIS_PG_SCHEMA']}, public")
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def stored(self, asset_id: str) -> asyncpg.Record:
        """Wait for an asset's row and return it."""
        rows: list[asyncpg.Record] = []

        async def there() -> bool:
            nonlocal rows
            rows = await self.rows("SELECT * FROM assets WHERE asset_id = $1", asset_id)
            return bool(rows)

        await eventually(there, f"a row of {asset_id}")
        return rows[0]


def run(coroutine: Any) -> Any:
    """Run a coroutine from a synchronous fixture."""
    return asyncio.run(coroutine)
