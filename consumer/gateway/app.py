"""The gateway's application: the first service's contract, and what the tables know."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from consumer.gateway.disconnects import while_connected
from consumer.gateway.docs_page import docs_page
from consumer.gateway.html import html
from consumer.gateway.images import parse_form_fields, parse_tag_request
from consumer.gateway.limits import Door, DoorMiddleware
from consumer.gateway.page.errors import on_http_exception, on_refusal
from consumer.gateway.page.pages import Pages, page_routes
from consumer.gateway.probe import TaggingProbe
from consumer.gateway.refusals import RefusedError, on_defect
from consumer.gateway.tables import Tables
from consumer.gateway.tagging import Image, ImageTagger
from consumer.gateway.verdicts import Verdicts
from consumer.telemetry.health import Health
from consumer.telemetry.http import operations_routes
from consumer.telemetry.metrics import Metrics
from consumer.tracing.spans import answered, answering
from schemas import utc_now
from schemas.documents.openapi import openapi_document
from schemas.http import HealthAnswer

_Handle = Callable[[Request], Awaitable[Response]]
# Parsing less than this on the event loop is cheaper than handing it to a thread.
_PARSED_AT_ONCE_BYTES = 64 * 1024
_FORM_TYPE = "multipart/form-data"
# As other servers count it; nobody is sent it.
_CLIENT_LEFT = 499


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the routes stand on; ``pages`` None: there is no database, so nothing to show."""

    tagger: ImageTagger
    tables: Tables
    verdicts: Verdicts
    probe: TaggingProbe
    door: Door
    health: Health
    metrics: Metrics
    pages: Pages | None = None

    async def tag(self, request: Request) -> Response:
        started = time.perf_counter()
        _expect(request, "application/json", optional=True)
        body = await request.body()
        if len(body) <= _PARSED_AT_ONCE_BYTES:
            asked, data = parse_tag_request(body)
        else:
            asked, data = await asyncio.to_thread(parse_tag_request, body)
        return await self._answer(request, Image(asked.asset_id, data, asked.stated_threshold, started))

    async def tag_file(self, request: Request) -> Response:
        started = time.perf_counter()
        _expect(request, _FORM_TYPE)
        try:
            async with request.form(max_files=1, max_fields=8) as form:
                asset_id, threshold, upload = (form.get(name) for name in ("asset_id", "confidence_threshold", "file"))
                if isinstance(asset_id, UploadFile) or isinstance(threshold, UploadFile):
                    raise RefusedError(422, "asset_id and confidence_threshold are texts, only file is a file")
                if not isinstance(upload, UploadFile):
                    raise RefusedError(422, "file: the image is missing; send it as the form's file")
                found_id, found_threshold = parse_form_fields(asset_id, threshold)
                data = await upload.read()
        except (MultiPartException, HTTPException) as error:
            raise RefusedError(422, f"the form cannot be read: {getattr(error, 'detail', error)}") from error
        if not data:
            raise RefusedError(422, "file: the image is empty")
        return await self._answer(request, Image(found_id, data, found_threshold, started))

    async def asset(self, request: Request) -> Response:
        answer = await self.tables.asset(request.path_params["asset_id"])
        return Response(answer.model_dump_json(), media_type="application/json")

    async def search(self, request: Request) -> Response:
        answer = await self.tables.search(request.query_params)
        return Response(answer.model_dump_json(), media_type="application/json")

    async def save_verdicts(self, request: Request) -> Response:
        _expect(request, "application/json")
        answer = await self.verdicts.save(await request.body())
        return Response(answer.model_dump_json(), media_type="application/json")

    async def history(self, request: Request) -> Response:
        """Answer what people said, of one asset where the path names one."""
        answer = await self.verdicts.history(request.query_params, request.path_params.get("asset_id"))
        return Response(answer.model_dump_json(), media_type="application/json")

    async def healthy(self, _: Request) -> Response:
        """Answer as the first service did; not a constant, but whether an image would get its answer."""
        await self.health.refresh()
        good = not self.door.closed and not any(self.health.readiness().values())
        answer = HealthAnswer(status="healthy" if good else "unhealthy", timestamp=utc_now())
        return Response(answer.model_dump_json(), status_code=200 if good else 503, media_type="application/json")

    async def _answer(self, request: Request, image: Image) -> Response:
        answer = await while_connected(request, self.tagger.tag(image))
        return Response(answer.model_dump_json(), media_type="application/json")


class _AssetIdConvertor(PathConvertor):
    """An asset_id may hold whatever a text may, line breaks too, which ``path`` does not match."""

    regex = "(?s:.*)"


register_url_convertor("asset_id", _AssetIdConvertor())


def gateway_app(gateway: Gateway) -> Starlette:
    document = openapi_document()
    reference = docs_page(document)

    async def docs(_: Request) -> Response:
        return html(reference)

    async def openapi(_: Request) -> Response:
        return JSONResponse(document)

    measured = _Measured(gateway.metrics)
    return Starlette(
        routes=[
            Route("/api/v1/tag", measured("tag", gateway.tag), methods=["POST"]),
            Route("/api/v1/tag/file", measured("tag/file", gateway.tag_file), methods=["POST"]),
            Route("/api/v1/assets/{asset_id:asset_id}/tags", measured("assets", gateway.asset), methods=["GET"]),
            Route("/api/v1/assets/{asset_id:asset_id}/verdicts", measured("history", gateway.history), methods=["GET"]),
            Route("/api/v1/verdicts", measured("history", gateway.history), methods=["GET"]),
            Route("/api/v1/verdicts", measured("verdicts", gateway.save_verdicts), methods=["POST"]),
            Route("/api/v1/search", measured("search", gateway.search), methods=["GET"]),
            Route("/health", gateway.healthy),
            Route("/docs", docs),
            Route("/openapi.json", openapi),
            *page_routes(gateway.pages, measured),
            *operations_routes(gateway.health, gateway.metrics),
        ],
        middleware=[Middleware(DoorMiddleware, door=gateway.door)],
        exception_handlers={
            RefusedError: on_refusal,
            HTTPException: on_http_exception,
            ClientDisconnect: _on_disconnect,
            Exception: on_defect,
        },
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    """Counts the answers of a route by their status, and how long they took; traces each from its client on."""

    metrics: Metrics

    def __call__(self, name: str, handle: _Handle) -> _Handle:
        async def answer(request: Request) -> Response:
            started, status = time.perf_counter(), 500
            # ASGI's scope has the route that was matched, with the names of its parameters.
            path: str = getattr(request.scope.get("route"), "path", request.url.path)
            with answering(request.method, path, request.url.path, request.headers):
                try:
                    response = await handle(request)
                    status = response.status_code
                except RefusedError as refusal:
                    status = refusal.status
                    raise
                except ClientDisconnect:
                    status = _CLIENT_LEFT
                    raise
                else:
                    return response
                finally:
                    answered(status)
                    self.metrics.request_answered(name, status, time.perf_counter() - started)

        return answer


def _expect(request: Request, media_type: str, *, optional: bool = False) -> None:
    """Refuse another media type; a page of another site cannot send JSON without asking first."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise RefusedError(
            415,
            f"the body is compressed (content-encoding {encoding[:80]!r}): send it as it is",
            {"Accept-Encoding": "identity"},
        )
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type and not (optional and not given):
        raise RefusedError(415, f"the content-type is {given[:80]!r}: send {media_type}")


async def _on_disconnect(_: Request, __: Exception) -> Response:
    # Nobody reads it.
    return Response(status_code=400)
