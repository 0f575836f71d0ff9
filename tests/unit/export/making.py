"""Models small enough for tests: open_clip configs, a hub-style tokenizer, and exported models in foreign layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

SIZE = 32
CONTEXT = 16
SENTENCES = ["a game texture of rusty metal", "the sky with clouds", "an icon or a sword", "low poly pixel art"]
VISION = {"image_size": SIZE, "layers": 1, "width": 64, "patch_size": 8, "head_width": 32}


def clip_config(folder: Path) -> Path:
    """Write the config of a small CLIP with CLIP's own tokenizer."""
    text = {"context_length": CONTEXT, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}
    return _written(folder / "tiny-clip.json", {"embed_dim": 24, "vision_cfg": VISION, "text_cfg": text})


def siglip_config(folder: Path) -> Path:
    """Write the config of a small SigLIP: logit bias, text of no causal mask, a tokenizer from a hub."""
    hub_tokenizer(folder / "tokenizer")
    text = {
        "context_length": CONTEXT,
        "vocab_size": 256,
        "hf_tokenizer_name": str(folder / "tokenizer"),
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": 32,
        "heads": 2,
        "layers": 1,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
    }
    config = {"embed_dim": 24, "init_logit_scale": 2.3, "init_logit_bias": -10, "custom_text": True}
    return _written(folder / "tiny-siglip.json", {**config, "vision_cfg": VISION, "text_cfg": text})


def hub_tokenizer(folder: Path) -> Path:
    """Write a unigram tokenizer as hub repositories hold it, padded with its end token as SigLIP's is."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=["<unk>", "</s>"], unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(SENTENCES * 20, trainer)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    _written(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": "</s>",
            "pad_token": "</s>",
            "unk_token": "<unk>",
            "model_max_length": CONTEXT,
        },
    )
    return folder


class Vision(torch.nn.Module):
    """float32 [N, 3, S, S], normalised outside, to an embedding that is not normalised, as hubs hold them."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = torch.nn.Conv2d(3, 16, 8, 8)
        self.last = torch.nn.Linear(16, 12)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        embedded: torch.Tensor = self.last(torch.tanh(self.patches(pixel_values)).mean(dim=(2, 3)))
        return embedded


class Rigid(Vision):
    """A tower that was traced for two pictures at a time, and knows no other number."""

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        embedded: torch.Tensor = self.last(torch.tanh(self.patches(pixel_values)).reshape(2, 16, -1).mean(-1))
        return embedded


class Text(torch.nn.Module):
    """int64 ids and mask [N, L] to an embedding: the mean of what is not masked."""

    def __init__(self) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(256, 16)
        self.last = torch.nn.Linear(16, 12)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        kept = attention_mask.unsqueeze(-1).float()
        embedded: torch.Tensor = self.last((self.words(input_ids) * kept).sum(1) / kept.sum(1))
        return embedded


class Joint(torch.nn.Module):
    """Both towers and the logits between them, of scale 37 and bias -4."""

    def __init__(self, vision: Vision, text: Text) -> None:
        super().__init__()
        self.vision, self.text = vision, text

    def forward(
        self, input_ids: torch.Tensor, pixel_values: torch.Tensor, attention_mask: torch.Tensor
    ) -> torch.Tensor:
        image = torch.nn.functional.normalize(self.vision(pixel_values), dim=-1)
        words = torch.nn.functional.normalize(self.text(input_ids, attention_mask), dim=-1)
        return 37 * image @ words.T - 4


def write_graph(
    module: torch.nn.Module, path: Path, inputs: dict[str, torch.Tensor], output: str, *, batch: bool = True
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {0: "batch"} for name in (*inputs, output)} if batch else None
    torch.onnx.export(
        module.eval(),
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=[output],
        dynamic_axes=axes,
        dynamo=False,
    )


def foreign(folder: Path, layout: str, *, batch: bool = True, joint: bool = True, tower: type[Vision] = Vision) -> Path:
    """Write one small model in a layout in use: immich, xenova, or qdrant (as `folder` and `folder`-text)."""
    torch.manual_seed(0)
    vision, text = tower(), Text()
    beside = folder.with_name(f"{folder.name.removesuffix('-vision')}-text")
    pixels, ids = torch.rand(2, 3, SIZE, SIZE), torch.randint(2, 100, (2, CONTEXT))
    places = {
        "immich": (folder / "visual" / "model.onnx", folder / "textual" / "model.onnx", folder / "textual"),
        "xenova": (folder / "onnx" / "vision_model.onnx", folder / "onnx" / "text_model.onnx", folder),
        "qdrant": (folder / "model.onnx", beside / "model.onnx", beside),
    }
    visual, textual, words = places[layout]
    write_graph(vision, visual, {"pixel_values": pixels}, "image_embeds", batch=batch)
    masked = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    write_graph(text, textual, masked, "text_embeds", batch=batch)
    hub_tokenizer(words)
    if layout == "immich":
        stated: dict[str, Any] = {
            "size": [SIZE, SIZE],
            "mean": [0.5] * 3,
            "std": [0.25] * 3,
            "interpolation": "bicubic",
        }
        _written(folder / "visual" / "preprocess_cfg.json", stated)
        _written(folder / "config.json", {"embed_dim": 12, "text_cfg": {"context_length": CONTEXT}})
    else:
        sides = {"height": SIZE, "width": SIZE}
        _written(
            folder / "preprocessor_config.json", {"crop_size": sides, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
        )
    if layout == "xenova" and joint:
        inputs = {"input_ids": ids, "pixel_values": pixels, "attention_mask": torch.ones_like(ids)}
        write_graph(Joint(vision, text), folder / "onnx" / "model.onnx", inputs, "logits_per_image")
    return folder


def raise_opset(path: Path, version: int) -> None:
    """Stamp a graph with a newer opset than anybody reads."""
    model = onnx.load(path)
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", version))
    onnx.save(model, path)


def _written(path: Path, document: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path
