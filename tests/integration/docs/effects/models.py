"""docs/models.md: looking at a bundle, calibrating and measuring it, changing its taxonomy."""

from __future__ import annotations

import json
import shutil

from consumer.tagging.bundle.bundle import load_bundle
from consumer.tagging.bundle.overlay import load_overlay
from tests.documents.facts import ROOT
from tests.documents.markdown import blocks
from tests.integration.docs.effects import parsing
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/models.md")
SHIPPED = "consumer/tagging/bundles/aegis-mini"
MADE = "models/vit-b32"
IMAGES = 20


@DOCUMENT.effect("aegis model list")
def the_shipped_bundle_is_listed(reader: Reader, run: Run) -> None:
    assert "aegis-mini" in run.printed


@DOCUMENT.effect(f"aegis model info {SHIPPED}")
def the_bundle_is_described(reader: Reader, run: Run) -> None:
    assert "calibrated on " in run.printed
    assert load_bundle(reader.checkout / SHIPPED).digest[:40] in run.printed


@DOCUMENT.effect(f"aegis model verify {SHIPPED}")
def the_bundle_is_whole(reader: Reader, run: Run) -> None:
    assert f"{SHIPPED}: 6 files are what bundle.json says" in run.printed


DOCUMENT.not_run(
    "fetches weights from a model hub; tests/unit/export makes bundles of small models of its own",
    parsing.aegis,
    f"aegis model export --arch ViT-B-32 --pretrained laion2b_s34b_b79k --output {MADE}",
    "aegis model export --arch ViT-B-16-SigLIP --pretrained webli --output models/siglip",
    "aegis model export --arch our-clip.json --pretrained checkpoint.pt --output models/ours",
    "aegis model pull OWNER/MODEL --output models/ours",
    "aegis model pull OWNER/MODEL-vision --text OWNER/MODEL-text --logit-scale 100 --output models/ours",
)


def label_textures(reader: Reader) -> None:
    """Make the reader's own: a bundle in place of the exported one, textures, and tables as the document shows one."""
    shutil.copytree(ROOT / SHIPPED, reader.checkout / MADE)
    textures = reader.checkout / "textures"
    textures.mkdir()
    (table,) = (block.text for block in blocks((ROOT / DOCUMENT.path).read_text()) if block.language == "csv")
    names = [row.split(",")[0] for row in table.splitlines()[1:]] + [f"{number}.png" for number in range(IMAGES)]
    for name, source in zip(names, sorted((ROOT / "samples").rglob("*.png")), strict=False):
        shutil.copy(source, textures / name)
    more = "".join(
        f"{number}.png,game-{number % 4},a/{number}.png,{('prop', 'skybox')[number % 2]},"
        f"{('sci_fi', 'cartoon')[number // 2 % 2]},{('albedo', 'sprite')[number // 3 % 2]}\n"
        for number in range(IMAGES)
    )
    (reader.checkout / "others.csv").write_text(table + more, encoding="utf-8")


DOCUMENT.not_run(
    "fits all with each game left out, half a minute of CPU; tests/unit/export/test_evaluate_command.py does less",
    parsing.aegis,
    f"aegis model calibrate {MADE} --labels labels.csv --images textures/",
)


@DOCUMENT.effect(
    f"aegis model eval {MADE} --labels others.csv --images textures/ --report report/ --json figures.json",
    label_textures,
)
def the_figures_are_written(reader: Reader, run: Run) -> None:
    assert json.loads((reader.checkout / "figures.json").read_text(encoding="utf-8"))
    assert (reader.checkout / "report" / "index.html").is_file()


@DOCUMENT.effect("cp -r consumer/tagging/bundles/aegis-mini ours")
def a_bundle_can_be_changed(reader: Reader, run: Run) -> None:
    assert load_bundle(reader.checkout / "ours").manifest.id == "aegis-mini"


DOCUMENT.not_run(
    "needs verdicts of people on ten textures and more; tests/integration/replay/test_teaching.py gives them",
    parsing.aegis,
    "aegis model calibrate ours --verdicts",
    "aegis compare --model ours",
    "AEGIS_MODEL_BUNDLE=ours aegis retag",
)
DOCUMENT.not_run(
    "needs verdicts of people; tests/integration/aegis/test_labels.py gives them",
    parsing.aegis,
    "aegis labels export --output reviewed.csv --images reviewed/",
    "aegis model eval ours --labels reviewed.csv --images reviewed/",
)


@DOCUMENT.effect("aegis model calibrate ours --forget-verdicts")
def nothing_is_left_of_verdicts(reader: Reader, run: Run) -> None:
    assert "ours: verdicts had taught it nothing" in run.printed


@DOCUMENT.effect(
    'aegis taxonomy add potion --category object_types --prompt "a potion" --prompt "a flask of liquid" --name potion'
)
def the_tag_is_in_a_file_beside_the_bundle(reader: Reader, run: Run) -> None:
    assert load_overlay(reader.checkout / "aegis-taxonomy.yaml").tags == {("object_types", "potion")}


@DOCUMENT.effect("export AEGIS_MODEL_OVERLAY=$PWD/aegis-taxonomy.yaml")
def the_overlay_is_known(reader: Reader, run: Run) -> None:
    assert not run.printed


@DOCUMENT.effect("aegis taxonomy list --own")
def the_tag_is_silent(reader: Reader, run: Run) -> None:
    assert run.printed.split("\t")[:4] == ["object_types", "potion", "overlay", "silent"]


@DOCUMENT.effect("aegis retag")
def what_is_tagged_is_scored_again(reader: Reader, run: Run) -> None:
    assert "no event carries potion (object_types) yet" in run.complaints


@DOCUMENT.effect("aegis taxonomy remove potion")
def the_tag_is_gone(reader: Reader, run: Run) -> None:
    assert not load_overlay(reader.checkout / "aegis-taxonomy.yaml").tags


@DOCUMENT.effect(f"cp {MADE}/taxonomy.yaml taxonomy.yaml")
def the_taxonomy_can_be_edited(reader: Reader, run: Run) -> None:
    """And is, so that compiling it changes something."""
    path = reader.checkout / "taxonomy.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('version: "3"', 'version: "ours"'), encoding="utf-8")


@DOCUMENT.effect("aegis taxonomy check taxonomy.yaml")
def the_taxonomy_is_valid(reader: Reader, run: Run) -> None:
    assert "taxonomy.yaml: 6 categories, " in run.printed


@DOCUMENT.effect(f"aegis taxonomy compile {MADE} --file taxonomy.yaml")
def the_bundle_has_the_taxonomy(reader: Reader, run: Run) -> None:
    assert load_bundle(reader.checkout / MADE).taxonomy.version == "ours"
