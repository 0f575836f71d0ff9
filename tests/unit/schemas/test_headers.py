"""CloudEvents headers and W3C trace context."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from schemas import Event, event_headers, header_text
from schemas.headers import child_traceparent, trace_id
from tests.unit.schemas.strategies import characters, events, raw_headers

TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
traceparents = st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True)


@given(event=events, parent=st.none() | traceparents | st.text(characters))
def test_headers_say_what_the_event_says(event: Event, parent: str | None) -> None:
    """Binary mode: every attribute of the CloudEvent is a header of its own."""
    headers = event_headers(event, source="/test", traceparent=parent)

    texts = {name: value.decode() for name, value in headers}
    assert len(texts) == len(headers)
    assert list(texts)[:-1] == [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "ce_subject",
        "content-type",
    ]
    assert texts["ce_id"] == str(event.event_id)
    assert texts["ce_type"] == event.CE_TYPE
    assert texts["ce_subject"] == event.asset_id
    assert event.model_dump(mode="json")["occurred_at"] == texts["ce_time"]
    assert TRACEPARENT.fullmatch(texts["traceparent"])


@given(parent=traceparents)
def test_a_child_stays_in_its_trace(parent: str) -> None:
    """The trace id is the parent's, and whether it is sampled; the span id is new."""
    child = child_traceparent(parent)

    assert child[:36] == parent[:36]
    assert child[36:52] != parent[36:52]
    assert child[52:] == parent[52:]
    assert trace_id((("traceparent", child.encode()),)) == parent[3:35]


@given(parent=st.none() | st.text())
def test_what_is_no_trace_context_starts_a_new_trace(parent: str | None) -> None:
    """Each time another one."""
    first, second = child_traceparent(parent), child_traceparent(parent)

    assert TRACEPARENT.fullmatch(first)
    assert TRACEPARENT.fullmatch(second)
    assert {first[-3:], second[-3:]} == {"-01"}
    assert first != second


@given(headers=raw_headers, value=st.binary())
def test_reading_a_header_never_fails(headers: tuple[tuple[str, bytes | None], ...], value: bytes) -> None:
    """The last of its name counts, and bytes that are not UTF-8 are replaced."""
    assert header_text((*headers, ("name", value)), "name") == value.decode(errors="replace")
    assert trace_id((*headers, ("traceparent", value))) in {None, value.decode(errors="replace")[3:35]}


def test_a_missing_header_is_none() -> None:
    """As is one without a value."""
    assert header_text((), "name") is None
    assert header_text((("name", None),), "name") is None
    assert trace_id(()) is None
