"""docs/production.md: the composed system, and Kubernetes."""

from __future__ import annotations

from testkit.running import run as wait
from tests.integration.docs.effects import parsing
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/production.md")

DOCUMENT.not_run(
    "needs Docker, and services elsewhere; make compose-test runs the same verbs and services",
    parsing.docker,
    "docker compose run --rm tools topics apply",
    "docker compose run --rm tools bucket apply",
    "docker compose run --rm tools db migrate",
    "docker compose up --detach --no-deps tagger sink gateway",
)
DOCUMENT.not_run(
    "writes below /var/lib; tests/integration/producer sends the spool",
    parsing.aegis,
    "AEGIS_SPOOL_METRICS_FILE=/var/lib/node_exporter/aegis.prom  aegis publish --spool",
)
DOCUMENT.not_run("installs packages", parsing.pip, "pip install 'aegis-tagger[otel]'")
DOCUMENT.not_run(
    "needs a collector of traces; tests/integration/pipeline/test_tracing.py has one",
    parsing.aegis,
    "OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318 aegis run tagger",
)
DOCUMENT.not_run(
    "needs a cluster; tests/unit/deploy/test_kubernetes.py reads what is applied",
    parsing.kubectl,
    "kubectl create namespace aegis",
    "kubectl --namespace aegis create secret generic aegis --from-literal=AEGIS_PG_DSN=… \\\n"
    "    --from-literal=AEGIS_S3_ACCESS_KEY=… --from-literal=AEGIS_S3_SECRET_KEY=…",
    "kubectl apply --kustomize deploy/kubernetes",
)


@DOCUMENT.effect("aegis db publish-verdicts")
def every_verdict_is_on_kafka(reader: Reader, run: Run) -> None:
    assert "nothing to do" in run.printed


@DOCUMENT.effect("aegis rebuild --drop --yes")
def the_verdicts_are_back(reader: Reader, run: Run) -> None:
    said = wait(reader.system.rows("SELECT tag FROM asset_tags WHERE source = 'human'"))
    assert {row["tag"] for row in said} == {"vehicle"}
