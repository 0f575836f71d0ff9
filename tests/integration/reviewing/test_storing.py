"""People's words in the tables: the newest on each tag holds, in whatever order and how often they are stored."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.reviewing.deciding import standing_tags
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.rows import TagRow
from consumer.storage.tables.tags import TagStore
from consumer.storage.tables.verdict_reads import HistoryQuery, history, known_events, stored_assets
from consumer.storage.tables.verdicts import VerdictRow
from schemas import Word, utc_now
from schemas.connections import DatabaseConnection
from testkit.saying import word_row
from tests.unit.storage.samples import row, tombstone

CATEGORY = "object_types"


@pytest.fixture
async def store(database: DatabaseConnection) -> AsyncIterator[TagStore]:
    await migrate(database)
    async with await TagStore.open(database) as opened:
        yield opened


@pytest.fixture
async def reader(store: TagStore, database: DatabaseConnection) -> AsyncIterator[TagReader]:
    async with await TagReader.open(database) as opened:
        yield opened


def said(tag: str, word: Word, offset: int, asset_id: str = "asset", **fields: object) -> VerdictRow:
    return word_row(asset_id, CATEGORY, tag, word, source_offset=offset, **fields)


async def holding(reader: TagReader, asset_id: str = "asset") -> dict[str, str | None]:
    detail = await reader.asset(asset_id)
    assert detail is not None
    return {tag.tag: tag.verdict for tag in detail.tags}


async def test_the_word_that_lies_last_holds_in_whatever_order_they_arrive(store: TagStore, reader: TagReader) -> None:
    await store.write_batch([row(tags=(TagRow(CATEGORY, "weapon", 0.8, "clip"),))])
    words = [
        said("weapon", word, offset)
        for offset, word in enumerate([Word.CONFIRMED, Word.REJECTED, Word.WITHDRAWN, Word.CONFIRMED, Word.REJECTED])
    ]
    for _ in range(4):
        random.shuffle(words)
        for word in words:
            await store.write_batch([word])

    assert await holding(reader) == {}


async def test_a_withdrawn_word_stays_withdrawn_when_it_is_delivered_again(store: TagStore, reader: TagReader) -> None:
    await store.write_batch([row(tags=(TagRow(CATEGORY, "weapon", 0.8, "clip"),))])
    rejected, withdrawn = said("weapon", Word.REJECTED, 1), said("weapon", Word.WITHDRAWN, 2)
    await store.write_batch([rejected, withdrawn])
    await store.write_batch([rejected])

    assert await holding(reader) == {"weapon": None}


async def test_an_event_that_was_written_twice_counts_from_where_it_lies_first(
    store: TagStore, reader: TagReader
) -> None:
    """Its writer had no answer and sent it again, after somebody else had said another thing."""
    await store.write_batch([row()])
    first = said("weapon", Word.CONFIRMED, 10)
    await store.write_batch([first._replace(source_offset=12), said("weapon", Word.REJECTED, 11)])
    assert "weapon" in await holding(reader)

    await store.write_batch([first])
    assert "weapon" not in await holding(reader)
    assert len(await history(reader, HistoryQuery())) == 2


async def test_after_partitions_were_added_the_later_of_their_last_words_holds(
    store: TagStore, reader: TagReader
) -> None:
    await store.write_batch([row()])
    now = utc_now()
    await store.write_batch(
        [
            said("weapon", Word.CONFIRMED, 900, decided_at=now),
            said("weapon", Word.REJECTED, 3, source_partition=7, decided_at=now + timedelta(seconds=1)),
        ]
    )

    assert "weapon" not in await holding(reader)


async def test_a_confirmed_tag_settles_its_category_for_this_tagging_and_the_next(
    store: TagStore, reader: TagReader
) -> None:
    def tagging(extracted: int, *names: str) -> list[TagRow]:
        return [TagRow(CATEGORY, name, 0.5, "clip") for name in names] + [TagRow("materials", "metal", 0.6, "clip")]

    await store.write_batch([row(extracted=1, tags=tuple(tagging(1, "weapon", "ui_element")))])
    await store.write_batch([said("weapon", Word.CONFIRMED, 1, settles=True)])
    assert await holding(reader) == {"weapon": "confirmed", "metal": None}

    await store.write_batch([row(extracted=2, tags=tuple(tagging(2, "vehicle")))])
    assert await holding(reader) == {"weapon": "confirmed", "metal": None}

    await store.write_batch([said("weapon", Word.WITHDRAWN, 2)])
    assert await holding(reader) == {"vehicle": None, "metal": None}


async def test_words_outlive_the_removal_and_the_return_of_their_asset(store: TagStore, reader: TagReader) -> None:
    await store.write_batch([row(extracted=1), said("sword", Word.ADDED, 1), tombstone(removed=2)])
    assert await reader.asset("asset") is None

    await store.write_batch([row(extracted=3, tags=())])
    assert await holding(reader) == {"sword": "added"}


async def test_one_word_that_no_table_takes_does_not_fail_its_batch(store: TagStore, reader: TagReader) -> None:
    good = said("weapon", Word.CONFIRMED, 1)
    errors = await store.write_isolating([good, said("nul\x00", Word.CONFIRMED, 2), row()])

    assert [error is None for error in errors] == [True, False, True]
    assert "weapon" in await holding(reader)


async def test_two_sinks_at_once_leave_the_last_word(store: TagStore, reader: TagReader) -> None:
    """One has lost its partition and stores on; neither sees the other's transaction."""
    await store.write_batch([row()])
    for turn in range(20):
        words = [said("weapon", Word.CONFIRMED, 2 * turn), said("weapon", Word.REJECTED, 2 * turn + 1)]
        random.shuffle(words)
        await asyncio.gather(*(store.write_batch([word]) for word in words))
        assert "weapon" not in await holding(reader)


async def test_a_history_has_every_word_newest_first_and_page_by_page(store: TagStore, reader: TagReader) -> None:
    now = utc_now()
    words = [
        said("weapon", Word.CONFIRMED, number, f"asset-{number % 2}", decided_at=now + timedelta(seconds=number // 3))
        for number in range(10)
    ]
    await store.write_batch(words)
    seen, page = [], None
    while found := await history(reader, HistoryQuery(limit=3, after=page)):
        seen += found
        page = found[-1].page

    assert sorted(past.event_id for past in seen) == sorted(word.event_id for word in words)
    assert [past.decided_at for past in seen] == sorted((past.decided_at for past in seen), reverse=True)
    assert {past.asset_id for past in await history(reader, HistoryQuery(asset_id="asset-1"))} == {"asset-1"}
    assert await history(reader, HistoryQuery(by="nobody")) == []
    assert await known_events(reader, [words[0].event_id, uuid.uuid4()]) == {words[0].event_id}


TAGS = ("weapon", "prop", "metal")
words = st.lists(
    st.tuples(
        st.sampled_from(["object_types", "materials"]), st.sampled_from(TAGS), st.sampled_from(Word), st.booleans()
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoken=words)
async def test_the_view_and_the_event_say_the_same_of_an_asset(
    store: TagStore, reader: TagReader, spoken: list[tuple[str, str, Word, bool]]
) -> None:
    """``tags`` of asset-reviewed are computed without the database; a subscriber must see what a search sees."""
    asset_id = uuid.uuid4().hex
    tags = tuple(TagRow(category, tag, 0.5, "clip") for category in ("object_types", "materials") for tag in TAGS[:2])
    await store.write_batch([row(asset_id, tags=tags)])
    await store.write_batch(
        [
            word_row(asset_id, category, tag, word, settles=settles and word.is_approval)
            for category, tag, word, settles in spoken
        ]
    )

    detail, stored = await reader.asset(asset_id), await stored_assets(reader, [asset_id])

    assert detail is not None
    assert {(tag.category, tag.tag, tag.confidence, tag.verdict) for tag in detail.tags} == {
        (tag.category, tag.tag, tag.confidence, tag.verdict) for tag in standing_tags(stored[asset_id].tags)
    }


async def test_words_of_before_they_were_events_are_kept_with_ids_of_their_own(
    database: DatabaseConnection,
) -> None:
    """As a database of the version before this one has them."""
    await migrate(database, to="0004")
    session = await asyncpg.connect(database.dsn.get_secret_value())
    await session.execute(f'SET search_path TO "{database.db_schema}", public')
    await session.execute(
        "INSERT INTO asset_tags (asset_id, category, tag, source, confidence, verdict, decided_by, decided_at) "
        "VALUES ('asset', 'object_types', 'weapon', 'human', 1, 'confirmed', 'anna', now())"
    )
    await session.close()

    await migrate(database)

    async with await TagReader.open(database) as reader:
        (kept,) = await history(reader, HistoryQuery())
    assert (kept.asset_id, kept.tag, kept.word, kept.decided_by) == ("asset", "weapon", "confirmed", "anna")
    assert not kept.is_published
