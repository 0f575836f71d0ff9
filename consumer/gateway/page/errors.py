"""A refusal as who asked can read it: a page for a person, the contract's JSON for everybody else."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from consumer.gateway.html import html, render
from consumer.gateway.page.state import GalleryState
from consumer.gateway.page.static_files import static_url
from consumer.gateway.refusals import RefusedError

_HEADINGS: Final = {401: "Who are you?", 404: "Not here", 501: "Nothing to show"}


async def on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return answer(request.url.path, request.headers.get("accept", ""), error)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer what the router refuses in the words of the contract."""
    assert isinstance(error, HTTPException)
    sentences = {
        404: f"there is no {request.url.path}: see /docs",
        405: f"{request.url.path} takes no {request.method}: see /docs",
    }
    sentence = sentences.get(error.status_code, str(error.detail))
    return await on_refusal(request, RefusedError(error.status_code, sentence, error.headers))


def answer(path: str, accept: str, refusal: RefusedError) -> Response:
    """Return the refusal: HTML where a browser shows it, and never below /api/."""
    if path.startswith("/api/") or "text/html" not in accept:
        return refusal.response()
    text = render(
        "error.html",
        static_url=static_url,
        state=GalleryState(),
        status=refusal.status,
        heading=_HEADINGS.get(refusal.status, "Not now" if refusal.status >= 500 else "This does not work"),
        sentence=refusal.sentence[:1].upper() + refusal.sentence[1:] + ".",
    )
    return html(text, refusal.status, refusal.headers)
