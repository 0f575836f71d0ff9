"""What every tokenizer of a bundle does itself: cut and pad."""

from __future__ import annotations

from tokenizers import Tokenizer


def fixed_length(tokenizer: Tokenizer, context_length: int, pad_id: int) -> None:
    """Make a tokenizer cut and pad to `context_length` itself."""
    tokenizer.enable_truncation(context_length)
    token = tokenizer.id_to_token(pad_id) or "<pad>"
    tokenizer.enable_padding(length=context_length, pad_id=pad_id, pad_token=token)
