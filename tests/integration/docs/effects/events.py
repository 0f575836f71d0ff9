"""docs/events.md: an extractor and a subscriber made of curl, jq and kcat."""

from __future__ import annotations

import json

from testkit.kafka_tools import eventually
from testkit.running import run as wait
from tests.integration.docs.effects.effect import Document, no_output
from tests.integration.docs.effects.readme import give_up_a_record
from tests.integration.docs.reader import Reader, Run

DOCUMENT = Document("docs/events.md")
ASSET = "my-game/items/banana"
KEY = "my-game/banana.png"

DOCUMENT.effect(f"broker=$AEGIS_KAFKA_BOOTSTRAP asset={ASSET} key={KEY}")(no_output)


@DOCUMENT.effect(
    'curl --fail --aws-sigv4 aws:amz:us-east-1:s3 --user "$AEGIS_S3_ACCESS_KEY:$AEGIS_S3_SECRET_KEY" \\\n'
    '     --upload-file samples/supertuxkart/banana.png "$AEGIS_S3_ENDPOINT/aegis-assets/$key"'
)
def the_texture_is_in_the_bucket(reader: Reader, run: Run) -> None:
    assert reader.system.stored_object(KEY) == (reader.checkout / "samples/supertuxkart/banana.png").read_bytes()


@DOCUMENT.effect(
    """jq -nc --arg id "$(cat /proc/sys/kernel/random/uuid)" --arg asset "$asset" --arg key "$key" '{
  event_id: $id, schema_version: "1.0", occurred_at: (now | todate), asset_id: $asset,
  object: {bucket: "aegis-assets", key: $key}
}' | kcat -P -b "$broker" -X partitioner=murmur2_random -t asset-extracted -k "$asset\""""
)
def the_asset_is_tagged_and_stored(reader: Reader, run: Run) -> None:
    assert wait(reader.system.tagged(ASSET))[-1].object.key == KEY
    wait(reader.system.stored(ASSET))


@DOCUMENT.effect(
    """printf '%s\\t\\n' "$asset" | kcat -P -b "$broker" -X partitioner=murmur2_random """
    """-t asset-extracted -K $'\\t' -Z"""
)
def the_asset_is_gone(reader: Reader, run: Run) -> None:
    """Its rows go, and the tombstone lies in the partition of the asset's events."""

    async def is_gone() -> bool:
        return not await reader.system.rows("SELECT 1 FROM assets WHERE asset_id = $1", ASSET)

    wait(eventually(is_gone, "its row is removed"))
    records = wait(reader.system.records_of(reader.system.topics.extracted, ASSET))
    assert len({record.partition for record in records}) == 1
    assert records[-1].value is None


@DOCUMENT.effect(
    """kcat -C -b "$broker" -t asset-tagged -q -u | jq --unbuffered -c 'select(.) | [.asset_id, (.tags[] | .tag)]'""",
    until_interrupted=True,
)
def assets_and_their_tags_are_printed_as_they_come(reader: Reader, run: Run) -> None:
    asset_id = "my-game/later"
    wait(eventually(lambda: bool(run.printed), "what is there"))
    wait(reader.system.publish(reader.system.event(asset_id, reader.system.upload(_banana(reader)))))
    wait(eventually(lambda: f'["{asset_id}",' in run.printed, "what comes"))
    assert all(isinstance(json.loads(line), list) for line in run.printed.splitlines())


def _banana(reader: Reader) -> bytes:
    return (reader.checkout / "samples/supertuxkart/banana.png").read_bytes()


@DOCUMENT.effect("""kcat -C -b "$broker" -t asset-extracted.dlq -e -q -f '%k: %h\\n'""", give_up_a_record)
def dead_letters_and_their_reasons_are_printed(reader: Reader, run: Run) -> None:
    assert "docs/broken: " in run.printed
    assert "dlq-error-message=" in run.printed
