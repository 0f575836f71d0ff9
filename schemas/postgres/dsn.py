"""One reading of AEGIS_PG_DSN for every process and verb: each word of libpq is honoured, or refused in a sentence.

Both forms are read, ``postgresql://…`` and ``host=… dbname=…``, with service files and the PG… variables behind them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from schemas.postgres.libpq_words import HONOURED, check_words

_URI: Final = re.compile(r"postgres(?:ql)?://([^/?]*)(?:/([^?]*))?(?:\?(.*))?", re.DOTALL)
_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?")
_PAIR: Final = re.compile(r"\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?:\s+|$)")
_VARIABLES: Final = {"dbname": "PGDATABASE", "application_name": "PGAPPNAME"}


def dsn_words(text: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the DSN says, then its service file, then the environment, as words of libpq with their values.

    Raises:
        ValueError: it cannot be read, or asks for what cannot be done; the sentence names no secret.

    """
    words = _of_uri(text) if re.match(r"\w+:/", text) else _of_pairs(text)
    merged = {**environment_words(environment), **_of_service(words, environment), **words}
    merged = {word: value for word, value in merged.items() if value and word not in {"service", "servicefile"}}
    check_words(merged)
    return merged


def environment_words(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the words that the variables of libpq set."""
    named = {word: _VARIABLES.get(word, f"PG{word.replace('_', '').upper()}") for word in HONOURED}
    return {word: environment[variable] for word, variable in named.items() if environment.get(variable)}


def _of_uri(text: str) -> dict[str, str]:
    parts = _URI.fullmatch(text)
    if parts is None:
        raise ValueError("AEGIS_PG_DSN is not of the form postgresql://user:password@host:port/database")
    authority, database, query = (part or "" for part in parts.groups())
    # The last @: a password may hold one that nobody encoded, a host cannot.
    credentials, _, hosts = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    places = [_HOST.fullmatch(host) for host in hosts.split(",")]
    if not all(places):
        raise ValueError("AEGIS_PG_DSN names a host that cannot be read: host:port, or [IPv6]:port")
    words = {
        "user": user,
        "password": password,
        "host": ",".join(place[1].strip("[]") for place in places if place),
        "port": ",".join(place[2] or "" for place in places if place),
        "dbname": database,
    }
    words = {word: value for word, value in words.items() if value.strip(",")}
    for pair in filter(None, query.split("&")):
        word, separator, value = pair.partition("=")
        if not separator:
            raise ValueError(f"AEGIS_PG_DSN says {word!r} without a value: …?word=value&word=value")
        words |= {"sslmode": "require"} if pair == "ssl=true" else {unquote(word): value}
    return {word: unquote(value) for word, value in words.items()}


def _of_pairs(text: str) -> dict[str, str]:
    words, position = {}, 0
    while position < len(text.rstrip()):
        pair = _PAIR.match(text, position)
        if pair is None:
            raise ValueError(
                "AEGIS_PG_DSN is neither postgresql://user:password@host:port/database nor host=… dbname=… user=…"
            )
        quoted = pair[2][1:-1] if pair[2].startswith("'") else pair[2]
        words[pair[1]] = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        position = pair.end()
    return words


def _of_service(words: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    service = words.get("service") or environment.get("PGSERVICE")
    if not service:
        return {}
    named = words.get("servicefile") or environment.get("PGSERVICEFILE")
    system = environment.get("PGSYSCONFDIR", "/etc/postgresql-common")
    files = [Path(named)] if named else [Path("~/.pg_service.conf").expanduser(), Path(system, "pg_service.conf")]
    for file in files:
        parser = ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",), default_section="\0")
        try:
            parser.read(file)
        except (ConfigError, OSError, UnicodeError) as error:
            raise ValueError(f"AEGIS_PG_DSN: the service file {file} cannot be read") from error
        if parser.has_section(service):
            return dict(parser.items(service))
    raise ValueError(f"AEGIS_PG_DSN: no service {service!r} in {' or '.join(map(str, files))}")
