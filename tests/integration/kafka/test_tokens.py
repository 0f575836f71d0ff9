"""Logging in by tokens of an OIDC provider, fetched from a token endpoint that runs here."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.kafka.clients import make_admin, make_reader
from consumer.kafka.closing import started_consumer
from consumer.kafka.errors import UnreachableError
from schemas.connections import KafkaConnection
from testkit.secured_kafka import SecuredKafka, unsecured_token
from testkit.token_endpoint import CLIENT, SECRET, TokenEndpoint, token_endpoint
from tests.integration.kafka.logins import connection, refused


def oauth(broker: SecuredKafka, endpoint: TokenEndpoint, **settings: Any) -> KafkaConnection:
    found: dict[str, Any] = {
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_username": None,
        "sasl_password": None,
        "oauth_token_url": endpoint.url,
        "oauth_client_id": CLIENT,
        "oauth_client_secret": SECRET,
    }
    return connection(broker, "TLSLOGIN", **{**found, **settings})


async def test_a_token_is_fetched_once_and_lets_every_connection_in(secured: SecuredKafka) -> None:
    with token_endpoint(lambda: unsecured_token("user0")) as endpoint:
        async with started_consumer(make_reader(oauth(secured, endpoint, oauth_scope="kafka"), "test")) as consumer:
            await consumer.topics()

    # Bootstrap and node are two connections.
    assert endpoint.forms == [{"grant_type": "client_credentials", "scope": "kafka"}]


async def test_a_token_is_fetched_anew_before_it_ends(secured: SecuredKafka) -> None:
    with token_endpoint(lambda: unsecured_token("user0"), life_seconds=0.001) as endpoint:
        async with started_consumer(make_reader(oauth(secured, endpoint), "test")) as consumer:
            await consumer.topics()

    assert len(endpoint.forms) > 1


async def test_a_wrong_client_secret_is_told(secured: SecuredKafka) -> None:
    with token_endpoint(lambda: unsecured_token("user0")) as endpoint:
        told = await refused(oauth(secured, endpoint, oauth_client_secret="wrong"))

    assert told == (
        f"the token endpoint {endpoint.url} gives us no token (HTTP 401, invalid_client): check "
        "AEGIS_KAFKA_OAUTH_CLIENT_ID, AEGIS_KAFKA_OAUTH_CLIENT_SECRET, AEGIS_KAFKA_OAUTH_SCOPE and "
        "AEGIS_KAFKA_OAUTH_TOKEN_URL"
    )


async def test_a_token_that_the_brokers_refuse_is_told(secured: SecuredKafka) -> None:
    with token_endpoint(lambda: unsecured_token("user0", scope="other")) as endpoint:
        told = await refused(oauth(secured, endpoint))

    assert told.startswith("the brokers refuse the token that AEGIS_KAFKA_OAUTH_… got us (insufficient_scope)")


async def test_a_token_endpoint_that_is_down_is_waited_for(secured: SecuredKafka) -> None:
    with token_endpoint(lambda: "") as endpoint:
        pass
    admin = make_admin(oauth(secured, endpoint), "test")
    with pytest.raises(UnreachableError, match=r"AEGIS_KAFKA_OAUTH_TOKEN_URL=.* does not answer"):
        await admin.start()
    await admin.close()
