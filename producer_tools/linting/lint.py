"""Looking textures over: paths to a report, parsed in child processes, one for each CPU."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from producer_tools.errors import ArchiveError
from producer_tools.extraction.extract import parser_limits, parser_setup
from producer_tools.extraction.messages import LeftOut
from producer_tools.extraction.parser import ParsedTexture, Parser
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.walk import LeftFile, SourceFile, check_inputs, source_files
from producer_tools.linting.baseline import Baseline
from producer_tools.linting.project import LintProject
from producer_tools.linting.report import LintedTexture, LintReport, NotRead
from producer_tools.settings import ExtractSettings

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class LintRequest:
    """What to look at, and how the project judges it; ``processes`` parse files beside each other."""

    paths: tuple[Path, ...]
    project: LintProject
    baseline: Baseline = field(default_factory=dict)
    processes: int = 1


def lint(request: LintRequest, settings: ExtractSettings, progress: Progress = lambda _: None) -> LintReport:
    """Look over every texture of the paths; ``progress`` is told how many, as they are done.

    Blocks until all are done. The report does not depend on the number of processes.

    Raises:
        InputError: a path is not there or of no kind that is read.

    """
    check_inputs(request.paths)
    textures: list[LintedTexture] = []
    not_read: list[NotRead] = []
    with TemporaryDirectory(prefix="aegis-lint-") as scratch:
        linting = _Linting(request, settings, Path(scratch))
        with linting.parsers(), ThreadPoolExecutor(request.processes) as threads:
            sources = list(source_files(request.paths, leave_out=Path(scratch)))
            for looked_at in threads.map(linting.of_source, sources):
                textures += (item for item in looked_at if isinstance(item, LintedTexture))
                not_read += (item for item in looked_at if isinstance(item, NotRead))
                progress(len(looked_at))
    return LintReport(
        sorted(textures, key=lambda texture: texture.place), sorted(not_read, key=lambda left: left.place)
    )


class _Linting:
    """Has a parser for each process; whoever looks at a file borrows one."""

    def __init__(self, request: LintRequest, settings: ExtractSettings, scratch: Path) -> None:
        self._request = request
        self._settings = settings
        self._scratch = scratch
        self._idle: queue.SimpleQueue[Parser] = queue.SimpleQueue()

    @contextmanager
    def parsers(self) -> Iterator[None]:
        setup = replace(parser_setup(self._request.paths, self._settings), looking=self._request.project.looking)
        with ExitStack() as stack:
            for _ in range(self._request.processes):
                self._idle.put(stack.enter_context(Parser(parser_limits(self._settings), self._scratch, setup)))
            yield

    def of_source(self, source: SourceFile | LeftFile) -> Sequence[LintedTexture | NotRead]:
        if isinstance(source, LeftFile):
            return [NotRead(source.label, source.reason, named=False)] if source.reason else []
        parser = self._idle.get()
        try:
            return list(self._textures(source, parser))
        finally:
            self._idle.put(parser)

    def _textures(self, source: SourceFile, parser: Parser) -> Iterator[LintedTexture | NotRead]:
        file = _as_named(source.path)
        try:
            for item in parser.read(source.path, source.kind, source.alpha, source.parts):
                match item:
                    case LeftOut(what=what, reason=reason):
                        yield NotRead(f"{file}: {what}", reason, named=False)
                    case ParsedTexture(found=found):
                        alone = source.kind is Kind.IMAGE and found.container_path is None
                        texture = LintedTexture(
                            file, None if alone else found.container_path or found.key, found.width, found.height, ()
                        )
                        known = self._request.baseline.get(texture.place, frozenset())
                        judged = self._request.project.judged(texture.place, found.findings or (), known)
                        yield replace(texture, findings=judged)
        except ArchiveError as error:
            yield NotRead(file, str(error), named=source.named)


def _as_named(path: Path) -> str:
    """Return a path as reports have it: below the current folder relative to it, with slashes."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return PurePath(path).as_posix()
