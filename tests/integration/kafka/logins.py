"""Ways to come to the broker that lets in nobody it does not know."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.kafka.clients import make_admin, make_producer, make_reader
from consumer.kafka.errors import AccessRefusedError
from schemas.connections import KafkaConnection
from testkit.secured_kafka import PASSWORD, SecuredKafka

_LOGIN = {"sasl_username": "root", "sasl_password": PASSWORD, "sasl_mechanism": "PLAIN"}


def connection(broker: SecuredKafka, listener: str, **settings: Any) -> KafkaConnection:
    protocols = {"PLAIN": "PLAINTEXT", "TLS": "SSL", "MTLS": "SSL", "LOGIN": "SASL_PLAINTEXT", "TLSLOGIN": "SASL_SSL"}
    protocol = settings.get("security_protocol", protocols[listener])
    found = {"bootstrap": broker.addresses[listener], "security_protocol": protocol}
    if protocol.endswith("SSL"):
        found["ssl_cafile"] = str(broker.authority.certificate)
    if protocol.startswith("SASL"):
        found |= _LOGIN
    return KafkaConnection(**{**found, **settings})


async def refused(kafka: KafkaConnection) -> str:
    """Return what each kind of client says when it is started, which is the same."""
    told = set()
    for client in (make_admin(kafka, "test"), make_reader(kafka, "test"), make_producer(kafka, "test")):
        with pytest.raises(AccessRefusedError) as error:
            await client.start()
        told.add(str(error.value))
        await (client.close() if hasattr(client, "close") else client.stop())
    (sentence,) = told
    return sentence
