"""Progress bars on a terminal, which are gone when they end."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn


class Bars:
    """Shows bars for as long as it is entered; where nobody watches, it shows nothing."""

    def __init__(
        self,
        console: Console | None,
        *before: ProgressColumn,
        description: str = "{task.description}",
        width: int = 30,
        after: tuple[ProgressColumn, ...],
        disable: bool = False,
        speed_estimate_period: float = 30,
    ) -> None:
        """``before``, ``after``: columns around description, bar and count. ``console`` None: stderr."""
        console = console or Console(stderr=True, highlight=False)
        self.is_watched = console.is_terminal and not disable
        self._bars = Progress(
            *before,
            TextColumn(description),
            BarColumn(bar_width=width),
            MofNCompleteColumn(),
            *after,
            console=console,
            transient=True,
            # Where nobody watches, a bar leaves nothing but an empty line.
            disable=not self.is_watched,
            speed_estimate_period=speed_estimate_period,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
