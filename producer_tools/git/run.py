"""`aegis extract --git A..B`: textures of what changed between two commits, and removals of those that are gone."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from producer_tools.errors import DeliveryError, EventRefusedError
from producer_tools.extraction.extract import ExtractedTexture, Skipped, extract
from producer_tools.extraction.names import AssetIds
from producer_tools.extraction.readers.sniff import Kind, kind_by_name
from producer_tools.git.changes import Side, Writer
from producer_tools.run import Connections, ExtractRequest, Progress, RunReport, run_extraction
from producer_tools.settings import ExtractSettings, SpoolSettings


@dataclass(slots=True)
class ChangeReport:
    """What became of a comparison; ``files`` differ between the commits.

    ``missing``: textures and archives whose contents Git LFS has elsewhere. ``unread``: old versions of archives of
    which it cannot be told what they held. ``unremoved``: removals that nobody took, and ``reason`` why.
    """

    files: int
    missing: list[str]
    removed: list[str] = field(default_factory=list)
    unremoved: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    reason: str | None = None
    outage: str | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether all that changed is on its way."""
        return not self.missing and not self.unremoved


async def run_changes(
    request: ExtractRequest,
    connections: Connections | None,
    settings: ExtractSettings,
    spool_settings: SpoolSettings,
    progress: Progress = lambda _: None,
) -> tuple[RunReport, ChangeReport]:
    """Extract what changed below the request's folders between its commits, and remove what is gone.

    As :func:`run_extraction`. Removals follow what was published; without ``connections`` there are none.

    Raises:
        InputError: see :func:`extract`; or a folder is in no work tree, or a commit is not there.

    """
    with tempfile.TemporaryDirectory(prefix="aegis-git-") as place:
        store = connections.store if connections else None
        writer = Writer(request.commits or "", Path(place), store, settings.max_member_bytes)
        changes = await writer.write(request.paths, request.game)
        aside = replace(request, paths=tuple(changes.new.roots), roots=changes.new.roots)
        report = await run_extraction(aside, connections, settings, spool_settings, progress)
        told = ChangeReport(changes.count, sorted(changes.new.missing), outage=changes.outage)
        if connections is not None:
            before = await asyncio.to_thread(_before, changes.old, Path(place) / "pictures", settings, request, told)
            now = {texture.asset_id for texture in report.textures}
            unread = _unread(changes.new, report.skipped) | changes.new.missing
            await _remove(before - now - _ids_of(unread, before, request.game), connections, settings, told)
    return report, told


def _before(
    side: Side, pictures: Path, settings: ExtractSettings, request: ExtractRequest, told: ChangeReport
) -> set[str]:
    """Return the ids of the textures that the old versions hold."""
    if not side.files:
        return set()
    found, skipped = set(), []
    for item in extract(tuple(side.roots), pictures, settings, game=request.game, roots=side.roots):
        if isinstance(item, ExtractedTexture):
            found.add(item.asset_id)
        elif isinstance(item, Skipped):
            skipped.append(item)
    for label in sorted(side.missing | _unread(side, skipped)):
        if kind_by_name(label) is Kind.IMAGE:
            # An image has one texture, of its own name, whatever it shows.
            found.add(AssetIds().assign(request.game or "", label))
        else:
            told.unread.append(label)
    return found


async def _remove(asset_ids: set[str], connections: Connections, settings: ExtractSettings, told: ChangeReport) -> None:
    if not asset_ids:
        return
    async with connections.services(settings) as services:
        for asset_id in sorted(asset_ids):
            try:
                await services.remove(asset_id)
            except (DeliveryError, EventRefusedError) as error:
                told.unremoved.append(asset_id)
                told.reason = told.reason or str(error)
            else:
                told.removed.append(asset_id)


def _unread(side: Side, skipped: Iterable[Skipped]) -> set[str]:
    """Return the files of which something could not be read: what they hold now is not known."""
    left = [item.what for item in skipped]
    return {label for label in side.files if any(what == label or what.startswith(f"{label}: ") for what in left)}


def _ids_of(labels: set[str], asset_ids: set[str], game: str | None) -> set[str]:
    """Return those of the ids that textures of these files have."""
    prefixes = [AssetIds().assign(game or "", label) for label in labels]
    return {
        asset_id
        for asset_id in asset_ids
        if any(asset_id == prefix or asset_id.startswith(f"{prefix}/") for prefix in prefixes)
    }
