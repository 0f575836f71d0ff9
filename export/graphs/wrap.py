"""Foreign towers in our form: uint8 pixels or token ids in, L2-normalised float32 embedding out, any batch size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.graphs.onnx_files import GraphError, load_graph, save_graph

# Where towers give the embedding that image and text share, best first.
_OUTPUTS: Final = (
    "image_embeds",
    "text_embeds",
    "embedding",
    "embeddings",
    "pooler_output",
    "output",
    "sentence_embedding",
)


def wrap_visual(source: Path, target: Path, size: int, *, mean: Sequence[float], std: Sequence[float]) -> None:
    """Write an image tower that normalises uint8 [N, size, size, 3] itself; raises GraphError."""
    model = load_graph(source)
    given = _inputs(model)
    if len(given) != 1:
        raise GraphError(f"{source} takes {', '.join(value.name for value in given)}, and not one picture.")
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["batch", size, size, 3])
    inner, kind = given[0].name, given[0].type.tensor_type.elem_type
    if kind == TensorProto.UINT8:
        nodes = [helper.make_node("Identity", ["pixels"], [inner])]
    else:
        constants = {
            "aegis.mean": np.array(mean, np.float32) * 255,
            "aegis.std": np.array(std, np.float32) * 255,
        }
        model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
        nodes = [
            helper.make_node("Cast", ["pixels"], ["aegis.float"], to=TensorProto.FLOAT),
            helper.make_node("Sub", ["aegis.float", "aegis.mean"], ["aegis.centred"]),
            helper.make_node("Div", ["aegis.centred", "aegis.std"], ["aegis.scaled"]),
            helper.make_node("Transpose", ["aegis.scaled"], ["aegis.planes"], perm=[0, 3, 1, 2]),
            helper.make_node("Cast", ["aegis.planes"], [inner], to=kind),
        ]
    _rebuilt(model, [pixels], nodes, source)
    save_graph(model, target)


def wrap_textual(source: Path, target: Path, context_length: int, pad_id: int, end_id: int | None) -> None:
    """Write a text tower that takes int64 [N, context_length] alone and masks the padding itself; raises GraphError."""
    model = load_graph(source)
    tokens = helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", context_length])
    nodes = []
    for value in _inputs(model):
        kind = value.type.tensor_type.elem_type
        if "mask" in value.name:
            nodes += _mask(model, value.name, kind, pad_id, end_id)
        elif "input_ids" in value.name or len(_inputs(model)) == 1 or value.name in {"text", "tokens"}:
            nodes.append(helper.make_node("Cast", ["tokens"], [value.name], to=kind))
        else:
            raise GraphError(f"{source} takes {value.name}, which is neither token ids nor a mask.")
    _rebuilt(model, [tokens], nodes, source)
    save_graph(model, target)


def _mask(model: onnx.ModelProto, name: str, kind: int, pad_id: int, end_id: int | None) -> list[onnx.NodeProto]:
    # Where padding looks like the end of the text the tower is causal: what stands behind the end is never looked at.
    never = -1 if pad_id == end_id else pad_id
    model.graph.initializer.append(numpy_helper.from_array(np.array(never, np.int64), "aegis.pad"))
    return [
        helper.make_node("Equal", ["tokens", "aegis.pad"], ["aegis.padding"]),
        helper.make_node("Not", ["aegis.padding"], ["aegis.text"]),
        helper.make_node("Cast", ["aegis.text"], [name], to=kind),
    ]


def _rebuilt(
    model: onnx.ModelProto, inputs: list[onnx.ValueInfoProto], before: list[onnx.NodeProto], source: Path
) -> None:
    """Put our inputs and `before` in front of the graph, and one normalised output behind it."""
    output = _output(model, source)
    after = [
        helper.make_node("Cast", [output], ["aegis.output"], to=TensorProto.FLOAT),
        helper.make_node("LpNormalization", ["aegis.output"], ["aegis.embedding"], axis=1, p=2),
        helper.make_node("Identity", ["aegis.embedding"], ["aegis.final"]),
    ]
    nodes = [*before, *model.graph.node, *after]
    # A name of the source's must not meet ours.
    taken = {name for node in model.graph.node for name in node.output}
    final = "embedding" if "embedding" not in taken else "aegis.final"
    after[-1].output[0] = final
    del model.graph.node[:], model.graph.input[:], model.graph.output[:]
    model.graph.node.extend(nodes)
    model.graph.input.extend(inputs)
    model.graph.output.append(helper.make_tensor_value_info(final, TensorProto.FLOAT, ["batch", None]))
    # Shapes that the source noted down may fix a batch of one.
    del model.graph.value_info[:]


def _inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    constants = {tensor.name for tensor in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in constants]


def _output(model: onnx.ModelProto, source: Path) -> str:
    names: list[str] = [value.name for value in model.graph.output]
    flat: list[str] = [value.name for value in model.graph.output if len(value.type.tensor_type.shape.dim) == 2]
    for name in (*_OUTPUTS, *(flat if len(flat) == 1 else ())):
        if name in names:
            return str(name)
    raise GraphError(f"{source} gives {', '.join(names)}; none of them is known as the embedding.")
