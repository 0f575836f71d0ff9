"""An OpenTelemetry collector that keeps in memory what it is sent by OTLP over HTTP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class CollectedSpan:
    """One span as it was sent; ids in hexadecimal, ``parent_id`` empty for a root."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    error: str | None


@dataclass(slots=True)
class Collector:
    """What came so far, and the URL to send to."""

    endpoint: str
    spans: list[CollectedSpan] = field(default_factory=list)

    def take(self, body: bytes) -> None:
        for of_resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = {item.key: item.value.string_value for item in of_resource.resource.attributes}
            for of_scope in of_resource.scope_spans:
                for span in of_scope.spans:
                    attributes = {item.key: item.value.string_value for item in span.attributes}
                    self.spans.append(
                        CollectedSpan(
                            resource["service.name"],
                            span.name,
                            span.trace_id.hex(),
                            span.span_id.hex(),
                            span.parent_span_id.hex(),
                            attributes.get("error.type"),
                        )
                    )

    def trace(self, trace_id: str) -> list[CollectedSpan]:
        """Return the spans of one trace, each after its parent."""
        left = [span for span in self.spans if span.trace_id == trace_id]
        ordered: list[CollectedSpan] = []
        known = {""}
        while ready := [span for span in left if span.parent_id in known]:
            ordered += ready
            known |= {span.span_id for span in ready}
            left = [span for span in left if span not in ready]
        assert not left, f"spans without their parent: {left}"
        return ordered


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect on a free port of this machine."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.take(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
