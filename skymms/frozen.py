"""A mapping that never changes, for values that hold one.

What was judged and written once is not looked at again as long as it is the very same, so it must not become another behind a
frozen value's back. A dict in everything else: it compares, prints, pickles and goes into JSON as one.
"""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

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
