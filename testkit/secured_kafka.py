"""A broker of its own that lets in nobody it does not know: TLS, client certificates, logins and access control."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest

from devstack import Stack
from devstack.component import Tell
from devstack.kafka import Kafka
from devstack.state import LOOPBACK, State
from testkit.certificates import Authority
from testkit.kafka_tools import eventually

PASSWORD: Final = "the-right-password"  # noqa: S105 - of a broker that lives as long as a test
SCOPE: Final = "kafka"
# Without any right, for tests to grant them some; "root", and "scram" by SCRAM, may do everything.
USERS: Final = tuple(f"user{number}" for number in range(150))
_LISTENERS: Final = {
    # Whoever comes by it may do everything: tests prepare what they need there.
    "PLAIN": "PLAINTEXT",
    "TLS": "SSL",
    "MTLS": "SSL",
    "LOGIN": "SASL_PLAINTEXT",
    "TLSLOGIN": "SASL_SSL",
}
_MECHANISMS: Final = "PLAIN,SCRAM-SHA-512,OAUTHBEARER"
_JAAS: Final = "org.apache.kafka.common.security"
_RESOURCES: Final = {"topic": 2, "group": 3, "cluster": 4}
_OPERATIONS: Final = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Delete": 6,
    "Alter": 7,
    "Describe": 8,
    "ClusterAction": 9,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
    "IdempotentWrite": 12,
}
_LITERAL, _ALLOW, _ANYWHERE = 3, 3, "*"
_CLUSTER: Final = "kafka-cluster"


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One operation on one topic or group; on the cluster without a name."""

    resource: str
    name: str
    operation: str


class BorrowingKafka(Kafka):
    """Runs from the jars of a stack that was started before."""

    def __init__(self, stack: Stack) -> None:
        self._classpath = stack.folder / "kafka" / "classpath"

    def prepare(self, folder: Path, state: State, tell: Tell) -> None:
        home = folder / self.name
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._classpath, home)
        super().prepare(folder, state, tell)


class _Secured(BorrowingKafka):
    format_options = ("--add-scram", f"SCRAM-SHA-512=[name=scram,password={PASSWORD}]")

    def __init__(self, authority: Authority, stack: Stack) -> None:
        super().__init__(stack)
        self._authority = authority

    def settings(self, home: Path, state: State) -> dict[str, object]:
        addresses = {name: f"{LOOPBACK}:{_port(state, name)}" for name in _LISTENERS}
        broker = self._authority.issue("broker", names=f"IP:{LOOPBACK}")
        chain = home / "broker.pem"
        chain.write_text(broker.key.read_text() + broker.certificate.read_text())
        kafka = super().settings(home, state)
        listeners = ",".join(f"{name}://{address}" for name, address in addresses.items())
        protocols = ",".join(f"{name}:{protocol}" for name, protocol in _LISTENERS.items())
        users = " ".join(f'user_{user}="{PASSWORD}"' for user in ("root", *USERS))
        kafka |= {
            "listeners": f"{listeners},CONTROLLER://{LOOPBACK}:{state.port('kafka-controller')}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": f"{protocols},CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAIN",
            "sasl.enabled.mechanisms": _MECHANISMS,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": chain,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self._authority.certificate,
            "listener.name.mtls.ssl.client.auth": "required",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:CN=client;User:scram;User:root",
            # Told quickly: the tests are refused often.
            "connection.failed.authentication.delay.ms": "0",
        }
        for listener in ("login", "tlslogin"):
            prefix = f"listener.name.{listener}"
            kafka |= {
                f"{prefix}.plain.sasl.jaas.config": f"{_JAAS}.plain.PlainLoginModule required {users};",
                f"{prefix}.scram-sha-512.sasl.jaas.config": f"{_JAAS}.scram.ScramLoginModule required;",
                f"{prefix}.oauthbearer.sasl.jaas.config": f"{_JAAS}.oauthbearer.OAuthBearerLoginModule required "
                f'unsecuredLoginStringClaim_sub="broker" unsecuredValidatorRequiredScope="{SCOPE}";',
            }
        return kafka


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """The broker that runs; each listener has its address."""

    addresses: Mapping[str, str]
    authority: Authority

    @property
    def open(self) -> str:
        """The address where whoever comes may do everything."""
        return self.addresses["PLAIN"]

    async def grant(self, user: str, rights: Iterable[Right]) -> None:
        """Let a user do this; nothing takes it back."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.open)
        await admin.start()
        try:
            for right in rights:
                answer = await admin._send_to_controller(  # there is no public way yet
                    CreateAclsRequest(
                        _RESOURCES[right.resource],
                        right.name or _CLUSTER,
                        _LITERAL,
                        f"User:{user}",
                        _ANYWHERE,
                        _OPERATIONS[right.operation],
                        _ALLOW,
                    )
                )
                assert [code for code, _ in answer.creation_responses] == [0], answer
        finally:
            await admin.close()


@contextmanager
def secured_kafka(folder: Path, stack: Stack) -> Iterator[SecuredKafka]:
    """Run the broker for the length of a block, from the jars of a stack that was started before."""
    authority = Authority(folder / "ca")
    services = Stack(folder / "stack")
    component = _Secured(authority, stack)
    services.components = (component,)
    try:
        services.start(component.name)
        state = services.state()
        asyncio.run(eventually(partial(_knows_its_users, state), "the broker knows its users"))
        yield SecuredKafka({name: f"{LOOPBACK}:{_port(state, name)}" for name in _LISTENERS}, authority)
    finally:
        services.reset()


async def _knows_its_users(state: State) -> bool:
    """Tell whether users can log in by SCRAM: it listens before it has read of them in the cluster's metadata."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=f"{LOOPBACK}:{_port(state, 'LOGIN')}",
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username="scram",
        sasl_plain_password=PASSWORD,
    )
    try:
        await admin.start()
    except KafkaError:
        return False
    finally:
        await admin.close()
    return True


def unsecured_token(subject: str, scope: str = SCOPE, life_seconds: float = 300.0) -> str:
    """Return a JSON web token that nobody signed; Kafka's validator for development takes it."""
    now = time.time()
    claims = {"sub": subject, "scope": scope, "iat": now, "exp": now + life_seconds}
    return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _port(state: State, listener: str) -> int:
    # The first is the one that the stack itself waits for.
    return state.port("kafka" if listener == "PLAIN" else f"kafka-{listener.lower()}")
