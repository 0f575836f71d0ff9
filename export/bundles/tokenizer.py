"""Tokenizers of open_clip as one `tokenizer.json`, which the product reads without torch or transformers."""

from __future__ import annotations

import string
from typing import Any, Final

from open_clip.tokenizer import HFTokenizer, SimpleTokenizer
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from export.bundles.tokens import fixed_length

# What both must read alike: words, digits, contractions, punctuation, case, white space, other scripts.
PROBES: Final = (
    "a game texture of rusty metal",
    "T_Rifle_N 4096x2048, normal map (OpenGL)",
    "it's the hero's 2nd   shield!?",
    "Größe: naïve café, 漢字 и кириллица",
    "sci-fi door; low_poly / pixel-art #8",
    "",
    " ".join(["very long sentence about textures"] * 40),
)


class TokenizerError(Exception):
    """The tokenizer of a model cannot be stored as one file; the message says where it differs."""


def portable_tokenizer(tokenizer: Any, context_length: int) -> Tokenizer:
    """Return a tokenizer that gives the ids of open_clip's, cut and padded to `context_length`.

    Raises TokenizerError when it does not on sentences that probe it.
    """
    made = _from_clip(tokenizer) if isinstance(tokenizer, SimpleTokenizer) else _from_hub(tokenizer)
    pad = 0 if isinstance(tokenizer, SimpleTokenizer) else int(tokenizer.tokenizer.pad_token_id or 0)
    fixed_length(made, context_length, pad)
    expected = tokenizer(list(PROBES), context_length=context_length).tolist()
    for probe, ids, wanted in zip(PROBES, made.encode_batch(list(PROBES)), expected, strict=True):
        if ids.ids != wanted:
            raise TokenizerError(
                f"The tokenizer of this model reads {probe[:40]!r} otherwise than the file made of it: "
                "give its own tokenizer.json with --tokenizer."
            )
    return made


def _from_clip(simple: SimpleTokenizer) -> Tokenizer:
    """Build CLIP's byte-pair tokenizer: every word ends with `</w>`, start and end of text around the sentence."""
    made = Tokenizer(
        models.BPE(
            vocab=dict(simple.encoder),
            merges=[tuple(pair) for pair in simple.bpe_ranks],
            continuing_subword_prefix="",
            end_of_word_suffix="</w>",
        )
    )
    made.normalizer = normalizers.Sequence([normalizers.NFC(), *_cleaning(simple.clean_fn.__name__)])
    words = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    start, end = simple.decoder[simple.sot_token_id], simple.decoder[simple.eot_token_id]
    made.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(start, simple.sot_token_id), (end, simple.eot_token_id)]
    )
    return made


def _from_hub(tokenizer: HFTokenizer) -> Tokenizer:
    """Take the fast tokenizer inside transformers', with open_clip's cleaning before it."""
    backend = getattr(tokenizer.tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise TokenizerError("This model's tokenizer has no tokenizer.json: give one with --tokenizer.")
    made = Tokenizer.from_str(backend.to_str())
    cleaning = _cleaning(tokenizer.clean_fn.__name__)
    own = [made.normalizer] if made.normalizer is not None else []
    made.normalizer = normalizers.Sequence([*cleaning, *own])
    return made


def _cleaning(name: str) -> list[Any]:
    """Return open_clip's cleaning of that name as normalizers."""
    one_space = [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    if name == "_clean_canonicalize":
        punctuation = "".join(f"\\{character}" for character in string.punctuation)
        return [
            normalizers.Replace("_", " "),
            normalizers.Replace(Regex(f"[{punctuation}]"), ""),
            normalizers.Lowercase(),
            *one_space,
        ]
    return [*one_space, *([normalizers.Lowercase()] if name == "_clean_lower" else [])]
