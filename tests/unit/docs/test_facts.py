"""A false name is found out, whatever kind it is of; a true one is let through."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.documents import references
from tests.documents.facts import Facts
from tests.documents.references import Reference


@click.group()
def program() -> None:
    """Stand for `aegis`."""


@program.group()
def topics() -> None:
    """Hold verbs of its own."""


@topics.command()
@click.option("--force/--no-force")
def apply(force: bool) -> None:
    """Do nothing."""


@program.command()
@click.argument("file")
@click.option("--wait", is_flag=True)
def extract(file: str, wait: bool) -> None:
    """Do nothing."""


FACTS = Facts(
    paths={"docs/", "docs/events.md", "consumer/", "consumer/stream/", "consumer/stream/ledger.py", "Makefile"},
    settings={"AEGIS_PG_DSN", "AEGIS_PG_DSN_FILE", "AEGIS_KAFKA_BOOTSTRAP"},
    metrics={"aegis_lag_records", "aegis_records_total", "aegis_wait_seconds"},
    headers={"dlq-topic", "ce_id"},
    topics={"asset-tagged", "asset-tagged.dlq"},
    routes={"/health", "/api/v1/assets/{asset_id}/tags"},
    make_targets={"test", "docs"},
    words={"event_id", "model", "precision", "TaskGroup", "OffsetLedger"},
    options={"--packages"},
    commands=program,
)


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("AEGIS_PG_DSN=postgresql://…", "AEGIS_PG_DNS=postgresql://…"),
        ("AEGIS_KAFKA_…", "AEGIS_KAKFA_…"),
        ("AEGIS_PG_DSN_FILE", "AEGIS_KAFKA_BOOTSTRAP_FILE"),
        ("aegis_lag_records", "aegis_lag"),
        ("aegis_wait_seconds_bucket", "aegis_waits_seconds_bucket"),
        ("dlq-topic", "dlq-source-topic"),
        ("ce_id", "ce_identity"),
        ("asset-tagged.dlq", "asset-tagged.dead"),
        ("asset-tagged", "asset-labelled"),
        ("GET /health", "GET /healthy"),
        ("GET /api/v1/assets/{asset_id}/tags", "GET /api/v1/assets/{asset_id}"),
        ("make test docs", "make test document"),
        ("aegis topics apply --no-force", "aegis topics make"),
        ("aegis topics apply --force", "aegis topics apply --forced"),
        ("aegis extract --wait FILE", "aegis extract --await FILE"),
        ('aegis extract "a b" | grep --count x', "AEGIS_PG_DSN=x aegis extracts file"),
        ("--wait", "--await"),
        ("--packages", "--package"),
        ("python -m consumer.stream.ledger", "python -m consumer.stream.leger"),
        ("consumer/stream/ledger.py", "consumer/ledger.py"),
        ("ledger.py", "leger.py"),
        ("../docs/events.md", "../docs/event.md"),
        ("consumer/stream/", "consumer/streams/"),
        ("consumer.stream.ledger.OffsetLedger", "consumer.stream.ledger.Ledger"),
        ("event_id", "event_uuid"),
        ("model.precision", "model.accuracy"),
        ("TaskGroup", "TaskGroups"),
    ],
)
def test_a_true_name_is_known_and_a_false_one_is_not(true: str, false: str) -> None:
    assert references.in_span(true), "something is to be looked up"
    assert [item for item in references.in_span(true) if FACTS.lack(item, "docs")] == []
    assert [item for item in references.in_span(false) if FACTS.lack(item, "docs")] != []


@pytest.mark.parametrize(
    "text", ["See docs/event.md.", "As in leger.py, and more", "(docs/event.md)", "set AEGIS_PG_DNS"]
)
def test_a_false_name_in_a_comment_is_found_out(text: str) -> None:
    assert [item for item in references.in_text(text) if FACTS.lack(item)] != []


@pytest.mark.parametrize("text", ["weapon", "0.7", "s3://bucket/key", "…", "`", "and so on", "1.0", "AEGIS_…"])
def test_a_word_that_names_nothing_of_code_is_let_through(text: str) -> None:
    assert references.in_span(text) == set()


def test_what_stands_for_others_is_no_verb_and_no_option() -> None:
    assert references.in_span("aegis VERB") == set()
    assert references.in_span("aegis topics|extract") == {Reference("command", "aegis topics")}


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    for item in references.in_span(text) | references.in_text(text) | references.in_shell(text):
        FACTS.lack(item)


@given(st.sampled_from(sorted(FACTS.settings)), st.text("ABCXYZ_019", min_size=1))
def test_no_setting_hides_in_a_longer_name(name: str, more: str) -> None:
    (found,) = references.settings(f"set {name}{more} now") or {Reference("setting", "")}

    assert found.name == "" or found.name == f"{name}{more}".rstrip("_") or FACTS.lack(found)
