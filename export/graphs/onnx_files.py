"""ONNX files on disk: their weights may lie beside them, and whoever copies or lists a graph must know."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx
from google.protobuf.message import DecodeError
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

# Protobuf takes messages below 2 GiB; more than this goes into a file beside the graph.
EXTERNAL_FROM_BYTES: Final = 1_900_000_000


class GraphError(Exception):
    """An ONNX file cannot be used; the message says why and what to do, in one sentence."""


def load_graph(path: Path) -> onnx.ModelProto:
    """Read a graph with all its weights; raises GraphError."""
    for name in external_files(path):
        if not (path.parent / name).is_file():
            raise GraphError(f"{path} keeps weights in {name}, which is not beside it: fetch that file too.")
    return onnx.load(path)


def external_files(path: Path) -> list[str]:
    """Return the names of the files beside the graph that hold its weights; raises GraphError."""
    try:
        model = onnx.load(path, load_external_data=False)
    except (OSError, DecodeError, ValueError) as error:
        raise GraphError(f"{path} is no ONNX file: {' '.join(str(error).split())[:200]}.") from error
    return sorted({ExternalDataInfo(tensor).location for tensor in _tensors(model) if uses_external_data(tensor)})


def save_graph(model: onnx.ModelProto, path: Path, external_from_bytes: int = EXTERNAL_FROM_BYTES) -> None:
    """Write a graph whose weights are loaded; from `external_from_bytes` on they go into `<name>.data` beside it."""
    if model.ByteSize() < external_from_bytes:
        onnx.save(model, path)
        return
    # onnx appends to a file that is there.
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)
    onnx.save(model, path, save_as_external_data=True, location=f"{path.name}.data", size_threshold=1024)


def files_of(path: Path) -> list[str]:
    """Return the names of the graph and of all files that belong to it."""
    return [path.name, *external_files(path)]


def opset_of(path: Path) -> int:
    """Return the version of ONNX' own operators that the graph uses."""
    return opset_in(onnx.load(path, load_external_data=False))


def opset_in(model: onnx.ModelProto) -> int:
    """Return the same of a graph that is loaded."""
    return max((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), default=0)


def _tensors(model: onnx.ModelProto) -> list[onnx.TensorProto]:
    attributes = [attribute for node in model.graph.node for attribute in node.attribute]
    constants = [attribute.t for attribute in attributes if attribute.HasField("t")]
    return [*model.graph.initializer, *constants]
