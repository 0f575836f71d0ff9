"""A texture's page: the picture, every word said of it, where it came from, and its neighbours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from consumer.findings.check import Severity
from consumer.findings.registry import check_called
from consumer.findings.wording import value_in_words
from consumer.gateway.page.again import MOST_SHOWN, again
from consumer.gateway.page.facets import FacetKeeper, category_rank, in_words
from consumer.gateway.page.gallery import Tile, fitted, known_tags, picture_url, tile
from consumer.gateway.page.state import GalleryState
from consumer.gateway.page.thumbnails import SIDES, Thumbnails
from consumer.gateway.refusals import RefusedError
from consumer.storage.tables.duplicates.relations import related_assets
from consumer.storage.tables.gallery import cards
from consumer.storage.tables.likeness import LikeQuery, nearest
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.textures import Said, Texture, embedding_of, texture
from consumer.storage.tables.verdict_reads import HistoryQuery, history

_NEIGHBOURS: Final = 12
_SOURCES: Final = {"pixels": "measured in the pixels", "names": "read from its name"}
_HELPED_BY: Final = {"pixels": "the pixels", "names": "its name"}


@dataclass(frozen=True, slots=True)
class Wrong:
    """One finding of the page; ``means`` says why it matters, ``remedy`` what to do."""

    name: str
    severity: str
    value: str
    means: str
    remedy: str
    url: str


@dataclass(frozen=True, slots=True)
class TagBar:
    """One tag of the page; ``percent`` is what the model gave, or 100 for a person's word that it holds."""

    tag: str
    category: str
    name: str
    percent: int
    by: str
    word: str
    verdict: str
    url: str

    @property
    def is_rejected(self) -> bool:
        return self.verdict == "rejected" or self.word.startswith("overruled")


class TexturePages:
    """Answers pages of single textures; every call raises RefusedError and DatabaseError."""

    def __init__(self, reader: TagReader, keeper: FacetKeeper, thumbnails: Thumbnails | None) -> None:
        self._reader = reader
        self._keeper = keeper
        self._thumbnails = thumbnails

    async def context(self, asset_id: str) -> dict[str, Any]:
        """Return what the template shows."""
        found = await texture(self._reader, asset_id)
        if found is None:
            raise RefusedError(404, "no such texture is stored: it was not tagged yet, or was removed")
        fields, sha256 = found.fields, found.fields["sha256"]
        width, height = fitted(fields["width"], fields["height"], SIDES[-1])
        folder, _, name = asset_id.rpartition("/")
        said_before, swatches, neighbours, library, related = await asyncio.gather(
            history(self._reader, HistoryQuery(asset_id)),
            self._swatches(sha256),
            self._neighbours(asset_id, found),
            self._keeper.library(),
            related_assets(self._reader, asset_id, MOST_SHOWN),
        )
        return {
            "state": GalleryState(),
            "asset_id": asset_id,
            "name": name or asset_id,
            "folder": folder,
            "picture_url": picture_url(sha256, SIDES[-1]),
            "width": width,
            "height": height,
            "is_small": max(fields["width"], fields["height"]) <= 128,
            "like_url": GalleryState(like=asset_id).url,
            "findings": wrongs(fields["findings"]),
            "again": again(related),
            "groups": list(_groups(bars(found.said))),
            "known": known_tags(library),
            "history": said_before,
            "swatches": swatches,
            "facts": list(facts(found)),
            "json": json.dumps(_as_json(found), indent=2, ensure_ascii=False, default=_plain),
            "neighbours": neighbours,
        }

    async def _swatches(self, sha256: str | None) -> tuple[str, ...]:
        return () if sha256 is None or self._thumbnails is None else await self._thumbnails.swatches(sha256)

    async def _neighbours(self, asset_id: str, found: Texture) -> list[Tile]:
        digest = found.fields["model_digest"]
        embedding = await embedding_of(self._reader, found.fields["sha256"], digest)
        if embedding is None:
            return []
        alike = await nearest(self._reader, LikeQuery(embedding, digest, _NEIGHBOURS + 1))
        others = [other for other in alike if other != asset_id][:_NEIGHBOURS]
        return [tile(card, GalleryState()) for card in await cards(self._reader, others)]


def wrongs(found: Sequence[Mapping[str, Any]] | None) -> list[Wrong]:
    """Return the findings of an asset, the worst first; those of a newer version have no explanation here."""
    known = []
    for item in sorted(found or (), key=lambda item: -Severity(item["severity"]).rank):
        check = check_called(item["id"])
        value = item.get("value")
        url = GalleryState(findings=(item["name"],)).url
        known.append(
            Wrong(
                item["name"],
                item["severity"],
                "" if value is None else value_in_words(check, value) if check else f"{value:g}",
                check.why if check else "",
                check.remedy if check else "",
                url,
            )
        )
    return known


def bars(said: Iterable[Said]) -> list[TagBar]:
    """Return one bar for each tag, a person's word beside what the model said; what a person settled overrules it."""
    said = list(said)
    settled = {item.category: item.tag for item in said if item.settles and item.verdict in {"confirmed", "added"}}
    by_tag: dict[tuple[str, str], dict[str, Said]] = {}
    for item in said:
        by_tag.setdefault((item.category, item.tag), {})[item.source] = item
    return [
        _bar(sources.get("model"), sources.get("human"), settled.get(category, ""))
        for (category, _), sources in by_tag.items()
    ]


def _bar(model: Said | None, human: Said | None, settled: str) -> TagBar:
    either = human or model
    assert either is not None
    word = "" if human is None else f"{human.verdict} by {human.decided_by or 'somebody'}"
    if human is not None and human.decided_at is not None:
        word += f", {human.decided_at:%Y-%m-%d %H:%M} UTC"
    if human is None and settled:
        word = f"overruled by {in_words(settled)}"
    return TagBar(
        tag=either.tag,
        category=either.category,
        name=in_words(either.tag),
        percent=round((model or either).confidence * 100),
        by="" if model is None else _source(model.source_model or ""),
        word=word,
        verdict=(human.verdict or "") if human else "",
        url=GalleryState(tags=(either.tag,)).url,
    )


def _groups(found: list[TagBar]) -> Iterator[tuple[str, list[TagBar]]]:
    for category in sorted({bar.category for bar in found}, key=category_rank):
        yield category, sorted((bar for bar in found if bar.category == category), key=lambda bar: -bar.percent)


def facts(found: Texture) -> Iterator[tuple[str, str]]:
    """Return what else is known, as name and value."""
    fields = found.fields
    yield "Size", f"{fields['width']} × {fields['height']}, {fields['mode']}"  # noqa: RUF001 - multiplication
    if fields["size_bytes"] is not None:
        yield "File", f"{fields['size_bytes']:,} bytes{', ' + fields['content_type'] if fields['content_type'] else ''}"
    for name, value in (fields["source"] or {}).items():
        yield in_words(name).capitalize(), str(value)
    yield "Extracted", f"{fields['extracted_at']:%Y-%m-%d %H:%M:%S} UTC"
    yield "Tagged", f"{fields['tagged_at']:%Y-%m-%d %H:%M:%S} UTC"
    yield "Model", f"{fields['model_id']}, {fields['model_precision']}"
    yield "Confidences", "calibrated" if fields["calibrated"] else "uncalibrated: they only rank the tags"
    yield "Taxonomy", f"{fields['taxonomy_id']}, version {fields['taxonomy_version']}"
    yield "Object", f"s3://{fields['bucket']}/{fields['object_key']}"


def _as_json(found: Texture) -> dict[str, Any]:
    said = [
        {name: value for name in Said.__slots__ if (value := getattr(item, name)) is not None} for item in found.said
    ]
    return {**found.fields, "tags": said}


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _source(name: str) -> str:
    """Return who says so, in words; what decides together is joined by a plus: aegis-mini+names."""
    model, *others = name.split("+")
    guessed = " and ".join(["guessed by " + model, *(_HELPED_BY.get(other, other) for other in others)])
    return _SOURCES.get(name, guessed)
