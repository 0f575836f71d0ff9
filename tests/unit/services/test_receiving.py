"""What the services take for a record that they can work on, before anything else looks at it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from consumer.kafka.records import Headers, SourceRecord
from consumer.services import tagger
from consumer.services.clocks import ClockWatch
from consumer.services.storing import sink
from consumer.storage.tables.rows import Tombstone
from consumer.telemetry.metrics import Metrics
from schemas import MalformedEventError
from schemas.wire import MAX_HEADERS, MAX_HEADERS_BYTES

Receive = Callable[[SourceRecord], object]
RECEIVED_BY_SINK = partial(sink.receive, reviewed_topic="reviewed", clocks=ClockWatch(Metrics()))
SERVICES = pytest.mark.parametrize("receive", [tagger.receive, RECEIVED_BY_SINK], ids=["tagger", "sink"])


NOW_MS = 1_767_225_600_000


def record(
    value: bytes | None = None, key: bytes | None = b"asset", headers: Headers = (), timestamp_ms: int = NOW_MS
) -> SourceRecord:
    return SourceRecord("topic", 0, 0, timestamp_ms, key, value, headers)


@SERVICES
@pytest.mark.parametrize(
    "headers",
    [
        tuple((str(number), b"") for number in range(MAX_HEADERS + 1)),
        (("one", b"x" * MAX_HEADERS_BYTES),),
        (("x" * MAX_HEADERS_BYTES, None), ("y", None)),
    ],
    ids=["many", "a large value", "a large name"],
)
def test_headers_beyond_all_measure_are_the_records_fault(receive: Receive, headers: Headers) -> None:
    """They would be copied on to the results, or fill a dead letter."""
    with pytest.raises(MalformedEventError, match=r"headers of \d+ bytes altogether"):
        receive(record(headers=headers))


@SERVICES
def test_headers_within_measure_are_fine(receive: Receive) -> None:
    headers = tuple((f"{number:03}", b"x" * 600) for number in range(MAX_HEADERS))

    assert receive(record(headers=headers)) in {None, Tombstone("asset", NOW_MS)}


@SERVICES
@pytest.mark.parametrize("key", [None, b"", b"\xff", "é".encode() * 513])
def test_a_tombstone_whose_key_names_no_asset_is_malformed(receive: Receive, key: bytes | None) -> None:
    with pytest.raises(MalformedEventError, match="the tombstone's key"):
        receive(record(key=key))


@SERVICES
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"[" * 900_000,
        b'{"a":' * 180_000,
        b'{"event_id": ' + b"9" * 800_000 + b"}",
        b'{"a": "' + b"x" * 900_000 + b'"}',
        b'{"tags": [' + b"{}," * 290_000 + b"{}]}",
        b'{"hints": {' + b",".join(b'"%d":1' % number for number in range(80_000)) + b"}}",
    ],
    ids=["nothing", "null", "deep", "deep objects", "a long number", "too long", "many tags", "many hints"],
)
def test_absurd_values_are_malformed(receive: Receive, value: bytes) -> None:
    """Whatever its size and depth: one sentence of bounded length."""
    with pytest.raises(MalformedEventError) as caught:
        receive(record(value))

    assert len(str(caught.value)) < 1000


@SERVICES
@pytest.mark.parametrize("timestamp_ms", [2**62, -(2**62), 10**15])
def test_a_removal_at_a_time_that_is_no_date_is_malformed(receive: Receive, timestamp_ms: int) -> None:
    """The tagger says so; and it must not get into a batch of the sink's, whose other rows are good."""
    with pytest.raises(MalformedEventError, match="is no date"):
        receive(record(timestamp_ms=timestamp_ms))


@SERVICES
def test_a_removal_of_a_name_that_no_table_holds_is_malformed(receive: Receive) -> None:
    with pytest.raises(MalformedEventError, match="the tombstone's key, an asset_id: holds a NUL character"):
        receive(record(key=b"a\x00b"))
