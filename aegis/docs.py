"""`aegis docs`: the files that are generated from the code."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.errors import UserError
from aegis.faults_page import faults_page
from aegis.metrics_page import metrics_page
from aegis.settings_page import settings_page
from schemas.generate import generated_files


@click.command("docs")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 with the names of the files that are stale.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    help="Folder of the repository; this one when not given.",
)
def command(check: bool, root: Path) -> None:
    """Regenerate the reference pages and the schemas."""
    if not (root / "schemas").is_dir():
        raise UserError(f"{root.absolute()} is not the repository: run it in its root, or name it with --root")
    stale = {name: text for name, text in all_files().items() if not _holds(root / name, text)}
    if check and stale:
        raise click.ClickException(f"stale: {', '.join(stale)}: run: make docs")
    for name, text in stale.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {name}")
    if not stale:
        click.echo("all generated files are up to date")


def all_files() -> dict[str, str]:
    """Return the text of every generated file by its path below the repository's root."""
    return {
        **generated_files(),
        "docs/settings.md": settings_page(),
        "docs/metrics.md": metrics_page(),
        "docs/faults.md": faults_page(),
    }


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
