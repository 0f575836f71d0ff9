"""What a library consists of, counted as a whole: textures by tag and confidence, and a sample for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from consumer.storage.tables.duplicates.again import ANY, count_relations, relations_of
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.holding import IS_GUESS

STEPS: Final = 20
_COUNT_SECONDS: Final = 300
_ROWS_AT_ONCE: Final = 500
_SEED: Final = 7

_COUNTED: Final = f"""
SELECT category, tag, least(floor(confidence * {STEPS} + 1e-4), {STEPS})::integer AS step, count(*) AS assets
FROM {{schema}}.current_tags GROUP BY 1, 2, 3
"""  # noqa: S608 - a number of our own
_FINDINGS: Final = """
SELECT name, count(*) AS assets FROM {schema}.assets, unnest(finding_names) AS name GROUP BY 1
"""
_TOTAL: Final = "SELECT count(*) FROM {schema}.assets"
# BERNOULLI, not SYSTEM: textures that were stored together are alike.
_SAMPLE: Final = f"""
SELECT asset_id, finding_names AS findings, relations, array_agg(category) FILTER (WHERE tag IS NOT NULL) AS categories,
       array_agg(tag) FILTER (WHERE tag IS NOT NULL) AS tags,
       array_agg(confidence) FILTER (WHERE tag IS NOT NULL) AS confidences,
       array_agg({IS_GUESS.format("current_tags")}) FILTER (WHERE tag IS NOT NULL) AS guesses
FROM (
    SELECT asset_id, stored_at, finding_names, {relations_of("asset")} AS relations
    FROM {{schema}}.assets AS asset TABLESAMPLE BERNOULLI ($1) REPEATABLE ({_SEED})
) AS chosen
LEFT JOIN {{schema}}.current_tags USING (asset_id)
GROUP BY asset_id, stored_at, finding_names, relations ORDER BY stored_at DESC
"""  # noqa: S608 - a number of our own
# Counted by the server anyway, for its own vacuum; a standby counts nothing, and always gives 0.
_CHANGES: Final = """
SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables
WHERE relid IN ('{schema}.assets'::regclass, '{schema}.asset_tags'::regclass, '{schema}.texture_relations'::regclass)
"""

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """Textures, the newest first, and their tags as columns.

    Row ``i`` says that texture ``assets[i]`` has the tag ``tags[i]``.
    ``guesses[i]``: a model gave it, of which nobody has said anything yet. ``findings`` and ``relations`` hold for each
    name which of the textures, [textures], have it.
    """

    names: tuple[Name, ...]
    asset_ids: tuple[str, ...]
    assets: npt.NDArray[np.int32]
    tags: npt.NDArray[np.int16]
    confidences: npt.NDArray[np.float32]
    guesses: npt.NDArray[np.bool_]
    findings: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    relations: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def having(
        self, wanted: Iterable[str], min_confidence: float, findings: Iterable[str] = (), relation: str = ""
    ) -> npt.NDArray[np.bool_]:
        """Return which textures, [textures], have all of the tags with that confidence, the findings and the relation.

        An empty relation does not matter.
        """
        sure = self.confidences >= min_confidence
        mask = np.ones(len(self.asset_ids), dtype=np.bool_)
        for tag in wanted:
            numbers = [number for number, name in enumerate(self.names) if name[1] == tag]
            has = np.zeros_like(mask)
            has[self.assets[np.isin(self.tags, numbers) & sure]] = True
            mask &= has
        for name in findings:
            mask &= self.findings.get(name, np.zeros_like(mask))
        return mask & self.relations.get(relation, np.zeros_like(mask)) if relation else mask

    def counts(self, mask: npt.NDArray[np.bool_], min_confidence: float) -> dict[Name, int]:
        """Return how many of the textures of the mask have each tag with that confidence."""
        counted = mask[self.assets] & (self.confidences >= min_confidence)
        totals = np.bincount(self.tags[counted], minlength=len(self.names))
        return {name: int(total) for name, total in zip(self.names, totals, strict=True) if total}

    def finding_counts(self, mask: npt.NDArray[np.bool_]) -> dict[str, int]:
        """Return how many of the textures of the mask have each finding."""
        return _counted(self.findings, mask)

    def relation_counts(self, mask: npt.NDArray[np.bool_]) -> dict[str, int]:
        """Return how many of the textures of the mask have each relation, and any of them."""
        return _counted(self.relations, mask)


@dataclass(frozen=True, slots=True)
class Library:
    """All of a library at one moment; ``steps`` holds for each tag its textures by 1/20 of confidence, [21].

    ``findings`` and ``relations`` hold for each how many textures have it.
    """

    total: int
    steps: Mapping[Name, npt.NDArray[np.int64]]
    sample: Sample
    findings: Mapping[str, int] = field(default_factory=dict)
    relations: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether the sample holds every texture, so that counts are exact."""
        return len(self.sample.asset_ids) >= self.total

    def counts(self, min_confidence: float) -> dict[Name, int]:
        """Return how many textures have each tag; exact where the confidence is a multiple of 1/20."""
        first = min(STEPS, round(min_confidence * STEPS))
        totals = {name: int(steps[first:].sum()) for name, steps in self.steps.items()}
        return {name: total for name, total in totals.items() if total}

    def textures_with(self, tag: str) -> int:
        """Return how many textures have a tag, of whatever confidence."""
        return sum(int(steps.sum()) for name, steps in self.steps.items() if name[1] == tag)


async def count_library(reader: TagReader, sampled: int) -> Library:
    """Read every tag once, and the tags of about ``sampled`` textures; takes a second for each million of tags.

    Raises:
        DatabaseError: the database does not answer.

    """
    async with reader.session() as session:
        async with session.transaction():
            await session.execute(f"SET LOCAL statement_timeout = '{_COUNT_SECONDS}s'")
            total = int(await session.fetchval(session.sql(_TOTAL), timeout=_COUNT_SECONDS))
            rows = await session.fetch(session.sql(_COUNTED), timeout=_COUNT_SECONDS)
            found = await session.fetch(session.sql(_FINDINGS), timeout=_COUNT_SECONDS)
            relations = await count_relations(session, _COUNT_SECONDS)
        steps: dict[Name, npt.NDArray[np.int64]] = {}
        for row in rows:
            steps.setdefault((row["category"], row["tag"]), np.zeros(STEPS + 1, np.int64))[row["step"]] = row["assets"]
        share = 100.0 if total <= sampled else 100.0 * sampled / total
        collected = _Columns()
        async with session.transaction():
            # Piece by piece, so that other requests are answered in between.
            async for row in session.cursor(session.sql(_SAMPLE), share, prefetch=_ROWS_AT_ONCE):
                columns = (row[name] or () for name in ("categories", "tags", "confidences", "guesses"))
                collected.add(row["asset_id"], *columns, findings=row["findings"] or (), relations=row["relations"])
    return Library(total, steps, collected.sample(), {row["name"]: row["assets"] for row in found}, relations)


async def count_changes(reader: TagReader) -> int:
    """Return a number that grows whenever a texture or a tag changes; cheap, and a moment late."""
    async with reader.session() as session:
        return int(await session.fetchval(session.sql(_CHANGES)))


def _counted(masks: Mapping[str, npt.NDArray[np.bool_]], mask: npt.NDArray[np.bool_]) -> dict[str, int]:
    return {name: int(total) for name, has in masks.items() if (total := (has & mask).sum())}


class _Columns:
    def __init__(self) -> None:
        self._numbers: dict[Name, int] = {}
        self._asset_ids: list[str] = []
        self._assets: list[int] = []
        self._tags: list[int] = []
        self._confidences: list[float] = []
        self._guesses: list[bool] = []
        self._findings: dict[str, list[int]] = {}
        self._relations: dict[str, list[int]] = {}

    def add(
        self,
        asset_id: str,
        categories: Iterable[str],
        tags: Iterable[str],
        confidences: Iterable[float],
        guesses: Iterable[bool],
        *,
        findings: Iterable[str],
        relations: Sequence[str],
    ) -> None:
        number = len(self._asset_ids)
        self._asset_ids.append(asset_id)
        for category, tag, confidence in zip(categories, tags, confidences, strict=True):
            self._assets.append(number)
            self._tags.append(self._numbers.setdefault((category, tag), len(self._numbers)))
            self._confidences.append(confidence)
        self._guesses.extend(guesses)
        for name in findings:
            self._findings.setdefault(name, []).append(number)
        for name in (*relations, ANY) if relations else ():
            self._relations.setdefault(name, []).append(number)

    def sample(self) -> Sample:
        return Sample(
            tuple(self._numbers),
            tuple(self._asset_ids),
            np.array(self._assets, np.int32),
            np.array(self._tags, np.int16),
            np.array(self._confidences, np.float32),
            np.array(self._guesses, np.bool_),
            {name: self._mask(numbers) for name, numbers in self._findings.items()},
            {name: self._mask(numbers) for name, numbers in self._relations.items()},
        )

    def _mask(self, numbers: list[int]) -> npt.NDArray[np.bool_]:
        mask = np.zeros(len(self._asset_ids), np.bool_)
        mask[numbers] = True
        return mask
