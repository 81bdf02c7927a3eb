"""Sends one reply to a notice, however often its handler is called.

Handlers are called at least once, so a message that a handler sends could be sent again. A reply is sent through the ledger of
broadcasts, under a key that is made from the identity of the notice and the name of the handler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ..broadcast import Ledger
from ..errors import ConfigurationError
from ..model.notices import InboundMMS, InboundSMS, Notice
from ..model.operations import Operation, R_co
from .storing import notice_key

if TYPE_CHECKING:
    from ..aio import AsyncClient
    from ..client import Client


class Replies(NamedTuple):
    """What replies are sent with."""

    ledger: Ledger
    client: Client | AsyncClient


class Replier:
    """Sends the replies of one call of a handler. ``replies`` is None if the inbox was not told what to send them with."""

    def __init__(self, notice: Notice, handler: str, replies: Replies | None) -> None:
        self._notice = notice
        self._handler = handler
        self._replies = replies
        self._count = 0

    def reply(self, operation: Operation[R_co]) -> R_co:
        """Send a reply, or return the gateway's answer to it if it was sent before."""
        replies = self._given()
        from ..client import Client

        if not isinstance(replies.client, Client):
            raise ConfigurationError("this inbox replies with an AsyncClient: await message.reply_async(…)")
        key = self._next_key()
        known = replies.ledger.reply_to_key(key)
        return (
            cast(R_co, known) if known is not None else replies.ledger.send_once(key, self._filled(operation), replies.client)
        )

    async def reply_async(self, operation: Operation[R_co]) -> R_co:
        """Send a reply with an AsyncClient."""
        replies = self._given()
        import asyncio

        from ..aio import AsyncClient

        if not isinstance(replies.client, AsyncClient):
            raise ConfigurationError("this inbox replies with a Client: message.reply(…)")
        key = self._next_key()
        known = await asyncio.to_thread(replies.ledger.reply_to_key, key)
        if known is not None:
            return cast(R_co, known)
        return await replies.ledger.send_once_async(key, self._filled(operation), replies.client)

    def _given(self) -> Replies:
        if self._replies is None:
            raise ConfigurationError("inbox.reply_with(ledger, client) says what replies are sent with: call it first")
        return self._replies

    def _next_key(self) -> str:
        self._count += 1
        handler = blake2b(self._handler.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
        return f"reply-{notice_key(self._notice)}-{handler}-{self._count}"

    def _filled(self, operation: Operation[R_co]) -> Operation[R_co]:
        """Return the operation with the number that the notice is from, and the short code that it was sent to."""
        notice = self._notice
        changes: dict[str, Any] = {}
        if isinstance(notice, (InboundMMS, InboundSMS)):
            # A send of Cellcast has a tuple of numbers, which is empty if none was given.
            if getattr(operation, "to", "") in (None, ()):
                changes["to"] = notice.sender
            if getattr(operation, "sender", "") is None:
                changes["sender"] = notice.to
        return cast("Operation[R_co]", replace(cast(Any, operation), **changes)) if changes else operation


def has_keyword(notice: Notice, keyword: str) -> bool:
    """Whether an inbound message begins with a word, or has it as its keyword. Case makes no difference."""
    if not isinstance(notice, (InboundMMS, InboundSMS)):
        return False
    text = notice.keyword or getattr(notice, "text", None) or getattr(notice, "subject", None) or ""
    words = text.split(maxsplit=1)
    return bool(words) and words[0].strip(".,;:!?\"'").casefold() == keyword.casefold()


def answering(keyword: str, answer: Operation[Any] | Callable[[Any], Operation[Any] | None]) -> Callable[[Any], Any]:
    """Return a function of an inbound message that returns the reply to it, or None if there is none."""
    if not keyword.strip() or len(keyword.split()) != 1:
        raise ConfigurationError(f"{keyword!r:.40} is not a keyword: give one word, such as HELP")
    wanted = keyword.strip()

    def find(notice: Notice) -> Operation[Any] | None:
        if not has_keyword(notice, wanted):
            return None
        return answer(notice) if callable(answer) else answer

    return find
