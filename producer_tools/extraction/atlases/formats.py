"""Atlas files: JSON of TexturePacker, property lists of Cocos, XML of Starling, and the texts of libGDX and Spine."""

from __future__ import annotations

import json
import plistlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from xml.etree.ElementTree import fromstring

from producer_tools.extraction.atlases.sprites import Sheet, Sprite

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


def read_json(data: bytes) -> list[Sheet]:
    """Read TexturePacker's JSON, hash or array, of one sheet or several; sprites lie turned clockwise."""
    document = json.loads(data)
    parts = document.get("textures") or [document | {"image": document["meta"]["image"]}]
    return [Sheet(str(part["image"]), tuple(_of_json(part["frames"]))) for part in parts]


def _of_json(frames: Any) -> Iterator[Sprite]:
    named = frames.items() if isinstance(frames, dict) else ((frame["filename"], frame) for frame in frames)
    for name, frame in named:
        place, trimmed, whole = frame["frame"], frame.get("spriteSourceSize"), frame.get("sourceSize")
        yield Sprite(
            name=str(name),
            left=int(place["x"]),
            top=int(place["y"]),
            width=int(place["w"]),
            height=int(place["h"]),
            turn=90 if frame.get("rotated") else 0,
            whole=(int(whole["w"]), int(whole["h"])) if whole else None,
            offset=(int(trimmed["x"]), int(trimmed["y"])) if trimmed else (0, 0),
        )


def read_plist(data: bytes) -> list[Sheet]:
    """Read the property lists of Cocos, formats 0 to 3; sprites lie turned clockwise."""
    document = plistlib.loads(data)
    metadata = document["metadata"]
    image = metadata.get("realTextureFileName") or metadata["textureFileName"]
    sprites = tuple(_of_plist(str(name), frame) for name, frame in document["frames"].items())
    return [Sheet(str(image), sprites, premultiplied=metadata.get("premultiplyAlpha") is True)]


def _of_plist(name: str, frame: Mapping[str, Any]) -> Sprite:
    if "textureRect" in frame:
        rectangle, whole = _numbers(frame["textureRect"]), _numbers(frame["spriteSourceSize"])
        middle, turned = _numbers(frame["spriteOffset"]), bool(frame.get("textureRotated"))
    elif "frame" in frame:
        rectangle, whole = _numbers(frame["frame"]), _numbers(frame["sourceSize"])
        middle, turned = _numbers(frame["offset"]), bool(frame.get("rotated"))
    else:
        rectangle = [float(frame[key]) for key in ("x", "y", "width", "height")]
        whole = [abs(float(frame[key])) for key in ("originalWidth", "originalHeight")]
        middle, turned = [float(frame.get(key, 0)) for key in ("offsetX", "offsetY")], False
    left, top, width, height = (round(value) for value in rectangle)
    # Offsets are of the middles, upwards.
    across = round((whole[0] - width) / 2 + middle[0])
    down = round((whole[1] - height) / 2 - middle[1])
    size = (round(whole[0]), round(whole[1]))
    return Sprite(name, left, top, width, height, 90 if turned else 0, size, (across, down))


def _numbers(text: Any) -> list[float]:
    return [float(number) for number in _NUMBER.findall(str(text))]


def read_atlas(data: bytes) -> list[Sheet]:
    """Read libGDX's and Spine's text, old and new; sprites lie turned counter-clockwise."""
    sheets: list[Sheet] = []
    image: str | None = None
    said: Mapping[str, str] = {}
    sprites: list[Sprite] = []
    # A blank line ends a sheet; what stands behind a name with a colon belongs to it.
    for block in [*_blocks(data.decode("utf-8-sig").splitlines()), None]:
        if block is None or block[0] is None:
            if image is not None:
                sheets.append(Sheet(image, tuple(sprites), premultiplied=said.get("pma") == "true"))
            image, sprites = None, []
        elif image is None:
            image, said = block
        else:
            sprites.append(_of_atlas(block[0], block[1]))
    return sheets


def _blocks(lines: list[str]) -> Iterator[tuple[str | None, dict[str, str]]]:
    name: str | None = None
    fields: dict[str, str] = {}
    for line in [*lines, ""]:
        key, colon, value = line.partition(":")
        if colon and name is not None:
            fields[key.strip()] = value.strip()
            continue
        if name is not None:
            yield name, fields
        name, fields = (line.strip() or None), {}
        if name is None:
            yield None, {}


def _of_atlas(name: str, fields: Mapping[str, str]) -> Sprite:
    def numbers(key: str) -> list[int]:
        return [round(number) for number in _numbers(fields.get(key, ""))]

    left, top, width, height = numbers("bounds") or [*numbers("xy"), *numbers("size")]
    # Offsets are from the lower left corner, and behind them stands the whole size.
    across, up, *whole = numbers("offsets") or [*(numbers("offset") or [0, 0]), *(numbers("orig") or [width, height])]
    turned = fields.get("rotate", "false")
    degrees = {"false": 0, "true": 90}.get(turned)
    degrees = int(turned) if degrees is None else degrees
    number = int(fields.get("index", -1))
    return Sprite(
        name=f"{name}_{number}" if number >= 0 else name,
        left=left,
        top=top,
        width=width,
        height=height,
        turn=-degrees % 360,
        whole=(whole[0], whole[1]),
        offset=(across, whole[1] - height - up),
    )


def read_xml(data: bytes) -> list[Sheet]:
    """Read Starling's XML, which Sparrow had first and Kenney's packs have; sprites lie turned clockwise."""
    if b"<!" in data.replace(b"<!--", b""):
        raise ValueError("it declares a document type, as no atlas does")
    root = fromstring(data)  # noqa: S314 - what could grow, a document type, is refused first
    return [Sheet(root.attrib["imagePath"], tuple(_of_xml(element.attrib) for element in root.iter("SubTexture")))]


def _of_xml(fields: Mapping[str, str]) -> Sprite:
    left, top, across, down = (round(float(fields[key])) for key in ("x", "y", "width", "height"))
    turned = fields.get("rotated") == "true"
    # The frame is the whole sprite, from the corner of what was left of it.
    frame = [round(float(fields[key])) for key in ("frameX", "frameY", "frameWidth", "frameHeight") if key in fields]
    return Sprite(
        name=fields["name"],
        left=left,
        top=top,
        width=down if turned else across,
        height=across if turned else down,
        turn=90 if turned else 0,
        whole=(frame[2], frame[3]) if len(frame) == 4 else None,
        offset=(-frame[0], -frame[1]) if len(frame) == 4 else (0, 0),
    )


READERS: Final[Mapping[str, Callable[[bytes], list[Sheet]]]] = {
    ".json": read_json,
    ".plist": read_plist,
    ".atlas": read_atlas,
    ".xml": read_xml,
}
_HEADS: Final = {
    ".json": re.compile(rb'^(?:\xef\xbb\xbf)?\s*\{\s*"(frames|textures|meta)"\s*:\s*[\[{]'),
    ".plist": re.compile(rb"<dict>\s*<key>(frames|texture|metadata)</key>"),
    ".xml": re.compile(rb"<TextureAtlas\b"),
    ".atlas": re.compile(rb"^\s*[^\n:]+\r?\n\s*size\s*:", re.MULTILINE),
}


def looks_like_atlas(suffix: str, head: bytes) -> bool:
    """Tell whether a file of this extension that begins so cuts up a sheet; most JSON does not."""
    return suffix in _HEADS and bool(_HEADS[suffix].search(head))
