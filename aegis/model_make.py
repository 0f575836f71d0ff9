"""`aegis model export` and `pull`: from a model to a bundle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from aegis.bundles import told
from aegis.errors import UserError
from consumer.tagging.bundle import TAXONOMY, default_bundle_path
from consumer.tagging.manifest import Colour, Manifest

_SAMPLES = Path(__file__).resolve().parent.parent / "samples"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SENTENCES = (
    *("ModelSourceError", "PullError", "LayoutError", "GraphError", "QuantisationError", "TexturesError"),
    "TargetExistsError",
)


class _Colour(click.ParamType[Colour]):
    name = "R,G,B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Colour:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        parts = [part.strip() for part in value.split(",")]
        if len(parts) != 3 or not all(part.isdigit() and int(part) <= 255 for part in parts):
            self.fail(f"{value!r} is no colour: write three numbers from 0 to 255, as 128,128,128", param, ctx)
        return int(parts[0]), int(parts[1]), int(parts[2])


def _shared(function: Any) -> Any:
    """Add the options that both ways to a bundle have."""
    for option in (
        click.option("--output", type=click.Path(path_type=Path), required=True, help="Folder of the new bundle."),
        click.option("--replace", is_flag=True, help="Replace the folder where it is there."),
        click.option("--name", help="Id of the bundle, which tags carry; default: made of the source."),
        click.option("--licence", default="see the source of the weights", show_default=True),
        click.option("--taxonomy", type=_FILE, default=default_bundle_path() / TAXONOMY, help="Default: ours."),
        click.option(
            "--images", type=_FOLDER, default=_SAMPLES, help="Real textures to compare on; default: samples/."
        ),
        click.option("--ground", type=_Colour(), default="128,128,128", show_default=True, help="Behind transparency."),
        click.option("--fit", type=click.Choice(["pad", "crop"]), default="pad", show_default=True),
        click.option(
            "--precision",
            "precisions",
            type=click.Choice(["fp32", "int8", "fp16"]),
            multiple=True,
            default=("fp32", "int8", "fp16"),
            show_default=True,
            help="fp32 is always there; give it alone for no other.",
        ),
    ):
        function = option(function)
    return function


@click.command()
@click.option("--arch", required=True, help="Architecture of open_clip, hf-hub:…, local-dir:…, or a config file.")
@click.option("--pretrained", help="Tag of open_clip's weights, or a checkpoint file.")
@click.option("--random-weights", is_flag=True, help="Export untrained: for measuring, its tags mean nothing.")
@click.option("--tokenizer", type=click.Path(exists=True, path_type=Path), help="tokenizer.json, or its folder.")
@_shared
def export(arch: str, pretrained: str | None, *, random_weights: bool, tokenizer: Path | None, **shared: Any) -> None:
    """Export any open_clip model as a bundle: both towers as ONNX, checked against torch, quantised. Needs torch."""
    complete = arch.startswith(("hf-hub:", "local-dir:"))
    if random_weights == bool(pretrained) and not complete:
        raise UserError("say which weights: --pretrained TAG or FILE, or --random-weights for measuring")
    try:
        from export import openclip  # noqa: PLC0415 - torch
    except ImportError as error:
        raise UserError("exporting needs torch and open_clip: pip install 'aegis-tagger[export]'") from error
    from export.finish import finish, textures  # noqa: PLC0415 - heavy
    from export.staging import staged  # noqa: PLC0415 - with the above

    source = openclip.Source(arch, pretrained, tokenizer, shared["licence"])
    name = shared["name"] or _named(Path(arch).stem if arch.endswith(".json") else arch)
    with _sentences(), staged(shared["output"], replace=shared["replace"]) as folder:
        loaded = openclip.load(source, shared["ground"], shared["fit"])
        pixels = textures(shared["images"], loaded.image)
        draft = openclip.write_towers(loaded, source, folder, pixels, name=name)
        manifest = finish(folder, draft, shared["taxonomy"], pixels, shared["precisions"])
    _tell(manifest, shared["output"])


@click.command()
@click.argument("source")
@click.option("--text", help="Folder or repository of the text tower, where it lies apart; default: …-vision's …-text.")
@click.option("--revision", help="Branch, tag or commit of the repository.")
@click.option("--logit-scale", type=click.FloatRange(min=0, min_open=True), help="The model's own, exp() applied.")
@click.option("--logit-bias", type=float, default=0.0, help="The model's own; SigLIP has one.")
@_shared
def pull(
    source: str, text: str | None, revision: str | None, logit_scale: float | None, logit_bias: float, **shared: Any
) -> None:
    """Make a bundle of an ONNX CLIP in SOURCE, a folder or a hub repository (owner/name). No torch.

    Read are immich-app's visual/ + textual/, Xenova's onnx/, and Qdrant's pairs of vision and text.
    """
    try:
        from export import pull as pulling  # noqa: PLC0415 - onnx
    except ImportError as error:
        raise UserError("pulling needs onnx: pip install 'aegis-tagger[pull]'") from error
    from export.finish import finish, textures  # noqa: PLC0415 - heavy
    from export.layouts import read_layout  # noqa: PLC0415 - with the above
    from export.staging import staged  # noqa: PLC0415 - with the above

    name = shared["name"] or _named(Path(source).name.removesuffix("-vision"))
    scale = None if logit_scale is None else pulling.Scale(logit_scale, logit_bias)
    with _sentences(), staged(shared["output"], replace=shared["replace"]) as folder:
        found = pulling.locate(source, revision)
        words = text
        if words is None and source.endswith("-vision") and (found / "model.onnx").is_file():
            words = f"{source.removesuffix('-vision')}-text"
        layout = read_layout(found, pulling.locate(words, revision) if words else None)
        image = pulling.image_spec(layout, shared["ground"], shared["fit"])
        pixels = textures(shared["images"], image)
        draft = pulling.write_towers(
            folder, layout, pixels, scale, name=name, source=source, licence=shared["licence"], image=image
        )
        manifest = finish(folder, draft, shared["taxonomy"], pixels, shared["precisions"])
    _tell(manifest, shared["output"])


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what `export` refuses into one sentence; its modules are imported only when they are needed."""
    try:
        with told():
            yield
    except Exception as error:
        if type(error).__name__ not in _SENTENCES:
            raise
        raise UserError(str(error)) from error


def _named(source: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", source.lower().removeprefix("hf-hub:").removeprefix("local-dir:")).strip("-")


def _tell(manifest: Manifest, output: Path) -> None:
    click.echo(f"{output}: {manifest.id}, {manifest.dim} numbers, {', '.join(sorted(manifest.graphs))}")
    for name, value in sorted(manifest.metrics.items()):
        click.echo(f"  {name} {value:g}")
    for precision, variant in sorted(manifest.variants.items()):
        stayed = f", {len(variant.fp32_layers)} layers stay fp32" if variant.fp32_layers else ""
        click.echo(f"  {precision} against fp32: cosine {variant.least_cosine:.5f} at least{stayed}")
    click.echo(f"uncalibrated; now fit its confidences: aegis model calibrate {output} --labels … --images …")
