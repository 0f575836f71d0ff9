"""What is wrong with the environment, in words that name the variables."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError
from pydantic_settings import BaseSettings

_PREFIX_OF_OUR_SENTENCES = "Value error, "


def explain_settings(error: ValidationError) -> str:
    """Return a clause for each problem; it never shows a value, which may be a secret."""
    return "; ".join(_clauses(error))


def _clauses(error: ValidationError) -> Iterator[str]:
    prefix = _variable_prefix(error.title)
    for problem in error.errors(include_url=False, include_input=False):
        text = problem["msg"].removeprefix(_PREFIX_OF_OUR_SENTENCES)
        name = ".".join(str(part) for part in problem["loc"])
        if text.startswith("AEGIS_") or not name:
            yield text
        else:
            yield f"{name if name.startswith('AEGIS_') else prefix + name.upper()}: {text[:1].lower()}{text[1:]}"


def _variable_prefix(class_name: str) -> str:
    """Return what the variables of a settings class begin with."""
    return next(
        (
            str(settings.model_config.get("env_prefix", ""))
            for settings in _subclasses(BaseSettings)
            if settings.__name__ == class_name
        ),
        "",
    )


def _subclasses(parent: type[BaseSettings]) -> Iterator[type[BaseSettings]]:
    for child in parent.__subclasses__():
        yield child
        yield from _subclasses(child)
