"""A corpus of tagged events as large as you like: random embeddings, everything else as the tagger writes it.

A tool for other benchmarks, run by hand:

python -m benchmarks.support.corpus 1000000 --topic asset-tagged
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
import numpy as np

from consumer.kafka.clients import make_producer
from schemas import (
    AssetTagged,
    CausedBy,
    Embedding,
    ImageInfo,
    Model,
    ObjectRef,
    Source,
    Tag,
    Taxonomy,
    TimingsMs,
    encode_event,
    event_headers,
    tagged_event_id,
)
from schemas.connections import KafkaConnection
from schemas.objects import object_key, sha256_hex

OLD_TAXONOMY = Taxonomy(id="game-textures", version="0", digest="sha256:" + "0" * 64)
_T0 = datetime(2026, 1, 1, tzinfo=UTC)
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Corpus:
    """``assets`` events, one each, whose embeddings are of ``model`` and have ``dim`` numbers."""

    assets: int
    model: Model
    dim: int = 512
    seed: int = 1

    def events(self) -> Iterator[AssetTagged]:
        """Yield the same events at every call."""
        rng = np.random.default_rng(self.seed)
        for first in range(0, self.assets, _CHUNK):
            vectors = rng.normal(size=(_CHUNK, self.dim)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            tests = rng.random((_CHUNK, 12)).round(4).tolist()
            for number in range(first, min(first + _CHUNK, self.assets)):
                yield self._event(number, vectors[number - first], tests[number - first])

    def _event(
        self, number: int, vector: np.ndarray[tuple[int], np.dtype[np.float32]], tests: list[float]
    ) -> AssetTagged:
        extracted_event_id = uuid.UUID(int=number + 1)
        extracted_at = _T0 + timedelta(milliseconds=number)
        digest = sha256_hex(number.to_bytes(8, "big"))
        name, folder = _called(number, digest)
        return AssetTagged(
            event_id=tagged_event_id(extracted_event_id, self.model.digest, OLD_TAXONOMY.digest),
            schema_version=AssetTagged.SCHEMA_VERSION,
            occurred_at=extracted_at + timedelta(seconds=1),
            asset_id=f"synthetic-game/archive-{number // 1000:04d}.unity3d/{name}",
            extracted_event_id=extracted_event_id,
            extracted_at=extracted_at,
            object=ObjectRef(bucket="aegis-assets", key=object_key(digest, "png"), size=4096, sha256=digest),
            image=ImageInfo(width=512, height=512, mode="RGBA"),
            tags=(
                Tag(tag="weapon", category="object_types", confidence=0.9, source_model=self.model.id),
                Tag(tag="metal", category="materials", confidence=0.6, source_model=self.model.id),
                Tag(tag="earth_tones", category="color_palettes", confidence=0.5, source_model="pixels"),
            ),
            model=self.model,
            taxonomy=OLD_TAXONOMY,
            timings_ms=TimingsMs(wait=1180.2, fetch=6.4, decode=11.9, embed=42.7, score=0.3),
            caused_by=CausedBy(topic="asset-extracted", partition=number % 12, offset=number // 12),
            source=Source(
                archive=f"archive-{number // 1000:04d}.unity3d",
                container_path=f"assets/{folder}/{name}.png",
                name=name,
                type="Texture2D",
                engine="unity 2021.3.5f1",
            ),
            pixel_evidence={
                "color_palettes": dict(zip(_PALETTES, tests[:8], strict=True)),
                "texture_roles": dict(zip(_ROLES, tests[8:], strict=True)),
            },
            embedding=Embedding.from_array(vector),
        )


def _called(number: int, digest: str) -> tuple[str, str]:
    """Return a name and a folder; some say what is seen, as in real games, and names speak for tags too."""
    first, second, end, folder = (
        words[int(digest[4 * place : 4 * place + 4], 16) % len(words)]
        for place, words in enumerate((_WORDS, _WORDS, _ENDS, _FOLDERS))
    )
    return f"T_{first}_{second}_{number:07d}{end}", folder


_WORDS = (
    "Rock", "Wood", "Brick", "Metal", "Grass", "Sand", "Door", "Sword", "Shield", "Tree", "Sky", "Water", "Button",
    "Icon", "Face", "Car", "Wheel", "Roof", "Floor", "Wall", "Lamp", "Crate", "Banner", "Smoke", "Main", "Tex", "Base",
)  # fmt: skip
_ENDS = ("", "", "", "_D", "_N", "_M", "_AO")
_FOLDERS = ("textures", "characters/hero", "environment", "props/weapons", "ui/icons", "vfx", "misc")
_PALETTES = ("monochrome", "warm_colors", "cool_colors", "high_contrast", "pastel", "vibrant", "earth_tones", "neon")
_ROLES = ("normal_map", "mask", "gradient", "noise")


async def write_corpus(bootstrap: str, topic: str, corpus: Corpus) -> None:
    """Write all events, some thousand a second."""
    connection = KafkaConnection(bootstrap=bootstrap)
    async with make_producer(connection, "benchmark", max_batch_bytes=256 * 1024) as producer:
        pending: list[asyncio.Future[object]] = []
        for event in corpus.events():
            headers = list(event_headers(event, source="/aegis/tagger"))
            pending.append(
                await producer.send(topic, encode_event(event), key=event.asset_id.encode(), headers=headers)
            )
            if len(pending) >= _CHUNK:
                await asyncio.gather(*pending)
                pending.clear()
        await asyncio.gather(*pending)


@click.command()
@click.argument("assets", type=int)
@click.option("--topic", default="asset-tagged", show_default=True)
@click.option("--bootstrap", envvar="AEGIS_KAFKA_BOOTSTRAP", required=True)
@click.option("--dim", default=512, show_default=True)
@click.option("--model-digest", default="sha256:" + "a" * 64, help="Of the model whose embeddings they shall be.")
def main(assets: int, topic: str, bootstrap: str, dim: int, model_digest: str) -> None:
    """Write ASSETS synthetic tagged events."""
    model = Model(
        id="ViT-B-32", digest=model_digest, precision="int8", provider="CPUExecutionProvider", calibrated=False
    )
    asyncio.run(write_corpus(bootstrap, topic, Corpus(assets, model, dim)))


if __name__ == "__main__":
    main()
