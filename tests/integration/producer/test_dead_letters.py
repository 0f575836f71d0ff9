"""`aegis dlq` on real Kafka: what is put back, what is closed, what stays, and what a kill leaves."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from producer_tools.dead_letters.backlog import own_backlog
from producer_tools.dead_letters.drop import drop
from producer_tools.dead_letters.errors import DeadLetterError, LettersBusyError
from producer_tools.dead_letters.offsets import PartitionOffset, Span
from producer_tools.dead_letters.overview import grouped, letters_of
from producer_tools.dead_letters.plan import Candidate, Fate
from producer_tools.dead_letters.redrive import RedriveReport, RedriveRequest, redrive
from producer_tools.dead_letters.selection import LetterFilter
from schemas import DeadLetter, Topics
from schemas.connections import KafkaConnection
from schemas.documents.examples import dead_letter
from testkit.kafka_tools import Written, committed, eventually, limit_message_bytes, make_topics, read_all, write
from tests.unit.producer.commands import Aegis

Headers = tuple[tuple[str, bytes | None], ...]


class Silent:
    """A view that shows nothing, and remembers the fates."""

    def __init__(self) -> None:
        self.fates: list[tuple[Fate, PartitionOffset]] = []

    def looked(self, seen: int, total: int) -> None: ...

    def planned(self, count: int) -> None: ...

    def ended(self, fate: Fate, candidate: Candidate) -> None:
        self.fates.append((fate, candidate.place))

    def fates_by_place(self) -> dict[PartitionOffset, Fate]:
        return {place: fate for fate, place in self.fates}


@dataclass(frozen=True, slots=True)
class Box:
    """A source topic and its dead letters."""

    bootstrap: str
    topics: Topics

    @property
    def kafka(self) -> KafkaConnection:
        return KafkaConnection(bootstrap=self.bootstrap)

    @property
    def source(self) -> str:
        return self.topics.extracted

    @property
    def group(self) -> str:
        return f"{self.source}.dlq.redrive"

    async def fail(
        self, key: bytes | None, value: bytes | None, *, headers: Headers = (), **history: Any
    ) -> PartitionOffset:
        """Write a record and its dead letter, both into partition 0; return the letter's place."""
        (place,) = await write(self.bootstrap, self.source, [(key, value)], headers=headers, partition=0)
        return await self.bury(place, key, value, headers=headers, **history)

    async def bury(
        self, place: tuple[int, int], key: bytes | None, value: bytes | None, *, headers: Headers = (), **history: Any
    ) -> PartitionOffset:
        letter = replace(dead_letter(), topic=self.source, partition=place[0], offset=place[1])
        letter = replace(letter, **history)
        written = await write(
            self.bootstrap, f"{self.source}.dlq", [(key, value)], headers=letter.to_headers(headers), partition=0
        )
        return PartitionOffset(*written[0])

    async def redrive(self, selection: LetterFilter = LetterFilter(), **options: Any) -> RedriveReport:  # noqa: B008 - frozen
        return await redrive(self.kafka, RedriveRequest(self.source, selection, **options), Silent())

    async def waiting(self) -> list[PartitionOffset]:
        return [letter.place for letter in await letters_of(self.kafka, self.source, LetterFilter())]

    async def source_records(self) -> list[Written]:
        return await read_all(self.bootstrap, self.source)


@pytest.fixture
async def box(kafka_bootstrap: str, topic_prefix: str) -> Box:
    found = Box(kafka_bootstrap, Topics(topic_prefix))
    for topic in (found.topics.extracted, found.topics.tagged, found.topics.reviewed):
        await make_topics(kafka_bootstrap, 3, topic, f"{topic}.dlq")
    return found


def _only(*places: PartitionOffset) -> LetterFilter:
    return LetterFilter(spans=tuple(Span(place.partition, place.offset, place.offset) for place in places))


async def test_a_letter_goes_back_byte_for_byte(box: Box) -> None:
    """To the partition it came from, with its own headers and its own time, and a count of its returns."""
    headers = (("traceparent", b"00-trace"), ("binary", b"\xff\x00"), ("nothing", None))
    await box.fail(b"asset", b'{"not": "json', headers=headers, timestamp="2026-01-31T12:00:00.251Z")

    report = await box.redrive()

    assert report.fates == {Fate.PUT_BACK: 1}
    _, back = await box.source_records()
    assert (back.partition, back.key, back.value) == (0, b"asset", b'{"not": "json')
    assert back.headers == (*headers, ("dlq-replay-count", b"1"))
    assert back.timestamp_ms == 1769860800251
    assert await box.waiting() == []


async def test_lag_of_the_group_is_the_backlog(box: Box) -> None:
    """Any tool that shows lags shows it."""
    for number in range(5):
        await box.fail(str(number).encode(), b"v")
    assert len(await box.waiting()) == 5

    await box.redrive(limit=2)
    assert (await committed(box.bootstrap, box.group, f"{box.source}.dlq"))[0] == 2
    await box.redrive()

    assert (await committed(box.bootstrap, box.group, f"{box.source}.dlq"))[0] == 5


async def test_what_is_not_selected_stays_in_the_backlog(box: Box) -> None:
    """Also behind and between letters that were put back, and for the next run."""
    places = [await box.fail(str(number).encode(), b"v", error_class=f"Error{number % 2}") for number in range(6)]

    report = await box.redrive(LetterFilter(error_classes=frozenset({"Error1"})))

    assert report.fates == {Fate.PUT_BACK: 3, Fate.NOT_MEANT: 3}
    assert await box.waiting() == places[::2]
    await box.redrive(_only(places[4]))
    assert await box.waiting() == [places[0], places[2]]
    await box.redrive()
    assert await box.waiting() == []
    assert Counter(record.key for record in await box.source_records()) == {
        str(number).encode(): 2 for number in range(6)
    }


async def test_a_letter_whose_asset_has_a_newer_record_is_closed_instead(box: Box) -> None:
    """Put back, the old event would be the newest of its asset on a topic that keeps only those."""
    await box.fail(b"asset", b"old")
    newer = await box.fail(b"asset", b"new")
    await box.fail(b"removed", b"old")
    await write(box.bootstrap, box.source, [(b"removed", None)], partition=0)
    before = await box.source_records()

    report = await box.redrive()

    assert report.fates == {Fate.PUT_BACK: 1, Fate.SUPERSEDED: 2}
    assert newer.offset == 1
    assert [record.value for record in (await box.source_records())[len(before) :]] == [b"new"]
    assert await box.waiting() == []


async def test_a_letter_whose_record_was_compacted_away_stays(box: Box) -> None:
    """Its asset was removed, and the removal is gone by now too: to put it back would bring the asset back."""
    await write(box.bootstrap, box.source, [(b"other", b"v")] * 3, partition=0)
    place = await box.bury((0, 1), b"asset", b"old")

    report = await box.redrive()

    assert report.fates == {Fate.GONE: 1}
    assert await box.waiting() == [place]


async def test_letters_that_cannot_go_back_stay_and_are_counted(box: Box) -> None:
    """Until somebody drops them, or raises the limit."""
    often = await box.fail(b"often", b"v", replay_count=3)
    cut = await box.fail(b"cut", b"", omitted="the value (5000000 bytes)")
    ((partition, offset),) = await write(box.bootstrap, f"{box.source}.dlq", [(b"no", b"history")], partition=0)

    report = await box.redrive()

    assert report.fates == {Fate.TOO_OFTEN: 1, Fate.NOT_WHOLE: 1, Fate.NO_HISTORY: 1}
    assert await box.waiting() == [often, cut, PartitionOffset(partition, offset)]
    assert (await box.redrive(max_replays=4)).fates[Fate.PUT_BACK] == 1
    assert (await box.source_records())[-1].text("dlq-replay-count") == "4"


async def test_a_dry_run_changes_nothing(box: Box) -> None:
    """And says the same as the real one."""
    await box.fail(b"a", b"old")
    await box.fail(b"a", b"v")
    before = await box.source_records()

    rehearsed = await box.redrive(dry_run=True)

    assert rehearsed.fates == {Fate.PUT_BACK: 1, Fate.SUPERSEDED: 1}
    assert await box.source_records() == before
    assert len(await box.waiting()) == 2
    assert (await box.redrive()).fates == rehearsed.fates


async def test_the_rate_is_kept(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pause after each letter."""
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    for number in range(3):
        await box.fail(str(number).encode(), b"v")
    monkeypatch.setattr("producer_tools.dead_letters.redrive.asyncio.sleep", noted)

    await box.redrive(rate=4)

    assert pauses.count(0.25) == 3


async def test_letters_are_worked_on_by_one_process_at_a_time(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second says so, and changes nothing."""
    await box.fail(b"a", b"v")
    monkeypatch.setattr("producer_tools.dead_letters.backlog._WAIT_SECONDS", 2)
    async with own_backlog(box.kafka, box.source):
        with pytest.raises(LettersBusyError, match="Another process works on these letters"):
            await box.redrive()
    assert len(await box.source_records()) == 1
    assert (await box.redrive()).fates == {Fate.PUT_BACK: 1}


async def test_a_topic_that_is_not_there_and_kafka_that_is_not_there_are_sentences(box: Box) -> None:
    with pytest.raises(DeadLetterError, match=r"There is no topic other\.dlq: run `aegis topics apply`"):
        await letters_of(box.kafka, "other", LetterFilter())
    with pytest.raises(DeadLetterError, match=r"Kafka at 127\.0\.0\.1:1 cannot be used"):
        await letters_of(KafkaConnection(bootstrap="127.0.0.1:1"), box.source, LetterFilter())


async def test_dropped_letters_are_closed_and_each_is_told(box: Box) -> None:
    places = [await box.fail(str(number).encode(), b"v", error_class=f"Error{number % 2}") for number in range(4)]
    told: list[PartitionOffset] = []
    chosen = LetterFilter(error_classes=frozenset({"Error0"}))

    assert await drop(box.kafka, box.source, chosen, lambda letter: told.append(letter.place), dry_run=True) == 2
    assert (told, await box.waiting()) == ([], places)
    assert await drop(box.kafka, box.source, chosen, lambda letter: told.append(letter.place)) == 2

    assert told == places[::2]
    assert await box.waiting() == places[1::2]
    kept = await letters_of(box.kafka, box.source, LetterFilter(), closed_too=True)
    assert [letter.place for letter in kept] == places


async def test_the_backlog_in_groups(box: Box) -> None:
    for number in range(5):
        await box.fail(str(number).encode(), b"v", error_class="A" if number < 3 else "B", replay_count=number)

    groups = grouped(box.source, await letters_of(box.kafka, box.source, LetterFilter()))

    assert [(group.trouble.error_class, group.count, group.most_replays) for group in groups] == [
        ("A", 3, 2),
        ("B", 2, 4),
    ]
    assert groups[0].example == PartitionOffset(0, 2)


@pytest.fixture
def command(box: Box, tmp_path: Any) -> Aegis:
    return Aegis(
        tmp_path, {"AEGIS_KAFKA_BOOTSTRAP": box.bootstrap, "AEGIS_TOPIC_PREFIX": box.topics.prefix, "COLUMNS": "200"}
    )


async def test_killed_at_any_moment_a_redrive_puts_nothing_back_twice(box: Box, command: Aegis) -> None:
    """The next run closes what the killed one put back, and does the rest."""
    count = 120
    records: Sequence[tuple[bytes | None, bytes | None]] = [(f"k{number}".encode(), b"v") for number in range(count)]
    for place, (key, value) in zip(await write(box.bootstrap, box.source, records, partition=0), records, strict=True):
        await box.bury(place, key, value)
    for target in (count + 5, count + 60):
        with command.start("dlq", "redrive", "--all", "--rate", "80") as process:

            async def some(target: int = target) -> bool:
                return len(await box.source_records()) >= target

            await eventually(some, f"{target} records on the topic", 60)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)

    done = command.run("dlq", "redrive", "--all")

    assert done.returncode == 0, done.stderr
    assert "the topic holds a later record of their asset" in done.stderr
    assert await box.waiting() == []
    counted = Counter(record.key for record in await box.source_records())
    assert counted == {key: 2 for key, _ in records}


async def test_an_interrupted_redrive_keeps_what_it_did(box: Box, command: Aegis) -> None:
    """Ctrl-C: what was put back is closed."""
    for number in range(40):
        await box.fail(f"k{number}".encode(), b"v")
    with command.start("dlq", "redrive", "--all", "--rate", "4") as process:

        async def some() -> bool:
            return len(await box.source_records()) >= 42

        await eventually(some, "some are put back", 60)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 130
    back = len(await box.source_records()) - 40

    # The one that was under way may be back without being closed.
    assert len(await box.waiting()) - (40 - back) in {0, 1}


async def test_the_command_lists_shows_drops_and_refuses(box: Box, command: Aegis) -> None:
    """What a person sees; hostile text from a record does nothing to the terminal."""
    assert command.run("dlq", "ls").stderr == "No dead letter waits.\n"
    message = "it is \x1b[31mred[/] and [bold]bold"
    place = await box.fail(b"asset/\x1b[2J", b'{"a": "\x1b[31m"}', error_message=message, replay_count=2)
    await box.fail(b"other", b"not json")

    listed = command.run("dlq", "ls")
    assert "ImageRejectedError" in listed.stdout
    assert f"\t{box.source}\t" in listed.stdout
    each = command.run("dlq", "ls", "--each", "--offset", str(place))
    assert "asset/" in each.stdout
    assert "other" not in each.stdout
    (found,) = [json.loads(line) for line in command.run("dlq", "ls", "--json", "--asset", "other").stdout.splitlines()]
    assert (found["source_topic"], found["history"]["error_stage"]) == (box.source, "decode-image")
    whole = json.loads(command.run("dlq", "show", "--json", "0:1").stdout)
    assert (whole["asset_id"], whole["value"]) == ("other", "not json")
    shown = command.run("dlq", "show", str(place))
    assert "error-message" in shown.stdout
    assert "[bold]bold" in shown.stdout
    assert command.run("dlq", "show", "--raw", "0:1").stdout == "not json"
    for output in (listed, each, shown):
        assert output.returncode == 0, output.stderr
        assert "\x1b" not in output.stdout

    refused = command.run("dlq", "redrive")
    assert (refused.returncode, "say which dead letters to redrive" in refused.stderr) == (2, True)
    assert "use it alone" in command.run("dlq", "drop", "--all", "--asset", "a", "--reason", "x").stderr
    assert "There is no letter 0:99" in command.run("dlq", "show", "0:99").stderr
    assert "is no place" in command.run("dlq", "show", "41").stderr

    rehearsed = command.run("dlq", "redrive", "--all", "--dry-run", "--max-replays", "2")
    assert rehearsed.stdout == "1 dead letters would be redriven\n"
    assert "1 were redriven --max-replays times already" in rehearsed.stderr
    dropped = command.run("dlq", "drop", "--asset", "other", "--reason", "it is a test", "--yes")
    assert dropped.stdout == "1 dead letters dropped\n"
    (line,) = [json.loads(line) for line in dropped.stderr.splitlines()]
    assert (line["event"], line["reason"], line["asset_id"]) == ("letter.dropped", "it is a test", "other")
    assert command.run("dlq", "ls", "--asset", "other").stderr == "No such dead letter waits.\n"
    assert "other" in command.run("dlq", "ls", "--all", "--each").stdout


async def test_a_second_failure_knows_how_often_the_record_was_put_back(box: Box) -> None:
    """The header that redrive leaves on the record is what the engine counts from."""
    await box.fail(b"asset", b"v", replay_count=1)
    await box.redrive()

    (back,) = [record for record in await box.source_records() if len(record.headers) == 1]

    assert back.headers == (("dlq-replay-count", b"2"),)
    assert DeadLetter.from_headers(back.headers) is None


async def test_one_refused_record_stays_and_stops_no_other(box: Box) -> None:
    """Its topic takes less than it did; what is refused is named, and the exit code says so."""
    noise = random.Random(1).randbytes(3000)
    first = await box.fail(b"a", b"small")
    refused = await box.fail(b"b", noise)
    last = await box.fail(b"c", b"small")
    await limit_message_bytes(box.bootstrap, box.source, 2000)

    view = Silent()
    report = await redrive(box.kafka, RedriveRequest(box.source, LetterFilter()), view)

    assert view.fates_by_place() == {first: Fate.PUT_BACK, refused: Fate.REFUSED, last: Fate.PUT_BACK}
    assert [place for place, _ in report.refused] == [refused]
    assert [letter.place for letter in await letters_of(box.kafka, box.source, LetterFilter())] == [refused]
