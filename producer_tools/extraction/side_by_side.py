"""Several files parsed at once, each in a child process of its own, and told in the order of the files."""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from typing import Final, Generic, Self, TypeVar

from consumer.concurrency.cpus import available_cpus
from producer_tools.extraction.parser import Parsed, Parser
from producer_tools.extraction.walk import LeftFile, SourceFile

ItemT = TypeVar("ItemT")
Source = SourceFile | LeftFile

# Files that are begun before their turn, for each process: enough that small ones keep all processes busy.
_AHEAD: Final = 8
_LOOK_SECONDS: Final = 0.05


def default_processes(memory_bytes: int) -> int:
    """Return one for each CPU, but no more than may each take ``memory_bytes`` of this machine's memory."""
    machine_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(available_cpus(), machine_bytes // memory_bytes))


class SideBySide(Generic[ItemT]):
    """Reads files with as many children as there are parsers; none is started before a file waits for it."""

    def __init__(self, parsers: Iterable[Parser], keep: Callable[[Parsed], ItemT]) -> None:
        """``keep`` makes of what a parser yields what may outlive its next step; it is called in threads."""
        self._parsers = list(parsers)
        self._keep = keep
        # The one that was used last is used again, so that few files start few children.
        self._idle: queue.LifoQueue[Parser] = queue.LifoQueue()
        self._stopped = threading.Event()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for parser in reversed(self._parsers):
            self._idle.put(self._stack.enter_context(parser))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(self, sources: Iterable[Source]) -> Generator[tuple[Source, Iterator[ItemT]]]:
        """Yield every source with what it holds, as it comes; take all of it before the next source.

        The inner iteration raises ArchiveError where the file cannot be read (further).
        """
        begun: deque[_Reading[ItemT]] = deque()
        work: deque[Future[None]] = deque(maxlen=_AHEAD * len(self._parsers) + len(self._parsers) + 1)
        with ThreadPoolExecutor(len(self._parsers), thread_name_prefix="parse") as threads:
            try:
                for source in sources:
                    begun.append(_Reading(source))
                    if isinstance(source, SourceFile):
                        work.append(threads.submit(self._work, begun[-1], source))
                    else:
                        begun[-1].end()
                    if len(begun) > _AHEAD * len(self._parsers):
                        yield begun[0].source, begun.popleft().items()
                while begun:
                    yield begun[0].source, begun.popleft().items()
            finally:
                self._stopped.set()
                self._interrupt(work)

    def _interrupt(self, work: Iterable[Future[None]]) -> None:
        """End whatever is still read: nobody takes it any more."""
        while wait(work, timeout=_LOOK_SECONDS).not_done:
            for parser in self._parsers:
                parser.interrupt()

    def _work(self, reading: _Reading[ItemT], source: SourceFile) -> None:
        if self._stopped.is_set():
            return
        parser = self._idle.get()
        try:
            with closing(parser.read(source.path, source.kind, source.alpha, source.parts)) as items:
                for item in items:
                    if self._stopped.is_set():
                        return
                    reading.put(self._keep(item))
        except BaseException as error:  # noqa: BLE001 - raised where the items are taken
            reading.fail(error)
        finally:
            self._idle.put(parser)
            reading.end()


class _Reading(Generic[ItemT]):
    """What one source holds, on its way from the thread that reads it to the one that takes it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._items: queue.SimpleQueue[ItemT | _End | BaseException] = queue.SimpleQueue()

    def put(self, item: ItemT) -> None:
        self._items.put(item)

    def fail(self, error: BaseException) -> None:
        self._items.put(error)

    def end(self) -> None:
        self._items.put(_END)

    def items(self) -> Iterator[ItemT]:
        while True:
            item = self._items.get()
            if isinstance(item, _End):
                return
            if isinstance(item, BaseException):
                raise item
            yield item


class _End:
    pass


_END: Final = _End()
