"""What looks like a picture, or like words: a question in the model's own space, asked of the stored embeddings."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from aegis.bundles import folder_of, told
from aegis.errors import UserError
from aegis.reading import read, shown, tag_json, tags_line
from consumer.settings import ModelSettings
from consumer.storage.likeness import LikeQuery, Similar, like
from consumer.tagging.bundle import Bundle, load_bundle
from consumer.tagging.decode import ImageLimits, decode
from consumer.tagging.embed import open_embedder
from consumer.tagging.errors import ImageRejectedError
from consumer.tagging.preprocess import PreprocessSpec, prepare
from consumer.tagging.textual import TextEncoder, ensemble


def search_likeness(*, picture: Path | None, words: str | None, limit: int, as_json: bool) -> None:
    """Show the stored assets most like a picture or words, by the model that AEGIS_MODEL_BUNDLE names."""
    with told():
        bundle = load_bundle(folder_of(None))
        embedding = _of_picture(bundle, picture) if picture else _of_words(bundle, words or "")
    found = read(lambda reader: like(reader, LikeQuery(embedding, bundle.digest, limit)))
    if not found:
        raise click.ClickException(
            f"no embedding of {bundle.manifest.id} is stored: tag with this model first, or name the one that was used "
            "by AEGIS_MODEL_BUNDLE"
        )
    if as_json:
        for match in found:
            click.echo(json.dumps(_as_json(match), ensure_ascii=False))
    else:
        _print(found)


def _of_picture(bundle: Bundle, picture: Path) -> NDArray[np.float32]:
    settings = ModelSettings()
    try:
        image = decode(picture.read_bytes(), ImageLimits())
    except OSError as error:
        raise UserError(f"{picture} cannot be read: {error.strerror or error}") from error
    except ImageRejectedError as error:
        raise UserError(f"{picture} is no texture: {error}") from error
    embedder = open_embedder(bundle, settings.precision, settings.provider)
    found: NDArray[np.float32] = embedder.run(prepare(image, PreprocessSpec.of(bundle.manifest.image))[None])[0]
    return found


def _of_words(bundle: Bundle, words: str) -> NDArray[np.float32]:
    """Say the words as they are and in the vocabulary's own templates, which is how the model knows its subject."""
    first = next(iter(bundle.taxonomy.categories.values()))
    encode = TextEncoder(bundle.path, bundle.manifest)
    return ensemble(encode([words, *(template.replace("{}", words) for template in first.templates)]))


def _print(found: list[Similar]) -> None:
    table = Table(box=None, header_style="dim")
    table.add_column("likeness", justify="right", no_wrap=True)
    table.add_column("asset", overflow="fold")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("tags", overflow="fold")
    for match in found:
        asset = match.asset
        table.add_row(
            f"{match.similarity:.3f}", shown(asset.asset_id), f"{asset.width}x{asset.height}", tags_line(asset.tags)
        )
    Console().print(table)


def _as_json(match: Similar) -> dict[str, object]:
    asset = match.asset
    return {
        "asset_id": asset.asset_id,
        "similarity": round(match.similarity, 6),
        "object": f"s3://{asset.bucket}/{asset.object_key}",
        "width": asset.width,
        "height": asset.height,
        "tags": [tag_json(tag) for tag in asset.tags],
    }
