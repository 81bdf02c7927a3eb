"""Posts notices to the developer's receiver, and is as stubborn about it as the real gateway.

1.3: a postback has to be answered with 200 within ten seconds; otherwise it comes again after five minutes, five times at most.
Here that happens on the sandbox's clock, so a test turns the clock and has seen it all.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import ConfigurationError
from ..http import parse_http_url
from ..model.notices import Notice
from ..wire.codecs import xml
from ..wire.dialects import SKYCORE, Dialect
from .clock import Clock
from .event_text import in_dialect_words

#: 1.3: seconds a receiver has, how often it is tried again, and after how many seconds.
ANSWER_WITHIN, AGAIN, AGAIN_AFTER = 10, 5, 300

#: Before 2013-11: sent once a minute, 300 events at most in one body.
EVERY, MOST_EVENTS = 60, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class PostbackPolicy:
    """How postbacks are told.

    In one ``dialect`` whatever the request's was, ``twice``, in ``disorder`` (the last report of a message first), or as a
    ``batch`` in the envelope of before 2013-11, once a minute.
    """

    dialect: Dialect | None = None
    twice: bool = False
    disorder: bool = False
    batch: bool = False


class Speaker(Protocol):
    """Whatever has a form for notices: a dialect, or a generation of Cellcast's."""

    @property
    def response_codec(self) -> Any:
        """What it writes with; its CONTENT_TYPE is the body's."""

    def encode_notice(self, notice: Notice) -> bytes:
        """A notice as the body of a postback."""


class PostbackSender:
    """Posts to ``url``, or to nobody. ``told`` is called with each notice and what became of it."""

    def __init__(self, url: str | None, clock: Clock, told: Callable[[Notice, str | None], None]) -> None:
        if url and parse_http_url(url) is None:
            raise ConfigurationError(f"{url!r:.80} is no http(s) address to post to")
        self._url = url
        self._clock = clock
        self._told = told
        # No proxy of the environment: postbacks go to a receiver of the developer's.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
        self.reset()

    def reset(self) -> None:
        """The usual manner, and nothing waiting to be put into a batch."""
        self.manner = PostbackPolicy()
        self._batch: list[tuple[Notice, bytes]] = []

    def deliver(self, notice: Notice, asked_in: Speaker) -> None:
        """A notice is due. Only a dialect's can be told in another, or in the envelope of before 2013-11."""
        spoken = asked_in
        if isinstance(asked_in, Dialect):
            if self.manner.batch:
                self._batch.append((notice, SKYCORE.encode_notice(notice)))
                if len(self._batch) == 1:
                    self._clock.later(EVERY, self._flush)
                return
            spoken = self.manner.dialect or asked_in
            notice = in_dialect_words(notice, spoken)
        # Without a receiver there is nobody to write to: the notice is told, and that is all.
        body = spoken.encode_notice(notice) if self._url else b""
        for _ in range(2 if self.manner.twice else 1):
            self._post((notice,), body, spoken.response_codec.CONTENT_TYPE)

    def _flush(self) -> None:
        waiting, self._batch = self._batch, []
        for start in range(0, len(waiting), MOST_EVENTS):
            some = waiting[start : start + MOST_EVENTS]
            self._post(
                tuple(notice for notice, _ in some), _enveloped([body for _, body in some], self._clock), xml.CONTENT_TYPE
            )

    def _post(self, notices: tuple[Notice, ...], body: bytes, content_type: str, tried: int = 0) -> None:
        taken, outcome = (True, None) if self._url is None else self._posted(self._url, body, content_type)
        for notice in notices:
            self._told(notice, outcome)
        if not taken and tried < AGAIN:
            self._clock.later(AGAIN_AFTER, lambda: self._post(notices, body, content_type, tried + 1))

    def _posted(self, url: str, body: bytes, content_type: str) -> tuple[bool, str]:
        request = urllib.request.Request(url, body, {"Content-Type": content_type})  # noqa: S310 (looked at above)
        try:
            with self._opener.open(request, timeout=ANSWER_WITHIN) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, ValueError) as error:
            # urllib wraps what happened in an error of its own.
            why = getattr(error, "reason", error)
            return False, f"not taken ({getattr(why, 'strerror', None) or type(why).__name__})"
        return status == 200, f"answered {status}"


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer other than 200."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _enveloped(events: list[bytes], clock: Clock) -> bytes:
    """Events in the envelope of before 2013-11 (1.3, 5.9): origin and code in front, everything else in a body."""
    from lxml import etree

    root = etree.Element("POSTBACK")
    for number, event in enumerate(events, 1):
        inner = etree.SubElement(root, "NOTIFICATION", id=str(number), created=f"{clock.now():%Y-%m-%d %H:%M:%S}+00")
        body = etree.Element("BODY")
        for node in etree.fromstring(event):
            (inner if node.tag in {"ORIGIN", "CODE"} else body).append(node)
        inner.append(body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
