"""A TCP relay that can be cut: a service that goes away in the middle, while the real one stays for the others."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from typing import Self

_CHUNK_BYTES = 65_536


class Relay:
    """Listens on a port of its own and passes bytes on both ways, until it is cut."""

    def __init__(self, target: str, tls: ssl.SSLContext | None = None) -> None:
        """Relay to ``target``, a host:port; with ``tls`` clients speak TLS with us."""
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._server = socket.create_server(("127.0.0.1", 0))
        self._tls = tls
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._cut = False
        self._after_bytes: int | None = None
        self._passed_bytes = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._thread.join()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def cut_after(self, passed_bytes: int) -> None:
        """Cut as soon as so many bytes went to the service."""
        self._after_bytes = passed_bytes

    def cut(self) -> None:
        """Close every connection, and take no more."""
        with self._lock:
            self._cut = True
            with suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        pumps = []
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                break
            if self._tls is not None:
                try:
                    client = self._tls.wrap_socket(client, server_side=True)
                except OSError:
                    client.close()
                    continue
            service = socket.create_connection(self._target)
            with self._lock:
                self._open += [client, service]
            for source, target, counted in ((client, service, True), (service, client, False)):
                pumps.append(threading.Thread(target=self._pump, args=(source, target, counted), daemon=True))
                pumps[-1].start()
        for pump in pumps:
            pump.join()
        for connection in self._open:
            connection.close()

    def _pump(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(_CHUNK_BYTES):
                if counted:
                    self._passed_bytes += len(chunk)
                    if self._after_bytes is not None and self._passed_bytes > self._after_bytes and not self._cut:
                        self.cut()
                target.sendall(chunk)
        for side in (source, target):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
