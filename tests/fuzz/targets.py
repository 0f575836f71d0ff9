"""What is fuzzed. A target takes any bytes and raises only where the product has a defect."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.kafka.records import SourceRecord
from consumer.services import tagger
from consumer.services.clocks import ClockWatch
from consumer.services.storing import sink
from consumer.storage.tables.rows import TaggedRow, settle
from consumer.tagging.images.preprocess import PreprocessSpec, prepare
from consumer.tagging.pixels.evidence import pixel_evidence
from consumer.tagging.pixels.layout import layout_of
from consumer.telemetry.metrics import Metrics
from producer_tools.extraction.child import _parse
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.messages import MESSAGES, Done, Found, Job, LeftOut, PassedOver, Refused, png_name
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.unity.reader import UnityReader
from schemas import AssetExtracted, AssetTagged, EventDecodeError, decode_event, encode_event
from tests.fuzz import containers, textures

_ROOT: Final = Path(__file__).resolve().parents[2]
_SAMPLES: Final = _ROOT / "samples"
_GOLDEN: Final = _ROOT / "tests" / "golden" / "v1"
_MAX_PIXELS: Final = 1024 * 1024
_LIMITS: Final = ReadLimits(
    max_members=200,
    max_member_bytes=2 * 1024 * 1024,
    max_total_bytes=8 * 1024 * 1024,
    max_ratio=250,
    max_pixels=_MAX_PIXELS,
)
_CLOCKS: Final = ClockWatch(Metrics())
_SPEC: Final = PreprocessSpec(size=64, ground=(128, 128, 128))
_SUFFIXES: Final = {Kind.IMAGE: ".png", Kind.UNITY: ".unity3d"}


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to fuzz: what to call, what to begin with, and how long an input may grow."""

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    max_bytes: int


def fuzz_event(data: bytes) -> None:
    """Take the bytes as the value of a record on either topic, behind one byte that says which."""
    kind, value = (AssetTagged if data[:1] == b"T" else AssetExtracted), data[1:]
    try:
        event = decode_event(kind, value)
    except EventDecodeError as error:
        assert len(str(error)) < 2000
        return
    assert decode_event(kind, encode_event(event)) == event
    record = SourceRecord("topic", 0, 0, 0, event.asset_id.encode(), value)
    if isinstance(event, AssetExtracted):
        assert tagger.receive(record) == event
        return
    row = sink.receive(record, reviewed_topic="reviewed", clocks=_CLOCKS)
    assert isinstance(row, TaggedRow)
    assert settle([row, row]).rows == (row,)


def fuzz_image(data: bytes) -> None:
    """Take the bytes as an object out of the store."""
    try:
        image = decode(data, ImageLimits(max_bytes=1024 * 1024, max_pixels=_MAX_PIXELS))
    except ImageRejectedError as error:
        assert len(str(error)) < 1000
        return
    assert image.pixels.dtype == np.uint8
    assert image.pixels.ndim == 3
    assert image.pixels.shape[2] in {3, 4}
    assert 0 < image.width * image.height <= _MAX_PIXELS
    assert prepare(image, _SPEC).shape == (64, 64, 3)
    for tags in pixel_evidence(image, layout_of(image.pixels)).values():
        assert all(0 <= confidence <= 1 for confidence in tags.values())


def fuzz_archive(data: bytes) -> None:
    """Take the bytes as a file that a person names, behind one that says of which kind; read as the child does it."""
    fuzz_file(data[1:], list(Kind)[data[0] % len(Kind)] if data else Kind.IMAGE)


def fuzz_file(data: bytes, kind: Kind) -> None:
    """Take the bytes as a file of this kind; read as the child does it."""
    with tempfile.TemporaryDirectory(dir=_fast_folder()) as folder:
        path, out = Path(folder) / f"input{_suffix(kind, data)}", Path(folder) / "out"
        path.write_bytes(data)
        out.mkdir()
        answers = io.BytesIO()
        # As the child reads what UnityPy's C code crashed on: that it does, of damaged files, is known (UnityPy 1.25).
        job = Job(str(path), kind, str(out), _LIMITS, is_careful=True)
        _parse(job, answers, UnityReader(), None)
        messages = [MESSAGES.validate_json(line) for line in answers.getvalue().splitlines()]
        assert isinstance(messages[-1], Done)
        for message in messages[:-1]:
            assert isinstance(message, Found | LeftOut | PassedOver | Refused)
            if isinstance(message, Found):
                assert (out / png_name(message.number)).stat().st_size > 0
                assert message.width * message.height <= _MAX_PIXELS
        assert {item.name for item in Path(folder).iterdir()} == {path.name, "out"}


def _suffix(kind: Kind, data: bytes) -> str:
    if kind is Kind.ATLAS:
        return {b"{": ".json", b"<": ".xml" if b"<TextureAtlas" in data else ".plist"}.get(data[:1], ".atlas")
    return _SUFFIXES.get(kind, f".{kind}")


def _event_seeds() -> list[bytes]:
    kinds = {"asset-extracted": b"E", "asset-tagged": b"T"}
    return [
        kind + file.read_bytes()
        for name, kind in kinds.items()
        for file in sorted(_GOLDEN.glob(f"{name}.*.json"))
        if not file.name.endswith(".headers.json")
    ]


def _image_seeds() -> list[bytes]:
    """Return samples, small ones, and one of them in each format that is decoded."""
    from PIL import Image  # noqa: PLC0415 - only here

    files = sorted(_SAMPLES.rglob("*.png"), key=lambda file: file.stat().st_size)[:12]
    seeds = [file.read_bytes() for file in files]
    small = Image.open(files[0]).convert("RGBA").resize((17, 13))
    for form, mode in (
        ("PNG", "P"), ("PNG", "L"), ("PNG", "I;16"), ("PNG", "RGB"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"),
        ("WEBP", "RGBA"), ("WEBP", "RGB"), ("DDS", "RGBA"), ("TGA", "RGBA"), ("TGA", "L"), ("BMP", "RGB"), ("GIF", "P"),
        ("TIFF", "RGBA"), ("TIFF", "I;16"), ("TIFF", "F"),
    ):  # fmt: skip
        buffer = io.BytesIO()
        image = (
            small.convert("L").convert("I").convert("I;16") if mode == "I;16" else small.convert("RGB").convert(mode)
        )
        image.save(buffer, form)
        seeds.append(buffer.getvalue())
    return seeds


def _archive_seeds() -> list[bytes]:
    kinds = list(Kind)
    seeds = [bytes([kinds.index(Kind.IMAGE)]) + seed for seed in _image_seeds()[:4]]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, seed in enumerate(_image_seeds()[-12:]):
            archive.writestr(f"folder/{number}.tga", seed)
    seeds.append(bytes([kinds.index(Kind.ZIP)]) + packed.getvalue())
    for kind, name in (
        (Kind.ZIP, "sample.zip"),
        (Kind.UNITYPACKAGE, "sample.unitypackage"),
        (Kind.UNITY, "sample.unity3d"),
    ):
        seeds.append(bytes([kinds.index(kind)]) + (_SAMPLES / "archives" / name).read_bytes())
    return seeds


def _member_seeds() -> list[tuple[str, bytes]]:
    """Return what the archives of the tests hold: small textures, and what is none."""
    return [(f"folder/{number}.tga", seed) for number, seed in enumerate(_image_seeds()[-6:])] + [("a.ogg", b"OggS")]


def _fast_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


TARGETS: Final = {
    target.name: target
    for target in (
        Target("event", fuzz_event, _event_seeds, 64 * 1024),
        Target("image", fuzz_image, _image_seeds, 64 * 1024),
        Target("textures", fuzz_image, textures.seeds, 64 * 1024),
        Target("archive", fuzz_archive, _archive_seeds, 512 * 1024),
        *(
            Target(kind, partial(fuzz_file, kind=kind), partial(containers.seeds, kind, _member_seeds), 64 * 1024)
            for kind in containers.KINDS
        ),
    )
}
