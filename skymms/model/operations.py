"""What a gateway can be asked. Each operation is a value that names its reply, so that ``client.call(operation)`` is typed.

Being values they can be logged, compared, kept in a journal and replayed, and there is one ``call`` instead of a method for
each action and each client. They hold whatever they are given; the rules judge them before anything is sent. A field that
a dialect has no word for is refused then too: which dialect can say what is the table in `docs/dialects.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import date
from typing import Any, ClassVar, Generic, TypeVar

from .._functools import FrozenDict
from .replies import DeletedMMS, MMSList, SavedMMS, SentMMS
from .slideshow import Slideshow

R_co = TypeVar("R_co", covariant=True)


class Operation(Generic[R_co]):
    """Anything a gateway can be asked; ``R_co`` is the reply it gives."""

    __slots__ = ()

    #: The class of the reply.
    reply: ClassVar[type[Any]]
    #: May it be asked again when the answer was lost? True for reading only: see "Sent once" in docs/design.md.
    repeatable: ClassVar[bool] = False


def frozen_mapping(name: str, named: Any) -> FrozenDict[Any, Any]:
    """A mapping, copied to one that never changes; TypeError for what is none."""
    # The very same where it can be: what goes to many is then known to be the same at a glance.
    if type(named) is FrozenDict:
        return named
    if named == {}:
        return _NOTHING
    if not isinstance(named, Mapping):
        raise TypeError(f"{name}: a mapping of names to words is wanted, not {type(named).__name__}")
    return FrozenDict(named)


_NOTHING: FrozenDict[Any, Any] = FrozenDict()


def _several(numbers: Any) -> tuple[Any, ...] | None:
    """Several numbers as a tuple, which a frozen value can hold; a single one is one, not as many as it has digits."""
    return (numbers,) if isinstance(numbers, (str, int)) else tuple(numbers) or None


@dataclass(frozen=True, slots=True)
class SendMMS(Operation[SentMMS]):
    """Send a slideshow to one number. The gateway fetches every file at each call.

    ``to`` is one number, country code first; ``sender`` a short code of the account. ``sender_mask`` is a sender's name of
    up to 11 characters, for the few countries that allow one. ``operator_id`` names the recipient's carrier and spares the
    gateway its lookup. ``campaign_ref`` is wanted by accounts that enforce their campaign check, ``service_id`` by the
    successor. Its JSON service also takes ``display_to``, numbers shown to the recipient as members of a group without being
    sent to (a tuple); ``client_reference``, at most 64 characters that every postback of the message brings back;
    ``expires``, when to stop trying (three days from now at most, which is also what is done without it); and
    ``cache_content=False`` to have the files fetched anew. Source: seed 003, and the successor's reference for the rest.
    """

    reply: ClassVar[type[SentMMS]] = SentMMS

    slideshow: Slideshow
    _: KW_ONLY
    to: str
    sender: str
    sender_mask: str | None = None
    operator_id: str | None = None
    campaign_ref: str | None = None
    service_id: str | None = None
    display_to: tuple[str, ...] | None = None
    client_reference: str | None = None
    expires: date | str | None = None
    cache_content: bool | None = None

    def __post_init__(self) -> None:
        if self.display_to is not None:
            object.__setattr__(self, "display_to", _several(self.display_to))


@dataclass(frozen=True, slots=True)
class SaveMMS(Operation[SavedMMS]):
    """Store a slideshow under an id, to be sent any number of times. Its files are fetched and encoded once.

    With audio or video the id is locked until encoding ends, which an N003 postback tells. The JSON service gives the id only
    there: ``client_reference`` (at most 64 characters) comes back with it. Source: 1.3, saveMMS.
    """

    reply: ClassVar[type[SavedMMS]] = SavedMMS

    slideshow: Slideshow
    _: KW_ONLY
    client_reference: str | None = None


@dataclass(frozen=True, slots=True)
class SendSavedMMS(Operation[SentMMS]):
    """Send a stored slideshow to one number, with words of its own where wanted.

    ``custom_text`` replaces the text of slides, keyed by their number from 1; ``custom_subject`` the subject; ``data``
    fills the merge tags of the stored text (``{"firstname": "Ada"}`` for ``{$firstname|you}``, case aside). ``fallback_text``,
    ``disable_fallback``, ``disable_fallback_link`` and ``link_expires`` override what was stored. ``force_pass_as_link`` sends
    a pass as a link. ``display_to``, ``client_reference`` and ``expires`` are as for :class:`SendMMS`.
    The ``ddm_`` fields ask for a device discovery message first: its text (wanted if any of them is given), its subject,
    the minutes to wait for its report (5 if not given), and whether to send it to a handset already known. ``device``, of
    2013 and 2014, tells the handset instead (``iPhoneOS``). Source: seed 004, and 1.3 of those years for the last.
    """

    reply: ClassVar[type[SentMMS]] = SentMMS

    mms_id: str | int | None
    _: KW_ONLY
    to: str
    sender: str
    sender_mask: str | None = None
    operator_id: str | None = None
    campaign_ref: str | None = None
    service_id: str | None = None
    display_to: tuple[str, ...] | None = None
    client_reference: str | None = None
    expires: date | str | None = None
    custom_text: Mapping[int, str] = field(default_factory=dict, hash=False)
    custom_subject: str | None = None
    data: Mapping[str, str] = field(default_factory=dict, hash=False)
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
            object.__setattr__(self, "display_to", _several(self.display_to))
        # Copies, so that what the caller does to its dictionaries afterwards does not reach a frozen value.
        object.__setattr__(self, "custom_text", frozen_mapping("custom_text", self.custom_text))
        object.__setattr__(self, "data", frozen_mapping("data", self.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMMS(Operation[MMSList]):
    """List the stored slideshows: all ids in 1.3 (`getMmsIds`), a page of them in the successor (`getMMSTemplates`).

    ``start_date`` leaves out what was stored before; ``page`` counts from 1, ``per_page`` is 100 if not given.
    """

    reply: ClassVar[type[MMSList]] = MMSList
    repeatable: ClassVar[bool] = True

    start_date: date | str | None = None
    page: int | None = None
    per_page: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteMMS(Operation[DeletedMMS]):
    """Delete a stored slideshow with its encoded files, at once and for good. Source: 1.3, deleteMMSID."""

    reply: ClassVar[type[DeletedMMS]] = DeletedMMS

    mms_id: str | int | None
