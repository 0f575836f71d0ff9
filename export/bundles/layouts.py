"""The layouts in which exported CLIP models are passed on, and what each says of its model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tokenizers import Tokenizer

# What is fetched of a hub repository, whichever layout it has.
PATTERNS: Final = (
    *("*.json", "visual/*.onnx*", "visual/*.json", "textual/*.onnx*", "textual/*.json"),
    *("onnx/vision_model.onnx*", "onnx/text_model.onnx*", "onnx/model.onnx*", "model.onnx*"),
    "merges.txt",
)
_DEFAULT_CONTEXT: Final = 77


class LayoutError(Exception):
    """The folder is in none of the layouts that are read, or lacks a part; the message says what."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of a model. `joint` is a graph of both towers, which tells the logit scale, where there is one."""

    name: str
    visual: Path
    textual: Path
    tokenizer: Path
    joint: Path | None
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    context_length: int
    pad_id: int
    end_id: int | None


def read_layout(folder: Path, text_folder: Path | None = None) -> Layout:
    """Recognise immich-app's visual/ + textual/, Xenova's onnx/, or Qdrant's pair of folders.

    Of the pair `folder` holds the image tower and `text_folder` the text tower. Raises LayoutError.
    """
    if (folder / "visual" / "model.onnx").is_file():
        return _layout("visual/ + textual/", folder / "visual" / "model.onnx", folder / "textual", folder)
    if (folder / "onnx" / "vision_model.onnx").is_file():
        joint = folder / "onnx" / "model.onnx"
        return _layout(
            "onnx/",
            folder / "onnx" / "vision_model.onnx",
            folder,
            folder,
            joint=joint if joint.is_file() else None,
            textual=folder / "onnx" / "text_model.onnx",
        )
    if (folder / "model.onnx").is_file():
        if text_folder is None:
            raise LayoutError(f"{folder} holds one tower alone: name the folder of the text tower with --text.")
        return _layout("vision and text pair", folder / "model.onnx", text_folder, folder)
    raise LayoutError(
        f"{folder} is in no layout that is read here: visual/model.onnx with textual/, onnx/vision_model.onnx with "
        "onnx/text_model.onnx, or model.onnx with --text."
    )


def _layout(
    name: str, visual: Path, words: Path, folder: Path, *, joint: Path | None = None, textual: Path | None = None
) -> Layout:
    textual = textual or words / "model.onnx"
    tokenizer = words / "tokenizer.json"
    for needed in (textual, tokenizer):
        if not needed.is_file():
            raise LayoutError(f"{needed} is missing: fetch it too.")
    preprocessing = _first(visual.parent / "preprocess_cfg.json", folder / "preprocessor_config.json")
    said = _first(words / "tokenizer_config.json")
    stated = Tokenizer.from_file(str(tokenizer))
    pad_token, end_token = (said.get(name) for name in ("pad_token", "eos_token"))
    padding = stated.padding or {}
    return Layout(
        name=name,
        visual=visual,
        textual=textual,
        tokenizer=tokenizer,
        joint=joint,
        size=_size(preprocessing, folder),
        mean=_colour(preprocessing, "mean", "image_mean", folder),
        std=_colour(preprocessing, "std", "image_std", folder),
        interpolation="bilinear"
        if preprocessing.get("interpolation") == "bilinear" or preprocessing.get("resample") == 2
        else "bicubic",
        context_length=_context(folder, said),
        pad_id=padding["pad_id"] if padding else _id(stated, pad_token) or 0,
        end_id=_id(stated, end_token),
    )


def _first(*paths: Path) -> dict[str, Any]:
    for path in paths:
        if path.is_file():
            try:
                config = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise LayoutError(f"{path} is no JSON: {error}.") from error
            return dict(config)
    return {}


def _size(seen: dict[str, Any], folder: Path) -> int:
    stated = seen.get("crop_size") or seen.get("size")
    if isinstance(stated, dict):
        stated = [
            stated.get("height") or stated.get("shortest_edge"),
            stated.get("width") or stated.get("shortest_edge"),
        ]
    if isinstance(stated, list) and stated and stated[0] == stated[-1]:
        stated = stated[0]
    if not isinstance(stated, int):
        raise LayoutError(
            f"{folder} does not state one size of its square pictures: its preprocessing file is missing."
        )
    return stated


def _colour(seen: dict[str, Any], short: str, long: str, folder: Path) -> tuple[float, float, float]:
    stated = seen.get(short) or seen.get(long)
    if not isinstance(stated, list) or len(stated) != 3:
        raise LayoutError(f"{folder} does not state the {short} of its pictures: its preprocessing file is missing.")
    red, green, blue = (float(value) for value in stated)
    return red, green, blue


def _context(folder: Path, said: dict[str, Any]) -> int:
    config = _first(folder / "config.json")
    text = config.get("text_cfg") or config.get("text_config") or {}
    stated = text.get("context_length") or text.get("max_position_embeddings") or said.get("model_max_length")
    return int(stated) if isinstance(stated, int) and 1 <= stated <= 8192 else _DEFAULT_CONTEXT


def _id(tokenizer: Tokenizer, token: object) -> int | None:
    text = token.get("content") if isinstance(token, dict) else token
    token_id = tokenizer.token_to_id(text) if isinstance(text, str) else None
    return None if token_id is None else int(token_id)
