"""How many of the first ten answers are right, of thirty questions as people type them; it needs labelled textures.

    python -m benchmarks.questions --labels labels.csv --images DIR

A PostgreSQL of its own holds the samples and the labelled textures, tagged by the built-in model. Each question is
asked as `aegis search WORDS` asks it, and as it asked it before names and tags counted: by looks alone. What is right
was judged by looking at the answers: judged.csv says of each whether somebody who types this would take it. An answer
that nobody looked at counts as wrong, and `unjudged` tells of it; --sheets DIR draws those, with rows to fill in.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Final

import click

from benchmarks.questions.judged import DEPTH, Judged, judgements
from benchmarks.questions.library import store, textures
from benchmarks.questions.sheets import draw_sheet
from benchmarks.support.figures import Figure, report
from consumer.gateway.page.words import TextTower
from consumer.searching.finder import Finder, Question
from consumer.storage.tables.likeness import LikeQuery, nearest
from consumer.storage.tables.reads import TagReader
from consumer.tagging.bundle.bundle import Bundle, default_bundle_path, load_bundle
from consumer.tagging.bundle.vocabulary import Vocabulary
from devstack import Stack
from schemas.connections import DatabaseConnection

# Names, tags, synonyms of tags, several words, inflections, and words that are misspelt.
QUESTIONS: Final = (
    *("sword", "door", "palm tree", "laser rifle", "roof", "barrel", "checkbox", "lava", "snow", "flower"),
    *("vehicle", "normal map", "ui element", "gun", "spaceship", "monster", "explosion", "foliage", "soldier"),
    *("wooden crate", "stone wall", "tree bark", "health icon", "red button", "blue sky", "kart wheel"),
    *("water", "grass", "weapn", "castel"),
)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Answers:
    """The ids of the first ten answers to a question, best first."""

    before: Sequence[str]
    after: Sequence[str]


@click.command()
@click.option("--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--images", type=FOLDER, required=True)
@click.option("--sheets", type=click.Path(file_okay=False, path_type=Path), help="Folder for pictures of the answers.")
@click.option("--again", is_flag=True, help="Draw the answers that were judged, too.")
def main(labels: Path, images: Path, sheets: Path | None, *, again: bool) -> None:
    """Measure and report."""
    library = textures(labels, images)
    bundle = load_bundle(default_bundle_path())
    with tempfile.TemporaryDirectory(prefix="aegis-questions-") as folder:
        stack = Stack(Path(folder) / "stack")
        stack.start("postgres")
        try:
            (postgres,) = [item for item in stack.components if item.name == "postgres"]
            database = DatabaseConnection(dsn=postgres.variables(stack.state())["AEGIS_PG_DSN"])
            asyncio.run(store(library, bundle, database))
            answers = asyncio.run(_ask(database, bundle))
        finally:
            stack.reset()
    judged = judgements()
    files = {texture.asset_id: texture.path for texture in library}
    if sheets is not None:
        for question, found in answers.items():
            said = {} if again else judged.get(question, Judged({})).right
            # In the order of their ids, so that whoever judges does not know which search gave them.
            drawn = sorted({*found.before, *found.after} - said.keys())
            draw_sheet(question, drawn, files, sheets)
    _tell(answers, judged)
    report("questions", _figures(answers, judged, list(files)))


async def _ask(database: DatabaseConnection, bundle: Bundle) -> dict[str, Answers]:
    tower = TextTower.of(bundle)
    if tower is None:
        raise click.ClickException(f"the bundle {bundle.manifest.id} has no text tower")
    async with await TagReader.open(database) as reader:
        find = Finder(reader, Vocabulary.of(bundle.vocabulary), tower)
        answers = {}
        for question in QUESTIONS:
            looks = await nearest(reader, LikeQuery(tower(question), tower.model_digest, DEPTH))
            findings = await find(Question(question, limit=DEPTH))
            answers[question] = Answers(list(looks), [found.asset.asset_id for found in findings.found])
    return answers


def _tell(answers: dict[str, Answers], judged: dict[str, Judged]) -> None:
    """Print a table of Markdown: of each question the right ones of its first answers."""
    click.echo("| question | before | now | right, as far as looked at |\n|---|---|---|---|")
    for question, found in answers.items():
        said = judged.get(question, Judged({}))
        before, after = (f"{said.precision(shown):.1f}" for shown in (found.before, found.after))
        click.echo(f"| {question} | {before} | {after} | {said.known} |")


def _figures(answers: dict[str, Answers], judged: dict[str, Judged], asset_ids: Sequence[str]) -> list[Figure]:
    said = {question: judged.get(question, Judged({})) for question in answers}
    before = mean(said[question].precision(found.before) for question, found in answers.items())
    after = mean(said[question].precision(found.after) for question, found in answers.items())
    unjudged = sum(
        len({*said[question].unjudged(found.before), *said[question].unjudged(found.after)})
        for question, found in answers.items()
    )
    named = {asset_id for asset_id in asset_ids if "sword" in asset_id.lower()}
    first = sum(answer in named for answer in answers["sword"].after[: len(named)])
    return [
        Figure("textures", len(asset_ids), "textures", None, "higher"),
        Figure("questions", len(answers), "questions", None, "higher"),
        Figure("before.precision_at_10", before, "", None, "higher"),
        Figure("precision_at_10", after, "", None, "higher"),
        Figure("named_sword_and_first", first / min(len(named), DEPTH), "", 1, "higher"),
        Figure("unjudged", unjudged, "answers", 0, "lower"),
    ]


if __name__ == "__main__":
    main()
