"""The network of aegis-mini: open_clip's CLIP with a ten-layer residual image tower and a small text tower."""

from __future__ import annotations

from typing import Final

import open_clip
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

EMBED_DIM: Final = 256
IMAGE_SIZE: Final = 128
CONTEXT_LENGTH: Final = 16
VOCABULARY_SIZE: Final = 4096
MEAN: Final = (0.5, 0.5, 0.5)
STD: Final = (0.5, 0.5, 0.5)
PAD, START, END, UNKNOWN = "<pad>", "<start>", "<end>", "<unknown>"


def create_model(vocabulary_size: int = VOCABULARY_SIZE, image_size: int = IMAGE_SIZE) -> open_clip.CLIP:
    """Return the network with random weights."""
    vision = open_clip.CLIPVisionCfg(timm_model_name="resnet10t", timm_proj="linear", image_size=image_size)
    text = open_clip.CLIPTextCfg(
        context_length=CONTEXT_LENGTH,
        vocab_size=vocabulary_size,
        width=192,
        heads=3,
        layers=3,
        pool_type="eos",
        eos_id=2,
    )
    return open_clip.CLIP(EMBED_DIM, vision, text)


def train_tokenizer(lines: list[str], vocabulary_size: int = VOCABULARY_SIZE) -> Tokenizer:
    """Return a byte-pair tokenizer for lower-case Latin text, cut and padded to CONTEXT_LENGTH."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Metaspace()])
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[PAD, START, END, UNKNOWN],
        initial_alphabet=list("abcdefghijklmnopqrstuvwxyz0123456789"),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, 1), (END, 2)]
    )
    tokenizer.enable_truncation(CONTEXT_LENGTH)
    tokenizer.enable_padding(length=CONTEXT_LENGTH, pad_id=0, pad_token=PAD)
    return tokenizer


def tokenize(tokenizer: Tokenizer, texts: list[str]) -> torch.Tensor:
    """Return int64 [N, CONTEXT_LENGTH]."""
    return torch.tensor([encoding.ids for encoding in tokenizer.encode_batch(texts)], dtype=torch.int64)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Return float [N, 3, S, S] in the network's range, channels last in memory."""
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    return ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)
