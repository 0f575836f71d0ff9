"""How many findings in textures of real games are right, by the eyes of somebody who looked at each.

    python -m benchmarks.findings.looked_at --set eval_dev DIR --set megaglest-data DIR

verdicts.csv has a line for each texture and finding that was looked at: a set of textures, the path in it (of a member
of an archive: archive!member), and whether the finding was right, wrong, or could not be decided. Sets that are not
given are passed over. What a check no longer tells counts in a column of its own: it was mended, or lost.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from consumer.findings.registry import BY_ID, CHECKS
from producer_tools.linting.lint import LintRequest, lint
from producer_tools.linting.project import LintProject
from producer_tools.settings import ExtractSettings

VERDICTS: Final = Path(__file__).parent / "verdicts.csv"
_WORDS: Final = ("right", "wrong", "undecided")

# A set and a path in it, and the name of a finding.
Place = tuple[str, str]
Found = Mapping[Place, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody said of one finding of one texture."""

    place: Place
    finding: str
    verdict: str


def read_verdicts(path: Path = VERDICTS) -> list[Verdict]:
    """Return the verdicts of a file; raises ValueError where a word or a finding is unknown."""
    with path.open(encoding="utf-8", newline="") as lines:
        verdicts = [
            Verdict((row["set"], row["texture"]), row["finding"], row["verdict"]) for row in csv.DictReader(lines)
        ]
    names = {check.name for check in CHECKS}
    for item in verdicts:
        if item.verdict not in _WORDS or item.finding not in names:
            raise ValueError(f"{path.name}: {item.finding} of {item.place} is said to be {item.verdict}")
    return verdicts


def tally(verdicts: Iterable[Verdict], found: Found) -> dict[str, Counter[str]]:
    """Count the verdicts by finding; "told no more" are those that the checks no longer give, whatever was said."""
    counts: dict[str, Counter[str]] = {}
    for item in verdicts:
        still = item.finding in found.get(item.place, frozenset())
        counts.setdefault(item.finding, Counter())[item.verdict if still else f"{item.verdict}, told no more"] += 1
    return counts


def find(name: str, folder: Path, verdicts: Iterable[Verdict]) -> dict[Place, frozenset[str]]:
    """Return what `aegis lint` finds in the files of a set of which something was said, as far as they are there."""
    said = {item.place[1].partition("!")[0] for item in verdicts if item.place[0] == name}
    paths = tuple(path for path in (folder / file for file in sorted(said)) if path.is_file())
    if not paths:
        return {}
    report = lint(LintRequest(paths, LintProject(), processes=1), ExtractSettings())
    found: dict[Place, frozenset[str]] = {}
    for texture in report.textures:
        path = Path(texture.file).resolve().relative_to(folder.resolve()).as_posix()
        place = (name, path if texture.member is None else f"{path}!{texture.member}")
        found[place] = found.get(place, frozenset()) | {BY_ID[item.id].name for item in texture.findings}
    return found


@click.command()
@click.option(
    "--set", "sets", type=(str, click.Path(exists=True, file_okay=False, path_type=Path)), multiple=True, required=True
)
def main(sets: Sequence[tuple[str, Path]]) -> None:
    """Look the sets over and print how many of the findings that were looked at are right."""
    given = {name for name, _ in sets}
    verdicts = [item for item in read_verdicts() if item.place[0] in given]
    found: dict[Place, frozenset[str]] = {}
    for name, folder in sets:
        found.update(find(name, folder, verdicts))
    counts = tally(verdicts, found)
    columns = (*_WORDS, *(f"{word}, told no more" for word in _WORDS))
    table = Table("finding", *columns, title=f"{len(verdicts)} findings that were looked at")
    for check in CHECKS:
        if check.name in counts:
            table.add_row(check.name, *(str(counts[check.name][column]) for column in columns))
    Console().print(table)


if __name__ == "__main__":
    main()
