"""How close exported and quantised graphs stay to torch, with random weights; run by hand, since it takes long.

    nice -n 19 python -m benchmarks.export_parity

Random weights show whether a graph computes what torch computes; what int8 does to trained weights, whose activations
have outliers, every export measures and records in its bundle. Takes some minutes and 6 GB.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, processors

from benchmarks.support.figures import Figure, report
from benchmarks.support.images import SAMPLES
from consumer.tagging.bundle.bundle import TAXONOMY, default_bundle_path
from export.bundles.finish import finish, textures
from export.bundles.openclip import LARGEST_DIFFERENCE, Source, load, write_towers
from export.graphs.quantise import LEAST_COSINE

# SigLIP's tokenizer comes from a hub; which ids a text has does not matter to parity.
ARCHITECTURES = {"ViT-B-32": False, "ViT-L-14": False, "ViT-B-16-SigLIP": True}
TEXTURES = 16


def main() -> None:
    """Export each architecture and report."""
    figures = []
    for arch, own_tokenizer in ARCHITECTURES.items():
        with tempfile.TemporaryDirectory(prefix="aegis-export-") as scratch:
            figures += _measured(arch, Path(scratch), own_tokenizer=own_tokenizer)
        report("export", figures)


def _measured(arch: str, folder: Path, *, own_tokenizer: bool) -> list[Figure]:
    tokenizer = _any_tokenizer(folder) if own_tokenizer else None
    source = Source(arch, None, tokenizer)
    loaded = load(source, (128, 128, 128), "pad")
    pixels = textures(SAMPLES, loaded.image)[:: 64 // TEXTURES]
    bundle = folder / "bundle"
    bundle.mkdir()
    draft = write_towers(loaded, source, bundle, pixels, name=arch.lower())
    manifest = finish(bundle, draft, default_bundle_path() / TAXONOMY, pixels, ("int8", "fp16"))
    figures = [
        Figure(
            f"{arch}.{tower}_max_abs_diff", manifest.metrics[f"{tower}_max_abs_diff"], "", LARGEST_DIFFERENCE, "lower"
        )
        for tower in ("visual", "textual")
    ]
    for precision, variant in manifest.variants.items():
        figures.append(Figure(f"{arch}.{precision}_least_cosine", variant.least_cosine, "", LEAST_COSINE, "higher"))
        figures.append(Figure(f"{arch}.{precision}_fp32_layers", len(variant.fp32_layers), "layers", None, "lower"))
    agreements = {name: value for name, value in manifest.metrics.items() if "agreement" in name}
    figures += [Figure(f"{arch}.{name}", value, "", None, "higher") for name, value in sorted(agreements.items())]
    sizes = {name: (bundle / name).stat().st_size / 1e6 for name in manifest.graphs.values()}
    return [*figures, *(Figure(f"{arch}.{name}", round(size, 1), "MB", None, "lower") for name, size in sizes.items())]


def _any_tokenizer(folder: Path) -> Path:
    vocabulary = {"<pad>": 0, "</s>": 1, "<unk>": 2, **{chr(at): at for at in range(32, 127)}}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106 - no password
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    made.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


if __name__ == "__main__":
    main()
