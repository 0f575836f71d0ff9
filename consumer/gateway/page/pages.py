"""The page's routes: gallery, textures, thumbnails, news."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from consumer.gateway.html import SAFE_HEADERS, html, render
from consumer.gateway.limits import login
from consumer.gateway.page.facets import FacetKeeper, in_words
from consumer.gateway.page.gallery import GalleryPages
from consumer.gateway.page.live import LiveFeed
from consumer.gateway.page.ranking import Ranking
from consumer.gateway.page.state import gallery_state
from consumer.gateway.page.static_files import static_file, static_url
from consumer.gateway.page.texture import TexturePages
from consumer.gateway.page.thumbnails import SIDES, Thumbnails
from consumer.gateway.refusals import RefusedError, away
from consumer.imaging.picture import ImageLimits
from consumer.searching.finder import Finder
from consumer.storage.errors import DatabaseError, RowRejectedError
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.textures import location_of
from consumer.tagging.bundle.bundle import Bundle

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# Private, because it lies behind the key; for ever, because its address is its content.
_FOR_EVER: Final = "private, max-age=31536000, immutable"

Handler = Callable[[Request], Awaitable[Response]]
Measure = Callable[[str, Handler], Handler]


@dataclass(frozen=True, slots=True)
class Pages:
    """What the page's routes stand on; ``thumbnails`` None: no object store is set, so there are no pictures."""

    gallery: GalleryPages
    textures: TexturePages
    thumbnails: Thumbnails | None
    feed: LiveFeed
    takes_verdicts: bool = False

    @staticmethod
    @asynccontextmanager
    async def open(
        reader: TagReader,
        store: ObjectStore | None,
        limits: ImageLimits,
        finder: Finder,
        *,
        takes_verdicts: bool,
        bundle: Bundle,
    ) -> AsyncIterator[Pages]:
        """Own what works in the background for the page, until the end."""
        keeper, feed = FacetKeeper(reader), LiveFeed(reader)
        thumbnails = None if store is None else Thumbnails(store, lambda sha256: location_of(reader, sha256), limits)
        try:
            yield Pages(
                GalleryPages(reader, keeper, Ranking(reader, finder), bundle),
                TexturePages(reader, keeper, thumbnails),
                thumbnails,
                feed,
                takes_verdicts,
            )
        finally:
            await feed.close()
            await keeper.close()
            if thumbnails is not None:
                await thumbnails.close()

    async def show_gallery(self, request: Request) -> Response:
        with _database_refusals():
            context = await self.gallery.context(gallery_state(request.query_params))
        return page("gallery.html", **context, **self._reviewing(request))

    async def show_texture(self, request: Request) -> Response:
        asset_id = request.path_params["asset_id"]
        with _database_refusals():
            context = await self.textures.context(asset_id)
        return page("texture.html", **context, **self._reviewing(request))

    def _reviewing(self, request: Request) -> dict[str, object]:
        """Return whether verdicts are taken, and of whom: the name that the browser asked for, if it did."""
        return {"takes_verdicts": self.takes_verdicts, "reviewer": login(request.headers)[0][:128]}

    async def show_thumbnail(self, request: Request) -> Response:
        side, sha256 = request.path_params["side"], request.path_params["name"].removesuffix(".webp")
        if side not in SIDES or not _SHA256.fullmatch(sha256):
            raise RefusedError(404, "there is no such thumbnail")
        headers = {"ETag": f'"{sha256}"', "Cache-Control": _FOR_EVER, **SAFE_HEADERS}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        if self.thumbnails is None:
            raise RefusedError(501, "this gateway has no object store to read pictures from: set AEGIS_S3_ENDPOINT")
        return Response(await self.thumbnails.get(sha256, side), headers=headers, media_type="image/webp")

    async def tell_news(self, _: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", **SAFE_HEADERS}
        return StreamingResponse(self.feed.stream(), headers=headers, media_type="text/event-stream")


def page_routes(pages: Pages | None, measured: Measure) -> list[Route]:
    """Return the routes; without a database each says what to set."""

    def handler(name: str, handle: Callable[[Pages], Handler], *, timed: bool = True) -> Handler:
        found = _without_database if pages is None else handle(pages)
        return measured(name, found) if timed else found

    return [
        Route("/", handler("page", lambda these: these.show_gallery), methods=["GET"]),
        Route(
            "/textures/{asset_id:asset_id}", handler("page/texture", lambda these: these.show_texture), methods=["GET"]
        ),
        Route(
            "/thumbs/{side:int}/{name}", handler("page/thumbnail", lambda these: these.show_thumbnail), methods=["GET"]
        ),
        # It lasts as long as its page is open, which is nobody's latency.
        Route("/live", handler("page/live", lambda these: these.tell_news, timed=False), methods=["GET"]),
        Route("/static/{version}/{name}", static_file, methods=["GET"]),
    ]


def page(template: str, **context: object) -> Response:
    """Return a page of ours."""
    return html(render(template, static_url=static_url, in_words=in_words, **context))


async def _without_database(_: Request) -> Response:
    raise RefusedError(501, "this gateway has no database to show textures from: set AEGIS_PG_DSN")


@contextmanager
def _database_refusals() -> Iterator[None]:
    try:
        yield
    except RowRejectedError as error:
        raise RefusedError(422, "a text holds a character that no stored text can hold") from error
    except DatabaseError as error:
        raise away("the database does not answer: reload in a moment") from error
