"""`aegis model export` and `pull`: from a model to a bundle."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.bundles import told
from aegis.shared.checkout import SAMPLES
from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from consumer.tagging.bundle.manifest import Colour, Manifest

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_SENTENCES = (
    *("ModelSourceError", "PullError", "LayoutError", "GraphError", "QuantisationError", "TexturesError"),
    "TargetExistsError",
)


class _Colour(click.ParamType["Colour"]):
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
        click.option("--replace", is_flag=True, help="Replace the folder if it exists."),
        click.option("--name", help="Id of the bundle, which its tags carry; derived from the source if not given."),
        click.option(
            "--licence", default="see the source of the weights", show_default=True, help="Licence of the weights."
        ),
        click.option("--taxonomy", type=_FILE, help="Taxonomy of the bundle; the one of aegis-mini if not given."),
        click.option(
            "--images",
            type=_FOLDER,
            default=SAMPLES,
            show_default="samples/",
            help="Folder of real textures to compare the exported graphs on.",
        ),
        click.option(
            "--ground",
            type=_Colour(),
            default="128,128,128",
            show_default=True,
            help="Background colour behind transparent pixels.",
        ),
        click.option(
            "--fit",
            type=click.Choice(["pad", "crop"]),
            default="pad",
            show_default=True,
            help="Method of fitting an image into the square that the model sees.",
        ),
        click.option(
            "--precision",
            "precisions",
            type=click.Choice(["fp32", "int8", "fp16"]),
            multiple=True,
            default=("fp32", "int8", "fp16"),
            show_default=True,
            help="Precision of a graph to make; fp32 is always made, and alone if it is the only one given.",
        ),
    ):
        function = option(function)
    return function


@click.command(
    cls=Verb,
    examples=(
        "aegis model export --arch ViT-B-32 --pretrained laion2b_s34b_b79k --output ./next",
        "aegis model export --arch ViT-B-32 --random-weights --output ./random",
    ),
)
@click.option(
    "--arch", required=True, help="Architecture: a name of open_clip, hf-hub:…, local-dir:…, or a config file."
)
@click.option("--pretrained", help="Name of the weights in open_clip, or a checkpoint file.")
@click.option(
    "--random-weights", is_flag=True, help="Export without trained weights, to measure speed; tags mean nothing."
)
@click.option(
    "--tokenizer", type=click.Path(exists=True, path_type=Path), help="File tokenizer.json, or the folder that has it."
)
@_shared
def export(arch: str, pretrained: str | None, *, random_weights: bool, tokenizer: Path | None, **shared: Any) -> None:
    """Export any open_clip model as a bundle; needs torch.

    Both towers become ONNX graphs, which are checked against torch and quantised.
    """
    complete = arch.startswith(("hf-hub:", "local-dir:"))
    if random_weights == bool(pretrained) and not complete:
        raise UserError("say which weights: --pretrained TAG or FILE, or --random-weights for measuring")
    try:
        from export.bundles import openclip
    except ImportError as error:
        raise UserError("exporting needs torch and open_clip: pip install 'aegis-tagger[export]'") from error
    from export.bundles.finish import finish, textures
    from export.bundles.staging import staged

    source = openclip.Source(arch, pretrained, tokenizer, shared["licence"])
    name = shared["name"] or _named(Path(arch).stem if arch.endswith(".json") else arch)
    with _sentences(), staged(shared["output"], replace=shared["replace"]) as folder:
        loaded = openclip.load(source, shared["ground"], shared["fit"])
        pixels = textures(shared["images"], loaded.image)
        draft = openclip.write_towers(loaded, source, folder, pixels, name=name)
        manifest = finish(folder, draft, shared["taxonomy"] or _own_taxonomy(), pixels, shared["precisions"])
    _tell(manifest, shared["output"])


@click.command(
    cls=Verb,
    examples=(
        "aegis model pull immich-app/ViT-B-32__openai --output ./next",
        "aegis model pull ./downloaded --logit-scale 100 --output ./next",
    ),
)
@click.argument("source", help="Folder, or repository of the hub (owner/name).")
@click.option("--text", help="Folder or repository of the text tower, if it is apart; …-text for a source …-vision.")
@click.option("--revision", help="Branch, tag or commit of the repository.")
@click.option(
    "--logit-scale", type=click.FloatRange(min=0, min_open=True), help="Logit scale of the model, with exp() applied."
)
@click.option(
    "--logit-bias", type=float, default=0.0, show_default=True, help="Logit bias of the model; SigLIP has one."
)
@_shared
def pull(
    source: str, text: str | None, revision: str | None, logit_scale: float | None, logit_bias: float, **shared: Any
) -> None:
    """Make a bundle from a CLIP model in ONNX; needs no torch.

    It reads the layouts of immich-app (visual/ and textual/), Xenova (onnx/) and Qdrant (a repository for each tower).
    """
    try:
        from export.bundles import pull as pulling
    except ImportError as error:
        raise UserError("pulling needs onnx: pip install 'aegis-tagger[pull]'") from error
    from export.bundles.finish import finish, textures
    from export.bundles.layouts import read_layout
    from export.bundles.staging import staged

    name = shared["name"] or _named(Path(source).name.removesuffix("-vision"))
    scale = None if logit_scale is None else pulling.Scale(logit_scale, logit_bias)
    with _sentences(), staged(shared["output"], replace=shared["replace"]) as folder:
        source_folder = pulling.locate(source, revision)
        words = text
        if words is None and source.endswith("-vision") and (source_folder / "model.onnx").is_file():
            words = f"{source.removesuffix('-vision')}-text"
        layout = read_layout(source_folder, pulling.locate(words, revision) if words else None)
        image = pulling.image_spec(layout, shared["ground"], shared["fit"])
        pixels = textures(shared["images"], image)
        draft = pulling.write_towers(
            folder, layout, pixels, scale, name=name, source=source, licence=shared["licence"], image=image
        )
        manifest = finish(folder, draft, shared["taxonomy"] or _own_taxonomy(), pixels, shared["precisions"])
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


def _own_taxonomy() -> Path:
    from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path

    return default_bundle_path() / TAXONOMY


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
