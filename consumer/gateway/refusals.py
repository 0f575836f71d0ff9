"""Why a request gets no answer of its own: a status, and one sentence for its sender."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemas.http import ErrorAnswer


class RefusedError(Exception):
    """Ends a request with an error answer."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = headers

    def response(self) -> Response:
        return JSONResponse(
            ErrorAnswer(error_message=self.sentence).model_dump(), status_code=self.status, headers=self.headers
        )


def full(sentence: str, status: int = 429) -> RefusedError:
    """Return the refusal of a request that may be repeated in a moment."""
    return RefusedError(status, sentence, {"Retry-After": "1"})


def away(sentence: str, seconds: int = 5) -> RefusedError:
    """Return the refusal of a request that needs something which is not there now."""
    return RefusedError(503, sentence, {"Retry-After": str(seconds)})


async def on_defect(_: Request, __: Exception) -> Response:
    return RefusedError(500, "the service made a mistake; its log says which").response()
