"""People's words over HTTP: saved as events, and read back as a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams

from consumer.gateway.bodies import json_of
from consumer.gateway.kafka_refusals import kafka_refusals
from consumer.gateway.refusals import RefusedError
from consumer.gateway.tables import Tables, database_refusals
from consumer.reviewing.deciding import AssetUnknownError, Decision, NewTagError, Said, SaidError
from consumer.reviewing.desk import ReviewDesk
from consumer.storage.errors import DatabaseError
from consumer.storage.tables.verdict_reads import HistoryPage, HistoryQuery, PastVerdict, history
from schemas import AssetId, ReviewedTag
from schemas.http import HistoryAnswer, HistoryEntry, SavedVerdict, StoredTag, VerdictAnswer, VerdictRequest
from schemas.reviewed import HUMAN
from schemas.wire import explain

_ASSET_ID: Final = TypeAdapter[str | None](AssetId | None)
_NO_DESK: Final = (
    "this gateway takes no verdicts: set AEGIS_PG_DSN and AEGIS_KAFKA_BOOTSTRAP, and AEGIS_GATEWAY_VERDICTS=true"
)


class _Question(BaseModel):
    """A history as its query string asks for it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    by: str | None = None
    limit: int = Field(default=100, ge=1, le=1000)
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """``desk`` None: there is no database or no Kafka."""

    desk: ReviewDesk | None
    tables: Tables

    async def save(self, body: bytes) -> VerdictAnswer:
        """Publish what a request says; raises RefusedError."""
        if self.desk is None:
            raise RefusedError(501, _NO_DESK)
        request = _parse(body)
        words = [
            Said(
                said.asset_id,
                said.tag,
                said.word,
                request.by,
                said.category,
                is_new=said.new,
                event_id=said.event_id or uuid4(),
            )
            for said in request.verdicts
        ]
        try:
            with (
                database_refusals(),
                kafka_refusals(
                    "the verdict was not saved", "an event is larger than Kafka takes: shorten its asset_id"
                ),
            ):
                decisions = await self.desk.record(words)
        except AssetUnknownError as error:
            raise RefusedError(404, str(error)) from error
        except NewTagError as error:
            raise RefusedError(422, f'{error}; to use a tag of your own, send "new": true and its category') from error
        except SaidError as error:
            raise RefusedError(422, str(error)) from error
        return VerdictAnswer(
            verdicts=tuple(map(_saved, decisions)), stored=await self._are_stored(decisions, request.wait_seconds)
        )

    async def history(self, parameters: QueryParams, asset_id: str | None = None) -> HistoryAnswer:
        """Return one page of what was said, of one asset or of all; raises RefusedError."""
        try:
            question = _Question.model_validate(dict(parameters))
            _ASSET_ID.validate_python(asset_id)
        except ValidationError as error:
            raise RefusedError(422, explain(error, "asset_id")) from error
        query = HistoryQuery(asset_id, question.by, question.limit, _page(question.after))
        with database_refusals():
            found = await history(self.tables.open(), query)
        last = found[-1] if len(found) == query.limit else None
        return HistoryAnswer(
            verdicts=tuple(map(_entry, found)),
            next=None if last is None else str(last.page),
        )

    async def _are_stored(self, decisions: list[Decision], wait_seconds: float) -> bool:
        assert self.desk is not None
        if not wait_seconds:
            return False
        try:
            return await self.desk.stored([item.event.event_id for item in decisions], timeout_seconds=wait_seconds)
        except DatabaseError:
            # Saved they are, whatever becomes of the tables.
            return False


def _parse(body: bytes) -> VerdictRequest:
    # For its sentence; of JSON, dates and ids are read in a way of their own.
    json_of(body)
    try:
        return VerdictRequest.model_validate_json(body)
    except ValidationError as error:
        raise RefusedError(422, explain(error, "the body")) from error


def _page(text: str | None) -> HistoryPage | None:
    if text is None:
        return None
    try:
        return HistoryPage.parse(text)
    except ValueError as error:
        raise RefusedError(422, "after is not a page: copy it from next of the answer before") from error


def _saved(decision: Decision) -> SavedVerdict:
    event = decision.event
    return SavedVerdict(
        event_id=event.event_id,
        asset_id=event.asset_id,
        category=event.verdict.category,
        tag=event.verdict.tag,
        word=event.verdict.word,
        by=event.by,
        decided_at=event.occurred_at,
        replaced=decision.replaced,
        tags=tuple(map(_stored, event.tags)),
    )


def _stored(tag: ReviewedTag) -> StoredTag:
    is_human = tag.source_model == HUMAN
    return StoredTag(
        tag=tag.tag,
        category=tag.category,
        confidence=tag.confidence,
        source="human" if is_human else "model",
        source_model=None if is_human else tag.source_model,
        verdict=tag.verdict,
    )


def _entry(past: PastVerdict) -> HistoryEntry:
    return HistoryEntry(
        event_id=past.event_id,
        asset_id=past.asset_id,
        category=past.category,
        tag=past.tag,
        word=past.word,
        by=past.decided_by,
        decided_at=past.decided_at,
    )
