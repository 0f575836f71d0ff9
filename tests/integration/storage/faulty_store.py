"""A proxy before the real object store that answers otherwise while it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOP_BY_HOP = {"transfer-encoding", "connection", "content-length"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said in place of the store."""

    status: int
    content_type: str
    body: bytes

    @classmethod
    def refusal(cls, code: str, status: int) -> Answer:
        """Return what S3 says when it refuses."""
        return cls(status, "application/xml", f"<Error><Code>{code}</Code><Message>x</Message></Error>".encode())


@dataclass(slots=True)
class FaultyStore:
    """The proxy; ``answers`` says what is answered for the path of a GET, None for what the store says.

    Of what the store says to a GET, so many bytes are cut off, and the rest is sent as if it were all.
    """

    url: str
    answers: Callable[[str], Answer | None] = lambda _: None
    cuts_bytes: int = 0


@contextmanager
def faulty_store(endpoint: str) -> Iterator[FaultyStore]:
    """Serve before the store at ``endpoint``."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        store = FaultyStore(f"http://127.0.0.1:{server.server_address[1]}")
        server.RequestHandlerClass = type("_Bound", (_Proxy,), {"store": store, "target": urlsplit(endpoint).netloc})
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield store
        finally:
            server.shutdown()
            thread.join()


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    store: FaultyStore
    target: str

    def log_message(self, *_: object) -> None: ...

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        told = self.store.answers(self.path) if self.command == "GET" else None
        if told is not None:
            self._send(told.status, [("content-type", told.content_type)], told.body, len(told.body))
            return
        upstream = HTTPConnection(self.target, timeout=20)
        try:
            # The host is signed, so it goes on as it came.
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            length = int(answer.headers.get("content-length") or 0)
            headers = [pair for pair in answer.getheaders() if pair[0].lower() not in _HOP_BY_HOP]
            data = answer.read()
            if self.command == "GET" and self.store.cuts_bytes:
                data = data[: -self.store.cuts_bytes]
            self._send(answer.status, headers, data, length if self.command == "HEAD" else len(data))
        finally:
            upstream.close()

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - http.server's names
