"""What the tables say, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import QueryParams

from consumer.gateway.images import explain
from consumer.gateway.refusals import RefusedError, away
from consumer.storage.errors import DatabaseError, RowRejectedError
from consumer.storage.reads import CurrentTag, Match, Page, TagQuery, TagReader
from schemas.http import AssetTags, FoundAsset, SearchAnswer, StoredTag

_NO_DATABASE = "this gateway has no database to search: set AEGIS_PG_DSN"


class _Question(BaseModel):
    """A search as its query string says it; numbers come as texts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    tag: tuple[str, ...] = Field(default=(), max_length=16)
    category: str | None = None
    text: str | None = None
    min_confidence: float = Field(default=0.5, ge=0, le=1, allow_inf_nan=False)
    limit: int = Field(default=20, ge=1, le=1000)
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """``reader`` None: no database is set."""

    reader: TagReader | None

    async def asset(self, asset_id: str) -> AssetTags:
        """Return what is known of an asset; raises RefusedError."""
        with _database_refusals():
            detail = await self._open().asset(asset_id)
        if detail is None:
            raise RefusedError(404, "no such asset is stored: it was not tagged yet, or was removed")
        fields = detail.fields
        return AssetTags(
            asset_id=asset_id,
            bucket=fields["bucket"],
            object_key=fields["object_key"],
            width=fields["width"],
            height=fields["height"],
            model=fields["model_id"],
            taxonomy=f"{fields['taxonomy_id']} {fields['taxonomy_version']}",
            extracted_at=fields["extracted_at"],
            tagged_at=fields["tagged_at"],
            tags=tuple(_stored(tag) for tag in detail.tags),
        )

    async def search(self, parameters: QueryParams) -> SearchAnswer:
        """Return one page; raises RefusedError."""
        query = _query(parameters)
        with _database_refusals():
            matches = await self._open().search(query)
        last = matches[-1].page if len(matches) == query.limit else None
        return SearchAnswer(
            assets=tuple(_found(match) for match in matches),
            next=None if last is None else f"{last.confidence!r}:{last.asset_id}",
        )

    def _open(self) -> TagReader:
        if self.reader is None:
            raise RefusedError(501, _NO_DATABASE)
        return self.reader


def _query(parameters: QueryParams) -> TagQuery:
    given = {name: parameters[name] for name in parameters if name != "tag"}
    try:
        question = _Question.model_validate({**given, "tag": tuple(parameters.getlist("tag"))})
    except ValidationError as error:
        raise RefusedError(422, explain(error)) from error
    if not (question.tag or question.category or question.text):
        raise RefusedError(422, "say what to look for: tag, category or text")
    return TagQuery(
        question.tag,
        question.category,
        question.min_confidence,
        question.text,
        question.limit,
        _page(question.after),
    )


def _page(text: str | None) -> Page | None:
    if text is None:
        return None
    confidence, colon, asset_id = text.partition(":")
    try:
        page = Page(float(confidence), asset_id)
    except ValueError:
        page = None
    if page is None or not colon or not 0 <= page.confidence <= 1:
        raise RefusedError(422, "after is not a page: copy it from next of the answer before")
    return page


@contextmanager
def _database_refusals() -> Iterator[None]:
    try:
        yield
    except RowRejectedError as error:
        raise RefusedError(422, "a text holds a character that no stored text can hold") from error
    except DatabaseError as error:
        raise away("the database does not answer: send it again in a moment") from error


def _found(match: Match) -> FoundAsset:
    asset = match.asset
    return FoundAsset(
        asset_id=asset.asset_id,
        confidence=round(match.confidence, 6),
        bucket=asset.bucket,
        object_key=asset.object_key,
        width=asset.width,
        height=asset.height,
        tags=tuple(_stored(tag) for tag in asset.tags),
    )


def _stored(tag: CurrentTag) -> StoredTag:
    return StoredTag(
        tag=tag.tag,
        category=tag.category,
        confidence=tag.confidence,
        source="human" if tag.source == "human" else "model",
        source_model=tag.source_model,
        verdict=tag.verdict,
    )
