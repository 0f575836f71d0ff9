"""What the sink writes, and which of several writes of one asset counts: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from consumer.storage.errors import RowRejectedError
from schemas import AssetTagged

_NUL = "\x00"
_NUL_SHOWN = "\N{REPLACEMENT CHARACTER}"
_JSON_NUL = "\\u0000"


class TagRow(NamedTuple):
    """A named tuple, because a sink makes tens of thousands a second: a frozen dataclass takes five times as long."""

    category: str
    tag: str
    confidence: float
    source_model: str


@dataclass(frozen=True, slots=True, eq=False)
class TaggedRow:
    """One asset as one event tells it. ``embedding`` is float16 of shape ``[dim]``."""

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

    @property
    def rank(self) -> tuple[datetime, datetime, UUID]:
        """Of two events of one asset the one of higher rank wins, in whatever order they arrive."""
        return (self.extracted_at, self.tagged_at, self.event_id)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An asset was removed: whatever was extracted up to ``removed_at_ms`` (since the epoch) is void.

    That is the time at which the removal was published, which the tagger passes on. So neither the order in which a
    removal and its asset's events arrive matters, nor when they were tagged: an event that is delivered again after the
    removal stays out, be it by a tagger that was stopped in between and knows of no removal.
    """

    asset_id: str
    removed_at_ms: int

    @property
    def removed_at(self) -> datetime:
        return datetime.fromtimestamp(self.removed_at_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Settled:
    """A batch after its own events and removals were played against each other: at most one of each per asset."""

    rows: tuple[TaggedRow, ...]
    removals: tuple[Tombstone, ...]


def settle(entries: Iterable[TaggedRow | Tombstone]) -> Settled:
    """Reduce a batch to what counts of it, sorted by asset; the order of the entries does not matter."""
    newest: dict[str, TaggedRow] = {}
    removals: dict[str, Tombstone] = {}
    rows: list[TaggedRow] = []
    for entry in entries:
        if isinstance(entry, TaggedRow):
            rows.append(entry)
            continue
        known = removals.get(entry.asset_id)
        if known is None or known.removed_at_ms < entry.removed_at_ms:
            removals[entry.asset_id] = entry
    for row in rows:
        removal = removals.get(row.asset_id)
        if removal is not None and row.extracted_at <= removal.removed_at:
            continue
        best = newest.get(row.asset_id)
        if best is None or best.rank < row.rank:
            newest[row.asset_id] = row
    # Sorted, so that two writers lock the rows they share in the same order.
    return Settled(
        tuple(newest[asset_id] for asset_id in sorted(newest)),
        tuple(removals[asset_id] for asset_id in sorted(removals)),
    )


def tagged_row(event: AssetTagged) -> TaggedRow:
    """Return the event as the tables hold it.

    PostgreSQL's text holds no NUL character: in a description it is replaced, in a name it is the event's fault.

    Raises:
        RowRejectedError: a NUL character in the asset's id, the object's place, or a tag.

    """
    stored, image, model, taxonomy = event.object, event.image, event.model, event.taxonomy
    return TaggedRow(
        asset_id=_name(event.asset_id, "asset_id"),
        event_id=event.event_id,
        extracted_event_id=event.extracted_event_id,
        extracted_at=event.extracted_at,
        tagged_at=event.occurred_at,
        bucket=_name(stored.bucket, "object.bucket"),
        object_key=_name(stored.key, "object.key"),
        size_bytes=stored.size,
        sha256=stored.sha256,
        content_type=_description(stored.content_type),
        width=image.width,
        height=image.height,
        mode=_name(image.mode, "image.mode"),
        source=None if event.source is None else _json(event.source.model_dump_json(exclude_none=True)),
        model_id=_name(model.id, "model.id"),
        model_digest=model.digest,
        model_precision=_name(model.precision, "model.precision"),
        calibrated=model.calibrated,
        taxonomy_id=_name(taxonomy.id, "taxonomy.id"),
        taxonomy_version=_name(taxonomy.version, "taxonomy.version"),
        taxonomy_digest=taxonomy.digest,
        tags=_tags(event),
        embedding=event.embedding.to_array(),
    )


def removal(asset_id: str, removed_at_ms: int) -> Tombstone:
    """Return the removal of an asset.

    Raises:
        RowRejectedError: a NUL character in the asset's id, or a time that no date can hold.

    """
    try:
        datetime.fromtimestamp(removed_at_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise RowRejectedError(f"the removal's timestamp is no date: {removed_at_ms} ms") from error
    return Tombstone(_name(asset_id, "asset_id"), removed_at_ms)


def _tags(event: AssetTagged) -> tuple[TagRow, ...]:
    """Return one row for each tag: where two sources agree on a tag, the more confident one speaks."""
    found: dict[tuple[str, str], TagRow] = {}
    for tag in event.tags:  # sorted by confidence, highest first
        if (tag.category, tag.tag) not in found:
            found[tag.category, tag.tag] = TagRow(
                _name(tag.category, "category"),
                _name(tag.tag, "tag"),
                tag.confidence,
                _name(tag.source_model, "source_model"),
            )
    return tuple(found.values())


def _name(text: str, field: str) -> str:
    if _NUL in text:
        raise RowRejectedError(f"{field} contains a NUL character, which PostgreSQL's text cannot hold: {text[:80]!r}")
    return text


def _description(text: str | None) -> str | None:
    return None if text is None else text.replace(_NUL, _NUL_SHOWN)


def _json(text: str) -> str:
    """Return JSON that jsonb takes."""
    return text if _JSON_NUL not in text and _NUL not in text else _without_nul(text)


def _without_nul(text: str) -> str:
    import json  # noqa: PLC0415 - the rare case alone needs it

    fields: dict[str, Any] = json.loads(text)
    return json.dumps({name: _description(value) for name, value in fields.items()})
