"""What people said of findings is counted against what the checks tell today."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.findings.looked_at.__main__ import Verdict, find, read_verdicts, tally


def test_what_was_said_is_counted_by_whether_it_is_still_told(tmp_path: Path) -> None:
    grey = np.arange(128 * 128, dtype=np.uint32).reshape(128, 128) % 251
    Image.fromarray(grey.astype(np.uint8)).convert("RGB").save(tmp_path / "grey.png")
    verdicts = [
        Verdict(("here", "grey.png"), "grey-as-colour", "right"),
        Verdict(("here", "grey.png"), "halo", "wrong"),
        Verdict(("here", "gone.png"), "grey-as-colour", "undecided"),
    ]

    counts = tally(verdicts, find("here", tmp_path, verdicts))

    assert counts == {
        "grey-as-colour": {"right": 1, "undecided, told no more": 1},
        "halo": {"wrong, told no more": 1},
    }


def test_the_verdicts_of_this_repository_name_findings_that_there_are() -> None:
    verdicts = read_verdicts()

    assert len({(item.place, item.finding) for item in verdicts}) == len(verdicts) > 400


def test_an_unknown_word_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "verdicts.csv"
    table.write_text("set,texture,finding,verdict\nhere,a.png,halo,maybe\n", encoding="utf-8")

    with pytest.raises(ValueError, match="maybe"):
        read_verdicts(table)
