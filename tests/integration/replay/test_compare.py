"""`aegis compare` on stored assets: what it counts, the page it writes, and that it changes nothing."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

from aegis.verbs.tagging.compare import command
from consumer.storage.tables.tags import TagStore
from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path, load_bundle
from consumer.tagging.inference.embed import open_embedder
from export.bundles.compile import refresh_manifest
from schemas.connections import DatabaseConnection
from testkit.kafka_tools import read_all
from testkit.running import Pipeline, run, texture
from tests.unit.storage.samples import row


async def _stored(corner: Pipeline, names: int, draw: Callable[[int], bytes] = texture) -> None:
    """Store rows of assets whose pictures are there, and of one whose picture is not."""
    objects = [corner.upload(draw(number)) for number in range(6)]
    rows = [
        row(f"<asset>/{number}", bucket=corner.bucket, object_key=objects[number % 6].key, sha256=None)
        for number in range(names)
    ]
    gone = row("gone", bucket=corner.bucket, object_key="sha256/00/00/gone.png", sha256=None)
    async with await TagStore.open(DatabaseConnection()) as store:
        await store.write_batch([*rows, gone])


def _sprite(number: int) -> bytes:
    """Return a picture that is transparent but for a thin ring, so that its ground is most of what a model sees."""
    image = Image.new("RGBA", (96, 96))
    ImageDraw.Draw(image).ellipse((8, 8, 80 + number, 88), outline=(40 * number, 120, 60), width=3)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def _compare(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


class _Whole(HTMLParser):
    """Collects what a page needs from elsewhere, and its pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - its signature
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href"}]


@pytest.fixture
def without_vibrant(next_bundle: Path, tmp_path: Path) -> Path:
    """The shipped vocabulary with the tag `vibrant` off."""
    text = (next_bundle / TAXONOMY).read_text()
    changed, count = re.subn(r"vibrant: \{", "vibrant: {off: true, ", text)
    assert count == 1
    path = tmp_path / "new.yaml"
    path.write_text(changed)
    return path


def test_a_vocabulary_is_compared_on_a_sample(
    corner: Pipeline, without_vibrant: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each asset counts once; the page holds its pictures itself, and names what could not be read; one model runs."""
    run(_stored(corner, 12))
    page = tmp_path / "page.html"
    opened = Mock(wraps=open_embedder)
    monkeypatch.setattr("consumer.services.model.open_embedder", opened)

    told = _compare("--taxonomy", without_vibrant, "--report", page)

    assert told.exit_code == 0, told.output
    lost = re.search(r"^vibrant\tcolor_palettes\t(\d+)\t0\t0\t(\d+)$", told.output, re.MULTILINE)
    assert lost is not None, told.output
    assert lost[1] == lost[2] != "0"
    assert re.search(rf"{lost[1]} of 12 assets change", told.output)
    assert "1 assets could not be read" in told.output
    text = page.read_text(encoding="utf-8")
    whole = _Whole()
    whole.feed(text)
    assert len(whole.addresses) == int(lost[1])
    assert all(address.startswith("data:image/webp;base64,") for address in whole.addresses)
    assert "&lt;asset&gt;/" in text
    assert "<asset>" not in text
    assert "gone: " in text
    assert run(read_all(corner.bootstrap, corner.topics.tagged)) == []
    assert opened.call_count == 1


def test_a_model_that_says_the_same_changes_nothing(corner: Pipeline, next_bundle: Path, tmp_path: Path) -> None:
    """A part of the assets is the sample, the same each time."""
    run(_stored(corner, 30))

    told = [
        _compare("--model", next_bundle, "--sample", 10, "--seed", 4, "--report", tmp_path / f"{number}.html")
        for number in range(2)
    ]

    assert "0 of 10 assets change (0%; of all 31 between 0% and 28%, at 95% confidence)" in told[0].output
    assert (tmp_path / "0.html").read_text() == (tmp_path / "1.html").read_text()
    assert "Nothing changes." in (tmp_path / "0.html").read_text()


@pytest.mark.parametrize("ground", [None, (255, 0, 255)])
def test_another_model_runs_itself_on_what_it_sees(
    corner: Pipeline, tmp_path: Path, ground: tuple[int, int, int] | None
) -> None:
    """The same weights under other preprocessing, or under a logit scale that makes them another model alone."""
    run(_stored(corner, 12, _sprite))
    shipped = load_bundle(default_bundle_path())
    folder = tmp_path / "other"
    shutil.copytree(default_bundle_path(), folder)
    image = shipped.manifest.image.model_dump() | ({"ground": ground} if ground else {})
    scale = shipped.manifest.logit_scale * (1 if ground else 1.0001)
    refresh_manifest(folder, shipped.manifest, [], image=image, logit_scale=scale)
    assert load_bundle(folder).digest != shipped.digest

    told = _compare("--model", folder, "--report", tmp_path / "page.html")

    assert told.exit_code == 0, told.output
    (changed,) = re.findall(r"(\d+) of 12 assets change", told.output)
    assert (changed != "0") == (ground is not None)


def test_what_cannot_be_compared_is_told(
    corner: Pipeline, next_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    assert "say what to compare with" in _compare("--report", page).output
    assert "no asset is stored yet" in _compare("--model", next_bundle, "--report", page).output
    assert "its folder does not exist" in _compare("--model", next_bundle, "--report", tmp_path / "no" / "page").output
    assert "is no model bundle" in _compare("--model", tmp_path, "--report", page).output
    run(_stored(corner, 1))
    monkeypatch.setenv("AEGIS_S3_ENDPOINT", "http://127.0.0.1:9")
    away = _compare("--model", next_bundle, "--report", page)
    assert away.exit_code == 1
    assert "127.0.0.1:9" in away.output
    assert not page.exists()
