"""AEGIS_PG_DSN: each word that libpq documents is honoured, or refused in one sentence that holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.postgres.dsn import dsn_words
from schemas.postgres.libpq_words import _ONLY, HONOURED

# PostgreSQL 18, "Parameter Key Words".
DOCUMENTED = """
host hostaddr port dbname user password passfile require_auth channel_binding connect_timeout client_encoding options
application_name fallback_application_name keepalives keepalives_idle keepalives_interval keepalives_count
tcp_user_timeout replication gssencmode sslmode requiressl sslnegotiation sslcompression sslcert sslkey sslkeylogfile
sslpassword sslcertmode sslrootcert sslcrl sslcrldir sslsni requirepeer ssl_min_protocol_version
ssl_max_protocol_version min_protocol_version max_protocol_version krbsrvname gsslib gssdelegation scram_client_key
scram_server_key service servicefile target_session_attrs load_balance_hosts oauth_issuer oauth_client_id
oauth_client_secret oauth_scope
"""


def words(text: str, **environment: str) -> dict[str, str]:
    return dsn_words(text, environment)


def test_every_word_that_libpq_documents_is_known() -> None:
    assert set(DOCUMENTED.split()) <= HONOURED | set(_ONLY) | {"service", "servicefile"}
    assert not HONOURED & set(_ONLY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://", {}),
        ("postgres://h/db", {"host": "h", "dbname": "db"}),
        ("postgresql://u:p@h:1/db", {"user": "u", "password": "p", "host": "h", "port": "1", "dbname": "db"}),
        ("postgresql://a:1,b,[::1]:3/db", {"host": "a,b,::1", "port": "1,,3", "dbname": "db"}),
        ("postgresql://a,b/db", {"host": "a,b", "dbname": "db"}),
        ("postgresql://u%40x:p%2F%25%3A@h/d%20b", {"user": "u@x", "password": "p/%:", "host": "h", "dbname": "d b"}),
        ("postgresql://u:p@ss@h", {"user": "u", "password": "p@ss", "host": "h"}),
        ("postgresql://%2Frun%2Fpg/db", {"host": "/run/pg", "dbname": "db"}),
        ("postgresql:///db?host=/run/pg&user=u", {"host": "/run/pg", "user": "u", "dbname": "db"}),
        (
            "postgresql://h/?options=-c%20work_mem%3D8MB&user=a+b",
            {"host": "h", "options": "-c work_mem=8MB", "user": "a+b"},
        ),
        ("postgresql://h/?ssl=true", {"host": "h", "sslmode": "require"}),
        ("host=h dbname = 'my db' password='it\\'s \\\\'", {"host": "h", "dbname": "my db", "password": "it's \\"}),
        (
            "host=a,b port=1,2 target_session_attrs=primary",
            {"host": "a,b", "port": "1,2", "target_session_attrs": "primary"},
        ),
        (
            "postgresql://h?channel_binding=prefer&gssencmode=disable",
            {"host": "h", "channel_binding": "prefer", "gssencmode": "disable"},
        ),
    ],
)
def test_both_forms_are_read_as_libpq_reads_them(text: str, expected: dict[str, str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mysql://127.0.0.1/x", "is not of the form postgresql://"),
        ("postgresql+asyncpg://h/x", "neither postgresql://"),
        ("nonsense", "neither postgresql://"),
        ("host='h", "neither postgresql://"),
        ("postgresql://u:s3cret/x@h/db", "as %2F %3A %40 %3F"),
        ("postgresql://h:0/db", "no number from 1 to 65535"),
        ("host=a,b,c port=1,2", "2 ports do not fit 3 hosts"),
        ("postgresql://h?sslmode", "without a value"),
        ("postgresql://h?sslmode=on", "sslmode=on is none of disable, allow"),
        ("postgresql://h?connect_timeout=soon", "not a whole number"),
        ("postgresql://h?statement_timeout=5s", "options=-c%20statement_timeout%3D"),
        ("postgresql://h?channel_binding=require", "sslmode=verify-full"),
        ("postgresql://h?require_auth=scram-sha-256", "pg_hba.conf"),
        ("postgresql://h?hostaddr=10.0.0.1", "put the address into host"),
        ("postgresql://h?client_encoding=latin1", "always UTF8"),
        ("postgresql://h?sslmode=verify-full&sslrootcert=/nowhere/ca.pem", "there is no file /nowhere/ca.pem"),
        ("postgresql://h?sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
        ("postgresql://h?sslnegotiation=direct", "needs sslmode=require"),
        ("postgresql://h?oauth_client_secret=s3cret", "use a password"),
        ("postgresql://h?password=a%00b", "NUL"),
        ("service=missing servicefile=/nowhere", "no service 'missing'"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="AEGIS_PG_DSN") as refused:
        words(text)
    assert sentence in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_verifying_needs_to_know_by_what(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ValueError, match="needs sslrootcert=FILE"):
        words("postgresql://h?sslmode=verify-full")
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").touch()
    assert words("postgresql://h?sslmode=verify-full")["sslmode"] == "verify-full"


def test_the_dsn_counts_before_its_service_and_that_before_the_environment(tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.write_text("# ours\n[prod]\nhost=db.example\nport=6000\nuser=of-service\npassword=100%\n")
    found = words("service=prod user=of-dsn", PGSERVICEFILE=str(services), PGUSER="e", PGDATABASE="of-env", PGPORT="1")
    assert found == {
        "host": "db.example",
        "port": "6000",
        "user": "of-dsn",
        "password": "100%",
        "dbname": "of-env",
    }
    assert words("postgresql://", PGSERVICE="prod", PGSERVICEFILE=str(services))["host"] == "db.example"
    with pytest.raises(ValueError, match="no service 'other'"):
        words("postgresql://?service=other", PGSERVICEFILE=str(services))
