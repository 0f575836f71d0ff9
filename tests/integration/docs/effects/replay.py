"""docs/replay.md: other models and taxonomies, side by side with the current ones."""

from __future__ import annotations

import re

from consumer.tagging.bundle.bundle import load_bundle
from testkit.kafka_tools import eventually, read_all
from testkit.running import run as wait
from tests.integration.docs.effects.effect import Document, no_output
from tests.integration.docs.effects.readme import a_page_shows_what_would_change, rows_have_the_taxonomy
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/replay.md")
ASIDE = "asset-tagged.next"

DOCUMENT.effect("cp -r consumer/tagging/bundles/aegis-mini next")(no_output)
DOCUMENT.effect("cp -r consumer/tagging/bundles/aegis-mini recompiled")(no_output)
DOCUMENT.effect("""sed 's/^version: .*/version: "5"/' next/taxonomy.yaml > new.yaml""")(no_output)
DOCUMENT.effect("""sed 's/^version: .*/version: "6"/' next/taxonomy.yaml > newer.yaml""")(no_output)
DOCUMENT.effect("cp next/calibration.json .")(no_output)
DOCUMENT.effect("export NEXT=./next")(no_output)


@DOCUMENT.effect("aegis taxonomy compile recompiled --file newer.yaml")
def the_bundle_has_the_taxonomy(reader: Reader, run: Run) -> None:
    assert load_bundle(reader.checkout / "recompiled").taxonomy.version == "6"


@DOCUMENT.effect("aegis replay --dry-run")
def the_assets_are_counted(reader: Reader, run: Run) -> None:
    counted = re.match(r"(\d+) assets would be tagged", run.printed)
    assert counted
    assert int(counted[1]) == len(wait(reader.system.rows("SELECT 1 FROM assets")))


def tagged_count(run: Run) -> int:
    """Return how many assets the run has done, which are all that it found."""
    matched = re.fullmatch(r"(?:replay|retag) \S+: complete, (\d+) assets, (\d+) of them .*\n", run.printed)
    assert matched, run.printed
    assert matched[1] == matched[2]
    return int(matched[1])


@DOCUMENT.effect("AEGIS_MODEL_BUNDLE=./next aegis replay --name next-model")
@DOCUMENT.effect("aegis replay --name recent --from 2026-01-31T00:00:00Z --rate 50")
def all_assets_are_tagged_again(reader: Reader, run: Run) -> None:
    assert tagged_count(run) == len(wait(reader.system.rows("SELECT 1 FROM assets")))


@DOCUMENT.effect("aegis replay --name ships --filter 'asset=*/ships/*'")
def the_ships_are_tagged_again(reader: Reader, run: Run) -> None:
    assert (
        tagged_count(run) == len(wait(reader.system.rows("SELECT 1 FROM assets WHERE asset_id LIKE '%/ships/%'"))) > 0
    )


@DOCUMENT.effect("aegis retag --taxonomy new.yaml")
def the_tables_have_the_new_taxonomy(reader: Reader, run: Run) -> None:
    assert tagged_count(run) > 50
    rows_have_the_taxonomy(reader, "5")


@DOCUMENT.effect("AEGIS_MODEL_BUNDLE=./recompiled aegis retag")
def the_tables_have_the_compiled_taxonomy(reader: Reader, run: Run) -> None:
    assert tagged_count(run) > 50
    rows_have_the_taxonomy(reader, "6")


@DOCUMENT.effect("aegis retag --calibration calibration.json --output-topic asset-tagged.next")
@DOCUMENT.effect("AEGIS_MODEL_BUNDLE=$NEXT aegis replay --name next-aside --output-topic asset-tagged.next")
def the_events_lie_aside(reader: Reader, run: Run) -> None:
    count = tagged_count(run)
    assert len({record.key for record in wait(read_all(reader.system.bootstrap, ASIDE))}) >= count > 50


DOCUMENT.effect("aegis compare --taxonomy new.yaml")(a_page_shows_what_would_change)
DOCUMENT.effect("aegis compare --model $NEXT")(a_page_shows_what_would_change)


@DOCUMENT.effect("aegis compare --model ./next --report next.html")
def the_page_is_where_it_was_asked_for(reader: Reader, run: Run) -> None:
    assert (reader.checkout / "next.html").is_file()


@DOCUMENT.effect("AEGIS_PG_SCHEMA=aegis_next aegis db migrate")
def the_tables_are_made_beside_the_others(reader: Reader, run: Run) -> None:
    assert "schema aegis_next: migrated" in run.printed
    assert wait(reader.system.rows("SELECT count(*) AS count FROM aegis_next.assets"))[0]["count"] == 0


@DOCUMENT.effect(
    "AEGIS_PG_SCHEMA=aegis_next AEGIS_SINK_TOPIC=asset-tagged.next AEGIS_SINK_GROUP=aegis-sink-next aegis run sink",
    until_interrupted=True,
)
def they_are_filled(reader: Reader, run: Run) -> None:
    async def are_filled() -> bool:
        return len(await reader.system.rows("SELECT 1 FROM aegis_next.assets")) >= len(
            await reader.system.rows("SELECT 1 FROM assets")
        )

    wait(eventually(are_filled, "the rows of all assets"))


@DOCUMENT.effect("AEGIS_PG_SCHEMA=aegis_next aegis search --tag vegetation")
def they_are_searched(reader: Reader, run: Run) -> None:
    assert "vegetation·" in run.printed


@DOCUMENT.effect("aegis switch --to aegis_next --dry-run")
def nothing_is_switched_yet(reader: Reader, run: Run) -> None:
    assert "aegis_next would be current" in run.printed
    assert current_taxonomy(reader) == "6"


@DOCUMENT.effect("aegis switch --to aegis_next")
def the_other_tables_are_current(reader: Reader, run: Run) -> None:
    assert current_taxonomy(reader) == "3"
    assert wait(reader.system.rows("SELECT 1 FROM aegis_previous.assets LIMIT 1"))


@DOCUMENT.effect("aegis switch --back")
def the_former_tables_are_current_again(reader: Reader, run: Run) -> None:
    assert current_taxonomy(reader) == "6"


def current_taxonomy(reader: Reader) -> str:
    (version,) = {row["version"] for row in wait(reader.system.rows("SELECT taxonomy_version AS version FROM assets"))}
    return str(version)
