"""Secrets out of files: every secret of every process may come from one, and what cannot be read is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from aegis.reference.settings_page import SECTIONS
from consumer.settings import GatewaySettings
from schemas.connections import DatabaseConnection
from schemas.files.secret_files import SecretSettings, file_variable, secret_variables
from schemas.settings_errors import explain_settings

_DSN = "postgresql://aegis:hidden@127.0.0.1:5432/aegis_ai"
_OF_A_FORM = {"AEGIS_PG_DSN": _DSN, "AEGIS_EXTRACT_UNITY_KEY": "0123456789abcdef" * 2}
_WITH_SECRETS = [section.settings for section in SECTIONS if secret_variables(section.settings)]
# What the rest of a class needs, so that only the secret is in question.
_REST = {
    "AEGIS_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "AEGIS_S3_ENDPOINT": "http://127.0.0.1:9000",
    "AEGIS_S3_ACCESS_KEY": "key",
    "AEGIS_PG_DSN": _DSN,
}


def test_every_settings_class_with_a_secret_reads_files() -> None:
    assert [settings for settings in _WITH_SECRETS if not issubclass(settings, SecretSettings)] == []
    assert {"AEGIS_PG_DSN", "AEGIS_S3_SECRET_KEY", "AEGIS_KAFKA_SASL_PASSWORD", "AEGIS_GATEWAY_API_KEY"} <= {
        variable for settings in _WITH_SECRETS for variable in secret_variables(settings).values()
    }


@pytest.mark.parametrize(
    ("settings", "name"), [(settings, name) for settings in _WITH_SECRETS for name in secret_variables(settings)]
)
def test_a_secret_comes_from_the_file_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: type[BaseSettings], name: str
) -> None:
    variable = secret_variables(settings)[name]
    secret = _OF_A_FORM.get(variable, "s e-c/r=e+t ")
    (tmp_path / "secret").write_text(f"{secret}\n")
    for other, value in _REST.items():
        if other != variable:
            monkeypatch.setenv(other, value)
    for other in set(secret_variables(settings).values()) - {variable}:
        if other == "AEGIS_S3_SECRET_KEY":
            monkeypatch.setenv(other, "other")
    monkeypatch.setenv(file_variable(variable), str(tmp_path / "secret"))

    made = settings()

    value = getattr(made, name)
    assert isinstance(value, SecretStr)
    assert value.get_secret_value() == secret
    assert secret not in f"{made!r} {made} {made.model_dump()}"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read (No such file or directory): name a file that holds the secret"),
        (b"", "is an empty file: write the secret into it"),
        (b"\n", "is an empty file: write the secret into it"),
        (b"\xff\xfe", "is not UTF-8 text: name a file that holds the secret and nothing else"),
    ],
)
def test_a_file_that_holds_no_secret_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("AEGIS_GATEWAY_API_KEY_FILE", str(path))

    with pytest.raises(ValidationError) as refused:
        GatewaySettings()

    assert explain_settings(refused.value) == f"AEGIS_GATEWAY_API_KEY_FILE={path} {sentence}"


def test_a_secret_in_both_places_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text("postgresql://aegis:hidden-2@127.0.0.1/aegis_ai")
    monkeypatch.setenv("AEGIS_PG_DSN", _DSN)
    monkeypatch.setenv("AEGIS_PG_DSN_FILE", str(tmp_path / "dsn"))

    with pytest.raises(ValidationError) as refused:
        DatabaseConnection()

    assert explain_settings(refused.value) == "AEGIS_PG_DSN and AEGIS_PG_DSN_FILE are both set: keep one of them"
    assert "hidden" not in str(refused.value)


def test_an_empty_variable_beside_a_file_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dsn").write_text(_DSN)
    monkeypatch.setenv("AEGIS_PG_DSN", "")
    monkeypatch.setenv("AEGIS_PG_DSN_FILE", str(tmp_path / "dsn"))

    assert DatabaseConnection().dsn.get_secret_value() == _DSN
