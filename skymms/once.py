"""Work a thing out once, and keep its types: `functools.cache` with the signature of what it remembers.

The standard decorator's type asks every argument to be Hashable, which mypy denies to classes whose instances hash, so each
use would need an excuse.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def once(make: Callable[P, T]) -> Callable[P, T]:
    """Call ``make`` once for each set of arguments. Only for arguments a program has few of, such as classes."""
    return cast("Callable[P, T]", cache(make))
