"""Spans follow the semantic conventions that they name, and continue the trace that a record's headers name."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress

import opentelemetry.semconv._incubating.attributes.messaging_attributes as messaging
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.semconv.attributes import error_attributes, url_attributes
from opentelemetry.semconv.attributes import http_attributes as http
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from consumer.kafka.records import Publication, SourceRecord
from consumer.tracing import spans
from consumer.tracing.otel import SCHEMA_URL, OpenTelemetryTracer

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
HEADERS = (
    ("traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01".encode()),
    ("tracestate", b"vendor=1"),
    ("ce_id", b"an-event"),
    ("other", b"\xff"),
)
RECORD = SourceRecord("asset-extracted", 3, 42, 0, b"a/b", None, HEADERS)


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.trace_with(OpenTelemetryTracer(provider))
    yield exporter
    spans.trace_with(None)
    provider.shutdown()


def _processing() -> AbstractContextManager[str | None]:
    return spans.processing(RECORD, group="aegis-tagger", client_id="tagger-1")


def _text(headers: tuple[tuple[str, bytes | None], ...], name: str) -> str:
    (value,) = [value for key, value in headers if key == name]
    return (value or b"").decode()


def test_a_received_record_continues_its_writers_trace(exported: InMemorySpanExporter) -> None:
    with _processing() as trace_id, spans.step("fetch"):
        pass

    fetch, process = exported.get_finished_spans()
    assert trace_id == TRACE_ID == f"{_context(process).trace_id:032x}"
    assert (process.name, process.kind) == ("process asset-extracted", SpanKind.CONSUMER)
    assert process.parent is not None
    assert f"{process.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert fetch.parent == process.context
    assert process.attributes == {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "asset-extracted",
        "messaging.destination.partition.id": "3",
        "messaging.kafka.offset": 42,
        "messaging.kafka.message.key": "a/b",
        "messaging.kafka.message.tombstone": True,
        "messaging.message.id": "an-event",
        "messaging.consumer.group.name": "aegis-tagger",
        "messaging.client.id": "tagger-1",
    }


def test_what_is_written_names_the_span_of_its_writing(exported: InMemorySpanExporter) -> None:
    """In place of the context that the headers held, whose vendor's state goes on."""
    publication = Publication("asset-tagged", b"a/b", b"{}", HEADERS)
    with _processing(), spans.sending([publication]) as (sent,):
        pass

    send, process = exported.get_finished_spans()
    assert (send.name, send.kind, send.parent) == ("send asset-tagged", SpanKind.PRODUCER, process.context)
    assert _text(sent.headers, "traceparent") == f"00-{TRACE_ID}-{_context(send).span_id:016x}-01"
    assert _text(sent.headers, "tracestate") == "vendor=1"
    assert (sent.topic, sent.key, sent.value) == ("asset-tagged", b"a/b", b"{}")
    assert _text(sent.headers, "ce_id") == "an-event"


def test_names_are_those_of_the_version_that_the_spans_name(exported: InMemorySpanExporter) -> None:
    """A newer package would be noticed: names of messaging are not stable yet."""
    with _processing(), spans.sending([Publication("asset-tagged", None, b"{}")] * 2):
        spans.fail("SomeError")

    known = {value for name, value in vars(messaging).items() if name.isupper()} | {error_attributes.ERROR_TYPE}
    finished = exported.get_finished_spans()
    assert Schemas.V1_44_0.value == SCHEMA_URL
    assert {span.instrumentation_scope.schema_url for span in finished if span.instrumentation_scope} == {SCHEMA_URL}
    assert {name for span in finished for name in span.attributes or ()} <= known


def test_an_error_is_the_spans_and_leaves_it(exported: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), spans.step("fetch"):
        raise KeyError
    with pytest.raises(TimeoutError), spans.sending([Publication("asset-tagged", None, b"{}")]):
        raise TimeoutError

    for span, kind in zip(exported.get_finished_spans(), ("KeyError", "TimeoutError"), strict=True):
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == kind


def test_a_request_continues_its_clients_trace(exported: InMemorySpanExporter) -> None:
    """Also where nothing is published of it: the server's span has the route, and the status of the answer."""
    with spans.answering("POST", "/assets/{asset_id}", "/assets/a", {"traceparent": _text(HEADERS, "traceparent")}):
        with spans.step("embed"):
            pass
        spans.answered(200)

    embed, server = exported.get_finished_spans()
    assert (server.name, server.kind) == ("POST /assets/{asset_id}", SpanKind.SERVER)
    assert f"{_context(server).trace_id:032x}" == TRACE_ID
    assert server.parent is not None
    assert f"{server.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert embed.parent == server.context
    assert server.status.status_code is StatusCode.UNSET
    assert server.attributes == {
        http.HTTP_REQUEST_METHOD: "POST",
        http.HTTP_ROUTE: "/assets/{asset_id}",
        http.HTTP_RESPONSE_STATUS_CODE: 200,
        url_attributes.URL_PATH: "/assets/a",
        url_attributes.URL_SCHEME: "http",
    }


@pytest.mark.parametrize(("status", "error"), [(422, None), (503, "503")])
def test_a_client_at_fault_is_no_error_of_the_servers(
    exported: InMemorySpanExporter, status: int, error: str | None
) -> None:
    """Although it is refused by an exception; one begins its trace that names none."""
    with suppress(LookupError), spans.answering("GET", "/search", "/search", {}):
        spans.answered(status)
        raise LookupError

    (server,) = exported.get_finished_spans()
    assert server.parent is None
    assert (server.attributes or {}).get("error.type") == error
    assert (server.status.status_code is StatusCode.ERROR) == (error is not None)


def test_a_trace_that_is_not_sampled_stays_so_in_the_headers() -> None:
    spans.trace_with(OpenTelemetryTracer(TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)))
    try:
        with _processing(), spans.sending([Publication("asset-tagged", None, b"{}")]) as (sent,):
            assert _text(sent.headers, "traceparent").startswith(f"00-{TRACE_ID}-")
            assert _text(sent.headers, "traceparent").endswith("-00")
    finally:
        spans.trace_with(None)


def test_without_tracing_records_stay_as_they_are_and_the_trace_is_known() -> None:
    publications = [Publication("asset-tagged", None, b"{}", HEADERS)]

    with _processing() as trace_id, spans.step("fetch"), spans.sending(publications) as sent:
        assert trace_id == TRACE_ID
        assert sent is publications


@pytest.mark.parametrize(
    "module",
    ["consumer.processes.tagger", "consumer.processes.sink", "consumer.processes.gateway", "producer_tools.run"],
)
def test_without_tracing_opentelemetry_is_not_imported(module: str) -> None:
    code = (
        f"import sys, {module}\nfrom consumer.tracing.setup import tracing\nwith tracing('x'): pass\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def _context(span: ReadableSpan) -> SpanContext:
    context: SpanContext | None = span.context
    assert context is not None
    return context
