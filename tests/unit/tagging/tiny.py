"""A bundle small enough to write in a test: two categories, four dimensions, no graph that could run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from consumer.tagging.bundle.bundle import (
    CALIBRATION,
    COMPILED,
    TAXONOMY,
    Bundle,
    ImageSpec,
    Manifest,
    TextVectors,
    describe_file,
    load_bundle,
    pack_compiled,
)
from consumer.tagging.bundle.calibration import Calibration
from consumer.tagging.bundle.taxonomy import parse_taxonomy

TEMPLATES = ["a {}", "one {}", "some {}", "the {}", "{}"]
EXCLUSIVE = {
    "exclusive": True,
    "evidence": "clip",
    "threshold": 0.2,
    "templates": TEMPLATES,
    "background": ["nothing"],
    "tags": {"cat": {"prompts": ["cat"]}, "dog": {"prompts": ["dog"], "alias": "hound"}},
}
INDEPENDENT = {
    "exclusive": False,
    "evidence": "clip",
    "threshold": 0.5,
    "templates": TEMPLATES,
    "background": ["nothing", "anything"],
    "tags": {"red": {"prompts": ["red"]}, "neon": {"prompts": ["neon"], "evidence": "pixels", "threshold": 0.3}},
}
TAXONOMY_JSON = json.dumps({"id": "tiny", "version": "1", "categories": {"beasts": EXCLUSIVE, "colours": INDEPENDENT}})
E0, E1, E2, E3 = np.eye(4, dtype=np.float32)


def write_tiny(folder: Path, taxonomy_text: str = TAXONOMY_JSON, calibration: Calibration | None = None) -> Path:
    """Write a whole bundle into `folder`; cat, dog and red point along the first axes, background along the last."""
    taxonomy = parse_taxonomy(taxonomy_text)
    known = {"cat": E0, "kitten": E0, "dog": E1, "red": E2}
    background = {"beasts": E3[None], "colours": np.stack([E3, E3])}
    vectors = {}
    for category in taxonomy.categories:
        names = tuple(name for name in taxonomy.clip_tags(category) if name in known)
        rows = np.array([known[name] for name in names], np.float32).reshape(-1, 4)
        vectors[category] = TextVectors(names, rows, background[category])
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "visual.onnx": b"weights",
        TAXONOMY: taxonomy_text.encode(),
        COMPILED: pack_compiled(taxonomy, vectors),
    }
    if calibration is not None:
        contents[CALIBRATION] = calibration.model_dump_json().encode()
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    manifest = Manifest(
        id="tiny",
        source_model="tiny-clip",
        source="a test",
        licence="none",
        dim=4,
        image=ImageSpec(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), ground=(128, 128, 128)),
        logit_scale=10.0,
        precision="fp32",
        textual=None,
        tokenizer=None,
        files={name: describe_file(folder / name) for name in contents},
        calibrated=calibration is not None,
    )
    (folder / "bundle.json").write_text(manifest.model_dump_json())
    return folder


def tiny_bundle(folder: Path, taxonomy_text: str = TAXONOMY_JSON, calibration: Calibration | None = None) -> Bundle:
    return load_bundle(write_tiny(folder, taxonomy_text, calibration))
