"""What a change of a JSON Schema would break: old readers of new events, and old writers before a new reader.

An event of a released version is promised in both directions, so a field that was released never changes: what it
takes can neither grow (an old reader would meet what it does not know) nor shrink (an old writer would be refused).
New optional fields are the one change that breaks nobody; a reader ignores what it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

READERS: Final = "old readers"
WRITERS: Final = "old writers"

_SAYS_NOTHING = {"$schema", "$id", "$defs", "$comment", "title", "description", "examples"}
_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOOKED_INTO = {
    *_LOWER_BOUNDS, *_UPPER_BOUNDS,
    "type", "properties", "required", "enum", "const", "items", "additionalProperties",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Break:
    """One promise that the change breaks, and to whom."""

    path: str
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} breaks {self.who}: {self.what}"


def find_breaks(released: Schema, current: Schema) -> list[Break]:
    """Return what breaks between a released schema and the current one; empty when nothing does."""
    return list(_Comparison(released, current).compare("event", released, current))


class _Comparison:
    def __init__(self, released: Schema, current: Schema) -> None:
        self._released = released
        self._current = current

    def compare(self, path: str, old: Any, new: Any) -> Iterator[Break]:
        old, new = _whole(old, self._released), _whole(new, self._current)
        yield from _types(path, old, new)
        yield from _choices(path, old, new)
        yield from _bounds(path, old, new)
        yield from self._properties(path, old, new)
        yield from self._inner(f"{path}[]", old.get("items", True), new.get("items", True))
        yield from self._inner(
            f"{path}.*", old.get("additionalProperties", True), new.get("additionalProperties", True)
        )
        yield from _everything_else(path, old, new)

    def _properties(self, path: str, old: Schema, new: Schema) -> Iterator[Break]:
        old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
        old_required, new_required = set(old.get("required", ())), set(new.get("required", ()))
        for name, field in old_fields.items():
            inside = f"{path}.{name}"
            if name not in new_fields:
                was = "required" if name in old_required else "optional"
                yield Break(inside, READERS, f"the {was} field was removed; they may use it")
                continue
            yield from self.compare(inside, field, new_fields[name])
            if name in old_required - new_required:
                yield Break(inside, READERS, "the field is no longer required; they rely on it")
            if name in new_required - old_required:
                yield Break(inside, WRITERS, "the field became required; they may leave it out")
        for name in sorted(new_required - set(old_fields)):
            yield Break(f"{path}.{name}", WRITERS, "a new field is required; make it optional")
        if old.get("additionalProperties", True) is False:
            for name in sorted(set(new_fields) - set(old_fields)):
                yield Break(f"{path}.{name}", READERS, "a new field, where they refuse those that they do not know")

    def _inner(self, path: str, old: Any, new: Any) -> Iterator[Break]:
        """Compare what holds for each item, or for each field without a name of its own; True takes everything."""
        if old == new and not _mentions_reference(old):
            return
        if isinstance(old, bool) or isinstance(new, bool):
            takes_less = new is False or old is True
            who, what = (WRITERS, "takes less than before") if takes_less else (READERS, "may hold more than before")
            yield Break(path, who, what)
            return
        yield from self.compare(path, old, new)


def _whole(schema: Any, root: Schema) -> Schema:
    """Return a schema with its reference followed, and ``anyOf: [X, null]`` written as a type that may be null."""
    found: dict[str, Any] = {} if schema is True else dict(schema)
    while "$ref" in found:
        target: Any = root
        for part in found.pop("$ref").removeprefix("#/").split("/"):
            target = target[part]
        found = {**target, **found}
    choices = found.get("anyOf", [])
    if len(choices) == 2 and {"type": "null"} in choices:
        other = _whole(next(choice for choice in choices if choice != {"type": "null"}), root)
        del found["anyOf"]
        found = {**other, **found, "type": sorted({*_as_list(other.get("type", [])), "null"})}
    return found


def _types(path: str, old: Schema, new: Schema) -> Iterator[Break]:
    before, after = _type_set(old), _type_set(new)
    if before and (not after or after - before):
        more = _names(after - before) if after else "anything"
        yield Break(path, READERS, f"the value may now be {more}; they expect {_names(before)}")
    if after and (not before or before - after):
        less = _names(before - after) if before else "anything"
        yield Break(path, WRITERS, f"the value may no longer be {less}; it must be {_names(after)}")


def _type_set(schema: Schema) -> set[str]:
    types = set(_as_list(schema.get("type", [])))
    return types | {"integer"} if "number" in types else types


def _choices(path: str, old: Schema, new: Schema) -> Iterator[Break]:
    before, after = _allowed(old), _allowed(new)
    if before is None and after is None:
        return
    if before is None:
        yield Break(path, WRITERS, f"only {_names(after or ())} may be written now")
    elif after is None:
        yield Break(path, READERS, f"other values than {_names(before)} may come")
    else:
        if before - after:
            yield Break(path, WRITERS, f"{_names(before - after)} was removed from the allowed values")
        if after - before:
            yield Break(path, READERS, f"{_names(after - before)} was added to the allowed values")


def _allowed(schema: Schema) -> set[str] | None:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if values is None else {json.dumps(value) for value in values}


def _bounds(path: str, old: Schema, new: Schema) -> Iterator[Break]:
    for names, sign in ((_LOWER_BOUNDS, 1), (_UPPER_BOUNDS, -1)):
        for name in names:
            before, after = old.get(name), new.get(name)
            if before == after:
                continue
            told = f"{name} changed from {_or_none(before)} to {_or_none(after)}"
            narrower = before is None or (after is not None and (after - before) * sign > 0)
            yield Break(path, WRITERS if narrower else READERS, told)


def _everything_else(path: str, old: Schema, new: Schema) -> Iterator[Break]:
    """Yield each other change (pattern, format, default, ...): whether it grew or shrank is not known, so it breaks."""
    for name in sorted({*old, *new} - _SAYS_NOTHING - _LOOKED_INTO):
        if old.get(name, ...) != new.get(name, ...):
            told = f"{name} changed from {_or_none(old.get(name))} to {_or_none(new.get(name))}"
            yield Break(path, f"{READERS} or {WRITERS}", told)


def _mentions_reference(schema: Any) -> bool:
    return "$ref" in json.dumps(schema)


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _names(values: Any) -> str:
    return ", ".join(sorted(values))


def _or_none(value: Any) -> str:
    return "none" if value is None else json.dumps(value)
