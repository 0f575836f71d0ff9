"""`aegis compare`: what another model or vocabulary would change, on a sample."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from aegis.errors import UserError
from aegis.reading import shown
from aegis.vocabulary import revised_bundle
from consumer.replay.comparing import Comparer
from consumer.services.errors import StartupError
from consumer.services.model import load_bundle_of, open_pipelines
from consumer.settings import ModelSettings, TaggerSettings
from consumer.storage.errors import DatabaseError, StoreError
from consumer.storage.lookups import count_assets, sample_assets
from consumer.storage.objects import ObjectStore
from consumer.storage.reads import TagReader
from consumer.tagging.bundle import Bundle
from consumer.tagging.changes import by_tag
from consumer.tagging.decode import ImageLimits
from consumer.telemetry.metrics import Metrics
from export.compare_report import Compared, summary, write_comparison
from schemas.connections import DatabaseConnection, ObjectStoreConnection

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHOWN_TAGS = 15


@click.command("compare")
@click.option("--taxonomy", type=_FILE, help="Vocabulary to compare with.")
@click.option("--calibration", type=_FILE, help="Calibration to compare with.")
@click.option("--model", metavar="BUNDLE", help="Model bundle to compare with: a folder, an archive, or s3://….")
@click.option("--sample", type=click.IntRange(min=1), default=500, show_default=True, help="Assets that are looked at.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed is another sample.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("compare.html"),
    show_default=True,
    help="Where the page goes.",
)
def command(
    *, taxonomy: Path | None, calibration: Path | None, model: str | None, sample: int, seed: int, report: Path
) -> None:
    """Tag a sample of the stored assets with the bundle of AEGIS_MODEL_BUNDLE and with another; tell what differs.

    Writes one page of HTML: how many assets change, which tags come and go, and pictures of the largest changes.
    Nothing is published and no table is changed.
    """
    if taxonomy is None and calibration is None and model is None:
        raise click.UsageError("say what to compare with: --taxonomy, --calibration or --model")
    if not report.absolute().parent.is_dir():
        raise UserError(f"--report {report}: its folder is not there")
    other = revised_bundle(taxonomy, calibration, model)
    try:
        found = asyncio.run(_compare(other, sample, seed))
    except StartupError as error:
        raise UserError(str(error)) from error
    except (DatabaseError, StoreError) as error:
        raise click.ClickException(str(error)) from error
    write_comparison(found, report, _limits())
    _tell(found)
    click.echo(f"the page is {report}")


async def _compare(other: Bundle, sample: int, seed: int) -> Compared:
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
            found = await comparer.compare(assets, lambda: bars.advance(task))
    return Compared(_name(bundle), _name(other), of, found.changes, found.unreadable, found.largest)


def _limits() -> ImageLimits:
    tagger = TaggerSettings()
    return ImageLimits(max_bytes=tagger.max_object_bytes, max_pixels=tagger.max_pixels)


def _name(bundle: Bundle) -> str:
    return (
        f"{bundle.manifest.id} ({bundle.digest.removeprefix('sha256:')[:12]}) with {bundle.taxonomy.id} "
        f"{bundle.taxonomy.version} ({bundle.taxonomy_digest.removeprefix('sha256:')[:12]})"
    )


def _tell(found: Compared) -> None:
    click.echo(summary(found))
    changed = [one for one in by_tag(found.changes) if one.gained or one.lost]
    table = Table(box=None, header_style="dim")
    for column in ("tag", "category", "before", "after", "gained", "lost"):
        table.add_column(column, justify="left" if column in {"tag", "category"} else "right")
    for one in changed[:_SHOWN_TAGS]:
        table.add_row(shown(one.tag), one.category, *map(str, (one.before, one.after, one.gained, one.lost)))
    if changed:
        Console().print(table)
    if len(changed) > _SHOWN_TAGS:
        click.echo(f"and {len(changed) - _SHOWN_TAGS} tags more")
    if found.unreadable:
        click.echo(f"{len(found.unreadable)} assets could not be read; the page says why")
