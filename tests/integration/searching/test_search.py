"""One search over real tables: names and paths, tags and synonyms, looks, and filters on top."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.searching.finder import Finder, Findings, LikeUnknownError, Question
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.rows import TagRow
from consumer.storage.tables.search.filters import SearchFilter
from consumer.storage.tables.search.tag_query import TagQuery
from consumer.storage.tables.tags import TagStore
from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.bundle.taxonomy import load_taxonomy
from consumer.tagging.bundle.vocabulary import Vocabulary
from schemas import Word
from schemas.connections import DatabaseConnection
from testkit.saying import word_row
from tests.unit.storage.samples import MODEL, row, tombstone

VOCABULARY = Vocabulary.of(load_taxonomy(default_bundle_path() / TAXONOMY))
SWORDLIKE, OTHER = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)


class _Looks:
    """What a text tower says of any words: they look like a sword."""

    model_digest = MODEL

    def __call__(self, _: str, /) -> npt.NDArray[np.float32]:
        return SWORDLIKE


def _asset(asset_id: str, *tags: tuple[str, float], like: npt.NDArray[np.float32] = OTHER, **fields: Any) -> Any:
    rows = tuple(TagRow("object_types", tag, confidence, "clip") for tag, confidence in tags)
    sha256 = f"{abs(hash(asset_id)):064x}"[-64:]
    return row(asset_id, tags=rows, embedding=like.astype(np.float16), sha256=sha256, **fields)


LIBRARY = [
    _asset("game/items/sword_01.png"),
    _asset("game/items/greatsword.png"),
    _asset("game/items/rustySword.png", ("weapon", 0.4), width=512, height=64),
    _asset("game/items/axe.png", ("weapon", 0.9)),
    _asset("game/trees/jungle.png", ("vegetation", 0.8), like=SWORDLIKE),
    _asset("game/trees/oak.png", ("vegetation", 0.9)),
    _asset("other/ui/icons/door.png", ("architecture", 0.7), model_id="another", source='{"game": "Other"}'),
]


@pytest.fixture
async def store(database: DatabaseConnection) -> AsyncIterator[TagStore]:
    await migrate(database)
    async with await TagStore.open(database) as opened:
        await opened.write_batch(LIBRARY)
        await opened.write_batch([word_row("game/items/axe.png", "object_types", "weapon", Word.REJECTED)])
        await opened.embeddings_settled()
        yield opened


@pytest.fixture
async def reader(store: TagStore, database: DatabaseConnection) -> AsyncIterator[TagReader]:
    async with await TagReader.open(database) as opened:
        yield opened


@pytest.fixture
def find(reader: TagReader) -> Finder:
    return Finder(reader, VOCABULARY, _Looks())


def _ids(findings: Findings) -> list[str]:
    return [found.asset.asset_id for found in findings.found]


async def test_what_is_called_so_comes_before_what_only_looks_so(find: Finder) -> None:
    findings = await find(Question("sword"))

    assert set(_ids(findings)[:3]) == {
        "game/items/sword_01.png",
        "game/items/rustySword.png",
        "game/items/greatsword.png",
    }
    by_id = {found.asset.asset_id: found for found in findings.found}
    assert by_id["game/items/rustySword.png"].evidences[0] == "name"
    assert "tag" in by_id["game/items/rustySword.png"].evidences
    assert by_id["game/trees/jungle.png"].evidences == ("looks",)
    assert by_id["game/trees/jungle.png"].similarity == pytest.approx(1, abs=1e-3)


async def test_a_name_is_found_without_any_tag_and_without_a_model(reader: TagReader) -> None:
    findings = await Finder(reader, None, None)(Question("greatsword"))

    assert _ids(findings) == ["game/items/greatsword.png"]


async def test_what_people_took_away_is_not_found_by_it(find: Finder) -> None:
    """An axe was called a weapon by the model alone, and a person rejected it."""
    by_id = {found.asset.asset_id: found for found in (await find(Question("weapon"))).found}

    assert "tag" not in by_id["game/items/axe.png"].evidences


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (SearchFilter(folder="items"), 4),
        (SearchFilter(folder="ui/icons"), 1),
        (SearchFilter(folder="tems"), 0),
        (SearchFilter(game="game"), 6),
        (SearchFilter(game="Other"), 1),
        (SearchFilter(min_side=500), 1),
        (SearchFilter(max_side=4), 6),
        (SearchFilter(said="rejected"), 1),
        (SearchFilter(said="any"), 1),
        (SearchFilter(said="none"), 6),
        (SearchFilter(said="confirmed"), 0),
        (SearchFilter(model="another"), 1),
        (SearchFilter(model=MODEL), 7),
        (SearchFilter(tags=("vegetation",), min_confidence=0.85), 1),
        (SearchFilter(category="object_types", min_confidence=0.5), 3),
    ],
    ids=repr,
)
async def test_filters_narrow_down_what_looks_alike_and_what_is_listed(
    find: Finder, reader: TagReader, where: SearchFilter, expected: int
) -> None:
    """Everything looks a little like a sword here."""
    assert len(_ids(await find(Question("no such name", where=where)))) == expected
    if not (where.tags or where.category):
        assert len(await reader.search(TagQuery(where=where))) == expected


async def test_pages_follow_each_other_without_a_gap(find: Finder) -> None:
    whole = _ids(await find(Question("sword", limit=100)))
    pages = [await find(Question("sword", limit=3, offset=offset)) for offset in range(0, len(whole), 3)]

    assert [asset_id for page in pages for asset_id in _ids(page)] == whole
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]


async def test_an_asset_is_a_question_too(find: Finder) -> None:
    findings = await find(Question(like="game/trees/jungle.png", limit=1))
    assert _ids(findings) == ["game/trees/jungle.png"]

    with pytest.raises(LikeUnknownError, match="no asset 'never/seen' is stored"):
        await find(Question(like="never/seen"))


async def test_of_several_words_the_rarer_one_leads(store: TagStore, reader: TagReader) -> None:
    """None is called both: what is called health is nearer to an icon for health than any icon."""
    icons = [_asset(f"game/ui/icon_{number}.png") for number in range(20)]
    await store.write_batch([*icons, _asset("game/misc/healthbar.png")])

    assert _ids(await Finder(reader, VOCABULARY, None)(Question("health icon")))[0] == "game/misc/healthbar.png"


async def test_a_word_of_several_is_found_as_a_part_of_another(store: TagStore, reader: TagReader) -> None:
    await store.write_batch([_asset("game/ruby/glassbutton.png"), _asset("game/forms/without.png")])
    find = Finder(reader, VOCABULARY, None)

    assert "game/ruby/glassbutton.png" in _ids(await find(Question("red button")))
    assert _ids(await find(Question("door with sword")))[-1] != "game/forms/without.png", "with tells nothing"


async def test_the_words_of_a_tag_are_not_looked_for_one_by_one(store: TagStore, reader: TagReader) -> None:
    """A normal map is a tag: what is called a map is none."""
    tagged = _asset("game/trees/oak_n.png", ("normal_map", 1.0))
    await store.write_batch([tagged, _asset("game/ui/map_trade.png")])

    assert _ids(await Finder(reader, VOCABULARY, None)(Question("normal map"))) == ["game/trees/oak_n.png"]


@pytest.mark.parametrize(
    ("words", "note", "first"),
    [
        ("weapn", "nothing is called weapn; did you mean weapon?", "game/items/rustySword.png"),
        ("steeldoor", "nothing is called steeldoor; did you mean door?", "other/ui/icons/door.png"),
        ("swoord", "nothing is called swoord; did you mean sword?", "game/items/sword_01.png"),
        ("jungel", "nothing is called jungel; did you mean jungle?", "game/trees/jungle.png"),
    ],
)
async def test_what_nothing_is_called_is_told_and_asked_as_it_was_meant(
    find: Finder, words: str, note: str, first: str
) -> None:
    findings = await find(Question(words))

    assert findings.notes == (note,)
    assert first in _ids(findings)[:3]


async def test_of_several_misspelt_words_each_is_told(find: Finder) -> None:
    """One that the taxonomy knows, and one that names alone hold."""
    findings = await find(Question("swoord jungel"))

    assert findings.notes == (
        "nothing is called swoord; did you mean sword?",
        "nothing is called jungel; did you mean jungle?",
    )
    assert "game/trees/jungle.png" in _ids(findings)


async def test_a_word_of_names_is_offered_only_where_something_is_called_so(store: TagStore, find: Finder) -> None:
    """Neither what another folder holds, nor what is gone."""
    assert (await find(Question("jungel", where=SearchFilter(folder="items")))).notes == ()
    await store.write_batch([tombstone("game/trees/jungle.png", removed=10**8)])
    assert (await find(Question("jungel"))).notes == ()


async def test_a_misspelt_tag_of_a_filter_is_told_with_the_nearest(find: Finder) -> None:
    filtered = await find(Question("door", where=SearchFilter(tags=("architekture",))))
    assert filtered.notes == ("no tag architekture; did you mean architecture?",)


async def test_every_tag_of_an_asset_is_told(store: TagStore, reader: TagReader) -> None:
    many = _asset("game/many.png", *((f"tag-{number:02}", 0.5) for number in range(30)))
    await store.write_batch([many])

    (found,) = (await Finder(reader, None, None)(Question("many"))).found

    assert len(found.asset.tags) == 30


async def test_a_part_of_an_id_is_found_without_any_tag_in_the_order_of_ids(reader: TagReader) -> None:
    """As `--text` and `text=` ask."""
    found = await reader.search(TagQuery(text="SWORD", min_confidence=0.5))

    assert [match.asset.asset_id for match in found] == [
        "game/items/greatsword.png",
        "game/items/rustySword.png",
        "game/items/sword_01.png",
    ]


async def test_pages_without_a_tag_follow_each_other(reader: TagReader) -> None:
    found: list[str] = []
    query = TagQuery(where=SearchFilter(min_side=1), limit=2)
    while matches := await reader.search(query):
        found += [match.asset.asset_id for match in matches]
        query = replace(query, after=matches[-1].page)

    assert found == sorted(found)
    assert set(found) >= {"game/items/greatsword.png", "other/ui/icons/door.png"}
    assert len(found) == len(await reader.search(TagQuery(where=SearchFilter(min_side=1), limit=1000)))


@pytest.mark.parametrize("words", ["GRUNE", "TASSE", "rüne", "grüne tas"])
async def test_a_part_of_a_name_is_found_in_any_case(store: TagStore, reader: TagReader, words: str) -> None:
    """Letters beyond ASCII too."""
    await store.write_batch([_asset("game/items/GRÜNETASSE.png"), _asset("game/items/grunetasse.png")])

    found = _ids(await Finder(reader, None, None)(Question(words)))

    expected = {"GRUNE": {"grunetasse"}, "TASSE": {"GRÜNETASSE", "grunetasse"}}.get(words, {"GRÜNETASSE"})
    assert set(found) == {f"game/items/{name}.png" for name in expected}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60))
async def test_whatever_is_typed_is_answered(find: Finder, words: str) -> None:
    """Operators of a text search, quotes, wildcards, signs of any script."""
    await find(Question(words, limit=2))
