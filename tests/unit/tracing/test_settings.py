"""The standard variables turn tracing on; what cannot work is told at start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from consumer.tracing import settings as tracing_settings
from consumer.tracing.settings import TracingSettings


@pytest.mark.parametrize(
    ("environment", "is_on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_tracing_is_on_where_the_exporter_says_so(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], is_on: bool
) -> None:
    """Not by an endpoint alone: clusters set that for every pod."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert TracingSettings().is_on is is_on


def test_a_protocol_that_is_not_spoken_is_refused_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")

    with pytest.raises(ValidationError, match="set it to http/protobuf"):
        TracingSettings()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing_settings, "find_spec", lambda _: None)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")

    with pytest.raises(ValidationError, match=r"pip install 'aegis-tagger\[otel\]'"):
        TracingSettings()
