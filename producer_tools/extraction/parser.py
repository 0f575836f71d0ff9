"""Parsing untrusted files in a child process: a crash, a hang or a bomb there is one sentence here."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from pydantic import ValidationError

from producer_tools.errors import ArchiveError
from producer_tools.extraction.limits import ReadLimits
from producer_tools.extraction.messages import (
    JOBS,
    MAX_LINE_BYTES,
    MESSAGES,
    SETUPS,
    Done,
    Found,
    Job,
    LeftOut,
    Message,
    PassedOver,
    Refused,
    Setup,
    png_name,
)
from producer_tools.extraction.readers.sniff import Kind

_READ_BYTES: Final = 65_536
_CRASHES: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})
# What the child needs of our environment; connection settings and their secrets stay here.
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What the child may use: address space in all, silence, and time an archive."""

    read: ReadLimits
    memory_bytes: int
    idle_seconds: float
    archive_seconds: float


@dataclass(frozen=True, slots=True)
class ParsedTexture:
    """A texture as PNG at ``png``, which the next step of the iteration removes unless it was moved away."""

    found: Found
    png: Path


Parsed = ParsedTexture | LeftOut | PassedOver


class _ChildLostError(Exception):
    """The child died or fell silent; the message says which, to go after "the process that parsed it"."""


class _ChildCrashedError(_ChildLostError):
    """Native code made a mistake with the file."""


class Parser:
    """Reads files one after the other in a child that is started again whenever a file took it down."""

    def __init__(self, limits: ParserLimits, scratch: Path, setup: Setup | None = None) -> None:
        """Starts no child yet.

        Args:
            limits: for the child.
            scratch: folder for PNGs on their way, on the file system where they go.
            setup: what holds for all files.

        """
        self._limits = limits
        self._scratch = scratch
        self._setup = SETUPS.dump_json(setup or Setup()) + b"\n"
        self._child: subprocess.Popen[bytes] | None = None
        self._pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, path: Path, kind: Kind, alpha: Path | None = None, parts: Sequence[Path] = ()) -> Generator[Parsed]:
        """Yield what the file holds, as it is decoded.

        Raises:
            ArchiveError: the file cannot be read (further); what was yielded before is good.

        """
        folder = Path(tempfile.mkdtemp(dir=self._scratch))
        try:
            job = Job(
                path=str(path.absolute()),
                kind=kind,
                folder=str(folder.absolute()),
                limits=self._limits.read,
                alpha=str(alpha.absolute()) if alpha else None,
                parts=tuple(str(part.absolute()) for part in parts),
            )
            yield from self._read_to_the_end(job)
        except _ChildLostError as lost:
            raise ArchiveError(f"the process that parsed it {lost}") from lost
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _read_to_the_end(self, job: Job) -> Iterator[Parsed]:
        """Read a file, and the rest of it without native code where that crashes: one bad object takes no others."""
        said: set[LeftOut] = set()
        last = -1
        try:
            for parsed in self._read(job):
                if isinstance(parsed, ParsedTexture):
                    last = parsed.found.number
                elif isinstance(parsed, LeftOut):
                    said.add(parsed)
                yield parsed
        except _ChildCrashedError:
            if job.kind is Kind.IMAGE:
                raise
        else:
            return
        try:
            for parsed in self._read(replace(job, is_careful=True, after=last)):
                if parsed not in said:
                    yield parsed
        finally:
            # The next file is read by native code again.
            self._stop()

    def _read(self, job: Job) -> Iterator[Parsed]:
        answering = False
        try:
            self._send(JOBS.dump_json(job) + b"\n")
            seconds_left = self._limits.archive_seconds
            while True:
                started = time.monotonic()
                message = self._receive(min(self._limits.idle_seconds, seconds_left))
                seconds_left = max(0.0, seconds_left - (time.monotonic() - started))
                match message:
                    case Done():
                        answering = True
                        return
                    case Refused(reason=reason):
                        raise ArchiveError(reason)
                    case LeftOut() | PassedOver():
                        yield message
                    case Found(number=number):
                        png = Path(job.folder) / png_name(number)
                        yield ParsedTexture(message, png)
                        png.unlink(missing_ok=True)
        finally:
            # A child in the middle of a file cannot take the next one.
            if not answering:
                self._stop()

    def _send(self, line: bytes) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            child, line = self._start(), self._setup + line
        assert child.stdin is not None
        try:
            child.stdin.write(line)
            child.stdin.flush()
        except BrokenPipeError as error:
            raise _ended(child) from error

    def _start(self) -> subprocess.Popen[bytes]:
        self._pending = b""
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
        self._child = subprocess.Popen(  # noqa: S603 - our own module, in our own interpreter
            [sys.executable, "-X", "utf8", "-m", "producer_tools.extraction.child", str(self._limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        return self._child

    def _receive(self, timeout_seconds: float) -> Message:
        assert self._child is not None
        assert self._child.stdout is not None
        deadline = time.monotonic() + timeout_seconds
        stream = self._child.stdout.fileno()
        while b"\n" not in self._pending:
            if len(self._pending) > MAX_LINE_BYTES:
                raise _ChildLostError("answered with nonsense")
            ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise _ChildLostError(
                    f"made no progress in {timeout_seconds:g} s (AEGIS_EXTRACT_IDLE_SECONDS, "
                    "AEGIS_EXTRACT_ARCHIVE_SECONDS) and was ended"
                )
            chunk = os.read(stream, _READ_BYTES)
            if not chunk:
                raise _ended(self._child)
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        try:
            return MESSAGES.validate_json(line)
        except ValidationError as error:
            raise _ChildLostError("answered with nonsense") from error

    def interrupt(self) -> None:
        """End the child, from any thread: what reads a file then raises ArchiveError."""
        child = self._child
        if child is not None:
            child.kill()

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


def _ended(child: subprocess.Popen[bytes]) -> _ChildLostError:
    code = child.wait()
    if -code in _CRASHES:
        return _ChildCrashedError(
            f"crashed (signal {-code}): it is damaged, or of a kind that the library for it does not read"
        )
    return _ChildLostError(f"was ended (signal {-code})" if code < 0 else f"ended unexpectedly (exit {code})")
