"""What words look like: the text tower of the gateway's model, loaded when it is first asked."""

from __future__ import annotations

import threading
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.inference.textual import TextEncoder, describe

# Searches; each takes a few kilobytes.
_REMEMBERED = 500


class TextTower:
    """Gives words an embedding; from any thread."""

    def __init__(self, bundle: Bundle) -> None:
        self.model_digest = bundle.digest
        self._bundle = bundle
        self._encoder: TextEncoder | None = None
        self._loading = threading.Lock()
        # Further pages of a search, and its filters, ask for the same words again.
        self._described = lru_cache(_REMEMBERED)(self._describe)

    @staticmethod
    def of(bundle: Bundle) -> TextTower | None:
        """Return None for a bundle that has no text tower."""
        has_one = bundle.manifest.textual is not None and bundle.manifest.tokenizer is not None
        return TextTower(bundle) if has_one else None

    def __call__(self, words: str) -> npt.NDArray[np.float32]:
        """Return the direction, [dim], in which pictures of this lie; blocks."""
        return self._described(words)

    def _describe(self, words: str) -> npt.NDArray[np.float32]:
        with self._loading:
            if self._encoder is None:
                self._encoder = TextEncoder(self._bundle.path, self._bundle.manifest)
        return describe(self._encoder, self._bundle.taxonomy, words)
