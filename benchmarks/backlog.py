"""How much memory a tagger takes with a backlog in front of it: it must not grow with what waits.

    python -m benchmarks.backlog

Two taggers, one after the other, each on a topic of its own and for as long: what the first has worked off of a short
backlog is published anew, the second has a long one before it. Both so come to the memory that the work itself takes
(batches of every size, the largest images side by side), and what differs is the backlog. Minutes: run by hand.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import click
import psutil
from aiokafka import AIOKafkaProducer

from benchmarks.support.figures import Figure, report
from benchmarks.support.images import SAMPLES
from benchmarks.support.services import make, new_pipeline
from devstack import Stack
from schemas import AssetExtracted, encode_event, event_headers
from testkit.kafka_tools import committed, eventually
from testkit.running import Pipeline, new_asset_id

SAMPLE_SECONDS = 0.5
GOAL_RATIO = 1.2
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Watched:
    """What one tagger took and did."""

    peak_rss_bytes: int
    records: int


@click.command()
@click.option("--short", default=1_000, show_default=True, help="Events of the short backlog, kept up.")
@click.option("--long", "long_", default=200_000, show_default=True, help="Events of the long one.")
@click.option("--seconds", default=120.0, show_default=True, help="How long each is watched.")
def main(short: int, long_: int, seconds: float) -> None:
    """Measure and report."""
    with tempfile.TemporaryDirectory(prefix="aegis-backlog-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.up()
        try:
            first = asyncio.run(_measured(stack, Path(folder), short, seconds, kept_up=True))
            second = asyncio.run(_measured(stack, Path(folder), long_, seconds, kept_up=False))
        finally:
            stack.reset()
    report(
        "backlog",
        [
            Figure("short_backlog", short, "events", None, "higher"),
            Figure("long_backlog", long_, "events", None, "higher"),
            Figure("rss_peak_short", first.peak_rss_bytes / _MIB, "MiB", None, "lower"),
            Figure("rss_peak_long", second.peak_rss_bytes / _MIB, "MiB", None, "lower"),
            Figure("rss_long_over_short", second.peak_rss_bytes / first.peak_rss_bytes, "ratio", GOAL_RATIO, "lower"),
            Figure("watched_each", seconds, "s", None, "higher"),
            Figure("tagged_short", first.records, "events", None, "higher"),
            Figure("tagged_long", second.records, "events", None, "higher"),
        ],
    )


async def _measured(stack: Stack, folder: Path, count: int, seconds: float, *, kept_up: bool) -> Watched:
    group = f"backlog-{uuid.uuid4().hex[:6]}"
    pipeline = new_pipeline(stack, folder, AEGIS_TAGGER_GROUP=group)
    await asyncio.to_thread(make, pipeline, "topics")
    events = _events(pipeline)
    await _publish(pipeline, islice(events, count))
    tagger = pipeline.service("tagger")
    tagger.start()
    try:
        await eventually(lambda: any(line["event"] == "group.assigned" for line in tagger.events()), "it has joined")
        process, started = psutil.Process(tagger.process.pid), time.monotonic()
        peak_bytes, tagged, published = 0, 0, count
        while tagged < published and time.monotonic() - started < seconds:
            peak_bytes = max(peak_bytes, process.memory_info().rss)
            await asyncio.sleep(SAMPLE_SECONDS)
            # The topic is new, and holds these events alone: what is committed is what was tagged.
            tagged = sum((await committed(pipeline.bootstrap, group, pipeline.topics.extracted)).values())
            if kept_up:
                await _publish(pipeline, islice(events, tagged + count - published))
                published = tagged + count
        return Watched(peak_bytes, tagged)
    finally:
        await asyncio.to_thread(tagger.stop)


async def _publish(pipeline: Pipeline, events: Iterable[AssetExtracted]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=pipeline.bootstrap, enable_idempotence=True, linger_ms=50
    ) as producer:
        for event in events:
            await producer.send(
                pipeline.topics.extracted,
                encode_event(event),
                key=event.asset_id.encode(),
                headers=list(event_headers(event, source="/backlog")),
            )
        await producer.flush()


def _events(pipeline: Pipeline) -> Iterator[AssetExtracted]:
    objects = [pipeline.upload(path.read_bytes()) for path in sorted(SAMPLES.rglob("*.png"))]
    for reference in cycle(objects):
        yield pipeline.event(new_asset_id("backlog"), reference)


if __name__ == "__main__":
    main()
