"""PostgreSQL servers beside the stack's: a pair with replication, an address that moves between them, and PgBouncer."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from devstack.postgres import Postgres, psql_program
from devstack.state import LOOPBACK, free_port
from devstack.supervision import run_as

_PGBOUNCER_PLACES: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))


@dataclass(slots=True)
class Server:
    """One PostgreSQL, reached without a password."""

    folder: Path
    user: str | None
    port: int = field(default_factory=free_port)

    @property
    def dsn(self) -> str:
        return f"postgresql://aegis@{LOOPBACK}:{self.port}/aegis_ai"

    def initialise(self) -> None:
        _run(self.user, "initdb", "-D", str(self.folder), "-U", "aegis", "--auth=trust", "--no-sync")
        self.start()
        _run(self.user, "createdb", "-h", LOOPBACK, "-p", str(self.port), "-U", "aegis", "aegis_ai")

    def standby(self, folder: Path) -> Server:
        """Return a running hot standby of this one."""
        copy = Server(folder, self.user)
        source = ("-h", LOOPBACK, "-p", str(self.port), "-U", "aegis")
        _run(self.user, "pg_basebackup", *source, "-D", str(folder), "-R", "-X", "stream", "-c", "fast", "--no-sync")
        copy.start()
        return copy

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses={LOOPBACK} -c unix_socket_directories="
        self._control("start", "-l", f"{self.folder}.log", "-o", f"{settings} -c fsync=off")

    def stop(self) -> None:
        self._control("stop", "-m", "fast")

    def promote(self) -> None:
        self._control("promote")

    def start_as_standby(self) -> None:
        """Come back as the old primary does after a failover."""
        signal = self.folder / "standby.signal"
        signal.touch()
        if self.user is not None:
            shutil.chown(signal, self.user)
        self.start()

    def _control(self, *arguments: str) -> None:
        _run(self.user, "pg_ctl", "-D", str(self.folder), "-w", *arguments)


@contextmanager
def primary_and_standby() -> Iterator[tuple[Server, Server]]:
    """Run two servers, the second following the first."""
    with _folder() as (folder, user):
        first = Server(folder / "first", user)
        servers = [first]
        try:
            first.initialise()
            servers.append(first.standby(folder / "second"))
            yield servers[0], servers[1]
        finally:
            for server in servers:
                with suppress(subprocess.CalledProcessError):
                    server.stop()


class MovingAddress:
    """A port that leads new connections to another port; those that are there stay where they are."""

    def __init__(self, leads_to: int) -> None:
        self.leads_to = leads_to
        self.port = 0
        self._piped: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[MovingAddress]:
        server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._piped:
                writer.transport.abort()
            await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._piped.add(writer)
        try:
            behind_reader, behind = await asyncio.open_connection(LOOPBACK, self.leads_to)
        except OSError:
            writer.transport.abort()
            return
        self._piped.add(behind)
        await asyncio.gather(_pipe(reader, behind), _pipe(behind_reader, writer))


async def _pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    target.close()


def has_pgbouncer() -> bool:
    return shutil.which("pgbouncer", path=_PGBOUNCER_PLACES) is not None


@contextmanager
def pgbouncer(dsn: str, *settings: str, files: Mapping[str, Path] | None = None) -> Iterator[str]:
    """Run PgBouncer before the database of ``dsn``, with these lines in its settings; yields the DSN through it.

    ``files``: settings that name files, which are copied to where PgBouncer's user can read them.
    """
    program = shutil.which("pgbouncer", path=_PGBOUNCER_PLACES)
    assert program is not None, "install pgbouncer (Debian: apt-get install pgbouncer)"
    server, port = urlsplit(dsn), free_port()
    with _folder() as (folder, user):
        (folder / "users").write_text(f'"{server.username}" "{server.password or ""}"\n')
        behind = f"host={server.hostname} port={server.port} user={server.username} password={server.password}"
        lines = (
            "[databases]",
            f"* = {behind}",
            "[pgbouncer]",
            f"listen_addr={LOOPBACK}",
            f"listen_port={port}",
            "auth_type=any",
            "unix_socket_dir=",
            *settings,
            *(f"{name}={_copied(file, folder, user)}" for name, file in (files or {}).items()),
        )
        (folder / "settings").write_text("\n".join(lines) + "\n")
        process = subprocess.Popen(
            [program, str(folder / "settings")], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **run_as(user)
        )
        try:
            _wait_until_it_listens(port)
            yield f"postgresql://{server.username}@{LOOPBACK}:{port}{server.path}"
        finally:
            process.kill()
            process.wait()


def _copied(file: Path, folder: Path, user: str | None) -> Path:
    copy = Path(shutil.copy(file, folder))
    shutil.chown(copy, user or getpass.getuser())
    return copy


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on port {port}"
            time.sleep(0.02)
        else:
            return


@contextmanager
def _folder() -> Iterator[tuple[Path, str | None]]:
    """Yield a folder that the servers' user owns; as root they run as another, for they refuse root."""
    folder, user = Path(tempfile.mkdtemp(prefix="aegis-pg-")), Postgres().user()
    shutil.chown(folder, user or getpass.getuser())
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(user: str | None, program: str, *arguments: str) -> None:
    command: Sequence[str] = (str(psql_program().with_name(program)), *arguments)
    # Files, not pipes: a server that pg_ctl starts would hold them open.
    subprocess.run(
        command,
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        **run_as(user),
    )
