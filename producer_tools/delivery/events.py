"""From an extracted texture to the event that tells of it."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from mimetypes import guess_type
from pathlib import PurePosixPath
from typing import Final
from uuid import uuid4

from producer_tools.extraction.extract import ExtractedTexture
from producer_tools.project import Project
from schemas import AssetExtracted, Extraction, ImageInfo, ObjectRef, Source, utc_now
from schemas.objects import object_key

EVENT_SOURCE: Final = "/aegis/extractor"
CONTENT_TYPE: Final = "image/png"
UNKNOWN_BUCKET: Final = "unknown"


def extracted_event(texture: ExtractedTexture, *, bucket: str, run_id: str, game: str | None) -> AssetExtracted:
    return AssetExtracted(
        event_id=uuid4(),
        schema_version=AssetExtracted.SCHEMA_VERSION,
        occurred_at=utc_now(),
        asset_id=texture.asset_id,
        object=ObjectRef(
            bucket=bucket,
            key=object_key(texture.sha256, "png"),
            size=texture.size_bytes,
            sha256=texture.sha256,
            content_type=CONTENT_TYPE,
        ),
        image=ImageInfo(width=texture.width, height=texture.height, mode=texture.mode),
        source=Source(
            archive=_cut(texture.archive, 4096),
            container_path=_cut(texture.container_path, 4096),
            name=_cut(texture.name, 1024),
            type=_cut(texture.source_type, 255),
            engine=_cut(texture.engine, 255),
            game=_cut(game, 255),
            **asdict(texture.facts),
            file_format=_cut(texture.origin.file_format, 64),
            file_mode=_cut(texture.origin.mode, 32),
            belongs_to=_cut(texture.belongs_to, 4096),
        ),
        extraction=Extraction(run_id=run_id, tool=_tool()),
    )


def file_event(
    asset_id: str, path: str, *, size_bytes: int, sha256: str, project: Project, bucket: str, run_id: str
) -> AssetExtracted:
    """Return the event of a file that is sent as it is; ``path`` is that below the project's folder."""
    extension = PurePosixPath(path).suffix.lower() or ".bin"
    return AssetExtracted(
        event_id=uuid4(),
        schema_version=AssetExtracted.SCHEMA_VERSION,
        occurred_at=utc_now(),
        asset_id=asset_id,
        object=ObjectRef(
            bucket=bucket or UNKNOWN_BUCKET,
            key=object_key(sha256, extension),
            size=size_bytes,
            sha256=sha256,
            content_type=guess_type(path)[0] or "application/octet-stream",
        ),
        source=Source(
            archive=_cut(project.name, 4096),
            container_path=_cut(path, 4096),
            name=_cut(PurePosixPath(path).stem, 1024),
            type="image",
            belongs_to=_cut(project.source, 4096),
        ),
        extraction=Extraction(run_id=run_id, tool=_tool()),
    )


def _cut(text: str | None, max_chars: int) -> str | None:
    # Names in archives may be no Unicode, and hold NULs, which no table can store.
    return text[:max_chars].encode(errors="replace").decode().replace("\0", "\ufffd") if text else None


def _tool() -> str:
    try:
        return f"aegis-tagger/{version('aegis-tagger')}"
    except PackageNotFoundError:
        return "aegis-tagger"
