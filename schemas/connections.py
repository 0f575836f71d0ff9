"""How a process reaches Kafka, the object store and PostgreSQL: environment variables, validated at start."""

from __future__ import annotations

import os
import ssl
from importlib.util import find_spec
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from schemas.environment import environment
from schemas.files.secret_files import SecretSettings
from schemas.files.tls_files import tls_context
from schemas.postgres.dsn import dsn_words
from schemas.topics import Topics

# Of AWS; imported only where AWS_MSK_IAM is chosen.
MSK_SIGNER: Final = "aws_msk_iam_sasl_signer"
_PASSWORD: Final = ("sasl_username", "sasl_password")
_NEEDED_BY: Final = {
    "OAUTHBEARER": ("oauth_token_url", "oauth_client_id", "oauth_client_secret"),
    "AWS_MSK_IAM": ("aws_region",),
}
_UNSET_HELP = 'set it, or start the services of this machine: aegis stack up && eval "$(aegis stack env)"'


class KafkaConnection(SecretSettings):
    """`AEGIS_KAFKA_…`."""

    model_config = environment("AEGIS_KAFKA_")

    bootstrap: str = Field(default="", description="Addresses of the brokers: host:port[,host:port…]")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="Protocol of the connection to the brokers"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"] = Field(
        default="SCRAM-SHA-512",
        description="SASL mechanism: a password, a token (AEGIS_KAFKA_OAUTH_…), or IAM of AWS",
    )
    sasl_username: str | None = Field(default=None, description="SASL user name")
    sasl_password: SecretStr | None = Field(default=None, description="SASL password")
    oauth_token_url: str | None = Field(
        default=None, description="OIDC token endpoint for OAUTHBEARER, used with client credentials"
    )
    oauth_client_id: str | None = Field(default=None, description="Client id at the token endpoint")
    oauth_client_secret: SecretStr | None = Field(default=None, description="Client secret at the token endpoint")
    oauth_scope: str | None = Field(default=None, description="Scope requested at the token endpoint")
    oauth_cafile: str | None = Field(
        default=None, description="File with CA certificates for the token endpoint; not set: those of the system"
    )
    aws_region: str | None = Field(default=None, description="Region of the cluster, for AWS_MSK_IAM")
    ssl_cafile: str | None = Field(default=None, description="File with CA certificates; not set: those of the system")
    ssl_certfile: str | None = Field(
        default=None, description="Client certificate in PEM, for brokers that require one (mTLS)"
    )
    ssl_keyfile: str | None = Field(default=None, description="Its key in PEM; not set: in the certificate's file")
    ssl_key_password: SecretStr | None = Field(default=None, description="Password of the key, if it is encrypted")

    @field_validator("bootstrap")
    @classmethod
    def _has_brokers(cls, bootstrap: str) -> str:
        if not bootstrap:
            raise ValueError(f"AEGIS_KAFKA_BOOTSTRAP is not set: {_UNSET_HELP}")
        return bootstrap

    @model_validator(mode="after")
    def _login_is_whole(self) -> KafkaConnection:
        if self.uses_sasl:
            missing = [name for name in _NEEDED_BY.get(self.sasl_mechanism, _PASSWORD) if not getattr(self, name)]
            if missing:
                raise ValueError(
                    f"AEGIS_KAFKA_SECURITY_PROTOCOL={self.security_protocol} with "
                    f"AEGIS_KAFKA_SASL_MECHANISM={self.sasl_mechanism} needs "
                    + " and ".join(f"AEGIS_KAFKA_{name.upper()}" for name in missing)
                )
            if self.sasl_mechanism == "AWS_MSK_IAM" and find_spec(MSK_SIGNER) is None:
                raise ValueError(
                    "AEGIS_KAFKA_SASL_MECHANISM=AWS_MSK_IAM needs a package of AWS: pip install 'aegis-tagger[msk]'"
                )
        return self

    @model_validator(mode="after")
    def _files_are_usable(self) -> KafkaConnection:
        if self.ssl_keyfile and not self.ssl_certfile:
            raise ValueError("AEGIS_KAFKA_SSL_KEYFILE is the key of AEGIS_KAFKA_SSL_CERTFILE: set that, too")
        if self.ssl_certfile and not self.uses_tls:
            raise ValueError(
                "AEGIS_KAFKA_SSL_CERTFILE is shown over TLS alone: set AEGIS_KAFKA_SECURITY_PROTOCOL to SSL or SASL_SSL"
            )
        if self.uses_tls:
            self.tls_context()
        if self.oauth_cafile:
            self.oauth_tls_context()
        return self

    @property
    def uses_tls(self) -> bool:
        return self.security_protocol.endswith("SSL")

    @property
    def uses_sasl(self) -> bool:
        return self.security_protocol.startswith("SASL")

    def tls_context(self) -> ssl.SSLContext:
        """Return how the brokers' certificates are checked, and ours shown; raises ValueError, see there."""
        password = self.ssl_key_password
        return tls_context(
            ca=("AEGIS_KAFKA_SSL_CAFILE", self.ssl_cafile),
            certificate=("AEGIS_KAFKA_SSL_CERTFILE", self.ssl_certfile),
            key=("AEGIS_KAFKA_SSL_KEYFILE", self.ssl_keyfile),
            password=("AEGIS_KAFKA_SSL_KEY_PASSWORD", password.get_secret_value() if password else None),
        )

    def oauth_tls_context(self) -> ssl.SSLContext:
        """Return how the token endpoint's certificate is checked; raises ValueError, see there."""
        return tls_context(ca=("AEGIS_KAFKA_OAUTH_CAFILE", self.oauth_cafile))


class TopicSettings(BaseSettings):
    """`AEGIS_TOPIC_…`."""

    model_config = environment("AEGIS_TOPIC_")

    prefix: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9-]*$",
        max_length=64,
        description="Prefix of all names of topics and groups, so that several deployments can share a cluster",
    )
    partitions: int = Field(default=12, ge=1, le=10_000, description="Number of partitions of newly created topics")
    replication_factor: int = Field(
        default=-1, ge=-1, description="Replication factor of newly created topics; -1: the broker's default"
    )

    @property
    def topics(self) -> Topics:
        return Topics(self.prefix)


class ObjectStoreConnection(SecretSettings):
    """`AEGIS_S3_…`."""

    model_config = environment("AEGIS_S3_")

    endpoint: str = Field(default="", description="URL of the S3 API: http://host:port or https://host:port")
    access_key: str = Field(default="", description="Access key of the S3 API")
    secret_key: SecretStr = Field(default=SecretStr(""), description="Secret key of the S3 API")
    session_token: SecretStr | None = Field(default=None, description="Session token of temporary keys")
    credentials: Literal["static", "aws"] = Field(
        default="static",
        description="static: the keys that are set; aws: the first of environment, profile, web identity and role of "
        "the container or instance",
    )
    ca_file: str | None = Field(
        default=None, description="File with CA certificates for an https endpoint; not set: those of the system"
    )
    region: str = Field(default="us-east-1", description="Region used to sign requests")
    bucket: str = Field(default="aegis-assets", description="Bucket that extractors upload to")

    @field_validator("bucket")
    @classmethod
    def _is_no_alias(cls, bucket: str) -> str:
        # minio 7.2 refuses these in every call, each of which would then be taken for an object's own fault.
        if bucket.endswith(("-s3alias", "--ol-s3")):
            raise ValueError(
                f"AEGIS_S3_BUCKET={bucket} is the alias of an access point, which the S3 client does not take: "
                "write the bucket's own name"
            )
        return bucket

    @field_validator("endpoint")
    @classmethod
    def _is_url(cls, endpoint: str) -> str:
        if not endpoint:
            raise ValueError(f"AEGIS_S3_ENDPOINT is not set: {_UNSET_HELP}")
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(
                f"AEGIS_S3_ENDPOINT={endpoint} is not a URL of an S3 API: write http://host:port or https://host:port"
            )
        return endpoint.rstrip("/")

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> ObjectStoreConnection:
        if bool(self.access_key) != bool(self.secret_key.get_secret_value()):
            raise ValueError(
                "AEGIS_S3_ACCESS_KEY and AEGIS_S3_SECRET_KEY belong together: "
                "set both, or neither if the store needs no credentials"
            )
        if self.session_token is not None and not self.access_key:
            raise ValueError(
                "AEGIS_S3_SESSION_TOKEN belongs to temporary keys: set AEGIS_S3_ACCESS_KEY and AEGIS_S3_SECRET_KEY"
            )
        if self.credentials == "aws" and self.access_key:
            raise ValueError("AEGIS_S3_CREDENTIALS=aws takes no AEGIS_S3_ACCESS_KEY: unset one of them")
        if self.secure:
            self.tls_context()
        return self

    @property
    def address(self) -> str:
        """host:port, as S3 clients take it."""
        return urlsplit(self.endpoint).netloc

    @property
    def secure(self) -> bool:
        return urlsplit(self.endpoint).scheme == "https"

    def tls_context(self) -> ssl.SSLContext:
        """Return how the store's certificate is checked; raises ValueError, see there."""
        return tls_context(ca=("AEGIS_S3_CA_FILE", self.ca_file))


class DatabaseConnection(SecretSettings):
    """`AEGIS_PG_…`."""

    model_config = environment("AEGIS_PG_")

    dsn: SecretStr = Field(
        default=SecretStr(""), description="Address of PostgreSQL: postgresql://user:password@host:port/database"
    )
    db_schema: str = Field(
        default="aegis",
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        validation_alias="AEGIS_PG_SCHEMA",
        description="PostgreSQL schema that holds the tables",
    )
    pool_size: int = Field(default=4, ge=1, le=100, description="Maximum open connections")

    @field_validator("dsn")
    @classmethod
    def _is_postgres(cls, dsn: SecretStr) -> SecretStr:
        text = dsn.get_secret_value()
        if not text:
            raise ValueError(f"AEGIS_PG_DSN is not set: {_UNSET_HELP}")
        dsn_words(text, os.environ)
        return dsn

    def words(self) -> dict[str, str]:
        """Return what the DSN says, and what libpq's files and variables add to it, in the words of libpq."""
        return dsn_words(self.dsn.get_secret_value(), os.environ)
