"""The values of a pickle, without unpickling: no name in it is ever looked up, and nothing of it is called."""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from typing import Any, Final

_MARK: Final = object()
# What Python 3 writes for bytes where the protocol has none: told apart by name, and made here.
_BYTES: Final = frozenset({"_codecs encode", "__builtin__ bytes", "builtins bytes"})
_VALUES: Final = (
    *("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
)
_STRINGS: Final = ("SHORT_BINSTRING", "BINSTRING", "STRING")


def plain_value(data: bytes) -> Any:
    """Return the value: dicts, lists and tuples of numbers, texts and bytes.

    Raises ValueError for a pickle that is damaged, or of anything else.
    """
    machine = _Machine()
    try:
        for operation, argument, _ in pickletools.genops(data):
            if operation.name == "STOP":
                return machine.stack.pop()
            machine.step(operation.name, argument)
    except (IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"no plain values ({type(error).__name__})") from error
    raise ValueError("it does not end")


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._kept: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        action = _ACTIONS.get(name)
        if action is None:
            raise ValueError(f"it holds more than plain values ({name})")
        action(self, argument)

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def push_text(self, characters: str) -> None:
        """Push a text of Python 2, whose bytes come here as characters."""
        self.push(characters.encode("latin-1", errors="replace").decode("utf-8", errors="replace"))

    def push_tuple(self, items: list[Any]) -> None:
        self.push(tuple(items))

    def extend(self, items: list[Any]) -> None:
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        self.stack[-1].update(zip(items[::2], items[1::2], strict=True))

    def keep(self, number: int | None) -> None:
        self._kept[len(self._kept) if number is None else number] = self.stack[-1]

    def push_kept(self, number: int) -> None:
        self.push(self._kept[number])

    def name(self, argument: str) -> None:
        if argument not in _BYTES:
            raise ValueError(f"it names {argument[:80]}")
        self.push(_BYTES)

    def make_bytes(self, _: Any) -> None:
        called, arguments = self.last(2)
        if called is not _BYTES or not isinstance(arguments, tuple):
            raise ValueError("it wants something called")
        self.push(arguments[0].encode("latin-1") if arguments else b"")

    def last(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("it is damaged")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def since_mark(self) -> list[Any]:
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError("it is damaged")
        items = self.stack[at + 1 :]
        del self.stack[at:]
        return items


_ACTIONS: Final[Mapping[str, Callable[[_Machine, Any], None]]] = {
    **dict.fromkeys(_VALUES, _Machine.push),
    **dict.fromkeys(_STRINGS, _Machine.push_text),
    **dict.fromkeys(("PROTO", "FRAME"), lambda _machine, _argument: None),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT", "PUT", "MEMOIZE"), _Machine.keep),
    **dict.fromkeys(("BINGET", "LONG_BINGET", "GET"), _Machine.push_kept),
    "MARK": lambda machine, _: machine.push(_MARK),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": lambda machine, _: machine.push_tuple(machine.last(1)),
    "TUPLE2": lambda machine, _: machine.push_tuple(machine.last(2)),
    "TUPLE3": lambda machine, _: machine.push_tuple(machine.last(3)),
    "TUPLE": lambda machine, _: machine.push_tuple(machine.since_mark()),
    "APPEND": lambda machine, _: machine.extend(machine.last(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.update(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.update(machine.since_mark()),
    "GLOBAL": _Machine.name,
    "REDUCE": _Machine.make_bytes,
}
