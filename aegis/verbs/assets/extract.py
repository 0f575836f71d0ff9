"""`aegis extract`: take textures out of game files, and hand them to the taggers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

if TYPE_CHECKING:
    from producer_tools.git.run import ChangeReport
    from producer_tools.run import ExtractRequest, RunReport


@click.command(
    "extract",
    cls=Verb,
    examples=(
        "aegis extract game.unity3d --output ./extracted",
        "aegis extract ./Game_Data --output ./extracted --game mygame --ai-tagging",
        "aegis extract textures.zip --output ./extracted --ai-tagging --wait --json",
        "aegis extract ./Assets --git HEAD~1..HEAD --output ./extracted --ai-tagging",
    ),
)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    help="Folders, Unity files, archives or images of the formats in docs/formats.md.",
)
@click.option(
    "--output", "-o", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the PNGs."
)
@click.option("--ai-tagging", is_flag=True, help="Upload the textures and publish them for tagging.")
@click.option("--wait", is_flag=True, help="Wait for the tags of this run, and write tags.json beside the PNGs.")
@click.option("--wait-timeout", default=120.0, show_default=True, help="Seconds to wait for tags.")
@click.option("--game", help="Name of the game; every asset id begins with it.")
@click.option(
    "--git",
    "commits",
    metavar="A..B",
    help="Extract only what changed below PATHS, folders of a git work tree, from commit A to B, as it is in B.",
)
@click.option("--unity-version", help="Unity version of files that had theirs taken out, e.g. 2020.3.48f1.")
@click.option("--unity-key", help="Key of encrypted Unity bundles (UnityCN): 16 characters or 32 hexadecimal digits.")
@click.option("--engine-textures", is_flag=True, default=None, help="Extract Unity's own textures too.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object: run_id, output, counts of textures by state, skipped, and textures with tags; "
    "with --git also what was removed and what is missing.",
)
def command(
    paths: tuple[Path, ...],
    *,
    output: Path,
    ai_tagging: bool,
    wait: bool,
    wait_timeout: float,
    game: str | None,
    commits: str | None,
    unity_version: str | None,
    unity_key: str | None,
    engine_textures: bool | None,
    as_json: bool,
) -> None:
    """Write every texture found in PATHS as PNG under --output.

    A folder, an archive or all files named together are one build: what a Unity file points at is looked for there.
    Archives inside archives are not opened, except packages of Android. With --ai-tagging the textures are sent to the
    taggers; extraction does not wait for them. Events that Kafka or the object store cannot take are kept in a local
    spool, which the next extraction or `aegis publish --spool` sends.

    With --git, textures that the commits deleted or renamed are removed, too, and files that Git LFS keeps are taken
    from the clone or from the object store.
    """
    import asyncio

    from aegis.shared.kafka_errors import silence_clients
    from aegis.shared.spool_metrics import write_spool_metrics
    from aegis.views.changes import change_sentences
    from aegis.views.extract import ExtractView, print_json, sentences
    from consumer.tracing.setup import tracing
    from producer_tools.delivery.connections import connections_from_environment
    from producer_tools.delivery.spool import Spool
    from producer_tools.errors import InputError
    from producer_tools.git.run import run_changes
    from producer_tools.run import ExtractRequest, run_extraction
    from producer_tools.settings import ExtractSettings, SpoolSettings

    if wait and not ai_tagging:
        raise UserError("--wait needs --ai-tagging: without it nothing is sent that tags could come for.")
    # Outages are told in one sentence of our own.
    silence_clients()
    request = ExtractRequest(
        paths=paths,
        output=output,
        ai_tagging=ai_tagging,
        wait_seconds=wait_timeout if wait else None,
        game=game,
        commits=commits,
    )
    unity: dict[str, Any] = {"unity_version": unity_version, "unity_key": unity_key, "engine_textures": engine_textures}
    settings = ExtractSettings(**{name: value for name, value in unity.items() if value is not None})
    connections = connections_from_environment() if ai_tagging else None
    spool_settings = SpoolSettings()
    changes: ChangeReport | None = None
    with tracing("aegis-extract"), ExtractView(silent=as_json, expects_tags=wait) as view:
        try:
            if commits is None:
                report = asyncio.run(run_extraction(request, connections, settings, spool_settings, view.progress))
            else:
                report, changes = asyncio.run(
                    run_changes(request, connections, settings, spool_settings, view.progress)
                )
        except InputError as error:
            raise UserError(str(error)) from error
    if ai_tagging:
        write_spool_metrics(Spool(spool_settings.dir, spool_settings.max_bytes), spool_settings)
    if as_json:
        print_json(report, request, changes)
    else:
        view.summary(report, request)
    for sentence in (*sentences(report, request), *change_sentences(changes)):
        click.echo(sentence, err=True)
    code = _exit_code(report, request)
    raise SystemExit(code if code or changes is None or changes.is_whole else 1)


def _exit_code(report: RunReport, request: ExtractRequest) -> int:
    """0: all is well or will be; 1: an event was not kept, or tags did not come; 2: we or a file were refused."""
    from producer_tools.delivery.deliver import State

    if report.refused or report.is_refusal:
        return 2
    if report.count(State.LOST) or report.count(State.REFUSED):
        return 1
    return 1 if request.wait_seconds is not None and report.untagged > 0 else 0
