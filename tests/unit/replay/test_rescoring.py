"""Another vocabulary applied to an event gives exactly what tagging the image with it would."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from pydantic_core import to_json

from consumer.imaging.picture import ImageLimits
from consumer.replay.rescoring import Rescorer, UnusableEventError
from consumer.services.names import names_of
from consumer.tagging.bundle.bundle import TAXONOMY, Bundle, default_bundle_path, load_bundle
from consumer.tagging.bundle.calibration import Platt
from consumer.tagging.bundle.revised import with_calibration, with_vocabulary
from consumer.tagging.bundle.taxonomy import load_taxonomy
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.inference.textual import TextEncoder
from consumer.tagging.pipeline import TaggingPipeline
from consumer.tagging.tagging_result import TaggedBy, TaggingResult, tagged_event
from export.bundles.compile import compile_taxonomy, compile_vectors
from schemas import (
    AssetExtracted,
    AssetTagged,
    CausedBy,
    Embedding,
    TimingsMs,
    decode_event,
    encode_event,
    tagged_event_id,
)
from schemas.documents.examples import extracted_full
from tests.unit.gateway.serving import picture

BUNDLE = load_bundle(default_bundle_path())
EMBEDDER = open_embedder(BUNDLE)


@pytest.fixture(scope="module")
def revised(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The shipped bundle with lower thresholds, a tag less, a tag more and another name; and other calibration."""
    text = (BUNDLE.path / TAXONOMY).read_text()
    file = tmp_path_factory.mktemp("taxonomy") / "new.yaml"
    file.write_text(
        text.replace('version: "2"', 'version: "next"')
        .replace("      weapon:", "      teapot: {prompts: [teapot]}\n      weapon:", 1)
        .replace("threshold: 0.", "threshold: 0.0")
    )
    taxonomy = load_taxonomy(file)
    assert "teapot" in taxonomy.categories["object_types"].tags
    made = with_vocabulary(BUNDLE, taxonomy, compile_vectors(taxonomy, TextEncoder(BUNDLE.path, BUNDLE.manifest)))
    assert made.calibration is not None
    materials = made.calibration.categories.get("materials")
    if materials is None:
        return made
    changed = materials.model_copy(update={"tags": {**materials.tags, "metal": Platt(slope=0.5, bias=-1)}})
    categories = {**made.calibration.categories, "materials": changed}
    return with_calibration(made, made.calibration.model_copy(update={"categories": categories}))


async def _tagged(bundle: Bundle, data: bytes) -> AssetTagged:
    """Tag an image as the tagger does."""
    event = AssetExtracted.model_validate(extracted_full())
    pipeline = TaggingPipeline(bundle, EMBEDDER, limits=ImageLimits())
    try:
        prepared = await pipeline.prepare(data)
        vector = (await pipeline.embed(prepared)).vector
        scored = pipeline.score(vector, prepared.facts, names_of(event))
    finally:
        await pipeline.close()
    result = TaggingResult(
        info=prepared.facts.info,
        tags=scored.tags,
        candidates=scored.candidates,
        pixel_evidence=prepared.facts.evidence,
        embedding=Embedding.from_array(vector),
        timings_ms=TimingsMs(),
    )
    by = TaggedBy(pipeline.model, pipeline.taxonomy)
    return tagged_event(event, event.object, result, by, CausedBy(topic="t", partition=0, offset=0))


async def test_it_gives_what_the_image_would_give(revised: Bundle) -> None:
    """To the last digit, for many at once; and the event ids that tagging would give."""
    events = [await _tagged(BUNDLE, picture(seed)) for seed in range(12)]
    anew = [await _tagged(revised, picture(seed)) for seed in range(12)]

    rescored = _rescored(revised, *events)

    assert [event.tags for event in rescored] == [event.tags for event in anew]
    assert [event.candidates for event in rescored] == [event.candidates for event in anew]
    assert [event.event_id for event in rescored] == [event.event_id for event in anew]
    assert [event.taxonomy for event in rescored] == [event.taxonomy for event in anew]
    assert [event.tags for event in events] != [event.tags for event in rescored]
    for before, after in zip(events, rescored, strict=True):
        assert (after.extracted_at, after.object, after.source, after.embedding, after.caused_by) == (
            before.extracted_at,
            before.object,
            before.source,
            before.embedding,
            before.caused_by,
        )
        assert after.occurred_at > before.occurred_at


def test_a_vocabulary_from_a_file_has_the_digest_that_compiling_it_into_the_bundle_gives(
    revised: Bundle, tmp_path: Path
) -> None:
    """Else the live tagger's events and the retag's would never be of the same vocabulary."""
    folder = tmp_path / "bundle"
    shutil.copytree(BUNDLE.path, folder)
    file = tmp_path / "new.yaml"
    file.write_text((BUNDLE.path / TAXONOMY).read_text().replace('version: "2"', 'version: "later"'))
    taxonomy = load_taxonomy(file)
    given = with_vocabulary(BUNDLE, taxonomy, compile_vectors(taxonomy, TextEncoder(BUNDLE.path, BUNDLE.manifest)))

    compile_taxonomy(folder, file)

    compiled = load_bundle(folder)
    assert (compiled.digest, compiled.taxonomy_digest) == (given.digest, given.taxonomy_digest)
    assert revised.taxonomy_digest != given.taxonomy_digest


async def test_what_a_newer_writer_added_is_carried_on_and_the_embedding_stays_last(revised: Bundle) -> None:
    fields = json.loads(encode_event(await _tagged(BUNDLE, picture(1))))
    rescorer = Rescorer(revised, use_names=True)

    (given,) = rescorer.rescore([rescorer.read(to_json({**fields, "from_the_future": [1]}))])

    rescored = json.loads(given.value)
    assert rescored["from_the_future"] == [1]
    assert (rescored["event_id"], rescored["occurred_at"]) == (given.event_id, given.occurred_at)
    assert list(rescored)[-1] == "embedding"


async def test_an_event_that_cannot_be_scored_is_told(revised: Bundle) -> None:
    event = await _tagged(BUNDLE, picture(1))
    foreign = event.model_copy(update={"embedding": Embedding.from_array(np.ones(7, np.float32))})
    rescorer = Rescorer(revised, use_names=True)
    with pytest.raises(UnusableEventError, match="7 numbers"):
        rescorer.read(encode_event(foreign))
    for broken in ({}, {"embedding": None}, {"embedding": {"data": "!"}, "extracted_event_id": "x"}):
        with pytest.raises(UnusableEventError):
            rescorer.read(to_json(broken))
    assert rescorer.rescore([]) == []


def _rescored(bundle: Bundle, *events: AssetTagged) -> list[AssetTagged]:
    """Take the events from the wire, and read what comes out as any reader would."""
    rescorer = Rescorer(bundle, use_names=True)
    rescored = rescorer.rescore([rescorer.read(encode_event(event)) for event in events])
    return [decode_event(AssetTagged, event.value) for event in rescored]


def test_ids_depend_on_the_vocabulary() -> None:
    other = replace(BUNDLE, taxonomy_digest="sha256:" + "1" * 64)
    first, second = (tagged_event_id(UUID(int=1), one.digest, one.taxonomy_digest) for one in (BUNDLE, other))
    assert first != second
