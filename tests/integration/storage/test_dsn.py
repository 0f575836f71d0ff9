"""AEGIS_PG_DSN as managed databases hand it out: migrations and all else read it alike, on a real server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from aegis.verbs.operations.db import command as db_command
from consumer.storage.errors import DatabaseUnavailableError
from consumer.storage.postgres.database import connect
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.tags import TagStore
from devstack.state import free_port
from schemas.connections import DatabaseConnection
from testkit.postgres_servers import has_pgbouncer, pgbouncer
from tests.unit.storage.samples import row

_WORDS = (
    *("sslmode=prefer", "sslmode=disable", "sslmode=allow", "target_session_attrs=read-write", "connect_timeout=5"),
    *("application_name=x", "fallback_application_name=x", "options=-c%20work_mem%3D8MB", "load_balance_hosts=random"),
    *("keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=9000",),
    *("channel_binding=prefer&gssencmode=disable&client_encoding=auto&max_protocol_version=latest",),
)


def _with(database: DatabaseConnection, dsn: str) -> DatabaseConnection:
    return DatabaseConnection(dsn=dsn, AEGIS_PG_SCHEMA=database.db_schema)


async def _works(connection: DatabaseConnection) -> None:
    await migrate(connection)
    async with await TagStore.open(connection) as store:
        await store.ping()
        await store.write_batch([row("a")])
        await store.embeddings_settled()


@pytest.mark.parametrize("query", _WORDS)
async def test_words_of_libpq_work_wherever_the_dsn_is_read(database: DatabaseConnection, query: str) -> None:
    await _works(_with(database, f"{database.dsn.get_secret_value()}?{query}"))


async def test_other_forms_and_places_work(
    database: DatabaseConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = urlsplit(database.dsn.get_secret_value())
    named = f"host={at.hostname}\nport={at.port}\nuser={at.username}\npassword={at.password}\ndbname={at.path[1:]}\n"
    (tmp_path / "services").write_text(f"[prod]\n{named}")
    (tmp_path / "pass").write_text(f"*:*:*:*:{at.password}\n")
    (tmp_path / "pass").chmod(0o600)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    credentials = f"{at.username}:{at.password}"
    for dsn in (
        named.replace("\n", " "),
        "service=prod",
        "postgresql://?service=prod",
        f"postgresql://{at.username}@{at.netloc.rpartition('@')[2]}{at.path}?passfile={tmp_path / 'pass'}",
        f"postgresql://{credentials}@{at.hostname}:{free_port()},{at.hostname}:{at.port}{at.path}",
    ):
        await _works(_with(database, dsn))


async def test_what_the_dsn_says_of_the_session_holds_in_it(database: DatabaseConnection) -> None:
    said = "application_name=x&options=-c%20work_mem%3D8MB%20-c%20statement_timeout%3D7s"
    session = await connect(_with(database, f"{database.dsn.get_secret_value()}?{said}"))
    shown = [await session.fetchval(f"SHOW {name}") for name in ("application_name", "work_mem", "statement_timeout")]
    await session.close()
    assert shown == ["x", "8MB", "7s"]


def test_a_word_that_cannot_be_honoured_ends_the_verb_in_a_sentence(
    database: DatabaseConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEGIS_PG_DSN", f"{database.dsn.get_secret_value()}?channel_binding=require")
    with pytest.raises(ValueError, match="channel_binding is not supported so: leave it out"):
        CliRunner().invoke(db_command, ["migrate"], catch_exceptions=False)


class Certificates(NamedTuple):
    authority: Path
    server: Path
    client: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A private authority, a server's certificate for localhost, and a client's; each key beside its certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (Debian: apt-get install openssl)")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(command: str) -> None:
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)

    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca")
    for name, subject in (("server", "localhost"), ("client", "aegis")):
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{subject}\n")
        openssl(f"req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={subject}")
        signing = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
        openssl(f"x509 -req -in {name}.csr {signing} -extfile {name}.ext -out {name}.pem")
    return Certificates(*(folder / f"{name}.pem" for name in ("ca", "server", "client")))


@pytest.fixture
def tls(stack_environment: Mapping[str, str], certificates: Certificates) -> Iterator[str]:
    """The stack's server speaks no TLS; PgBouncer before it does, and asks for the client's certificate."""
    if not has_pgbouncer():
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    server = certificates.server
    with pgbouncer(
        stack_environment["AEGIS_PG_DSN"],
        "pool_mode=session",
        "client_tls_sslmode=verify-ca",
        files={
            "client_tls_ca_file": certificates.authority,
            "client_tls_cert_file": server,
            "client_tls_key_file": server.with_suffix(".key"),
        },
    ) as dsn:
        yield dsn.replace("127.0.0.1", "localhost")


async def test_tls_with_a_private_authority_and_a_client_certificate(
    tls: str, certificates: Certificates, database: DatabaseConnection
) -> None:
    client = certificates.client
    ours = f"sslrootcert={certificates.authority}&sslcert={client}&sslkey={client.with_suffix('.key')}"
    await _works(_with(database, f"{tls}?sslmode=verify-full&{ours}"))
    await _works(_with(database, f"{tls}?sslmode=require&{ours}&ssl_min_protocol_version=TLSv1.3"))
    for dsn, sentence in (
        (f"{tls.replace('localhost', '127.0.0.1')}?sslmode=verify-full&{ours}", "check sslmode, sslrootcert"),
        (f"{tls}?sslmode=verify-full&sslrootcert=system", "check sslmode, sslrootcert"),
        (f"{tls}?sslmode=disable", "."),
    ):
        with pytest.raises(DatabaseUnavailableError, match=sentence):
            await migrate(_with(database, dsn))
