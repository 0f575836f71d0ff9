"""msgspec's types of the models, derived from them: for whoever reads many events and needs no models.

A struct is stricter than its model, so that what it takes the model takes too, with the same values: times only as
we write them, numbers only as numbers. What spans several fields, and how text becomes times and vectors, it does not
know. Whoever reads with a struct asks the model where that refuses, which also finds the words for what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from schemas.base import NO_NUL

# RFC 3339 as `format_rfc3339` writes it; no other form is a time to a struct.
_OUR_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z"
_LIMITS: Final = ("min_length", "max_length", "ge", "le", "pattern")
_PLAIN: Final = (str, int, float, bool, UUID, NoneType)
_UNIONS: Final = (Union, UnionType)


@cache
def struct_of(model: type[BaseModel]) -> type[Struct]:
    """Return a struct of the model's fields, in its order; times are text, and NUL is looked for by nobody.

    Raises:
        TypeError: the model has a field of a kind that no event has so far.

    """
    fields = [(name, _type_of_field(field), _default(field)) for name, field in model.model_fields.items()]
    return msgspec.defstruct(model.__name__, fields, omit_defaults=True, kw_only=True, gc=False)


def _default(field: FieldInfo) -> Any:
    if field.is_required():
        return msgspec.NODEFAULT
    if isinstance(field.default, BaseModel):
        return msgspec.field(default_factory=struct_of(type(field.default)))
    return field.default


def _type_of_field(field: FieldInfo) -> Any:
    return _constrained(field.annotation, field.metadata)


def _type_of(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _constrained(inner, [each for item in metadata for each in getattr(item, "metadata", [item])])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return struct_of(annotation)
    if annotation in {AwareDatetime, datetime}:
        return Annotated[str, Meta(pattern=_OUR_TIME)]
    if get_origin(annotation) is Literal or annotation in _PLAIN:
        return annotation
    return _type_of_several(annotation)


def _type_of_several(annotation: Any) -> Any:
    arguments = get_args(annotation)
    if get_origin(annotation) in _UNIONS:
        return _one_of(_type_of(kind) for kind in arguments)
    if get_origin(annotation) is tuple and arguments[1:] == (...,):
        return tuple[_type_of(arguments[0]), ...]  # type: ignore[misc]  # a type that is only known now
    if get_origin(annotation) is dict:
        key, value = map(_type_of, arguments)
        return dict[key, value]  # type: ignore[valid-type]  # as above
    raise TypeError(f"no struct has a field of type {annotation}: teach struct_of how to read it")


def _one_of(kinds: Iterable[Any]) -> Any:
    return reduce(or_, kinds)


def _constrained(annotation: Any, metadata: Iterable[Any]) -> Any:
    limits = {name: limit for item in metadata for name in _LIMITS if (limit := getattr(item, name, None)) is not None}
    if limits.get("pattern") == NO_NUL:
        del limits["pattern"]
    elif "pattern" in limits:
        # To Python's `$` the end of a line is an end, to the model's it is not.
        limits["pattern"] = re.sub(r"\$$", r"\\Z", limits["pattern"])
    if not limits:
        return _type_of(annotation)
    if get_origin(annotation) in _UNIONS:
        return _one_of(kind if kind is NoneType else _constrained(kind, metadata) for kind in get_args(annotation))
    return Annotated[_type_of(annotation), Meta(**limits)]
