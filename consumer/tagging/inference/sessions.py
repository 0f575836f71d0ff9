"""Opening an ONNX graph: with our options, and with errors that say what to do."""

from __future__ import annotations

import re
from pathlib import Path

import onnxruntime

from consumer.tagging.inference.precision import int8_is_fast


class ModelError(Exception):
    """The graph cannot be run here as it was asked for; one sentence says what to change."""


class ProviderUnavailableError(ModelError):
    """The execution provider is not in this onnxruntime; it is never silently replaced by another."""


def open_session(
    graph: Path, *, provider: str = "CPUExecutionProvider", threads: int = 1, optimise: bool = True
) -> onnxruntime.InferenceSession:
    """Load a graph.

    `optimise` False is for checking half-float graphs on a CPU: onnxruntime 1.32 dies of fusing their Gelu.

    Raises:
        ProviderUnavailableError: onnxruntime here has no such provider.
        ModelError: the graph is broken, lacks a file, or is newer than this onnxruntime.

    """
    available = onnxruntime.get_available_providers()
    if provider not in available:
        raise ProviderUnavailableError(
            f"AEGIS_MODEL_PROVIDER={provider} is not in this onnxruntime, which has {', '.join(available)}: "
            "install the onnxruntime package that has it, or choose one of these"
        )
    try:
        session = onnxruntime.InferenceSession(
            str(graph), sess_options=_options(threads, optimise=optimise), providers=[provider]
        )
    except Exception as error:
        raise ModelError(_explained(graph, str(error))) from error
    used = session.get_providers()[0]
    if used != provider:
        raise ProviderUnavailableError(f"{provider} could not be started, onnxruntime fell back to {used}")
    return session


def _explained(graph: Path, reason: str) -> str:
    """Return a sentence for what onnxruntime says in its own way."""
    newer = re.search(r"Opset (\d+) is under development.*?is till opset (\d+)", reason, re.DOTALL) or re.search(
        r"Unsupported model IR version: (\d+), max supported IR version: (\d+)", reason
    )
    if newer:
        kind = "opset" if "Opset" in newer[0] else "IR version"
        return (
            f"{graph} is newer than this onnxruntime {onnxruntime.__version__}: it has {kind} {newer[1]}, "
            f"at most {newer[2]} is read here: upgrade onnxruntime, or export the model again with an older {kind}"
        )
    missing = re.search(r'External data path does not exist: "?([^"\n]+)"?', reason)
    if missing:
        return f"{graph} keeps weights in {missing[1]}, which is not there: fetch or make the bundle again"
    return f"{graph} cannot be loaded: {' '.join(reason.split())[:300]}"


def _options(threads: int, *, optimise: bool) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # A thread that spins takes its core from decoding, and from the neighbours.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    if not int8_is_fast():
        # x86 CPUs without VNNI add products of bytes in 16 bits, which cut off what is larger; this makes them add in
        # 32. With VNNI the sums are exact anyway, and this would take twice the time.
        options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level = 3
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return options
