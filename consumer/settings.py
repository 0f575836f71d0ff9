"""Settings of the consumer processes: environment variables, validated at start, documented in docs/settings.md."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from consumer.stream.breaker import BreakerLimits
from consumer.stream.retry import Backoff
from consumer.stream.settings import StreamSettings

_MIB = 1024 * 1024


def _config(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(env_prefix=prefix, frozen=True, extra="ignore", env_ignore_empty=True)


class OperationsSettings(BaseSettings):
    """`AEGIS_OPS_…`: probes, metrics and logs of every process."""

    model_config = _config("AEGIS_OPS_")

    host: str = Field(default="127.0.0.1", description="Where /livez, /readyz and /metrics listen")
    port: int = Field(default=0, ge=0, le=65_535, description="0: a free port, told in the log")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level that is logged"
    )
    log_format: Literal["auto", "json", "pretty"] = Field(
        default="auto", description="auto: pretty on a terminal, JSON lines elsewhere"
    )


class EngineSettings(BaseSettings):
    """`AEGIS_STREAM_…`: the stream engine of the tagger and the sink."""

    model_config = _config("AEGIS_STREAM_")

    group_instance_id: str | None = Field(
        default=None,
        max_length=249,
        description="Static membership: a name of its own for each process, kept over restarts (e.g. the pod's)",
    )
    commit_interval_seconds: float = Field(
        default=1.0, gt=0, le=60, description="How often offsets of finished records are committed"
    )
    drain_seconds: float = Field(
        default=20.0, ge=0, description="How long finishing work may hold up a rebalance or a shutdown"
    )
    session_timeout_seconds: float = Field(default=30.0, ge=6, description="Silence after which the group drops us")
    rebalance_timeout_seconds: float = Field(
        default=60.0, gt=0, description="How long members have to join again; must exceed the drain"
    )
    record_timeout_seconds: float = Field(
        default=120.0, gt=0, description="Deadline of one attempt at one record, its waiting in line not counted"
    )
    publish_timeout_seconds: float = Field(
        default=120.0, gt=0, description="How long the brokers may take to acknowledge a result before it is sent anew"
    )
    max_unknown_attempts: int = Field(
        default=5, ge=1, le=100, description="Attempts at a record that fails in a way nobody listed"
    )
    retry_first_seconds: float = Field(default=0.2, gt=0, description="First pause of the exponential backoff")
    retry_cap_seconds: float = Field(default=15.0, gt=0, description="Longest pause of the exponential backoff")
    breaker_window: int = Field(default=200, ge=1, description="Records that the breaker looks back on")
    breaker_failed_fraction: float = Field(
        default=0.5, gt=0, le=1, description="Share of dead letters among them that opens it"
    )
    breaker_in_a_row: int = Field(default=1000, ge=1, description="Dead letters in a row that open it")
    breaker_cool_down_seconds: float = Field(default=30.0, gt=0, description="Pause before one record is tried")
    stall_seconds: float = Field(
        default=180.0, gt=0, description="Lag without progress that counts as a stall; must exceed both deadlines"
    )
    lag_interval_seconds: float = Field(default=10.0, gt=0, description="How often the lag is measured")

    @model_validator(mode="after")
    def _retry_cap_is_above_first(self) -> EngineSettings:
        if self.retry_cap_seconds < self.retry_first_seconds:
            raise ValueError(
                f"AEGIS_STREAM_RETRY_CAP_SECONDS={self.retry_cap_seconds:g} is below "
                f"AEGIS_STREAM_RETRY_FIRST_SECONDS={self.retry_first_seconds:g}: raise it"
            )
        if self.drain_seconds + 5 >= self.rebalance_timeout_seconds:
            raise ValueError(
                f"AEGIS_STREAM_DRAIN_SECONDS={self.drain_seconds:g} and 5 s for the commit must end within "
                f"AEGIS_STREAM_REBALANCE_TIMEOUT_SECONDS={self.rebalance_timeout_seconds:g}: raise it, or drain less"
            )
        if self.stall_seconds <= max(self.record_timeout_seconds, self.publish_timeout_seconds):
            raise ValueError(
                f"AEGIS_STREAM_STALL_SECONDS={self.stall_seconds:g} must exceed "
                f"AEGIS_STREAM_RECORD_TIMEOUT_SECONDS={self.record_timeout_seconds:g} and "
                f"AEGIS_STREAM_PUBLISH_TIMEOUT_SECONDS={self.publish_timeout_seconds:g}: a record may be quiet so long"
            )
        return self

    def for_stream(self, *, topic: str, group: str, max_records: int, max_bytes: int) -> StreamSettings:
        """Return the engine's settings for one service."""
        return StreamSettings(
            topic=topic,
            group=group,
            client_id=group,
            group_instance_id=self.group_instance_id,
            max_records_in_flight=max_records,
            max_bytes_in_flight=max_bytes,
            max_unknown_attempts=self.max_unknown_attempts,
            record_timeout_seconds=self.record_timeout_seconds,
            publish_timeout_seconds=self.publish_timeout_seconds,
            commit_interval_seconds=self.commit_interval_seconds,
            drain_seconds=self.drain_seconds,
            session_timeout_seconds=self.session_timeout_seconds,
            rebalance_timeout_seconds=self.rebalance_timeout_seconds,
            stall_seconds=self.stall_seconds,
            lag_interval_seconds=self.lag_interval_seconds,
            backoff=Backoff(self.retry_first_seconds, self.retry_cap_seconds),
            breaker=BreakerLimits(
                window=self.breaker_window,
                failed_fraction=self.breaker_failed_fraction,
                in_a_row=self.breaker_in_a_row,
                cool_down_seconds=self.breaker_cool_down_seconds,
            ),
        )


def default_cache_dir() -> Path:
    """Return our folder in the user's cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aegis-tagger" / "models"


class ModelSettings(BaseSettings):
    """`AEGIS_MODEL_…`: the model that tags, and how it runs."""

    model_config = _config("AEGIS_MODEL_")

    bundle: str | None = Field(
        default=None,
        description="Model bundle: a folder, an archive (tar, zip), or either as s3://bucket/key; not set: aegis-mini",
    )
    cache_dir: Path = Field(
        default_factory=default_cache_dir,
        description="Where bundles out of archives and S3 are kept; "
        "and what `aegis tune` found; default: aegis-tagger/models under $XDG_CACHE_HOME or ~/.cache",
    )
    precision: Literal["auto", "fp32", "fp16", "int8"] = Field(
        default="auto",
        description="Graph of the bundle that runs; auto: fp16 on a GPU, "
        "int8 where the CPU has instructions for it, else fp32; not set: what `aegis tune` found, else auto",
    )
    use_names: bool = Field(default=True, description="Let the names of files and folders speak for tags too")
    provider: str = Field(
        default="CPUExecutionProvider", description="onnxruntime execution provider; never silently replaced"
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Threads that decode and infer; not set: what `aegis tune` found, else one for each CPU we may use",
    )
    max_batch: int = Field(
        default=8, ge=1, le=1024, description="Images in one inference; not set: what `aegis tune` found, else 8"
    )
    max_wait_ms: float = Field(
        default=100.0, ge=0, le=1000, description="How long an image waits for its batch while others are decoded"
    )


class TaggerSettings(BaseSettings):
    """`AEGIS_TAGGER_…`."""

    model_config = _config("AEGIS_TAGGER_")

    group: str = Field(default="aegis-tagger", min_length=1, max_length=249, description="Consumer group")
    max_records_in_flight: int = Field(
        default=64, ge=1, le=10_000, description="Records taken in and not finished, at most"
    )
    max_object_bytes: int = Field(default=64 * _MIB, ge=1, description="Largest object that is downloaded")
    max_bytes_in_flight: int = Field(
        default=256 * _MIB, ge=1, description="Bytes downloaded and not yet tagged, at most"
    )
    max_pixels: int = Field(default=8192 * 8192, ge=1, description="Largest image that is decoded, width times height")
    missing_object_grace_seconds: float = Field(
        default=10.0, ge=0, description="How long after its event a missing object may still appear"
    )
    allowed_buckets: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma-separated; not set: AEGIS_S3_BUCKET alone"
    )
    allowed_key_prefixes: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Comma-separated; not set: every key of the allowed buckets"
    )

    reuse: Literal["off", "memory", "database"] = Field(
        default="off",
        description="Where results for equal content are looked for before it is inferred; database: in memory first, "
        "then in the tables of AEGIS_PG_DSN; a replay after a fix of decoding wants off",
    )
    reuse_entries: int = Field(default=4096, ge=1, le=10_000_000, description="Images remembered in memory, at most")

    @model_validator(mode="before")
    @classmethod
    def _split_lists(cls, values: dict[str, object]) -> dict[str, object]:
        return {
            name: tuple(part.strip() for part in value.split(",") if part.strip())
            if name.startswith("allowed_") and isinstance(value, str)
            else value
            for name, value in values.items()
        }

    @model_validator(mode="after")
    def _an_object_fits_the_budget(self) -> TaggerSettings:
        if self.max_object_bytes > self.max_bytes_in_flight:
            raise ValueError(
                f"AEGIS_TAGGER_MAX_OBJECT_BYTES={self.max_object_bytes} is above "
                f"AEGIS_TAGGER_MAX_BYTES_IN_FLIGHT={self.max_bytes_in_flight}: raise the latter"
            )
        return self


class SinkSettings(BaseSettings):
    """`AEGIS_SINK_…`."""

    model_config = _config("AEGIS_SINK_")

    group: str = Field(default="aegis-sink", min_length=1, max_length=249, description="Consumer group")
    topic: str | None = Field(
        default=None,
        max_length=249,
        description="Topic of tagged events that is stored; not set: asset-tagged. For a second schema, with a group "
        "and AEGIS_PG_SCHEMA of its own",
    )
    max_records_in_flight: int = Field(
        default=4000, ge=1, le=100_000, description="Records taken in and not finished, at most"
    )
    max_bytes_in_flight: int = Field(default=64 * _MIB, ge=1, description="Bytes of their values, at most")
    max_batch: int = Field(default=1000, ge=1, le=50_000, description="Events in one transaction")


class GatewaySettings(BaseSettings):
    """`AEGIS_GATEWAY_…`."""

    model_config = _config("AEGIS_GATEWAY_")

    host: str = Field(default="127.0.0.1", description="Where the gateway listens; beyond this machine it needs a key")
    port: int = Field(default=8000, ge=0, le=65_535, description="0: a free port, told in the log")
    api_key: SecretStr = Field(
        default=SecretStr(""),
        description="What clients send as X-API-Key or as a bearer token; comma-separated: each of them opens",
    )
    max_requests: int = Field(default=64, ge=1, le=10_000, description="Requests answered at once; one more gets 429")
    max_body_bytes: int = Field(default=32 * _MIB, ge=1024, description="Largest body of a request")
    max_bytes_in_flight: int = Field(default=256 * _MIB, ge=1024, description="Bodies held at once, at most")
    max_pixels: int = Field(default=8192 * 8192, ge=1, description="Largest image that is decoded, width times height")
    body_seconds: float = Field(default=30.0, gt=0, description="How long a body may take to come")
    timeout_seconds: float = Field(default=20.0, gt=0, description="How long tagging may take before it is given up")
    drain_seconds: int = Field(
        default=20, ge=0, le=3600, description="How long answers may take to finish when the process stops"
    )
    publish: bool = Field(
        default=False,
        description="Store each image and publish its events before it is answered; needs Kafka and the object store",
    )
    publish_seconds: float = Field(
        default=5.0, gt=0, description="How long the brokers may take before the client gets 503"
    )

    @property
    def keys(self) -> tuple[bytes, ...]:
        parts = self.api_key.get_secret_value().split(",")
        return tuple(part.strip().encode() for part in parts if part.strip())

    @model_validator(mode="after")
    def _strangers_need_a_key(self) -> GatewaySettings:
        if not self.keys and not _is_loopback(self.host):
            raise ValueError(
                f"AEGIS_GATEWAY_HOST={self.host} is reached from other machines: set AEGIS_GATEWAY_API_KEY, "
                "or listen on 127.0.0.1"
            )
        return self

    @model_validator(mode="after")
    def _a_body_fits_the_budget(self) -> GatewaySettings:
        if self.max_body_bytes > self.max_bytes_in_flight:
            raise ValueError(
                f"AEGIS_GATEWAY_MAX_BODY_BYTES={self.max_body_bytes} is above "
                f"AEGIS_GATEWAY_MAX_BYTES_IN_FLIGHT={self.max_bytes_in_flight}: raise the latter"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
