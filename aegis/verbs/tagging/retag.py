"""`aegis retag`: another vocabulary or calibration for what is tagged already."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from aegis.shared.verb import Verb
from aegis.verbs.tagging.replay import nice_option, output_topic_option, tell_replay

if TYPE_CHECKING:
    from consumer.replay.retag import RetagReport

_OBJECTS_BETWEEN_COLLECTIONS: Final = 50_000
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    "retag",
    cls=Verb,
    examples=("aegis retag --taxonomy new.yaml", "aegis retag --calibration calibration.json --no-replay"),
)
@click.option("--taxonomy", type=_FILE, help="Taxonomy to apply; the bundle's own if not given.")
@click.option("--calibration", type=_FILE, help="Calibration to apply; the bundle's own if not given.")
@click.option(
    "--name", help="Name of the retag, whose processes share the work; derived from the taxonomy if not given."
)
@click.option("--from-topic", metavar="TOPIC", help="Topic to read tagged events from; asset-tagged if not given.")
@output_topic_option
@click.option(
    "--replay/--no-replay",
    "falls_back",
    default=True,
    show_default=True,
    help="Tag assets from their images where the stored embedding cannot be used.",
)
@nice_option
def command(
    *,
    taxonomy: Path | None,
    calibration: Path | None,
    name: str | None,
    from_topic: str | None,
    output_topic: str | None,
    falls_back: bool,
    nice: int,
) -> None:
    """Score the stored embeddings with another vocabulary, and publish the tags; no image is read.

    AEGIS_MODEL_BUNDLE names the bundle. Assets whose embedding is of another model, or whose event carries no pixel
    evidence, are tagged again from their images, as by `aegis replay`. Give the live tagger the vocabulary first, with
    `aegis taxonomy compile`, or tags of your own by AEGIS_MODEL_OVERLAY.
    """
    from aegis.shared.bundles import silence
    from aegis.shared.corpus_runs import check_name, make_output_topic, run_until_signal
    from aegis.shared.models.vocabulary import revised_bundle
    from aegis.views.progress import RunView
    from consumer.replay.plans.plan import Start
    from consumer.replay.retag import RetagRequest, run_retag
    from consumer.replay.run import ReplayRequest, run_replay
    from consumer.replay.selecting.filters import AssetFilter

    bundle = revised_bundle(taxonomy, calibration)
    chosen = check_name(name or bundle.taxonomy_digest.removeprefix("sha256:")[:12])
    if (silent := silence(bundle)) is not None:
        click.echo(silent, err=True)
    request = RetagRequest(chosen, bundle, from_topic, output_topic)
    os.nice(nice)
    _collect_seldom()
    if output_topic is not None:
        make_output_topic(output_topic)
    with RunView("scoring") as view:
        report = run_until_signal(lambda stop: run_retag(request, stop, view.reading, view.progress))
    _tell(chosen, report)
    if report.image_keys is None or not report.counts.needing_image:
        return
    click.echo(f"{report.counts.needing_image} assets need their image: of another model, or without pixel evidence")
    if not falls_back:
        click.echo("they are left as they are: aegis replay tags them from their images")
        return
    only = frozenset(bytes(key) for key in report.image_keys)
    with RunView("tagging") as view:
        rest = ReplayRequest(
            f"{chosen}-images", Start(), AssetFilter(), output_topic=output_topic, bundle=bundle, only=only
        )
        replayed = run_until_signal(lambda stop: run_replay(rest, stop, view.reading, view.progress))
    tell_replay(rest.name, replayed)


def _collect_seldom() -> None:
    """Look for cycles of objects less often: scoring leaves none, and the looking took a fifth of its time."""
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def _tell(name: str, report: RetagReport) -> None:
    from aegis.views.progress import in_brackets

    counts = report.counts
    if not report.complete:
        click.echo(
            f"stopped after {report.retagged_here} assets; it goes on with the same command, "
            f"or with --name {name} and the same options",
            err=True,
        )
        raise SystemExit(130)
    rest = in_brackets(
        {
            "have this vocabulary already": counts.current,
            "superseded by newer events": counts.superseded,
            "removals": counts.removals,
            "no events, see the dead letters": counts.malformed,
        }
    )
    click.echo(
        f"retag {name}: complete, {counts.selected} assets, {report.retagged_here} of them scored by this process{rest}"
    )
