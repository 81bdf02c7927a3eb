"""Small helpers that every other module may import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, cast, dataclass_transform

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


def memoize(make: Callable[P, T]) -> Callable[P, T]:
    """Cache the results of ``make`` forever. Use it only for arguments that a program has few of, such as classes."""
    return cast("Callable[P, T]", cache(make))


def attribute_getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that gets these attributes of an object as a tuple; a name may be dotted (``slideshow.name``).

    Unlike ``attrgetter``, the result is a tuple for one name and for none, too.
    """
    if len(names) > 1:
        return attrgetter(*names)
    return lambda holder: tuple(attrgetter(name)(holder) for name in names)


def join_values(values: Sequence[Any]) -> Any:
    """Merge mappings, append tuples and add numbers; of several dates return the first."""
    given = [one for one in values if one is not None]
    first: Any = given[0] if given else None
    if isinstance(first, dict):
        return dict(chain.from_iterable(one.items() for one in given))
    if isinstance(first, tuple):
        return tuple(chain.from_iterable(given))
    return first if first is None or isinstance(first, date) else sum(given[1:], first)


class FrozenDict(dict[K, V]):
    """A dict that cannot be changed."""

    __slots__ = ()

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("an operation cannot be changed: create another one, for example with dataclasses.replace")

    # A type checker sees the methods of dict, whose overloads have no common signature.
    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = __ior__ = _refuse
        clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)


# ------------------------------------------------------------------------------------------------ values


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(kind: type[T]) -> type[T]:
    """Class decorator: a dataclass that is frozen and slotted, with a short ``repr`` and a fast constructor.

    ``dataclass(frozen=True, slots=True)`` sets each field with ``object.__setattr__``, which took a third of the time to build
    and encode a message. This constructor has the same signature and calls the slots' own setters instead.
    """
    result = dataclass(init=False, repr=False, frozen=True, slots=True)(kind)
    result.__init__ = _constructor(result)  # type: ignore[method-assign]
    if result.__repr__ is object.__repr__:
        result.__repr__ = repr_of_set_fields  # type: ignore[method-assign]
    return result


def _constructor(kind: Any) -> Any:
    """Compile an ``__init__`` that takes the fields of a slotted dataclass, in the order that ``dataclass`` would."""
    items: tuple[Field[Any], ...] = fields(kind)
    names: dict[str, Any] = {"_MISSING": MISSING}
    body: list[str] = []
    for item in items:
        names[f"_set_{item.name}"] = getattr(kind, item.name).__set__
        argument = item.name
        if item.default_factory is not MISSING:
            names[f"_make_{item.name}"] = item.default_factory
            argument = f"_make_{item.name}() if {item.name} is _MISSING else {item.name}"
        body.append(f"    _set_{item.name}(self, {argument})")
    if hasattr(kind, "__post_init__"):
        body.append("    self.__post_init__()")
    positional = [item for item in items if not item.kw_only]
    keyword = [item for item in items if item.kw_only]
    parameters = ["self", *(_parameter(item, names) for item in positional)]
    parameters += ["*", *(_parameter(item, names) for item in keyword)] if keyword else []
    source = "\n".join([f"def __init__({', '.join(parameters)}):", *(body or ["    pass"])])
    exec(source, names)  # noqa: S102  # the source consists of field names; dataclasses does the same
    constructor = names["__init__"]
    constructor.__qualname__ = f"{kind.__qualname__}.__init__"
    constructor.__module__ = kind.__module__
    constructor.__annotations__ = {**{item.name: item.type for item in items}, "return": None}
    return constructor


def copier(kind: type[T], changed: str) -> Callable[[T, Any], T]:
    """Compile a function that copies a value with another value for one field. It does not call ``__post_init__``."""
    field_names = [item.name for item in fields(cast("Any", kind))]
    names: dict[str, Any] = {"_new": object.__new__, "_kind": kind}
    names |= {f"_set_{name}": getattr(kind, name).__set__ for name in field_names}
    body = [f"    _set_{name}(copy, {'changed' if name == changed else f'self.{name}'})" for name in field_names]
    source = "\n".join(["def copy_with(self, changed):", "    copy = _new(_kind)", *body, "    return copy"])
    exec(source, names)  # noqa: S102  # the source consists of field names
    return cast("Callable[[T, Any], T]", names["copy_with"])


def _parameter(item: Field[Any], names: dict[str, Any]) -> str:
    if item.default_factory is not MISSING:
        return f"{item.name}=_MISSING"
    if item.default is MISSING:
        return item.name
    names[f"_default_{item.name}"] = item.default
    return f"{item.name}=_default_{item.name}"


def repr_of_set_fields(self: Any) -> str:
    """A dataclass's ``repr`` without the fields that are None and without empty mappings."""
    pairs = [(item.name, getattr(self, item.name)) for item in fields(self) if item.repr]
    texts = [f"{name}={value!r}" for name, value in pairs if value is not None and not (isinstance(value, dict) and not value)]
    return f"{type(self).__qualname__}({', '.join(texts)})"
