"""The process in which untrusted files are parsed: ``python -m producer_tools.child MEMORY_BYTES``.

Reads jobs from stdin, one a line, and answers on stdout; ends with stdin. What parsers print goes nowhere.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import IO

from producer_tools.companions import merge_companions
from producer_tools.errors import ArchiveError
from producer_tools.messages import JOBS, MESSAGES, Done, Found, Job, LeftOut, Message, Refused, cut, png_name
from producer_tools.pixels import brief, write_png
from producer_tools.readers import open_archive
from producer_tools.textures import Entry, Left, UnreadableImageError


def main() -> None:
    memory_bytes = int(sys.argv[1])
    answers = _take_stdout()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin.buffer:
        try:
            _parse(JOBS.validate_json(line), answers)
        except BrokenPipeError:
            return


def _take_stdout() -> IO[bytes]:
    """Return the stream to our parent, with fd 1 pointed elsewhere: parsers print."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return answers


def _parse(job: Job, answers: IO[bytes]) -> None:
    def say(message: Message) -> None:
        answers.write(MESSAGES.dump_json(message) + b"\n")

    folder = Path(job.folder)
    alpha = Path(job.alpha) if job.alpha else None
    try:
        with open_archive(job.kind, Path(job.path), alpha=alpha, limits=job.limits, scratch=folder) as found:
            for number, item in enumerate(merge_companions(found)):
                say(_left_out(item) if isinstance(item, Left) else _write(item, number, folder))
    except ArchiveError as error:
        say(Refused(cut(str(error))))
    except MemoryError:
        say(Refused("it needs more memory than AEGIS_EXTRACT_MEMORY_BYTES allows"))
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser raises is the file's fault
        say(Refused(cut(f"it cannot be read ({brief(error)})")))
    say(Done())


def _write(entry: Entry, number: int, folder: Path) -> Message:
    try:
        image = entry.load()
        write_png(image, folder / png_name(number))
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
    )


def _left_out(item: Left) -> LeftOut:
    return LeftOut(cut(item.what), cut(item.reason))


if __name__ == "__main__":
    main()
