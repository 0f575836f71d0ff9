"""The spool on disk: what counts, what does not, and what a kill leaves behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4

import pytest

from producer_tools.delivery.events import extracted_event
from producer_tools.delivery.spool import Spool, SpooledEvent, holds_object
from producer_tools.errors import SpoolBusyError, SpoolError, SpoolFullError
from schemas import AssetExtracted
from tests.unit.producer.making import extracted, png, textures

_MIB = 1024 * 1024


def _event(tmp_path: Path, seed: int = 0) -> tuple[AssetExtracted, Path]:
    source = tmp_path / f"{seed}.png"
    source.write_bytes(png(seed))
    (texture,) = textures(extracted(source, tmp_path / "out"))
    event = extracted_event(texture, bucket="assets", run_id=str(uuid4()), game=None)
    return event, tmp_path / "out" / texture.file


def _events(spool: Spool) -> list[AssetExtracted]:
    return [entry.event for entry in spool.entries() if isinstance(entry, SpooledEvent)]


def test_events_come_back_whole_and_in_order(tmp_path: Path) -> None:
    """By another process as well, and after the user emptied his folder."""
    pairs = [_event(tmp_path, seed) for seed in range(3)]
    for event, file in pairs:
        Spool(tmp_path / "spool", _MIB).add(event, file)
        file.unlink()

    spool = Spool(tmp_path / "spool", _MIB)

    assert _events(spool) == [event for event, _ in pairs]
    assert all(holds_object(entry) for entry in spool.entries() if isinstance(entry, SpooledEvent))
    assert len(spool) == 3


def test_order_holds_when_the_clock_is_set_back(tmp_path: Path) -> None:
    first, file = _event(tmp_path)
    spool = Spool(tmp_path / "spool", _MIB)
    spool.add(first, file)
    ahead = time.time_ns() + 10**15
    for path in sorted((tmp_path / "spool").iterdir()):
        path.rename(path.with_name(f"{ahead:020d}-{path.name.partition('-')[2]}"))

    second = first.model_copy(update={"event_id": uuid4()})
    Spool(tmp_path / "spool", _MIB).add(second, file)

    assert _events(spool) == [first, second]


def test_what_a_kill_leaves_half_written_does_not_count(tmp_path: Path) -> None:
    """A PNG without its event, and files under their partial names: passed over, and removed once they are old."""
    event, file = _event(tmp_path)
    spool = Spool(tmp_path / "spool", _MIB)
    spool.add(event, file)
    debris = [spool.folder / name for name in ("1-a.png", "2-b.json.partial", "3-c.png.partial")]
    for path in debris:
        path.write_bytes(b"half")

    assert _events(spool) == [event]
    with spool.sending():
        assert all(path.exists() for path in debris)  # another process may be about to finish them
    for path in debris:
        os.utime(path, (0, 0))
    with spool.sending():
        assert not any(path.exists() for path in debris)
    assert _events(spool) == [event]


def test_full_spool_says_so_and_keeps_what_it_has(tmp_path: Path) -> None:
    event, file = _event(tmp_path)
    one_event = len(event.model_dump_json()) + file.stat().st_size
    spool = Spool(tmp_path / "spool", int(one_event * 1.5))
    spool.add(event, file)

    with pytest.raises(SpoolFullError, match="AEGIS_SPOOL_MAX_BYTES"):
        spool.add(event.model_copy(update={"event_id": uuid4()}), file)

    assert _events(spool) == [event]


def test_room_is_there_again_once_events_are_sent(tmp_path: Path) -> None:
    event, file = _event(tmp_path)
    spool = Spool(tmp_path / "spool", int((len(event.model_dump_json()) + file.stat().st_size) * 1.5))
    spool.add(event, file)
    (entry,) = spool.entries()
    assert isinstance(entry, SpooledEvent)

    spool.remove(entry)
    spool.add(event, file)

    assert len(spool) == 1


def test_one_process_sends_at_a_time(tmp_path: Path) -> None:
    first, second = Spool(tmp_path / "spool", _MIB), Spool(tmp_path / "spool", _MIB)
    with first.sending(), pytest.raises(SpoolBusyError, match="another process"), second.sending():
        pass
    with second.sending():
        pass


def test_file_that_is_no_event_is_put_aside(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", _MIB)
    spool.folder.mkdir()
    (spool.folder / "1-a.json").write_text("{}")
    (spool.folder / "1-a.png").write_bytes(b"png")

    (found,) = spool.entries()
    assert isinstance(found, tuple)
    moved = spool.reject(found[0])

    assert moved == spool.folder / "rejected" / "1-a.json"
    assert moved.with_suffix(".png").exists()
    assert len(spool) == 0


def test_png_that_was_changed_is_noticed(tmp_path: Path) -> None:
    """The spool's PNG may be the very file of the user's folder, edited since."""
    event, file = _event(tmp_path)
    spool = Spool(tmp_path / "spool", _MIB)
    spool.add(event, file)
    (entry,) = spool.entries()
    assert isinstance(entry, SpooledEvent)
    assert holds_object(entry)

    entry.png.write_bytes(png(9))
    assert not holds_object(entry)
    entry.png.unlink()
    assert not holds_object(entry)


def test_spool_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    event, file = _event(tmp_path)
    (tmp_path / "spool").write_text("a file where the folder should be")

    with pytest.raises(SpoolError, match=str(tmp_path / "spool")):
        Spool(tmp_path / "spool", _MIB).add(event, file)


def test_empty_spool_touches_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", _MIB)
    assert (len(spool), list(spool.entries()), spool.size_bytes) == (0, [], 0)
    assert not spool.folder.exists()
