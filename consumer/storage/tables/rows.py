"""What the sink writes, and which of several writes of one asset counts: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from consumer.storage.tables.search.holding import MEASURED_BY
from consumer.storage.tables.verdicts import VerdictRow, each_once
from schemas.headers import SourcePlace


class TagRow(msgspec.Struct, frozen=True, gc=False):
    """A struct, because a sink makes tens of thousands a second: a frozen dataclass takes five times as long."""

    category: str
    tag: str
    confidence: float
    source_model: str


class TaggedRow(msgspec.Struct, frozen=True, kw_only=True, eq=False, gc=False):
    """One asset as one event tells it. ``embedding`` is float16 of shape ``[dim]``, ``tags`` the most confident first.

    A struct for the same reason as TagRow.
    """

    asset_id: str
    event_id: UUID
    extracted_event_id: UUID
    extracted_at: datetime
    tagged_at: datetime
    bucket: str
    object_key: str
    size_bytes: int | None
    sha256: str | None
    content_type: str | None
    width: int
    height: int
    mode: str
    source: str | None
    model_id: str
    model_digest: str
    model_precision: str
    calibrated: bool
    taxonomy_id: str
    taxonomy_version: str
    taxonomy_digest: str
    tags: tuple[TagRow, ...]
    embedding: npt.NDArray[np.float16]
    source_partition: int | None = None
    source_offset: int | None = None
    # None: the texture was not looked over. Faults are findings of severity note or worse.
    findings: str | None = None
    finding_names: tuple[str, ...] | None = None
    faults: int | None = None

    @property
    def place(self) -> SourcePlace | None:
        """Where the extracted event lies."""
        if self.source_partition is None or self.source_offset is None:
            return None
        return SourcePlace(self.source_partition, self.source_offset)

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The names of its tags, each once."""
        return tuple(dict.fromkeys([tag.tag for tag in self.tags]))

    @property
    def guess(self) -> float | None:
        """The confidence of the model's best guess; None where pixels and names say all that is said."""
        return next((tag.confidence for tag in self.tags if tag.source_model not in MEASURED_BY), None)

    @property
    def rank(self) -> tuple[datetime, datetime, UUID]:
        """Of two events of one asset the one of higher rank wins, in whatever order they arrive."""
        return (self.extracted_at, self.tagged_at, self.event_id)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An asset was removed: what lies before the removal on its topic is void, and what lies behind it is not.

    The tagger passes on where that is, and when it was published (``removed_at_ms`` since the epoch), which decides
    where the places are not known. So neither the order in which a removal and its asset's events arrive matters, nor
    when they were tagged: an event that is delivered again after the removal stays out, be it by a tagger that was
    stopped in between and knows of no removal. Nor do clocks: a removal whose clock is behind removes, and an asset
    that is extracted after a removal whose clock is ahead comes back.
    """

    asset_id: str
    removed_at_ms: int
    place: SourcePlace | None = None

    @property
    def removed_at(self) -> datetime:
        return datetime.fromtimestamp(self.removed_at_ms / 1000, UTC)

    def voids(self, row: TaggedRow) -> bool:
        """Tell whether the row was extracted before this removal."""
        if row.place is not None and self.place is not None and row.place.partition == self.place.partition:
            return row.place.is_before(self.place)
        return row.extracted_at <= self.removed_at

    def joined(self, other: Tombstone | None) -> Tombstone:
        """Return one removal for two of an asset: the later time, and the later place."""
        if other is None:
            return self
        last, first = (self, other) if self.removed_at_ms >= other.removed_at_ms else (other, self)
        kept = first.place if last.place is None or last.place.is_before(first.place) else last.place
        return replace(last, place=kept)


# What a record of the sink says.
Entry = TaggedRow | Tombstone | VerdictRow


@dataclass(frozen=True, slots=True)
class Settled:
    """A batch after its own events and removals were played against each other: at most one of each per asset.

    Of people's words each one counts, removed assets or not.
    """

    rows: tuple[TaggedRow, ...]
    removals: tuple[Tombstone, ...]
    verdicts: tuple[VerdictRow, ...] = ()


def settle(entries: Iterable[Entry]) -> Settled:
    """Reduce a batch to what counts of it, sorted by asset; the order of the entries does not matter."""
    newest: dict[str, TaggedRow] = {}
    removals: dict[str, Tombstone] = {}
    rows: list[TaggedRow] = []
    verdicts: list[VerdictRow] = []
    for entry in entries:
        if isinstance(entry, VerdictRow):
            verdicts.append(entry)
            continue
        if isinstance(entry, TaggedRow):
            rows.append(entry)
            continue
        removals[entry.asset_id] = entry.joined(removals.get(entry.asset_id))
    for row in rows:
        removal = removals.get(row.asset_id)
        if removal is not None and removal.voids(row):
            continue
        best = newest.get(row.asset_id)
        if best is None or best.rank < row.rank:
            newest[row.asset_id] = row
    # Sorted, so that two writers lock the rows they share in the same order.
    return Settled(
        tuple(newest[asset_id] for asset_id in sorted(newest)),
        tuple(removals[asset_id] for asset_id in sorted(removals)),
        each_once(verdicts),
    )
