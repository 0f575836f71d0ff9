"""Spans by OpenTelemetry; needs the extra `otel`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id, get_current_span, set_span_in_context
from opentelemetry.trace import TracerProvider as AnyTracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from consumer.kafka.records import Headers
from consumer.tracing.spans import Attributes

# The version of the semantic conventions that names and attributes follow.
SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"
_CLOSE_SECONDS: Final = 5.0
_W3C: Final = TraceContextTextMapPropagator()


class OpenTelemetryTracer:
    """See :class:`consumer.tracing.spans.Tracer`."""

    def __init__(self, provider: AnyTracerProvider) -> None:
        self._tracer = provider.get_tracer("aegis", schema_url=SCHEMA_URL)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        with self._tracer.start_as_current_span(name):
            try:
                yield
            except Exception as error:
                self.fail(type(error).__name__)
                raise

    @contextmanager
    def process(self, name: str, attributes: Attributes, headers: Headers) -> Iterator[str]:
        # An empty context besides: the record continues its writer's trace, or begins one.
        carrier = {key: value.decode(errors="replace") for key, value in headers if value is not None}
        parent = _W3C.extract(carrier, Context())
        with self._tracer.start_as_current_span(name, parent, SpanKind.CONSUMER, attributes) as span:
            yield format_trace_id(span.get_span_context().trace_id)

    @contextmanager
    def send(self, name: str, attributes: Attributes) -> Iterator[Headers]:
        # Not the current span: it may end in another order than it began, when an acknowledgement comes.
        span = self._tracer.start_span(name, kind=SpanKind.PRODUCER, attributes=attributes)
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, set_span_in_context(span))
        try:
            yield tuple((key, value.encode()) for key, value in carrier.items())
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR, str(error))
            raise
        finally:
            span.end()

    @contextmanager
    def serve(self, name: str, attributes: Attributes, headers: Mapping[str, str]) -> Iterator[None]:
        parent = _W3C.extract(headers, Context())
        with self._tracer.start_as_current_span(
            name, parent, SpanKind.SERVER, attributes, record_exception=False, set_status_on_exception=False
        ):
            yield

    def note(self, attributes: Attributes) -> None:
        get_current_span().set_attributes(attributes)

    def fail(self, error_class: str) -> None:
        span = get_current_span()
        span.set_attribute("error.type", error_class)
        span.set_status(StatusCode.ERROR)


class Exporting:
    """A tracer whose spans go to a collector, in batches and in a thread of their own."""

    def __init__(self, service: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = OpenTelemetryTracer(self._provider)

    def close(self) -> None:
        """Send what is left; blocks for five seconds at most, because a collector that is away holds no process."""
        closing = threading.Thread(target=self._provider.shutdown, name="close tracing", daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)
