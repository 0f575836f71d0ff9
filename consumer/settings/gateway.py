"""The gateway: where it listens, for whom, and how much at once."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field, SecretStr, model_validator

from schemas.environment import environment
from schemas.files.secret_files import SecretSettings

_MIB = 1024 * 1024


class GatewaySettings(SecretSettings):
    """`AEGIS_GATEWAY_…`."""

    model_config = environment("AEGIS_GATEWAY_")

    host: str = Field(default="127.0.0.1", description="Address to listen on; beyond loopback, an API key is required")
    port: int = Field(default=8080, ge=0, le=65_535, description="Port to listen on; 0 picks a free one and logs it")
    api_key: SecretStr = Field(
        default=SecretStr(""),
        description="API keys, comma-separated; clients send one of them as X-API-Key or as a bearer token",
    )
    max_requests: int = Field(default=64, ge=1, le=10_000, description="Concurrent requests, at most; others get 429")
    max_body_bytes: int = Field(default=32 * _MIB, ge=1024, description="Maximum size of a request body")
    max_bytes_in_flight: int = Field(
        default=256 * _MIB, ge=1024, description="Maximum bytes of request bodies in memory"
    )
    max_pixels: int = Field(default=8192 * 8192, ge=1, description="Largest image that is decoded, width times height")
    max_connections: int = Field(
        default=512,
        ge=1,
        le=100_000,
        description="Connections at once, at most; the one that has waited longest for a request makes room",
    )
    head_seconds: float = Field(default=10.0, gt=0, description="Time that a client has to send a request's head")
    body_seconds: float = Field(default=30.0, gt=0, description="Time that a client has to send the body")
    timeout_seconds: float = Field(default=20.0, gt=0, description="Time that tagging one image may take")
    drain_seconds: int = Field(
        default=20, ge=0, le=3600, description="Maximum time that open requests may delay a shutdown"
    )
    publish: bool = Field(
        default=False,
        description="Store each tagged image and publish its events before answering; needs Kafka and the object store",
    )
    verdicts: bool = Field(
        default=True,
        description="Take verdicts of people and publish them on asset-reviewed, where Kafka and PostgreSQL are set",
    )
    publish_seconds: float = Field(
        default=5.0, gt=0, description="Time that brokers have to acknowledge before the client gets 503"
    )

    @property
    def keys(self) -> tuple[bytes, ...]:
        parts = self.api_key.get_secret_value().split(",")
        return tuple(part.strip().encode() for part in parts if part.strip())

    @model_validator(mode="after")
    def _strangers_need_a_key(self) -> GatewaySettings:
        if not self.keys and not _is_loopback(self.host):
            raise ValueError(
                f"AEGIS_GATEWAY_HOST={self.host} can be reached from other machines: set AEGIS_GATEWAY_API_KEY, "
                "or listen on 127.0.0.1"
            )
        return self

    @model_validator(mode="after")
    def _a_body_fits_the_budget(self) -> GatewaySettings:
        if self.max_body_bytes > self.max_bytes_in_flight:
            raise ValueError(
                f"AEGIS_GATEWAY_MAX_BODY_BYTES={self.max_body_bytes} is above "
                f"AEGIS_GATEWAY_MAX_BYTES_IN_FLIGHT={self.max_bytes_in_flight}: raise the latter, or lower the former"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
