"""`aegis model export`: whole bundles out of open_clip models, or one sentence and nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from click.testing import CliRunner, Result

from aegis.verbs.models.model import command
from consumer.tagging.bundle.bundle import describe_file, load_bundle, read_manifest
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.inference.textual import TextEncoder
from export.bundles.compile import refresh_manifest
from export.graphs import quantise
from export.graphs.onnx_files import external_files, load_graph, opset_of, save_graph
from tests.unit.export.making import SIZE, clip_config, raise_opset, siglip_config
from tests.unit.tagging.tiny import TAXONOMY_JSON

SAMPLES = Path(__file__).parents[3] / "samples" / "supertuxkart"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    (folder / "taxonomy.yaml").write_text(TAXONOMY_JSON)
    return folder


def export(work: Path, config: Path, output: Path, *more: object) -> Result:
    fixed = ("--images", SAMPLES, "--taxonomy", work / "taxonomy.yaml", "--output", output)
    return run("export", "--arch", config, *fixed, *more)


@pytest.fixture(scope="module")
def clip(work: Path) -> Path:
    config = clip_config(work)
    open_clip.add_model_config(config)
    torch.manual_seed(1)
    torch.save(open_clip.create_model(config.stem).state_dict(), work / "checkpoint.pt")
    done = export(work, config, work / "clip", "--pretrained", work / "checkpoint.pt", "--licence", "MIT")
    assert done.exit_code == 0, done.output
    return work / "clip"


def test_a_checkpoint_becomes_a_bundle_in_three_precisions_that_says_it_is_uncalibrated(clip: Path) -> None:
    bundle = load_bundle(clip)
    manifest = bundle.manifest
    assert set(manifest.graphs) == {"fp32", "int8", "fp16"}
    assert (manifest.dim, manifest.context_length, manifest.image.size, manifest.licence) == (24, 16, SIZE, "MIT")
    assert bundle.calibration is None
    assert max(manifest.metrics[f"{tower}_max_abs_diff"] for tower in ("visual", "textual")) <= 1e-4
    assert manifest.variants["int8"].least_cosine >= 0.999
    assert manifest.metrics["int8_top1_agreement.beasts"] >= 0.9
    assert opset_of(clip / "visual.onnx") >= 20
    assert "uncalibrated" in run("info", clip).output


def test_the_bundle_embeds_pixels_and_words_as_open_clip_does(work: Path, clip: Path) -> None:
    bundle = load_bundle(clip)
    model = open_clip.create_model("tiny-clip", pretrained=str(work / "checkpoint.pt")).eval()
    pixels = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), np.uint8)
    image = bundle.manifest.image
    scaled = (pixels / 255 - np.array(image.mean)) / np.array(image.std)
    texts = ["a rusty sword", "Sci-Fi DOOR_02!"]
    with torch.inference_mode():
        seen = model.encode_image(torch.tensor(scaled.transpose(0, 3, 1, 2), dtype=torch.float32), normalize=True)
        said = model.encode_text(open_clip.get_tokenizer("tiny-clip")(texts), normalize=True)
    np.testing.assert_allclose(open_embedder(bundle, "fp32").run(pixels), seen.numpy(), atol=1e-4)
    np.testing.assert_allclose(TextEncoder(clip, bundle.manifest)(texts), said.numpy(), atol=1e-4)
    assert bundle.manifest.logit_scale == pytest.approx(float(model.logit_scale.exp()))


def test_a_siglip_keeps_its_bias_and_its_own_tokenizer(work: Path) -> None:
    done = export(work, siglip_config(work), work / "siglip", "--random-weights", "--precision", "fp32")
    assert done.exit_code == 0, done.output
    manifest = load_bundle(work / "siglip").manifest
    assert manifest.logit_bias == -10
    assert manifest.logit_scale == pytest.approx(np.exp(2.3), rel=1e-4)
    assert set(manifest.graphs) == {"fp32"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--arch", "ViT-B-32"), "say which weights"),
        (("--arch", "ViT-Q-99", "--random-weights"), "no architecture ViT-Q-99"),
        (("--arch", "ViT-B-32", "--pretrained", "nobody"), "no weights nobody: choose openai"),
    ],
)
def test_what_cannot_be_exported_is_told_in_one_sentence_and_nothing_is_left(
    work: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    done = run("export", *arguments, "--output", work / "none", "--images", SAMPLES)
    assert done.exit_code == 2
    assert sentence in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not list(work.glob("*none*"))


def test_a_folder_that_is_there_is_kept_unless_it_may_be_replaced(work: Path, clip: Path) -> None:
    done = export(work, clip_config(work), clip, "--random-weights")
    assert done.exit_code == 2
    assert "there already" in done.output


def test_a_broken_checkpoint_leaves_nothing_half_written(work: Path) -> None:
    (work / "broken.pt").write_bytes(b"no weights")
    done = export(work, clip_config(work), work / "half", "--pretrained", work / "broken.pt")
    assert done.exit_code == 2
    assert "cannot be loaded" in done.output
    assert not list(work.glob("*half*"))


def test_layers_that_lose_too_much_stay_in_fp32_and_are_named(clip: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), np.uint8)
    strict = quantise.to_int8(clip / "visual.onnx", tmp_path / "strict.onnx", pixels, goal=0.99999)
    loose = quantise.to_int8(clip / "visual.onnx", tmp_path / "loose.onnx", pixels, goal=0.9)
    assert loose.fp32_layers == ()
    assert strict.fp32_layers
    assert strict.least_cosine >= 0.99999 > loose.least_cosine


def test_weights_beside_a_graph_are_listed_and_missed(clip: Path, tmp_path: Path) -> None:
    save_graph(load_graph(clip / "visual.onnx"), tmp_path / "visual.onnx", external_from_bytes=0)
    assert external_files(tmp_path / "visual.onnx") == ["visual.onnx.data"]


def _too_new(folder: Path) -> str:
    raise_opset(folder / "visual.int8.onnx", 99)
    return "opset 99, at most"


def _without_its_weights(folder: Path) -> str:
    save_graph(load_graph(folder / "visual.onnx"), folder / "visual.onnx", external_from_bytes=0)
    refresh_manifest(folder, read_manifest(folder), ["visual.onnx.data"])
    (folder / "visual.onnx.data").unlink()
    return "lacks visual.onnx.data"


def _changed(folder: Path) -> str:
    (folder / "textual.onnx").write_bytes((folder / "textual.onnx").read_bytes() + b"!")
    return "textual.onnx is not the file that bundle.json describes"


def _unlisted_weights(folder: Path) -> str:
    save_graph(load_graph(folder / "visual.onnx"), folder / "visual.onnx", external_from_bytes=0)
    (folder / "visual.onnx.data").unlink()
    return "keeps weights in"


@pytest.mark.parametrize("damage", [_too_new, _without_its_weights, _changed, _unlisted_weights])
def test_a_bundle_that_cannot_run_is_told_in_one_sentence(
    clip: Path, tmp_path: Path, damage: Callable[[Path], str]
) -> None:
    folder = shutil.copytree(clip, tmp_path / "bundle")
    sentence = damage(folder)
    if damage in {_too_new, _unlisted_weights}:
        names = ["visual.onnx", "visual.int8.onnx"]
        refresh_manifest(folder, read_manifest(folder), names)
    elif damage is _without_its_weights:
        manifest = read_manifest(folder)
        files = manifest.files | {"visual.onnx": describe_file(folder / "visual.onnx")}
        (folder / "bundle.json").write_text(manifest.model_copy(update={"files": files}).model_dump_json())
    done = run("verify", folder)
    assert done.exit_code == 2
    assert sentence in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_bundles_are_verified_and_listed_with_what_they_are(clip: Path) -> None:
    assert "load here" in run("verify", clip).output
    listed = " ".join(run("list", clip.parent).output.split())
    assert "tiny-clip" in listed
    assert "aegis-mini" in listed
    assert "uncalibrated" in listed
