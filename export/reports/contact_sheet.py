"""Textures with the tags that events would carry, as one picture to look at; no labels needed.

    python -m export.reports.contact_sheet --images DIR --output sheet.webp --count 120

Takes the files of DIR at equal distances and tags them as the tagger does, without their names unless --names is given.
Prints how many tags an asset has, and how many assets have an object type.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
import numpy as np
from PIL import Image, ImageDraw

from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.pipeline import TaggingPipeline
from schemas.tagged import READING_ORDER, Tag, in_reading_order

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_CELL: Final = 132
_LINE: Final = 11
_LINES: Final = 8
_ACROSS: Final = 10
_GROUND: Final = (40, 40, 40)
_BEHIND: Final = (128, 128, 128, 255)


@click.command()
@click.option("--bundle", type=FOLDER, default=default_bundle_path())
@click.option("--images", type=FOLDER, required=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--count", type=click.IntRange(min=1), default=120, show_default=True)
@click.option("--names", is_flag=True, help="Let the files' paths be evidence, as in an event.")
def main(bundle: Path, images: Path, output: Path, count: int, *, names: bool) -> None:
    """Tag some textures and draw them."""
    files = [path for path in sorted(images.rglob("*")) if path.is_file() and _is_image(path)]
    if not files:
        raise click.ClickException(f"{images} holds no image that the tagger reads")
    chosen = [files[at] for at in np.unique(np.linspace(0, len(files) - 1, min(count, len(files))).astype(int))]
    tagged = asyncio.run(_tagged(bundle, images, chosen, names=names))
    draw(chosen, tagged).save(output, quality=85)
    sizes = [len(tags) for tags in tagged]
    shown = sum(any(tag.category == READING_ORDER[0] for tag in tags) for tags in tagged)
    click.echo(f"{len(chosen)} textures, {np.mean(sizes):.2f} tags each, {shown} with an object type: {output}")


async def _tagged(bundle: Path, root: Path, files: Sequence[Path], *, names: bool) -> list[list[Tag]]:
    loaded = load_bundle(bundle)
    pipeline = TaggingPipeline(loaded, open_embedder(loaded), limits=ImageLimits())
    tagged = []
    try:
        for path in files:
            prepared = await pipeline.prepare(path.read_bytes())
            vector = (await pipeline.embed(prepared)).vector
            called = (str(path.relative_to(root)),) if names else ()
            tagged.append(in_reading_order(pipeline.score(vector, prepared.facts, called).tags))
    finally:
        await pipeline.close()
    return tagged


def draw(files: Sequence[Path], tagged: Sequence[Sequence[Tag]]) -> Image.Image:
    """Return the textures in rows, each with its tags below it."""
    height = _CELL + _LINES * _LINE
    sheet = Image.new("RGB", (_ACROSS * _CELL, -(-len(files) // _ACROSS) * height), _GROUND)
    pen = ImageDraw.Draw(sheet)
    for at, (path, tags) in enumerate(zip(files, tagged, strict=True)):
        left, top = at % _ACROSS * _CELL, at // _ACROSS * height
        picture = _fitted(Image.fromarray(decode(path.read_bytes(), ImageLimits()).pixels).convert("RGBA"))
        behind = Image.new("RGBA", picture.size, _BEHIND)
        behind.alpha_composite(picture)
        sheet.paste(behind.convert("RGB"), (left + 4, top + 4))
        for line, tag in enumerate(tags[:_LINES]):
            bright = tag.category == READING_ORDER[0]
            text = f"{tag.tag} {tag.confidence:.2f}"
            pen.text((left + 4, top + _CELL - 4 + line * _LINE), text, fill="white" if bright else (185, 185, 185))
    return sheet


def _fitted(picture: Image.Image) -> Image.Image:
    room = _CELL - 8
    factor = room // max(picture.size)
    if factor > 1:
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((room, room))
    return picture


def _is_image(path: Path) -> bool:
    try:
        decode(path.read_bytes(), ImageLimits())
    except ImageRejectedError:
        return False
    return True


if __name__ == "__main__":
    main()
