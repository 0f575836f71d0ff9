"""What verbs print: a table on a terminal, and for programs one line per record or JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from aegis.__main__ import cli
from aegis.shared import output
from aegis.shared.output import print_facts, print_json_lines, print_table
from aegis.shared.tables import shown

ROOT = Path(output.__file__).parents[1]
LONG_ID = "game/" + "a long folder name/" * 20 + "sword.png"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)


def test_without_a_terminal_each_record_is_a_line_of_tab_separated_cells(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("asset", "tags"), [(LONG_ID, "[bold]weapon[/]  metal"), ("b", "")], fold={"asset"})
    assert capsys.readouterr().out == f"{LONG_ID}\tweapon  metal\nb\t\n"


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_no_text_breaks_a_line_or_a_cell(cells: list[str]) -> None:
    """Not a line feed in an asset id either, nor what looks like markup."""

    @click.command()
    def prints() -> None:
        print_table([str(number) for number, _ in enumerate(cells)], [[shown(cell) for cell in cells]])

    text = CliRunner().invoke(prints).output
    assert text.count("\n") == 1
    assert len(text.split("\t")) == len(cells)


@pytest.mark.usefixtures("terminal")
def test_on_a_terminal_columns_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("asset", "size"), [("sword", "64x64")], right={"size"})
    assert capsys.readouterr().out.split() == ["asset", "size", "sword", "64x64"]


def test_facts_are_pairs(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts([("asset", LONG_ID), ("model", "aegis-mini")])
    assert capsys.readouterr().out == f"asset\t{LONG_ID}\nmodel\taegis-mini\n"


def test_json_is_one_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json_lines([{"asset_id": "schön\n"}, {"asset_id": "b"}])
    assert [json.loads(line)["asset_id"] for line in capsys.readouterr().out.splitlines()] == ["schön\n", "b"]


def test_the_list_of_bundles_is_a_record_per_bundle() -> None:
    """The fields are those that the help names."""
    lines = [json.loads(line) for line in CliRunner().invoke(cli, ["model", "list", "--json"]).output.splitlines()]
    text = CliRunner().invoke(cli, ["model", "list"]).output.splitlines()
    help_text = " ".join(CliRunner().invoke(cli, ["model", "list", "--help"]).output.split())

    assert "aegis-mini" in {line["id"] for line in lines}
    assert {line.split("\t")[0] for line in text} == {line["id"] for line in lines}
    assert f"per line: {', '.join(lines[0])}." in help_text


def test_a_bundle_can_be_read_as_json() -> None:
    found = json.loads(CliRunner().invoke(cli, ["model", "info", "--json"]).output)
    assert found["id"] == "aegis-mini"
    assert found["digest"].startswith("sha256:")


@pytest.mark.parametrize("path", sorted((ROOT / "verbs").rglob("*.py")), ids=lambda path: path.stem)
def test_what_prints_records_prints_them_as_json_too(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    prints = re.findall(r"\bprint_(?:table|facts|groups|letters|letter|tags)\(", text)
    assert not prints or "as_json" in text or "json_path" in text


def test_tables_are_made_in_one_place() -> None:
    """A table of another place would be folded where no terminal says how wide it is."""
    makers = {path.name for path in ROOT.rglob("*.py") if "rich.table import" in path.read_text(encoding="utf-8")}
    assert makers == {"output.py", "demo.py"}, "print records with aegis/shared/output.py; the demo also draws an SVG"
