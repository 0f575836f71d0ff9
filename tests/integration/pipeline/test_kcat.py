"""Operators look at everything with kcat: the lines that README shows work, with the real kcat."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.kafka_tools import eventually
from tests.integration.pipeline.running import Pipeline, new_asset_id, texture

README = Path(__file__).parents[3] / "README.md"
LINES = re.findall(r"^(kcat .*?)(?:\s+#.*)?$", README.read_text(encoding="utf-8"), re.MULTILINE)


def _shell(pipeline: Pipeline, line: str) -> str:
    """Run a line of the README on this pipeline's topics; return what it printed."""
    for topic in ("asset-extracted", "asset-tagged"):
        line = re.sub(rf"\b{topic}\b", f"{pipeline.environment['AEGIS_TOPIC_PREFIX']}{topic}", line)
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", line],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "AEGIS_KAFKA_BOOTSTRAP": pipeline.bootstrap},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_kcat_is_here() -> None:
    """`make test` installs it."""
    assert shutil.which("kcat"), "install kcat (Debian: apt-get install kcat)"


@pytest.mark.parametrize("line", LINES)
async def test_a_line_of_the_readme_prints_events(own_pipeline: Pipeline, line: str) -> None:
    """Every topic that the line may read holds something by then, dead letters too."""
    asset_id = new_asset_id("kcat")
    await own_pipeline.publish(own_pipeline.event(asset_id, own_pipeline.upload(texture(21))))
    await own_pipeline.tagged(asset_id)
    await own_pipeline.publish_raw(b"test/kcat/broken", b"{")
    if "dlq" in line:
        letters = f"{own_pipeline.topics.extracted}.dlq"

        async def dead_lettered() -> bool:
            return bool(await own_pipeline.records_of(letters, "test/kcat/broken"))

        await eventually(dead_lettered, "a dead letter")

    assert _shell(own_pipeline, line).strip()


async def test_both_topics_hold_json_that_jq_can_read(own_pipeline: Pipeline) -> None:
    """Key and value as kcat prints them; the embedding stands last, so that the tags are seen first."""
    asset_id = new_asset_id("kcat")
    await own_pipeline.publish(own_pipeline.event(asset_id, own_pipeline.upload(texture(22))))
    await own_pipeline.tagged(asset_id)

    for topic in ("asset-extracted", "asset-tagged"):
        printed = _shell(own_pipeline, rf"kcat -b $AEGIS_KAFKA_BOOTSTRAP -t {topic} -C -e -q -f '%k\t%s\n'")
        (line,) = [line for line in printed.splitlines() if line.startswith(f"{asset_id}\t")]
        event = json.loads(line.removeprefix(f"{asset_id}\t"))
        assert event["asset_id"] == asset_id
    assert list(event)[-1] == "embedding"
