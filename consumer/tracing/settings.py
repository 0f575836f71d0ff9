"""The standard variables of OpenTelemetry that decide whether and where to spans are sent."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings

from schemas.environment import environment

_EXPORTER: Final = "opentelemetry.exporter"
_PROTOCOL: Final = "http/protobuf"


class TracingSettings(BaseSettings):
    """`OTEL_…`; OpenTelemetry's SDK reads all its other variables (sampler, headers, timeouts, queue) by itself."""

    model_config = environment("OTEL_")

    traces_exporter: Literal["none", "otlp"] = Field(
        default="none", description="Destination of spans: none, or OTEL_EXPORTER_OTLP_ENDPOINT by OTLP"
    )
    sdk_disabled: bool = Field(default=False, description="Turn tracing off, whatever the exporter")
    service_name: str | None = Field(
        default=None, description="Name of the process in traces; not set: aegis-tagger, aegis-sink, …"
    )
    exporter_otlp_endpoint: str = Field(
        default="http://localhost:4318", description="URL of the collector; spans go to /v1/traces below it"
    )
    exporter_otlp_protocol: str = Field(default=_PROTOCOL, description=f"Protocol of the collector: {_PROTOCOL} alone")

    @property
    def is_on(self) -> bool:
        return self.traces_exporter == "otlp" and not self.sdk_disabled

    @model_validator(mode="after")
    def _can_be_sent(self) -> TracingSettings:
        if not self.is_on:
            return self
        if find_spec("opentelemetry") is None or find_spec(_EXPORTER) is None:
            raise ValueError("OTEL_TRACES_EXPORTER=otlp needs packages: pip install 'aegis-tagger[otel]'")
        if self.exporter_otlp_protocol != _PROTOCOL:
            raise ValueError(
                f"OTEL_EXPORTER_OTLP_PROTOCOL={self.exporter_otlp_protocol} is not spoken here: set it to {_PROTOCOL}, "
                "and OTEL_EXPORTER_OTLP_ENDPOINT to the collector's port for that (usually 4318)"
            )
        return self
