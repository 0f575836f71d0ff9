"""docs/library.md: a folder that is tagged in place, exports, removals."""

from __future__ import annotations

import yaml
from pyarrow import parquet

from testkit.kafka_tools import eventually
from testkit.running import run as wait
from tests.documents.facts import ROOT
from tests.integration.docs.effects.effect import Document, no_output
from tests.integration.docs.reader import Reader, Run
from tests.unit.producer.work_trees import work_tree

DOCUMENT = Document("docs/library.md")
BANANA = "mygame/banana.png"

DOCUMENT.effect("mkdir -p art && cp samples/supertuxkart/*.png art/")(no_output)


@DOCUMENT.effect("aegis init art --name mygame")
def the_project_has_its_name(reader: Reader, run: Run) -> None:
    written = yaml.safe_load((reader.checkout / "art" / "aegis.yaml").read_text(encoding="utf-8"))
    assert (written["project"], set(written)) == ("mygame", {"project", "id"})


@DOCUMENT.effect("aegis tag art")
def the_textures_are_sent_and_stored(reader: Reader, run: Run) -> None:
    count = len(list((reader.checkout / "art").glob("*.png")))
    assert run.printed == f"{count} textures sent, 0 removed, 0 unchanged\n"

    async def are_stored() -> bool:
        rows = await reader.system.rows("SELECT FROM assets WHERE asset_id LIKE 'mygame/%'")
        return len(rows) == count

    wait(eventually(are_stored, "the textures are stored", 120))


@DOCUMENT.effect("aegis tag art --watch", until_interrupted=True)
def it_goes_on(reader: Reader, run: Run) -> None:
    (reader.checkout / "art" / "more.png").write_bytes((reader.checkout / "art" / "banana.png").read_bytes())
    wait(eventually(lambda: "1 textures sent" in run.printed, "what comes is sent", 60))


def commit_twice(reader: Reader) -> None:
    """Make the reader's own work tree; its last commit adds one texture."""
    samples = sorted((ROOT / "samples" / "supertuxkart").glob("*.png"))[:2]
    tree = work_tree(reader.checkout / "Assets")
    for sample in samples:
        tree.write(sample.name, sample.read_bytes())
        tree.commit()


@DOCUMENT.effect("aegis extract Assets --git HEAD~1..HEAD --output extracted --ai-tagging", commit_twice)
def what_the_commit_changed_is_extracted(reader: Reader, run: Run) -> None:
    assert "extracted 1" in run.printed


@DOCUMENT.effect("aegis export --format csv > tags.csv")
def the_table_names_the_texture(reader: Reader, run: Run) -> None:
    assert f"\n{BANANA}," in (reader.checkout / "tags.csv").read_text(encoding="utf-8")


@DOCUMENT.effect("aegis export --format parquet --output tags.parquet")
def the_rows_name_the_texture(reader: Reader, run: Run) -> None:
    assert BANANA in parquet.read_table(reader.checkout / "tags.parquet")["asset_id"].to_pylist()


@DOCUMENT.effect("aegis export --format xmp --game mygame --output sidecars")
def sidecars_are_written(reader: Reader, run: Run) -> None:
    assert (reader.checkout / "sidecars" / f"{BANANA}.xmp").is_file()


@DOCUMENT.effect("aegis export --format unity-labels --output Editor")
def the_script_and_its_table_are_there(reader: Reader, run: Run) -> None:
    files = {path.name for path in (reader.checkout / "Editor").iterdir()}
    assert files == {"AegisLabels.cs", "AegisLabels.tsv"}


@DOCUMENT.effect(f"aegis remove {BANANA}")
def the_asset_is_gone(reader: Reader, run: Run) -> None:
    assert run.printed == f"{BANANA} removed\n"
    assert wait(reader.system.rows("SELECT FROM assets WHERE asset_id = $1", BANANA)) == []
