"""`aegis extract` and `aegis publish` as a person calls them, with no services."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import SAMPLES, files_below, png, zip_of


@pytest.fixture
def aegis(tmp_path: Path) -> Aegis:
    return Aegis(tmp_path, {})


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that takes connections and counts them, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def _samples(metrics_file: Path) -> dict[str, float]:
    """Return the value of each metric of the spool."""
    lines = [line for line in metrics_file.read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if '{spool="' not in line] == []
    return {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines}


def _address(server: socket.socket) -> str:
    return f"127.0.0.1:{server.getsockname()[1]}"


def test_without_ai_tagging_no_service_is_touched(aegis: Aegis, listener: socket.socket) -> None:
    """Not even where their addresses are set; the spool is not made."""
    done = aegis.run(
        "extract",
        SAMPLES / "archives",
        "--output",
        "out",
        AEGIS_KAFKA_BOOTSTRAP=_address(listener),
        AEGIS_S3_ENDPOINT=f"http://{_address(listener)}",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("extracted 15  out")
    assert len(files_below(aegis.folder / "out")) == 15
    assert not aegis.spool.exists()
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_json_is_one_document_and_nothing_else(aegis: Aegis) -> None:
    """What it says of each texture is true of the file."""
    done = aegis.run("extract", SAMPLES / "archives", "--output", "out", "--game", "demo", "--json")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["extracted"], document["published"], document["lost"]) == (15, 0, 0)
    for texture in document["textures"]:
        data = (aegis.folder / "out" / texture["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == texture["sha256"]
        assert len(data) == texture["size"]
        assert texture["asset_id"].startswith("demo/samples/archives/sample.")
        assert texture["state"] == "extracted"
    kestrel = next(item for item in document["textures"] if item["name"] == "kestrel")
    assert (kestrel["type"], kestrel["mode"], kestrel["engine"]) == ("Texture2D", "RGBA", "unity 2018.4.36f1")


@pytest.mark.parametrize("options", [(), ("--ai-tagging",)])
def test_named_file_that_is_not_there_is_one_sentence(options: tuple[str, ...], aegis: Aegis) -> None:
    done = aegis.run("extract", "missing.zip", "--output", "out", *options)

    assert done.returncode == 2
    assert done.stderr == "Error: missing.zip does not exist: name a file or folder that does.\n"
    assert files_below(aegis.folder) == set()


@pytest.mark.parametrize("options", [(), ("--ai-tagging",), ("--json",)])
def test_named_archive_that_is_truncated_is_one_sentence(options: tuple[str, ...], aegis: Aegis) -> None:
    """Exit code 2, and what stands beside it is extracted all the same."""
    whole = (SAMPLES / "archives" / "sample.zip").read_bytes()
    (aegis.folder / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (aegis.folder / "good.png").write_bytes(png())

    done = aegis.run("extract", "cut.zip", "good.png", "--output", "out", *options)

    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert errors == [
        "Error: cut.zip cannot be extracted: it is damaged or not a zip archive (File is not a zip file)."
    ]
    assert "Traceback" not in done.stderr
    assert files_below(aegis.folder / "out") == {"good.png"}


def test_file_of_no_kind_that_is_read_lists_the_kinds(aegis: Aegis) -> None:
    (aegis.folder / "notes.txt").write_text("no texture")
    done = aegis.run("extract", "notes.txt", "--output", "out")

    assert done.returncode == 2
    assert ".unitypackage" in done.stderr
    assert done.stderr.count("\n") == 1


def test_link_in_the_output_folder_is_one_sentence_with_services_too(aegis: Aegis) -> None:
    """What was extracted before is kept: its event waits in the spool."""
    (aegis.folder / "outside").mkdir()
    (aegis.folder / "out").mkdir()
    (aegis.folder / "out" / "b.zip").symlink_to(aegis.folder / "outside")
    zip_of(aegis.folder / "a.zip", [("x.png", png())])
    zip_of(aegis.folder / "b.zip", [("x.png", png(1))])

    done = aegis.run("extract", "a.zip", "b.zip", "--output", "out", "--ai-tagging")

    assert done.returncode == 2
    assert "leads out of" in done.stderr
    assert "TaskGroup" not in done.stderr
    assert len([name for name in files_below(aegis.spool) if name.endswith(".json")]) == 1
    assert files_below(aegis.folder / "outside") == set()


def test_nothing_set_spools_and_says_which_variable_is_missing(aegis: Aegis) -> None:
    done = aegis.run("extract", SAMPLES / "freedoom", "--output", "out", "--ai-tagging")

    assert done.returncode == 0, done.stderr
    assert "7 of 7 events wait in the spool" in done.stderr
    assert "is not set" in done.stderr
    assert len([name for name in files_below(aegis.spool) if name.endswith(".json")]) == 7

    published = aegis.run("publish", "--spool")
    assert published.returncode == 1
    assert "7 events go on waiting" in published.stderr
    assert len([name for name in files_below(aegis.spool) if name.endswith(".json")]) == 7


def test_spool_that_is_full_fails_and_names_its_setting(aegis: Aegis) -> None:
    """The textures are there, the events are not: exit code 1 says so."""
    done = aegis.run("extract", SAMPLES / "freedoom", "--output", "out", "--ai-tagging", AEGIS_SPOOL_MAX_BYTES="20000")

    assert done.returncode == 1
    assert "AEGIS_SPOOL_MAX_BYTES" in done.stderr
    assert len(files_below(aegis.folder / "out")) == 7


def test_publish_with_nothing_to_do_and_with_nothing_said(aegis: Aegis) -> None:
    empty, unsaid = aegis.run("publish", "--spool"), aegis.run("publish")

    assert (empty.returncode, empty.stdout) == (0, f"Nothing waits in the spool {aegis.spool}.\n")
    assert unsaid.returncode == 2
    assert "aegis publish --spool" in unsaid.stderr


def test_wait_without_tagging_is_refused(aegis: Aegis) -> None:
    done = aegis.run("extract", SAMPLES / "freedoom", "--output", "out", "--wait")

    assert done.returncode == 2
    assert "--wait needs --ai-tagging" in done.stderr


def test_spool_is_measured_for_node_exporter(aegis: Aegis) -> None:
    """What waits, since when, and how much room there is; a run that empties the spool says zero."""
    metrics_file = aegis.folder / "spool.prom"
    variables = {"AEGIS_SPOOL_METRICS_FILE": str(metrics_file), "AEGIS_SPOOL_MAX_BYTES": "1000000"}
    before = time.time()

    (aegis.folder / "stone.png").write_bytes(png(1))
    aegis.run("extract", "stone.png", "--ai-tagging", "-o", "out", **variables)
    waiting = _samples(metrics_file)
    for path in aegis.spool.iterdir():
        path.unlink()
    aegis.run("publish", "--spool", **variables)
    empty = _samples(metrics_file)

    assert waiting["aegis_spool_events"] == 1
    assert 0 < waiting["aegis_spool_bytes"] < waiting["aegis_spool_limit_bytes"] == 1_000_000
    assert before <= waiting["aegis_spool_oldest_timestamp_seconds"] <= time.time()
    assert empty["aegis_spool_events"] == empty["aegis_spool_oldest_timestamp_seconds"] == 0


def test_spool_metrics_that_cannot_be_written_fail_nothing(aegis: Aegis) -> None:
    (aegis.folder / "stone.png").write_bytes(png(1))

    done = aegis.run(
        "extract", "stone.png", "--ai-tagging", "-o", "out", AEGIS_SPOOL_METRICS_FILE="/nowhere/at/all/spool.prom"
    )

    assert done.returncode == 0, done.stderr
    assert "AEGIS_SPOOL_METRICS_FILE=/nowhere/at/all/spool.prom cannot be written" in done.stderr
