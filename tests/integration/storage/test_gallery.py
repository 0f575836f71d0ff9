"""The pages of a gallery against the same question asked of plain Python, on a library with people's verdicts."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.facets import count_changes, count_library
from consumer.storage.tables.gallery import GalleryQuery, Place, Sort, cards, gallery_page, gallery_statement
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.tag_query import TagQuery
from consumer.storage.tables.textures import Arrivals, embedding_of, location_of, texture
from schemas.connections import DatabaseConnection

DIGEST = "sha256:" + "d" * 64
TAGS = [("object_types", "weapon"), ("object_types", "vehicle"), ("materials", "metal"), ("color_palettes", "vibrant")]
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = ["asset_id", "category", "tag", "source", "confidence", "source_model", "verdict", "decided_by", "decided_at"]
INSERT = """
INSERT INTO {schema}.assets (asset_id, event_id, extracted_event_id, extracted_at, tagged_at, stored_at, bucket,
    object_key, sha256, width, height, mode, model_id, model_digest, model_precision, calibrated, taxonomy_id,
    taxonomy_version, taxonomy_digest)
VALUES ($1, gen_random_uuid(), gen_random_uuid(), $2, $2, $2, 'b', $1, $3, 64, 32, 'RGB', 'm', $4, 'int8', true, 't',
    '1', $4)
"""


@dataclass(slots=True)
class Stored:
    """What was put into the tables: time by texture, confidence by texture and tag, and what people said."""

    reader: TagReader
    session: Any
    times: dict[str, datetime]
    model: dict[str, dict[tuple[str, str], float]]
    human: dict[str, dict[tuple[str, str], str]]

    def current(self, asset_id: str) -> dict[tuple[str, str], float]:
        said = self.human[asset_id]
        kept = {name: confidence for name, confidence in self.model[asset_id].items() if name not in said}
        return kept | {name: 1.0 for name, verdict in said.items() if verdict != "rejected"}

    def has(self, asset_id: str, tag: str, minimum: float) -> bool:
        return any(name[1] == tag and given >= minimum for name, given in self.current(asset_id).items())

    def best_guess(self, asset_id: str) -> tuple[float, str] | None:
        guesses = [(given, name[0]) for name, given in self.model[asset_id].items() if name[0] != "color_palettes"]
        return max(guesses, default=None)

    def expected(self, query: GalleryQuery) -> list[str]:
        minimum = query.min_confidence
        found = [asset_id for asset_id in self.times if all(self.has(asset_id, tag, minimum) for tag in query.tags)]
        if query.sort is Sort.NEWEST:
            return sorted(found, key=lambda asset_id: (self.times[asset_id], asset_id), reverse=True)
        if query.tags:
            values = {asset_id: self._confidence(asset_id, query.tags[0]) for asset_id in found}
        else:
            best = {asset_id: self.best_guess(asset_id) for asset_id in found}
            values = {asset_id: guess[0] for asset_id, guess in best.items() if guess and guess[0] >= minimum}
        surest = sorted(values, key=lambda asset_id: (-values[asset_id], asset_id))
        return surest if query.sort is Sort.SUREST else surest[::-1]

    def _confidence(self, asset_id: str, tag: str) -> float:
        return max(given for name, given in self.current(asset_id).items() if name[1] == tag)


@pytest.fixture
async def stored(database: DatabaseConnection) -> AsyncIterator[Stored]:
    await migrate(database)
    session = await connect(database)
    rng = random.Random(5)
    async with await TagReader.open(database) as reader:
        made = Stored(reader, session, {}, {}, {})
        for number in range(120):
            asset_id = f"game/texture-{number:03}"
            made.times[asset_id] = EPOCH + timedelta(seconds=rng.randrange(40))
            # Halves and quarters, which a float of 32 bits holds exactly, and of which many are equal.
            made.model[asset_id] = {name: rng.randrange(1, 17) / 16 for name in TAGS if rng.random() < 0.7}
            made.human[asset_id] = {
                name: rng.choice(["confirmed", "rejected", "added"]) for name in TAGS if rng.random() < 0.1
            }
            await session.execute(session.sql(INSERT), asset_id, made.times[asset_id], f"{number:064x}", DIGEST)
        await _store_tags(made)
        yield made
    await session.close()


async def _store_tags(made: Stored) -> None:
    model = [
        (asset_id, *name, "model", confidence, "pixels" if name[0] == "color_palettes" else "m", None, None, None)
        for asset_id, tags in made.model.items()
        for name, confidence in tags.items()
    ]
    human = [
        (asset_id, *name, "human", 0.0 if verdict == "rejected" else 1.0, None, verdict, "anna", EPOCH)
        for asset_id, tags in made.human.items()
        for name, verdict in tags.items()
    ]
    await made.session.copy_records_to_table(
        "asset_tags", schema_name=made.session.schema, columns=COLUMNS, records=[*model, *human]
    )
    # As the sink writes them.
    for asset_id, tags in made.model.items():
        guess = made.best_guess(asset_id)
        await made.session.execute(
            "UPDATE assets SET tag_names = $2, guess = $3 WHERE asset_id = $1",
            asset_id,
            [tag for _, tag in tags],
            guess and guess[0],
        )


async def all_pages(reader: TagReader, query: GalleryQuery) -> list[str]:
    """Return the textures of every page, one after the other."""
    found: list[str] = []
    after: Place | None = None
    while page := await gallery_page(reader, replace(query, after=after)):
        found += [place.asset_id for place in page]
        after = page[-1]
    return found


@pytest.mark.parametrize("sort", [Sort.NEWEST, Sort.SUREST, Sort.LEAST_SURE])
@pytest.mark.parametrize("tags", [(), ("weapon",), ("metal", "vehicle"), ("vibrant", "weapon", "metal"), ("dragon",)])
async def test_pages_together_hold_every_texture_once_and_in_order(
    stored: Stored, sort: Sort, tags: tuple[str, ...]
) -> None:
    for minimum, is_rare in itertools.product((0.0, 0.5, 1.0), (True, False)):
        query = GalleryQuery(tags, minimum, sort, limit=17, is_rare=is_rare)
        found, expected = await all_pages(stored.reader, query), stored.expected(query)
        if sort is Sort.LEAST_SURE and not tags:
            # What people have settled is no longer to be looked at.
            expected = [asset_id for asset_id in expected if not _is_settled(stored, asset_id)]
            found = [asset_id for asset_id in found if not _is_settled(stored, asset_id)]
        assert found == expected


@pytest.mark.parametrize("looked_at", [0, 40, 5000], ids=["none at first", "few at first", "all at first"])
@pytest.mark.parametrize("gathered", [0, 5000], ids=["walked", "gathered"])
@pytest.mark.parametrize("tags", [("metal", "vehicle"), ("vibrant", "weapon", "metal"), ("weapon", "dragon")])
async def test_a_search_for_several_tags_finds_what_has_them_all(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, tags: tuple[str, ...], gathered: int, looked_at: int
) -> None:
    """Surest first, page after page, however many there are and whoever said so."""
    monkeypatch.setattr("consumer.storage.tables.search.with_tags.MOST_GATHERED", gathered)
    monkeypatch.setattr("consumer.storage.tables.search.with_tags.LOOKED_AT", looked_at)
    for minimum in (0.0, 0.5, 1.0):
        found: list[str] = []
        query = TagQuery(tags, min_confidence=minimum, limit=7)
        while matches := await stored.reader.search(query):
            found += [match.asset.asset_id for match in matches]
            query = replace(query, after=matches[-1].page)
        assert found == stored.expected(GalleryQuery(tags, minimum, Sort.SUREST))


def _is_settled(stored: Stored, asset_id: str) -> bool:
    return bool(stored.human[asset_id])


@pytest.mark.parametrize("sort", [Sort.SUREST, Sort.LEAST_SURE])
async def test_a_page_of_a_tag_reads_no_more_than_it_shows(stored: Stored, sort: Sort) -> None:
    """The index gives the order; else a tag that a million textures have would be sorted whole for each page."""
    statement, arguments = gallery_statement(GalleryQuery(tags=("weapon", "metal"), sort=sort, limit=3))
    async with stored.session.transaction():
        await stored.session.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        explained = await stored.session.fetchval(f"EXPLAIN (FORMAT JSON) {stored.session.sql(statement)}", *arguments)
    (plan,) = json.loads(explained)
    assert ("Limit", "asset_tags_by_tag") in set(_parents_of_indices(plan["Plan"]))


def _parents_of_indices(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for child in node.get("Plans", ()):
        if "Index Name" in child:
            yield node["Node Type"], child["Index Name"]
        yield from _parents_of_indices(child)


async def test_counts_are_those_of_what_holds(stored: Stored) -> None:
    library = await count_library(stored.reader, 1000)
    assert library.is_whole
    for minimum in (0.0, 0.5, 1.0):
        expected = {
            name: count
            for name in TAGS
            if (count := sum(stored.current(asset_id).get(name, -1) >= minimum for asset_id in stored.times))
        }
        assert library.counts(minimum) == expected
        assert library.sample.counts(library.sample.having((), minimum), minimum) == expected


async def test_a_sample_of_a_large_library_is_as_large_as_asked_for(stored: Stored) -> None:
    library = await count_library(stored.reader, 60)
    assert not library.is_whole
    assert 30 <= len(library.sample.asset_ids) <= 90


async def test_a_change_is_noticed_without_counting(stored: Stored) -> None:
    await stored.session.execute("SELECT pg_stat_force_next_flush()")
    before = await count_changes(stored.reader)
    await stored.session.execute("DELETE FROM asset_tags WHERE tag = 'weapon'")
    await stored.session.execute("SELECT pg_stat_force_next_flush()")
    assert await count_changes(stored.reader) > before


async def test_cards_come_in_the_order_asked_for_with_every_tag(stored: Stored) -> None:
    wanted = ["game/texture-007", "never/seen", "game/texture-003"]
    found = await cards(stored.reader, wanted)
    assert [card.asset_id for card in found] == ["game/texture-007", "game/texture-003"]
    for card in found:
        assert {(tag.category, tag.tag): tag.confidence for tag in card.tags} == stored.current(card.asset_id)


async def test_a_textures_page_has_every_word_that_was_said(stored: Stored) -> None:
    asset_id = next(asset_id for asset_id, said in stored.human.items() if said)
    found = await texture(stored.reader, asset_id)
    assert found is not None
    human = {(item.category, item.tag): item.verdict for item in found.said if item.source == "human"}
    assert human == stored.human[asset_id]
    assert {item.decided_by for item in found.said if item.source == "human"} == {"anna"}
    assert await texture(stored.reader, "never/seen") is None
    assert await location_of(stored.reader, found.fields["sha256"]) == ("b", asset_id)
    assert await embedding_of(stored.reader, found.fields["sha256"], DIGEST) is None


async def test_arrivals_are_told_once_and_late_commits_too(stored: Stored, database: DatabaseConnection) -> None:
    """A transaction that began earlier may end later: its textures are older than those already told."""
    arrivals = Arrivals(stored.reader)
    assert await arrivals.new() == 0
    late = await connect(database)
    slow = late.transaction()
    await slow.start()
    now = datetime.now(UTC)
    await late.execute(late.sql(INSERT), "late", now, "1" * 64, DIGEST)
    await stored.session.execute(stored.session.sql(INSERT), "quick", now + timedelta(seconds=1), "2" * 64, DIGEST)
    assert await arrivals.new() == 1
    await slow.commit()
    await late.close()
    assert await arrivals.new() == 1
    assert await arrivals.new() == 0
