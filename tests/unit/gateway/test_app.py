"""The contract, over real HTTP, with the shipped model."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from consumer.gateway.limits import DoorLimits
from consumer.tagging.pipeline import PreparedImage, TaggingPipeline
from consumer.tagging.tagging_result import TaggingResult
from consumer.telemetry.metrics import Metrics
from schemas.http import DEFAULT_THRESHOLD
from schemas.tagged import category_place
from testkit.kafka_tools import eventually
from tests.unit.gateway.serving import Served, picture, served

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture
async def running(pipeline: TaggingPipeline, metrics: Metrics) -> AsyncIterator[Served]:
    async with served(pipeline, metrics=metrics) as opened:
        yield opened


async def test_an_image_gets_the_answer_that_the_first_services_clients_read(running: Served) -> None:
    """Every field is there, with the type that a strict client expects."""
    answer = await running.client.tag(picture(1), asset_id="ui/button", confidence_threshold=0.1)

    assert answer.status == 200
    body = answer.json
    assert set(body) == {"asset_id", "tags", "processing_time_ms", "status", "error_message"}
    assert (body["asset_id"], body["status"], body["error_message"]) == ("ui/button", "success", None)
    assert isinstance(body["processing_time_ms"], int)
    assert body["tags"]
    for tag in body["tags"]:
        assert set(tag) == {"tag", "category", "confidence", "source_model", "processing_time_ms"}
        assert isinstance(tag["processing_time_ms"], int)


@pytest.mark.parametrize("fields", [{"asset_id": None}, {}], ids=["null", "missing"])
async def test_a_request_without_an_asset_id_is_answered_without_one(
    pipeline: TaggingPipeline, fields: dict[str, None]
) -> None:
    """As the first service did; it is an image of no asset, so nothing is published of it."""
    async with served(pipeline, announcer=_Refuse()) as running:
        body = {"image_data": base64.b64encode(picture(1)).decode(), "confidence_threshold": 0.1, **fields}
        by_json = await running.client.call("POST", "/api/v1/tag", json=body)
        form = {"confidence_threshold": "0.1", "file": ("a.png", picture(1), "image/png")}
        by_form = await running.client.call("POST", "/api/v1/tag/file", fields=form)

    assert (by_json.status, by_json.json["asset_id"], by_json.json["status"]) == (200, None, "success")
    assert by_form.json["tags"]
    assert [tag["tag"] for tag in by_form.json["tags"]] == [tag["tag"] for tag in by_json.json["tags"]]


async def test_work_of_clients_that_left_is_not_inferred(
    pipeline: TaggingPipeline, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their places are free at once, and they are counted as what they are."""
    decoding, go_on = asyncio.Semaphore(0), asyncio.Event()
    prepare = TaggingPipeline.prepare

    async def waiting(self: TaggingPipeline, data: bytes, **options: Any) -> PreparedImage:
        decoding.release()
        await go_on.wait()
        return await prepare(self, data, **options)

    monkeypatch.setattr(TaggingPipeline, "prepare", waiting)
    body = json.dumps({"asset_id": "a", "image_data": base64.b64encode(picture(1)).decode()}).encode()
    head = f"POST /api/v1/tag HTTP/1.1\r\nHost: test\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with served(pipeline, metrics=metrics) as running:
        address = urlsplit(running.client.url)
        for _ in range(20):
            _, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(head + body)
            await decoding.acquire()
            writer.close()
            await writer.wait_closed()
        await eventually(lambda: running.gateway.door.requests == 0, "their requests are over")
        go_on.set()
        assert (await running.client.tag(picture(2))).status == 200

    rendered = metrics.render().decode()
    assert "aegis_inference_batch_size_sum 1.0" in rendered
    assert 'aegis_gateway_requests_total{route="tag",status="499"} 20.0' in rendered


async def test_a_compressed_body_is_refused_in_a_sentence(running: Served) -> None:
    body = gzip.compress(b'{"asset_id": "a", "image_data": "aGk="}')
    headers = {"content-type": "application/json", "content-encoding": "gzip"}

    answer = await running.client.call("POST", "/api/v1/tag", body=body, headers=headers)

    assert answer.status == 415
    assert "content-encoding 'gzip'" in answer.json["error_message"]
    assert answer.headers["accept-encoding"] == "identity"


async def test_the_threshold_is_taken_as_it_is(running: Served) -> None:
    """Zero gives every tag there is, one almost none, and what is between is cut exactly there."""
    everything = (await running.client.tag(picture(2), confidence_threshold=0.0)).json["tags"]
    places = [(category_place(tag["category"]), -tag["confidence"]) for tag in everything]
    assert places == sorted(places)
    confidences = sorted(tag["confidence"] for tag in everything)
    assert confidences[0] < 0.05

    cut = confidences[len(confidences) // 2]
    kept = (await running.client.tag(picture(2), confidence_threshold=cut)).json["tags"]

    assert sorted(tag["confidence"] for tag in kept) == [value for value in confidences if value >= cut]


async def test_without_a_threshold_the_sure_tags_come_and_the_best_object_type_that_an_event_would_carry(
    running: Served, pipeline: TaggingPipeline
) -> None:
    unsure = 0
    for path in sorted((SAMPLES / "supertuxkart").glob("*.png")):
        prepared = await pipeline.prepare(path.read_bytes())
        published = pipeline.score((await pipeline.embed(prepared)).vector, prepared.facts).tags
        best = next((tag for tag in published if tag.category == "object_types"), None)

        given = (await running.client.tag(path.read_bytes())).json["tags"]

        assert {tag["tag"] for tag in given} == {
            tag.tag for tag in published if tag.confidence >= DEFAULT_THRESHOLD or tag is best
        }
        unsure += best is not None and best.confidence < DEFAULT_THRESHOLD
    assert unsure


async def test_images_of_many_callers_share_inferences_and_each_gets_its_own_answer(
    running: Served, pipeline: TaggingPipeline, metrics: Metrics
) -> None:
    alone = {}
    for seed in range(24):
        prepared = await pipeline.prepare(picture(seed))
        vector = (await pipeline.embed(prepared)).vector
        alone[seed] = pipeline.score(vector, prepared.facts, threshold=0.0).tags

    # Whether requests meet is the scheduler's to say: callers come again until some did.
    for _ in range(25):
        answers = await asyncio.gather(
            *(
                running.client.tag(picture(seed), asset_id=f"asset-{seed}", confidence_threshold=0.0)
                for seed in range(24)
            )
        )

        for seed, answer in enumerate(answers):
            assert answer.json["asset_id"] == f"asset-{seed}"
            given = {(tag["category"], tag["tag"]): tag["confidence"] for tag in answer.json["tags"]}
            # A batch multiplies in another order; what that moves is far below what tells two of these images apart.
            assert given == pytest.approx({(tag.category, tag.tag): tag.confidence for tag in alone[seed]}, abs=0.01)
        if _largest_batch(metrics) > 1:
            return
    pytest.fail("no two images shared an inference")


async def test_a_file_upload_gets_the_same_tags(running: Served) -> None:
    by_json = (await running.client.tag(picture(3), confidence_threshold=0.2)).json
    form = {"asset_id": "test/asset", "confidence_threshold": "0.2", "file": ("a.png", picture(3), "image/png")}
    by_form = (await running.client.call("POST", "/api/v1/tag/file", fields=form)).json

    assert [(tag["tag"], tag["confidence"]) for tag in by_form["tags"]] == [
        (tag["tag"], tag["confidence"]) for tag in by_json["tags"]
    ]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"body": b"{", "headers": {"content-type": "application/json"}}, 422),
        ({"body": b"[]", "headers": {"content-type": "application/json"}}, 422),
        ({"body": b"{}", "headers": {"content-type": "text/plain"}}, 415),
        ({"json": {"asset_id": "a", "image_data": "aGVsbG8="}}, 422),
    ],
    ids=["no JSON", "a list", "a page's form", "no image"],
)
async def test_a_clients_own_fault_is_a_4xx_with_a_sentence(
    running: Served, options: dict[str, Any], status: int
) -> None:
    answer = await running.client.call("POST", "/api/v1/tag", **options)

    assert answer.status == status
    assert set(answer.json) == {"status", "error_message"}
    assert answer.json["status"] == "error"
    assert answer.json["error_message"]


@pytest.mark.parametrize(
    "fields",
    [
        {"asset_id": "a", "file": "only a text"},
        {"asset_id": "a"},
        {"asset_id": "a\0b", "file": ("a.png", b"png", "image/png")},
        {"asset_id": "a", "file": ("a.png", b"", "image/png")},
        {"asset_id": ("a.png", b"png", "image/png"), "file": ("a.png", b"png", "image/png")},
        {"asset_id": "a", "confidence_threshold": "much", "file": ("a.png", b"png", "image/png")},
    ],
)
async def test_a_form_at_fault_is_a_422(running: Served, fields: dict[str, Any]) -> None:
    assert (await running.client.call("POST", "/api/v1/tag/file", fields=fields)).status == 422


async def test_a_form_that_is_cut_off_is_a_422(running: Served) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = await running.client.call("POST", "/api/v1/tag/file", body=b"--x\r\nnonsense", headers=headers)
    assert answer.status == 422


async def test_limits_of_pixels_and_bytes(pipeline: TaggingPipeline) -> None:
    async with served(pipeline, limits=DoorLimits(max_body_bytes=200_000)) as running:
        assert (await running.client.tag(picture(1, size=513))).status == 413
        assert (await running.client.tag(b"\0" * 200_000)).status == 413


async def test_a_body_without_a_stated_length_meets_the_limit_too(pipeline: TaggingPipeline) -> None:
    async with served(pipeline, limits=DoorLimits(max_body_bytes=100_000)) as running:

        def chunks() -> Any:
            for _ in range(200):
                yield b"x" * 1000

        answer = await running.client.call(
            "POST", "/api/v1/tag", body=chunks(), headers={"content-type": "application/json"}
        )
    assert answer.status == 413


async def test_a_body_that_does_not_come_is_not_waited_for(pipeline: TaggingPipeline) -> None:
    async with served(pipeline, limits=DoorLimits(body_seconds=0.3)) as running:
        answer = await asyncio.to_thread(_half_a_body, int(running.client.url.rsplit(":")[-1]))
        held = running.gateway.door.requests
    assert b" 408 " in answer
    assert held == 0


async def test_a_key_is_asked_for_on_the_api_and_nowhere_else(pipeline: TaggingPipeline) -> None:
    async with served(pipeline, limits=DoorLimits(keys=(b"secret",))) as running:
        assert (await running.client.tag(picture(1))).status == 401
        assert (await running.client.tag(picture(1), headers={"X-API-Key": "secret"})).status == 200
        for path in ("/health", "/livez", "/readyz", "/metrics", "/docs", "/openapi.json"):
            assert (await running.client.call("GET", path)).status == 200, path


async def test_when_full_the_next_is_sent_away_and_comes_in_later(pipeline: TaggingPipeline) -> None:
    gate = _Gate()
    async with served(pipeline, limits=DoorLimits(max_requests=2), announcer=gate) as running:
        inside = [asyncio.create_task(running.client.tag(picture(seed))) for seed in range(2)]
        await gate.reached.acquire()
        await gate.reached.acquire()

        turned_away = await running.client.tag(picture(3))
        gate.opened.set()

        assert turned_away.status == 429
        assert turned_away.headers["retry-after"] == "1"
        assert [(await answer).status for answer in inside] == [200, 200]
        assert (await running.client.tag(picture(3))).status == 200


async def test_at_the_end_what_is_being_answered_is_answered(pipeline: TaggingPipeline) -> None:
    gate = _Gate()
    async with served(pipeline, announcer=gate) as running:
        inside = asyncio.create_task(running.client.tag(picture(1)))
        await gate.reached.acquire()
        running.gateway.door.closed = True
        late = await running.client.tag(picture(2))
        health = await running.client.call("GET", "/health")
        asyncio.get_running_loop().call_later(0.2, gate.opened.set)
    assert (late.status, health.status) == (503, 503)
    assert (await inside).status == 200


async def test_who_still_sends_while_it_drains_gets_to_read_the_refusal(running: Served) -> None:
    """A connection that is closed on bytes nobody read is reset, and the answer with it."""
    running.gateway.door.closed = True
    address = urlsplit(running.client.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    pieces, piece = 20, b"x" * 100_000
    writer.write(f"POST /api/v1/tag HTTP/1.1\r\nHost: test\r\nContent-Length: {pieces * len(piece)}\r\n\r\n".encode())
    for _ in range(pieces):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.01)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"shutting down" in answer


async def test_readiness_and_health_fall_with_the_model(running: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker whose model is dead must not answer that all is well."""

    async def broken(*_: object) -> object:
        raise RuntimeError("the session is gone")

    assert (await running.client.call("GET", "/readyz")).status == 200
    monkeypatch.setattr(TaggingPipeline, "embed", broken)
    monkeypatch.setattr("consumer.gateway.probe._FRESH_SECONDS", 0.0)

    ready, health = await running.client.call("GET", "/readyz"), await running.client.call("GET", "/health")

    assert (ready.status, health.status) == (503, 503)
    assert "the session is gone" in ready.json["checks"]["tagging"]
    assert (await running.client.call("GET", "/livez")).status == 200
    assert health.json["status"] == "unhealthy"


async def test_a_model_that_hangs_is_a_503_and_frees_its_place(
    pipeline: TaggingPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(*_: object) -> object:
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(TaggingPipeline, "embed", hang)
    async with served(pipeline, timeout_seconds=0.2) as running:
        answer = await running.client.tag(picture(1))
        assert answer.status == 503
        assert answer.headers["retry-after"]
        assert running.gateway.door.requests == 0


async def test_what_is_not_there_and_what_has_no_database(running: Served) -> None:
    assert (await running.client.call("GET", "/nothing")).json["status"] == "error"
    assert (await running.client.call("GET", "/api/v1/tag")).status == 405
    assert (await running.client.call("GET", "/api/v1/search?tag=weapon")).status == 501
    assert (await running.client.call("GET", "/api/v1/assets/a/b/tags")).status == 501


async def test_answers_are_counted_by_status(running: Served, metrics: Metrics) -> None:
    await running.client.tag(picture(1))
    await running.client.tag(b"no image")
    rendered = metrics.render().decode()
    assert 'aegis_gateway_requests_total{route="tag",status="200"} 1.0' in rendered
    assert 'aegis_gateway_requests_total{route="tag",status="422"} 1.0' in rendered


async def test_the_page_of_documentation_names_every_path_and_needs_no_network(running: Served) -> None:
    answer = await running.client.call("GET", "/docs")
    document = (await running.client.call("GET", "/openapi.json")).json
    assert all(path in answer.text for path in document["paths"])
    assert not re.findall(r'(?:src|href)="(?!/|#)', answer.text)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; img-src 'self'; style-src 'self'")


async def test_without_a_database_the_page_says_what_to_set(running: Served) -> None:
    """To a person in HTML, to a program as ever."""
    shown = await running.client.call("GET", "/", headers={"accept": "text/html"})
    told = await running.client.call("GET", "/")
    assert (shown.status, told.status) == (501, 501)
    assert "AEGIS_PG_DSN" in shown.text
    assert "AEGIS_PG_DSN" in told.json["error_message"]


async def test_styles_and_scripts_are_kept_for_ever_and_old_versions_are_gone(running: Served) -> None:
    page = (await running.client.call("GET", "/", headers={"accept": "text/html"})).text
    for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = await running.client.call("GET", path)
        assert answer.status == 200
        assert "immutable" in answer.headers["cache-control"]
        old = re.sub(r"/static/[0-9a-f]+/", "/static/0123456789ab/", path)
        assert (await running.client.call("GET", old)).status == 404


class _Gate:
    """Holds every answer back until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Semaphore(0)
        self.opened = asyncio.Event()

    async def announce(self, _: str, __: bytes, ___: TaggingResult) -> None:
        self.reached.release()
        await self.opened.wait()


class _Refuse:
    """Is told of nothing."""

    async def announce(self, _: str, __: bytes, ___: TaggingResult) -> None:
        raise AssertionError


def _largest_batch(metrics: Metrics) -> int:
    """Return the bound of the largest batch that was counted."""
    families = text_string_to_metric_families(metrics.render().decode())
    (sizes,) = [family for family in families if family.name == "aegis_inference_batch_size"]
    buckets = [(float(item.labels["le"]), item.value) for item in sizes.samples if item.name.endswith("_bucket")]
    total = buckets[-1][1]
    return int(next(bound for bound, count in buckets if count == total))


def _half_a_body(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"POST /api/v1/tag HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        return connection.recv(4096)
