"""How we prove to the brokers who we are, and they to us; whoever is not let in hears which setting to change."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from consumer.kafka.clients import make_admin, make_consumer, make_producer, make_reader
from consumer.kafka.closing import abandon_producer, started_admin, started_consumer
from consumer.kafka.errors import AccessRefusedError, UnreachableError
from consumer.kafka.records import Publication, SourceRecord
from schemas.connections import KafkaConnection
from testkit.certificates import Authority
from testkit.harness import QUICK, Harness
from testkit.kafka_tools import eventually, make_topics
from testkit.secured_kafka import PASSWORD, SecuredKafka
from tests.integration.kafka.logins import connection, refused


async def all_get_in(kafka: KafkaConnection) -> bool:
    """Start each kind of client that the product has."""
    async with started_admin(make_admin(kafka, "test")), started_consumer(make_reader(kafka, "test")):
        producer = make_producer(kafka, "test")
        await producer.start()
        await abandon_producer(producer)
    return True


async def test_tls_is_spoken_with_a_private_ca(secured: SecuredKafka) -> None:
    assert await all_get_in(connection(secured, "TLS"))


@pytest.mark.parametrize("password", [None, "of-the-key"])
async def test_our_certificate_is_shown(secured: SecuredKafka, password: str | None) -> None:
    ours = secured.authority.issue("client", password=password)
    files = {"ssl_certfile": str(ours.certificate), "ssl_keyfile": str(ours.key), "ssl_key_password": password}

    assert await all_get_in(connection(secured, "MTLS", **files))


@pytest.mark.parametrize("listener", ["LOGIN", "TLSLOGIN"])
async def test_a_password_is_proved_by_plain_and_by_scram(secured: SecuredKafka, listener: str) -> None:
    assert await all_get_in(connection(secured, listener))
    assert await all_get_in(
        connection(secured, listener, sasl_mechanism="SCRAM-SHA-512", sasl_username="scram", sasl_password=PASSWORD)
    )


@pytest.mark.parametrize(
    ("listener", "settings", "sentence"),
    [
        (
            "TLSLOGIN",
            {"sasl_password": "wrong"},
            (
                "{at} refuses our login (Authentication failed: Invalid username or password): check "
                "AEGIS_KAFKA_SASL_USERNAME and AEGIS_KAFKA_SASL_PASSWORD"
            ),
        ),
        (
            "TLS",
            {"ssl_cafile": None},
            (
                "{at} shows a certificate that we do not trust (unable to get local issuer certificate): set "
                "AEGIS_KAFKA_SSL_CAFILE to the CA that signed it"
            ),
        ),
        ("TLS", {"security_protocol": "PLAINTEXT"}, "{at} speaks TLS: set AEGIS_KAFKA_SECURITY_PROTOCOL=SSL"),
        (
            "MTLS",
            {},
            (
                "{at} asks for a client certificate, and does not take what we show (certificate required): set "
                "AEGIS_KAFKA_SSL_CERTFILE and AEGIS_KAFKA_SSL_KEYFILE to one that a CA of the brokers signed"
            ),
        ),
        (
            "PLAIN",
            {"security_protocol": "SSL"},
            "{at} speaks without TLS: set AEGIS_KAFKA_SECURITY_PROTOCOL=PLAINTEXT",
        ),
        (
            "TLSLOGIN",
            {"security_protocol": "SASL_PLAINTEXT"},
            "{at} speaks TLS: set AEGIS_KAFKA_SECURITY_PROTOCOL=SASL_SSL",
        ),
        (
            "LOGIN",
            {"sasl_mechanism": "SCRAM-SHA-256"},
            "{at} does not know this kind of login: set AEGIS_KAFKA_SASL_MECHANISM to one that it offers",
        ),
        (
            "LOGIN",
            {"security_protocol": "PLAINTEXT"},
            (
                "{at} asks for a login: set AEGIS_KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT, AEGIS_KAFKA_SASL_USERNAME "
                "and AEGIS_KAFKA_SASL_PASSWORD"
            ),
        ),
        (
            "PLAIN",
            {"security_protocol": "SASL_PLAINTEXT"},
            "{at} asks for no login: set AEGIS_KAFKA_SECURITY_PROTOCOL to SSL or PLAINTEXT",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isupper() else None,
)
async def test_whoever_is_not_let_in_hears_which_setting_to_change(
    secured: SecuredKafka, listener: str, settings: dict[str, Any], sentence: str
) -> None:
    told = await refused(connection(secured, listener, **settings))

    assert told == sentence.format(at=secured.addresses[listener])


async def test_a_certificate_of_a_stranger_is_told_from_none(secured: SecuredKafka, tmp_path: Path) -> None:
    strange = Authority(tmp_path).issue("client")
    files = {"ssl_certfile": str(strange.certificate), "ssl_keyfile": str(strange.key)}

    assert "does not take what we show (certificate unknown)" in await refused(connection(secured, "MTLS", **files))


async def test_a_certificate_for_another_name_is_told(secured: SecuredKafka) -> None:
    by_name = secured.addresses["TLS"].replace("127.0.0.1", "localhost")

    told = await refused(connection(secured, "TLS", bootstrap=by_name))

    assert f"{by_name} shows a certificate for another name (Hostname mismatch" in told


async def test_a_broker_that_is_down_is_no_refusal(closed_port: str) -> None:
    admin = make_admin(KafkaConnection(bootstrap=closed_port), "test")
    with pytest.raises(UnreachableError, match=f"{closed_port} does not answer"):
        await admin.start()
    await admin.close()


async def test_an_engine_whose_password_is_changed_under_it_ends(secured: SecuredKafka, topic_prefix: str) -> None:
    source = f"{topic_prefix}in"
    await make_topics(secured.open, 1, source, f"{source}.dlq")
    settings = QUICK.changed(topic=source, group=f"{topic_prefix}group")
    consumers = []

    def make() -> Any:
        consumers.append(make_consumer(connection(secured, "LOGIN"), settings))
        return consumers[-1]

    async def nothing(_: SourceRecord) -> list[Publication]:
        return []

    running = Harness(secured.open, source, "", settings).start(nothing, make=make)
    await eventually(lambda: running.engine.readiness_problem() is None, "the engine is a member of its group")
    (consumer,) = consumers

    # As if the broker had ended its connections after the change.
    consumer._client._sasl_plain_password = "changed"
    for open_connection in consumer._client._conns.values():
        open_connection.close()

    with pytest.raises(AccessRefusedError, match="refuses our login"):
        await asyncio.wait_for(running.task, 30)


@pytest.fixture
def closed_port(unused_tcp_port: int) -> str:
    return f"127.0.0.1:{unused_tcp_port}"


@pytest.mark.parametrize("command", [["-m", "consumer", "sink"], ["-m", "aegis", "topics", "ls"]])
def test_a_wrong_password_ends_processes_and_verbs_with_2_and_one_sentence(
    secured: SecuredKafka, stack_environment: dict[str, str], command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hidden-password\n")
    environment = {
        **stack_environment,
        "AEGIS_KAFKA_BOOTSTRAP": secured.addresses["TLSLOGIN"],
        "AEGIS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "AEGIS_KAFKA_SSL_CAFILE": str(secured.authority.certificate),
        "AEGIS_KAFKA_SASL_USERNAME": "scram",
        "AEGIS_KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "password"),
        "AEGIS_PG_SCHEMA": f"t{os.getpid()}",
    }
    if "sink" in command:
        migrated = subprocess.run(
            [sys.executable, "-m", "aegis", "db", "migrate"], env={**os.environ, **environment}, check=False
        )
        assert migrated.returncode == 0

    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "refuses our login" in done.stderr.splitlines()[-1]
    assert "check AEGIS_KAFKA_SASL_USERNAME and AEGIS_KAFKA_SASL_PASSWORD" in done.stderr.splitlines()[-1]
    assert "hidden-password" not in done.stdout + done.stderr
