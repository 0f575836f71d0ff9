"""The object store as pyiceberg reads and writes it: as pyiceberg does, and with our certificates and timeouts."""

from __future__ import annotations

from typing import Any, Final

from pyarrow.fs import AwsStandardS3RetryStrategy, FileSystem, S3FileSystem
from pyiceberg.io.pyarrow import PyArrowFileIO

from schemas.connections import ObjectStoreConnection

IMPLEMENTATION: Final = f"{__name__}.LakeFileIO"
CA_FILE: Final = "aegis.s3.ca-file"
_CONNECT_SECONDS: Final = 5.0
# Between two bytes of an answer, not for a whole file.
_SILENT_SECONDS: Final = 30.0
_ATTEMPTS: Final = 3


def store_properties(connection: ObjectStoreConnection) -> dict[str, str]:
    """Return a store and its credentials as properties of a catalog."""
    found = {"py-io-impl": IMPLEMENTATION, "s3.endpoint": connection.endpoint, "s3.region": connection.region}
    if connection.access_key:
        found["s3.access-key-id"] = connection.access_key
        found["s3.secret-access-key"] = connection.secret_key.get_secret_value()
        if connection.session_token is not None:
            found["s3.session-token"] = connection.session_token.get_secret_value()
    elif connection.credentials != "aws":
        found["s3.anonymous"] = "true"
    if connection.ca_file:
        found[CA_FILE] = connection.ca_file
    return found


class LakeFileIO(PyArrowFileIO):
    """Files of the lake; without keys in the properties, Arrow asks AWS's chain of credentials."""

    def _initialize_s3_fs(self, netloc: str | None) -> FileSystem:  # noqa: ARG002 - pyiceberg's signature
        options: dict[str, Any] = {
            "endpoint_override": self.properties["s3.endpoint"],
            "region": self.properties["s3.region"],
            "connect_timeout": _CONNECT_SECONDS,
            "request_timeout": _SILENT_SECONDS,
            "retry_strategy": AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
        }
        if "s3.access-key-id" in self.properties:
            options["access_key"] = self.properties["s3.access-key-id"]
            options["secret_key"] = self.properties["s3.secret-access-key"]
            options["session_token"] = self.properties.get("s3.session-token")
        if self.properties.get("s3.anonymous") == "true":
            options["anonymous"] = True
        if CA_FILE in self.properties:
            options["tls_ca_file_path"] = self.properties[CA_FILE]
        return S3FileSystem(**options)
