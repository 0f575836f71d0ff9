"""docs/gateway.md: tags over HTTP."""

from __future__ import annotations

import json

from tests.integration.docs.effects.effect import Document
from tests.integration.docs.effects.readme import a_gateway_runs, the_gateway_answers_with_tags
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/gateway.md")

DOCUMENT.effect("aegis run gateway &")(a_gateway_runs)
DOCUMENT.effect(
    "curl --retry 9 --retry-connrefused http://127.0.0.1:8080/api/v1/tag/file -F asset_id=demo/banana "
    "-F file=@samples/supertuxkart/banana.png"
)(the_gateway_answers_with_tags)
DOCUMENT.effect(
    "curl http://127.0.0.1:8080/api/v1/tag -H 'content-type: application/json' \\\n"
    '     -d "{\\"asset_id\\": \\"demo/banana\\", '
    '\\"image_data\\": \\"$(base64 -w0 samples/supertuxkart/banana.png)\\", \\"confidence_threshold\\": 0.5}"'
)(the_gateway_answers_with_tags)


@DOCUMENT.effect(
    "curl http://127.0.0.1:8080/api/v1/verdicts -H 'content-type: application/json' \\\n"
    '     -d \'{"by": "anna", "verdicts": [{"asset_id": "samples/archives/sample.unity3d/assets/ships/kestrel.png", '
    '"tag": "vehicle", "word": "confirmed"}], "wait_seconds": 5}\''
)
def the_verdict_is_saved(reader: Reader, run: Run) -> None:
    (saved,) = json.loads(run.printed)["verdicts"]
    assert (saved["by"], saved["word"]) == ("anna", "confirmed")
