"""`aegis model pull`: existing ONNX CLIPs in the layouts in use, and from a hub."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from aegis.verbs.models.model import command
from consumer.tagging.bundle.bundle import load_bundle
from consumer.tagging.inference.embed import open_embedder
from consumer.tagging.inference.textual import TextEncoder
from export.graphs.onnx_files import load_graph, save_graph
from tests.unit.export.making import CONTEXT, SIZE, Rigid, Text, Vision, foreign, raise_opset
from tests.unit.tagging.tiny import TAXONOMY_JSON

SAMPLES = Path(__file__).parents[3] / "samples" / "megaglest"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def pull(tmp_path: Path, source: object, *more: object) -> Result:
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY_JSON)
    fixed = ("--images", SAMPLES, "--taxonomy", tmp_path / "taxonomy.yaml", "--output", tmp_path / "bundle")
    arguments = ["pull", source, *fixed, *more]
    return CliRunner().invoke(command, [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.mark.parametrize("layout", ["immich", "xenova", "qdrant"])
def test_each_layout_becomes_a_bundle_that_embeds_as_the_original(tmp_path: Path, layout: str) -> None:
    source = foreign(tmp_path / "model-vision", layout)
    scale = () if layout == "xenova" else ("--logit-scale", 37, "--logit-bias", -4)
    done = pull(tmp_path, source, *scale)
    assert done.exit_code == 0, done.output

    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.manifest.logit_scale == pytest.approx(37, rel=1e-3)
    assert bundle.manifest.logit_bias == pytest.approx(-4, abs=0.05)
    assert set(bundle.manifest.graphs) == {"fp32", "int8", "fp16"}
    torch.manual_seed(0)
    vision, words = Vision().eval(), Text().eval()
    pixels = np.random.default_rng(1).integers(0, 256, (5, SIZE, SIZE, 3), np.uint8)
    planes = torch.tensor(((pixels / 255 - 0.5) / 0.25).transpose(0, 3, 1, 2), dtype=torch.float32)
    encoder = TextEncoder(tmp_path / "bundle", bundle.manifest)
    ids = torch.tensor([encoding.ids for encoding in encoder._tokenizer.encode_batch(["rusty metal"])])
    assert ids.shape == (1, CONTEXT)
    with torch.inference_mode():
        seen = torch.nn.functional.normalize(vision(planes), dim=-1).numpy()
        said = torch.nn.functional.normalize(words(ids, torch.ones_like(ids)), dim=-1).numpy()
    np.testing.assert_allclose(open_embedder(bundle, "fp32").run(pixels), seen, atol=1e-5)
    np.testing.assert_allclose(encoder(["rusty metal"]), said, atol=1e-5)


def _without_preprocessing(folder: Path) -> None:
    (folder / "visual" / "preprocess_cfg.json").unlink()


def _without_text(folder: Path) -> None:
    (folder / "textual" / "model.onnx").unlink()


def _without_weights(folder: Path) -> None:
    save_graph(load_graph(folder / "visual" / "model.onnx"), folder / "visual" / "model.onnx", external_from_bytes=0)
    (folder / "visual" / "model.onnx.data").unlink()


def _too_new(folder: Path) -> None:
    raise_opset(folder / "visual" / "model.onnx", 99)


def _no_graph(folder: Path) -> None:
    (folder / "visual" / "model.onnx").write_bytes(b"<html>sign in</html>")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_without_preprocessing, "preprocessing file is missing"),
        (_without_text, "model.onnx is missing: fetch it too"),
        (_without_weights, "keeps weights in model.onnx.data, which is not beside it"),
        (_too_new, "opset 99, at most"),
        (_no_graph, "is no ONNX file"),
    ],
)
def test_what_is_not_whole_is_told_in_one_sentence_and_nothing_is_left(
    tmp_path: Path, damage: object, sentence: str
) -> None:
    source = foreign(tmp_path / "model", "immich")
    damage(source)  # type: ignore[operator]
    done = pull(tmp_path, source, "--logit-scale", 37)
    assert done.exit_code == 2
    assert sentence in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not list(tmp_path.glob("*bundle*"))


def test_a_scale_that_nothing_tells_is_asked_for_never_assumed(tmp_path: Path) -> None:
    done = pull(tmp_path, foreign(tmp_path / "model", "xenova", joint=False))
    assert done.exit_code == 2
    assert "give --logit-scale" in done.output


def test_a_batch_that_was_only_stated_fixed_is_freed_and_one_that_is_fixed_is_refused(tmp_path: Path) -> None:
    stated = foreign(tmp_path / "stated", "immich", batch=False)
    assert pull(tmp_path, stated, "--logit-scale", 37).exit_code == 0
    rigid = foreign(tmp_path / "rigid", "immich", batch=False, tower=Rigid)
    done = pull(tmp_path, rigid, "--logit-scale", 37, "--replace")
    assert done.exit_code == 2
    assert "dynamic batch" in done.output
    assert load_bundle(tmp_path / "bundle").manifest.id == "stated"


def test_a_folder_of_no_known_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "is in no layout" in pull(tmp_path, tmp_path / "empty").output
    assert "neither a folder nor" in pull(tmp_path, "no such place").output


class _Hub(http.server.BaseHTTPRequestHandler):
    """As much of a hub as the client asks of one repository: what it holds, and its files by commit."""

    root: Path
    commit = "0" * 39 + "1"

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0]
        files = {str(file.relative_to(self.root)): file for file in self.root.rglob("*") if file.is_file()}
        if "/tree/" in path:
            listed = [
                {"type": "file", "path": name, "size": file.stat().st_size, "oid": "0" * 40}
                for name, file in files.items()
            ]
            data = json.dumps(listed).encode()
        elif path.startswith("/api/models/studio/clip"):
            data = json.dumps({"id": "studio/clip", "sha": self.commit}).encode()
        else:
            name = path.split(f"/resolve/{self.commit}/")[-1]
            if name not in files:
                self.send_error(404)
                return
            data = files[name].read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", self.commit)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    """The address of a hub on this machine with one repository, studio/clip."""
    handler = type("Hub", (_Hub,), {"root": foreign(tmp_path / "repository", "xenova")})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_repository_of_a_hub_is_fetched_and_its_name_becomes_the_bundles(tmp_path: Path, hub: str) -> None:
    (tmp_path / "taxonomy.yaml").write_text(TAXONOMY_JSON)
    fixed = ("--images", SAMPLES, "--taxonomy", tmp_path / "taxonomy.yaml", "--output", tmp_path / "bundle")
    done = subprocess.run(
        [sys.executable, "-m", "aegis", "model", "pull", "studio/clip", *map(str, fixed)],
        env={**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "hub"), "HF_HUB_DISABLE_XET": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert load_bundle(tmp_path / "bundle").manifest.id == "clip"
