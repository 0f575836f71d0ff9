"""The image tower: pixels to embeddings, by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from consumer.tagging.bundle.bundle import Bundle
from consumer.tagging.bundle.manifest import Precision
from consumer.tagging.inference.precision import Wanted, choose_precision, int8_is_fast, runs_half_floats
from consumer.tagging.inference.sessions import ModelError, ProviderUnavailableError, open_session

__all__ = ["Embedder", "ModelError", "ProviderUnavailableError", "open_embedder"]


class Embedder:
    """One onnxruntime session, shared by all threads that call :meth:`run`.

    One thread inside the session and several callers beat a session with several threads at every batch size, at
    the memory of one session (ViT-B/32 int8, two cores, batch 1: 105 against 86 images/s).
    """

    def __init__(
        self,
        graph: Path,
        *,
        precision: Precision = "fp32",
        provider: str = "CPUExecutionProvider",
        threads_per_call: int = 1,
        bind: bool = False,
    ) -> None:
        """Load the graph; `precision` is what events say of it.

        `bind`: hand memory over by I/O binding, as providers with memory of their own want it.

        Raises:
            ProviderUnavailableError: onnxruntime here has no such provider.
            ModelError: the graph cannot be loaded, or does not take uint8 [N, S, S, 3].

        """
        self.provider = provider
        self.precision = precision
        self._session = open_session(graph, provider=provider, threads=threads_per_call)
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name
        shape, kind = self._session.get_inputs()[0].shape, self._session.get_inputs()[0].type
        if kind != "tensor(uint8)" or len(shape) != 4 or shape[3] != 3:
            raise ModelError(f"{graph} takes {kind} of shape {shape}, not uint8 [N, S, S, 3]: export the bundle again")
        self.size = int(shape[1])
        self._infer = self._bound if bind else self._plain

    def run(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed uint8 [N, S, S, 3]; return float32 [N, D], L2-normalised.

        Raises:
            ValueError: the batch has another shape or type.
            ModelError: the graph gave numbers that are not finite.

        """
        if batch.dtype != np.uint8 or batch.shape[1:] != (self.size, self.size, 3):
            raise ValueError(f"expected uint8 [N, {self.size}, {self.size}, 3], got {batch.dtype} {list(batch.shape)}")
        vectors = self._infer(batch)
        if not np.isfinite(vectors).all():
            raise ModelError("the model gave an embedding with numbers that are not finite")
        embedded: npt.NDArray[np.float32] = vectors.astype(np.float32, copy=False)
        return embedded

    def _plain(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
        vectors: npt.NDArray[np.floating] = self._session.run([self._output], {self._input: batch})[0]
        return vectors

    def _bound(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.floating]:
        binding = self._session.io_binding()
        binding.bind_cpu_input(self._input, batch)
        binding.bind_output(self._output)
        self._session.run_with_iobinding(binding)
        vectors: npt.NDArray[np.floating] = binding.copy_outputs_to_cpu()[0]
        return vectors


def open_embedder(bundle: Bundle, wanted: Wanted = "auto", provider: str = "CPUExecutionProvider") -> Embedder:
    """Load the graph of `bundle` that runs best here, or the one that is wanted.

    Raises:
        BundleError: the bundle has no graph of that precision.
        ProviderUnavailableError, ModelError: as Embedder.

    """
    available = bundle.manifest.graphs.keys()
    precision = choose_precision(available, wanted, provider, int8_is_fast=int8_is_fast())
    return Embedder(
        bundle.graph_path(precision), precision=precision, provider=provider, bind=runs_half_floats(provider)
    )
