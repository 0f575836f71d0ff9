"""Labels for images that the manifest does not name, of its packages and of added games: by rules on their paths."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from export.mini.manifest import Row, added_games

RULES: Final = Path(__file__).with_name("rules.tsv")
_IMAGES: Final = {".png", ".jpg", ".jpeg", ".tga", ".dds", ".bmp", ".pnm"}
_ARCHIVES: Final = {".zip", ".wz"}
# Glyphs and light maps teach nothing about what is drawn.
_LEFT_OUT: Final = re.compile(r"font|DejaVu|LightMap")
_ROOT: Final = re.compile(r"^usr/share/(games/)?")
_SIDE: Final = re.compile(r"(?<=[-_a-z0-9])[-_](n|s|e|w|ne|nw|se|sw|l|r|tl|tr|bl|br)(?=[-_0-9]|$)")


@dataclass(frozen=True, slots=True)
class Rule:
    """What an image is whose package is `package` (`*`: any) and whose path `pattern` finds."""

    package: str
    pattern: re.Pattern[str]
    object_types: tuple[str, ...]
    art_styles: tuple[str, ...]
    role: str

    def holds(self, package: str, path: str) -> bool:
        return self.package in {"*", package} and self.pattern.search(path) is not None


def read_rules(path: Path = RULES) -> list[Rule]:
    """Return the rules in file order: the first that holds decides."""
    rules = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            package, pattern, objects, styles, role = (line.split("\t") + [""] * 4)[:5]
            compiled = re.compile(pattern, re.IGNORECASE)
            rules.append(Rule(package, compiled, _split(objects), _split(styles), role))
    return rules


def other_rows(packages: Path, known: Sequence[Row]) -> list[Row]:
    """Return a row for each image under the unpacked `packages` that `known` lacks, sorted by path.

    Looked through are the packages of `known` and of the added games. An image that no rule knows has empty labels;
    its path still says something.
    """
    games = {row.package: row.game for row in known} | {added.package: added.game for added in added_games()}
    named = {(row.package, row.path, row.member) for row in known}
    rules = read_rules()
    rows = []
    for package, game in sorted(games.items()):
        for path, member in _images(packages / package):
            whole = f"{path}!{member}" if member else path
            if (package, path, member) not in named and not _LEFT_OUT.search(whole):
                rows.append(_row(rules, game, package, path, member))
    return rows


def family_of(package: str, path: str) -> str:
    """Return what frames and sides of one drawing share: the path without numbers and compass points."""
    folder, _, name = path.rpartition("/")
    stem = _SIDE.sub("", name.split(".")[0].lower())
    folder = "l10n" if "l10n" in folder else re.sub(r"\d+", "#", folder)
    return f"{package}:{folder}/{re.sub(r'[0-9]+', '#', stem)}"


def _row(rules: list[Rule], game: str, package: str, path: str, member: str) -> Row:
    whole = f"{path}!{member}" if member else path
    short = _ROOT.sub("", whole)
    rule = next((rule for rule in rules if rule.holds(package, short)), None)
    return Row(
        game=game,
        package=package,
        path=path,
        member=member,
        object_types=rule.object_types if rule else (),
        art_styles=rule.art_styles if rule else (),
        role=rule.role if rule else "",
        group="",
        family=family_of(package, whole),
    )


def _images(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path and archive member ("" for a file of its own) of every image below `root`, in order."""
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name = str(path.relative_to(root))
        if path.suffix.lower() in _IMAGES:
            yield name, ""
        elif path.suffix.lower() in _ARCHIVES:
            with zipfile.ZipFile(path) as archive:
                for member in sorted(archive.namelist()):
                    if Path(member).suffix.lower() in _IMAGES:
                        yield name, member


def _split(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.split("|") if part)
