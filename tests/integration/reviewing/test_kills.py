"""Kill -9 of the sink and of the gateway while a thousand words are said: none is lost, none is doubled."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import urllib3

from schemas import AssetReviewed, Word
from testkit.kafka_tools import eventually
from testkit.running import Pipeline
from tests.integration.gateway.conftest import gateway_process
from tests.integration.reviewing.conftest import publish_tagged, reviewed
from tests.unit.gateway.serving import Client

WORDS, ASSETS, AT_ONCE, KILLS = 1000, 20, 8, 3


def _words() -> Iterator[dict[str, Any]]:
    """Yield words with ids of their own, so that one whose answer was lost can be said again."""
    chance = random.Random(18)
    for number in range(WORDS):
        word = chance.choice([Word.CONFIRMED, Word.REJECTED])
        yield {
            "asset_id": f"asset-{number % ASSETS}",
            "tag": chance.choice(["weapon", "metal"]),
            "word": word.value,
            "event_id": str(uuid.uuid4()),
        }


class _Speakers:
    """Say every word until it is answered with 200, whatever becomes of the gateway meanwhile."""

    def __init__(self) -> None:
        self.waiting = list(_words())
        self.answered: list[str] = []
        self.client: Client | None = None

    async def speak(self) -> None:
        while self.waiting:
            word = self.waiting.pop(0)
            await eventually(partial(self._say, word), "the word is saved", 120)
            self.answered.append(word["event_id"])

    def have_answers(self, count: int) -> bool:
        return len(self.answered) >= count

    async def _say(self, word: dict[str, Any]) -> bool:
        if self.client is None:
            return False
        try:
            answer = await self.client.call("POST", "/api/v1/verdicts", json={"by": "anna", "verdicts": [word]})
        except (urllib3.exceptions.HTTPError, ConnectionError):
            return False
        assert answer.status in {200, 503}, answer.text
        return answer.status == 200


@pytest.mark.timeout(300)
async def test_of_a_thousand_words_none_is_lost_or_doubled_by_kills(own_corner: Pipeline) -> None:
    sink = own_corner.service("sink", AEGIS_STREAM_SESSION_TIMEOUT_SECONDS="6")
    sink.start()
    await publish_tagged(own_corner, *(f"asset-{number}" for number in range(ASSETS)))
    speakers = _Speakers()
    words = {word["event_id"]: word for word in speakers.waiting}
    speaking = [asyncio.create_task(speakers.speak()) for _ in range(AT_ONCE)]

    for turn in range(1, KILLS + 1):
        with gateway_process(own_corner) as (gateway, client):
            speakers.client = client
            await eventually(partial(speakers.have_answers, WORDS * turn // (KILLS + 1)), "some words are said", 120)
            await asyncio.gather(asyncio.to_thread(gateway.kill), asyncio.to_thread(sink.kill))
            speakers.client = None
        sink = own_corner.service("sink", AEGIS_STREAM_SESSION_TIMEOUT_SECONDS="6")
        sink.start()
    with gateway_process(own_corner) as (_, client):
        speakers.client = client
        await asyncio.gather(*speaking)

    async def all_stored() -> bool:
        return len(await own_corner.rows("SELECT FROM verdicts")) >= WORDS

    await eventually(all_stored, "the sink has stored every word", 120)
    await _judge(own_corner, words)
    assert sink.stop() == 0


async def _judge(corner: Pipeline, words: dict[str, dict[str, Any]]) -> None:
    rows = await corner.rows("SELECT event_id::text AS event_id, asset_id, tag, word FROM verdicts")
    events = await reviewed(corner)
    stored = Counter(row["event_id"] for row in rows)

    assert stored == Counter(dict.fromkeys(words, 1))
    assert {row["event_id"]: (row["asset_id"], row["tag"], row["word"]) for row in rows} == {
        event_id: (word["asset_id"], word["tag"], word["word"]) for event_id, word in words.items()
    }
    holding = await corner.rows("SELECT asset_id, tag, verdict FROM asset_tags WHERE source = 'human'")
    assert {(row["asset_id"], row["tag"]): row["verdict"] for row in holding} == _last(events)


def _last(events: list[AssetReviewed]) -> dict[tuple[str, str], str]:
    """Return the newest word on each tag; the events come in their order, and one that was repeated counts once."""
    first: dict[uuid.UUID, AssetReviewed] = {}
    for event in events:
        first.setdefault(event.event_id, event)
    return {(event.asset_id, event.verdict.tag): event.verdict.word.value for event in first.values()}
