"""How a process reaches Kafka, the object store and PostgreSQL: environment variables, validated at start."""

from __future__ import annotations

import ssl
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, PostgresDsn, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.topics import Topics

_UNSET_HELP = 'set it, or start the services of this machine: aegis stack up && eval "$(aegis stack env)"'


def _config(prefix: str) -> SettingsConfigDict:
    return SettingsConfigDict(env_prefix=prefix, frozen=True, extra="ignore", env_ignore_empty=True)


class KafkaConnection(BaseSettings):
    """`AEGIS_KAFKA_…`."""

    model_config = _config("AEGIS_KAFKA_")

    bootstrap: str = Field(default="", description="host:port[,host:port…] of the brokers")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How the brokers are spoken to; SASL needs user and password"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How SASL proves the password"
    )
    sasl_username: str | None = Field(default=None, description="User of SASL")
    sasl_password: SecretStr | None = Field(default=None, description="Password of SASL")
    ssl_cafile: str | None = Field(default=None, description="CA bundle; the system's when not set")

    @field_validator("bootstrap")
    @classmethod
    def _has_brokers(cls, bootstrap: str) -> str:
        if not bootstrap:
            raise ValueError(f"AEGIS_KAFKA_BOOTSTRAP is not set: {_UNSET_HELP}")
        return bootstrap

    @model_validator(mode="after")
    def _sasl_is_whole(self) -> KafkaConnection:
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"AEGIS_KAFKA_SECURITY_PROTOCOL={self.security_protocol} needs "
                "AEGIS_KAFKA_SASL_USERNAME and AEGIS_KAFKA_SASL_PASSWORD"
            )
        return self

    def client_options(self) -> dict[str, Any]:
        """Return these settings as keyword arguments of aiokafka's clients."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.ssl_cafile)
        if self.security_protocol.startswith("SASL") and self.sasl_password is not None:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password.get_secret_value()
        return options


class TopicSettings(BaseSettings):
    """`AEGIS_TOPIC_…`."""

    model_config = _config("AEGIS_TOPIC_")

    prefix: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9-]*$",
        max_length=64,
        description="Lets several deployments share a cluster",
    )
    partitions: int = Field(default=12, ge=1, le=10_000, description="Partitions of topics that are created")
    replication_factor: int = Field(
        default=-1, ge=-1, description="Copies of topics that are created; -1: the broker's default"
    )

    @property
    def topics(self) -> Topics:
        return Topics(self.prefix)


class ObjectStoreConnection(BaseSettings):
    """`AEGIS_S3_…`."""

    model_config = _config("AEGIS_S3_")

    endpoint: str = Field(default="", description="http://host:port or https://host:port of the S3 API")
    access_key: str = Field(default="", description="Access key of the S3 API")
    secret_key: SecretStr = Field(default=SecretStr(""), description="Secret key of the S3 API")
    region: str = Field(default="us-east-1", description="Region that requests are signed for")
    bucket: str = Field(default="aegis-assets", description="Where extractors put objects")

    @field_validator("endpoint")
    @classmethod
    def _is_url(cls, endpoint: str) -> str:
        if not endpoint:
            raise ValueError(f"AEGIS_S3_ENDPOINT is not set: {_UNSET_HELP}")
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(f"AEGIS_S3_ENDPOINT={endpoint} is not of the form http://host:port or https://host:port")
        return endpoint.rstrip("/")

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> ObjectStoreConnection:
        if bool(self.access_key) != bool(self.secret_key.get_secret_value()):
            raise ValueError(
                "AEGIS_S3_ACCESS_KEY and AEGIS_S3_SECRET_KEY belong together: "
                "set both, or neither for a store that asks for none"
            )
        return self

    @property
    def address(self) -> str:
        """host:port, as S3 clients take it."""
        return urlsplit(self.endpoint).netloc

    @property
    def secure(self) -> bool:
        return urlsplit(self.endpoint).scheme == "https"


class DatabaseConnection(BaseSettings):
    """`AEGIS_PG_…`."""

    model_config = _config("AEGIS_PG_")

    dsn: SecretStr = Field(default=SecretStr(""), description="postgresql://user:password@host:port/database")
    db_schema: str = Field(
        default="aegis",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        validation_alias="AEGIS_PG_SCHEMA",
        description="Schema that holds the tables",
    )
    pool_size: int = Field(default=4, ge=1, le=100, description="Connections held open at most")

    @field_validator("dsn")
    @classmethod
    def _is_postgres(cls, dsn: SecretStr) -> SecretStr:
        text = dsn.get_secret_value()
        if not text:
            raise ValueError(f"AEGIS_PG_DSN is not set: {_UNSET_HELP}")
        TypeAdapter(PostgresDsn).validate_python(text)
        return dsn
