"""Whatever is missing, wrong or too much after a run is named; what may come twice is only counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest

from schemas import ObjectRef
from tests.chaos.load import Load, make_load
from tests.chaos.poison import Poison, bad_objects
from tests.chaos.scenario import SHORT
from tests.chaos.verdict import Found, FoundRow, Letter, Look, Relation, SourceOffset, Told, Undisturbed, judge

OBJECTS = [ObjectRef(bucket="chaos", key=f"{number}.png") for number in range(3)]
LOOKS = {
    item.key: Look(1, item.key, (4, 4), "RGB", "model", "taxonomy", (("kind", item.key, 0.5, "mini"),), "[1,2]")
    for item in OBJECTS
}
# The last is the first one again.
BETWEEN = frozenset({Relation("0.png", "2.png", "flipped", "other"), Relation("2.png", "0.png", "flipped", "this")})
UNDISTURBED = Undisturbed(LOOKS, BETWEEN)
POISON = Poison("chaos", {kind: ObjectRef(bucket="chaos", key=kind) for kind in bad_objects(10)})
LOAD: Load = make_load(replace(SHORT, events=400), OBJECTS, POISON, 0)


def told(key: str) -> Told:
    """Return what an asset with the content is told to be: itself, since others have it, and what it is related to."""
    return Told(key, frozenset({key, *(item.other_sha256 for item in BETWEEN if item.sha256 == key)}))


def place(number: int) -> SourceOffset:
    """Return where a record lies on asset-extracted."""
    return (number % 4, number)


def clean() -> Found:
    """Return what a run without a fault leaves behind."""
    poisoned = [(number, record) for number, record in enumerate(LOAD.records) if record.poison]
    return Found(
        numbers={place(number): number for number in range(len(LOAD.records))},
        rows={
            asset_id: FoundRow(event.event_id, event.object.key, LOOKS[event.object.key])
            for asset_id, event in LOAD.expected.items()
        },
        letters=[Letter(place(number), record.key, record.value) for number, record in poisoned],
        answers=Counter(place(number) for number, record in enumerate(LOAD.records) if not record.poison),
        bad_tagged=frozenset({(0, 5), (1, 6)}),
        tagged_letters={group: [(0, 5), (1, 6)] for group in ("sink", "comparer")},
        told={
            **{asset_id: told(event.object.key) for asset_id, event in LOAD.expected.items()},
            **dict.fromkeys(LOAD.removed, Told(None, frozenset())),
        },
        relations=[*BETWEEN, *(Relation(key, key, "identical", "this") for key in LOOKS)],
        lag_records={"tagger": 0, "sink": 0, "comparer": 0},
        unasked_exits=[],
        stalls=0,
        exit_codes={"tagger-1": 0, "sink-1": 0},
    )


def _values(found: Found) -> dict[str, float]:
    return {figure.figure: figure.value for figure in judge(LOAD, UNDISTURBED, found).figures}


def test_a_clean_run_has_no_problem_and_all_counts_are_zero() -> None:
    verdict = judge(LOAD, UNDISTURBED, clean())

    assert verdict.problems == []
    assert set(_values(clean()).values()) == {0}
    assert all(figure.met is not False for figure in verdict.figures)


ASSET = next(iter(LOAD.expected))
POISONED = next(number for number, record in enumerate(LOAD.records) if record.poison)
GOOD = next(number for number, record in enumerate(LOAD.records) if not record.poison)


def _without_row(found: Found) -> None:
    found.rows = {asset_id: row for asset_id, row in found.rows.items() if asset_id != ASSET}


def _with_row(found: Found) -> None:
    found.rows = {**found.rows, "chaos/removed": found.rows[ASSET]}


def _with_old_event(found: Found) -> None:
    found.rows = {**found.rows, ASSET: replace(found.rows[ASSET], extracted_event_id=uuid4())}


def _with_other_tags(found: Found) -> None:
    row = found.rows[ASSET]
    found.rows = {**found.rows, ASSET: replace(row, look=replace(row.look, tags=()))}


def _without_letter(found: Found) -> None:
    found.letters = [letter for letter in found.letters if letter.place != place(POISONED)]


def _with_letter(found: Found) -> None:
    reason = "ObjectMissingError at fetch: there is none"
    found.letters = [*found.letters, Letter(place(GOOD), b"k", b"v", reason=reason)]


def _without_record(found: Found) -> None:
    found.numbers = {at: number for at, number in found.numbers.items() if number}


def _with_changed_letter(found: Found) -> None:
    first = found.letters[0]
    found.letters = [replace(first, value=b"other"), *found.letters[1:]]


def _without_answer(found: Found) -> None:
    del found.answers[place(GOOD)]


def _without_letter_of_a_result(found: Found) -> None:
    found.tagged_letters = {**found.tagged_letters, "comparer": [(1, 6)]}


def _with_letter_of_a_good_result(found: Found) -> None:
    found.tagged_letters = {**found.tagged_letters, "sink": [(0, 5), (1, 6), (3, 99)]}


def _without_word_on_an_asset(found: Found) -> None:
    found.told = {asset_id: word for asset_id, word in found.told.items() if asset_id != ASSET}


def _with_word_on_other_content(found: Found) -> None:
    found.told = {**found.told, ASSET: Told("of another event", frozenset())}


def _with_word_that_lacks_a_pair(found: Found) -> None:
    found.told = {**found.told, ASSET: Told(LOAD.expected[ASSET].object.key, frozenset())}


def _with_word_on_what_was_removed(found: Found) -> None:
    found.told = {**found.told, LOAD.removed[0]: told("0.png")}


def _without_stored_pair(found: Found) -> None:
    found.relations = [item for item in found.relations if item.sha256 != "0.png" or item.other_sha256 == "0.png"]


def _without_stored_copy(found: Found) -> None:
    found.relations = [item for item in found.relations if item.sha256 != "1.png"]


def _with_pair_stored_twice(found: Found) -> None:
    found.relations = [*found.relations, next(iter(BETWEEN))]


def _with_pair_of_strangers(found: Found) -> None:
    found.relations = [*found.relations, Relation("1.png", "2.png", "resized", "this")]


def _with_lag(found: Found) -> None:
    found.lag_records = {"tagger": 3, "sink": 0, "comparer": 0}


def _with_exit(found: Found) -> None:
    found.unasked_exits = ["tagger-1 with 1"]


def _with_stall(found: Found) -> None:
    found.stalls = 1


def _with_exit_code(found: Found) -> None:
    found.exit_codes = {"tagger-1": 0, "sink-1": -9}


@pytest.mark.parametrize(
    ("spoil", "figure", "sentence"),
    [
        (_without_row, "assets_lost", "1 assets have no row: chaos/"),
        (_with_row, "rows_too_many", "no asset that should be there: chaos/removed"),
        (_with_old_event, "rows_wrong", "differ from those of an undisturbed run"),
        (_with_other_tags, "rows_wrong", "differ from those of an undisturbed run"),
        (_without_letter, "poison_without_dead_letter", f"{LOAD.records[POISONED].poison} at "),
        (
            _with_letter,
            "dead_letters_of_good_records",
            f"1 good records became dead letters: {place(GOOD)} by ObjectMissingError at fetch: there is none",
        ),
        (_without_record, "records_unpublished", "1 planned records are not on their topic: 0"),
        (_with_changed_letter, "dead_letters_changed", "not their records byte for byte"),
        (_without_answer, "good_records_unanswered", "neither result nor removal"),
        (_without_letter_of_a_result, "bad_results_without_dead_letter", "asset-tagged have no dead letter"),
        (
            _with_letter_of_a_good_result,
            "dead_letters_of_good_results",
            "became dead letters: ('sink', (3, 99))",
        ),
        (_without_word_on_an_asset, "related_lost", f"no asset-related event of what they are: {ASSET}"),
        (
            _with_word_on_other_content,
            "related_lost",
            f"no asset-related event of what they are: {ASSET}",
        ),
        (_with_word_that_lacks_a_pair, "related_wrong", f"do not tell what an undisturbed run told: {ASSET}"),
        (_with_word_on_what_was_removed, "removals_not_related", "1 removals were not passed on to asset-related"),
        (_without_stored_pair, "relations_lost", "1 pairs that belong together are not stored"),
        (_without_stored_copy, "relations_lost", "1 pairs that belong together are not stored"),
        (_with_pair_stored_twice, "relations_too_many", "1 pairs are stored twice or should not be"),
        (_with_pair_of_strangers, "relations_too_many", "1 pairs are stored twice or should not be"),
        (_with_lag, "lag_tagger", "3 records wait for the taggers"),
        (_with_exit, "unasked_exits", "without being killed: tagger-1 with 1"),
        (_with_stall, "stalls", "1 consumers stalled"),
        (_with_exit_code, "bad_exit_codes", "when told to: sink-1 with -9"),
    ],
)
def test_each_defect_is_counted_and_told(spoil: Callable[[Found], None], figure: str, sentence: str) -> None:
    found = clean()
    spoil(found)

    verdict = judge(LOAD, UNDISTURBED, found)

    (problem,) = verdict.problems
    assert sentence in problem
    (unmet,) = [item for item in verdict.figures if item.met is False]
    assert unmet.figure == figure


def test_what_came_twice_is_counted_and_no_problem() -> None:
    """At least once is what Kafka gives; the rows tell whether it did harm."""
    found = clean()
    found.answers[place(GOOD)] += 2
    found.letters = [*found.letters, found.letters[0]]
    found.tagged_letters = {**found.tagged_letters, "sink": [(0, 5), (1, 6), (0, 5)]}
    again = (0, len(LOAD.records))
    found.numbers = {**found.numbers, again: POISONED}
    found.letters = [*found.letters, replace(found.letters[0], place=again)]

    assert judge(LOAD, UNDISTURBED, found).problems == []
    values = _values(found)
    assert values["duplicates_delivered"] == 2
    assert values["records_published_twice"] == 1
    assert values["dead_letters_repeated"] == 1
    assert values["dead_letters_of_results_repeated"] == 1


def test_which_of_two_mirror_images_is_the_other_one_mirrored_is_chance() -> None:
    found = clean()
    turned = {"this": "other", "other": "this"}
    found.relations = [
        item._replace(said_of=turned[item.said_of]) if item.relation == "flipped" else item for item in found.relations
    ]

    assert judge(LOAD, UNDISTURBED, found).problems == []


def test_many_problems_are_told_by_a_few_examples() -> None:
    found = clean()
    found.rows = {}

    (problem,) = judge(LOAD, UNDISTURBED, found).problems

    assert problem.startswith(f"{len(LOAD.expected)} assets have no row: ")
    assert problem.endswith(", …")
    assert problem.count("chaos/") == 5
