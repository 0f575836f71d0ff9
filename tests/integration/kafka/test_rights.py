"""The rights of docs/access.md are enough, and whoever lacks one hears which; on a broker that denies all others."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from schemas.connections import KafkaConnection, ObjectStoreConnection
from testkit.corner import make_corner
from testkit.kafka_tools import eventually, make_topics
from testkit.running import Pipeline, texture
from testkit.secured_kafka import PASSWORD, USERS, Right, SecuredKafka
from tests.integration.kafka.page_of_rights import rights_of
from tests.integration.kafka.users import USES, Deployment, prepare

_USERS: Final = iter(USERS)
# Of these a topic that is new has the name.
_MAKES_TOPICS: Final = "aegis topics apply"


@pytest.fixture
async def place(
    secured: SecuredKafka, stack_environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Deployment:
    store = ObjectStoreConnection(
        endpoint=stack_environment["AEGIS_S3_ENDPOINT"],
        access_key=stack_environment["AEGIS_S3_ACCESS_KEY"],
        secret_key=stack_environment["AEGIS_S3_SECRET_KEY"],
    )
    found = Deployment(f"t{uuid.uuid4().hex[:8]}-", KafkaConnection(bootstrap=secured.open), store, monkeypatch)
    await make_topics(secured.open, 1, *(spec.name for spec in found.topics.specs(1)))
    await prepare(found)
    return found


def in_place(rights: Iterable[Right], prefix: str) -> list[Right]:
    return [replace(right, name=f"{prefix}{right.name}" if right.name else "") for right in rights]


async def user_with(secured: SecuredKafka, rights: Iterable[Right]) -> dict[str, str]:
    """Return the variables of a user who has these rights and no other."""
    user = next(_USERS)
    await secured.grant(user, rights)
    return {
        "AEGIS_KAFKA_BOOTSTRAP": secured.addresses["LOGIN"],
        "AEGIS_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "AEGIS_KAFKA_SASL_MECHANISM": "PLAIN",
        "AEGIS_KAFKA_SASL_USERNAME": user,
        "AEGIS_KAFKA_SASL_PASSWORD": PASSWORD,
    }


def connection(variables: Mapping[str, str]) -> KafkaConnection:
    return KafkaConnection(
        **{name.removeprefix("AEGIS_KAFKA_").lower(): value for name, value in variables.items()}  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("who", USES)
async def test_the_rights_of_the_page_are_enough(secured: SecuredKafka, place: Deployment, who: str) -> None:
    prefix = f"{place.prefix}new-" if who == _MAKES_TOPICS else place.prefix
    user = await user_with(secured, in_place(rights_of(who), prefix))

    assert await USES[who](connection(user), place) is None


@pytest.mark.parametrize(
    ("who", "missing"),
    [(who, right) for who in USES for right in rights_of(who)],
    ids=lambda value: value if isinstance(value, str) else f"{value.operation} {value.name}",
)
async def test_each_right_that_is_missing_is_told(
    secured: SecuredKafka, place: Deployment, who: str, missing: Right
) -> None:
    prefix = f"{place.prefix}new-" if who == _MAKES_TOPICS else place.prefix
    rights = [right for right in rights_of(who) if right != missing]
    user = await user_with(secured, in_place(rights, prefix))

    told = await USES[who](connection(user), place)

    assert told is not None, "it is not needed"
    assert f"{prefix}{missing.name}" in told or missing.resource == "cluster"
    assert "docs/access.md" in told


@pytest.fixture
def corner(secured: SecuredKafka, stack_environment: Mapping[str, str], tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = make_corner({**stack_environment, "AEGIS_KAFKA_BOOTSTRAP": secured.open}, tmp_path)
    yield pipeline
    pipeline.end()


async def test_processes_and_verbs_run_with_these_rights_alone(
    secured: SecuredKafka, corner: Pipeline, tmp_path: Path
) -> None:
    """Their secrets lie in files, and show up nowhere."""
    prefix, topics, told = corner.topics.prefix, corner.topics, list[str]()
    secrets = {name: corner.environment[name] for name in ("AEGIS_PG_DSN", "AEGIS_S3_SECRET_KEY")}
    secrets["AEGIS_KAFKA_SASL_PASSWORD"] = PASSWORD
    files = {"AEGIS_OPS_LOG_LEVEL": "DEBUG"}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(f"{secret}\n")
        files |= {name: "", f"{name}_FILE": str(tmp_path / name)}

    async def named(*who: str) -> dict[str, str]:
        user = await user_with(secured, {right for item in who for right in in_place(rights_of(item), prefix)})
        return {**user, **files, "AEGIS_SPOOL_DIR": str(tmp_path / "spool")}

    async def verb(*arguments: str, rights: tuple[str, ...]) -> None:
        done = replace(corner, environment={**corner.environment, **await named(*rights)}).aegis(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        told.append(done.stdout + done.stderr)

    services = [corner.service(name, **await named(name)) for name in ("tagger", "sink")]
    for service in services:
        service.start()
    (tmp_path / "stone.png").write_bytes(texture(1))
    await verb(
        *("extract", str(tmp_path / "stone.png"), "--output", str(tmp_path / "out"), "--ai-tagging", "--wait"),
        rights=("aegis extract", "aegis extract --wait"),
    )
    await corner.stored("stone.png")
    for topic in (topics.extracted, topics.tagged):
        await corner.publish_raw(b"bad", b"{", topic)
        await corner.dead_letter("bad", topic)
    told += [service.answer(path) for service in services for path in ("/metrics", "/readyz")]
    assert [service.stop() for service in services] == [0, 0]
    told += [service.log_path.read_text() for service in services]
    await verb("dlq", "ls", "--topic", "extracted", rights=("aegis dlq ls",))
    await verb("dlq", "redrive", "--topic", "extracted", "--all", rights=("aegis dlq redrive",))
    await verb("topics", "ls", rights=("aegis topics ls",))
    await verb("replay", "--name", "r", rights=("aegis replay --name r",))
    await verb("retag", "--name", "r", rights=("aegis retag --name r",))
    secrets["AEGIS_PG_DSN"] = urlsplit(secrets["AEGIS_PG_DSN"]).password or ""
    assert [name for name, secret in secrets.items() if any(secret in text for text in told)] == []


async def test_who_may_not_write_its_results_is_unready_before_it_has_any(
    secured: SecuredKafka, corner: Pipeline
) -> None:
    missing = next(right for right in rights_of("tagger") if right.name == "asset-tagged")
    rights = [right for right in rights_of("tagger") if right != missing]
    user = await user_with(secured, in_place(rights, corner.topics.prefix))
    tagger = corner.service("tagger", **user)
    tagger.start()

    def told() -> str:
        if not any(line["event"] == "group.assigned" for line in tagger.events()):
            return ""
        return tagger.readiness()[f"writing {corner.topics.tagged}"]

    await eventually(lambda: "grant it Write" in told(), "readiness names the right")
    assert tagger.readiness()[f"writing {corner.topics.extracted}.dlq"] == "ok"
    assert tagger.stop() == 0
