"""Contestants that are fed by events: a whole pipeline, from Kafka and the object store to its results."""

from __future__ import annotations

import asyncio
import subprocess
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import asyncpg
import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.support.builds import Build
from benchmarks.support.contest import ContestantError, Measurement
from schemas import ObjectRef, encode_event, event_headers
from testkit.running import Pipeline

# A turn takes seconds, and each look counts rows on the CPUs that are measured.
_POLL_SECONDS = 0.05
_TURN_SECONDS = 180
PARTITIONS = 12
_OURS = Build()


@dataclass(slots=True)
class Stream:
    """A worker on topics of its own, and a way to see how far it is: rows where `sink` runs, else events written."""

    pipeline: Pipeline
    objects: Sequence[ObjectRef]
    worker: psutil.Process
    producer: AIOKafkaProducer
    ends: AIOKafkaConsumer
    rows: asyncpg.Connection[asyncpg.Record] | None
    sent: int = 0
    first_seconds: float = 0.0
    _processes: list[psutil.Popen] = field(default_factory=list)

    @classmethod
    async def start(
        cls,
        pipeline: Pipeline,
        objects: Sequence[ObjectRef],
        command: Sequence[str],
        *,
        sink: bool,
        build: Build = _OURS,
        **settings: str,
    ) -> Self:
        """Start `python -m COMMAND` and, with `sink`, a sink behind it; return when it has done its first image."""
        await asyncio.to_thread(build.make, pipeline)
        producer = AIOKafkaProducer(bootstrap_servers=pipeline.bootstrap, linger_ms=5)
        await producer.start()
        ends = AIOKafkaConsumer(bootstrap_servers=pipeline.bootstrap)
        await ends.start()
        rows = await asyncpg.connect(pipeline.environment["AEGIS_PG_DSN"]) if sink else None
        processes = [build.start(pipeline, _log_path(pipeline), "consumer", "sink")] if sink else []
        started = time.perf_counter()
        process = build.start(pipeline, _log_path(pipeline), *command, **settings)
        stream = cls(pipeline, objects, psutil.Process(process.pid), producer, ends, rows)
        stream._processes += [process, *processes]
        await stream.turn(1)
        stream.first_seconds = time.perf_counter() - started
        return stream

    async def turn(self, images: int) -> Measurement:
        cpu, started = self._cpu_seconds(), time.perf_counter()
        for _ in range(images):
            await self._send()
        await self.producer.flush()
        while await self._done() < self.sent:
            if self._processes[0].poll() is not None or time.perf_counter() - started > _TURN_SECONDS:
                raise ContestantError(f"no result of {self.sent} images: see {self.pipeline.log_dir}")
            await asyncio.sleep(_POLL_SECONDS)
        return Measurement(images, time.perf_counter() - started, self._cpu_seconds() - cpu)

    @property
    def rss_bytes(self) -> int:
        return int(self.worker.memory_info().rss)

    async def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                await asyncio.to_thread(process.wait, 40)
            except subprocess.TimeoutExpired:
                process.kill()
        await self.producer.stop()
        await self.ends.stop()
        if self.rows is not None:
            await self.rows.close()

    async def _send(self) -> None:
        asset_id = f"bench/{uuid.uuid4().hex}"
        event = self.pipeline.event(asset_id, self.objects[self.sent % len(self.objects)])
        await self.producer.send(
            self.pipeline.topics.extracted,
            encode_event(event),
            key=asset_id.encode(),
            headers=list(event_headers(event, source="/bench")),
        )
        self.sent += 1

    async def _done(self) -> int:
        if self.rows is not None:
            schema = self.pipeline.environment["AEGIS_PG_SCHEMA"]
            return int(await self.rows.fetchval(f"SELECT count(*) FROM {schema}.assets"))  # noqa: S608 - our own name
        places = [TopicPartition(self.pipeline.topics.tagged, number) for number in range(PARTITIONS)]
        return sum((await self.ends.end_offsets(places)).values())

    def _cpu_seconds(self) -> float:
        total = 0.0
        for process in (self.worker, *self.worker.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
        return total


def uploaded(pipeline: Pipeline, folder: Path) -> list[ObjectRef]:
    """Store the files of a folder; return what events say of them."""
    return [pipeline.upload(path.read_bytes(), path.suffix[1:]) for path in sorted(folder.iterdir())]


def _log_path(pipeline: Pipeline) -> Path:
    return pipeline.log_dir / f"{uuid.uuid4().hex[:8]}.log"
