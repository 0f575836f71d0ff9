"""docs/lake.md: the tables of Iceberg."""

from __future__ import annotations

from consumer.settings import LakeSettings
from consumer.storage.lake.lake import Lake
from consumer.storage.lake.place import LakePlace
from consumer.storage.lake.tables import TAGGED
from schemas.connections import DatabaseConnection, ObjectStoreConnection
from testkit.kafka_tools import eventually
from testkit.running import run as wait
from tests.integration.docs.effects import parsing
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.effects.readme import runs_in_the_background
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/lake.md")

DOCUMENT.not_run("installs packages", parsing.pip, "pip install 'aegis-tagger[lake]'")


@DOCUMENT.effect("aegis lake init")
def the_tables_are_made(reader: Reader, run: Run) -> None:
    assert "created asset_tagged and asset_reviewed" in run.printed


@DOCUMENT.effect("aegis run lake &")
def the_assets_of_the_readme_come_in(reader: Reader, run: Run) -> None:
    runs_in_the_background(reader, run, "lake")
    assets = len(wait(reader.system.rows("SELECT 1 FROM assets")))

    async def are_in() -> bool:
        return len(_asset_ids(reader)) >= assets

    wait(eventually(are_in, "the assets are in the lake", 120))


@DOCUMENT.effect("aegis lake show")
def rows_are_counted(reader: Reader, run: Run) -> None:
    assert "asset_tagged: 0 rows" not in run.printed
    assert run.printed.count(".metadata.json") == 2


@DOCUMENT.effect("aegis lake compact")
def every_asset_is_still_there(reader: Reader, run: Run) -> None:
    assert "asset_tagged: " in run.printed
    assert len(_asset_ids(reader)) >= len(wait(reader.system.rows("SELECT 1 FROM assets")))


@DOCUMENT.effect("aegis lake expire")
def nothing_young_is_deleted(reader: Reader, run: Run) -> None:
    assert "asset_tagged: forgot 0 snapshots, deleted 0 files" in run.printed


def _asset_ids(reader: Reader) -> set[str]:
    places = reader.system.environment
    store = ObjectStoreConnection(
        endpoint=places["AEGIS_S3_ENDPOINT"],
        access_key=places["AEGIS_S3_ACCESS_KEY"],
        secret_key=places["AEGIS_S3_SECRET_KEY"],
    )
    schema = LakeSettings.model_fields["catalog_schema"].default
    database = DatabaseConnection(dsn=places["AEGIS_PG_DSN"])
    lake = Lake.open(LakePlace(database, store, schema, f"s3://{store.bucket}/lake"))
    try:
        rows = lake.table(TAGGED).scan(selected_fields=("asset_id",)).to_arrow()
    finally:
        lake.close()
    return set(rows["asset_id"].to_pylist())
