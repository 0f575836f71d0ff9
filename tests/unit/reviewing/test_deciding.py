"""From what a person says to the event that tells it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.reviewing.deciding import Decision, NewTagError, Said, SaidError, after, decide, standing_tags
from consumer.storage.tables.verdict_reads import StoredAsset, TagOnRecord
from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.bundle.taxonomy import load_taxonomy
from consumer.tagging.bundle.vocabulary import Vocabulary
from schemas import Verdict, Word, utc_now
from schemas.headers import SourcePlace

VOCABULARY = Vocabulary.of(load_taxonomy(default_bundle_path() / TAXONOMY))


def by_model(tag: str, confidence: float, category: str = "object_types") -> TagOnRecord:
    return TagOnRecord(category, tag, confidence, "aegis-mini", None, settles=False)


SWORD = StoredAsset(
    "game/sword",
    SourcePlace(3, 41),
    (by_model("weapon", 0.8), by_model("ui_element", 0.59), by_model("metal", 0.7, "materials")),
)


def said(tag: str, word: Word, asset: StoredAsset = SWORD, **fields: object) -> Decision:
    return decide(
        Said(asset.asset_id, tag, word, "anna", **fields),  # type: ignore[arg-type]  # passed on
        asset,
        VOCABULARY,
        at=utc_now(),
        extracted_topic="asset-extracted",
    )


def shown(decision: Decision) -> dict[str, str | None]:
    return {tag.tag: tag.verdict for tag in decision.event.tags}


def test_confirming_a_tag_settles_its_exclusive_category() -> None:
    """What else the model saw there is no longer shown; other categories are as they were."""
    assert shown(said("weapon", Word.CONFIRMED)) == {"weapon": "confirmed", "metal": None}


def test_confirming_a_tag_beside_others_of_its_category_leaves_them() -> None:
    asset = StoredAsset("a", None, (by_model("metal", 0.7, "materials"), by_model("wood", 0.6, "materials")))

    assert shown(said("metal", Word.CONFIRMED, asset)) == {"metal": "confirmed", "wood": None}


def test_rejecting_a_tag_takes_it_away_and_settles_nothing() -> None:
    decision = said("ui_element", Word.REJECTED)

    assert shown(decision) == {"weapon": None, "metal": None}
    assert not decision.event.verdict.settles


def test_a_tag_that_is_added_needs_no_category_where_the_vocabulary_has_one() -> None:
    decision = said("vehicle", Word.ADDED)

    assert decision.event.verdict.category == "object_types"
    assert shown(decision) == {"vehicle": "added", "metal": None}


def test_withdrawing_brings_the_models_word_back_and_tells_what_was_replaced() -> None:
    confirmed = after(SWORD, said("weapon", Word.CONFIRMED).event.verdict)

    decision = said("weapon", Word.WITHDRAWN, confirmed)

    assert decision.replaced is Word.CONFIRMED
    assert shown(decision) == {"weapon": None, "metal": None, "ui_element": None}


def test_what_nobody_said_cannot_be_withdrawn() -> None:
    with pytest.raises(SaidError, match="nobody has said anything of weapon of 'game/sword'"):
        said("weapon", Word.WITHDRAWN)


@pytest.mark.parametrize("category", [None, "object_types"])
def test_a_tag_that_the_vocabulary_does_not_have_gets_the_nearest_names(category: str | None) -> None:
    with pytest.raises(NewTagError, match=r"has no tag 'weapn'.*; did you mean weapon\?") as told:
        said("weapn", Word.ADDED, category=category)

    assert told.value.nearest[0] == "weapon"


def test_a_tag_in_the_wrong_category_is_told_its_own() -> None:
    with pytest.raises(NewTagError, match="has weapon in object_types, not in materials"):
        said("weapon", Word.ADDED, category="materials")


def test_a_tag_of_ones_own_is_taken_where_it_is_said_to_be_new() -> None:
    decision = said("excalibur", Word.ADDED, category="object_types", is_new=True)

    assert shown(decision)["excalibur"] == "added"


def test_a_tag_of_ones_own_needs_a_category() -> None:
    with pytest.raises(SaidError, match="say of which category it is"):
        said("excalibur", Word.ADDED, is_new=True)


def test_what_another_vocabulary_has_put_there_may_be_confirmed() -> None:
    asset = StoredAsset("a", None, (by_model("teapot", 0.5, "kitchen"),))

    assert shown(said("teapot", Word.CONFIRMED, asset)) == {"teapot": "confirmed"}


def test_a_tag_of_two_categories_must_be_told_apart() -> None:
    asset = StoredAsset("a", None, (by_model("gold", 0.5, "materials"), by_model("gold", 0.4, "color_palettes")))

    with pytest.raises(SaidError, match="gold is a tag of color_palettes and materials: say of which"):
        said("gold", Word.CONFIRMED, asset)


def test_what_no_event_can_hold_is_told_by_its_field() -> None:
    with pytest.raises(SaidError, match="by: holds a NUL character"):
        decide(
            Said("game/sword", "weapon", Word.CONFIRMED, "an\0na"),
            SWORD,
            VOCABULARY,
            at=utc_now(),
            extracted_topic="asset-extracted",
        )


def test_the_event_names_the_extraction_whose_picture_was_seen() -> None:
    caused_by = said("weapon", Word.CONFIRMED).event.caused_by

    assert caused_by is not None
    assert (caused_by.topic, caused_by.partition, caused_by.offset) == ("asset-extracted", 3, 41)


verdicts = st.builds(
    Verdict,
    category=st.sampled_from(["object_types", "materials"]),
    tag=st.sampled_from(["weapon", "metal", "prop"]),
    word=st.sampled_from(Word),
    settles=st.booleans(),
)


@given(words=st.lists(verdicts, max_size=8))
def test_saying_everything_twice_changes_nothing(words: list[Verdict]) -> None:
    """As a redelivery does."""
    once, twice = SWORD, SWORD
    for verdict in words:
        once = after(once, verdict)
        twice = after(after(twice, verdict), verdict)

    assert standing_tags(once.tags) == standing_tags(twice.tags)


@given(words=st.lists(verdicts, max_size=8))
def test_after_everything_is_withdrawn_the_model_alone_speaks(words: list[Verdict]) -> None:
    asset = SWORD
    for verdict in words:
        asset = after(asset, verdict)
    for verdict in words:
        asset = after(asset, verdict.model_copy(update={"word": Word.WITHDRAWN}))

    assert standing_tags(asset.tags) == standing_tags(SWORD.tags)
