"""Spans of a record's way, and of a request's.

Where tracing is off, OpenTelemetry is not imported, and a span costs a comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Final, Protocol

from consumer.kafka.records import Headers, Publication, SourceRecord
from schemas.headers import header_text, trace_id

Attributes = Mapping[str, str | int | bool]


class Tracer(Protocol):
    """What makes spans."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Time a step within the current span; an exception that leaves it is the span's."""

    def process(self, name: str, attributes: Attributes, headers: Headers) -> AbstractContextManager[str]:
        """Open the span of a received record, a child of the span in its headers; yields the trace id."""

    def send(self, name: str, attributes: Attributes) -> AbstractContextManager[Headers]:
        """Open the span of written records and yield the headers that name it; it becomes nobody's parent here."""

    def serve(self, name: str, attributes: Attributes, headers: Mapping[str, str]) -> AbstractContextManager[None]:
        """Open the span of a request, a child of the span in its headers; an exception that leaves it is no fault."""

    def note(self, attributes: Attributes) -> None:
        """Add to the current span."""

    def fail(self, error_class: str) -> None:
        """Mark the current span as failed."""


_OFF: Final[AbstractContextManager[None]] = nullcontext()
_SERVER_ERROR: Final = 500
_CONTEXT_HEADERS: Final = ("traceparent", "tracestate")
_tracer: Tracer | None = None


def trace_with(tracer: Tracer | None) -> None:
    """Make every span of this process by this tracer from now on; None turns tracing off."""
    global _tracer  # noqa: PLW0603 - one process has one tracer, as it has one root logger
    _tracer = tracer


def is_tracing() -> bool:
    """Whether spans are made at all."""
    return _tracer is not None


def step(name: str) -> AbstractContextManager[None]:
    """Time a named step of the current span."""
    return _OFF if _tracer is None else _tracer.step(name)


def fail(error_class: str) -> None:
    """Mark the current span as failed: its record became a dead letter."""
    if _tracer is not None:
        _tracer.fail(error_class)


def answering(method: str, route: str, path: str, headers: Mapping[str, str]) -> AbstractContextManager[None]:
    """Open the span of an HTTP request, which continues its client's trace; tell it by :func:`answered` how it went."""
    if _tracer is None:
        return _OFF
    attributes = {"http.request.method": method, "http.route": route, "url.path": path, "url.scheme": "http"}
    return _tracer.serve(f"{method} {route}", attributes, headers)


def answered(status: int | None, error_class: str | None = None) -> None:
    """Note the status of the answer, None where there is none; a client's own fault is no error of the server's."""
    if _tracer is None:
        return
    if status is not None:
        _tracer.note({"http.response.status_code": status})
        error_class = error_class or (str(status) if status >= _SERVER_ERROR else None)
    if error_class is not None:
        _tracer.fail(error_class)


def processing(record: SourceRecord, *, group: str, client_id: str) -> AbstractContextManager[str | None]:
    """Open the span of a received record, which continues its writer's trace; yields the id of that trace, if any."""
    if _tracer is None:
        return nullcontext(trace_id(record.headers))
    attributes = {
        **_of_messages("process", record.topic, record.key, header_text(record.headers, "ce_id")),
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "messaging.consumer.group.name": group,
        "messaging.client.id": client_id,
        "messaging.kafka.message.tombstone": record.value is None,
    }
    return _tracer.process(f"process {record.topic}", attributes, record.headers)


def sending(publications: Sequence[Publication]) -> AbstractContextManager[Sequence[Publication]]:
    """Open the span of records that are written; yields them with the headers that let their readers continue it."""
    return nullcontext(publications) if _tracer is None or not publications else _sending(_tracer, publications)


@contextmanager
def _sending(tracer: Tracer, publications: Sequence[Publication]) -> Iterator[Sequence[Publication]]:
    first = publications[0]
    attributes = _of_messages("send", first.topic, first.key, header_text(first.headers, "ce_id"))
    if len(publications) > 1:
        attributes["messaging.batch.message_count"] = len(publications)
    with tracer.send(f"send {first.topic}", attributes) as context:
        yield [replace(item, headers=(*_without_context(item.headers), *context)) for item in publications]


def _of_messages(operation: str, topic: str, key: bytes | None, message_id: str | None) -> dict[str, str | int | bool]:
    attributes: dict[str, str | int | bool] = {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
    }
    if key is not None:
        attributes["messaging.kafka.message.key"] = key.decode(errors="replace")
    if message_id is not None:
        attributes["messaging.message.id"] = message_id
    return attributes


def _without_context(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name not in _CONTEXT_HEADERS)
