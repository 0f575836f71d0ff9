"""Sending what waits in the spool, oldest first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path
from typing import Final

from producer_tools.delivery.services import Services
from producer_tools.delivery.spool import Spool, SpooledEvent, holds_object
from producer_tools.errors import DeliveryError, EventRefusedError
from schemas import AssetExtracted

_WINDOW: Final = 64


@dataclass(slots=True)
class DrainReport:
    """What became of the spool: events sent, events that stay, and those that never can be sent, with the reason."""

    sent: int = 0
    left: int = 0
    rejected: list[tuple[Path, str]] = field(default_factory=list)
    failure: str | None = None
    is_refusal: bool = False


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
            ended = await _send(entries, services)
            for entry, refused in ended:
                if refused is None:
                    spool.remove(entry)
                    report.sent += 1
                else:
                    report.rejected.append((spool.reject(entry.file), refused))
            on_sent(len(ended))
            if services.failure is not None:
                break
        report.left = len(spool)
    report.failure, report.is_refusal = services.failure, services.is_refusal
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


async def _send(entries: Sequence[SpooledEvent], services: Services) -> list[tuple[SpooledEvent, str | None]]:
    """Return the entries that have their end: None where acknowledged, else why Kafka never takes it."""
    objects = [entry.event.object for entry in entries]
    stored = await asyncio.gather(
        *(
            services.upload(item.key, entry.png, item.content_type)
            for item, entry in zip(objects, entries, strict=True)
        ),
        return_exceptions=True,
    )
    # Order is kept: behind an event that cannot go yet, no other goes.
    ready = list(takewhile(lambda pair: _outcome(pair[1]), zip(entries, stored, strict=True)))
    results = await asyncio.gather(
        *(services.publish(_addressed(entry.event, services.bucket)) for entry, _ in ready), return_exceptions=True
    )
    ended: list[tuple[SpooledEvent, str | None]] = []
    for (entry, _), result in zip(ready, results, strict=True):
        if isinstance(result, EventRefusedError):
            ended.append((entry, str(result)))
        elif _outcome(result):
            ended.append((entry, None))
    return ended


def _outcome(result: BaseException | None) -> bool:
    """Tell whether it went well, False in an outage; raises what is neither."""
    if result is not None and not isinstance(result, DeliveryError):
        raise result
    return result is None


def _addressed(event: AssetExtracted, bucket: str) -> AssetExtracted:
    """Return the event with the bucket that its object was put in just now."""
    return event.model_copy(update={"object": event.object.model_copy(update={"bucket": bucket})})
