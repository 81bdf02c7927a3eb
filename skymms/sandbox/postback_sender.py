"""Posts notices to the developer's receiver, and retries like the real gateway.

Skycore 1.3: a receiver must respond with 200 within ten seconds. Otherwise the postback is sent again after five minutes, at
most five times. The retries are jobs on the sandbox's clock, so a test that advances the clock sees them at once.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..errors import ConfigurationError
from ..http import parse_http_url
from ..model.notices import DeliveryReport, InboundMMS, Notice
from ..wire.codecs import xml
from ..wire.dialects import SKYCORE, Dialect
from ..wire.gateway_traits import GatewayTraits
from .clock import Clock

#: Skycore 1.3: seconds within which the receiver must respond, the number of retries, and seconds between the attempts.
RECEIVER_TIMEOUT, MAX_RETRIES, RETRY_DELAY = 10, 5, 300

#: Skycore 1.3 before November 2013: seconds between batches, and the largest number of events in one batch.
BATCH_INTERVAL, MAX_BATCH = 60, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PostbackPolicy:
    """How postbacks are sent.

    ``dialect``: in this dialect, not in the dialect of the request. ``twice``: each one two times. ``disorder``: the last
    report of a message first. ``batch``: once a minute, in the envelope that Skycore used before November 2013.
    """

    dialect: Dialect | None = None
    twice: bool = False
    disorder: bool = False
    batch: bool = False


class NoticeEncoder(Protocol):
    """Encodes notices: a dialect of Skycore, or a generation of Cellcast."""

    @property
    def response_codec(self) -> Any:
        """The codec; its CONTENT_TYPE is the content type of the postback."""
        ...

    def encode_notice(self, notice: Notice) -> bytes:
        """Return the body of a notice's postback."""
        ...


class PostbackSender:
    """Posts notices to ``url``, or nowhere if it is None."""

    def __init__(self, url: str | None, clock: Clock, on_posted: Callable[[Notice, str | None], None]) -> None:
        """Call ``on_posted`` with each notice and the result of its postback; the result is None without a URL."""
        if url and parse_http_url(url) is None:
            raise ConfigurationError(
                f"postback_url: {url!r:.80} is not an http or https URL: give the full URL of your receiver"
            )
        self._url = url
        self._clock = clock
        self._on_posted = on_posted
        # The receiver is the developer's own, so the environment's proxy is not used.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
        self.reset()

    def reset(self) -> None:
        """Return to the default policy, and drop the notices that wait for a batch."""
        self.policy: PostbackPolicy = PostbackPolicy()
        self._batch: list[tuple[Notice, bytes]] = []

    def send(self, notice: Notice, encoder: NoticeEncoder) -> None:
        """Post a notice, as the policy says; ``encoder`` is that of the request.

        Only notices of Skycore's dialects can be sent in another dialect or in a batch.
        """
        if isinstance(encoder, Dialect):
            if self.policy.batch:
                self._add_to_batch(notice)
                return
            encoder = self.policy.dialect or encoder
            notice = _in_dialect(notice, encoder)
        # Without a receiver the notice is only recorded, so it need not be encoded.
        body = encoder.encode_notice(notice) if self._url else b""
        for _ in range(2 if self.policy.twice else 1):
            self._post((notice,), body, encoder.response_codec.CONTENT_TYPE)

    def _add_to_batch(self, notice: Notice) -> None:
        notice = _in_dialect(notice, SKYCORE)
        self._batch.append((notice, SKYCORE.encode_notice(notice)))
        if len(self._batch) == 1:
            self._clock.schedule(BATCH_INTERVAL, self._send_batch)

    def _send_batch(self) -> None:
        waiting, self._batch = self._batch, []
        for start in range(0, len(waiting), MAX_BATCH):
            batch = waiting[start : start + MAX_BATCH]
            body = _batch_envelope([body for _, body in batch], self._clock)
            self._post(tuple(notice for notice, _ in batch), body, xml.CONTENT_TYPE)

    def _post(self, notices: tuple[Notice, ...], body: bytes, content_type: str, attempt: int = 0) -> None:
        """Post a body, report the result, and schedule the next attempt if the receiver did not respond with 200."""
        accepted, result = (True, None) if self._url is None else self._request(self._url, body, content_type)
        for notice in notices:
            self._on_posted(notice, result)
        if not accepted and attempt < MAX_RETRIES:
            self._clock.schedule(RETRY_DELAY, lambda: self._post(notices, body, content_type, attempt + 1))

    def _request(self, url: str, body: bytes, content_type: str) -> tuple[bool, str]:
        """Return whether the receiver responded with 200, and the result as text."""
        request = urllib.request.Request(url, body, {"Content-Type": content_type})  # noqa: S310 (checked in __init__)
        try:
            with self._opener.open(request, timeout=RECEIVER_TIMEOUT) as response:
                status = response.status
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, ValueError) as error:
            # urllib wraps the actual error.
            reason = getattr(error, "reason", error)
            return False, f"failed ({getattr(reason, 'strerror', None) or type(reason).__name__})"
        return status == 200, f"answered {status}"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects: to the gateway a redirect is a response other than 200."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _in_dialect(notice: Notice, dialect: Dialect) -> Notice:
    """Return a notice as the dialect has it: its operator id, and the time and the status of a delivery report."""
    if isinstance(notice, DeliveryReport | InboundMMS):
        notice = replace(notice, operator_id=_operator_id(notice.operator_id, dialect.gateway))
    if not isinstance(notice, DeliveryReport):
        return notice
    if notice.code in dialect.gateway.untimed_codes:
        notice = replace(notice, timestamp=None)
    return _with_dialect_status(notice, dialect)


def _operator_id(given: str | None, gateway: GatewayTraits) -> str:
    """Return the operator id of a request, or that of the gateway, in the gateway's number of digits."""
    id, digits = given or gateway.operator_id, gateway.operator_digits
    # Skycore 1.3: ids of six digits got a zero at the end when they became longer (000157 became 0001570).
    return f"{id}0" if len(id) == digits - 1 else id.zfill(digits)


def _with_dialect_status(notice: DeliveryReport, dialect: Dialect) -> DeliveryReport:
    """Return a report with the dialect's status text; a status that the dialect does not have is kept."""
    if (status := dialect.status_texts.get(notice.status or "")) is None:
        return notice
    # The original status moves to the details, before the original details.
    details = notice.status if notice.details is None else f"{notice.status}: {notice.details}"
    return replace(notice, status=status, details=details)


def _batch_envelope(events: list[bytes], clock: Clock) -> bytes:
    """Return events in the envelope of before November 2013 (Skycore 1.3, 5.9): origin and code first, the rest in BODY."""
    from lxml import etree

    root = etree.Element("POSTBACK")
    for number, event in enumerate(events, 1):
        notification = etree.SubElement(root, "NOTIFICATION", id=str(number), created=f"{clock.now():%Y-%m-%d %H:%M:%S}+00")
        body = etree.Element("BODY")
        for element in etree.fromstring(event):
            (notification if element.tag in {"ORIGIN", "CODE"} else body).append(element)
        notification.append(body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
