"""Sending what waits in the spool, oldest first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from producer_tools.errors import DeliveryError
from producer_tools.services import Services
from producer_tools.spool import Spool, SpooledEvent, holds_object
from schemas import AssetExtracted

_WINDOW: Final = 64


@dataclass(slots=True)
class DrainReport:
    """What became of the spool: events sent, events that stay, and those that never can be sent, with the reason."""

    sent: int = 0
    left: int = 0
    rejected: list[tuple[Path, str]] = field(default_factory=list)
    outage: str | None = None


async def drain(spool: Spool, services: Services, on_sent: Callable[[int], None] = lambda _: None) -> DrainReport:
    """Send the spool in order and remove what was acknowledged; stops at the first sign of an outage.

    An event goes out after its object is stored. ``on_sent`` hears how many more were sent.

    Raises:
        SpoolBusyError: another process is at it.

    """
    report = DrainReport()
    with spool.sending():
        for window in _windows(spool.entries()):
            entries = _sendable(spool, window, report)
            sent = await _send(entries, services)
            for entry in sent:
                spool.remove(entry)
            report.sent += len(sent)
            on_sent(len(sent))
            if services.outage is not None:
                break
        report.left = len(spool)
    report.outage = services.outage
    return report


def _windows(
    entries: Iterable[SpooledEvent | tuple[Path, str]],
) -> Iterator[list[SpooledEvent | tuple[Path, str]]]:
    source = iter(entries)
    while window := list(islice(source, _WINDOW)):
        yield window


def _sendable(
    spool: Spool, window: Sequence[SpooledEvent | tuple[Path, str]], report: DrainReport
) -> list[SpooledEvent]:
    good = []
    for item in window:
        if isinstance(item, tuple):
            file, reason = item
            report.rejected.append((spool.reject(file), reason))
        elif not holds_object(item):
            report.rejected.append((spool.reject(item.file), "its PNG is missing or was changed: extract it again"))
        else:
            good.append(item)
    return good


async def _send(entries: Sequence[SpooledEvent], services: Services) -> list[SpooledEvent]:
    """Return the entries that were acknowledged."""
    stored = await asyncio.gather(
        *(services.upload(entry.event.object.key, entry.png) for entry in entries), return_exceptions=True
    )
    acknowledgements = []
    for entry, outcome in zip(entries, stored, strict=True):
        if outcome is not None and not isinstance(outcome, DeliveryError):
            raise outcome
        # Order is kept: behind an event that cannot go yet, no other goes.
        if outcome is not None:
            break
        try:
            acknowledgements.append(await services.publish(_addressed(entry.event, services.bucket)))
        except DeliveryError:
            break
    results = await asyncio.gather(*acknowledgements, return_exceptions=True)
    sent = []
    for entry, result in zip(entries, results, strict=False):
        if result is None:
            sent.append(entry)
        elif not isinstance(result, DeliveryError):
            raise result
    return sent


def _addressed(event: AssetExtracted, bucket: str) -> AssetExtracted:
    """Return the event with the bucket that its object was put in just now."""
    return event.model_copy(update={"object": event.object.model_copy(update={"bucket": bucket})})
