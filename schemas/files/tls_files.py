"""Certificates and keys in files, looked at when a process starts: what is wrong with one is a sentence."""

from __future__ import annotations

import ssl


def tls_context(
    *,
    ca: tuple[str, str | None],
    certificate: tuple[str, str | None] = ("", None),
    key: tuple[str, str | None] = ("", None),
    password: tuple[str, str | None] = ("", None),
) -> ssl.SSLContext:
    """Return the context of a client that checks its server's certificate and name.

    Each argument is a setting's variable and its value. Without a CA the system's count; without a certificate we
    show none; without a key it lies in the certificate's file.

    Raises:
        ValueError: a file is missing or not what it should be; the sentence begins with its variable.

    """
    try:
        context = ssl.create_default_context(cafile=ca[1])
    except ssl.SSLError as error:
        raise ValueError(f"{ca[0]}={ca[1]} holds no certificate: name a CA bundle in PEM") from error
    except OSError as error:
        raise ValueError(f"{ca[0]}={ca[1]} cannot be read ({error.strerror}): name a CA bundle in PEM") from error
    if certificate[1] is None:
        return context
    pair = f"{certificate[0]}={certificate[1]}" + (f" and {key[0]}={key[1]}" if key[1] else "")
    try:
        # The empty password is for OpenSSL, which would ask the terminal for one.
        context.load_cert_chain(certificate[1], key[1], lambda: password[1] or "")
    except ssl.SSLError as error:
        raise ValueError(
            f"{pair} are no certificate and its key in PEM ({error.reason or 'unreadable'}): name those that belong "
            f"together, and set {password[0]} where the key is encrypted"
        ) from error
    except OSError as error:
        raise ValueError(f"{pair} cannot be read ({error.strerror}): name a certificate and its key in PEM") from error
    return context
