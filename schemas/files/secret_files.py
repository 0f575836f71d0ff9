"""Secrets out of files: `AEGIS_…_FILE` names a file that holds what `AEGIS_…` would, as containers mount them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

_SUFFIX = "_FILE"


def variable_name(settings: type[BaseSettings], name: str) -> str:
    """Return the environment variable that fills a field."""
    alias = settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def secret_variables(settings: type[BaseSettings]) -> dict[str, str]:
    """Return the fields that hold secrets, each with its variable; `_FILE` behind that names a file instead."""
    return {
        name: variable_name(settings, name)
        for name, field in settings.model_fields.items()
        if SecretStr in {field.annotation, *get_args(field.annotation)}
    }


def file_variable(variable: str) -> str:
    """Return the variable that names a file in place of a secret's own."""
    return f"{variable}{_SUFFIX}"


def is_set(variable: str) -> bool:
    """Return whether the environment holds a secret, or names a file that does."""
    return bool(os.environ.get(variable) or os.environ.get(file_variable(variable)))


class SecretSettings(BaseSettings):
    """Settings whose secrets may lie in files; one that cannot be read is a ValidationError with a sentence."""

    # An error's text would show a secret as it was set.
    model_config = SettingsConfigDict(hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings, _SecretFiles(settings_cls), env_settings)

    @field_validator("*", mode="before")
    @classmethod
    def _was_read(cls, value: object) -> object:
        if isinstance(value, _Unusable):
            raise ValueError(value.sentence)  # noqa: TRY004 - pydantic makes a validation error of a ValueError alone
        return value


@dataclass(frozen=True, slots=True)
class _Unusable:
    """Stands for a secret that could not be had."""

    sentence: str


class _SecretFiles(PydanticBaseSettingsSource):
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        secrets: dict[str, Any] = {}
        for name, variable in secret_variables(self.settings_cls).items():
            path = os.environ.get(file_variable(variable))
            if path:
                alias = self.settings_cls.model_fields[name].validation_alias
                secrets[alias if isinstance(alias, str) else name] = _secret(variable, path)
        return secrets


def _secret(variable: str, path: str) -> str | _Unusable:
    place = f"{file_variable(variable)}={path}"
    if os.environ.get(variable):
        return _Unusable(f"{variable} and {file_variable(variable)} are both set: keep one of them")
    try:
        # Editors and `echo` end a file with a line break, which is no part of the secret.
        text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        return _Unusable(f"{place} cannot be read ({error.strerror}): name a file that holds the secret")
    except ValueError:
        return _Unusable(f"{place} is not UTF-8 text: name a file that holds the secret and nothing else")
    return text or _Unusable(f"{place} is an empty file: write the secret into it")
