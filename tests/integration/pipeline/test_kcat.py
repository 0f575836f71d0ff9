"""Operators look at everything with the real kcat; tests/integration/docs runs the lines that the documents show."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

from testkit.running import Pipeline, new_asset_id, texture


def _shell(pipeline: Pipeline, line: str) -> str:
    """Run a line on this pipeline's topics; return what it printed."""
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
