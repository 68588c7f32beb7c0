"""How the program's values are made: a frozen dataclass at a third of its price at start-up.

`dataclass(frozen=True, slots=True)` compiles six methods for every class. This program has over
a hundred classes of values, and a phone that was just plugged in imports them all before it can
register. `frozen` lets `dataclass` write `__init__` and the fields, and shares the other methods.
That a value is never changed is proved by mypy (`frozen_default`), not watched at run time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a class of values: equal by content, hashable, shown by its fields, frozen."""
    made: Any = dataclass(slots=True, repr=False, eq=False)(cls)
    made._compared = tuple([f.name for f in fields(made) if f.compare])
    for name, method in _SHARED.items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _content(thing: Any) -> list[object]:
    return [getattr(thing, name) for name in thing._compared]


def _eq(self: object, other: object) -> bool:
    return _content(self) == _content(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(tuple(_content(self)))


def _repr(self: Any) -> str:
    shown = ", ".join([f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr])
    return f"{type(self).__name__}({shown})"


_SHARED = {"__eq__": _eq, "__hash__": _hash, "__repr__": _repr}
