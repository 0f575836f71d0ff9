"""How many variants of real textures are compared with their original at all: by its embedding or perceptual hash."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from benchmarks.findings.relations import originals, signed
from benchmarks.findings.variants import changes
from benchmarks.support.figures import Figure
from consumer.findings.texture import Floats
from consumer.imaging.picture import ImageLimits
from consumer.searching.candidates import CANDIDATES, LEAST_SIMILARITY
from consumer.searching.hash_index import HashIndex
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.pipeline import TaggingPipeline

# Each variant is embedded, which takes longest.
_EACH: Final = 8


def candidate_figures(folders: Sequence[Path]) -> list[Figure]:
    """Return the share of variants whose original is among the candidates, among all textures of the folders."""
    return asyncio.run(_figures(list(originals(folders))))


async def _figures(images: Sequence[Image.Image]) -> list[Figure]:
    bundle = load_bundle(default_bundle_path())
    pipeline = TaggingPipeline(bundle, open_embedder(bundle), limits=ImageLimits(), workers=1)
    await pipeline.warm_up()
    index, known = HashIndex(), np.stack([await _embedded(pipeline, image) for image in images])
    for number, image in enumerate(images):
        index.add(str(number), signed(np.asarray(image)))
    made, by_embedding, by_either, compared = 0, Counter[str](), Counter[str](), 0
    of_kind = Counter[str]()
    for number in range(0, len(images), _EACH):
        for change in changes():
            variant = change.make(images[number])
            if variant is None:
                continue
            similarities = known @ await _embedded(pipeline, variant)
            nearer = int((similarities > similarities[number]).sum())
            is_alike = nearer < CANDIDATES and bool(similarities[number] >= LEAST_SIMILARITY)
            near = index.near(signed(np.asarray(variant)))
            made, compared = made + 1, compared + len(near)
            of_kind[change.name] += 1
            by_embedding[change.name] += is_alike
            by_either[change.name] += is_alike or str(number) in near
    await pipeline.close()
    return [
        Figure("duplicates.candidates", by_either.total() / made, "share", 0.98, "higher"),
        Figure("duplicates.candidates_by_embedding", by_embedding.total() / made, "share", None, "higher"),
        Figure("duplicates.candidates_by_hash_each", compared / made, "textures", None, "lower"),
        *(
            Figure(f"duplicates.{name}.candidates", by_either[name] / count, "share", None, "higher")
            for name, count in of_kind.items()
        ),
    ]


async def _embedded(pipeline: TaggingPipeline, image: Image.Image) -> Floats:
    file = io.BytesIO()
    image.save(file, "PNG")
    return (await pipeline.embed(await pipeline.prepare(file.getvalue()))).vector
