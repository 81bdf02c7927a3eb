"""The operations on slideshows that the gateway stores: save, send, list and delete.

They have a file of their own so that a program that only calls sendMMS does not import them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, field
from datetime import date
from typing import ClassVar

from .._functools import value
from .operations import Operation, empty_mapping, frozen_mapping, number_tuple
from .replies import SentMMS
from .slideshow import Slideshow
from .stored_replies import DeletedMMS, MMSList, SavedMMS


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
            object.__setattr__(self, "display_to", number_tuple(self.display_to))
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
