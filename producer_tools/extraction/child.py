"""The process in which untrusted files are parsed: ``python -m producer_tools.extraction.child MEMORY_BYTES``.

Reads jobs from stdin, one a line, and answers on stdout; ends with stdin. What parsers print goes nowhere.
"""

from __future__ import annotations

import os
import resource
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from producer_tools.errors import ArchiveError
from producer_tools.extraction.companions import merge_companions
from producer_tools.extraction.looking import findings_of
from producer_tools.extraction.messages import (
    JOBS,
    MESSAGES,
    SETUPS,
    Done,
    Found,
    Job,
    LeftOut,
    Looking,
    Message,
    PassedOver,
    Refused,
    cut,
    png_name,
)
from producer_tools.extraction.pixels import brief, facts_of, origin_of, write_png
from producer_tools.extraction.readers import open_archive
from producer_tools.extraction.readers.known import kind_of_other
from producer_tools.extraction.readers.sniff import Kind
from producer_tools.extraction.textures import EmptyTextureError, Entry, Left, Other, Series, UnreadableImageError
from producer_tools.extraction.unity.reader import UnityReader


def main() -> None:
    memory_bytes = int(sys.argv[1])
    answers = _take_stdout()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unity: UnityReader | None = None
    for line in sys.stdin.buffer:
        try:
            if unity is None:
                setup = SETUPS.validate_json(line)
                unity = UnityReader([Path(path) for path in setup.named], setup.unity)
            else:
                _parse(JOBS.validate_json(line), answers, unity, setup.looking)
        except BrokenPipeError:
            return


def _take_stdout() -> IO[bytes]:
    """Return the stream to our parent, with fd 1 pointed elsewhere: parsers print."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return answers


class _Report:
    """Says what a job comes to, and counts what is not told of one by one."""

    def __init__(self, answers: IO[bytes], job: Job, looking: Looking | None) -> None:
        self._answers = answers
        self._job = job
        self._looking = looking
        self._others: Counter[str] = Counter()
        self._empty = 0

    def say(self, message: Message) -> None:
        self._answers.write(MESSAGES.dump_json(message) + b"\n")

    def take(self, item: Entry | Left | Other, number: int) -> None:
        match item:
            case Other(what=what):
                self._others[kind_of_other(what)] += 1
            case Left(what=what, reason=reason):
                self.say(LeftOut(cut(what), cut(reason)))
            case Entry():
                try:
                    self.say(_taken(item, number, self._job, self._looking))
                except EmptyTextureError:
                    self._empty += 1

    def end(self) -> None:
        if self._empty:
            reason = "have no pixels, as those of fonts that are drawn while the game runs"
            self.say(LeftOut(f"{self._empty} textures", reason))
        for kind, count in self._others.items():
            self.say(PassedOver(kind, count))
        self.say(Done())


def _parse(job: Job, answers: IO[bytes], unity: UnityReader, looking: Looking | None) -> None:
    report = _Report(answers, job, looking)
    if job.is_careful:
        unity.read_in_python()
    try:
        with open_archive(
            job.kind,
            Path(job.path),
            alpha=Path(job.alpha) if job.alpha else None,
            parts=[Path(part) for part in job.parts],
            limits=job.limits,
            scratch=Path(job.folder),
            unity=unity,
        ) as items:
            for number, item in enumerate(_in_a_row(merge_companions(items))):
                if number > job.after or not isinstance(item, Entry):
                    report.take(item, number)
    except ArchiveError as error:
        report.say(Refused(cut(str(error))))
    except MemoryError:
        report.say(Refused("it needs more memory than AEGIS_EXTRACT_MEMORY_BYTES allows"))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is the file's fault
        report.say(Refused(cut(f"it cannot be read ({brief(error)})")))
    report.end()


def _taken(entry: Entry, number: int, job: Job, looking: Looking | None) -> Message:
    """Write the texture, or look it over."""
    findings = None
    try:
        image = entry.load()
        if looking is None:
            write_png(image, Path(job.folder) / png_name(number))
        else:
            findings = findings_of(image, _place(entry, job), looking)
    except EmptyTextureError:
        raise
    except UnreadableImageError as error:
        return LeftOut(cut(entry.container_path or entry.name), cut(str(error)))
    except MemoryError:
        return LeftOut(cut(entry.container_path or entry.name), "needs more memory than AEGIS_EXTRACT_MEMORY_BYTES")
    except (ValueError, ArithmeticError, LookupError, TypeError) as error:
        return LeftOut(cut(entry.container_path or entry.name), cut(f"cannot be decoded ({brief(error)})"))
    return Found(
        number=number,
        key=cut(entry.key),
        name=cut(entry.name),
        source_type=entry.source_type,
        container_path=cut(entry.container_path) if entry.container_path else None,
        engine=entry.engine[:255] if entry.engine else None,
        width=image.width,
        height=image.height,
        mode=image.mode,
        facts=facts_of(image),
        origin=origin_of(image),
        findings=findings,
    )


def _place(entry: Entry, job: Job) -> str:
    """Return what the texture is called, with its folders where it has them."""
    if job.kind is not Kind.IMAGE:
        return entry.container_path or entry.name
    return str(PurePosixPath(Path(job.path).name) / (entry.container_path or ""))


def _in_a_row(items: Iterable[Entry | Left | Other | Series]) -> Iterator[Entry | Left | Other]:
    for item in items:
        if isinstance(item, Series):
            yield from _in_a_row(item.items())
        else:
            yield item


if __name__ == "__main__":
    main()
