"""`aegis topics`, `db`, `tags` and `search` as a person and as a script run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest

from consumer.storage.tables.rows import TagRow
from consumer.storage.tables.tags import TagStore
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
    names = [report["topic"].split("-", 1)[1] for report in made]
    assert [report["topic"].split("-", 1)[1] for report in again] == names
    assert {"asset-extracted", "asset-tagged", "asset-reviewed", "asset-related"} < set(names)
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


async def test_without_a_terminal_an_asset_is_one_line_and_its_id_is_whole(
    aegis: Run, database: DatabaseConnection
) -> None:
    """In eighty columns too: what reads the lines is a program such as grep."""
    long = f"game/{'a long folder name/' * 12}sword.png"
    assert aegis("db", "migrate").returncode == 0
    async with await TagStore.open(database) as store:
        tags = tuple(TagRow("object_types", f"tag-{number}", 0.9, "aegis-mini") for number in range(20))
        await store.write_batch([row(long, tags=(*tags, TagRow("object_types", "weapon", 0.9, "aegis-mini")))])

    found = aegis("search", "--tag", "weapon", COLUMNS="80").stdout.splitlines()
    shown = aegis("tags", long, COLUMNS="80").stdout.splitlines()

    assert [line.split("\t")[0] for line in found] == [long]
    assert f"asset\t{long}" in shown
    assert "weapon\tobject_types\t0.90\taegis-mini" in shown


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "--tag", "weapn"),
        ("replay", "--dry-run", "--filter", "tag=weapn"),
    ],
)
async def test_a_tag_that_the_taxonomy_does_not_know_gets_the_nearest_one(
    aegis: Run, arguments: tuple[str, ...]
) -> None:
    """As advice: a person may have added it, or another taxonomy may have it."""
    aegis("topics", "apply")
    assert "no tag 'weapn'; did you mean weapon" in aegis(*arguments).stderr
    assert "did you mean" not in aegis(*(argument.replace("weapn", "weapon") for argument in arguments)).stderr


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
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("game/sword", "weapon"), "--confirm, --reject"),
        (("game/nothing", "weapon", "--confirm"), "no asset 'game/nothing' is stored"),
        (("game/sword", "rusty", "--add"), "needs --new and --category"),
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
        (("nonsense",), {}, "There is no command 'nonsense'"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(
    aegis: Run, arguments: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    done = aegis(*arguments, **environment)

    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
