"""docs/clients/README.md: the commands of its table are run in its folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from testkit.kafka_tools import eventually
from testkit.running import run as wait
from tests.documents.facts import ROOT
from tests.documents.markdown import spans
from tests.integration.docs.effects import parsing
from tests.integration.docs.effects.effect import Document
from tests.integration.docs.effects.readme import the_shell_knows_the_services
from tests.integration.docs.reader import Reader, Run


class Clients(Document):
    """Its blocks, then the commands of its table."""

    def commands(self) -> list[str]:
        text = (ROOT / self.path).read_text(encoding="utf-8")
        rows = re.findall(r"^\| (?:subscriber|the same again|extractor) .*$", text, re.MULTILINE)
        return [*super().commands(), *(command for row in rows for command in spans(row))]


DOCUMENT = Clients("docs/clients/README.md")
DOCUMENT.effect('eval "$(aegis stack env)"')(the_shell_knows_the_services)


def in_its_folder(reader: Reader) -> None:
    """The table's commands are meant for the folder of the document."""
    shutil.copy(ROOT / "samples/supertuxkart/banana.png", reader.checkout / "docs/clients/hero.png")
    assert reader.finish(reader.begin("cd docs/clients")) == 0 or Path(reader.variable("PWD")).name == "clients"


@DOCUMENT.effect("python python/subscriber.py vehicle", in_its_folder, until_interrupted=True)
@DOCUMENT.effect("shell/subscriber.sh vehicle", until_interrupted=True)
def assets_with_the_tag_are_printed(reader: Reader, run: Run) -> None:
    moving = "SELECT asset_id FROM asset_tags WHERE tag = 'vehicle' LIMIT 1"
    ((asset_id,),) = wait(reader.system.rows(moving))
    wait(eventually(lambda: f"{asset_id} 0." in run.printed, f"{asset_id} is printed by {run.command}"))


@DOCUMENT.effect("shell/extractor.sh hero.png demo/hero")
def the_texture_is_tagged(reader: Reader, run: Run) -> None:
    assert wait(reader.system.tagged("demo/hero"))


DOCUMENT.not_run(
    "needs its toolchain; tests/integration/pipeline/test_clients.py builds and runs it where there is one",
    parsing.client,
    "cd go && go run . vehicle",
    "cd javascript && npm ci && node subscriber.mjs vehicle",
    "cd rust && cargo run --bin subscriber vehicle",
    "cd rust && cargo run --bin extractor hero.png demo/hero",
)
DOCUMENT.not_run(
    "needs a comparer beside the system; tests/integration/pipeline/test_clients.py runs it",
    parsing.client,
    "python python/same_again.py",
    "cd go && go run ./sameagain",
    "cd javascript && npm ci && node same_again.mjs",
    "cd rust && cargo run --bin same_again",
    "shell/same_again.sh",
)
