"""Small helpers that every other module may import."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from datetime import date, datetime
from functools import cache
from itertools import chain
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, Protocol, TypeVar, cast, dataclass_transform
from weakref import WeakSet

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


# ------------------------------------------------------------------------------------------------ plain values


def _plain_datetime(
    value: Any,
    # Arguments, because freezegun replaces the classes in modules, and the results would be of its classes.
    day: Callable[[Any], date] = datetime.date,
    time: Callable[[Any], Any] = datetime.timetz,
    combine: Callable[[date, Any], datetime] = datetime.combine,
) -> Any:
    # pandas: NaT is a datetime that equals nothing, and a Timestamp after the year 9999 has another year underneath.
    if value != value:
        return value
    plain = combine(day(value), time(value))
    return plain if plain.year == value.year else value


def _plain_date(
    value: Any, make: Callable[[int], date] = date.fromordinal, ordinal: Callable[[Any], int] = date.toordinal
) -> date:
    return make(ordinal(value))


#: How instances of subclasses become instances of their base. The methods are those of the base class, because a subclass may
#: have its own: ``str()`` of a member of ``class T(str, Enum)`` is ``T.A``.
_CONVERSIONS: tuple[tuple[type[Any], Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
    (datetime, _plain_datetime),
    (date, _plain_date),
)
#: The types that the rules and the encoder know. A field of a slideshow or an operation may hold any other object: it is a
#: problem of its own, and no rule looks at it.
PLAIN_TYPES: frozenset[type[Any]] = frozenset({NoneType, bool, tuple, FrozenDict, *(base for base, _ in _CONVERSIONS)})
#: The types of field values that need no conversion; :func:`value` adds its classes.
_UNCHANGED: set[type[Any]] = {*PLAIN_TYPES, dict}


def plain_value(value: object) -> Any:
    """Return the text, number, date or bytes that an instance of a subclass or a numpy scalar holds; all else unchanged.

    So a value is validated, compared, printed, stored and encoded as the same characters. The result for a member of
    ``class T(str, Enum)`` is its text, and for a pandas ``Timestamp`` a datetime. Values that have no such form, for example
    pandas' NaT and NA, are returned as they are, and validation reports them.
    """
    kind = type(value)
    if kind in _UNCHANGED:
        return value
    for base, convert in _CONVERSIONS:
        if issubclass(kind, base):
            return convert(value)
    # A numpy scalar exists only if numpy was imported, so skymms need not import it.
    return _from_numpy(value) if isinstance(value, getattr(sys.modules.get("numpy"), "generic", ())) else value


def _from_numpy(value: Any) -> Any:
    """Return a numpy scalar as a value of Python: an int, a float, a bool, a date or a datetime; all others unchanged."""
    kind = value.dtype.kind
    if kind != "M":
        return value.item() if kind in "biuf" else value
    plain = value.item()
    # item() returns an int for nanoseconds and for years after 9999, and None for NaT.
    if isinstance(plain, int):
        plain = value.astype("datetime64[us]").item()
    return plain if isinstance(plain, date) else value


# ------------------------------------------------------------------------------------------------ invisible characters

# Characters that have a glyph as far as Unicode's categories tell, and show nothing: fillers, joiners, variation selectors.
_WITHOUT_GLYPH = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"


def invisible_characters(text: str) -> list[str]:
    """Return the characters of a text that cannot be seen, each once: blanks except the space, controls, marks of direction."""
    if text.isascii() and text.isprintable():  # nearly always
        return []
    from unicodedata import category  # takes a millisecond to import

    return [
        character
        for character in dict.fromkeys(text)
        if character != " " and (category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"} or re.match(_WITHOUT_GLYPH, character))
    ]


def character_name(character: str) -> str:
    """Return a character's number and name, such as ``U+200B ZERO WIDTH SPACE``."""
    from unicodedata import name

    return f"U+{ord(character):04X} {name(character, 'control character')}"


# ------------------------------------------------------------------------------------------------ values


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(kind: type[T]) -> type[T]:
    """Class decorator: a dataclass that is frozen and slotted, with a short ``repr`` and a fast constructor.

    ``dataclass(frozen=True, slots=True)`` sets each field with ``object.__setattr__``, which took a third of the time to build
    and encode a message. This constructor has the same signature and calls the slots' own setters instead. Instances of
    subclasses of ``str``, ``int`` and so on become plain values; see :func:`plain_value`.
    """
    # A frozen dataclass can inherit only from one that is said to be frozen, too.
    frozen = any(hasattr(base, "__dataclass_fields__") for base in kind.__bases__)
    result = dataclass(init=False, repr=False, eq=False, frozen=frozen, slots=True)(kind)
    cast(Any, result).__dataclass_params__.frozen = True
    _compare_and_freeze(result, frozenset(kind.__dict__))
    result.__init__ = _constructor(result)  # type: ignore[method-assign]
    if result.__repr__ is object.__repr__:
        result.__repr__ = repr_of_set_fields  # type: ignore[method-assign]
    _UNCHANGED.add(result)
    return result


def _compare_and_freeze(kind: Any, own: frozenset[str]) -> None:
    """Give a class the methods that ``dataclass(frozen=True)`` would give it, except its ``own``.

    ``dataclass`` compiles them for each class, which took a twentieth of the time from the import to the first reply.
    """
    items = fields(kind)
    names = frozenset([item.name for item in items])
    compared = attribute_getter([item.name for item in items if item.compare])
    hashed = attribute_getter([item.name for item in items if (item.compare if item.hash is None else item.hash)])

    def __eq__(self: Any, other: object) -> Any:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(hashed(self))

    def __setattr__(self: Any, name: str, value: object) -> None:
        if type(self) is kind or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        cast(Any, super(kind, self)).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is kind or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        cast(Any, super(kind, self)).__delattr__(name)

    # For pickle, which would otherwise set the attributes.
    def __getstate__(self: Any) -> list[Any]:
        return [getattr(self, item.name) for item in fields(self)]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for item, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, item.name, value)

    for method in (__eq__, __hash__, __setattr__, __delattr__, __getstate__, __setstate__):
        if method.__name__ not in own:
            method.__qualname__ = f"{kind.__qualname__}.{method.__name__}"
            setattr(kind, method.__name__, method)


@memoize
def constructor_of_plain_values(kind: type[T]) -> Callable[..., T]:
    """Return a function that creates an instance from keyword arguments that are plain values, as a decoder's are.

    It does not convert them, which takes a third of the time of the usual constructor.
    """
    return cast("Callable[..., T]", _constructor(kind, creates=True))


def _constructor(kind: Any, *, creates: bool = False) -> Any:
    """Compile an ``__init__`` that takes the fields of a slotted dataclass, in the order that ``dataclass`` would.

    With ``creates``, compile a function that returns a new instance instead, and does not convert the values.
    """
    items: tuple[Field[Any], ...] = fields(kind)
    names: dict[str, Any] = {"_MISSING": MISSING, "_UNCHANGED": _UNCHANGED, "_plain": plain_value, "_type": type}
    body: list[str] = []
    for item in items:
        names[f"_set_{item.name}"] = getattr(kind, item.name).__set__
        # The test is written out, because a call for each field would take as long as the rest of the constructor.
        argument = item.name
        if not creates:
            argument += f" if {item.name} is None or _type({item.name}) in _UNCHANGED else _plain({item.name})"
        if item.default_factory is not MISSING:
            names[f"_make_{item.name}"] = item.default_factory
            argument = f"_make_{item.name}() if {item.name} is _MISSING else {argument}"
        body.append(f"    _set_{item.name}(self, {argument})")
    if hasattr(kind, "__post_init__"):
        body.append("    self.__post_init__()")
    positional = [item for item in items if not item.kw_only and not creates]
    keyword = [item for item in items if item.kw_only or creates]
    parameters = [*([] if creates else ["self"]), *(_parameter(item, names) for item in positional)]
    parameters += ["*", *(_parameter(item, names) for item in keyword)] if keyword else []
    if creates:
        names |= {"_new": object.__new__, "_kind": kind}
        body = ["    self = _new(_kind)", *body, "    return self"]
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
    texts = [
        f"{name}={_repr(value)}" for name, value in pairs if value is not None and not (isinstance(value, dict) and not value)
    ]
    return f"{type(self).__qualname__}({', '.join(texts)})"


def _repr(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits; the rules refuse it when it is sent
        return "<a very large number>"


# ------------------------------------------------------------------------------------------------ forks


class Renewable(Protocol):
    """An object that another process cannot share with this one, for example because it has a lock or connections."""

    def renew_after_fork(self) -> None:
        """Make it usable in a process that was just forked, in which no thread but this one runs."""
        ...


_RENEWABLE: WeakSet[Renewable] = WeakSet()


def renew_after_fork(thing: Renewable) -> None:
    """Call ``thing.renew_after_fork()`` in each process that is forked while the object exists."""
    _RENEWABLE.add(thing)


def _renew_all() -> None:
    for thing in list(_RENEWABLE):
        thing.renew_after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which cannot fork
    os.register_at_fork(after_in_child=_renew_all)
