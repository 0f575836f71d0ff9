"""`aegis extract`: take textures out of game files, and hand them to the taggers."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import click

from aegis.errors import UserError
from aegis.extract_view import ExtractView, print_json, sentences
from aegis.spool_metrics import write_spool_metrics
from producer_tools.connections import connections_from_environment
from producer_tools.delivery import State
from producer_tools.errors import InputError
from producer_tools.run import ExtractRequest, RunReport, run_extraction
from producer_tools.settings import ExtractSettings, SpoolSettings
from producer_tools.spool import Spool


@click.command(name="extract")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the PNGs."
)
@click.option("--ai-tagging", is_flag=True, help="Upload the textures and publish them for tagging.")
@click.option("--wait", is_flag=True, help="Wait for the tags of this run and write tags.json beside the PNGs.")
@click.option("--wait-timeout", default=120.0, show_default=True, help="Seconds to wait for tags.")
@click.option("--game", help="Name of the game; begins every asset id.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else, on stdout.")
def command(
    paths: tuple[Path, ...],
    *,
    output: Path,
    ai_tagging: bool,
    wait: bool,
    wait_timeout: float,
    game: str | None,
    as_json: bool,
) -> None:
    """Write every texture found in PATHS as PNG under --output.

    PATH is a Unity bundle or assets file, a .unitypackage, a zip (pk3, wz, jar), a folder, or an image (png, jpg,
    tga, dds, webp, bmp, psd, gif, tiff). Archives inside archives are not opened. With --ai-tagging the textures go
    to the taggers; extraction does not wait for them, and what Kafka or the object store does not take now is kept
    in a local spool that the next extract or `aegis publish --spool` sends.
    """
    if wait and not ai_tagging:
        raise UserError("--wait needs --ai-tagging: without it nothing is sent that tags could come for.")
    # Outages are told in one sentence of our own.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)
    request = ExtractRequest(
        paths=paths,
        output=output,
        ai_tagging=ai_tagging,
        wait_seconds=wait_timeout if wait else None,
        game=game,
    )
    connections = connections_from_environment() if ai_tagging else None
    spool_settings = SpoolSettings()
    with ExtractView(silent=as_json, expects_tags=wait) as view:
        try:
            report = asyncio.run(run_extraction(request, connections, ExtractSettings(), spool_settings, view.progress))
        except InputError as error:
            raise UserError(str(error)) from error
    if ai_tagging:
        write_spool_metrics(Spool(spool_settings.dir, spool_settings.max_bytes), spool_settings)
    if as_json:
        print_json(report, request)
    else:
        view.summary(report, request)
    for sentence in sentences(report, request):
        click.echo(sentence, err=True)
    raise SystemExit(_exit_code(report, request))


def _exit_code(report: RunReport, request: ExtractRequest) -> int:
    """0: all is well or will be; 1: an event was not kept, or tags did not come; 2: a named file was refused."""
    if report.refused:
        return 2
    if report.count(State.LOST):
        return 1
    return 1 if request.wait_seconds is not None and report.untagged > 0 else 0
