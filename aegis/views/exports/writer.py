"""What every form of an export is: a writer that takes assets one by one, to a file or into a folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Protocol, Self

from aegis.shared.tables import tag_json
from consumer.storage.tables.search.walk import WalkedAsset

TAG_COLUMNS: Final = (
    "asset_id", "tag", "category", "confidence", "source", "source_model", "verdict", "width", "height", "sha256",
    "object",
)  # fmt: skip


class Writer(Protocol):
    """Takes assets in the order of their ids; what was written is whole once its context has ended without error."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def add(self, asset: WalkedAsset) -> None: ...


class FileWriter:
    """Writes a file that appears under its name once it is whole; to a stream that somebody else owns, at once."""

    def __init__(self, target: Path | IO[str]) -> None:
        self._target = target
        self._part: Path | None = None
        self.stream: IO[str]

    def __enter__(self) -> Self:
        if isinstance(self._target, Path):
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._part = self._target.with_name(self._target.name + ".part")
            self.stream = self._part.open("w", encoding="utf-8", newline="")
        else:
            self.stream = self._target
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._part is None or not isinstance(self._target, Path):
            return
        self.stream.close()
        if kind is None:
            self._part.replace(self._target)
        else:
            self._part.unlink()

    def begin(self) -> None:
        """Write what stands before all assets."""


class CsvWriter(FileWriter):
    """One line for each tag of each asset, below a line of column names."""

    def begin(self) -> None:
        self._rows = csv.writer(self.stream, lineterminator="\n")
        self._rows.writerow(TAG_COLUMNS)

    def add(self, asset: WalkedAsset) -> None:
        for tag in asset.summary.tags:
            values = {**tag_json(tag), **facts_of(asset)}
            self._rows.writerow([values[name] for name in TAG_COLUMNS])


class JsonLinesWriter(FileWriter):
    """One JSON object for each asset, also for one without tags."""

    def add(self, asset: WalkedAsset) -> None:
        tags = [tag_json(tag) for tag in asset.summary.tags]
        self.stream.write(
            json.dumps(
                {**facts_of(asset), "source": asset.source, "findings": asset.summary.findings, "tags": tags},
                ensure_ascii=False,
            )
            + "\n"
        )


def facts_of(asset: WalkedAsset) -> dict[str, Any]:
    """Return what every form says of an asset besides its tags."""
    summary = asset.summary
    return {
        "asset_id": summary.asset_id,
        "object": f"s3://{summary.bucket}/{summary.object_key}",
        "sha256": asset.sha256,
        "width": summary.width,
        "height": summary.height,
    }
