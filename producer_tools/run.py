"""One run of `aegis extract`: extraction, delivery and, where asked for, the tags."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from producer_tools.delivery.deliver import Delivered, Delivery, State
from producer_tools.delivery.drain import DrainReport, drain
from producer_tools.delivery.events import UNKNOWN_BUCKET, extracted_event
from producer_tools.delivery.services import Services
from producer_tools.delivery.spool import Spool
from producer_tools.errors import DeliveryError, SpoolBusyError
from producer_tools.extraction.extract import Extracted, ExtractedTexture, Skipped, extract
from producer_tools.following.tag_watch import TaggingFailed, TagsCame, TagWatch
from producer_tools.project import Root
from producer_tools.settings import ExtractSettings, SpoolSettings
from schemas.connections import KafkaConnection, ObjectStoreConnection, TopicSettings

TAGS_FILE: Final = "tags.json"


@dataclass(frozen=True, slots=True)
class ExtractRequest:
    """What to extract and what to do with it; ``wait_seconds`` is None where nobody waits for tags.

    ``commits``: `A..B`, the commits between which it must have changed. ``roots``: see :func:`extract`.
    """

    paths: tuple[Path, ...]
    output: Path
    ai_tagging: bool = False
    wait_seconds: float | None = None
    game: str | None = None
    commits: str | None = None
    roots: Mapping[Path, Root] | None = None


@dataclass(frozen=True, slots=True)
class Connections:
    """Where the services are; None for one whose address is not set."""

    kafka: KafkaConnection | None
    store: ObjectStoreConnection | None
    topics: TopicSettings

    def services(self, settings: ExtractSettings) -> Services:
        return Services(self.kafka, self.store, self.topics.topics.extracted, settings)


@dataclass(slots=True)
class RunReport:
    """What a run did."""

    run_id: str
    textures: list[ExtractedTexture] = field(default_factory=list)
    event_ids: dict[str, UUID] = field(default_factory=dict)
    ends: dict[UUID, Delivered] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    unrelated: Counter[str] = field(default_factory=Counter)
    drained: DrainReport | None = None
    failure: str | None = None
    is_refusal: bool = False
    unwatched: str | None = None
    tags: dict[UUID, TagsCame | TaggingFailed] = field(default_factory=dict)

    def count(self, state: State) -> int:
        return sum(end.state is state for end in self.ends.values())

    @property
    def refused(self) -> list[Skipped]:
        """What the user named himself and could not be read."""
        return [item for item in self.skipped if item.fatal]

    @property
    def untagged(self) -> int:
        """Published events whose tags did not come in time."""
        return self.count(State.PUBLISHED) - len(self.tags)


Progress = Callable[[Extracted | Delivered | TagsCame | TaggingFailed], None]


async def run_extraction(
    request: ExtractRequest,
    connections: Connections | None,
    settings: ExtractSettings,
    spool_settings: SpoolSettings,
    progress: Progress = lambda _: None,
) -> RunReport:
    """Extract, and with ``connections`` deliver; an outage of the services is told in the report, never raised.

    Raises:
        InputError: see :func:`extract`.

    """
    report = RunReport(run_id=str(uuid4()))
    textures = extract(request.paths, request.output, settings, game=request.game, roots=request.roots)
    if connections is None:
        async for texture in _textures(textures, report, progress):
            report.textures.append(texture)
        return report

    def ended(end: Delivered) -> None:
        report.ends[end.event_id] = end
        progress(end)

    spool = Spool(spool_settings.dir, spool_settings.max_bytes)
    async with connections.services(settings) as services, AsyncExitStack() as stack:
        await _drain_first(spool, services, report)
        watch = await _watch(request, connections, settings, services, stack, report=report)
        bucket = services.bucket or UNKNOWN_BUCKET
        async with Delivery(services, spool, ended) as delivery:
            await _deliver(delivery, _textures(textures, report, progress), bucket, request, report)
        report.failure, report.is_refusal = services.failure, services.is_refusal
        if watch is not None and request.wait_seconds is not None:
            await _follow(watch, request.wait_seconds, report, progress)
            _write_tags(request.output, report)
    return report


async def _textures(
    found: Generator[Extracted], report: RunReport, progress: Progress
) -> AsyncIterator[ExtractedTexture]:
    """Yield the textures; the extraction runs in a thread, so that deliveries go on beside it."""
    try:
        while (item := await asyncio.to_thread(next, found, None)) is not None:
            progress(item)
            if isinstance(item, ExtractedTexture):
                yield item
            elif isinstance(item, Skipped):
                report.skipped.append(item)
            else:
                report.unrelated[item.kind] += item.count
    finally:
        found.close()


async def _deliver(
    delivery: Delivery, found: AsyncIterator[ExtractedTexture], bucket: str, request: ExtractRequest, report: RunReport
) -> None:
    async for texture in found:
        event = extracted_event(texture, bucket=bucket, run_id=report.run_id, game=request.game)
        report.textures.append(texture)
        report.event_ids[texture.asset_id] = event.event_id
        await delivery.offer(event, request.output / texture.file)


async def _drain_first(spool: Spool, services: Services, report: RunReport) -> None:
    """Send older events before ours, so that of one asset the newest stays the newest."""
    if not len(spool) or services.failure is not None:
        return
    try:
        report.drained = await drain(spool, services)
    except SpoolBusyError:
        report.drained = None


async def _watch(
    request: ExtractRequest,
    connections: Connections,
    settings: ExtractSettings,
    services: Services,
    stack: AsyncExitStack,
    *,
    report: RunReport,
) -> TagWatch | None:
    if request.wait_seconds is None or connections.kafka is None or services.failure is not None:
        return None
    watch = TagWatch(connections.kafka, connections.topics.topics, connect_seconds=settings.connect_seconds)
    try:
        return await stack.enter_async_context(watch)
    except DeliveryError as error:
        report.unwatched = str(error)
        return None


async def _follow(watch: TagWatch, timeout_seconds: float, report: RunReport, progress: Progress) -> None:
    published = [event_id for event_id, end in report.ends.items() if end.state is State.PUBLISHED]
    async for result in watch.follow(published, timeout_seconds=timeout_seconds):
        report.tags[result.event_id] = result
        progress(result)


def _write_tags(output: Path, report: RunReport) -> None:
    document = {"run_id": report.run_id, "textures": [texture_json(report, item) for item in report.textures]}
    (output / TAGS_FILE).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def report_json(report: RunReport, output: Path) -> dict[str, Any]:
    """Return the report as `--json` prints it."""
    return {
        "run_id": report.run_id,
        "output": str(output),
        "extracted": len(report.textures),
        "published": report.count(State.PUBLISHED),
        "spooled": report.count(State.SPOOLED),
        "refused": report.count(State.REFUSED),
        "lost": report.count(State.LOST),
        "tagged": sum(isinstance(item, TagsCame) for item in report.tags.values()),
        "sent_from_spool": report.drained.sent if report.drained else 0,
        "outage": None if report.is_refusal else report.failure,
        "refusal": report.failure if report.is_refusal else None,
        "skipped": [{"what": item.what, "reason": item.reason} for item in report.skipped],
        "other_files": report.unrelated.total(),
        "other_kinds": dict(report.unrelated.most_common()),
        "textures": [texture_json(report, item) for item in report.textures],
    }


def texture_json(report: RunReport, texture: ExtractedTexture) -> dict[str, Any]:
    """Return what is known of one texture, its tags included where they came."""
    event_id = report.event_ids.get(texture.asset_id)
    end = report.ends.get(event_id) if event_id else None
    fields: dict[str, Any] = {
        "asset_id": texture.asset_id,
        "file": str(texture.file),
        "width": texture.width,
        "height": texture.height,
        "mode": texture.mode,
        "size": texture.size_bytes,
        "sha256": texture.sha256,
        "archive": texture.archive,
        "container_path": texture.container_path,
        "name": texture.name,
        "type": texture.source_type,
        "engine": texture.engine,
        **asdict(texture.facts),
        "event_id": str(event_id) if event_id else None,
        "state": end.state.value if end else "extracted",
    }
    result = report.tags.get(event_id) if event_id else None
    if isinstance(result, TagsCame):
        fields["tags"] = [tag.model_dump(mode="json") for tag in result.tagged.tags]
    elif isinstance(result, TaggingFailed):
        fields["tagging_failed"] = result.reason
    return fields
