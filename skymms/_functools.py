"""Small helpers from which every other module may import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NoReturn, ParamSpec, TypeVar, cast


def attribute_getter(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """What fetches these attributes, however many there are; a name may lead further (``slideshow.name``)."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda holder: tuple(attrgetter(name)(holder) for name in names)


K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict that refuses to be changed."""

    __slots__ = ()

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("an operation never changes: make another one, with dataclasses.replace for example")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)


P = ParamSpec("P")
T = TypeVar("T")


def memoize(make: Callable[P, T]) -> Callable[P, T]:
    """Call ``make`` once for each set of arguments. Only for arguments a program has few of, such as classes."""
    return cast("Callable[P, T]", cache(make))
