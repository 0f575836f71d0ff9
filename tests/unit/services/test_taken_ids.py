"""Two sources that share ids are told of, once a batch, with what to do."""

from __future__ import annotations

from structlog.testing import capture_logs

from consumer.services.storing.sink import taken_ids_told
from consumer.storage.tables.taken import Taken
from consumer.telemetry.metrics import Metrics


def test_ids_that_were_taken_are_counted_and_one_of_them_is_logged() -> None:
    metrics = Metrics()
    with capture_logs() as lines:
        taken_ids_told(metrics)([Taken("textures/x.png", "/a/textures", "/b/textures"), Taken("y", "a", "b")])
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("asset.id_taken", "warning")
    assert (line["asset_id"], line["earlier"], line["now"], line["ids"]) == (
        "textures/x.png",
        "/a/textures",
        "/b/textures",
        2,
    )
    assert "aegis init" in line["help"]
    assert "aegis_ids_taken_total 2.0" in metrics.render().decode()
