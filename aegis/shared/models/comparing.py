"""What another model or vocabulary would change: a sample of the stored assets, tagged twice."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from consumer.imaging.picture import ImageLimits
from consumer.replay.comparing import Comparer
from consumer.services.errors import StartupError
from consumer.services.model import load_bundle_of, open_pipelines
from consumer.settings import ModelSettings, TaggerSettings
from consumer.storage.objects import ObjectStore
from consumer.storage.tables.lookups import count_assets, sample_assets
from consumer.storage.tables.reads import TagReader
from consumer.tagging.bundle.bundle import Bundle
from consumer.telemetry.metrics import Metrics
from export.reports.compare_report import Compared, write_comparison
from schemas.connections import DatabaseConnection, ObjectStoreConnection


async def compare(other: Bundle, sample: int, seed: int, report: Path) -> Compared:
    """Tag a sample twice and write the report; raises StartupError, DatabaseError or StoreError with a sentence."""
    settings, tagger, metrics = ModelSettings(), TaggerSettings(), Metrics()
    async with AsyncExitStack() as opened:
        tables = await opened.enter_async_context(await TagReader.open(DatabaseConnection()))
        assets, of = await sample_assets(tables, sample, seed), await count_assets(tables)
        if not assets:
            raise StartupError("no asset is stored yet: extract some, and let a tagger and a sink run")
        bundle = await load_bundle_of(settings)
        pipelines = await open_pipelines(settings, _limits(), metrics, (bundle, other))
        for pipeline in pipelines:
            opened.push_async_callback(pipeline.close)
        store = ObjectStore(ObjectStoreConnection())
        opened.callback(store.close)
        seen_alike = bundle.manifest.image == other.manifest.image
        comparer = Comparer(store, *pipelines, seen_alike=seen_alike, max_bytes=tagger.max_object_bytes)
        with Progress(console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("tagging twice", total=len(assets))
            comparison = await comparer.compare(assets, lambda: bars.advance(task))
    compared = Compared(_name(bundle), _name(other), of, comparison.changes, comparison.unreadable, comparison.largest)
    write_comparison(compared, report, _limits())
    return compared


def _limits() -> ImageLimits:
    tagger = TaggerSettings()
    return ImageLimits(max_bytes=tagger.max_object_bytes, max_pixels=tagger.max_pixels)


def _name(bundle: Bundle) -> str:
    return (
        f"{bundle.manifest.id} ({bundle.digest.removeprefix('sha256:')[:12]}) with {bundle.taxonomy.id} "
        f"{bundle.taxonomy.version} ({bundle.taxonomy_digest.removeprefix('sha256:')[:12]})"
    )
