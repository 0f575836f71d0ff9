"""The evaluation as one HTML file that needs nothing beside it: tables, diagrams and the worst mistakes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from export import diagrams
from export.judged import DEFAULT_CONFIDENCE, Judged
from export.pages import page, table, thumbnail

if TYPE_CHECKING:
    from export.evaluate import Evaluation

_WORST = 24


def write_report(found: Evaluation, images: Path, folder: Path) -> Path:
    """Write `index.html` into `folder` and return its path; `images` is the folder of the labelled files."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "index.html"
    target.write_text(_page(found, images), encoding="utf-8")
    return target


def _page(found: Evaluation, images: Path) -> str:
    trust = "" if found.calibrated else ' <strong class="bad">uncalibrated: confidences are no probabilities</strong>'
    sections = "".join(_section(category, found, images) for category in found.judged)
    heads = ("category", "images", "top-1", "mAP", "precision", "recall", "ECE", "Brier", "tags in an event")
    keys = ("images", "top1", "map", "precision_at_default", "recall_at_default", "ece", "brier", "tags_per_image")
    rows = [(category, *(_number(part[key]) for key in keys)) for category, part in found.report.items()]
    body = f"""
<p>{len(found.images)} labelled images, {found.precision} graph, median {found.tags_per_image_median:g} tags
in an event.{trust} Precision and recall count tags of confidence {DEFAULT_CONFIDENCE} and more; ECE is the expected
calibration error over all pairs of image and tag, in 15 bins.</p>
{table(heads, rows)}{sections}
"""
    return page(f"{found.bundle_id}: how good its tags are", body)


def _section(category: str, found: Evaluation, images: Path) -> str:
    judged, part = found.judged[category], found.report[category]
    heads = (
        "tag",
        "labelled",
        "average precision",
        "precision at 0.7",
        "recall at 0.7",
        "precision at 0.5",
        "recall at 0.5",
    )
    keys = ("average_precision", "precision_at_default", "recall_at_default", "precision_at_half", "recall_at_half")
    rows = [(name, str(tag["positives"]), *(_number(tag[key]) for key in keys)) for name, tag in part["by_tag"].items()]
    groups = [(name, str(group["images"]), _number(group["top1"])) for name, group in part["by_group"].items()]
    return f"""<h2>{escape(category)}</h2>{table(heads, rows)}
<div class="figures">
<figure>{diagrams.reliability(judged)}<figcaption>Reliability: what was said against what was true. On the line,
confidence means probability; the area of a dot is its share of the pairs.</figcaption></figure>
<figure>{diagrams.histogram(judged)}<figcaption>Confidences of true tags (above) and of wrong ones (below), shares on a
root scale.</figcaption></figure>
</div>
<h3>Confusion</h3><div class="wide">{diagrams.confusion(judged)}</div>
<p class="dim">Rows: what is true; columns: the surest tag. Shares of the row.</p>
<h3>Worst mistakes</h3><div class="sheet">{"".join(_mistakes(judged, found, images))}</div>
<details><summary>Groups</summary>{table(("group", "images", "top-1"), groups)}</details>
"""


def _mistakes(judged: Judged, found: Evaluation, images: Path) -> Iterable[str]:
    """Show the images in which the surest wrong tag stands furthest above the surest true one."""
    wrong = np.where(judged.truth | ~judged.known, -1.0, judged.confidences)
    right = np.where(judged.truth, judged.confidences, 0.0).max(axis=1)
    for at in np.argsort(right - wrong.max(axis=1))[:_WORST]:
        image, said = found.images[judged.images[at]], int(wrong[at].argmax())
        with Image.open(images / image.file) as opened:
            picture = thumbnail(opened)
        true = [name for name, is_true in zip(judged.names, judged.truth[at], strict=True) if is_true]
        yield (
            f'<div><img alt="" src="{picture}">'
            f'<p><span class="bad">{escape(judged.names[said])} {wrong[at, said]:.2f}</span><br>'
            f"is {escape(', '.join(true) or 'none of them')} {right[at]:.2f}<br>"
            f'<span class="dim">{escape(image.file)}</span></p></div>'
        )


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return "-" if math.isnan(value) else f"{value:.3f}"
