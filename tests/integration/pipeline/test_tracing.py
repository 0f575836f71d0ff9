"""One trace from the extraction to the row, across both topics, as a collector receives it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from schemas.headers import trace_id
from testkit.collector import CollectedSpan, Collector, collecting
from testkit.kafka_tools import eventually
from testkit.running import Pipeline, new_asset_id, texture
from tests.integration.gateway.conftest import gateway_process
from tests.unit.gateway.serving import picture


def _traced(collector: Collector, **others: str) -> dict[str, str]:
    return {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        **others,
    }


def _names(spans: list[CollectedSpan]) -> list[tuple[str, str]]:
    return [(span.service, span.name) for span in spans]


async def test_one_trace_leads_from_the_extraction_to_the_row(
    idle_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each process sends its spans by itself; the headers of the records hold them together."""
    pipeline = idle_pipeline
    image = tmp_path / "grass.png"
    image.write_bytes(texture(1))
    with collecting() as collector:
        services = [pipeline.service(name, **_traced(collector)) for name in ("tagger", "sink")]
        for service in services:
            service.start()
        for name, value in _traced(collector).items():
            monkeypatch.setenv(name, value)
        done = await asyncio.to_thread(
            pipeline.aegis, "extract", str(image), "--output", str(tmp_path / "out"), "--ai-tagging", "--game", "traced"
        )
        assert done.returncode == 0, done.stderr
        await eventually(lambda: any(span.name == "store" for span in collector.spans), "the row's span", 60)
        for service in services:
            assert await asyncio.to_thread(service.stop) == 0

        (root,) = [span for span in collector.spans if not span.parent_id]
        spans = collector.trace(root.trace_id)
        extracted, tagged = pipeline.topics.extracted, pipeline.topics.tagged
        parents = {span.span_id: span.name for span in spans}
        assert {(span.service, parents.get(span.parent_id), span.name) for span in spans} == {
            ("aegis-extract", None, "deliver"),
            ("aegis-extract", "deliver", "upload"),
            ("aegis-extract", "deliver", f"send {extracted}"),
            ("aegis-tagger", f"send {extracted}", f"process {extracted}"),
            ("aegis-tagger", f"process {extracted}", "decode-event"),
            ("aegis-tagger", f"process {extracted}", "fetch"),
            ("aegis-tagger", f"process {extracted}", "decode-image"),
            ("aegis-tagger", f"process {extracted}", "embed"),
            ("aegis-tagger", f"process {extracted}", "score"),
            ("aegis-tagger", f"process {extracted}", f"send {tagged}"),
            ("aegis-sink", f"send {tagged}", f"process {tagged}"),
            ("aegis-sink", f"process {tagged}", "decode-event"),
            ("aegis-sink", f"process {tagged}", "store"),
        }
        assert len(collector.spans) == len(spans), "spans of another trace"
        assert {span.error for span in spans} == {None}


async def test_a_dead_letter_is_a_failed_span_and_its_log_names_the_trace(idle_pipeline: Pipeline) -> None:
    """The log names it without tracing, too: the id is in the record's header."""
    pipeline = idle_pipeline
    asset_id = new_asset_id("traced")
    reference = pipeline.upload(texture(2)).model_copy(update={"sha256": "0" * 64})
    with collecting() as collector:
        tagger = pipeline.service("tagger", **_traced(collector, OTEL_SERVICE_NAME="mine"))
        tagger.start()
        await pipeline.publish(pipeline.event(asset_id, reference))
        await eventually(lambda: any(span.error and span.parent_id for span in collector.spans), "a failed span", 60)
        assert await asyncio.to_thread(tagger.stop) == 0

    (letter,) = [line for line in tagger.events() if line["event"] == "record.dead_lettered"]
    (record,) = await pipeline.records_of(pipeline.topics.extracted, asset_id)
    failed = {(span.service, span.name): span.error for span in collector.spans if span.error}
    assert failed == {
        ("mine", f"process {pipeline.topics.extracted}"): "ChecksumMismatchError",
        ("mine", "fetch"): "ChecksumMismatchError",
    }
    assert letter["trace_id"] == trace_id(record.headers)
    assert {span.trace_id for span in collector.spans} == {letter["trace_id"]}


async def test_a_request_to_the_gateway_joins_what_becomes_of_its_image(idle_pipeline: Pipeline) -> None:
    """From the client's own span, which its header names, to the tagger's reading of the event."""
    pipeline, client_span = idle_pipeline, "00f067aa0ba902b7"
    client_trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with collecting() as collector:
        tagger = pipeline.service("tagger", **_traced(collector))
        tagger.start()
        with gateway_process(pipeline, AEGIS_GATEWAY_PUBLISH="true", **_traced(collector)) as (gateway, client):
            headers = {"traceparent": f"00-{client_trace}-{client_span}-01"}
            answer = await client.tag(picture(1), headers=headers)
            assert answer.status == 200
            refused = await client.tag(b"no image", headers=headers)
            assert refused.status == 422
            await pipeline.tagged("test/asset", count=2)
            assert await asyncio.to_thread(gateway.stop) == 0
        assert await asyncio.to_thread(tagger.stop) == 0

    extracted, tagged = pipeline.topics.extracted, pipeline.topics.tagged
    route = "POST /api/v1/tag"
    parents = {client_span: "client"} | {span.span_id: span.name for span in collector.spans}
    assert {span.trace_id for span in collector.spans} == {client_trace}
    assert {(span.service, parents[span.parent_id], span.name) for span in collector.spans} == {
        ("aegis-gateway", "client", route),
        ("aegis-gateway", route, "decode-image"),
        ("aegis-gateway", route, "embed"),
        ("aegis-gateway", route, "score"),
        ("aegis-gateway", route, "upload"),
        ("aegis-gateway", route, f"send {extracted}"),
        ("aegis-gateway", route, f"send {tagged}"),
        ("aegis-tagger", f"send {extracted}", f"process {extracted}"),
        ("aegis-tagger", f"process {extracted}", "decode-event"),
        ("aegis-tagger", f"process {extracted}", "fetch"),
        ("aegis-tagger", f"process {extracted}", "decode-image"),
        ("aegis-tagger", f"process {extracted}", "embed"),
        ("aegis-tagger", f"process {extracted}", "score"),
        ("aegis-tagger", f"process {extracted}", f"send {tagged}"),
    }
    assert {span.name for span in collector.spans if span.error} == {"decode-image"}


async def test_a_collector_that_is_away_holds_nothing_up(idle_pipeline: Pipeline) -> None:
    """Neither the work nor the end of the process."""
    pipeline = idle_pipeline
    with collecting() as collector:
        nowhere = collector.endpoint
    tagger = pipeline.service("tagger", OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=nowhere)
    tagger.start()
    asset_id = new_asset_id("traced")
    await pipeline.publish(pipeline.event(asset_id, pipeline.upload(texture(3))))

    assert await pipeline.tagged(asset_id)
    assert await asyncio.to_thread(tagger.stop) == 0
