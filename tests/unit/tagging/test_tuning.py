"""The search for the fastest setting, and how a tagger comes to use what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from aegis.verbs.models.tune import command
from consumer.services.tuned import apply_tuning, store_tuning, tuning_path
from consumer.settings import ModelSettings
from consumer.tagging.bundle.bundle import default_bundle_path, load_bundle
from consumer.tagging.tuning import Tuning, precisions, search, thread_counts
from tests.unit.tagging.tiny import write_tiny

DEFAULT = Tuning("fp32", 2, 8)


def batches(best: Tuning) -> Sequence[Tuning]:
    return [replace(best, max_batch=size) for size in (1, 8, 16)]


def threads(best: Tuning) -> Sequence[Tuning]:
    return [replace(best, workers=count) for count in (1, 2, 3)]


async def test_each_choice_starts_from_the_best_of_the_one_before() -> None:
    async def rate(tuning: Tuning) -> float:
        return 100 + tuning.workers * 10 + tuning.max_batch

    best, measured = await search(DEFAULT, [threads, batches], rate, rounds=1)

    assert best == Tuning("fp32", 3, 16)
    assert measured[0].tuning == DEFAULT
    assert Tuning("fp32", 1, 16) not in {item.tuning for item in measured}


async def test_the_default_stays_where_nothing_is_clearly_faster() -> None:
    async def rate(tuning: Tuning) -> float:
        return 100 if tuning == DEFAULT else 102

    best, _ = await search(DEFAULT, [threads, batches], rate, rounds=1)

    assert best == DEFAULT


async def test_the_median_of_the_rounds_counts() -> None:
    calls: list[Tuning] = []

    async def rate(tuning: Tuning) -> float:
        calls.append(tuning)
        lucky = tuning.max_batch == 16 and calls.count(tuning) == 1
        return 1000 if lucky else 100

    best, _ = await search(DEFAULT, [batches], rate, rounds=3)

    assert best == DEFAULT


def test_half_floats_are_for_gpus() -> None:
    assert precisions({"fp32", "int8", "fp16"}, "CPUExecutionProvider") == ["fp32", "int8"]
    assert precisions({"fp32", "fp16"}, "CUDAExecutionProvider") == ["fp16", "fp32"]


def test_one_cpu_has_thread_counts_too() -> None:
    assert thread_counts(1) == [1, 2]
    assert thread_counts(16) == [8, 15, 16, 17]


def test_what_was_found_is_used_and_a_setting_that_is_given_counts_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = load_bundle(write_tiny(tmp_path / "bundle"))
    monkeypatch.setenv("AEGIS_MODEL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("AEGIS_MODEL_WORKERS", "5")
    settings = ModelSettings()
    path = tuning_path(settings.cache_dir, bundle, settings.provider)
    assert apply_tuning(settings, bundle) == settings

    store_tuning(path, bundle, Tuning("fp32", 3, 16), images_per_second=100)
    tuned = apply_tuning(settings, bundle)

    assert (tuned.precision, tuned.workers, tuned.max_batch) == ("fp32", 5, 16)


def test_a_broken_file_and_a_graph_that_is_gone_leave_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = load_bundle(write_tiny(tmp_path / "bundle"))
    monkeypatch.setenv("AEGIS_MODEL_CACHE_DIR", str(tmp_path / "cache"))
    settings = ModelSettings()
    path = tuning_path(settings.cache_dir, bundle, settings.provider)

    store_tuning(path, bundle, Tuning("int8", 3, 16), images_per_second=100)
    assert apply_tuning(settings, bundle).precision == "auto"

    path.write_text("{")
    assert apply_tuning(settings, bundle) == settings


def test_the_command_measures_the_shipped_model_and_keeps_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEGIS_MODEL_CACHE_DIR", str(tmp_path))

    done = CliRunner().invoke(command, ["--seconds", "0.02", "--rounds", "1"])

    assert done.exit_code == 0, done.output
    bundle = load_bundle(default_bundle_path())
    tuned = apply_tuning(ModelSettings(), bundle)
    assert f"{tuned.workers} threads, batches of up to {tuned.max_batch}" in done.output
    assert tuned.workers is not None
    for told in ("int8 peak of this CPU: ", "share of the peak: ", "next lever: "):
        assert told in done.output


def test_the_command_refuses_a_folder_without_textures_in_one_sentence(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--images", str(tmp_path)])

    assert done.exit_code == 2
    assert "name a folder of textures" in done.output


def test_a_cache_that_cannot_be_written_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AEGIS_MODEL_CACHE_DIR", str(tmp_path / "file"))

    done = CliRunner().invoke(command, ["--seconds", "0.01", "--rounds", "1"])

    assert done.exit_code == 2
    assert "set AEGIS_MODEL_CACHE_DIR" in done.output
