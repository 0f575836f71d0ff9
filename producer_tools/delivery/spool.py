"""The spool: events that Kafka or the object store did not take, on disk until they do."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from producer_tools.errors import SpoolBusyError, SpoolError, SpoolFullError
from schemas import AssetExtracted, EventDecodeError, decode_event, encode_event

_EVENT: Final = ".json"
_PNG: Final = ".png"
_PARTIAL: Final = ".partial"
_REJECTED: Final = "rejected"
# A PNG without an event is what a kill between the two leaves; a younger one may be about to get its event.
_ORPHAN_AGE_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True)
class SpooledEvent:
    """One event that waits, and the PNG that its object is made of."""

    event: AssetExtracted
    file: Path
    png: Path


@dataclass(frozen=True, slots=True)
class SpoolState:
    """What waits; ``oldest_at_seconds`` is Unix time, 0 while nothing does. ``rejected`` were put aside for good."""

    events: int
    size_bytes: int
    oldest_at_seconds: float
    rejected: int


class Spool:
    """A folder with two files an event: the PNG first, then the event, which makes the pair count.

    An event is whole or not there, whatever kills the process: each file is written aside, flushed to disk and renamed.
    Several processes may add at once; one at a time sends.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Touches nothing on disk yet."""
        self.folder: Final = folder
        self._max_bytes = max_bytes
        self._size_bytes: int | None = None
        self._last_number = 0

    def add(self, event: AssetExtracted, png: Path) -> None:
        """Keep the event; durable on return.

        Raises:
            SpoolFullError: the spool would grow beyond its limit.
            SpoolError: the folder cannot be written.

        """
        value = encode_event(event)
        try:
            self._make_room_for(len(value) + png.stat().st_size)
            name = self._next_name(event)
            _link_or_copy(png, self.folder / (name + _PNG))
            _write_durably(self.folder / (name + _EVENT), value)
        except OSError as error:
            raise SpoolError(f"the spool {self.folder} cannot be written ({error.strerror})") from error

    def __len__(self) -> int:
        return len(self._event_files())

    @property
    def size_bytes(self) -> int:
        """Bytes of all events and PNGs that wait."""
        if not self.folder.is_dir():
            return 0
        return sum(_size_bytes(Path(entry.path)) for entry in os.scandir(self.folder))

    def state(self) -> SpoolState:
        files = self._event_files()
        return SpoolState(
            events=len(files),
            size_bytes=self.size_bytes,
            oldest_at_seconds=_added_at_ns(files[0]) / 1e9 if files else 0.0,
            rejected=sum(1 for _ in (self.folder / _REJECTED).glob(f"*{_EVENT}")),
        )

    def entries(self) -> Iterator[SpooledEvent | tuple[Path, str]]:
        """Yield what waits, oldest first; for a file that holds no event, its path and why."""
        for file in self._event_files():
            try:
                yield SpooledEvent(decode_event(AssetExtracted, file.read_bytes()), file, file.with_suffix(_PNG))
            except EventDecodeError as error:
                yield file, str(error)
            except FileNotFoundError:
                continue

    def remove(self, entry: SpooledEvent) -> None:
        """Forget an event that was sent; its going is not flushed, as sending it twice does no harm."""
        entry.file.unlink(missing_ok=True)
        entry.png.unlink(missing_ok=True)
        self._size_bytes = None

    def reject(self, file: Path) -> Path:
        """Move an event that can never be sent, with its PNG, to the folder ``rejected``; return its new place."""
        rejected = self.folder / _REJECTED
        rejected.mkdir(exist_ok=True)
        for path in (file.with_suffix(_PNG), file):
            if path.exists():
                path.replace(rejected / path.name)
        self._size_bytes = None
        return rejected / file.name

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Hold the right to send; raises SpoolBusyError when another process has it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SpoolError(f"the spool {self.folder} cannot be written ({error.strerror})") from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SpoolBusyError(f"another process is sending the spool {self.folder} now") from error
            self._remove_debris()
            yield
        finally:
            os.close(lock)

    def _event_files(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(Path(entry.path) for entry in os.scandir(self.folder) if entry.name.endswith(_EVENT))

    def _make_room_for(self, more_bytes: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._size_bytes is None:
            self._size_bytes = self.size_bytes
        if self._size_bytes + more_bytes > self._max_bytes:
            raise SpoolFullError(
                f"the spool {self.folder} is full ({self._max_bytes} bytes): when Kafka and the object store are back, "
                "send it with `aegis publish --spool` and extract again, or raise AEGIS_SPOOL_MAX_BYTES"
            )
        self._size_bytes += more_bytes

    def _next_name(self, event: AssetExtracted) -> str:
        """Return a name that sorts after all others, even when the clock was set back."""
        if self._last_number == 0 and (present := self._event_files()):
            self._last_number = _added_at_ns(present[-1])
        self._last_number = max(time.time_ns(), self._last_number + 1)
        return f"{self._last_number:020d}-{event.event_id.hex}"

    def _remove_debris(self) -> None:
        oldest = time.time() - _ORPHAN_AGE_SECONDS
        for entry in os.scandir(self.folder):
            path = Path(entry.path)
            is_orphan = path.suffix == _PNG and not path.with_suffix(_EVENT).exists()
            if (is_orphan or path.suffix == _PARTIAL) and entry.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def holds_object(entry: SpooledEvent) -> bool:
    """Tell whether the entry's PNG is still what its event says."""
    try:
        digest = hashlib.sha256(entry.png.read_bytes()).hexdigest()
    except OSError:
        return False
    return digest == entry.event.object.sha256


def _added_at_ns(file: Path) -> int:
    """Return the number that a file's name begins with, 0 for a stranger's."""
    number = file.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _link_or_copy(png: Path, target: Path) -> None:
    """Have the PNG in the spool too, so that the user may do with his folder what he likes."""
    partial = target.with_name(target.name + _PARTIAL)
    try:
        partial.hardlink_to(png)
    except OSError:
        shutil.copyfile(png, partial)
    _flush(partial)
    partial.replace(target)


def _write_durably(target: Path, data: bytes) -> None:
    partial = target.with_name(target.name + _PARTIAL)
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size if path.suffix in {_EVENT, _PNG} else 0
    except FileNotFoundError:
        return 0
