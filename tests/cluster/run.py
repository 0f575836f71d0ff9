"""One run: load throughout, a broker killed, two killed and back, and the database failed over."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psutil

from devstack import Stack
from testkit.kafka_cluster import BROKERS, KafkaCluster, kafka_cluster
from testkit.kafka_tools import read_all
from testkit.postgres_servers import MovingAddress, Server, primary_and_standby
from testkit.running import Pipeline, ServiceProcess, texture
from tests.cluster.load import Load
from tests.integration.kafka.page_of_rights import rights_of

USERS = ("tagger", "sink")
_STEADY_SECONDS = 15.0
# Long enough for readiness to tell that nothing is acknowledged.
_AWAY_SECONDS = 40.0
_RECOVERY_SECONDS = 120.0
_SETTLE_SECONDS = 180.0
_TEXTURES = 24

Tell = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What a run gives; recoveries in seconds by what happened, None where there was none in time."""

    acknowledged: int = 0
    lost: list[int] = field(default_factory=list)
    dead_letters: int = 0
    recoveries: dict[str, float | None] = field(default_factory=dict)
    # Processes that said that they take work while nothing could be written.
    wrongly_ready: list[str] = field(default_factory=list)
    unasked_exits: list[str] = field(default_factory=list)
    exit_codes: dict[str, int] = field(default_factory=dict)


async def run(stack: Stack, folder: Path, tell: Tell) -> Outcome:
    """Run it on a stack that is up, of which the object store is used; logs go to ``folder``."""
    with kafka_cluster(folder, stack, USERS) as cluster, primary_and_standby() as (primary, standby):
        await _make_synchronous(primary)
        address = MovingAddress(primary.port)
        async with address.listening():
            tell(f"{len(BROKERS)} brokers and 2 databases run")
            environment = stack.variables() | {
                "AEGIS_KAFKA_BOOTSTRAP": cluster.access.open,
                "AEGIS_PG_DSN": f"postgresql://aegis@127.0.0.1:{address.port}/aegis_ai",
                "AEGIS_PG_SCHEMA": "cluster",
                "AEGIS_S3_BUCKET": "cluster",
                "AEGIS_TOPIC_PREFIX": "",
                "AEGIS_TOPIC_PARTITIONS": "6",
                "AEGIS_TOPIC_REPLICATION_FACTOR": str(len(BROKERS)),
                "AEGIS_OPS_LOG_FORMAT": "json",
            }
            return await _Run(cluster, primary, standby, address, Pipeline(environment, folder), tell).whole()


@dataclass(slots=True)
class _Run:
    cluster: KafkaCluster
    primary: Server
    standby: Server
    address: MovingAddress
    pipeline: Pipeline
    tell: Tell
    outcome: Outcome = field(default_factory=Outcome)

    async def whole(self) -> Outcome:
        """Prepare, disturb, settle, judge."""
        for command in (("topics", "apply"), ("db", "migrate")):
            done = await asyncio.to_thread(self.pipeline.aegis, *command)
            if done.returncode:
                raise RuntimeError(f"aegis {' '.join(command)}: {done.stderr.strip()}")
        for user in USERS:
            await self.cluster.access.grant(user, rights_of(user))
        objects = [self.pipeline.upload(texture(seed)) for seed in range(_TEXTURES)]
        load = Load(self.pipeline, self.cluster.access.open, objects)
        services = {
            f"{name}-{number}": self.pipeline.service(name, **self.cluster.login(name))
            for name, count in (("tagger", 2), ("sink", 1))
            for number in range(count)
        }
        for service in services.values():
            service.start()
        publishing = asyncio.create_task(load.publish())
        try:
            await self._disturb(load, services)
            publishing.cancel()
            with suppress(asyncio.CancelledError):
                await publishing
            await self._settle(load)
        finally:
            publishing.cancel()
            await self._end(services)
        for topic in (self.pipeline.topics.extracted, self.pipeline.topics.tagged):
            self.outcome.dead_letters += len(await read_all(self.cluster.access.open, f"{topic}.dlq"))
        return self.outcome

    async def _disturb(self, load: Load, services: Mapping[str, ServiceProcess]) -> None:
        first, second, third = BROKERS
        self._note("start", await load.stored_after(-1, _RECOVERY_SECONDS))
        await asyncio.sleep(_STEADY_SECONDS)

        self.tell(f"kill {first}")
        await self._kill(first)
        self._note("one_broker_killed", await load.stored_after(load.sent, _RECOVERY_SECONDS))
        await asyncio.sleep(_STEADY_SECONDS)
        await self._start(first)
        await asyncio.sleep(_STEADY_SECONDS)

        self.tell(f"kill {second} and {third} for {_AWAY_SECONDS:g} s")
        await self._kill(second)
        await self._kill(third)
        await asyncio.sleep(_AWAY_SECONDS)
        for name, service in services.items():
            checks = await asyncio.to_thread(service.readiness)
            if name.startswith("tagger") and all(answer == "ok" for answer in checks.values()):
                self.outcome.wrongly_ready.append(name)
            self.tell(f"{name} says: " + "; ".join(f"{check}: {answer}" for check, answer in checks.items()))
        await self._start(second)
        await self._start(third)
        self._note("two_brokers_back", await load.stored_after(load.sent, _RECOVERY_SECONDS))
        await asyncio.sleep(_STEADY_SECONDS)

        self.tell("kill the primary database, and promote the standby")
        await asyncio.to_thread(_kill_server, self.primary)
        await asyncio.to_thread(self.standby.promote)
        self.address.leads_to = self.standby.port
        self._note("database_promoted", await load.stored_after(load.sent, _RECOVERY_SECONDS))
        await asyncio.sleep(_STEADY_SECONDS)

    async def _kill(self, broker: str) -> None:
        await asyncio.to_thread(self.cluster.services.stop, broker, kill=True)

    async def _start(self, broker: str) -> None:
        self.tell(f"start {broker}")
        await asyncio.to_thread(self.cluster.services.start, broker)

    def _note(self, name: str, seconds: float | None) -> None:
        self.tell(f"{name}: " + ("no progress" if seconds is None else f"progress after {seconds:.1f} s"))
        self.outcome.recoveries[name] = seconds

    async def _settle(self, load: Load) -> None:
        self.tell(f"{len(load.acknowledged)} of {load.sent} events were acknowledged; waiting for their rows")
        started = time.monotonic()
        missing = load.acknowledged
        while missing and time.monotonic() - started < _SETTLE_SECONDS:
            await asyncio.sleep(1)
            missing = load.acknowledged - await load.stored()
        self.outcome.acknowledged = len(load.acknowledged)
        self.outcome.lost = sorted(missing)

    async def _end(self, services: dict[str, ServiceProcess]) -> None:
        for name, service in services.items():
            code = service.process.poll()
            if code is not None:
                self.outcome.unasked_exits.append(f"{name} with {code}")
                continue
            try:
                self.outcome.exit_codes[name] = await asyncio.to_thread(service.stop)
            except subprocess.TimeoutExpired:
                self.outcome.exit_codes[name] = -9


async def _make_synchronous(primary: Server) -> None:
    """Let a commit wait for the standby: what the standby never got, a promotion loses, whoever wrote it."""
    session = await asyncpg.connect(primary.dsn)
    try:
        await session.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await session.execute("SELECT pg_reload_conf()")
    finally:
        await session.close()


def _kill_server(server: Server) -> None:
    pid = int((server.folder / "postmaster.pid").read_text().splitlines()[0])
    server_process = psutil.Process(pid)
    for process in (server_process, *server_process.children(recursive=True)):
        # Its children end with it, some before it is their turn.
        with suppress(psutil.NoSuchProcess):
            process.kill()
