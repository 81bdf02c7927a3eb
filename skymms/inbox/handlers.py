"""Handlers: your functions, by the kinds of notices that they get."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from ..errors import ConfigurationError
from ..model.declarations import CLASSES, known_class
from ..model.notices import Notice

F = TypeVar("F", bound="Callable[..., Any]")

#: Stands for all kinds of notices.
ALL = "*"
#: Characters of a handler's name.
_LONGEST = 200
_NOT_A_KIND = "give classes of notices, such as @inbox.on(DeliveryReport), or @inbox.on(Notice) for all"


class Handler(NamedTuple):
    """A function that gets notices.

    ``kinds`` are the names of their classes, or ``*``. ``takes_message`` is True if the function takes the message too.
    """

    name: str
    kinds: frozenset[str]
    function: Callable[..., Any]
    takes_message: bool
    is_async: bool

    def wants(self, notice: Notice) -> bool:
        """Whether the function is registered for the kind of a notice."""
        return ALL in self.kinds or type(notice).__name__ in self.kinds


class Handlers:
    """The handlers of an inbox in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handlers: dict[str, Handler] = {}

    def on(self, *kinds: type[Notice], name: str | None = None) -> Callable[[F], F]:
        """Return a decorator that registers a function for kinds of notices.

        The function takes one positional parameter, the notice, or two, the notice and its message. It may be any callable, and
        asynchronous. ``name`` identifies it in the database, by default its module and its name: after another name, what it
        has handled is unknown. The decorator raises :class:`~skymms.ConfigurationError` for a name that is taken, and for a
        function that cannot be called so.
        """
        names = _names_of_kinds(kinds)

        def register(function: F) -> F:
            self._add(_handler(function, names, name))
            return function

        return register

    def _add(self, handler: Handler) -> None:
        with self._lock:
            if handler.name in self._handlers:
                raise ConfigurationError(
                    f"there is a handler named {handler.name!r} already: give this one a name of its own, on(…, name=…)"
                )
            self._handlers = {**self._handlers, handler.name: handler}

    def __iter__(self) -> Iterator[Handler]:
        return iter(self._handlers.values())

    def __len__(self) -> int:
        return len(self._handlers)

    def get(self, kind: type[Notice]) -> list[Handler]:
        """Return the handlers that are registered for a kind of notices."""
        return [one for one in self if ALL in one.kinds or kind.__name__ in one.kinds]

    def kinds(self) -> dict[str, frozenset[str]]:
        """Return the kinds of notices that each handler wants, by its name."""
        return {handler.name: handler.kinds for handler in self}

    def find(self, name: str) -> Handler | None:
        """Return the handler with a name."""
        return self._handlers.get(name)

    def name_of(self, which: str | Callable[..., Any]) -> str:
        """Return the name of a handler that is given by its name or its function."""
        if isinstance(which, str):
            return which
        for handler in self:
            if handler.function == which:
                return handler.name
        raise ConfigurationError(f"{_shown(which)} is not a handler of this inbox: give the name of a handler")


def _names_of_kinds(kinds: tuple[Any, ...]) -> frozenset[str]:
    """Return the names of classes of notices, and of the classes that are made from them."""
    if not kinds:
        raise ConfigurationError(f"on() needs the kinds of notices: {_NOT_A_KIND}")
    names: set[str] = set()
    known = [kind for name in CLASSES if CLASSES[name] in _MODULES and (kind := known_class(name)) is not None]
    for kind in kinds:
        if not isinstance(kind, type) or not issubclass(kind, Notice):
            raise ConfigurationError(f"{_shown(kind)} is not a class of notices: {_NOT_A_KIND}")
        if kind is Notice:
            return frozenset({ALL})
        names |= {kind.__name__, *(one.__name__ for one in known if issubclass(one, kind))}
    return frozenset(names)


#: The modules that define classes of notices.
_MODULES = ("skymms.model.notices", "skymms.cellcast")


def _handler(function: Any, kinds: frozenset[str], name: str | None) -> Handler:
    if not callable(function) or isinstance(function, type):
        raise ConfigurationError(f"{_shown(function)} cannot be a handler: give a function that takes a notice")
    chosen: Any = _name_of(function) if name is None else name
    if not isinstance(chosen, str) or not chosen.strip() or len(chosen) > _LONGEST or not chosen.isprintable():
        raise ConfigurationError(f"{chosen!r:.80} cannot be the name of a handler: give 1 to {_LONGEST} printable characters")
    is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
    return Handler(chosen, kinds, function, _takes_message(function), is_async)


def _name_of(function: Any) -> str:
    """Return the name of a function, which must be the same in every process that has it."""
    if isinstance(function, partial):
        raise ConfigurationError("a partial function has no name of its own: give it one, on(…, name=…)")
    named: Any = function
    if not hasattr(function, "__qualname__"):
        named = cast(Any, type(function))
    module, qualified = str(named.__module__), str(named.__qualname__)
    if "<lambda>" in qualified:
        raise ConfigurationError("a lambda has no name: give it one, on(…, name=…)")
    return f"{_main_module() if module == '__main__' else module}.{qualified}"


def _main_module() -> str:
    """Return the name of the program's module as other programs import it."""
    main = sys.modules["__main__"]
    if (spec := getattr(main, "__spec__", None)) is not None:
        return cast(str, spec.name).removesuffix(".__main__")
    file: str | None = getattr(main, "__file__", None)
    return Path(file).stem if file else "__main__"


def _takes_message(function: Callable[..., Any]) -> bool:
    """Return whether a function takes the message too; ConfigurationError if it takes neither one argument nor two."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some functions that are written in C do not say
        return False
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    required = [one for one in positional if one.default is one.empty]
    named = [one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.default is one.empty]
    if named:
        raise ConfigurationError(
            f"{_shown(function)} requires the argument {named[0]}, which a handler is not given: give it a default, or use "
            "functools.partial"
        )
    takes_more = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    if len(required) > 2 or not (positional or takes_more):
        raise ConfigurationError(
            f"{_shown(function)} takes {len(required)} arguments: a handler takes a notice, or a notice and its message"
        )
    return len(required) == 2 or (len(positional) > 1 and positional[1].name == "message")


def _shown(thing: Any) -> str:
    """Return a short name of a thing, without its values."""
    return str(getattr(thing, "__qualname__", None) or type(thing).__qualname__)[:80]
