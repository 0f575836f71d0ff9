"""`aegis topics`, `db`, `tags` and `search` as a person and as a script run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest

from consumer.storage.rows import TagRow
from consumer.storage.tags import TagStore
from schemas.connections import DatabaseConnection
from tests.unit.storage.samples import row

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def aegis(stack_environment: Mapping[str, str], topic_prefix: str, database: DatabaseConnection) -> Run:
    """Run the command on topics and tables of the test's own."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "aegis", *arguments],
            env={
                **os.environ,
                **stack_environment,
                "AEGIS_TOPIC_PREFIX": topic_prefix,
                "AEGIS_PG_SCHEMA": database.db_schema,
                "COLUMNS": "160",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
async def stored(aegis: Run, database: DatabaseConnection) -> None:
    """Three assets with the tags that the tests look for."""
    assert aegis("db", "migrate").returncode == 0

    def tags(**confidences: float) -> tuple[TagRow, ...]:
        return tuple(TagRow("object_types", tag, value, "aegis-mini") for tag, value in confidences.items())

    async with await TagStore.open(database) as store:
        await store.write_batch(
            [
                row("game/sword", tags=tags(weapon=0.9, prop=0.2)),
                row("game/[axe]", tags=tags(weapon=0.7), calibrated=False),
                row("game/tree", tags=tags(vegetation=0.8)),
            ]
        )


async def test_topics_are_made_once_and_a_difference_is_told(aegis: Run) -> None:
    """Those that are there are never changed, whatever the settings say now."""
    missing = aegis("topics", "ls")
    assert (missing.returncode, "aegis topics apply" in missing.stderr) == (1, True)

    made = [json.loads(line) for line in aegis("topics", "apply", "--json").stdout.splitlines()]
    again = [json.loads(line) for line in aegis("topics", "apply", "--json").stdout.splitlines()]
    other = aegis("topics", "ls", AEGIS_TOPIC_PARTITIONS="5")

    assert {report["state"] for report in made} == {"created"}
    assert {report["state"] for report in again} == {"present"}
    assert len(made) == len(again) == 4
    assert other.returncode == 0
    assert "12 partitions, not 5" in other.stdout


async def test_tables_are_migrated_once_and_their_version_is_told(aegis: Run) -> None:
    before = aegis("db", "status")
    assert (before.returncode, "aegis db migrate" in before.stderr) == (1, True)

    assert "migrated from nothing" in aegis("db", "migrate").stdout
    assert "nothing to do" in aegis("db", "migrate").stdout
    assert aegis("db", "status").returncode == 0


@pytest.mark.usefixtures("stored")
async def test_search_finds_by_tag_surest_first(aegis: Run) -> None:
    found = [json.loads(line) for line in aegis("search", "--tag", "weapon", "--json").stdout.splitlines()]
    table = aegis("search", "--tag", "weapon", "--min-confidence", "0.8")
    nothing = aegis("search", "--tag", "weapon", "--min-confidence", "0.95")
    vague = aegis("search")

    assert [match["asset_id"] for match in found] == ["game/sword", "game/[axe]"]
    assert "game/sword" in table.stdout
    assert "axe" not in table.stdout
    assert (nothing.returncode, "lower --min-confidence" in nothing.stderr) == (1, True)
    assert (vague.returncode, "--tag" in vague.stderr) == (2, True)


@pytest.mark.usefixtures("stored")
async def test_tags_shows_one_asset_and_says_where_its_confidences_are_none(aegis: Run) -> None:
    fields = json.loads(aegis("tags", "game/sword", "--json").stdout)
    shown = aegis("tags", "game/[axe]")
    unknown = aegis("tags", "game/nothing")

    assert [tag["tag"] for tag in fields["tags"]] == ["weapon", "prop"]
    assert "game/[axe]" in shown.stdout
    assert "uncalibrated" in shown.stdout
    assert (unknown.returncode, "aegis search --text" in unknown.stderr) == (1, True)


@pytest.mark.usefixtures("stored")
async def test_a_verdict_wins_over_the_model_until_it_is_withdrawn(aegis: Run) -> None:
    def tags() -> dict[str, str]:
        shown = json.loads(aegis("tags", "game/sword", "--json").stdout)["tags"]
        return {tag["tag"]: tag["verdict"] or "model" for tag in shown}

    for arguments in (("weapon", "--confirm"), ("prop", "--reject"), ("rusty", "--add", "--category", "materials")):
        done = aegis("verdict", "game/sword", *arguments, "--by", "ann")
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("ann\n")
    assert tags() == {"weapon": "confirmed", "rusty": "added"}

    assert aegis("verdict", "game/sword", "prop", "--withdraw").returncode == 0
    assert tags() == {"weapon": "confirmed", "rusty": "added", "prop": "model"}


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("game/sword", "weapon"), "--confirm, --reject"),
        (("game/nothing", "weapon", "--confirm"), "no asset 'game/nothing' is stored"),
        (("game/sword", "rusty", "--add"), "--category"),
        (("game/sword", "weapon", "--withdraw"), "nobody has said anything"),
    ],
)
async def test_a_verdict_on_something_that_is_not_there_says_what_is_missing(
    aegis: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    done = aegis("verdict", *arguments)

    assert done.returncode != 0
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (("search", "--tag", "x"), {"AEGIS_PG_DSN": "postgresql://a@127.0.0.1:9/x"}, "the database does not answer"),
        (("search", "--tag", "x"), {}, "aegis db migrate"),
        (("topics", "ls"), {"AEGIS_KAFKA_BOOTSTRAP": "127.0.0.1:9"}, "Kafka at 127.0.0.1:9 cannot be used"),
        (("nonsense",), {}, "No such command"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    aegis: Run, arguments: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    done = aegis(*arguments, **environment)

    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
