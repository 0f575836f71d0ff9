"""Whether what was found after a run is what must be there: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from benchmarks.support.figures import Figure
from schemas import AssetExtracted
from tests.chaos.load import Load, PlannedRecord

# Of the others each of the two is it of the other: who is said to be it is whoever was compared last.
_ONE_SIDED = frozenset({"mip-of", "resized", "cropped", "padded"})
SourceOffset = tuple[int, int]  # partition and offset on asset-extracted
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What a texture looks like in the tables; two runs of one model give the same."""

    size_bytes: int | None
    sha256: str | None
    dimensions: tuple[int, int]
    mode: str
    model_digest: str
    taxonomy_digest: str
    tags: tuple[tuple[str, str, float, str], ...]
    embedding: str | None


@dataclass(frozen=True, slots=True)
class FoundRow:
    """One row of ``assets`` with all that hangs on it."""

    extracted_event_id: UUID
    object_key: str
    look: Look


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: the place of its record, its key and value, who gave it up, and why."""

    place: SourceOffset
    key: bytes | None
    value: bytes | None
    group: str = ""
    reason: str = ""


class Relation(NamedTuple):
    """A row of what one content is of another; of a content with itself: several assets have it."""

    sha256: str
    other_sha256: str
    relation: str
    said_of: str


@dataclass(frozen=True, slots=True)
class Told:
    """The newest word on an asset: which contents it was found to be, having this one; None where it was removed."""

    sha256: str | None
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What an undisturbed run makes of each object, by its key, and of what they are of each other."""

    looks: Mapping[str, Look]
    relations: frozenset[Relation]


@dataclass(slots=True)
class Found:
    """The world after a run."""

    # The number of the planned record that lies at each place of asset-extracted. Brokers that were restarted may hold
    # one twice: they forget the producer of records as old (findings/kafka-forgets-producers-of-old-records.sh).
    numbers: Mapping[SourceOffset, int]
    rows: Mapping[str, FoundRow]
    letters: Sequence[Letter]
    # How many tagged events, or tombstones, each source record has.
    answers: Counter[SourceOffset]
    # Of records put on asset-tagged that no table can hold: where they lie, and those of their dead letters by group.
    bad_tagged: frozenset[SourceOffset]
    tagged_letters: Mapping[str, Sequence[SourceOffset]]
    told: Mapping[str, Told]
    relations: Sequence[Relation]
    lag_records: Mapping[str, int]
    unasked_exits: Sequence[str]
    stalls: int
    exit_codes: Mapping[str, int]


@dataclass(slots=True)
class Verdict:
    """What is wrong, in sentences, and all counts."""

    problems: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def none_of(self, name: str, found: Sequence[object], sentence: str, unit: str = "records") -> None:
        """Count what must not be; the sentence goes after the number."""
        self.figures.append(Figure(name, len(found), unit, 0, "lower"))
        if found:
            shown = ", ".join(str(item) for item in found[:_EXAMPLES])
            self.problems.append(f"{len(found)} {sentence}: {shown}{', …' if len(found) > _EXAMPLES else ''}")

    def zero(self, name: str, value: int, sentence: str, unit: str) -> None:
        """Note a number that must be zero."""
        self.figures.append(Figure(name, value, unit, 0, "lower"))
        if value:
            self.problems.append(f"{value} {sentence}")

    def tell(self, name: str, counter: Mapping[Any, int]) -> None:
        """Count what came more than once, which is allowed."""
        self.figures.append(Figure(name, sum(times - 1 for times in counter.values()), "records", None, "lower"))


def judge(load: Load, undisturbed: Undisturbed, found: Found) -> Verdict:
    """Compare what is there with what an undisturbed run makes of the same load."""
    verdict = Verdict()
    _judge_rows(verdict, load.expected, undisturbed.looks, found.rows)
    _judge_relations(verdict, load, undisturbed, found)
    _judge_letters(verdict, load, found)
    unpublished = sorted(set(range(len(load.records))) - set(found.numbers.values()))
    verdict.none_of("records_unpublished", unpublished, "planned records are not on their topic")
    verdict.tell("records_published_twice", Counter(found.numbers.values()))
    good = [place for place, number in found.numbers.items() if load.records[number].poison is None]
    unanswered = [place for place in good if not found.answers[place]]
    verdict.none_of("good_records_unanswered", unanswered, "good records have neither result nor removal")
    verdict.tell("duplicates_delivered", found.answers)
    for group, lag in found.lag_records.items():
        verdict.zero(f"lag_{group}", lag, f"records wait for the {group}s", "records")
    verdict.none_of("unasked_exits", found.unasked_exits, "processes ended without being killed", "processes")
    verdict.zero("stalls", found.stalls, "consumers stalled", "processes")
    codes = [f"{name} with {code}" for name, code in found.exit_codes.items() if code]
    verdict.none_of("bad_exit_codes", codes, "processes did not end cleanly when told to", "processes")
    return verdict


def _judge_rows(
    verdict: Verdict,
    expected: Mapping[str, AssetExtracted],
    looks: Mapping[str, Look],
    rows: Mapping[str, FoundRow],
) -> None:
    wanted = {
        asset_id: FoundRow(event.event_id, event.object.key, looks[event.object.key])
        for asset_id, event in expected.items()
    }
    lost, extra = sorted(wanted.keys() - rows.keys()), sorted(rows.keys() - wanted.keys())
    wrong = [asset_id for asset_id in sorted(wanted.keys() & rows.keys()) if rows[asset_id] != wanted[asset_id]]
    verdict.none_of("assets_lost", lost, "assets have no row", "assets")
    verdict.none_of("rows_too_many", extra, "rows are of no asset that should be there", "rows")
    verdict.none_of("rows_wrong", wrong, "rows differ from those of an undisturbed run", "rows")


def _judge_relations(verdict: Verdict, load: Load, undisturbed: Undisturbed, found: Found) -> None:
    """Each texture is there again, and again as what it is of others: the undisturbed look stored it before."""
    related: dict[str, set[str]] = {}
    for item in undisturbed.relations:
        related.setdefault(item.sha256, set()).add(item.other_sha256)
    contents = {asset_id: str(undisturbed.looks[event.object.key].sha256) for asset_id, event in load.expected.items()}
    wanted = {
        asset_id: Told(sha256, frozenset({sha256, *related.get(sha256, ())})) for asset_id, sha256 in contents.items()
    }
    lost = [name for name, told in wanted.items() if name not in found.told or found.told[name].sha256 != told.sha256]
    wrong = [name for name, told in wanted.items() if name not in lost and found.told[name] != told]
    verdict.none_of("related_lost", sorted(lost), "assets have no asset-related event of what they are", "assets")
    verdict.none_of("related_wrong", sorted(wrong), "asset-related events do not tell what an undisturbed run told")
    kept = [name for name in load.removed if name not in found.told or found.told[name].sha256 is not None]
    verdict.none_of("removals_not_related", sorted(kept), "removals were not passed on to asset-related")
    # Who was removed since may have been a second asset with the content.
    copies = {Relation(sha256, sha256, "identical", "either") for sha256 in contents.values()}
    between = {_without_chance(item) for item in undisturbed.relations if item.sha256 != item.other_sha256}
    rows = Counter(_without_chance(item) for item in found.relations)
    missing = sorted((between | copies) - rows.keys())
    verdict.none_of("relations_lost", missing, "pairs that belong together are not stored", "rows")
    pairs = Counter({item: times for item, times in rows.items() if item.sha256 != item.other_sha256})
    extra = sorted((pairs - Counter(between)).elements())
    verdict.none_of("relations_too_many", extra, "pairs are stored twice or should not be", "rows")


def _without_chance(item: Relation) -> Relation:
    return item if item.relation in _ONE_SIDED else item._replace(said_of="either")


def _judge_letters(verdict: Verdict, load: Load, found: Found) -> None:
    planned = {place: load.records[number] for place, number in found.numbers.items()}
    poison = {place: record for place, record in planned.items() if record.poison is not None}
    letters = Counter(letter.place for letter in found.letters)
    unburied = [f"{poison[place].poison} at {place}" for place in sorted(poison.keys() - letters.keys())]
    verdict.none_of("poison_without_dead_letter", unburied, "poison records have no dead letter")
    reasons = {letter.place: letter.reason for letter in found.letters}
    alive = [f"{place} by {reasons[place]}" for place in sorted(letters.keys() - poison.keys())]
    verdict.none_of("dead_letters_of_good_records", alive, "good records became dead letters")
    changed = [letter.place for letter in found.letters if letter.place in poison and not _same(letter, poison)]
    verdict.none_of("dead_letters_changed", changed, "dead letters are not their records byte for byte")
    verdict.tell("dead_letters_repeated", letters)
    tagged = {group: Counter(places) for group, places in found.tagged_letters.items()}
    missing = [(group, place) for group, there in tagged.items() for place in sorted(found.bad_tagged - there.keys())]
    extra = [(group, place) for group, there in tagged.items() for place in sorted(there.keys() - found.bad_tagged)]
    verdict.none_of("bad_results_without_dead_letter", missing, "bad records of asset-tagged have no dead letter")
    verdict.none_of("dead_letters_of_good_results", extra, "good records of asset-tagged became dead letters")
    repeated = Counter({(group, *place): times for group, there in tagged.items() for place, times in there.items()})
    verdict.tell("dead_letters_of_results_repeated", repeated)


def _same(letter: Letter, poison: Mapping[SourceOffset, PlannedRecord]) -> bool:
    record = poison[letter.place]
    return (letter.key, letter.value) == (record.key, record.value)
