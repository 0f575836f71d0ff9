"""What prepares a convolutional tower for integers: padding, rounding, and channels that no picture moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import open_clip
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from export.graphs.pads import fold_pads
from export.graphs.rounding import round_weights, rounded
from export.mini.backbone import (
    ARCHITECTURE,
    HalvingConv2d,
    WeightsError,
    fold_batch_norms,
    freeze_start,
    load_pretrained,
    pretrained_weights,
    settle_constants,
)


def padded_convolution(mode: str = "constant", value: float = 0.0) -> onnx.ModelProto:
    """A picture [N, 6, 6, 3] of bytes, a border below and on the right, and a convolution with one of its own."""
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Cast", ["pixels"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Pad", ["planes", "border", "value"], ["padded"], mode=mode),
        helper.make_node("Conv", ["padded", "weight", "bias"], ["out"], pads=[1, 1, 0, 0]),
    ]
    constants: dict[str, NDArray[Any]] = {
        "border": np.array([0, 0, 0, 0, 0, 0, 1, 1], np.int64),
        "value": np.array(value, np.float32),
        "weight": rng.normal(size=(4, 3, 3, 3)).astype(np.float32),
        "bias": rng.normal(size=4).astype(np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "padded",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", 6, 6, 3])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def run(model: onnx.ModelProto, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    outputs = ReferenceEvaluator(model).run(None, {"pixels": pixels})
    assert isinstance(outputs, list)
    return np.asarray(outputs[0])


PIXELS = np.random.default_rng(1).integers(0, 256, (5, 6, 6, 3), dtype=np.uint8)


def test_a_border_of_zeros_becomes_the_convolutions_own() -> None:
    model = padded_convolution()
    before = run(model, PIXELS)
    assert fold_pads(model) == 1
    assert "Pad" not in {node.op_type for node in model.graph.node}
    np.testing.assert_allclose(run(model, PIXELS), before, atol=1e-4)


@pytest.mark.parametrize("model", [padded_convolution("edge"), padded_convolution(value=7.0)], ids=["edge", "sevens"])
def test_another_border_stays(model: onnx.ModelProto) -> None:
    assert fold_pads(model) == 0


def test_rounding_moves_no_channels_mean() -> None:
    model = padded_convolution()
    before = run(model, PIXELS)
    round_weights(model, PIXELS, levels=3)
    after = run(model, PIXELS)
    assert np.abs(after - before).max() > 1, "so coarse that it shows"
    np.testing.assert_allclose(after.mean(axis=(0, 2, 3)), before.mean(axis=(0, 2, 3)), atol=1e-2)


@given(
    arrays(np.float32, array_shapes(min_dims=2, max_dims=4, max_side=5), elements=st.floats(-100, 100, width=32)),
    st.sampled_from([1, 7, 127]),
)
def test_rounded_weights_are_near_and_few(weights: NDArray[np.float32], levels: int) -> None:
    near = rounded(weights, levels)
    for channel, other in zip(weights, near, strict=True):
        step = float(np.abs(channel).max()) / levels
        assert np.abs(channel - other).max() <= step * 0.51 + 1e-30
        assert len(np.unique(other)) <= 2 * levels + 1


@pytest.fixture(scope="module")
def networks() -> tuple[nn.Module, nn.Module]:
    """The pretrained network as timm has it, and as training starts from it."""
    trunks = []
    for prepared in (False, True):
        trunk = open_clip.timm_model.TimmModel(ARCHITECTURE, 8).trunk
        load_pretrained(trunk)
        if prepared:
            fold_batch_norms(trunk)
            assert settle_constants(trunk) > 0
            freeze_start(trunk)
        trunks.append(trunk.eval())
    return trunks[0], trunks[1]


def test_folding_and_settling_change_nothing_that_is_computed(networks: tuple[nn.Module, nn.Module]) -> None:
    pixels = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 64, 64))).float()
    with torch.inference_mode():
        plain, prepared = (network(pixels) for network in networks)
    torch.testing.assert_close(prepared, plain, atol=1e-3, rtol=1e-3)
    assert not [part for part in networks[1].modules() if isinstance(part, nn.BatchNorm2d)]


def test_nothing_silent_is_left_and_the_start_does_not_learn(networks: tuple[nn.Module, nn.Module]) -> None:
    assert all(
        bool((part.bias[part.weight.abs().amax(dim=(1, 2, 3)) == 0] == 0).all())
        for part in networks[1].modules()
        if isinstance(part, nn.Conv2d) and part.groups > 1 and part.bias is not None
    )
    frozen = {name for name, weight in networks[1].named_parameters() if not weight.requires_grad}
    assert {name.split(".")[0] for name in frozen} == {"conv_stem", "blocks"}
    assert {name[:8] for name in frozen if name.startswith("blocks")} == {"blocks.0", "blocks.1"}


@pytest.mark.parametrize(("kernel", "size"), [(3, 8), (5, 12)])
def test_halving_pads_as_tensorflow_does(kernel: int, size: int) -> None:
    made = HalvingConv2d.of(nn.Conv2d(1, 1, kernel, stride=2))
    total = kernel - 2
    pixels = torch.rand(1, 1, size, size)
    around = nn.functional.pad(pixels, [total // 2, total - total // 2] * 2)
    expected = nn.functional.conv2d(around, made.weight, made.bias, stride=2)
    torch.testing.assert_close(made(pixels), expected)
    assert made(pixels).shape[-1] == size // 2


def test_only_the_weights_that_the_card_names_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(pretrained_weights()) == 294
    monkeypatch.setattr("export.mini.backbone.SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="57934424"):
        pretrained_weights()
