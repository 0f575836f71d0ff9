"""What the page's queue says of verdicts, on real tables: only those that can teach wait to teach."""

from __future__ import annotations

import json
from pathlib import Path

from consumer.gateway.page.queue import agreement
from consumer.storage.postgres.migrate import migrate
from consumer.storage.tables.reads import TagReader
from consumer.storage.tables.rows import TagRow
from consumer.storage.tables.tags import TagStore
from consumer.tagging.bundle.bundle import load_bundle
from consumer.tagging.bundle.teachable import Teachable
from schemas import Word
from schemas.connections import DatabaseConnection
from testkit.saying import word_row
from tests.unit.storage.samples import row
from tests.unit.tagging.tiny import TAXONOMY_JSON, write_tiny


async def test_only_verdicts_that_can_teach_the_model_wait_to_do_so(
    database: DatabaseConnection, tmp_path: Path
) -> None:
    document = json.loads(TAXONOMY_JSON)
    document["categories"]["beasts"]["tags"]["plush"] = {"prompts": ["plush"], "evidence": "pixels"}
    bundle = load_bundle(write_tiny(tmp_path / "bundle", json.dumps(document)))
    await migrate(database)
    sure = TagRow("beasts", "cat", 0.9, "tiny")
    async with await TagStore.open(database) as store:
        await store.write_batch(
            [
                row("ours", model_digest=bundle.digest, tags=(sure,)),
                row("foreign", tags=(sure,)),
                word_row("ours", "beasts", "cat", Word.CONFIRMED),
                word_row("ours", "beasts", "hound", Word.REJECTED),
                word_row("ours", "beasts", "plush", Word.REJECTED),
                word_row("ours", "colours", "red", Word.ADDED),
                # Told by the pixels alone; of no tag of the taxonomy; of another model's asset; of one that is gone.
                word_row("ours", "colours", "neon", Word.ADDED),
                word_row("ours", "colours", "mauve", Word.ADDED),
                word_row("foreign", "beasts", "cat", Word.CONFIRMED),
                word_row("gone", "beasts", "cat", Word.CONFIRMED),
            ]
        )

    async with await TagReader.open(database) as reader:
        told = await agreement(reader, Teachable.of(bundle))

    assert (told.agreed, told.judged) == (2, 2)
    assert told.gain(None) == "4 verdicts wait to teach the model"
