"""Notices: the events that a gateway posts (postbacks), as values.

A gateway repeats a postback that was not acknowledged (five times, five minutes apart). Every notice therefore has an
``identity``, which is equal for repeats of one event: store it under a unique key to drop repeats. ``raw`` holds the whole
event as ``(name, text)`` pairs with the gateway's wire names. Fields that the event does not have are None.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, field
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

from .._functools import value
from ..codes import EVENTS
from ..errors import Nodes
from .serializable import Serializable


@value
class Notice(Serializable):
    """An event: its ``code``, its ``origin``, and the ``tracking_id`` of the message that it is about."""

    #: The fields that tell two events of this class apart.
    identity_fields: ClassVar[tuple[str, ...]] = ()
    #: The fields that are also part of the identity if the event has them.
    extra_identity_fields: ClassVar[tuple[str, ...]] = ()
    #: An event with one of these fields needs no fingerprint.
    id_fields: ClassVar[tuple[str, ...]] = ()

    code: str | None = None
    _: KW_ONLY
    origin: str | None = None
    tracking_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)
    #: A hash of the event as it was received. Set if the other fields do not show everything that tells it from other events:
    #: it has no id, its time could not be parsed, or characters in it were replaced.
    fingerprint: str | None = field(default=None, compare=False, repr=False)

    @property
    def identity(self) -> str:
        """A text that is equal for repeats of one event and different for two events. Use it as a key in a database."""
        parts = [getattr(self, name) for name in self.identity_fields]
        parts += [part for name in self.extra_identity_fields if (part := getattr(self, name)) is not None]
        if self.fingerprint is not None:
            parts.append(self.fingerprint)
        elif not any(parts):
            parts = [event_fingerprint(self.raw)]
        return "/".join(map(_part_of_identity, [self.origin, self.code, *parts]))

    @property
    def meaning(self) -> str:
        """The meaning of the code; empty for an unknown code."""
        return _meaning(self.code)


def _part_of_identity(part: object) -> str:
    if part is None or part == NOT_REPORTED:
        return ""
    text = str(part)
    # quote() takes twenty times as long, and nearly all parts are codes, ids and numbers.
    if _UNQUOTED.fullmatch(text):
        return text
    # A lone surrogate has no UTF-8. The readers replace them, but a notice can be created with one.
    return quote(text, safe="", errors="backslashreplace")


#: What quote() leaves as it is.
_UNQUOTED = re.compile(r"[A-Za-z0-9._~-]*")


def event_fingerprint(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a hash of the names and texts of an event."""
    from hashlib import sha256  # loads OpenSSL, which few events need

    return sha256(repr(tuple(pairs)).encode("utf-8", "backslashreplace")).hexdigest()


def needs_fingerprint(notice: Notice) -> bool:
    """True if the fields of a notice may not be enough to tell its event from others."""
    if isinstance(notice, EncodingReport) and len([name for name in (notice.audio, notice.video, notice.image) if name]) > 1:
        return True
    for name in notice.id_fields:  # noqa: SIM110  # any() of a generator takes twice the time
        if getattr(notice, name):
            return False
    return True


def _meaning(code: str | None) -> str:
    known = EVENTS.get(code or "")
    return known.meaning if known else ""


# Compared with the last part of STATUS, in lower case and without spaces. The vendors write "Message Sent/NotSupported" and
# "Not Supported". "retrieved" and "unrecognised" come from the envelope used before 2013-11, which passed on the carrier's own
# status. Any other text says nothing about delivery.
_DELIVERED, _FAILED, _UNDERWAY = "delivered", "failed", "underway"
_OUTCOMES: Mapping[str, str] = {
    **dict.fromkeys(("delivered", "retrieved"), _DELIVERED),
    **dict.fromkeys(
        ("failed", "messagefailed", "expired", "rejected", "notsupported", "unrecognised", "unrecognized"), _FAILED
    ),
    # The last four are Cellcast's.
    **dict.fromkeys(("messagesent", "sent", "linksent", "queued", "scheduled", "received", "cancelled"), _UNDERWAY),
}
# The gateway's own codes in the envelope used before 2013-11, and in statistics reports (Skycore 1.3, Appendix C).
_GATEWAY_OUTCOMES: Mapping[str, str] = {
    **dict.fromkeys(("0", "9", "10"), _UNDERWAY),  # 10: the link has left
    "20": _DELIVERED,
    **dict.fromkeys(("30", "35"), _FAILED),  # expired, rejected
}
#: The ``status`` of an event of before 2013-11 that has none. The code N102 then does not mean that it was delivered: it is
#: also the code of a link that was sent.
NOT_REPORTED = "Not reported"
# The codes that mean delivered or expired if the report has no status.
_DELIVERY_CODES = frozenset({"N102", "N202"})
_EXPIRY_CODE = "N103"
_SENT_CODES = frozenset({"N101", "N201"})
_DISCOVERY_CODES = frozenset({"N501", "N502", "E501", "E502"})


@value
class DeliveryReport(Notice):
    """A report about one message: sent, delivered or failed.

    A message has several reports with the same ``tracking_id``. ``sent_as`` is ``MMS``, or ``SMS`` if a link was sent instead;
    reports of such links have no ``mms_id``. ``operator_id`` is the carrier, ``handset`` the phone if it is known,
    ``timestamp`` an aware datetime, and ``details`` the gateway's text. ``gateway_status`` is the gateway's own status code,
    which only reports of before 2013-11 have: 10 (a link was sent), 20 (delivered), 30 (expired), 35 (rejected). A report about
    the device discovery message (``discovery`` is True) says nothing about the delivery of the message itself.
    """

    # `sent_as` is part of the identity: a message that is sent as a link after all is reported again with the same status.
    identity_fields: ClassVar[tuple[str, ...]] = ("tracking_id", "mms_id", "to", "status", "sent_as")
    extra_identity_fields: ClassVar[tuple[str, ...]] = ("gateway_status",)
    id_fields: ClassVar[tuple[str, ...]] = ("tracking_id",)

    _: KW_ONLY
    status: str | None = None
    sent_as: str | None = None
    mms_id: str | None = None
    sender: str | None = None
    sender_mask: str | None = None
    to: str | None = None
    operator_id: str | None = None
    timestamp: datetime | None = None
    handset: str | None = None
    aggregator_id: str | None = None
    details: str | None = None
    client_reference: str | None = None
    gateway_status: str | None = None

    @property
    def discovery(self) -> bool:
        """True for a report about the device discovery message; its result is in ``code`` and ``status``.

        The message itself has its own reports. If no report about the discovery message arrives in time, the gateway
        sends the message as to an unknown phone (Sinch MMS reference, ddm-message-timeout).
        """
        return self.code in _DISCOVERY_CODES

    @property
    def delivered(self) -> bool | None:
        """True if the phone received the message, False if this report says something else, None if that is not known.

        None is for a status that no document of a gateway has, and for a report that contradicts itself. Not every carrier
        reports that a message was delivered.
        """
        if self.failed or self.discovery:
            return False
        outcome = self._outcome()
        return None if outcome is None else outcome == _DELIVERED

    def _outcome(self) -> str | None:
        """Return the outcome that the status says, or the code if there is no status; None if it is not known."""
        if not self.status and self.gateway_status is None:
            return _DELIVERED if self.code in _DELIVERY_CODES else _UNDERWAY if self.code in _SENT_CODES else None
        said = {_OUTCOMES.get(last_part_of_status(self.status or "")), _GATEWAY_OUTCOMES.get(self.gateway_status or "")} - {
            None
        }
        return said.pop() if len(said) == 1 else None

    @property
    def failed(self) -> bool:
        """True if the message will not arrive.

        Depends on both code and status: before 2014-10 a message that expired or was rejected was reported with code N102.
        """
        code = self.code or ""
        if self.discovery:
            return False
        if code.startswith("E") or code == _EXPIRY_CODE:
            return True
        return self._outcome() == _FAILED

    @property
    def meaning(self) -> str:
        """What the report says: the outcome, if the code leaves it to the status, else the meaning of the code."""
        if self.code in _DELIVERY_CODES:
            return "delivered" if self.delivered else (self.status or "unknown").rpartition("/")[2].strip().lower()
        return _meaning(self.code)

    @property
    def final(self) -> bool:
        """True if no more reports of this message are expected."""
        return bool(self.delivered) or self.failed


def last_part_of_status(status: str) -> str:
    """Return what a status such as ``Message Sent/Not Supported`` ends with, in lower case and without spaces."""
    return status.rpartition("/")[2].replace(" ", "").replace("-", "").lower()


@value
class EncodingReport(Notice):
    """A report that a slideshow was encoded (``ready`` is True) or could not be; ``file`` then names the file that failed.

    ``audio``, ``video`` or ``image`` is the same file under its kind. After a failure the stored slideshow is unusable
    (Skycore 1.3): delete it and save it again.
    """

    identity_fields: ClassVar[tuple[str, ...]] = ("mms_id", "tracking_id", "file")
    id_fields: ClassVar[tuple[str, ...]] = ("mms_id", "tracking_id")

    _: KW_ONLY
    mms_id: str | None = None
    audio: str | None = None
    video: str | None = None
    image: str | None = None
    client_reference: str | None = None

    @property
    def file(self) -> str | None:
        """The file that could not be encoded: a file name or a URL, as the gateway reports it."""
        return self.audio or self.video or self.image

    @property
    def ready(self) -> bool:
        """True if the slideshow can be sent."""
        return (self.code or "").startswith("N")


@value
class InboundMMS(Notice):
    """An MMS that a person sent to a short code.

    ``files`` are URLs, one of them for the text, which work for a limited time. ``copy_to`` are the other members of a group.
    """

    identity_fields: ClassVar[tuple[str, ...]] = ("tracking_id", "sender", "timestamp")
    id_fields: ClassVar[tuple[str, ...]] = ("tracking_id",)

    _: KW_ONLY
    sender: str | None = None
    to: str | None = None
    keyword: str | None = None
    subject: str | None = None
    operator_id: str | None = None
    timestamp: datetime | None = None
    copy_to: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@value
class InboundSMS(Notice):
    """An SMS that a person sent to a short code."""

    identity_fields: ClassVar[tuple[str, ...]] = ("transaction_id", "sender", "to", "text", "timestamp")
    id_fields: ClassVar[tuple[str, ...]] = ("transaction_id",)

    _: KW_ONLY
    sender: str | None = None
    to: str | None = None
    text: str | None = None
    keyword: str | None = None
    timestamp: datetime | None = None
    transaction_id: str | None = None


@value
class SubscriptionChange(Notice):
    """A number or an e-mail address joined or left a campaign.

    N301 is posted again when a subscribed number opts in again. That is another event, with another ``timestamp``.
    """

    identity_fields: ClassVar[tuple[str, ...]] = ("mobile", "email", "campaign_ref", "timestamp")
    extra_identity_fields: ClassVar[tuple[str, ...]] = ("subscription_id",)
    id_fields: ClassVar[tuple[str, ...]] = ("timestamp",)

    _: KW_ONLY
    mobile: str | None = None
    email: str | None = None
    campaign_ref: str | None = None
    campaign_title: str | None = None
    brand_name: str | None = None
    short_code: str | None = None
    source: str | None = None
    subscription_id: str | None = None
    timestamp: datetime | None = None

    @property
    def subscribed(self) -> bool:
        """True for joining, False for leaving."""
        return self.code in {"N301", "N303"}


@value
class UnknownNotice(Notice):
    """An event that skymms does not know. Nothing is interpreted; everything is in ``raw``.

    For a wallet pass that was or was not generated, the code is in ``status_code``.
    """

    _: KW_ONLY
    status_code: str | None = None

    @property
    def meaning(self) -> str:
        """The meaning of the code; empty for an unknown code."""
        return _meaning(self.code or self.status_code)
