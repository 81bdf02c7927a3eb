"""Posts notices to the developer's receiver, and retries like the real gateway.

Skycore 1.3: a receiver must respond with 200 within ten seconds. Otherwise the postback is sent again after five minutes, at
most five times. The retries are jobs on the sandbox's clock, so a test that advances the clock sees them at once.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import ConfigurationError
from ..http import parse_http_url
from ..model.notices import Notice
from ..wire.codecs import xml
from ..wire.dialects import SKYCORE, Dialect
from .clock import Clock
from .notice_forms import batch_envelope, in_dialect

if TYPE_CHECKING:
    from ..inbox import Inbox

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
    """Posts notices to ``url``, to an inbox in this process, or nowhere if both are None."""

    def __init__(
        self, url: str | None, inbox: Inbox | None, clock: Clock, on_posted: Callable[[Notice, str | None], None]
    ) -> None:
        """Call ``on_posted`` with each notice and the result of its postback; the result is None without a receiver."""
        if url and parse_http_url(url) is None:
            # Imported here because only this error needs it. The last segment may be the secret of an inbox.
            from ..inbox.log_filters import mask_paths

            raise ConfigurationError(
                f"postback_url: {mask_paths(url)!r:.80} is not an http or https URL: give the full URL of your receiver"
            )
        if url and inbox is not None:
            raise ConfigurationError("give postback_url= or postbacks_to=, not both")
        self._url = url
        self._inbox = inbox
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
            notice = in_dialect(notice, encoder)
        # Without a receiver the notice is only recorded, so it need not be encoded.
        body = encoder.encode_notice(notice) if self._url or self._inbox is not None else b""
        for _ in range(2 if self.policy.twice else 1):
            self._post((notice,), body, encoder.response_codec.CONTENT_TYPE)

    def _add_to_batch(self, notice: Notice) -> None:
        notice = in_dialect(notice, SKYCORE)
        self._batch.append((notice, SKYCORE.encode_notice(notice)))
        if len(self._batch) == 1:
            self._clock.schedule(BATCH_INTERVAL, self._send_batch)

    def _send_batch(self) -> None:
        waiting, self._batch = self._batch, []
        for start in range(0, len(waiting), MAX_BATCH):
            batch = waiting[start : start + MAX_BATCH]
            body = batch_envelope([body for _, body in batch], self._clock.now())
            self._post(tuple(notice for notice, _ in batch), body, xml.CONTENT_TYPE)

    def _post(self, notices: tuple[Notice, ...], body: bytes, content_type: str, attempt: int = 0) -> None:
        """Post a body, report the result, and schedule the next attempt if the receiver did not respond with 200."""
        accepted, result = self._deliver(body, content_type)
        for notice in notices:
            self._on_posted(notice, result)
        if not accepted and attempt < MAX_RETRIES:
            self._clock.schedule(RETRY_DELAY, lambda: self._post(notices, body, content_type, attempt + 1))

    def _deliver(self, body: bytes, content_type: str) -> tuple[bool, str | None]:
        """Return whether the receiver responded with 200, and the result as text; None without a receiver."""
        if self._inbox is not None:
            receiver = self._inbox.receiver
            answer = receiver.store(body, {"content-type": content_type}, receiver.deadline())
            return answer.status == 200, f"answered {answer.status}"
        return self._request(self._url, body, content_type) if self._url is not None else (True, None)

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
