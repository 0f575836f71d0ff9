"""Who we are to the object store: keys that are set, or whoever AWS says that this machine is."""

from __future__ import annotations

import os
from typing import Final

import urllib3
from minio.credentials.credentials import Credentials
from minio.credentials.providers import (
    AWSConfigProvider,
    ChainedProvider,
    EnvAWSProvider,
    IamAwsProvider,
    Provider,
    StaticProvider,
)
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from consumer.storage.errors import StoreUnavailableError
from schemas.connections import ObjectStoreConnection

# Off AWS nobody answers at the address of the instance's role.
_ROLE_SECONDS: Final = 2.0


def credentials_of(connection: ObjectStoreConnection) -> Provider | None:
    """Return what signs the requests, None for a store that asks for no credentials; asks nobody yet."""
    if connection.credentials == "aws":
        return AwsCredentials(connection.region)
    if not connection.access_key:
        return None
    token = connection.session_token
    return StaticProvider(
        connection.access_key, connection.secret_key.get_secret_value(), token.get_secret_value() if token else None
    )


class AwsCredentials(Provider):
    """AWS's chain: its environment variables, its profile, a web identity, the role of the container or instance.

    Credentials that expire are fetched again before they do.
    """

    def __init__(self, region: str) -> None:
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=_ROLE_SECONDS), retries=urllib3.Retry(total=1, backoff_factor=0.2)
        )
        # For a web identity alone, as in AWS's own clients; minio would ask it for an instance's role too.
        web_identity = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_STS") if web_identity else None
        role = IamAwsProvider(custom_endpoint=endpoint, http_client=self._http, region=region)
        self._chain = ChainedProvider([EnvAWSProvider(), AWSConfigProvider(), role])

    def retrieve(self) -> Credentials:
        """Return credentials that are valid now; raises StoreUnavailableError where nobody gives any."""
        try:
            return self._chain.retrieve()
        except (ValueError, LookupError, OSError, HTTPError, MinioException) as error:
            raise StoreUnavailableError(
                "AEGIS_S3_CREDENTIALS=aws finds no credentials in AWS_ACCESS_KEY_ID, in the profile, by a web identity "
                f"or by a role ({type(error).__name__}): give this process one of them, or set AEGIS_S3_ACCESS_KEY "
                "and AEGIS_S3_SECRET_KEY in place of AEGIS_S3_CREDENTIALS"
            ) from error
