"""No client holds a server by being slow: not its connections, and not the answers of others."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from consumer.telemetry.connections import ConnectionLimits
from consumer.telemetry.http import serve

_MIB = 1024 * 1024
_HEAD = b"GET / HTTP/1.1\r\nHost: test\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def _served(**limits: float) -> AsyncIterator[int]:
    async def hello(_: Request) -> Response:
        return PlainTextResponse("hello")

    async def large(_: Request) -> Response:
        return PlainTextResponse(b"x" * 64 * _MIB)

    async def echo(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    routes = [Route("/", hello), Route("/large", large), Route("/echo", echo, methods=["POST"])]
    async with serve(Starlette(routes=routes), "127.0.0.1", 0, limits=ConnectionLimits(**limits)) as port:  # type: ignore[arg-type]
        yield port


@asynccontextmanager
async def _connected(port: int, count: int = 1) -> AsyncIterator[list[Streams]]:
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        yield streams
    finally:
        for _, writer in streams:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in streams), return_exceptions=True)


async def _answer(streams: Streams, request: bytes = _HEAD + b"\r\n") -> bytes:
    reader, writer = streams
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head.split(b" ")[1] + b" " + await reader.readexactly(length)


async def test_an_answer_is_sent_at_once() -> None:
    """Not when the client has acknowledged what was sent before."""
    async with _served() as port, _connected(port) as (client,):
        assert await _answer(client) == b"200 hello"
        peer = client[1].get_extra_info("sockname")
        (descriptor,) = (own.fd for own in psutil.Process().net_connections("tcp") if own.raddr == peer)
        with socket.socket(fileno=os.dup(descriptor)) as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("begun", [b"", b"GET", _HEAD + b"X-A: b"], ids=["nothing", "a word", "half a head"])
async def test_slow_heads_keep_nobody_out(begun: bytes) -> None:
    """However many there are, the next client is answered: those that waited longest make room."""
    async with _served(max_connections=20, head_seconds=3600) as port, _connected(port, 100) as slow:
        for _, writer in slow:
            writer.write(begun)
        for _ in range(3):
            async with _connected(port) as (client,):
                assert await _answer(client) == b"200 hello"
        closed = [reader.at_eof() for reader, _ in slow]
    assert closed[:80] == [True] * 80


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    """A byte now and then does not prolong it; who began is told, who never did is not."""
    async with _served(head_seconds=2) as port, _connected(port, 2) as (trickling, silent):
        answer = asyncio.create_task(trickling[0].read())
        for byte in _HEAD * 100:
            if answer.done():
                break
            trickling[1].write(bytes([byte]))
            await asyncio.sleep(0.02)
        assert (await answer).startswith(b"HTTP/1.1 408 ")
        assert b"did not come in time" in answer.result()
        assert await silent[0].read() == b""


async def test_who_still_sends_when_told_is_not_cut_off() -> None:
    """A reset would take from its reader what it was told."""
    async with _served(head_seconds=2) as port, _connected(port) as (client,):
        reader, writer = client
        writer.write(_HEAD)
        head = await reader.readuntil(b"\r\n\r\n")
        for _ in range(10):
            writer.write(b"X-A: b\r\n")
            await asyncio.sleep(0.02)
        assert head.startswith(b"HTTP/1.1 408 ")
        assert b"did not come in time" in await reader.read()


async def test_who_is_told_and_never_stops_makes_room_for_others() -> None:
    async with _served(head_seconds=2, max_connections=1) as port, _connected(port) as (client,):
        client[1].write(_HEAD)
        await client[0].readuntil(b"\r\n\r\n")
        async with _connected(port) as (other,):
            assert await _answer(other) == b"200 hello"


async def test_the_next_head_on_a_connection_is_not_waited_for_either() -> None:
    async with _served(head_seconds=2) as port, _connected(port) as (client,):
        assert await _answer(client) == b"200 hello"
        client[1].write(_HEAD)
        assert (await client[0].read()).startswith(b"HTTP/1.1 408 ")


async def test_a_client_in_good_order_keeps_its_connection() -> None:
    """Its requests may come in pieces, several on the heels of each other, and with bodies."""
    async with _served(head_seconds=5) as port, _connected(port) as (client,):
        for _ in range(5):
            assert await _answer(client) == b"200 hello"
            client[1].write(_HEAD)
            assert await _answer(client, b"\r\n") == b"200 hello"
            posted = b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody"
            assert await _answer(client, posted + _HEAD + b"\r\n") == b"200 body"
            assert await _answer(client, b"") == b"200 hello"


async def test_a_body_that_nobody_asked_for_is_not_read_for_ever() -> None:
    async with _served(rest_seconds=0.3) as port, _connected(port) as (client,):
        assert await _answer(client, _HEAD + b"Content-Length: 1000\r\n\r\n") == b"200 hello"
        ended = asyncio.create_task(client[0].read())
        for _ in range(1000):
            if ended.done():
                break
            client[1].write(b"x")
            await asyncio.sleep(0.02)
        else:
            pytest.fail("the connection stays open")
        # A byte that was under way when the server closed makes a reset of it.
        with contextlib.suppress(ConnectionResetError):
            assert await ended == b""


async def test_a_client_that_does_not_read_its_answer_is_not_waited_for() -> None:
    async with _served(rest_seconds=0.3) as port, _connected(port) as (client,):
        client[1].write(b"GET /large HTTP/1.1\r\nHost: test\r\n\r\n")
        # Its own buffers take a part; it reads on only when the server has given up.
        await asyncio.sleep(1)
        received = 0
        try:
            while chunk := await client[0].read(_MIB):
                received += len(chunk)
        except ConnectionResetError:
            pass
    assert received < 64 * _MIB
