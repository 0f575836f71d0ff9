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

from aegis.reference.markdown import NOTE, code, table
from consumer.settings import (
    ComparerSettings,
    EngineSettings,
    FindingsSettings,
    GatewaySettings,
    LakeSettings,
    ModelSettings,
    OperationsSettings,
    SinkSettings,
    TaggerSettings,
)
from consumer.tracing.settings import TracingSettings
from producer_tools.settings import ExtractSettings, SpoolSettings
from schemas.connections import DatabaseConnection, KafkaConnection, ObjectStoreConnection, TopicSettings
from schemas.files.secret_files import file_variable, secret_variables, variable_name

_KIB = 1024
_EXTRACTION = "`aegis extract`, `aegis tag`, `aegis publish`"
_LOG = "`aegis replay`, `aegis retag`, `aegis rebuild`, `aegis tail`, `aegis verdict`, `aegis duplicates --reject`"
_TABLES = (
    "gateway (may be unset), `aegis db`, `aegis rebuild`, `aegis replay --filter`, `aegis tags`, `aegis search`, "
    "`aegis duplicates`, `aegis export`, `aegis labels`, `aegis remove`, `aegis verdict`, `aegis verdicts`, "
    "`aegis model calibrate --verdicts`"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One settings class, and who reads it."""

    settings: type[BaseSettings]
    read_by: str


SECTIONS = (
    Section(
        KafkaConnection,
        f"tagger, sink, comparer, lake, gateway (to publish and to take verdicts), `aegis topics`, `aegis dlq`, "
        f"{_LOG}, {_EXTRACTION}",
    ),
    Section(
        TopicSettings, f"tagger, sink, comparer, lake, gateway, `aegis topics`, `aegis dlq`, {_LOG}, {_EXTRACTION}"
    ),
    Section(
        ObjectStoreConnection,
        f"tagger, comparer, lake, gateway (may be unset), `aegis bucket`, `aegis lake`, `aegis replay`, "
        f"`aegis duplicates`, `aegis labels`, {_EXTRACTION}",
    ),
    Section(DatabaseConnection, f"sink, comparer, lake (catalog), `aegis lake`, {_TABLES}"),
    Section(TaggerSettings, "tagger, `aegis replay`"),
    Section(
        ModelSettings, "tagger, gateway, `aegis replay`, `aegis retag`, `aegis verdict`, `aegis duplicates --reject`"
    ),
    Section(FindingsSettings, "tagger, gateway that publishes, `aegis replay`"),
    Section(SinkSettings, "sink, comparer (the group)"),
    Section(ComparerSettings, "comparer"),
    Section(LakeSettings, "lake, `aegis lake`"),
    Section(GatewaySettings, "gateway"),
    Section(EngineSettings, "tagger, sink, comparer, lake, `aegis replay`, `aegis retag`"),
    Section(OperationsSettings, "tagger, sink, comparer, lake, gateway"),
    Section(TracingSettings, f"tagger, sink, comparer, lake, gateway, `aegis replay`, `aegis retag`, {_EXTRACTION}"),
    Section(ExtractSettings, _EXTRACTION),
    Section(SpoolSettings, _EXTRACTION),
)

# Read where they act, before any settings class could be.
_OTHERS = (
    ("AEGIS_DEBUG", "not set", "any text", "Show the stack trace of an error, not only its message", "`aegis`"),
    (
        "AEGIS_STACK_DIR",
        "`.aegis/stack`",
        "path",
        "Folder of the local services",
        "`aegis stack`, `aegis demo`",
    ),
    (
        "AEGIS_STACK_S3",
        "`seaweedfs`",
        "`seaweedfs`, `minio`",
        "Object store of the local services",
        "`aegis stack`, `aegis demo`",
    ),
    ("AEGIS_IMAGE", "`aegis-tagger`", "text", "Image that docker-compose.yml runs", "Docker Compose"),
    ("AEGIS_BENCH_TEXTURES", "not set", "path", "Folder of textures to measure with", "`make bench`"),
    ("AEGIS_KEEP_STANDINS", "not set", "any text", "Keep the images that stand in for others", "`make image-test`"),
)

_INTRODUCTION = """\
# Settings

Every process is configured by environment variables and checks them when it starts. If one is missing or out of range,
the process exits with a message that names it. An empty variable counts as not set. Names end in their unit.

A variable `AEGIS_…` that is not in the table, but like a name in it or of one of its groups, is refused with the
nearest name by every process and by `aegis`, because the setting that was meant would keep its default. Variables that
Kubernetes sets for a Service are let through, and so are those of your own tools that are like none of ours.

A secret may be in a file: `AEGIS_PG_DSN_FILE=/run/secrets/dsn` stands for `AEGIS_PG_DSN`, and so for every variable
whose values are "text, secret". A line break at the end of the file is ignored. Set one of the two, not both.

While `aegis stack` runs in the current folder, the `aegis` command finds its services by itself; for other processes
run `eval "$(aegis stack env)"`. `aegis extract` treats an address that is not set as a service that is down,
and spools.
"""


def settings_page() -> str:
    rows = [row for section in SECTIONS for row in _rows(section)]
    others = [(code(name), default, values, meaning, reader) for name, default, values, meaning, reader in _OTHERS]
    heads = ("variable", "default", "values", "meaning", "read by")
    return "\n".join((NOTE, _INTRODUCTION, table(heads, [*rows, *others])))


def variable_list() -> str:
    """Return every variable on a line of its own, for ``schemas.environment``."""
    names = {name for name, *_ in _OTHERS}
    for section in SECTIONS:
        names.update(variable_name(section.settings, field) for field in section.settings.model_fields)
        names.update(file_variable(variable) for variable in secret_variables(section.settings).values())
    return "".join(f"{name}\n" for name in sorted(names))


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
        return "see meaning"
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


_KINDS: dict[Any, str] = {
    bool: "`true`, `false`",
    int: "whole number",
    float: "number",
    Path: "path",
    tuple: "list",
    SecretStr: "text, secret",
}


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
