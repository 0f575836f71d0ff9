"""`aegis docs`: the files that are generated from the code."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb


@click.command("docs", cls=Verb, examples=("aegis docs", "aegis docs --check"))
@click.option("--check", is_flag=True, help="Write nothing, and exit 1 with the names of stale files.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_default="this folder",
    help="Folder of the repository.",
)
def command(check: bool, root: Path) -> None:
    """Regenerate the reference pages, the schemas and the alerts for Kubernetes."""
    if not (root / "schemas").is_dir():
        raise UserError(f"{root.absolute()} is not the repository: run it in its root, or name it with --root")
    stale = {name: text for name, text in all_files(root).items() if not _holds(root / name, text)}
    if check and stale:
        raise click.ClickException(f"stale: {', '.join(stale)}: run: make docs")
    for name, text in stale.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {name}")
    if not stale:
        click.echo("all generated files are up to date")


def all_files(root: Path) -> dict[str, str]:
    """Return the text of every generated file by its path below the repository's root."""
    from aegis.reference.alert_resource import alert_resource
    from aegis.reference.commands_page import commands_page
    from aegis.reference.faults_page import faults_page
    from aegis.reference.findings_page import findings_page
    from aegis.reference.formats_page import formats_page
    from aegis.reference.metrics_page import metrics_page
    from aegis.reference.settings_page import settings_page, variable_list
    from schemas.documents.generate import generated_files

    return {
        **generated_files(),
        "docs/settings.md": settings_page(),
        "schemas/settings.txt": variable_list(),
        "docs/commands.md": commands_page(),
        "docs/metrics.md": metrics_page(),
        "docs/faults.md": faults_page(),
        "docs/findings.md": findings_page(),
        "docs/formats.md": formats_page(),
        "deploy/kubernetes/components/monitoring/alerts.yaml": alert_resource(root),
    }


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
