"""`aegis secrets init`: the passwords of docker-compose.yml, made once and never changed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aegis.verbs.operations.secrets import SECRETS, command


def _init(file: Path) -> Result:
    return CliRunner().invoke(command, ["init", "--file", str(file)])


def _values(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)


def test_every_password_is_random_and_for_its_owner_alone(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert _init(tmp_path / name).exit_code == 0

    one, two = _values(tmp_path / "one"), _values(tmp_path / "two")
    assert set(one) == set(two) == set(SECRETS)
    assert len({*one.values(), *two.values()}) == 2 * len(SECRETS)
    assert all(len(value) >= 32 and value.isalnum() for value in one.values())
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600


@pytest.mark.parametrize("end", ["", "\n"])
def test_what_the_file_says_stays_and_what_is_missing_is_added(tmp_path: Path, end: str) -> None:
    """A new version may need one more password than the old file has."""
    file = tmp_path / ".env"
    file.write_text(f"# mine\nTAGGER_CPUS=4\nPOSTGRES_PASSWORD=kept{end}")

    assert _init(file).exit_code == 0

    assert file.read_text().startswith("# mine\nTAGGER_CPUS=4\nPOSTGRES_PASSWORD=kept\n")
    assert set(_values(file)) == {"TAGGER_CPUS", *SECRETS}
    assert _values(file)["POSTGRES_PASSWORD"] == "kept"


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    _init(file)
    before = file.read_bytes()

    again = _init(file)

    assert file.read_bytes() == before
    assert "nothing to do" in again.output


def test_a_password_that_is_empty_or_commented_out_is_missing(tmp_path: Path) -> None:
    """As they stand in .env.example."""
    file = tmp_path / ".env"
    file.write_text("POSTGRES_PASSWORD=\n# MINIO_ROOT_PASSWORD=x\n")

    _init(file)

    assert all(_values(file)[name] for name in SECRETS)


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    done = _init(tmp_path / "nowhere" / ".env")

    assert done.exit_code == 2
    assert "cannot be read and written: No such file or directory" in done.output
