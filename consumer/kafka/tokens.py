"""Tokens that SASL/OAUTHBEARER shows: from an OIDC token endpoint, or signed as AWS's MSK wants them."""

from __future__ import annotations

import asyncio
import json
import time
from importlib import import_module
from typing import Any, Final

import urllib3
from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import OAuthAuthenticator

from consumer.kafka.errors import AccessRefusedError, UnreachableError
from schemas.connections import MSK_SIGNER, KafkaConnection

_ANSWER_SECONDS: Final = 10.0
# A token is replaced when less than so much of its life is left.
_LEFT: Final = 0.2
# Of an endpoint that does not say how long its tokens live.
_LIFE_SECONDS: Final = 300.0
_OK: Final = 200
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405})


def token_provider(connection: KafkaConnection) -> AbstractTokenProvider | None:
    """Return where tokens come from, None where we log in by a password; asks nobody yet."""
    if connection.sasl_mechanism == "OAUTHBEARER":
        return ClientCredentials(connection)
    if connection.sasl_mechanism == "AWS_MSK_IAM":
        return MskTokens(connection.aws_region or "")
    return None


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is untyped
    """OIDC's client credentials: one token for all connections of a client, until a fifth of its life is left."""

    def __init__(self, connection: KafkaConnection) -> None:
        secret = connection.oauth_client_secret
        self._url = connection.oauth_token_url or ""
        self._form = {"grant_type": "client_credentials"}
        if connection.oauth_scope:
            self._form["scope"] = connection.oauth_scope
        self._headers = urllib3.make_headers(
            basic_auth=f"{connection.oauth_client_id}:{secret.get_secret_value() if secret else ''}"
        )
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=_ANSWER_SECONDS),
            retries=False,
            ssl_context=connection.oauth_tls_context() if self._url.startswith("https") else None,
        )
        self._asking = asyncio.Lock()
        self._token, self._renewed_at = "", 0.0

    async def token(self) -> str:
        """Return a token that is valid for a while.

        Raises:
            AccessRefusedError: the endpoint does not give us one.
            UnreachableError: it does not answer now.

        """
        async with self._asking:
            if time.monotonic() >= self._renewed_at:
                self._token, life_seconds = await asyncio.to_thread(self._fetch)
                self._renewed_at = time.monotonic() + life_seconds * (1 - _LEFT)
            return self._token

    def _fetch(self) -> tuple[str, float]:
        try:
            answer = self._http.request(
                "POST", self._url, fields=self._form, encode_multipart=False, headers=self._headers
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise UnreachableError(
                f"the token endpoint AEGIS_KAFKA_OAUTH_TOKEN_URL={self._url} does not answer ({type(error).__name__})"
            ) from error
        fields = _json(answer.data)
        if answer.status == _OK and isinstance(fields.get("access_token"), str):
            return fields["access_token"], float(fields.get("expires_in") or _LIFE_SECONDS)
        said = f"HTTP {answer.status}" + (f", {fields['error']}" if isinstance(fields.get("error"), str) else "")
        if answer.status in _REFUSALS or answer.status == _OK:
            raise AccessRefusedError(
                f"the token endpoint {self._url} gives us no token ({said}): check AEGIS_KAFKA_OAUTH_CLIENT_ID, "
                "AEGIS_KAFKA_OAUTH_CLIENT_SECRET, AEGIS_KAFKA_OAUTH_SCOPE and AEGIS_KAFKA_OAUTH_TOKEN_URL"
            )
        raise UnreachableError(f"the token endpoint {self._url} gives no token now ({said})")


class MskTokens(AbstractTokenProvider):  # type: ignore[misc]  # as above
    """Tokens that AWS's own package signs with the credentials of AWS's chain."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._signer: Any = import_module(f"{MSK_SIGNER}.MSKAuthTokenProvider")

    async def token(self) -> str:
        """Return a token that was signed now; raises AccessRefusedError where AWS knows no credentials of ours."""
        try:
            signed, _ = await asyncio.to_thread(self._signer.generate_auth_token, self._region)
        except Exception as error:
            # botocore's errors have no common base that is not all of Exception.
            raise AccessRefusedError(
                "AWS gives no credentials to sign with for AEGIS_KAFKA_SASL_MECHANISM=AWS_MSK_IAM "
                f"({type(error).__name__}): give this process a profile, a web identity or a role"
            ) from error
        return str(signed)


def notice_refused_tokens() -> None:
    """Make this process's clients see that a broker refused their token: aiokafka takes the answer for a welcome."""
    OAuthAuthenticator.step = _step


_original_step = OAuthAuthenticator.step


async def _step(self: OAuthAuthenticator, answer: bytes | None) -> tuple[bytes, bool] | None:
    # RFC 7628: a token that is fine is answered by nothing, any other by a JSON object.
    if answer:
        status = _json(answer).get("status", "refused")
        raise AccessRefusedError(
            f"the brokers refuse the token that AEGIS_KAFKA_OAUTH_… got us ({status}): check AEGIS_KAFKA_OAUTH_SCOPE, "
            "and which issuer and audience the brokers expect"
        )
    return await _original_step(self, answer)  # type: ignore[no-any-return]  # as above


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
