"""The gateway's HTML: templates in which every text is escaped, and the headers that a browser keeps them safe by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response

# Nothing from another host, no script or style in the page itself, no frame around it.
POLICY: Final = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SAFE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
ENVIRONMENT: Final = Environment(
    loader=PackageLoader("consumer.gateway"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def render(template: str, **context: Any) -> str:
    """Return a template with what it shows; raises UndefinedError for what it was not given."""
    return ENVIRONMENT.get_template(template).render(context)


def html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that no cache keeps: what it shows changes with every texture."""
    return Response(
        text,
        status,
        {"Cache-Control": "private, no-cache", "Vary": "Accept", **SAFE_HEADERS, **(headers or {})},
        "text/html; charset=utf-8",
    )
