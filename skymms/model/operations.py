"""The base class of operations, and sendMMS. Each names the class of its reply, so that ``client.call(operation)`` is typed.

An operation is a value: it can be logged, compared, stored and sent again later. It is not validated when it is created; the
client validates it before it sends anything. A field that the account's dialect does not support is refused then too:
docs/reference/dialects.md lists which dialect supports which field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar, cast

from .._functools import FrozenDict, plain_value, value
from .notebook import NotebookView
from .replies import SentMMS
from .serializable import Serializable
from .slideshow import Slideshow

R_co = TypeVar("R_co", covariant=True)


class Operation(NotebookView, Serializable, Generic[R_co]):
    """A request to a gateway. ``R_co`` is the class of the reply."""

    #: The prepared message that made the operation, if one did. It is not a field: comparing, printing, copying and pickling an
    #: operation ignore it.
    __slots__ = ("_prepared",)

    #: The class of the reply.
    reply: ClassVar[type[Any]]
    #: True if the client may retry after a lost response. That is safe only for operations that read (docs/design.md).
    repeatable: ClassVar[bool] = False


_EMPTY: FrozenDict[Any, Any] = FrozenDict()


def empty_mapping() -> FrozenDict[Any, Any]:
    """Return the default of a field that holds a mapping."""
    return _EMPTY


def frozen_mapping(name: str, given: Any) -> FrozenDict[Any, Any]:
    """Return a copy of a mapping that cannot be changed; TypeError if ``given`` is not a mapping."""
    # A frozen mapping is not copied: prepared messages compare the fields of operations by identity.
    kind = type(cast(object, given))
    if kind is FrozenDict:
        return given  # type: ignore[no-any-return]  # checked above
    if not issubclass(kind, Mapping):
        wanted = (
            'slide number to text, for example {1: "Hello"}'
            if name == "custom_text"
            else 'name to text, for example {"name": "Ada"}'
        )
        raise TypeError(f"{name} must be a dict of {wanted}; got a {kind.__name__}")
    if not given:
        return _EMPTY
    plain = FrozenDict({plain_value(key): plain_value(text) for key, text in given.items()})
    if len(plain) < len(given):
        raise TypeError(f"two keys of {name} are the same text: leave one out")
    return plain


def number_tuple(numbers: Any) -> tuple[Any, ...] | None:
    """Return several numbers as a tuple; an empty list is None.

    A text is one number, not one for each digit, and so is every object that is not iterable.
    """
    if isinstance(numbers, (str, bytes, int)):
        return (plain_value(numbers),)
    try:
        each = iter(numbers)
    except TypeError:
        return (plain_value(numbers),)
    return tuple([plain_value(number) for number in each]) or None


@value
class SendMMS(Operation[SentMMS]):
    """Send a slideshow to one number. The gateway fetches every file again at each call.

    :param to: one number, country code first. It may be left out until the message is encoded.
    :param sender: a short code of the account. It may be left out until the message is encoded.
    :param sender_mask: a sender's name of up to 11 characters, for the few countries that allow one.
    :param operator_id: the recipient's carrier; the gateway then does not look it up.
    :param campaign_ref: required by accounts that enforce their campaign check.
    :param service_id: required by Sinch MMS.
    :param display_to: numbers shown to the recipient as members of a group; nothing is sent to them (Sinch JSON service).
    :param client_reference: at most 64 characters, which every postback of the message repeats (Sinch JSON service).
    :param expires: when the gateway stops trying to deliver; at most, and by default, three days from now (Sinch JSON service).
    :param cache_content: False makes the gateway fetch the files again (Sinch JSON service).

    Sources: Skycore 1.3, sendMMS; Sinch MMS reference.
    """

    reply: ClassVar[type[SentMMS]] = SentMMS

    slideshow: Slideshow
    _: KW_ONLY
    to: str | int | None = None
    sender: str | int | None = None
    sender_mask: str | None = None
    operator_id: str | int | None = None
    campaign_ref: str | int | None = None
    service_id: str | int | None = None
    display_to: tuple[str | int, ...] | None = None
    client_reference: str | int | None = None
    expires: date | str | None = None
    cache_content: bool | None = None

    def __post_init__(self) -> None:
        if self.display_to is not None:
            object.__setattr__(self, "display_to", number_tuple(self.display_to))
