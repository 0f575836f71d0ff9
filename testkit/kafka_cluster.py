"""Three brokers and a controller of their own: clients log in over TLS, and may do only what they are granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack import Stack
from devstack.kafka import new_cluster_id
from devstack.state import LOOPBACK, State, is_listening
from testkit.certificates import Authority
from testkit.secured_kafka import PASSWORD, BorrowingKafka, SecuredKafka

BROKERS: Final = ("kafka-1", "kafka-2", "kafka-3")
_CONTROLLER: Final = "kafka-controller"
_CONTROLLER_ID: Final = 100
_JAAS: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"


class _Node(BorrowingKafka):
    """What broker and controller have in common; whoever comes by their plain listeners may do everything."""

    def __init__(self, name: str, cluster_id: str, stack: Stack) -> None:
        super().__init__(stack)
        self.name = name
        self.title = name
        self.cluster_id = cluster_id

    def is_ready(self, state: State) -> bool:
        return is_listening(state.port(self.name))

    def address(self, state: State) -> str:
        return f"{LOOPBACK}:{state.port(self.name)}"

    def settings(self, home: Path, state: State) -> dict[str, object]:
        return super().settings(home, state) | {
            "process.roles": "controller",
            "node.id": _CONTROLLER_ID,
            "controller.quorum.voters": f"{_CONTROLLER_ID}@{LOOPBACK}:{state.port(_CONTROLLER)}",
            "listeners": f"CONTROLLER://{LOOPBACK}:{state.port(_CONTROLLER)}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,TLSLOGIN:SASL_SSL",
            "default.replication.factor": len(BROKERS),
            "offsets.topic.replication.factor": len(BROKERS),
            "transaction.state.log.replication.factor": len(BROKERS),
            "transaction.state.log.min.isr": 2,
            "replica.lag.time.max.ms": 6000,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


class _Controller(_Node):
    def settings(self, home: Path, state: State) -> dict[str, object]:
        settings = super().settings(home, state)
        del settings["advertised.listeners"]
        return settings


class _Broker(_Node):
    def __init__(self, name: str, cluster_id: str, stack: Stack, authority: Authority, users: Sequence[str]) -> None:
        super().__init__(name, cluster_id, stack)
        self._authority = authority
        self._users = users

    def settings(self, home: Path, state: State) -> dict[str, object]:
        issued = self._authority.issue(self.name, names=f"IP:{LOOPBACK}")
        chain = home / "broker.pem"
        chain.write_text(issued.key.read_text() + issued.certificate.read_text())
        listeners = f"PLAIN://{self.address(state)},TLSLOGIN://{LOOPBACK}:{_login_port(state, self.name)}"
        users = " ".join(f'user_{user}="{PASSWORD}"' for user in self._users)
        return super().settings(home, state) | {
            "process.roles": "broker",
            "node.id": self.name.rpartition("-")[2],
            "listeners": listeners,
            "advertised.listeners": listeners,
            "inter.broker.listener.name": "PLAIN",
            "sasl.enabled.mechanisms": "PLAIN",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": chain,
            "listener.name.tlslogin.plain.sasl.jaas.config": f"{_JAAS} {users};",
        }


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """The cluster that runs; `services` starts and stops its brokers by their names."""

    services: Stack
    access: SecuredKafka

    def login(self, user: str) -> dict[str, str]:
        """Return the variables by which this user reaches the cluster, over TLS."""
        return {
            "AEGIS_KAFKA_BOOTSTRAP": self.access.addresses["TLSLOGIN"],
            "AEGIS_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "AEGIS_KAFKA_SSL_CAFILE": str(self.access.authority.certificate),
            "AEGIS_KAFKA_SASL_MECHANISM": "PLAIN",
            "AEGIS_KAFKA_SASL_USERNAME": user,
            "AEGIS_KAFKA_SASL_PASSWORD": PASSWORD,
        }


@contextmanager
def kafka_cluster(folder: Path, stack: Stack, users: Sequence[str]) -> Iterator[KafkaCluster]:
    """Run it for the length of a block, from the jars of a stack that was started before."""
    authority = Authority(folder / "ca")
    services = Stack(folder / "cluster")
    cluster_id = new_cluster_id()
    services.components = (
        _Controller(_CONTROLLER, cluster_id, stack),
        *(_Broker(name, cluster_id, stack, authority, users) for name in BROKERS),
    )
    try:
        for component in services.components:
            services.start(component.name)
        yield KafkaCluster(services, SecuredKafka(_addresses(services.state()), authority))
    finally:
        services.reset()


def _addresses(state: State) -> Mapping[str, str]:
    return {
        "PLAIN": ",".join(f"{LOOPBACK}:{state.port(name)}" for name in BROKERS),
        "TLSLOGIN": ",".join(f"{LOOPBACK}:{_login_port(state, name)}" for name in BROKERS),
    }


def _login_port(state: State, name: str) -> int:
    return state.port(f"{name}-login")
