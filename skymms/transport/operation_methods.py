"""The methods ``send_mms``, ``save_mms`` and so on of both clients.

``client.send_mms(coupon, to=…, sender=…)`` equals ``client.call(SendMMS(coupon, to=…, sender=…))``. Each method is one line
below, for both clients. An operation's class is imported when its method is first used.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from importlib import import_module
from types import MethodType
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, Protocol, TypeVar, overload

from ..model.operations import Operation

if TYPE_CHECKING:
    from ..model import actions, operations, stored_operations
else:

    class _LazyModule:
        """A module of ``model`` that is imported when its first attribute is read."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(import_module(f"..model.{self._name}", __package__), attribute)

    actions, operations, stored_operations = (_LazyModule(name) for name in ("actions", "operations", "stored_operations"))

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class _Client(Protocol):
    """A client whose ``call`` returns the reply."""

    def call(self, operation: Operation[T], /) -> T:
        """Send the operation and return its reply."""
        ...


class _AsyncClient(Protocol):
    """A client whose ``call`` has to be awaited."""

    def call(self, operation: Operation[T], /) -> Coroutine[Any, Any, T]:
        """Send the operation; await the result to get its reply."""
        ...


class OperationMethod(Generic[P, R]):
    """A method that calls one operation; it has the parameters of the operation's class and returns its reply.

    ``load`` returns the class. On :class:`~skymms.aio.AsyncClient` the method has to be awaited.
    """

    def __init__(self, load: Callable[[], Callable[P, Operation[R]]]) -> None:
        self._load = load
        self._name = ""
        self._function: Callable[..., Any] | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Callable[..., Any]: ...

    @overload
    def __get__(self, client: _Client, owner: type | None = None) -> Callable[P, R]: ...

    @overload
    def __get__(self, client: _AsyncClient, owner: type | None = None) -> Callable[P, Coroutine[Any, Any, R]]: ...

    def __get__(self, client: Any, owner: type | None = None) -> Any:
        function = self._function or self._make()
        return function if client is None else MethodType(function, client)

    def _make(self) -> Callable[..., Any]:
        """Make the function, with the name, signature and docstring that ``help`` and completion show."""
        from inspect import Parameter, signature

        operation: Any = self._load()

        def function(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            return self.call(operation(*args, **kwargs))

        function.__name__ = self._name
        function.__qualname__ = f"{OperationMethods.__name__}.{self._name}"
        function.__module__ = __name__
        function.__doc__ = f"Call ``{operation.__name__}`` and return its reply.\n\n{operation.__doc__}"
        of_class = signature(operation)
        parameters = [Parameter("self", Parameter.POSITIONAL_ONLY), *of_class.parameters.values()]
        function.__signature__ = of_class.replace(  # type: ignore[attr-defined]
            parameters=parameters, return_annotation=operation.reply.__name__
        )
        self._function = function
        return function


class OperationMethods:
    """One method for each operation of the Skycore and Sinch dialects. Cellcast's operations are passed to ``call``."""

    __slots__ = ()

    send_mms: Final = OperationMethod(lambda: operations.SendMMS)
    save_mms: Final = OperationMethod(lambda: stored_operations.SaveMMS)
    send_saved_mms: Final = OperationMethod(lambda: stored_operations.SendSavedMMS)
    list_mms: Final = OperationMethod(lambda: stored_operations.ListMMS)
    delete_mms: Final = OperationMethod(lambda: stored_operations.DeleteMMS)
    send_saved_mms_campaign: Final = OperationMethod(lambda: actions.SendSavedMMSCampaign)
    send_mms_barcode: Final = OperationMethod(lambda: actions.SendMMSBarcode)
    send_pass_in_mms: Final = OperationMethod(lambda: actions.SendPassInMMS)
    send_message_by_subscriber_ref: Final = OperationMethod(lambda: actions.SendMessageBySubscriberRef)
    send_sms: Final = OperationMethod(lambda: actions.SendSMS)
    list_campaigns: Final = OperationMethod(lambda: actions.ListCampaigns)
    create_campaign: Final = OperationMethod(lambda: actions.CreateCampaign)
    subscribe: Final = OperationMethod(lambda: actions.Subscribe)
    unsubscribe: Final = OperationMethod(lambda: actions.Unsubscribe)
    remove_inbox_message: Final = OperationMethod(lambda: actions.RemoveInboxMessage)
    get_statistics: Final = OperationMethod(lambda: actions.GetStatistics)
    create_session: Final = OperationMethod(lambda: actions.CreateSession)
