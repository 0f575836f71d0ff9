"""What events would carry, as a section of the report: how much is right, what stands everywhere, the worst of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from export.evaluation.published import mistakes, tags_of
from export.reports.pages import number, thumbnail

if TYPE_CHECKING:
    from export.evaluation.evaluate import Evaluation

_WORST: Final = 48


def published_section(found: Evaluation, images: Path) -> dict[str, Any]:
    """Return what the template shows; `images` is the folder of the labelled files."""
    published = found.published
    return {
        "tags_per_asset": number(published["tags_per_asset"]),
        "precision": number(published["precision"]),
        "judged": published["judged"],
        "without_tags": published["assets_without_tags"],
        "games": [
            (game, *(number(row[key]) for key in ("images", "tags_per_asset", "judged", "precision")))
            for game, row in published["by_game"].items()
        ],
        "sets": [
            (category, _sets(part["candidates"])) for category, part in found.report.items() if part["candidates"]
        ],
        "everywhere": [(tag, number(share)) for tag, share in published["everywhere"].items()],
        "often_wrong": [(place, number(share)) for place, share in published["often_wrong"].items()],
        "worst": list(_worst(found, images)),
    }


def _sets(sets: dict[str, Any]) -> list[tuple[str, str, str]]:
    rows = [(game, number(row["coverage"]), number(row["size"])) for game, row in sets["by_game"].items()]
    return [*rows, ("all games alike", number(sets["coverage"]), number(sets["size"]))]


def _worst(found: Evaluation, images: Path) -> Iterator[dict[str, str]]:
    """Show each image once, with its surest wrong tag and all that is published of it."""
    shown: set[int] = set()
    for mistake in mistakes(found.tags):
        if mistake.image in shown:
            continue
        shown.add(mistake.image)
        image = found.images[mistake.image]
        with Image.open(images / image.file) as opened:
            picture = thumbnail(opened)
        yield {
            "picture": picture,
            "wrong": f"{mistake.tag} {mistake.confidence:.2f}",
            "tags": ", ".join(f"{tag} {confidence:.2f}" for tag, confidence in tags_of(found.tags, mistake.image)),
            "file": image.file,
        }
        if len(shown) == _WORST:
            return
