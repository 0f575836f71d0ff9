"""The models that speed is measured with: made once, kept under build/."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx
from onnx import TensorProto, helper

from benchmarks.support.builds import Build
from consumer.tagging.bundle.manifest import MANIFEST

BUILD: Final = Path("build/bench").absolute()
_OURS: Final = Build()
ARCHITECTURE: Final = "ViT-B-32"
_PREPROCESSOR: Final = """{
  "crop_size": 224, "size": {"shortest_edge": 224}, "resample": 3, "do_center_crop": true,
  "do_normalize": true, "do_resize": true,
  "do_rescale": true, "rescale_factor": 0.00392156862745098, "image_processor_type": "CLIPImageProcessor",
  "feature_extractor_type": "CLIPFeatureExtractor",
  "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]
}
"""


def vit_b_32(build: Build = _OURS) -> Path:
    """Return a bundle of ViT-B-32 with random weights, fp32 and int8; made where it is not there, which takes a minute.

    Its speed is that of the trained one; its tags mean nothing. A build makes its own, as its taxonomy is of its own.
    """
    folder = (BUILD if build.checkout is None else build.checkout.absolute() / "build" / "bench") / "vit-b-32"
    if not (folder / MANIFEST).is_file():
        build.aegis(
            *("model", "export", "--arch", ARCHITECTURE, "--random-weights"),
            *("--precision", "fp32", "--precision", "int8", "--output", str(folder), "--replace"),
        )
    return folder


def for_fastembed(bundle: Path, folder: Path) -> Path:
    """Return a folder that fastembed reads: the bundle's fp32 graph without the layers that take bytes.

    fastembed normalises by itself, in numpy.
    """
    target = folder / "model.onnx"
    if target.is_file():
        return folder
    model = onnx.load(bundle / "visual.onnx")
    (patches, *_) = [node for node in model.graph.node if node.op_type == "Conv"]
    entry = patches.input[0]
    made_by = {output: node for node in model.graph.node for output in node.output}
    needed, looked_at = set(), [model.graph.output[0].name]
    while looked_at:
        name = looked_at.pop()
        if name == entry or name in needed or name not in made_by:
            continue
        needed.add(name)
        looked_at.extend(made_by[name].input)
    kept = [node for node in model.graph.node if needed.intersection(node.output)]
    size = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend(kept)
    model.graph.input.append(helper.make_tensor_value_info(entry, TensorProto.FLOAT, ["batch", 3, size, size]))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "preprocessor_config.json").write_text(_PREPROCESSOR)
    onnx.save(model, target)
    return folder
