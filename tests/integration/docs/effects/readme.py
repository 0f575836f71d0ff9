"""README.md: from nothing to tags, and what to do with them."""

from __future__ import annotations

import json
import re
import shlex

from devstack import Stack
from testkit.kafka_tools import eventually, read_all
from testkit.running import run as wait
from tests.integration.docs.effects import parsing
from tests.integration.docs.effects.effect import Document, no_output
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("README.md")
MODULE_OF_SAMPLES = "samples/archives/sample.unity3d/"
TEXTURES = 6

DOCUMENT.not_run("it runs these very tests", parsing.make_targets, "make test")


@DOCUMENT.effect("make demo")
def every_sample_is_tagged_and_stored(reader: Reader, run: Run) -> None:
    counts = re.search(r"demo: extracted=(\d+) tagged=(\d+) stored=(\d+) dead_lettered=0", run.printed)
    assert counts, run.printed
    extracted, tagged, stored = (int(count) for count in counts.groups())
    assert extracted == tagged == stored > 50
    assert len(wait(reader.system.rows("SELECT 1 FROM assets"))) == stored


@DOCUMENT.effect(".venv/bin/aegis stack up")
def all_services_are_up(reader: Reader, run: Run) -> None:
    assert [service.state for service in Stack(reader.stack).status()] == ["up"] * 3


@DOCUMENT.effect('eval "$(.venv/bin/aegis stack env)"')
def the_shell_knows_the_services(reader: Reader, run: Run) -> None:
    for name, value in Stack(reader.stack).variables().items():
        assert reader.variable(name) == value


@DOCUMENT.effect(".venv/bin/aegis topics apply && .venv/bin/aegis db migrate")
def topics_and_tables_are_there(reader: Reader, run: Run) -> None:
    """The demo made them; that they stay as they are is the effect here."""
    present = set(re.findall(r"^(\S+)\tpresent\t", run.printed, re.MULTILINE))
    assert present == {spec.name for spec in reader.system.topics.specs()}
    assert wait(reader.system.rows("SELECT 1 FROM asset_tags LIMIT 1"))


@DOCUMENT.effect(".venv/bin/aegis run tagger &")
def a_tagger_runs(reader: Reader, run: Run) -> None:
    runs_in_the_background(reader, run, "tagger")


@DOCUMENT.effect(".venv/bin/aegis run sink &")
def a_sink_runs(reader: Reader, run: Run) -> None:
    runs_in_the_background(reader, run, "sink")


@DOCUMENT.effect(".venv/bin/aegis run gateway &")
def a_gateway_runs(reader: Reader, run: Run) -> None:
    runs_in_the_background(reader, run, "gateway")


def runs_in_the_background(reader: Reader, run: Run, service: str) -> None:
    async def is_started() -> bool:
        return "process.started" in run.complaints or "process.started" in run.printed

    wait(eventually(is_started, f"the {service} has started"))
    assert [process for process in reader.processes() if process.cmdline()[-1:] == [service]]


@DOCUMENT.effect(".venv/bin/aegis extract samples/archives/sample.unity3d --ai-tagging --output ./extracted/")
def its_textures_are_files_events_and_rows(reader: Reader, run: Run) -> None:
    assert len(list((reader.checkout / "extracted").rglob("*.png"))) == TEXTURES
    records = wait(read_all(reader.system.bootstrap, reader.system.topics.extracted))
    assert len({item.key for item in records if (item.key or b"").startswith(MODULE_OF_SAMPLES.encode())}) == TEXTURES

    async def are_stored() -> bool:
        query = "SELECT 1 FROM assets WHERE starts_with(asset_id, $1)"
        return len(await reader.system.rows(query, MODULE_OF_SAMPLES)) == TEXTURES

    wait(eventually(are_stored, "the rows of the textures"))


@DOCUMENT.effect(".venv/bin/aegis search --tag vegetation --min-confidence 0.6")
def what_has_the_tag_is_listed(reader: Reader, run: Run) -> None:
    query = "SELECT 1 FROM asset_tags WHERE tag = 'vegetation' AND confidence >= 0.6"
    lines = run.printed.splitlines()
    assert all("vegetation·" in line for line in lines)
    assert len(lines) == min(20, len(wait(reader.system.rows(query)))) > 0


@DOCUMENT.effect('.venv/bin/aegis search "clouds in the sky"')
def skies_come_first(reader: Reader, run: Run) -> None:
    assert "skybox·" in run.printed.splitlines()[0]


@DOCUMENT.effect(".venv/bin/aegis verdict samples/archives/sample.unity3d/assets/ships/kestrel.png vehicle --confirm")
def the_word_of_a_person_is_stored(reader: Reader, run: Run) -> None:
    query = "SELECT 1 FROM asset_tags WHERE asset_id = $1 AND tag = 'vehicle' AND source = 'human'"
    asset_id = f"{MODULE_OF_SAMPLES}assets/ships/kestrel.png"

    async def is_stored() -> bool:
        return bool(await reader.system.rows(query, asset_id))

    wait(eventually(is_stored, "the word of a person is stored"))


@DOCUMENT.effect(".venv/bin/aegis export --format xmp --output ./extracted/")
def sidecars_lie_beside_their_pictures(reader: Reader, run: Run) -> None:
    sidecar = reader.checkout / "extracted" / MODULE_OF_SAMPLES / "assets" / "ships" / "kestrel.png.xmp"
    assert "<rdf:li>vehicle</rdf:li>" in sidecar.read_text(encoding="utf-8")
    assert sidecar.with_suffix("").is_file()


@DOCUMENT.effect(
    "curl --retry 9 --retry-connrefused http://127.0.0.1:8080/api/v1/tag/file "
    "-F asset_id=samples/supertuxkart/banana.png -F file=@samples/supertuxkart/banana.png"
)
def the_gateway_answers_with_tags(reader: Reader, run: Run) -> None:
    answer = json.loads(run.printed)
    assert answer["status"] == "success"
    assert answer["tags"]


DOCUMENT.effect("cp -r consumer/tagging/bundles/aegis-mini next")(no_output)


@DOCUMENT.effect("""sed 's/^version: .*/version: "4"/' next/taxonomy.yaml > new.yaml""")
def the_taxonomy_is_another_one(reader: Reader, run: Run) -> None:
    old, new = ((reader.checkout / name).read_text(encoding="utf-8") for name in ("next/taxonomy.yaml", "new.yaml"))
    assert new != old
    assert 'version: "4"' in new


@DOCUMENT.effect(".venv/bin/aegis compare --model ./next")
def a_page_shows_what_would_change(reader: Reader, run: Run) -> None:
    assert re.match(r"0 of \d+ assets change", run.printed), run.printed
    assert (reader.checkout / "compare.html").read_text(encoding="utf-8").startswith("<!doctype html")


@DOCUMENT.effect("AEGIS_MODEL_BUNDLE=./next .venv/bin/aegis replay --name next")
def all_assets_are_tagged_again(reader: Reader, run: Run) -> None:
    matched = re.fullmatch(
        r"replay next: complete, (\d+) assets, (\d+) of them tagged by this process.*\n", run.printed
    )
    assert matched, run.printed
    assert matched[1] == matched[2]
    tagged = wait(read_all(reader.system.bootstrap, reader.system.topics.tagged))
    assert len(tagged) >= 2 * int(matched[1])


@DOCUMENT.effect(".venv/bin/aegis retag --taxonomy new.yaml")
def the_tables_have_the_new_taxonomy(reader: Reader, run: Run) -> None:
    rows_have_the_taxonomy(reader, "4")


def rows_have_the_taxonomy(reader: Reader, version: str) -> None:
    async def have() -> bool:
        return not await reader.system.rows("SELECT 1 FROM assets WHERE taxonomy_version <> $1", version)

    wait(eventually(have, f"all rows are of taxonomy {version}"))


KCAT = "kcat -b $AEGIS_KAFKA_BOOTSTRAP"


@DOCUMENT.effect(f"{KCAT} -L | grep asset-")
def the_topics_are_listed(reader: Reader, run: Run) -> None:
    topics = {spec.name for spec in reader.system.topics.specs()}
    assert topics <= set(re.findall(r'topic "([^"]+)"', run.printed))


@DOCUMENT.effect(f"{KCAT} -t asset-extracted -C -e -q -o beginning -c 3")
def three_events_are_printed(reader: Reader, run: Run) -> None:
    assert all(json.loads(line)["object"] for line in run.printed.splitlines())
    assert len(run.printed.splitlines()) == 3


@DOCUMENT.effect(rf"{KCAT} -t asset-tagged -C -e -q -f '%k %s\n' | cut -c1-300")
def keys_and_events_are_printed(reader: Reader, run: Run) -> None:
    records = wait(read_all(reader.system.bootstrap, reader.system.topics.tagged))
    assert len(run.printed.splitlines()) == len(records)
    assert '{"event_id":' in run.printed


@DOCUMENT.effect(rf"{KCAT} -t asset-tagged -C -e -q -f '%h\n' -c 1")
def headers_are_printed(reader: Reader, run: Run) -> None:
    assert "ce_type=aegis.asset.tagged.v1" in run.printed


def give_up_a_record(reader: Reader) -> None:
    """Let the tagger write a dead letter."""
    wait(reader.system.publish_raw(b"docs/broken", b"{"))
    wait(eventually_dead(reader))


async def eventually_dead(reader: Reader) -> None:
    letters = f"{reader.system.topics.extracted}.dlq"

    async def is_there() -> bool:
        return bool(await reader.system.records_of(letters, "docs/broken"))

    await eventually(is_there, "a dead letter")


@DOCUMENT.effect(rf"{KCAT} -t asset-extracted.dlq -C -e -q -f '%k %h\n'", give_up_a_record)
def dead_letters_are_printed(reader: Reader, run: Run) -> None:
    assert re.search(r"^docs/broken .*dlq-error-class=", run.printed, re.MULTILINE)


def query(statement: str) -> str:
    return f".venv/bin/aegis stack psql -c {shlex.quote(statement)}"


@DOCUMENT.effect(
    query(
        "SELECT tag, count(*) FROM aegis.asset_tags WHERE category = 'object_types' GROUP BY tag ORDER BY count DESC;"
    )
)
@DOCUMENT.effect(
    query(
        "SELECT asset_id, confidence FROM aegis.asset_tags WHERE tag = 'vehicle' AND confidence > 0.4 "
        "ORDER BY confidence DESC;"
    )
)
@DOCUMENT.effect(
    query("SELECT name, severity, count(*) FROM aegis.asset_findings GROUP BY name, severity ORDER BY count DESC;")
)
def rows_are_printed(reader: Reader, run: Run) -> None:
    assert re.search(r"^\([1-9]\d* rows?\)$", run.printed, re.MULTILINE)


DOCUMENT.not_run(
    "needs Docker; make compose-test runs it word for word",
    parsing.docker,
    "docker build --tag aegis-tagger .",
    'docker run --rm --user "$(id -u)" --volume "$PWD:/work" aegis-tagger aegis secrets init',
    "docker compose up --detach --wait --scale tagger=3",
    'docker compose run --rm --user "$(id -u)" tools extract samples/archives/sample.unity3d --ai-tagging --wait '
    "--output extracted",
    "docker compose run --rm tools search --tag sprite --min-confidence 0.5",
    "docker compose up --detach --wait prometheus grafana",
    "docker compose --profile monitoring down",
)
