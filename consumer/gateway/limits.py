"""The door: who may come in, how much they may bring, and how many at once. It stands before the first byte is read."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consumer.gateway.page.errors import answer
from consumer.gateway.refusals import RefusedError, full

# The page and its pictures show what the API tells. What is not here is the same for everybody.
_GUARDED: Final = ("/api/", "/textures/", "/thumbs/")
_GUARDED_PAGES: Final = frozenset({"/", "/live"})
# It lasts as long as a page is open: it is bounded by its own number, and a drain ends it.
_UNCOUNTED: Final = "/live"


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """``keys``: any of them opens; none: everybody may come in. A body must be whole within ``body_seconds``."""

    keys: tuple[bytes, ...] = ()
    max_requests: int = 64
    max_body_bytes: int = 32 * 1024 * 1024
    max_bytes: int = 256 * 1024 * 1024
    body_seconds: float = 30.0


@dataclass(slots=True)
class Door:
    """Counts who is inside; closed while the process drains."""

    limits: DoorLimits
    closed: bool = False
    requests: int = 0
    bytes_held: int = 0
    emptied: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self) -> None:
        self.requests += 1
        self.emptied.clear()

    def leave(self, size_bytes: int) -> None:
        self.requests -= 1
        self.bytes_held -= size_bytes
        if not self.requests:
            self.emptied.set()

    def admit(self, headers: Headers, method: str = "POST", path: str = "/api/") -> None:
        """Raise RefusedError unless this request may come in now."""
        if self.closed:
            raise RefusedError(
                503, "the service is shutting down: send it again", {"Retry-After": "1", "Connection": "close"}
            )
        self._identify(headers, method, path)
        if self.requests >= self.limits.max_requests:
            raise full(f"{self.requests} requests are being answered, which is the limit: send it again in a moment")
        stated = headers.get("content-length", "")
        if stated.isdigit():
            self.check_size(int(stated))

    def check_size(self, size_bytes: int) -> None:
        if size_bytes > self.limits.max_body_bytes:
            # Not closed: the server reads the rest away, so that the client gets to read this.
            raise RefusedError(413, f"the body has more than {self.limits.max_body_bytes} bytes: send a smaller image")

    def _identify(self, headers: Headers, method: str, path: str) -> None:
        is_page = not path.startswith("/api/")
        # Without a key only this machine gets here, and a password is sent along by the browser itself: in neither case
        # must it do so for somebody else's page. A link that leads here is no such use.
        is_ambient = not self.limits.keys or bool(login(headers)[1])
        is_link = is_page and method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        if is_ambient and not is_link and headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            raise RefusedError(403, "a page of another site may not use this service: set AEGIS_GATEWAY_API_KEY")
        if self.limits.keys and not any_equal(_given_key(headers).encode(), self.limits.keys):
            if is_page:
                raise RefusedError(
                    401,
                    "the API key is missing or wrong: enter your name, and the key as the password",
                    {"WWW-Authenticate": 'Basic realm="Aegis Tagger", charset="UTF-8"'},
                )
            raise RefusedError(
                401, "the API key is missing or wrong: send it as X-API-Key", {"WWW-Authenticate": "Bearer"}
            )


def _given_key(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return login(headers)[1] or headers.get("x-api-key", "")


def login(headers: Headers) -> tuple[str, str]:
    """Return the name and the password that a browser asked its user for, empty where it did not."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(token.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def any_equal(given: bytes, keys: Iterable[bytes]) -> bool:
    """Compare with every key, each in constant time, so that the time taken tells nothing of any."""
    return bool(sum(hmac.compare_digest(given, key) for key in keys))


class DoorMiddleware:
    """Puts a door before an application's API and its page; probes, metrics and the reference are open."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope["type"] == "http" else ""
        if not path.startswith(_GUARDED) and path not in _GUARDED_PAGES:
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            self._door.admit(headers, scope["method"], path)
        except RefusedError as refusal:
            if self._door.closed:
                await self._read_away(receive)
            await answer(path, headers.get("accept", ""), refusal)(scope, receive, send)
            return
        if path == _UNCOUNTED:
            await self._app(scope, receive, send)
            return
        body = _Body(self._door, receive, asyncio.get_running_loop().time() + self._door.limits.body_seconds)
        self._door.enter()
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._door.leave(body.size_bytes)

    async def _read_away(self, receive: Receive) -> None:
        """Let a body come in and forget it, while the drain waits.

        Closing a connection on bytes that were not read resets it, and its client never sees the answer.
        """
        self._door.enter()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._door.limits.body_seconds):
                    while (await receive()).get("more_body", False):
                        pass
        finally:
            self._door.leave(0)


@dataclass(slots=True)
class _Body:
    """One request's body as it comes in."""

    door: Door
    source: Receive
    due: float
    size_bytes: int = 0
    whole: bool = field(default=False)

    async def receive(self) -> Message:
        """Raise RefusedError when it grows too large, takes too long, or finds no room."""
        if self.whole:
            return await self.source()
        try:
            async with asyncio.timeout_at(self.due):
                message = await self.source()
        except TimeoutError as error:
            raise RefusedError(408, "the body did not come in time", {"Connection": "close"}) from error
        size_bytes = len(message.get("body", b""))
        self.size_bytes += size_bytes
        self.door.bytes_held += size_bytes
        self.whole = not message.get("more_body", False)
        self.door.check_size(self.size_bytes)
        if self.door.bytes_held > self.door.limits.max_bytes:
            raise full("too many bytes are being worked on: send it again in a moment", 503)
        return message
