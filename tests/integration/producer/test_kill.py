"""kill -9 in the middle of an extraction: what was kept is kept, and the next run makes the rest good."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from uuid import UUID

import numpy as np
import psutil
import pytest
from PIL import Image

from testkit.kafka_tools import eventually
from tests.integration.producer.outside import Outside
from tests.unit.producer.commands import Aegis
from tests.unit.producer.making import encoded, files_below, png, zip_of

_COUNT = 60
_QUICK = 40
_NOISE_SIDE = 640


@pytest.fixture
def archive(aegis: Aegis) -> Path:
    """Textures that are extracted at once, then some that take their time: a kill after the first finds it at work."""
    members = [(f"{number:03d}.png", png(number) if number < _QUICK else _noise(number)) for number in range(_COUNT)]
    return zip_of(aegis.folder / "game.zip", members)


def _noise(seed: int) -> bytes:
    """Return a PNG that takes some fifty milliseconds to decode and to encode again."""
    pixels = np.random.default_rng(seed).integers(0, 256, (_NOISE_SIDE, _NOISE_SIDE, 3), np.uint8)
    return encoded(Image.fromarray(pixels), "png")


async def _killed(aegis: Aegis, archive: Path, when_there: str, **more: str) -> None:
    """Start an extraction and kill it when more than 20 files of this pattern are there; its child must end too."""
    with aegis.start("extract", archive, "-o", "out", "--ai-tagging", **more) as process:
        await eventually(lambda: len(list(aegis.folder.glob(when_there))) > 20, f"more than 20 {when_there}")
        children = psutil.Process(process.pid).children()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
        assert process.returncode == -signal.SIGKILL
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


def _spooled(aegis: Aegis) -> set[UUID]:
    return {UUID(path.stem.partition("-")[2]) for path in aegis.spool.glob("*.json")}


async def test_killed_while_publishing(archive: Path, aegis: Aegis, outside: Outside) -> None:
    """The next run publishes every asset; no file is half written, no event is out without its object."""
    await _killed(aegis, archive, "out/game.zip/*.png")
    for file in (aegis.folder / "out" / "game.zip").glob("*.png"):
        with Image.open(file) as image:
            image.load()
    before = await outside.events()
    assert len(before) < _COUNT
    assert {event.object.key for event in before} <= set(outside.objects())

    done = aegis.run("extract", archive, "-o", "out", "--ai-tagging")

    assert done.returncode == 0, done.stderr
    events = await outside.events()
    assert {event.asset_id for event in events} == {f"game.zip/{number:03d}.png" for number in range(_COUNT)}
    assert len(events) == len(before) + _COUNT
    assert {event.object.key for event in events} == set(outside.objects())
    assert len(outside.objects()) == _COUNT


async def test_nothing_of_a_killed_run_stays_in_the_folder(archive: Path, aegis: Aegis) -> None:
    """Its scratch folder goes with the next run, whose files are all there is then."""
    await _killed(aegis, archive, "out/game.zip/*.png")
    done = aegis.run("extract", archive, "-o", "out")

    assert done.returncode == 0, done.stderr
    assert files_below(aegis.folder / "out") == {f"game.zip/{number:03d}.png" for number in range(_COUNT)}
    assert [path.name for path in (aegis.folder / "out").iterdir()] == ["game.zip"]


async def test_killed_while_spooling(archive: Path, aegis: Aegis, outside: Outside) -> None:
    """What the spool held goes out once by `aegis publish --spool`, the rest with the next run."""
    await _killed(aegis, archive, "spool/*.json", AEGIS_KAFKA_BOOTSTRAP="127.0.0.1:1")
    kept = _spooled(aegis)
    assert 20 < len(kept) < _COUNT

    sent = aegis.run("publish", "--spool")
    assert sent.returncode == 0, sent.stderr
    assert Counter(event.event_id for event in await outside.events()) == Counter(kept)

    done = aegis.run("extract", archive, "-o", "out", "--ai-tagging")
    assert done.returncode == 0, done.stderr
    events = await outside.events()
    assert {event.asset_id for event in events} == {f"game.zip/{number:03d}.png" for number in range(_COUNT)}
    assert len(events) == len(kept) + _COUNT
    assert {event.object.key for event in events} == set(outside.objects())


async def test_next_extract_sends_what_the_killed_one_spooled(archive: Path, aegis: Aegis, outside: Outside) -> None:
    await _killed(aegis, archive, "spool/*.json", AEGIS_S3_ENDPOINT="http://127.0.0.1:1")
    kept = _spooled(aegis)

    done = aegis.run("extract", archive, "-o", "out", "--ai-tagging")

    assert done.returncode == 0, done.stderr
    assert f"sent {len(kept)} events that waited in the spool" in done.stderr
    ids = [event.event_id for event in await outside.events()]
    assert len(ids) == len(kept) + _COUNT
    assert len(set(ids)) == len(ids)
    assert kept <= set(ids)
