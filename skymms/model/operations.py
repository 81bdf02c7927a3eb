"""The five everyday operations, each with the class of its reply, so that ``client.call(operation)`` is typed.

An operation is a value: it can be logged, compared, stored and sent again later. It is not validated when it is created; the
client validates it before it sends anything. A field that the account's dialect does not support is refused then too:
docs/dialects.md lists which dialect supports which field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, field
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar

from .._functools import FrozenDict, plain_value, value
from .replies import DeletedMMS, MMSList, SavedMMS, SentMMS
from .serializable import Serializable
from .slideshow import Slideshow

R_co = TypeVar("R_co", covariant=True)


class Operation(Serializable, Generic[R_co]):
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
    kind: type[Any] = type(given)
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


def number_tuple(numbers: Any) -> tuple[Any, ...]:
    """Return several numbers as a tuple. A text, bytes and everything that is not iterable is one number."""
    if isinstance(numbers, (str, bytes, int)):
        return (plain_value(numbers),)
    try:
        each = iter(numbers)
    except TypeError:
        return (plain_value(numbers),)
    return tuple([plain_value(number) for number in each])


def _number_tuple(numbers: Any) -> tuple[Any, ...] | None:
    """Return :func:`number_tuple`, and None for an empty list."""
    return number_tuple(numbers) or None


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
            object.__setattr__(self, "display_to", _number_tuple(self.display_to))


@value
class SaveMMS(Operation[SavedMMS]):
    """Store a slideshow under an id, with which it can be sent any number of times. Its files are fetched and encoded once.

    With audio or video the id cannot be used until encoding ends, which an N003 postback reports. The Sinch JSON service
    reports the id in that postback only, together with ``client_reference`` (at most 64 characters). Source: Skycore 1.3,
    saveMMS.
    """

    reply: ClassVar[type[SavedMMS]] = SavedMMS

    slideshow: Slideshow
    _: KW_ONLY
    client_reference: str | int | None = None


@value
class SendSavedMMS(Operation[SentMMS]):
    """Send a stored slideshow to one number, with its own texts where they are given.

    :param mms_id: the id that :class:`SaveMMS` returned.
    :param custom_text: replaces the text of slides: a dict of slide number (from 1) to text.
    :param custom_subject: replaces the subject.
    :param data: fills the merge tags of the stored text: ``{"firstname": "Ada"}`` for ``{$firstname|you}``. Names are matched
        without regard to case.
    :param fallback_text: like ``disable_fallback``, ``disable_fallback_link`` and ``link_expires``, overrides the stored value.
    :param force_pass_as_link: send a wallet pass as a link.
    :param ddm_text: the text of a device discovery message, which the gateway sends first to learn the phone's model. It is
        required if one of the other ``ddm_`` fields is given: ``ddm_subject``, ``ddm_timeout`` (the minutes to wait for its
        report, 5 by default) and ``ddm_force`` (send it to a known phone too).
    :param device: the phone's model, such as ``iPhoneOS``, instead of device discovery (Skycore 1.3 of 2013 and 2014).

    The other fields are those of :class:`SendMMS`. Sources: Skycore 1.3 and Sinch MMS, sendSavedMMS.
    """

    reply: ClassVar[type[SentMMS]] = SentMMS

    mms_id: str | int | None
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
    custom_text: Mapping[int, str] = field(default_factory=empty_mapping, hash=False)
    custom_subject: str | None = None
    data: Mapping[str, str] = field(default_factory=empty_mapping, hash=False)
    fallback_text: str | None = None
    disable_fallback: bool | None = None
    disable_fallback_link: bool | None = None
    link_expires: date | str | None = None
    force_pass_as_link: bool | None = None
    ddm_subject: str | None = None
    ddm_text: str | None = None
    ddm_timeout: int | None = None
    ddm_force: bool | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if self.display_to is not None:
            object.__setattr__(self, "display_to", _number_tuple(self.display_to))
        # Copies, so that a later change of the caller's dictionaries does not change this value.
        object.__setattr__(self, "custom_text", frozen_mapping("custom_text", self.custom_text))
        object.__setattr__(self, "data", frozen_mapping("data", self.data))


@value
class ListMMS(Operation[MMSList]):
    """List the stored slideshows: all ids in Skycore 1.3 (getMmsIds), one page in Sinch MMS (getMMSTemplates).

    ``start_date`` leaves out slideshows that were stored before it. ``page`` counts from 1; ``per_page`` is 100 by default.
    """

    reply: ClassVar[type[MMSList]] = MMSList
    repeatable: ClassVar[bool] = True

    _: KW_ONLY
    start_date: date | str | None = None
    page: int | None = None
    per_page: int | None = None


@value
class DeleteMMS(Operation[DeletedMMS]):
    """Delete a stored slideshow and its encoded files, immediately and permanently. Source: Skycore 1.3, deleteMMSID."""

    reply: ClassVar[type[DeletedMMS]] = DeletedMMS

    mms_id: str | int | None
