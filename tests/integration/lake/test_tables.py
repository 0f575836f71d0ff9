"""The tables of the lake, without Kafka: what is appended twice is in once, whoever else writes meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import pyarrow as pa
import pytest

from consumer.storage.lake.appending import OFFSETS, append, held_by
from consumer.storage.lake.compacting import CompactionPlan, compact
from consumer.storage.lake.errors import LakeConflictError, LakeSetupError, LakeUnavailableError, RowUnfitError
from consumer.storage.lake.expiring import expire
from consumer.storage.lake.lake import Lake
from consumer.storage.lake.lines import Line
from consumer.storage.lake.offsets import RecordPlace
from consumer.storage.lake.tables import RETRIES, REVIEWED, TAGGED
from tests.integration.lake.conftest import BUCKETS, line, place_in

ALL = timedelta(0)


def offsets_in(lake: Lake) -> Counter[int]:
    table = lake.table(TAGGED).scan(selected_fields=("record_offset",)).to_arrow()
    return Counter(table["record_offset"].to_pylist())


def each_once(count: int) -> Counter[int]:
    return Counter(range(count))


def test_what_comes_again_is_left_out_and_what_is_new_goes_in(lake: Lake) -> None:
    first = append(lake, TAGGED, [line(0), line(1), line(1)])
    second = append(lake, TAGGED, [line(1), line(2), line(0)])

    assert (first.rows, first.known, second.rows, second.known) == (2, 1, 1, 2)
    assert offsets_in(lake) == each_once(3)


def test_a_batch_of_known_lines_makes_no_snapshot(lake: Lake) -> None:
    append(lake, TAGGED, [line(0)])
    append(lake, TAGGED, [line(0)])

    assert len(lake.table(TAGGED).snapshots()) == 1


def test_a_writer_that_was_slow_neither_doubles_nor_overwrites(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has looked at the table, and is stopped for a while: another member appends the same records and more."""
    slow = Lake.open(lake.place)
    looked = slow.table(TAGGED)
    with monkeypatch.context() as patch:
        patch.setattr(slow, "table", lambda _: looked)
        append(lake, TAGGED, [line(0), line(1)])
        with pytest.raises(LakeConflictError):
            append(slow, TAGGED, [line(0)])

    assert append(slow, TAGGED, [line(0)]).known == 1
    assert offsets_in(lake) == each_once(2)
    slow.close()


def test_a_topic_that_was_made_anew_begins_at_the_beginning(lake: Lake) -> None:
    append(lake, TAGGED, [line(0), line(1)])

    assert append(lake, TAGGED, [line(0, topic="anew")]).rows == 1


def test_compaction_joins_files_and_remembers_what_the_table_holds(lake: Lake) -> None:
    for number in range(4):
        append(lake, TAGGED, [line(number * 10 + at) for at in range(10)])
    files = len(lake.table(TAGGED).inspect.files())

    done = compact(lake, TAGGED, CompactionPlan(min_files=2))
    again = append(lake, TAGGED, [line(at) for at in range(41)])

    assert done.rows == 40
    assert (done.files_before, done.files_after) == (files, BUCKETS)
    assert again.rows == 1
    assert offsets_in(lake) == each_once(41)


def test_a_compaction_beside_a_writer_loses_nothing_of_either(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its look and its commit rows come in: it begins anew with what the table holds then."""
    for number in range(3):
        append(lake, TAGGED, [line(number)])
    other = Lake.open(lake.place)
    interrupted: list[object] = []
    original = Lake.table

    def slow(self: Lake, spec: object) -> object:
        found = original(self, TAGGED)
        if self is lake and len(interrupted) < 3:
            interrupted.append(append(other, TAGGED, [line(100 + len(interrupted))]))
        return found

    monkeypatch.setattr(Lake, "table", slow)
    compact(lake, TAGGED, CompactionPlan(min_files=2))
    monkeypatch.undo()

    expected = Counter([0, 1, 2, 100, 101, 102])
    assert offsets_in(lake) == expected
    assert append(lake, TAGGED, [line(offset) for offset in expected]).rows == 0
    other.close()


def test_a_snapshot_of_another_engine_changes_nothing_of_what_the_table_holds(lake: Lake) -> None:
    append(lake, TAGGED, [line(0)])
    table = lake.table(TAGGED)
    table.append(pa.Table.from_pylist([], schema=table.scan().to_arrow().schema))

    assert append(lake, TAGGED, [line(0), line(1)]).rows == 1


def test_expiry_deletes_what_nothing_refers_to_and_keeps_every_row(lake: Lake) -> None:
    for number in range(3):
        append(lake, TAGGED, [line(number)])
    compact(lake, TAGGED, CompactionPlan(min_files=2))

    done = expire(lake, TAGGED, keep=ALL, spare=ALL)

    assert done.snapshots >= 3
    assert done.files >= 3
    assert len(lake.table(TAGGED).snapshots()) == 1
    assert offsets_in(lake) == each_once(3)
    assert append(lake, TAGGED, [line(0), line(3)]).rows == 1
    assert expire(lake, TAGGED, keep=timedelta(days=1), spare=ALL).files == 0


def test_expiry_keeps_the_snapshot_that_tells_what_the_table_holds(lake: Lake) -> None:
    append(lake, TAGGED, [line(0)])
    table = lake.table(TAGGED)
    table.append(pa.Table.from_pylist([], schema=table.scan().to_arrow().schema))

    expire(lake, TAGGED, keep=ALL, spare=ALL)

    assert append(lake, TAGGED, [line(0)]).rows == 0


def test_a_table_that_does_not_tell_what_it_holds_is_not_written(lake: Lake) -> None:
    table = lake.table(TAGGED)
    table.append(pa.Table.from_pylist([line(0).row or {}], schema=table.scan().to_arrow().schema))

    with pytest.raises(LakeSetupError, match=OFFSETS):
        append(lake, TAGGED, [line(1)])


def test_commits_that_pyiceberg_would_repeat_are_refused_until_init(lake: Lake) -> None:
    with lake.table(TAGGED).transaction() as change:
        change.set_properties({RETRIES: "4"})
    with pytest.raises(LakeSetupError, match=RETRIES):
        append(lake, TAGGED, [line(0)])

    Lake.make(lake.place, BUCKETS)[0].close()

    assert append(lake, TAGGED, [line(0)]).rows == 1


def test_an_unfit_row_is_told_of_each_time_and_fails_no_other(lake: Lake) -> None:
    unfit = line(1, width=2**40)
    for rows in (2, 0):
        done = append(lake, TAGGED, [line(0), unfit, line(2)])
        assert done.rows == rows
        assert [type(outcome) for outcome in done.outcomes] == [type(None), RowUnfitError, type(None)]

    assert offsets_in(lake) == Counter([0, 2])


def test_places_without_a_row_are_closed(lake: Lake) -> None:
    append(lake, TAGGED, [line(0), Line(RecordPlace("topic", 0, 1, 1), None), line(5, follows=2)])

    assert held_by(lake.table(TAGGED)).encode() == '{"topic":{"0":"0-6"}}'


def test_missing_tables_name_the_command_that_makes_them(lake: Lake) -> None:
    lake.catalog.drop_table(lake.table(REVIEWED).name())

    with pytest.raises(LakeSetupError, match="aegis lake init"):
        lake.ping()


def test_a_missing_bucket_is_told_as_such(stack_environment: Mapping[str, str]) -> None:
    with pytest.raises(LakeUnavailableError, match="the bucket of the lake does not exist: create it first"):
        Lake.make(place_in(stack_environment), BUCKETS)
