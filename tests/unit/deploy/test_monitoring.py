"""The dashboard and the alerts ask for metrics that exist, in a way that suits their kind."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from consumer.telemetry.registry import ALL_METRICS
from tests.documents import markdown
from tests.unit.deploy.queries import DEPLOY, KINDS, PROMETHEUS, alert_rules, dashboard_queries, our_metrics, panels

ALERTS = {rule["alert"]: rule["expr"] for rule in alert_rules()}
QUERIES = [*dashboard_queries(), *ALERTS.values()]
promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not on the PATH (Debian: apt-get install prometheus)"
)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_names_metrics_that_exist(query: str) -> None:
    """And of a histogram one of its series; alone its name is no series at all."""
    for metric, as_named in our_metrics(query):
        assert metric in KINDS
        assert (KINDS[metric] == "histogram") == (as_named != metric)


@pytest.mark.parametrize("query", QUERIES)
def test_what_only_grows_is_asked_for_its_growth(query: str) -> None:
    """A counter's value says how long its process has run; the first of a series is the one exception."""
    for metric, as_named in our_metrics(query):
        if KINDS[metric] != "gauge":
            grows = re.search(rf"(rate|increase)\({as_named}[^)]*\[", query)
            assert grows or f"({as_named} unless {as_named} offset" in query


def test_every_metric_has_a_panel() -> None:
    """Or says nothing that another panel does not."""
    shown = {metric for query in dashboard_queries() for metric, _ in our_metrics(query)}

    assert {spec.name for spec in ALL_METRICS} - shown == {"aegis_committed_offset"}


def test_panels_do_not_overlap_and_each_has_a_number_of_its_own() -> None:
    """A panel copied by hand keeps its model's."""
    assert len({panel["id"] for panel in panels()}) == len(panels())
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels())
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


@promtool
def test_prometheus_takes_its_configuration() -> None:
    _promtool("check", "config", "prometheus.yml")


@promtool
def test_prometheus_takes_its_configuration_for_kubernetes(tmp_path: Path) -> None:
    """But for the discovery of pods, which Debian's build does not have."""
    config = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text(encoding="utf-8"))
    (scraped,) = config["scrape_configs"]
    assert scraped.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    shutil.copy(PROMETHEUS / "alerts.yml", tmp_path)
    (tmp_path / "kubernetes.yml").write_text(yaml.safe_dump(config))

    _promtool("check", "config", str(tmp_path / "kubernetes.yml"))


@promtool
def test_alerts_fire_when_they_should_and_only_then() -> None:
    """The stories are in alerts_test.yml."""
    _promtool("test", "rules", "alerts_test.yml")


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_a_story_in_which_it_fires_and_one_in_which_it_does_not(alert: str) -> None:
    text = (PROMETHEUS / "alerts_test.yml").read_text()

    assert re.search(rf"alertname: {alert}\n\s+exp_alerts:", text)
    assert re.search(rf"alertname: {alert}}}", text)


@pytest.mark.parametrize("rule", alert_rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_is_and_what_to_do(rule: dict[str, dict[str, str]]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"]
    assert len(rule["annotations"]["description"]) > 30


def test_an_alert_leads_to_its_section_and_each_section_has_an_alert() -> None:
    anchors = markdown.anchors((DEPLOY.parent / "docs" / "alerts.md").read_text(encoding="utf-8"))
    targets = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in alert_rules()}

    assert targets == {alert: f"docs/alerts.md#{alert.lower()}" for alert in ALERTS}
    assert {alert.lower() for alert in ALERTS} == {anchor for anchor in anchors if anchor.startswith("aegis")}


def _promtool(*arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
