"""Opening one session: which host, how it is proved, what it starts with."""

from __future__ import annotations

import random
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote, urlencode

import asyncpg

from consumer.storage.errors import DatabaseError, DatabaseReadOnlyError, DatabaseSetupError
from consumer.storage.postgres.moments import read_moments
from consumer.storage.postgres.pg_errors import pg_errors_translated
from schemas.connections import DatabaseConnection

_CONNECT_SECONDS: Final = 5.0
_COMMAND_SECONDS: Final = 60.0
_NAME: Final = "aegis"
# What asyncpg reads of a DSN as libpq does; the rest is done here.
_READ_BY_ASYNCPG: Final = (
    *("user", "password", "dbname", "passfile", "krbsrvname", "gsslib", "sslmode", "sslnegotiation", "sslrootcert"),
    *("sslcert", "sslkey", "sslpassword", "sslcrl", "ssl_min_protocol_version", "ssl_max_protocol_version"),
)
# The server gives up before the client does, so that no statement outlives its caller.
_SETTINGS: Final = {"statement_timeout": "50s", "idle_in_transaction_session_timeout": "60s", "jit": "off"}
_KEEPALIVES: Final = {
    "keepalives_idle": "TCP_KEEPIDLE",
    "keepalives_interval": "TCP_KEEPINTVL",
    "keepalives_count": "TCP_KEEPCNT",
    "tcp_user_timeout": "TCP_USER_TIMEOUT",
}


class Session(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection that knows in which schema our tables are, so that every statement can name it."""

    schema: str

    def sql(self, statement: str) -> str:
        """Return the statement with our schema's name in the place of ``{schema}``."""
        return statement.replace("{schema}", f'"{self.schema}"')

    def get_reset_query(self) -> str:
        """Return nothing: no statement of ours leaves anything behind in a session that goes back to its pool."""
        return ""


async def open_session(
    connection: DatabaseConnection, *, writes: bool, command_seconds: float | None = _COMMAND_SECONDS, **options: Any
) -> Session:
    """Open a session on the first host that answers as the DSN wants it, for writes one that takes them.

    Nothing is set in it yet: see :func:`set_up`.

    Raises:
        DatabaseReadOnlyError: servers answer, but none that takes writes.
        DatabaseUnavailableError: none answers.
        DatabaseSetupError: a pooler refuses what the DSN says.

    """
    words = connection.words()
    wanted = words.get("target_session_attrs", "read-write" if writes else "any")
    failure: DatabaseError = DatabaseReadOnlyError(_none_is(wanted))
    # One host at a time, each with its own deadline: one that is gone must not take the time of the next.
    for attribute in ("standby", "any") if wanted == "prefer-standby" else (wanted,):
        for host, port in _places(words):
            try:
                with pg_errors_translated():
                    session = await _connect(words, host, port, attribute, command_timeout=command_seconds, **options)
            except DatabaseReadOnlyError:
                continue
            except DatabaseError as error:
                failure = error
                # As libpq has it: a login that one refuses is not tried on the others.
                refused = isinstance(error.__cause__, asyncpg.InvalidAuthorizationSpecificationError)
                if refused or isinstance(error, DatabaseSetupError):
                    raise
            else:
                session.schema = connection.db_schema
                return session
    raise failure


async def set_up(session: Session, words: Mapping[str, str]) -> None:
    """Give a session its settings, by statements: a pooler drops or refuses most of what a client starts with.

    No row's place depends on them.
    """
    said = words.get("options", "")
    settings = {name: value for name, value in _SETTINGS.items() if not re.search(rf"\b{name}\s*=", said)}
    settings["search_path"] = f'"{session.schema}", public'
    calls = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())
    await session.execute(f"SELECT {calls}")


async def _connect(words: Mapping[str, str], host: str | None, port: int, attribute: str, **options: Any) -> Session:
    timeout_seconds = float(words.get("connect_timeout", _CONNECT_SECONDS))
    explicit = {word: words[word] for word in _READ_BY_ASYNCPG if word in words}
    verified = {"ssl": _system_trust(words)} if explicit.get("sslrootcert") == "system" else {}
    if verified:
        explicit = {
            word: value for word, value in explicit.items() if not word.startswith("ssl") or word == "sslnegotiation"
        }
    try:
        session: Session = await asyncpg.connect(
            f"postgresql://?{urlencode(explicit, quote_via=quote)}" if explicit else None,
            host=host,
            port=port,
            target_session_attrs=attribute,
            timeout=timeout_seconds if timeout_seconds > 0 else None,
            server_settings=_startup(words),
            connection_class=Session,
            **verified,
            **options,
        )
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise DatabaseReadOnlyError(_none_is(attribute)) from error
    await read_moments(session)
    with suppress(OSError, AttributeError):  # a Unix socket, or a system without them
        _keep_alive(session, words)
    return session


def _startup(words: Mapping[str, str]) -> dict[str, str]:
    name = words.get("application_name") or words.get("fallback_application_name") or _NAME
    return {"application_name": name, **({"options": words["options"]} if "options" in words else {})}


def _places(words: Mapping[str, str]) -> list[tuple[str | None, int]]:
    hosts = words["host"].split(",") if "host" in words else [None]
    ports = words.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    places = [(host or None, int(port or 5432)) for host, port in zip(hosts, ports, strict=True)]
    return random.sample(places, len(places)) if words.get("load_balance_hosts") == "random" else places


def _system_trust(words: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion[words.get("ssl_min_protocol_version", "TLSv1.2").replace(".", "_")]
    if "ssl_max_protocol_version" in words:
        context.maximum_version = ssl.TLSVersion[words["ssl_max_protocol_version"].replace(".", "_")]
    if "sslcert" in words:
        context.load_cert_chain(words["sslcert"], words.get("sslkey"), words.get("sslpassword", ""))
    if "sslcrl" in words:
        context.load_verify_locations(words["sslcrl"])
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    context.set_alpn_protocols(["postgresql"])
    return context


def _keep_alive(session: Session, words: Mapping[str, str]) -> None:
    # asyncpg has no other way to its socket.
    line = session._transport.get_extra_info("socket")  # noqa: SLF001 - see above
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(words.get("keepalives", "1") != "0"))
    for word, option in _KEEPALIVES.items():
        if int(words.get(word, 0)) > 0:
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), int(words[word]))


def _none_is(attribute: str) -> str:
    if attribute in {"read-write", "primary"}:
        return f"no server of AEGIS_PG_DSN takes writes now (target_session_attrs={attribute}): each is read-only"
    return f"no server of AEGIS_PG_DSN is one of target_session_attrs={attribute}"
