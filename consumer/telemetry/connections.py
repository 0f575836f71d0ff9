"""Connections of an HTTP server under deadlines and a bound, which uvicorn has for idle ones alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_LATE_HEAD: Final = json.dumps(
    {"status": "error", "error_message": "the request's head did not come in time: send it again"}
).encode()
# A closed transport waits for its peer to take what was written.
_FLUSH_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """How many connections there may be at once, and how long each may keep us waiting.

    ``head_seconds`` is for the head of a request, from its connection or its first byte on; ``rest_seconds`` for what
    a client sends of a body that is answered already, and for taking what is written to it.
    """

    max_connections: int = 64
    head_seconds: float = 10.0
    rest_seconds: float = 30.0


@dataclass(slots=True)
class Connections:
    """The connections of one server; those whose clients owe us something are ``waiting``, the longest wait first."""

    limits: ConnectionLimits
    waiting: dict[BoundedProtocol, None] = field(default_factory=dict)

    def protocol(self, **options: Any) -> asyncio.Protocol:
        """Return what speaks on a new connection; uvicorn calls it as a class."""
        return BoundedProtocol(self, **options)


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 on one connection that cannot be held for ever.

    Where there are too many, the connection that has waited longest for its client makes room for the new one: who
    opens connections and sends nothing, or a byte now and then, keeps nobody else out. The new one is closed only where
    all others are being answered.
    """

    def __init__(self, all_connections: Connections, **options: Any) -> None:
        super().__init__(**options)
        self._all = all_connections
        self._limits = all_connections.limits
        self._due: asyncio.TimerHandle | None = None
        self._late: Callable[[], None] = self.end
        self._write_due: asyncio.TimerHandle | None = None
        self._listens = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._await_head()
        if len(self.connections) > self._limits.max_connections:
            next(iter(self._all.waiting)).end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._no_longer_late()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._listens:
            super().data_received(data)
            self._watch(began=True)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch(began=False)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write_due = self.loop.call_later(self._limits.rest_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        if self._write_due is not None:
            self._write_due.cancel()
            self._write_due = None
        super().resume_writing()

    def end(self) -> None:
        """Close, whether or not the client takes what was written."""
        self._no_longer_late()
        self.transport.close()
        self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)

    def _watch(self, *, began: bool) -> None:
        """Set the deadline of what the client owes us now; one that runs already goes on."""
        if self.transport.is_closing():
            self._no_longer_late()
        elif self.conn.their_state is h11.IDLE:
            # Between requests uvicorn's own deadline for idle connections runs, until the next one begins.
            if began:
                self._await_head()
            else:
                self._all.waiting[self] = None
        elif self.conn.their_state is h11.SEND_BODY and self.cycle.response_complete:
            self._all.waiting.setdefault(self)
            self._await(self._limits.rest_seconds, self.end)
        else:
            self._no_longer_late()

    def _await_head(self) -> None:
        self._all.waiting.setdefault(self)
        self._await(self._limits.head_seconds, self._head_is_late)

    def _await(self, seconds: float, late: Callable[[], None]) -> None:
        if self._due is None or self._late != late:
            self._no_longer_due()
            self._late, self._due = late, self.loop.call_later(seconds, late)

    def _no_longer_late(self) -> None:
        self._all.waiting.pop(self, None)
        self._no_longer_due()

    def _no_longer_due(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _head_is_late(self) -> None:
        began, _ = self.conn.trailing_data
        if began:
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(_LATE_HEAD))),
                ("connection", "close"),
            ]
            with suppress(h11.LocalProtocolError):
                for event in (h11.Response(status_code=408, headers=headers), h11.Data(_LATE_HEAD), h11.EndOfMessage()):
                    self.transport.write(self.conn.send(event) or b"")
            self._hear_out()
        else:
            self.end()

    def _hear_out(self) -> None:
        """End our half alone: closed with something unread, the connection is reset, and what we said may be lost."""
        self._listens = False
        self._no_longer_due()
        self._late, self._due = self.end, self.loop.call_later(_FLUSH_SECONDS, self.end)
        if self.transport.can_write_eof():
            self.transport.write_eof()
