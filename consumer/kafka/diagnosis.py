"""Why no broker lets us in: aiokafka says "Unable to bootstrap" of a wrong password as of a broker that is down.

After a start that failed one more connection is tried, and what it meets is told with the setting that would change it.
Only what is certain counts as a refusal; whatever may pass stays an error that is waited out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, errors
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from consumer.kafka.errors import AccessRefusedError, UnreachableError

_TRY_SECONDS: Final = 5.0
_LOGIN: Final = "AEGIS_KAFKA_SASL_USERNAME and AEGIS_KAFKA_SASL_PASSWORD"
_PROTOCOL: Final = "AEGIS_KAFKA_SECURITY_PROTOCOL"
_CERTIFICATE_ALERTS: Final = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "UNKNOWN_CA")
_WITHOUT_TLS: Final = {"SSL": "PLAINTEXT", "SASL_SSL": "SASL_PLAINTEXT"}
_WITH_TLS: Final = {plain: encrypted for encrypted, plain in _WITHOUT_TLS.items()}
_original_bootstrap = AIOKafkaClient.bootstrap


def tell_why() -> None:
    """Make every client of this process say, where it cannot start, why."""
    AIOKafkaClient.bootstrap = _bootstrap


async def _bootstrap(self: AIOKafkaClient) -> None:
    try:
        await _original_bootstrap(self)
    except errors.KafkaConnectionError as error:
        raise await diagnose(self) or error from error


async def check_access(consumer: AIOKafkaConsumer) -> None:
    """Raise AccessRefusedError where a consumer that had got in would not get in any more: a password that changed."""
    cause = await diagnose(consumer._client)  # noqa: SLF001 - there is no public way to it
    if isinstance(cause, AccessRefusedError):
        raise cause


async def diagnose(client: AIOKafkaClient) -> errors.KafkaError | None:
    """Return what a connection meets now: AccessRefusedError, UnreachableError, or None where all is well."""
    cause: errors.KafkaError | None = None
    for host, port, _ in client.hosts:
        try:
            async with asyncio.timeout(2 * _TRY_SECONDS):
                problem = await _try(client, host, port)
        except TimeoutError:
            problem = UnreachableError(f"{host}:{port} takes connections and does not answer")
        if problem is None or isinstance(problem, AccessRefusedError):
            return problem
        cause = cause or problem
    return cause


async def _try(client: AIOKafkaClient, host: str, port: int) -> errors.KafkaError | None:
    protocol = client._security_protocol  # noqa: SLF001 - what the client connects with
    try:
        async with _connected(client, host, port) as connection:
            try:
                await connection.send(MetadataRequest([]))
            except errors.KafkaError as error:
                if protocol.startswith("SASL") or not await _asks_for_login(client, host, port):
                    return _of(error, host, port)
                return AccessRefusedError(f"{host}:{port} asks for a login: set {_PROTOCOL}=SASL_{protocol}, {_LOGIN}")
    except (errors.KafkaError, OSError) as error:
        cause = _of(error, host, port)
        if isinstance(cause, AccessRefusedError) or isinstance(error, ConnectionRefusedError):
            return cause
        return await _of_protocol(client, host, port) or cause
    return None


@asynccontextmanager
async def _connected(
    client: AIOKafkaClient, host: str, port: int, protocol: str | None = None
) -> AsyncIterator[AIOKafkaConnection]:
    """Connect as the client does, or by another protocol."""
    connection = await create_conn(
        host,
        port,
        client_id=client._client_id,  # noqa: SLF001 - as above
        request_timeout_ms=int(_TRY_SECONDS * 1000),
        ssl_context=client._ssl_context,  # noqa: SLF001 - as above
        security_protocol=protocol or client._security_protocol,  # noqa: SLF001 - as above
        sasl_mechanism=client._sasl_mechanism,  # noqa: SLF001 - as above
        sasl_plain_username=client._sasl_plain_username,  # noqa: SLF001 - as above
        sasl_plain_password=client._sasl_plain_password,  # noqa: SLF001 - as above
        sasl_oauth_token_provider=client._sasl_oauth_token_provider,  # noqa: SLF001 - as above
    )
    try:
        yield connection
    finally:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_TRY_SECONDS):
                await connection.close()


async def _asks_for_login(client: AIOKafkaClient, host: str, port: int) -> bool:
    with suppress(errors.KafkaError, OSError):
        async with _connected(client, host, port) as connection:
            answer = await connection.send(SaslHandShakeRequest("-"))
            # A listener that asks for none answers ILLEGAL_SASL_STATE.
            return bool(answer.error_code == errors.UnsupportedSaslMechanismError.errno)
    return False


async def _of_protocol(client: AIOKafkaClient, host: str, port: int) -> AccessRefusedError | None:
    """Return what is told by the other way to speak: with TLS where we have none, and without where we have it."""
    protocol = client._security_protocol  # noqa: SLF001 - as above
    with suppress(errors.KafkaError, OSError):
        if protocol in _WITHOUT_TLS:
            plain = await create_conn(host, port, request_timeout_ms=int(_TRY_SECONDS * 1000))
            await plain.close()
            return AccessRefusedError(f"{host}:{port} speaks without TLS: set {_PROTOCOL}={_WITHOUT_TLS[protocol]}")
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(host, port, ssl=trusting)
        writer.transport.abort()
        return AccessRefusedError(f"{host}:{port} speaks TLS: set {_PROTOCOL}={_WITH_TLS[protocol]}")
    return None


def _of(error: BaseException, host: str, port: int) -> errors.KafkaError:
    """Return what the error itself tells."""
    for cause in _causes(error):
        if isinstance(cause, (AccessRefusedError, UnreachableError)):
            return cause
        refused = _refused(cause)
        if refused is not None:
            return AccessRefusedError(f"{host}:{port} {refused}")
    text = next((str(cause) for cause in _causes(error) if isinstance(cause, OSError) and str(cause)), str(error))
    return UnreachableError(f"{host}:{port} does not answer ({text or type(error).__name__})")


def _refused(cause: BaseException) -> str | None:
    """Return what a broker refuses, or what we refuse of it, and the setting that changes it."""
    sentence = None
    match cause:
        case ssl.SSLCertVerificationError(verify_message=reason) if "mismatch" in reason:
            sentence = (
                f"shows a certificate for another name ({reason.rstrip('.')}): name the brokers in "
                "AEGIS_KAFKA_BOOTSTRAP and in their advertised.listeners as their certificates do"
            )
        case ssl.SSLCertVerificationError(verify_message=reason):
            sentence = (
                f"shows a certificate that we do not trust ({reason}): set AEGIS_KAFKA_SSL_CAFILE to the CA that "
                "signed it"
            )
        case ssl.SSLError(reason=str(reason)) if any(alert in reason for alert in _CERTIFICATE_ALERTS):
            sentence = (
                f"asks for a client certificate, and does not take what we show ({_words(reason)}): set "
                "AEGIS_KAFKA_SSL_CERTFILE and AEGIS_KAFKA_SSL_KEYFILE to one that a CA of the brokers signed"
            )
        case errors.SaslAuthenticationFailed():
            said = str(cause.args[0]).rstrip(".") if cause.args else "no more is said"
            sentence = f"refuses our login ({said}): check {_LOGIN}"
        case errors.UnsupportedSaslMechanismError():
            sentence = "does not know this kind of login: set AEGIS_KAFKA_SASL_MECHANISM to one that it offers"
        case errors.IllegalSaslStateError():
            sentence = f"asks for no login: set {_PROTOCOL} to SSL or PLAINTEXT"
    return sentence


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _words(reason: str) -> str:
    return reason.rpartition("ALERT_")[2].replace("_", " ").lower()
