"""Turning tracing on for a process, as its environment asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from consumer.tracing.settings import TracingSettings
from consumer.tracing.spans import trace_with


@contextmanager
def tracing(service: str) -> Iterator[None]:
    """Trace the block where the environment asks for it; at its end, what is not sent yet gets five seconds.

    Raises:
        ValidationError: see TracingSettings.

    """
    settings = TracingSettings()
    if not settings.is_on:
        yield
        return
    from consumer.tracing.otel import Exporting  # noqa: PLC0415 - an extra, and not imported where tracing is off

    exporting = Exporting(settings.service_name or service)
    trace_with(exporting.tracer)
    try:
        yield
    finally:
        trace_with(None)
        exporting.close()
