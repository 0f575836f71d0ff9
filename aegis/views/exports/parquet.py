"""Parquet, for pandas, Polars, DuckDB and Spark: a row for each asset, its tags as a list in it."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
from pyarrow.parquet import ParquetWriter as Rows

from aegis.shared.tables import tag_json
from aegis.views.exports.writer import facts_of
from consumer.storage.tables.search.walk import WalkedAsset

_TAG: Final = pa.struct(
    [
        pa.field("tag", pa.string(), nullable=False),
        pa.field("category", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        ("source_model", pa.string()),
        ("verdict", pa.string()),
    ]
)
SCHEMA: Final = pa.schema(
    [
        pa.field("asset_id", pa.string(), nullable=False),
        pa.field("object", pa.string(), nullable=False),
        ("sha256", pa.string()),
        pa.field("width", pa.int32(), nullable=False),
        pa.field("height", pa.int32(), nullable=False),
        pa.field("source", pa.string(), metadata={"description": "a JSON object: where the texture came from"}),
        ("findings", pa.list_(pa.string())),
        pa.field("tags", pa.list_(pa.field("element", _TAG, nullable=False)), nullable=False),
    ]
)
# Enough for columns to compress, and few enough to hold.
_GROUP: Final = 10_000


class ParquetWriter:
    """Writes a file that appears under its name once it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._assets: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._rows = Rows(self._part, SCHEMA, compression="zstd")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._rows.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()

    def add(self, asset: WalkedAsset) -> None:
        source = json.dumps(asset.source, ensure_ascii=False) if asset.source else None
        tags = [tag_json(tag) for tag in asset.summary.tags]
        findings = asset.summary.findings
        self._assets.append({**facts_of(asset), "source": source, "findings": findings, "tags": tags})
        if len(self._assets) == _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._assets:
            self._rows.write_table(pa.Table.from_pylist(self._assets, SCHEMA))
        self._assets.clear()
