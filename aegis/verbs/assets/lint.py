"""`aegis lint`: what is wrong with textures, without any service."""

from __future__ import annotations

from pathlib import Path

import click

from aegis.shared.errors import UserError
from aegis.shared.verb import Verb

_SEVERITIES = ("error", "warning", "note", "info")


@click.command(
    "lint",
    cls=Verb,
    examples=(
        "aegis lint ./textures",
        "aegis lint ./Game_Data --fail-on warning --sarif lint.sarif --junit lint.xml",
        "aegis lint ./textures --write-baseline lint-baseline.json",
        "aegis lint ./textures --baseline lint-baseline.json --fail-on warning",
        "aegis lint --init",
    ),
)
@click.argument(
    "paths",
    nargs=-1,
    type=click.Path(path_type=Path),
    help="Folders, Unity files, archives or images of the formats in docs/formats.md.",
)
@click.option("--init", is_flag=True, help="Write aegis-lint.yaml, the project file with every finding, and exit.")
@click.option(
    "--project",
    type=click.Path(path_type=Path, dir_okay=False),
    help="YAML file of severities, limits and suppressions; aegis-lint.yaml of this folder by default.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*_SEVERITIES, "never"]),
    default="error",
    show_default=True,
    help="Least severity that ends with exit code 1.",
)
@click.option(
    "--show", type=click.Choice(_SEVERITIES), default="note", show_default=True, help="Least severity in the table."
)
@click.option("--baseline", type=click.Path(path_type=Path, dir_okay=False), help="File of findings that are known.")
@click.option(
    "--write-baseline", type=click.Path(path_type=Path, dir_okay=False), help="File to keep all findings in as known."
)
@click.option("--sarif", type=click.Path(path_type=Path, dir_okay=False), help="File to write as SARIF 2.1.0.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="File to write as JUnit XML.")
@click.option("--processes", type=click.IntRange(1, 64), show_default="CPUs", help="Number of processes that parse.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object: textures, counts by severity, suppressed, known, normal_maps, findings, not_read.",
)
def command(
    paths: tuple[Path, ...],
    *,
    init: bool,
    project: Path | None,
    fail_on: str,
    show: str,
    baseline: Path | None,
    write_baseline: Path | None,
    sarif: Path | None,
    junit: Path | None,
    processes: int | None,
    as_json: bool,
) -> None:
    """Tell what is wrong with the textures in PATHS, by their pixels, files and names.

    Needs no service. docs/findings.md says what each finding means and what to do. With --baseline only findings
    count that are not in it. Files are parsed in child processes, under the limits of the settings AEGIS_EXTRACT_….
    """
    import json

    from aegis.views.lint import LintView, print_report, sentences
    from consumer.findings.check import Severity
    from producer_tools.errors import InputError
    from producer_tools.linting.baseline import baseline_text, read_baseline
    from producer_tools.linting.lint import LintRequest, lint
    from producer_tools.linting.project import FILE_NAME, LintProject, read_project, template
    from producer_tools.linting.reports.json_report import json_report
    from producer_tools.linting.reports.junit import junit_report
    from producer_tools.linting.reports.sarif import sarif_report
    from producer_tools.settings import ExtractSettings

    if init:
        _write_new(Path(FILE_NAME), template())
        return
    if not paths:
        raise UserError("no PATHS are named: name folders, archives or images, or write a project file by --init.")
    least = Severity.ERROR if fail_on == "never" else Severity(fail_on)
    try:
        file = project or (Path(FILE_NAME) if Path(FILE_NAME).is_file() else None)
        request = LintRequest(
            paths=paths,
            project=read_project(file) if file else LintProject(),
            baseline=read_baseline(baseline) if baseline else {},
            processes=processes or 0,
        )
        with LintView(silent=as_json) as view:
            report = lint(request, ExtractSettings(), view.progress)
    except InputError as error:
        raise UserError(str(error)) from error
    if sarif:
        _write(sarif, json.dumps(sarif_report(report), ensure_ascii=False, indent=1) + "\n")
    if junit:
        _write(junit, junit_report(report, least))
    if write_baseline:
        _write(write_baseline, baseline_text(report))
    if as_json:
        click.echo(json.dumps(json_report(report), ensure_ascii=False))
    else:
        print_report(report, Severity(show))
    for sentence in sentences(report):
        click.echo(sentence, err=True)
    if any(left.named for left in report.not_read):
        raise SystemExit(2)
    raise SystemExit(int(fail_on != "never" and report.fails(least)))


def _write_new(path: Path, text: str) -> None:
    if path.exists():
        raise UserError(f"{path} is there already: edit it, or move it away first.")
    _write(path, text)
    click.echo(f"wrote {path}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}).") from error
