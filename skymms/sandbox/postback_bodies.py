"""Makes the bodies of postbacks, of every kind and in every dialect, for tests of a receiver.

>>> from skymms.sandbox import PostbackBodies
>>> postback = PostbackBodies().delivered("MMS_1", dialect="sinch-json")
>>> postback.content_type
'application/json; charset=utf-8'
>>> postback.notice.delivered
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from ..cellcast import CellcastMMS, read_cellcast_webhook
from ..cellcast.wire import ORIGIN
from ..errors import ConfigurationError
from ..model.notices import EncodingReport, InboundMMS, InboundSMS, Notice, SubscriptionChange, UnknownNotice
from ..postbacks import read_postbacks
from ..wire.codecs import json, xml
from ..wire.dialects import DIALECTS, get_dialect
from .cellcast import delivery_report
from .cellcast_bodies import encode_inbound, encode_report
from .notice_forms import batch_envelope, in_dialect
from .outcomes import OUTCOMES, new_aggregator_id, report_of

#: Cellcast's generations, and whether each is v1.
_CELLCASTS: Final = {"cellcast-v3": False, "cellcast-v1": True}
_FORM = "application/x-www-form-urlencoded"
#: Cellcast's word for each outcome, by the code of Skycore.
_CELLCAST_STATES = {"N101": "sent", "N102": "delivered", "E102": "failed", "E101": "rejected"}


class Postback(NamedTuple):
    """A postback to post to a receiver: the body, its content type, and the notices that a reader finds in it."""

    body: bytes
    content_type: str
    notices: tuple[Notice, ...]

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request."""
        return {"Content-Type": self.content_type}

    @property
    def notice(self) -> Notice:
        """The first notice, which is the only one except in a batch."""
        return self.notices[0]

    def in_form(self, field: str = "xml") -> Postback:
        """Return the same postback as a form that has the document in a field, as some gateways post it."""
        body = urlencode({field: self.body.decode()}).encode()
        return Postback(body, _FORM, read_postbacks(body, _FORM))


class PostbackBodies:
    """Makes postbacks. Each method returns a :class:`Postback`, to be posted to your own receiver.

    ``dialect`` is a dialect of Skycore (``skycore``, ``skycore-get``, ``sinch``, ``sinch-json``), ``cellcast-v3`` or
    ``cellcast-v1``, which have only reports and inbound messages. ``fields`` are further fields of the notice, or other values
    of those that the method chooses. Raises :class:`~skymms.ConfigurationError` for what a dialect or a notice does not have.
    """

    # -------------------------------------------------------------------------------------------- reports

    def sent(self, tracking_id: str = "MMS_1", **options: Any) -> Postback:
        """Report that a message was sent (N101).

        ``options`` of this and the other reports are ``to``, ``sender``, ``mms_id``, ``dialect`` and other fields of
        :class:`~skymms.DeliveryReport`.
        """
        return self._report("N101", tracking_id, **options)

    def delivered(self, tracking_id: str = "MMS_1", **options: Any) -> Postback:
        """Report that a message was delivered (N102)."""
        return self._report("N102", tracking_id, **options)

    def failed(self, tracking_id: str = "MMS_1", **options: Any) -> Postback:
        """Report that a message was sent and not delivered (E102)."""
        return self._report("E102", tracking_id, **options)

    def rejected(self, tracking_id: str = "MMS_1", **options: Any) -> Postback:
        """Report that a message could not be sent (E101)."""
        return self._report("E101", tracking_id, **options)

    def link_sent(self, tracking_id: str = "MMS_1", **options: Any) -> Postback:
        """Report that a link was sent by SMS instead of the message (N101, sent as SMS)."""
        return self._report("N202", tracking_id, step=0, **options)

    def link_delivered(self, tracking_id: str = "MMS_1", **options: Any) -> Postback:
        """Report that the link was delivered (N202)."""
        return self._report("N202", tracking_id, **options)

    def link_failed(self, tracking_id: str = "MMS_1", **options: Any) -> Postback:
        """Report that the link was not delivered (E202)."""
        return self._report("E202", tracking_id, **options)

    def _report(
        self,
        outcome: str,
        tracking_id: str = "MMS_1",
        *,
        to: str | int | None = None,
        sender: str | int | None = None,
        mms_id: str | None = "35674",
        step: int = -1,
        dialect: str = "skycore",
        **fields: Any,
    ) -> Postback:
        # An outcome is named by the code of its last report, as in Sandbox.outcome().
        if dialect in _CELLCASTS:
            state = _CELLCAST_STATES.get(outcome)
            if state is None:
                raise ConfigurationError(f"{dialect} has no reports of links")
            number, from_ = str(to or "+61491570156"), None if sender is None else str(sender)
            report = delivery_report(_CELLCASTS[dialect], tracking_id, number, state, from_)
            return _cellcast(encode_report, report, dialect, fields)
        ends = (str(to or "15551234888"), str(sender or "60856"))
        chosen = OUTCOMES[outcome][step]
        return _postback(report_of(chosen, tracking_id, *ends, mms_id, _now(), new_aggregator_id()), dialect, fields)

    def encoding_ready(self, mms_id: str = "35674", *, dialect: str = "skycore", **fields: Any) -> Postback:
        """Report that a stored slideshow can be sent (N003)."""
        return _postback(EncodingReport("N003", origin="MMS_MT", mms_id=mms_id), dialect, fields)

    def encoding_failed(
        self,
        mms_id: str = "35674",
        *,
        video: str | None = "http://media.example/film.mp4",
        audio: str | None = None,
        image: str | None = None,
        dialect: str = "skycore",
        **fields: Any,
    ) -> Postback:
        """Report that a file of a stored slideshow could not be encoded: audio (E002), video (E003) or an image (E004)."""
        if audio or image:
            video = None
        code = "E002" if audio else "E004" if image else "E003"
        report = EncodingReport(code, origin="MMS_MT", mms_id=mms_id, video=video, audio=audio, image=image)
        return _postback(report, dialect, fields)

    # -------------------------------------------------------------------------------------------- people

    def inbound_mms(
        self,
        *files: str,
        tracking_id: str = "MMS_MO_1",
        sender: str | int | None = None,
        to: str | int = "60856",
        subject: str | None = None,
        text: str | None = None,
        dialect: str = "skycore",
        **fields: Any,
    ) -> Postback:
        """Pass on an MMS from a phone (N401). ``text`` is for Cellcast; with Skycore the text is one of the files."""
        files = files or ("http://media.example/inbound.jpg",)
        if dialect in _CELLCASTS:
            v1 = _CELLCASTS[dialect]
            common: dict[str, Any] = {
                "origin": ORIGIN,
                "tracking_id": tracking_id,
                "sender": str(sender or "+61491570156"),
                "text": text or "",
            }
            mms = CellcastMMS(**common, timestamp=_cellcast_time(), to=str(to) if v1 else None, files=files if v1 else ())
            return _cellcast(_encode_inbound, mms, dialect, fields)
        if text is not None:
            raise ConfigurationError(f"{dialect} has the text of an inbound MMS in a file: pass its URL among the files")
        received = InboundMMS(
            "N401",
            origin="MMS_MO",
            tracking_id=tracking_id,
            sender=str(sender or "15551234888"),
            to=str(to),
            subject=subject,
            files=files,
            timestamp=_now(),
        )
        return _postback(received, dialect, fields)

    def inbound_sms(
        self,
        text: str = "STOP",
        *,
        transaction_id: str = "SMS_MO_1",
        sender: str | int | None = None,
        to: str | int = "60856",
        dialect: str = "skycore",
        **fields: Any,
    ) -> Postback:
        """Pass on an SMS from a phone (N211)."""
        common: dict[str, Any] = {"text": text, "transaction_id": transaction_id}
        if dialect in _CELLCASTS:
            v1 = _CELLCASTS[dialect]
            ends: dict[str, Any] = {"sender": str(sender or "+61491570156"), "to": str(to) if v1 else None}
            return _cellcast(
                _encode_inbound, InboundSMS(origin=ORIGIN, **common, **ends, timestamp=_cellcast_time()), dialect, fields
            )
        ends = {"sender": str(sender or "15551234888"), "to": str(to)}
        return _postback(InboundSMS("N211", origin="SMS_MO", **common, **ends, timestamp=_now()), dialect, fields)

    def subscribed(
        self, mobile: str | int = "15551234888", campaign_ref: str = "spring", *, dialect: str = "skycore", **fields: Any
    ) -> Postback:
        """Report that a number joined a campaign (N301)."""
        return self._subscription("N301", mobile, campaign_ref, dialect, fields)

    def unsubscribed(
        self, mobile: str | int = "15551234888", campaign_ref: str = "spring", *, dialect: str = "skycore", **fields: Any
    ) -> Postback:
        """Report that a number left a campaign (N302)."""
        return self._subscription("N302", mobile, campaign_ref, dialect, fields)

    def _subscription(self, code: str, mobile: str | int, campaign_ref: str, dialect: str, fields: dict[str, Any]) -> Postback:
        change = SubscriptionChange(
            code,
            origin="SUB",
            mobile=str(mobile),
            campaign_ref=campaign_ref,
            short_code="60856",
            source="MOBILE",
            timestamp=_now(),
        )
        return _postback(change, dialect, fields)

    # -------------------------------------------------------------------------------------------- others

    def unknown(self, code: str = "N999", *, origin: str = "NEW", dialect: str = "skycore", **fields: Any) -> Postback:
        """Post an event that skymms does not know, as a gateway may do one day."""
        return _postback(UnknownNotice(code, origin=origin), dialect, fields)

    def unreadable(self) -> Postback:
        """Post what is not a postback: ``notices`` is empty."""
        return Postback(b"this is not a postback", "text/plain", ())

    def batch(self, *postbacks: Postback) -> Postback:
        """Put postbacks in Skycore's XML into one body: the envelope in use before November 2013, with up to 300 events."""
        if not postbacks:
            raise ConfigurationError("batch: give at least one postback")
        for one in postbacks:
            if len(one.notices) != 1 or not one.body.startswith(b"<?xml") or b"<POSTBACK>" not in one.body:
                raise ConfigurationError("batch: give postbacks with one event in the dialect skycore")
        body = batch_envelope([one.body for one in postbacks], _now())
        return Postback(body, xml.CONTENT_TYPE, read_postbacks(body, xml.CONTENT_TYPE))


def _postback(notice: Notice, dialect: str, fields: dict[str, Any]) -> Postback:
    if dialect in _CELLCASTS:
        raise ConfigurationError(f"{dialect} has no {type(notice).__name__}")
    if dialect not in DIALECTS:
        raise ConfigurationError(f"{dialect!r:.40} is not a dialect: choose one of {', '.join([*DIALECTS, *_CELLCASTS])}")
    chosen = get_dialect(dialect)
    noticed = in_dialect(_with_fields(notice, fields), chosen)
    try:
        body = chosen.encode_notice(noticed)
    except ValueError as error:
        raise ConfigurationError(f"the postback cannot be written: {error}") from None
    content_type = chosen.response_codec.CONTENT_TYPE
    return Postback(body, content_type, read_postbacks(body, content_type))


def _cellcast(encode: Callable[[bool, Any], bytes], notice: Notice, dialect: str, fields: dict[str, Any]) -> Postback:
    body = encode(_CELLCASTS[dialect], _with_fields(notice, fields))
    return Postback(body, json.CONTENT_TYPE, read_cellcast_webhook(body))


def _encode_inbound(v1: bool, notice: Any) -> bytes:
    return encode_inbound(v1, notice, None)


def _with_fields(notice: Notice, fields: dict[str, Any]) -> Notice:
    try:
        return replace(notice, **fields)
    except TypeError:
        known = set(type(notice).__dataclass_fields__)
        raise ConfigurationError(f"{type(notice).__name__} has no field {', '.join(sorted(fields.keys() - known))}") from None


def _now() -> datetime:
    # Times in postbacks have whole seconds.
    return datetime.now(UTC).replace(microsecond=0)


def _cellcast_time() -> datetime:
    # v3 has a time without a zone, v1 has none.
    return _now().replace(tzinfo=None)
