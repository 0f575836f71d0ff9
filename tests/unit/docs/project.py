"""This project as the documents may name it."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from pathlib import PurePosixPath

import yaml

from aegis.__main__ import cli
from consumer.telemetry.registry import ALL_METRICS
from schemas.dead_letters import HEADER_PREFIX, DeadLetter
from schemas.environment import known_variables
from schemas.topics import Topics
from tests.documents.facts import ROOT, Facts, tracked_files, words_of

# Names that are true, and in no file of the project.
ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(("aegis_next", "aegis_previous"), "a schema that the reader makes, docs/replay.md"),
    "asset-tagged.next": "a topic that the reader makes, docs/replay.md",
    **dict.fromkeys(("--read-only", "--tmpfs", "--cap-drop", "--build-arg", "--scale"), "options of docker"),
    "--collector": "an option of node_exporter",
    "--reruns": "an option of pytest-rerunfailures",
    "/": "the page of the gateway",
    "thumbs/": "where thumbnails lie in the bucket",
    "http/protobuf": "a protocol of OpenTelemetry",
    **dict.fromkeys(
        ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_TRACES_SAMPLER"),
        "read by the SDK of OpenTelemetry alone",
    ),
    "send_offsets_to_transaction": "a method of aiokafka",
    "np.percentile": "a function of NumPy",
    "application/json": "a media type",
    "tar.gz": "an ending",
    **dict.fromkeys(("settings.env", "weights/"), "the reader's, docs/production.md"),
    "labels.csv": "the reader's, docs/models.md",
    "aegis.yaml": "the reader's, written by aegis init",
    **dict.fromkeys(("Items/sword.png", "mygame/Items/sword.png"), "a texture of the reader, and its id"),
    "aegis-lint.yaml": "the reader's, written by aegis lint --init",
    **dict.fromkeys(("tags.json", "index.html"), "written by aegis extract --wait and aegis model eval --report"),
    **dict.fromkeys(("visual.int8.onnx", "visual.fp16.onnx"), "in a bundle of a larger model"),
    **dict.fromkeys(("visual/", "textual/", "onnx/"), "folders of other projects' models, docs/models.md"),
    "state.json": "where aegis stack remembers its services",
    "bench.svg": "written by make bench",
    **dict.fromkeys(("button_n", "sky_n"), "file names of games"),
}


@cache
def facts() -> Facts:
    files = tracked_files()
    folders = {f"{parent}/" for name in files for parent in PurePosixPath(name).parents if str(parent) != "."}
    return Facts(
        paths={*files, *folders},
        settings=set(known_variables()),
        metrics={metric.name for metric in ALL_METRICS},
        headers=_headers(),
        routes=_routes(),
        topics=_topics(),
        make_targets=set(re.findall(r"^([a-z][a-z-]*):", _text("Makefile"), re.MULTILINE)),
        words=words_of(files),
        options=_options(files),
        commands=cli,
        elsewhere=ELSEWHERE,
    )


def _topics() -> set[str]:
    """Return the topics, and the groups that are called after them."""
    names = {spec.name for spec in Topics().specs()}
    return names | {f"{name}.redrive" for name in names if name.endswith(".dlq")}


def _routes() -> set[str]:
    declared = _text("consumer/gateway/app.py") + _text("consumer/telemetry/http.py")
    return {re.sub(r":\w+(?=})", "", route) for route in re.findall(r'\bRoute\("([^"]+)"', declared)}


def _headers() -> set[str]:
    document = yaml.safe_load(_text("schemas/asyncapi.yaml"))
    written = set(re.findall(r"\bce_[a-z]+", str(document)))
    return written | {HEADER_PREFIX + field.name.replace("_", "-") for field in fields(DeadLetter)}


def _options(files: list[str]) -> set[str]:
    """Return the options of the programs that are no verb of aegis."""
    programs = ("benchmarks/", "consumer/", "export/", "tests/simulation/")
    sources = (file for file in files if file.startswith(programs) and file.endswith(".py"))
    return {option for file in sources for option in re.findall(r'"(--[a-z][a-z-]*)"', _text(file))}


def _text(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")
