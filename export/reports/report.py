"""The evaluation as one HTML file that needs nothing beside it: tables, diagrams and the worst mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from export.evaluation.judged import DEFAULT_CONFIDENCE, Judged
from export.reports import diagrams
from export.reports.pages import number, page, thumbnail
from export.reports.published_section import published_section

if TYPE_CHECKING:
    from export.evaluation.evaluate import Evaluation

_WORST = 24
_COLUMNS = {
    "images": "images",
    "top-1": "top1",
    "with names": "top1_with_names",
    "mAP": "map",
    "precision": "precision_published",
    "recall": "recall_published",
    "at 0.7": "precision_at_default",
    "recall at 0.7": "recall_at_default",
    "ECE": "ece",
    "Brier": "brier",
    "tags in an event": "tags_per_image",
}
_TAG_COLUMNS = {
    "labelled": "positives",
    "average precision": "average_precision",
    "published": "published",
    "precision": "precision_published",
    "recall": "recall_published",
    "precision at 0.7": "precision_at_default",
    "recall at 0.7": "recall_at_default",
}


def write_report(found: Evaluation, images: Path, folder: Path) -> Path:
    """Write `index.html` into `folder` and return its path; `images` is the folder of the labelled files."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "index.html"
    target.write_text(_page(found, images), encoding="utf-8")
    return target


def _page(found: Evaluation, images: Path) -> str:
    return page(
        "evaluation.html",
        f"{found.bundle_id}: how good its tags are",
        found=found,
        default_confidence=DEFAULT_CONFIDENCE,
        heads=("category", *_COLUMNS),
        rows=[(category, *(number(part[key]) for key in _COLUMNS.values())) for category, part in found.report.items()],
        published=published_section(found, images),
        sections=[_section(category, found, images) for category in found.judged],
    )


def _section(category: str, found: Evaluation, images: Path) -> dict[str, Any]:
    judged, part = found.judged[category], found.report[category]
    return {
        "category": category,
        "heads": ("tag", *_TAG_COLUMNS),
        "rows": [(name, *(number(tag[key]) for key in _TAG_COLUMNS.values())) for name, tag in part["by_tag"].items()],
        "groups": [(name, str(group["images"]), number(group["top1"])) for name, group in part["by_group"].items()],
        "reliability": diagrams.reliability(judged),
        "histogram": diagrams.histogram(judged),
        "confusion": diagrams.confusion(judged),
        "mistakes": list(_mistakes(judged, found, images)),
    }


def _mistakes(judged: Judged, found: Evaluation, images: Path) -> Iterator[dict[str, str]]:
    """Show the images in which the surest wrong tag stands furthest above the surest true one."""
    wrong = np.where(judged.truth | ~judged.known, -1.0, judged.confidences)
    right = np.where(judged.truth, judged.confidences, 0.0).max(axis=1)
    for at in np.argsort(right - wrong.max(axis=1))[:_WORST]:
        image, said = found.images[judged.images[at]], int(wrong[at].argmax())
        with Image.open(images / image.file) as opened:
            picture = thumbnail(opened)
        true = [name for name, is_true in zip(judged.names, judged.truth[at], strict=True) if is_true]
        yield {
            "picture": picture,
            "said": f"{judged.names[said]} {wrong[at, said]:.2f}",
            "truth": f"{', '.join(true) or 'none of them'} {right[at]:.2f}",
            "file": image.file,
        }
