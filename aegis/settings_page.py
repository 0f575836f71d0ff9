"""docs/settings.md: every environment variable, taken from the settings classes themselves."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from aegis.markdown import NOTE, code, table
from consumer.settings import (
    EngineSettings,
    GatewaySettings,
    ModelSettings,
    OperationsSettings,
    SinkSettings,
    TaggerSettings,
)
from producer_tools.settings import ExtractSettings, SpoolSettings
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings

_KIB = 1024
_EXTRACTION = "`aegis extract`, `aegis publish`"
_LOG = "`aegis replay`, `aegis retag`, `aegis tail`"
_TABLES = "gateway (may be unset), `aegis db`, `aegis replay --filter`, `aegis tags`, `aegis search`, `aegis verdict`"


@dataclass(frozen=True, slots=True)
class Section:
    """One settings class, and who reads it."""

    settings: type[BaseSettings]
    read_by: str


SECTIONS = (
    Section(
        KafkaConnection, f"tagger, sink, gateway (if it publishes), `aegis topics`, `aegis dlq`, {_LOG}, {_EXTRACTION}"
    ),
    Section(TopicSettings, f"tagger, sink, gateway, `aegis topics`, `aegis dlq`, {_LOG}, {_EXTRACTION}"),
    Section(ObjectStoreConnection, f"tagger, gateway (if it publishes), `aegis bucket`, `aegis replay`, {_EXTRACTION}"),
    Section(DatabaseConnection, f"sink, {_TABLES}"),
    Section(TaggerSettings, "tagger, `aegis replay`"),
    Section(ModelSettings, "tagger, gateway, `aegis replay`, `aegis retag`"),
    Section(SinkSettings, "sink"),
    Section(GatewaySettings, "gateway"),
    Section(EngineSettings, "tagger, sink, `aegis replay`, `aegis retag`"),
    Section(OperationsSettings, "tagger, sink, gateway"),
    Section(ExtractSettings, _EXTRACTION),
    Section(SpoolSettings, _EXTRACTION),
)

# Read where they act, before any settings class could be.
_OTHERS = (
    ("AEGIS_DEBUG", "not set", "any text", "Show where an error came from, not only its sentence", "`aegis`"),
    (
        "AEGIS_STACK_DIR",
        "`.aegis/stack`",
        "path",
        "Folder of the services of this machine",
        "`aegis stack`, `aegis demo`",
    ),
    (
        "AEGIS_STACK_S3",
        "`seaweedfs`",
        "`seaweedfs`, `minio`",
        "Object store of the services of this machine",
        "`aegis stack`, `aegis demo`",
    ),
)

_INTRODUCTION = """\
# Settings

Every process is set by environment variables, checked at its start: a value that is missing or out of range ends it
with a sentence that names the variable. A variable that is empty counts as not set. The names carry their units.

While `aegis stack` runs in this folder, the `aegis` command finds its services by itself; `eval "$(aegis stack env)"`
tells other processes. For `aegis extract` an address that is not set is a service that is down: it spools.
"""


def settings_page() -> str:
    rows = [row for section in SECTIONS for row in _rows(section)]
    others = [(code(name), default, values, meaning, reader) for name, default, values, meaning, reader in _OTHERS]
    heads = ("variable", "default", "values", "meaning", "read by")
    return "\n".join((NOTE, _INTRODUCTION, table(heads, [*rows, *others])))


def variable_name(settings: type[BaseSettings], name: str) -> str:
    """Return the environment variable that fills a field."""
    alias = settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{settings.model_config['env_prefix']}{name}".upper()


def _rows(section: Section) -> Iterable[tuple[str, ...]]:
    needed = _needed(section.settings)
    for name, field in section.settings.model_fields.items():
        yield (
            code(variable_name(section.settings, name)),
            "**must be set**" if name in needed else _default(name, field),
            _values(name, field),
            field.description or "",
            section.read_by,
        )


def _needed(settings: type[BaseSettings]) -> set[str]:
    """Return the fields without which the class refuses to be made, whatever this shell's environment holds."""

    class Bare(settings):  # type: ignore[misc, valid-type]
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
            **sources: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (sources["init_settings"],)

    try:
        Bare()
    except ValidationError as error:
        return {str(problem["loc"][0]) for problem in error.errors()}
    return set()


def _default(name: str, field: FieldInfo) -> str:
    value: Any = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if field.default_factory is not None:
        return "see there"
    if value in (None, "", ()):
        return "not set"
    if _unit(name) == "bytes":
        return f"`{value}` ({_readable_bytes(value)})"
    return code(f"{value:g}" if isinstance(value, float) else str(value))


def _values(name: str, field: FieldInfo) -> str:
    kind = _kind(field.annotation)
    if get_origin(kind) is Literal:
        return ", ".join(code(str(choice)) for choice in get_args(kind))
    parts = [_unit(name) or _KINDS.get(get_origin(kind) or kind, "text"), *(_bound(item) for item in field.metadata)]
    return ", ".join(part for part in parts if part)


def _unit(name: str) -> str | None:
    return next((unit for unit in ("seconds", "ms", "bytes") if unit in name.split("_")), None)


_KINDS: dict[Any, str] = {int: "whole number", float: "number", Path: "path", tuple: "list", SecretStr: "text, secret"}


def _kind(annotation: Any) -> Any:
    """Return what an optional holds when it is set, everything else as it is."""
    if get_origin(annotation) in {Union, types.UnionType}:
        return next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _bound(item: object) -> str:
    match item:
        case Ge(ge):
            return f"≥ {_number(ge)}"
        case Gt(gt):
            return f"> {_number(gt)}"
        case Le(le):
            return f"≤ {_number(le)}"
        case MinLen(_):
            return ""  # of a text that has a default: it cannot be empty anyway
        case MaxLen(length):
            return f"≤ {length} characters"
    pattern = getattr(item, "pattern", None)
    return "" if pattern is None else code(pattern)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _readable_bytes(count: int) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < _KIB or count % _KIB:
            return f"{count} {unit}"
        count //= _KIB
    return f"{count} TiB"
