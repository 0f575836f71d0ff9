"""The words of libpq (PostgreSQL 18, "Parameter Key Words"): which are honoured, and why the others are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TLS_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_VERIFYING: Final = frozenset({"verify-ca", "verify-full"})
_CHOICES: Final = {
    "sslmode": _TLS_MODES,
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "load_balance_hosts": ("disable", "random"),
    "gsslib": ("gssapi", "sspi"),
    "ssl_min_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "ssl_max_protocol_version": ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
}
_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_NUMBERS: Final = (
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
)
HONOURED: Final = frozenset(
    {"host", "port", "dbname", "user", "password", "passfile", "sslpassword", "krbsrvname"}
    | {"options", "application_name", "fallback_application_name"}
    | {*_CHOICES, *_FILES, *_NUMBERS}
)

# The values that ask for nothing beyond what happens anyway, and what to do about all others.
_ONLY: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "hostaddr": ((), "put the address into host"),
    "client_encoding": (("utf8", "utf-8", "auto"), "leave it out: it is always UTF8"),
    "channel_binding": (("disable", "prefer"), "leave it out, and use sslmode=verify-full, which proves the server"),
    "require_auth": ((), "leave it out, and let the server's pg_hba.conf say how logins are proved"),
    "replication": (("false", "off", "no", "0"), "leave it out: this is no replica"),
    "gssencmode": (("disable", "prefer"), "leave it out, and encrypt by sslmode"),
    "gssdelegation": (("0",), "leave it out"),
    "requiressl": (("0",), "say sslmode=require"),
    "sslcompression": (("0", "1"), "leave it out"),
    "sslcertmode": (("allow",), "leave it out: sslcert is sent where the server asks for it"),
    "sslcrldir": ((), "name one file by sslcrl"),
    "sslsni": (("1",), "leave it out: the host's name is always sent"),
    "sslkeylogfile": ((), "leave it out"),
    "requirepeer": ((), "leave it out, and use sslmode=verify-full"),
    "min_protocol_version": (("3.0",), "leave it out: protocol 3.0 is spoken"),
    "max_protocol_version": (("3.0", "3.2", "latest"), "leave it out: protocol 3.0 is spoken"),
    "scram_client_key": ((), "use a password"),
    "scram_server_key": ((), "use a password"),
    "oauth_issuer": ((), "use a password"),
    "oauth_client_id": ((), "use a password"),
    "oauth_client_secret": ((), "use a password"),
    "oauth_scope": ((), "use a password"),
    "oauth_ca_file": ((), "use a password"),
}


def check_words(words: Mapping[str, str]) -> None:
    """Raise ValueError with one sentence unless all of this can be done; the sentence holds no value that is secret."""
    for word, value in words.items():
        if word in _ONLY:
            harmless, advice = _ONLY[word]
            _require(value.lower() in harmless, f"{word} is not supported so: {advice}")
        elif word not in HONOURED:
            raise ValueError(
                f"AEGIS_PG_DSN: {word!r} is no word of libpq; a server's setting is said by options=-c%20{word}%3D…"
            )
        elif word in _CHOICES:
            _require(value in _CHOICES[word], f"{word}={value} is none of {', '.join(_CHOICES[word])}")
        elif word in _NUMBERS:
            _require(value.lstrip("-").isdecimal(), f"{word}={value} is not a whole number")
        elif word in _FILES and value != "system":
            _require(Path(value).is_file(), f"{word}: there is no file {value}")
        _require("\0" not in value, f"{word} holds a NUL character")
    _check_places(words)
    _check_tls(words)


def _check_places(words: Mapping[str, str]) -> None:
    ports = words.get("port", "").split(",")
    hosts = words.get("host", "").split(",")
    for port in filter(None, ports):
        _require(
            port.isdecimal() and 0 < int(port) < 65536,
            "a port is no number from 1 to 65535; write / : @ ? in a password as %2F %3A %40 %3F",
        )
    _require(len(ports) in {1, len(hosts)}, f"{len(ports)} ports do not fit {len(hosts)} hosts")


def _check_tls(words: Mapping[str, str]) -> None:
    mode, root = words.get("sslmode"), words.get("sslrootcert")
    if root == "system":
        _require(mode in {None, "verify-full"}, f"sslrootcert=system needs sslmode=verify-full, not {mode}")
    elif mode in _VERIFYING:
        has_root = root is not None or Path("~/.postgresql/root.crt").expanduser().is_file()
        _require(has_root, f"sslmode={mode} needs sslrootcert=FILE, or sslrootcert=system with sslmode=verify-full")
    if words.get("sslnegotiation") == "direct":
        _require(mode in {"require", *_VERIFYING} or root == "system", "sslnegotiation=direct needs sslmode=require")


def _require(fine: bool, sentence: str) -> None:
    if not fine:
        raise ValueError(f"AEGIS_PG_DSN: {sentence}")
