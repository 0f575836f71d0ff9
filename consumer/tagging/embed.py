"""The image tower: pixels to embeddings, by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime


class ModelError(Exception):
    """The graph cannot be run here as it was asked for; one sentence says what to change."""


class ProviderUnavailableError(ModelError):
    """The execution provider is not in this onnxruntime; it is never silently replaced by another."""


class Embedder:
    """One onnxruntime session, shared by all threads that call :meth:`run`.

    One thread inside the session and several callers beat a session with several threads at every batch size, at
    the memory of one session (ViT-B/32 int8, two cores, batch 1: 105 against 86 images/s).
    """

    def __init__(self, graph: Path, *, provider: str = "CPUExecutionProvider", threads_per_call: int = 1) -> None:
        """Load the graph.

        Raises:
            ProviderUnavailableError: onnxruntime here has no such provider.
            ModelError: the graph cannot be loaded, or does not take uint8 [N, S, S, 3].

        """
        available = onnxruntime.get_available_providers()
        if provider not in available:
            raise ProviderUnavailableError(
                f"AEGIS_MODEL_PROVIDER={provider} is not in this onnxruntime, which has {', '.join(available)}: "
                "install the onnxruntime package that has it, or choose one of these"
            )
        self.provider = provider
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), sess_options=_options(threads_per_call), providers=[provider]
            )
        except Exception as error:
            raise ModelError(f"{graph} cannot be loaded: {str(error)[:300]}") from error
        used = self._session.get_providers()[0]
        if used != provider:
            raise ProviderUnavailableError(f"{provider} could not be started, onnxruntime fell back to {used}")
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name
        shape, kind = self._session.get_inputs()[0].shape, self._session.get_inputs()[0].type
        if kind != "tensor(uint8)" or len(shape) != 4 or shape[3] != 3:
            raise ModelError(f"{graph} takes {kind} of shape {shape}, not uint8 [N, S, S, 3]: export the bundle again")
        self.size = int(shape[1])

    def run(self, batch: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Embed uint8 [N, S, S, 3]; return float32 [N, D], L2-normalised.

        Raises:
            ValueError: the batch has another shape or type.
            ModelError: the graph gave numbers that are not finite.

        """
        if batch.dtype != np.uint8 or batch.shape[1:] != (self.size, self.size, 3):
            raise ValueError(f"expected uint8 [N, {self.size}, {self.size}, 3], got {batch.dtype} {list(batch.shape)}")
        (vectors,) = self._session.run([self._output], {self._input: batch})
        if not np.isfinite(vectors).all():
            raise ModelError("the model gave an embedding with numbers that are not finite")
        embedded: npt.NDArray[np.float32] = vectors.astype(np.float32, copy=False)
        return embedded


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # A thread that spins takes its core from decoding, and from the neighbours.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
