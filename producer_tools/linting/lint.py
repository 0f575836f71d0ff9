"""Looking textures over: paths to a report, parsed in child processes, one for each CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from producer_tools.errors import ArchiveError
from producer_tools.extraction.extract import parser_setup, parsers_of
from producer_tools.extraction.messages import LeftOut
from producer_tools.extraction.parser import Parsed, ParsedTexture
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.side_by_side import SideBySide
from producer_tools.extraction.walk import LeftFile, SourceFile, check_inputs, source_files
from producer_tools.linting.baseline import Baseline
from producer_tools.linting.project import LintProject
from producer_tools.linting.report import LintedTexture, LintReport, NotRead
from producer_tools.settings import ExtractSettings

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class LintRequest:
    """What to look at, and how the project judges it; ``processes`` parse side by side, 0: as settings say."""

    paths: tuple[Path, ...]
    project: LintProject
    baseline: Baseline = field(default_factory=dict)
    processes: int = 0


def lint(request: LintRequest, settings: ExtractSettings, progress: Progress = lambda _: None) -> LintReport:
    """Look over every texture of the paths; ``progress`` is told how many, as they are done.

    Blocks until all are done. The report does not depend on the number of processes.

    Raises:
        InputError: a path is not there or of no kind that is read.

    """
    check_inputs(request.paths)
    textures: list[LintedTexture] = []
    not_read: list[NotRead] = []
    setup = replace(parser_setup(request.paths, settings), looking=request.project.looking)
    with TemporaryDirectory(prefix="aegis-lint-") as folder:
        scratch = Path(folder)
        with SideBySide(parsers_of(settings, setup, scratch, request.processes), _without_png) as parsers:
            for source, items in parsers.read(source_files(request.paths, leave_out=scratch)):
                done = list(_looked_at(source, items, request))
                textures += (item for item in done if isinstance(item, LintedTexture))
                not_read += (item for item in done if isinstance(item, NotRead))
                progress(len(done))
    return LintReport(
        sorted(textures, key=lambda texture: texture.place), sorted(not_read, key=lambda left: left.place)
    )


def _without_png(item: Parsed) -> Parsed:
    """Return it as it is: nothing was written that would have to be kept."""
    return item


def _looked_at(
    source: SourceFile | LeftFile, items: Iterator[Parsed], request: LintRequest
) -> Iterator[LintedTexture | NotRead]:
    if isinstance(source, LeftFile):
        if source.reason:
            yield NotRead(source.label, source.reason, named=False)
        return
    file = _as_named(source.path)
    try:
        for item in items:
            match item:
                case LeftOut(what=what, reason=reason):
                    yield NotRead(f"{file}: {what}", reason, named=False)
                case ParsedTexture(found=found):
                    alone = source.kind is Kind.IMAGE and found.container_path is None
                    texture = LintedTexture(
                        file, None if alone else found.container_path or found.key, found.width, found.height, ()
                    )
                    known = request.baseline.get(texture.place, frozenset())
                    judged = request.project.judged(texture.place, found.findings or (), known)
                    yield replace(texture, findings=judged)
    except ArchiveError as error:
        yield NotRead(file, str(error), named=source.named)


def _as_named(path: Path) -> str:
    """Return a path as reports have it: below the current folder relative to it, with slashes."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return PurePath(path).as_posix()
