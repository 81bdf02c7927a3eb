"""What a gateway tells later, by itself: postbacks, as values.

Gateways repeat a postback that was not answered (five times, five minutes apart), so every notice has an ``identity`` that is
equal for a repeat of the same event: keep it under a unique key and repeats drop out. ``raw`` holds the whole event as
``(name, text)`` pairs in the gateway's spelling. Nodes that are missing are None.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

from ..codes import EVENTS
from ..errors import Nodes


@dataclass(frozen=True, slots=True)
class Notice:
    """Any event: a ``code``, the ``origin`` it comes from, and the message it is about."""

    #: The fields that tell one event of a kind from another.
    identity_fields: ClassVar[tuple[str, ...]] = ()

    code: str | None = None
    _: KW_ONLY
    origin: str | None = None
    tracking_id: str | None = None
    raw: Nodes = field(default=(), compare=False, repr=False)

    @property
    def identity(self) -> str:
        """The same for every repeat of an event, different for different events: a key for a database."""
        told = [getattr(self, name) for name in self.identity_fields]
        if all(value is None for value in told):
            from hashlib import sha256  # OpenSSL, for the few events that nothing else tells apart

            told = [sha256(repr(self.raw).encode()).hexdigest()]
        parts = [self.origin, self.code, *told]
        return "/".join("" if part is None else quote(str(part), safe="") for part in parts)

    @property
    def meaning(self) -> str:
        """What the code means, in the catalogue's words; empty for a code it does not know."""
        return _meaning(self.code)


def _meaning(code: str | None) -> str:
    known = EVENTS.get(code or "")
    return known.meaning if known else ""


# The last word of STATUS, written small and closed up. The vendors write "Message Sent/NotSupported" and "Not Supported";
# "retrieved" and its row come from the envelope of before 2013-11, which handed the carrier's word through.
_DELIVERED = frozenset({"delivered", "retrieved"})
_FAILED = frozenset({"failed", "messagefailed", "expired", "rejected", "notsupported", "unrecognised", "unrecognized"})
# Codes that say so by themselves, where there is no status.
_DELIVERY_CODES = frozenset({"N102", "N202"})
_EXPIRY_CODE = "N103"
_DISCOVERY_CODES = frozenset({"N501", "N502", "E501", "E502"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport(Notice):
    """What became of one message: sent, delivered, or failed.

    ``sent_as`` is ``MMS``, or ``SMS`` when a link went out instead; ``mms_id`` is missing from reports of such links;
    ``operator_id`` is the carrier; ``handset`` the phone, where it is known; ``timestamp`` is aware; ``details`` are the
    gateway's words. A message has several reports, joined by ``tracking_id``. Those on the device discovery message of former
    times (``discovery``) are among them, and neither deliver the message nor fail it.
    """

    # `sent_as` too: a message that goes out as a link after all is told of once more, in the same words.
    identity_fields: ClassVar[tuple[str, ...]] = ("tracking_id", "mms_id", "to", "status", "sent_as")

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

    @property
    def discovery(self) -> bool:
        """True when this is about the device discovery message that went ahead: what it came to is in ``code`` and ``status``.

        The message has reports of its own. Where the discovery is not answered in time it is sent as to an unknown phone
        (the successor's reference, ddm-message-timeout).
        """
        return self.code in _DISCOVERY_CODES

    @property
    def delivered(self) -> bool:
        """True when the phone has it. Not every carrier reports that."""
        if self.failed or self.discovery:
            return False
        return _last_word(self.status) in _DELIVERED if self.status else self.code in _DELIVERY_CODES

    @property
    def failed(self) -> bool:
        """True when it will not arrive.

        Both CODE and STATUS are asked: before 2014-10 a message that expired or was rejected came as N102.
        """
        code = self.code or ""
        if self.discovery:
            return False
        if code.startswith("E") or code == _EXPIRY_CODE:
            return True
        return self.status is not None and _last_word(self.status) in _FAILED

    @property
    def final(self) -> bool:
        """True when no more reports of this message are to be expected."""
        return self.delivered or self.failed


def _last_word(status: str) -> str:
    return status.rpartition("/")[2].replace(" ", "").lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingReport(Notice):
    """A slideshow was encoded, or could not be: ``ready`` says which, ``file`` names the one that failed.

    ``audio``, ``video`` or ``image`` is that file again, under its kind. After a failure the id is to be considered corrupt
    (1.3): delete it and save anew.
    """

    identity_fields: ClassVar[tuple[str, ...]] = ("mms_id", "tracking_id", "file")

    mms_id: str | None = None
    audio: str | None = None
    video: str | None = None
    image: str | None = None
    client_reference: str | None = None

    @property
    def file(self) -> str | None:
        """The file that could not be encoded: a bare name or an address, as the gateway tells it."""
        return self.audio or self.video or self.image

    @property
    def ready(self) -> bool:
        """True when the slideshow can be sent."""
        return (self.code or "").startswith("N")


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMMS(Notice):
    """Somebody sent an MMS to a short code. ``files`` are addresses, its text among them, that expire with the contract.

    ``copy_to`` are the other members of a group, for information.
    """

    identity_fields: ClassVar[tuple[str, ...]] = ("tracking_id", "sender", "timestamp")

    sender: str | None = None
    to: str | None = None
    keyword: str | None = None
    subject: str | None = None
    operator_id: str | None = None
    timestamp: datetime | None = None
    copy_to: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundSMS(Notice):
    """Somebody sent an SMS to a short code."""

    identity_fields: ClassVar[tuple[str, ...]] = ("transaction_id", "sender", "to", "text", "timestamp")

    sender: str | None = None
    to: str | None = None
    text: str | None = None
    keyword: str | None = None
    timestamp: datetime | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionChange(Notice):
    """A number or an e-mail address joined or left a campaign.

    N301 comes again when a subscribed number opts in once more: that is another event, told apart by its time.
    """

    identity_fields: ClassVar[tuple[str, ...]] = ("mobile", "email", "campaign_ref", "timestamp")

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


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNotice(Notice):
    """An event outside the catalogue: nothing is interpreted, everything is in ``raw``.

    Of a pass that was generated, or was not, the code comes as ``status_code``.
    """

    status_code: str | None = None

    @property
    def meaning(self) -> str:
        """What the code means, in the catalogue's words; empty for a code it does not know."""
        return _meaning(self.code or self.status_code)
