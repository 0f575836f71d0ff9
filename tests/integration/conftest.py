"""Real services for the tests: one stack for the whole run, and a corner of it for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from devstack import Stack, StackError
from schemas.connections import DatabaseConnection, ObjectStoreConnection
from testkit.corner import LASTING_TOPICS
from testkit.harness import QUICK, Harness
from testkit.kafka_tools import delete_topics, make_topics
from testkit.running import run

_EXTERNAL = ("AEGIS_KAFKA_BOOTSTRAP", "AEGIS_S3_ENDPOINT", "AEGIS_S3_ACCESS_KEY", "AEGIS_S3_SECRET_KEY", "AEGIS_PG_DSN")


_SHOWN_CHARACTERS = 4000
_stacks: list[Stack] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failure what the processes and services of its test said last."""
    report = yield
    if report.when == "call" and report.failed:
        temporary, services = (item.funcargs.get(name) for name in ("tmp_path", "stack"))
        logs = sorted(temporary.rglob("*.log")) if isinstance(temporary, Path) else []
        logs += sorted((services.folder / "logs").glob("*.log")) if isinstance(services, Stack) else []
        report.sections += [
            (f"end of {log.name}", log.read_text(errors="replace")[-_SHOWN_CHARACTERS:]) for log in logs
        ]
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The stack of this run; tests that stop one of its services start it again."""
    # Not in pytest's folder, which a second run of tests closes to all other users: PostgreSQL is one.
    with tempfile.TemporaryDirectory(prefix="aegis-tests-") as folder:
        services = Stack(Path(folder) / "stack")
        try:
            services.up()
            _stacks.append(services)
            yield services
        finally:
            services.reset()


@pytest.fixture(scope="module", autouse=True)
def _no_topic_outlives_its_module() -> Iterator[None]:
    """A broker with thousands of topics has no memory left, and takes half a minute to start again after a kill."""
    yield
    # Only on a broker of our own.
    if _stacks and "AEGIS_KAFKA_BOOTSTRAP" not in os.environ:
        with suppress(StackError):
            run(delete_topics(_stacks[0].variables()["AEGIS_KAFKA_BOOTSTRAP"], LASTING_TOPICS))


@pytest.fixture(scope="session")
def stack_environment(stack: Stack) -> Mapping[str, str]:
    """The variables by which the product reaches the services; external ones keep the shell's."""
    outside = {name: os.environ[name] for name in _EXTERNAL if os.environ.get(name)}
    return {**stack.variables(), **outside}


@pytest.fixture
def kafka(stack: Stack) -> Iterator[Stack]:
    """The stack, whose Kafka this test may stop; it runs again afterwards, whatever happened."""
    yield stack
    if not next(item for item in stack.status() if item.name == "kafka").is_up:
        stack.start("kafka")


@pytest.fixture
def kafka_bootstrap(stack_environment: Mapping[str, str]) -> str:
    return stack_environment["AEGIS_KAFKA_BOOTSTRAP"]


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test uses."""
    return f"t{uuid.uuid4().hex[:10]}-"


def _stores() -> list[str]:
    return ["seaweedfs", *(["minio"] if shutil.which("minio") else [])]


@pytest.fixture(scope="session", params=_stores())
def s3_environment(
    request: pytest.FixtureRequest, stack_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, str]]:
    """The variables of each S3 server that is here: SeaweedFS always, MinIO where its program is on the PATH."""
    if request.param == "seaweedfs":
        yield stack_environment
        return
    with pytest.MonkeyPatch.context() as patch:
        # Read once, here; other stacks of this run keep their choice.
        patch.setenv("AEGIS_STACK_S3", request.param)
        services = Stack(tmp_path_factory.mktemp("minio"))
    (component,) = [item for item in services.components if item.external_variable == "AEGIS_S3_ENDPOINT"]
    try:
        services.start(component.name)
        yield component.variables(services.state())
    finally:
        services.reset()


@pytest.fixture
def object_store_connection(s3_environment: Mapping[str, str]) -> ObjectStoreConnection:
    """A bucket name of its own on each S3 server; the bucket is not made yet."""
    return ObjectStoreConnection(
        endpoint=s3_environment["AEGIS_S3_ENDPOINT"],
        access_key=s3_environment["AEGIS_S3_ACCESS_KEY"],
        secret_key=s3_environment["AEGIS_S3_SECRET_KEY"],
        bucket=f"t{uuid.uuid4().hex[:12]}",
    )


@pytest.fixture
async def database(stack_environment: Mapping[str, str]) -> DatabaseConnection:
    """A schema name of its own in the stack's database; nothing is migrated yet."""
    dsn = stack_environment["AEGIS_PG_DSN"]
    connection = await asyncpg.connect(dsn)
    await connection.close()
    return DatabaseConnection(dsn=dsn, AEGIS_PG_SCHEMA=f"t{uuid.uuid4().hex[:12]}")


@pytest.fixture
async def harness(kafka_bootstrap: str, topic_prefix: str) -> Harness:
    """Topics of one test, and engines between them."""
    source, output = f"{topic_prefix}in", f"{topic_prefix}out"
    await make_topics(kafka_bootstrap, 3, source, output, f"{source}.dlq")
    return Harness(kafka_bootstrap, source, output, QUICK.changed(topic=source, group=f"{topic_prefix}group"))
