"""`aegis tag`: send what of a folder is new or changed, and remove what is gone."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

from producer_tools.delivery.deliver import Delivered, Delivery, State
from producer_tools.delivery.drain import DrainReport, drain
from producer_tools.delivery.events import file_event
from producer_tools.delivery.services import Services
from producer_tools.delivery.spool import Spool
from producer_tools.errors import DeliveryError, EventRefusedError, SpoolBusyError
from producer_tools.extraction.names import AssetIds
from producer_tools.library.known import KnownFiles
from producer_tools.library.scan import Changed, Left, Same, scan
from producer_tools.project import Project
from producer_tools.run import Connections
from producer_tools.settings import ExtractSettings, SpoolSettings

_KEPT = frozenset({State.PUBLISHED, State.SPOOLED})


@dataclass(slots=True)
class TagReport:
    """What became of a folder's textures; ``ends`` of those that were sent, by state."""

    run_id: str
    unchanged: int = 0
    ends: Counter[State] = field(default_factory=Counter)
    removed: int = 0
    unremoved: int = 0
    skipped: list[Left] = field(default_factory=list)
    others: int = 0
    reasons: list[str] = field(default_factory=list)
    failure: str | None = None
    is_refusal: bool = False
    drained: DrainReport | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether all that is new, changed or gone is on its way."""
        return not self.unremoved and not self.ends[State.REFUSED] and not self.ends[State.LOST]


def asset_id_of(project: Project, name: str) -> str:
    """Return the id of a file: the same as `aegis extract` gives a folder that is called like the project."""
    return AssetIds().assign(project.name, name)


async def tag_folder(
    project: Project,
    connections: Connections,
    settings: ExtractSettings,
    spool_settings: SpoolSettings,
    *,
    everything: bool = False,
) -> TagReport:
    """Send and remove; ``everything``: also what was sent as it is. An outage is told in the report, never raised.

    What was sent is noted once it is published or spooled: after a kill at any moment the rest is sent the next time,
    and nothing is forgotten. Raises InputError where the folder cannot be read, or its notes be written.
    """
    report = TagReport(run_id=str(uuid4()))
    known = KnownFiles.read(project.root, connections.topics.topics.extracted, project.name)
    spool = Spool(spool_settings.dir, spool_settings.max_bytes)
    async with connections.services(settings) as services:
        if len(spool) and services.failure is None:
            report.drained = await _drained(spool, services)
        sending = _Sending(project, known, services, report)
        try:
            asked = replace(known, files={}) if everything else known
            await sending.send(scan(asked, settings.max_member_bytes), spool)
            await sending.remove_others()
        finally:
            known.write()
        report.failure, report.is_refusal = services.failure, services.is_refusal
    return report


class _Sending:
    """One run over a folder."""

    def __init__(self, project: Project, known: KnownFiles, services: Services, report: TagReport) -> None:
        self._project = project
        self._known = known
        self._services = services
        self._report = report
        self._waiting: dict[UUID, tuple[Changed, Path]] = {}
        # By id, the file that has it; and what is there, whether it can be read or not.
        self._owners: dict[str, str] = {}
        self._present: set[str] = set()

    async def send(self, found: Iterator[Changed | Same | Left], spool: Spool) -> None:
        """Deliver what is new or changed; on return each has its end."""
        with tempfile.TemporaryDirectory(prefix="aegis-tag-") as scratch:
            async with Delivery(self._services, spool, self._ended) as delivery:
                # In a thread, so that deliveries go on beside it.
                while (item := await asyncio.to_thread(next, found, None)) is not None:
                    if isinstance(item, Left):
                        self._leave(item)
                    elif self._owns(item.name):
                        await self._take(item, Path(scratch), delivery)

    async def remove_others(self) -> None:
        """Remove what was sent once and is there no more; what an outage keeps is tried again by the next run."""
        gone = sorted(self._known.files.keys() - self._present)
        for number, name in enumerate(gone):
            try:
                await self._services.remove(asset_id_of(self._project, name))
            except EventRefusedError as error:
                self._report.unremoved += 1
                self._report.reasons.append(str(error))
            except DeliveryError:
                self._report.unremoved += len(gone) - number
                return
            else:
                del self._known.files[name]
                self._report.removed += 1

    async def _take(self, item: Changed | Same, scratch: Path, delivery: Delivery) -> None:
        if isinstance(item, Same):
            self._report.unchanged += 1
            if item.stat is not None:
                self._known.add(item.name, item.stat, item.sha256)
            return
        # A snapshot, since the file may change until it is stored.
        staged = scratch / str(len(self._owners))
        await asyncio.to_thread(staged.write_bytes, item.data)
        event = file_event(
            asset_id_of(self._project, item.name),
            item.name,
            size_bytes=len(item.data),
            sha256=item.sha256,
            project=self._project,
            bucket=self._services.bucket,
            run_id=self._report.run_id,
        )
        self._waiting[event.event_id] = item, staged
        await delivery.offer(event, staged)

    def _owns(self, name: str) -> bool:
        """Return whether the file has an id of its own; names that no id can hold may become equal."""
        self._present.add(name)
        asset_id = asset_id_of(self._project, name)
        owner = self._owners.setdefault(asset_id, name)
        if owner != name:
            self._report.skipped.append(Left(name, f"has the same id as {owner}: {asset_id}"))
        return owner == name

    def _leave(self, item: Left) -> None:
        if item.reason is None:
            self._report.others += 1
            return
        # What cannot be read now is not gone.
        self._present.add(item.name)
        self._report.skipped.append(item)

    def _ended(self, end: Delivered) -> None:
        item, staged = self._waiting.pop(end.event_id)
        staged.unlink(missing_ok=True)
        self._report.ends[end.state] += 1
        if end.state in _KEPT:
            self._known.add(item.name, item.stat, item.sha256)
        elif end.reason:
            self._report.reasons.append(end.reason)


async def _drained(spool: Spool, services: Services) -> DrainReport | None:
    """Send older events before ours, so that of one asset the newest stays the newest."""
    try:
        return await drain(spool, services)
    except SpoolBusyError:
        return None
