"""The one command: what it offers, and what it says when a word or a package is missing."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec

import pytest
from click.testing import CliRunner

from aegis.__main__ import cli
from aegis.shared.bundles import unknown_tags
from consumer.__main__ import SERVICES


class Missing(MetaPathFinder):
    """Hides a package, as in an installation without its extra."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name.partition(".")[0] == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def test_every_service_can_be_run_by_it() -> None:
    help_text = CliRunner().invoke(cli, ["run", "--help"]).output
    assert all(name in help_text for name in SERVICES)


def test_only_a_group_has_workers() -> None:
    """A gateway has a port of its own."""
    assert "--workers" in CliRunner().invoke(cli, ["run", "tagger", "--help"]).output
    assert "--workers" not in CliRunner().invoke(cli, ["run", "gateway", "--help"]).output


def test_a_setting_at_fault_is_exit_code_2_and_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_STREAM_STALL_SECONDS", "1")
    monkeypatch.setenv("AEGIS_KAFKA_BOOTSTRAP", "127.0.0.1:9")
    monkeypatch.setenv("AEGIS_PG_DSN", "postgresql://nobody@127.0.0.1:9/none")
    done = CliRunner().invoke(cli, ["run", "sink"])
    assert done.exit_code == 2
    assert "AEGIS_STREAM_STALL_SECONDS=1 must exceed" in done.stderr


def test_a_verb_that_is_spelled_wrongly_gets_the_nearest_one() -> None:
    done = CliRunner().invoke(cli, ["verdct"])
    assert done.exit_code == 2
    assert "There is no command 'verdct'. Did you mean verdict?" in done.stderr


@pytest.mark.parametrize(("package", "verb", "extra"), [("psutil", "demo", "stack"), ("psutil", "stack down", "stack")])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, package: str, verb: str, extra: str
) -> None:
    rooms = (package, "devstack", "aegis.verbs.local.demo_run")
    for name in [name for name in sys.modules if name.startswith(rooms)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(package), *sys.meta_path])
    assert CliRunner().invoke(cli, [*verb.split(), "--help"]).exit_code == 0
    done = CliRunner().invoke(cli, verb.split())
    assert done.exit_code != 0
    sentence = f"needs {package}, which is not installed: pip install 'aegis-tagger[{extra}]'"
    assert f"aegis {verb.partition(' ')[0]} {sentence}" in done.stderr


def test_a_tag_that_the_taxonomy_does_not_know_gets_the_nearest_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unknown_tags(["weapon", "metal"]) is None
    assert "has no tag 'weapn'; did you mean weapon" in (unknown_tags(["metal", "weapn"]) or "")
    assert (unknown_tags(["qqqqqq"]) or "").endswith("has no tag 'qqqqqq'")
    monkeypatch.setenv("AEGIS_MODEL_BUNDLE", "s3://models/next.tar")
    assert unknown_tags(["weapn"]) is None, "what lies elsewhere is not fetched for advice"
