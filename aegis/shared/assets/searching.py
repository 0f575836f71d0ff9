"""One question to the library, by words, a picture or an asset, as the command line asks it."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.shared.bundles import opened, told
from aegis.shared.errors import UserError
from aegis.shared.output import print_json_lines, print_table
from aegis.shared.tables import read, shown, tag_json, tags_line
from consumer.gateway.page.words import TextTower
from consumer.imaging.decode import decode
from consumer.imaging.errors import ImageRejectedError
from consumer.imaging.picture import ImageLimits
from consumer.searching.finder import Finder, Findings, Found, LikeUnknownError, Picture, Question
from consumer.settings import ModelSettings
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.search.filters import SearchFilter
from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.vocabulary import Vocabulary
from consumer.tagging.images.preprocess import PreprocessSpec
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.inputs import as_one, model_inputs
from consumer.tagging.pixels.layout import layout_of


def find(
    words: str | None, like: str | None, where: SearchFilter, *, limit: int, after: str | None, as_json: bool
) -> None:
    """Show what fits best, by the model that AEGIS_MODEL_BUNDLE names; ``like`` is a file, or else an asset's id."""
    with told():
        bundle = opened(None)
        picture = _picture(bundle, Path(like)) if like and Path(like).is_file() else like
        question = Question(words or "", picture, where, limit, _offset(after))

        async def ask(reader: TagReader) -> Findings:
            return await Finder(reader, Vocabulary.of(bundle.vocabulary), TextTower.of(bundle))(question)

        try:
            findings = read(ask)
        except LikeUnknownError as error:
            raise click.ClickException(f"{error}; nor is there a file {like}") from error
    for note in findings.notes:
        click.echo(note, err=True)
    if not findings.found:
        raise click.ClickException(
            f"nothing fits, by name, tag or looks; looks are those of {bundle.manifest.id}: name the model that tagged "
            "the assets by AEGIS_MODEL_BUNDLE"
        )
    if as_json:
        print_json_lines(map(_as_json, findings.found))
    else:
        _print(findings.found, where)
    if findings.more:
        # Not on stdout, whose lines are assets.
        click.echo(f"more: --after {question.offset + limit}", err=True)


def _offset(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isascii() or not after.isdigit():
        raise UserError(f"--after {after!r} is not a page: copy it from the end of the previous search")
    return int(after)


def _picture(bundle: Bundle, path: Path) -> Picture:
    settings = ModelSettings()
    try:
        image = decode(path.read_bytes(), ImageLimits())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error
    except ImageRejectedError as error:
        raise UserError(f"{path} is no texture: {error}") from error
    embedder = open_embedder(bundle, settings.precision, settings.provider)
    inputs = model_inputs(image, PreprocessSpec.of(bundle.manifest.image), layout_of(image.pixels))
    return Picture(as_one(embedder.run(inputs)), bundle.digest)


def _print(found: tuple[Found, ...], where: SearchFilter) -> None:
    print_table(
        ("asset", "found by", "likeness", "size", "tags"),
        (
            (
                shown(match.asset.asset_id),
                " ".join(match.evidences),
                "" if match.similarity is None else f"{match.similarity:.3f}",
                f"{match.asset.width}x{match.asset.height}",
                tags_line(match.asset.tags, where.tags),
            )
            for match in found
        ),
        right={"likeness", "size"},
        fold={"asset", "tags"},
    )


def _as_json(match: Found) -> dict[str, object]:
    asset = match.asset
    return {
        "asset_id": asset.asset_id,
        "evidences": match.evidences,
        "similarity": None if match.similarity is None else round(match.similarity, 6),
        "object": f"s3://{asset.bucket}/{asset.object_key}",
        "width": asset.width,
        "height": asset.height,
        "findings": asset.findings,
        "tags": [tag_json(tag) for tag in asset.tags],
    }
