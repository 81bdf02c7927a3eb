"""Reports the events of a call to the client's observer."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from ..errors import ConfigurationError
from ..model.operations import Operation

#: The methods that an observer may have; see :mod:`skymms.transport.events`.
METHODS = (
    "request_started",
    "response_received",
    "attempt_failed",
    "retry_scheduled",
    "part_finished",
    "call_finished",
)


def check_observer(observer: object) -> None:
    """Raise :class:`~skymms.ConfigurationError` for a class, and for methods that would have to be awaited."""
    if isinstance(observer, type):
        raise ConfigurationError(f"observer={observer.__name__}: pass an object, not the class")
    for name in METHODS:
        if iscoroutinefunction(getattr(observer, name, None)):
            raise ConfigurationError(
                f"observer: {name} must be a plain function, not async; AsyncClient calls it without await"
            )


class Reporter:
    """Reports the events of one call to its observer, if there is one.

    The exchange sets ``operation``, ``part`` and ``attempt`` as the call proceeds.
    """

    __slots__ = ("_observer", "attempt", "call_id", "dialect", "observed", "operation", "part")

    def __init__(self, operation: Operation[Any], dialect: str = "", observer: object | None = None) -> None:
        self.operation: Operation[Any] = operation
        self.dialect: str = dialect
        self.part: int = 1
        self.attempt: int = 1
        self._observer = observer
        self.observed: bool = observer is not None
        self.call_id: str = "" if observer is None else _new_id()

    def report(self, method: str, **details: Any) -> None:
        """Call this method of the observer, if it has one."""
        listener: Callable[[Any], object] | None = getattr(self._observer, method, None)
        if listener is not None:
            from .events import EVENTS

            event_class: Any = EVENTS[method]
            listener(
                event_class(
                    operation=self.operation,
                    call_id=self.call_id,
                    dialect=self.dialect,
                    part=self.part,
                    attempt=self.attempt,
                    **details,
                )
            )


def _new_id() -> str:
    from uuid import uuid4

    return uuid4().hex


def observers(*many: object) -> object:
    """Combine several observers into one. They are called in this order.

    An exception in one of them stops the call, and the ones after it are not called. Only ``call_finished`` reaches all of
    them in any case.
    """
    for one in many:
        check_observer(one)
    return _Observers(many)


class _Observers:
    __slots__ = ("_many",)

    def __init__(self, many: tuple[object, ...]) -> None:
        self._many = many

    def __getattr__(self, method: str) -> Callable[[Any], None]:
        if method not in METHODS:
            raise AttributeError(method)

        def call_each(event: Any) -> None:
            listeners = [listener for one in self._many if (listener := getattr(one, method, None)) is not None]
            if method == "call_finished":
                _call_all(listeners, event)
            else:
                for listener in listeners:
                    listener(event)

        return call_each


def _call_all(listeners: list[Callable[[Any], object]], event: Any) -> None:
    """Call all listeners, even if one of them raises."""
    if listeners:
        try:
            listeners[0](event)
        finally:
            _call_all(listeners[1:], event)
