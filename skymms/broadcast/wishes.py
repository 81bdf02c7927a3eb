"""What a notice says that a person wants: no more messages, messages again, or something that a person has to read.

It reads and writes nothing, and has no clock. A text counts as STOP or START only if it is nothing but such a word. A longer
text that contains one may say the opposite ("don't stop"), so it is flagged, and changes nothing by itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from ..errors import ConfigurationError
from ..model.notices import InboundMMS, InboundSMS, Notice, SubscriptionChange
from .scopes import EVERYTHING, campaign_scope, sender_scope

#: Where somebody subscribed who did it himself: by a message, or on a web page. Elsewhere somebody did it for him.
_OWN_SOURCES = frozenset({"mo", "web"})
#: A shorter stop word in a longer text says too little: "end" is in many sentences.
_SHORTEST_HINT = 4
#: Dropped from a text: apostrophes, and the selectors that follow some emoji.
_DROPPED = frozenset("'\u2019\u02bc`\u00b4\ufe0e\ufe0f\u200b\u200c\u200d\u2060\ufeff")


def _tokens(text: str) -> list[str]:
    """Return the words of a text, in one case and without punctuation."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    letters = [
        character if unicodedata.category(character)[0] in "LMN" else " " for character in plain if character not in _DROPPED
    ]
    return "".join(letters).split()


def _joined(text: str) -> str:
    return "".join(_tokens(text))


class Wish(StrEnum):
    """What a person wants, as far as a notice says it."""

    STOP = "stop"
    START = "start"
    UNCLEAR = "unclear"  # somebody has to read it


@dataclass(frozen=True, slots=True)
class Words:
    """The words by which people opt out and in again. Upper and lower case, blanks and punctuation make no difference.

    ``stop`` and ``start`` count if a message consists of nothing else. A longer text is flagged if one of ``hints``, or a stop
    word of at least four letters, begins one of its words.
    """

    stop: frozenset[str]
    start: frozenset[str]
    hints: frozenset[str] = frozenset()
    _stop: frozenset[str] = field(init=False, repr=False, compare=False)
    _start: frozenset[str] = field(init=False, repr=False, compare=False)
    _hints: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        stop = frozenset([joined for word in self.stop if (joined := _joined(word))])
        start = frozenset([joined for word in self.start if (joined := _joined(word))])
        if both := stop & start:
            raise ConfigurationError(f"{min(both)!r} is a stop word and a start word")
        hints = [" ".join(_tokens(hint)) for hint in self.hints]
        hints += [" ".join(_tokens(word)) for word in self.stop if len(_joined(word)) >= _SHORTEST_HINT]
        object.__setattr__(self, "_stop", stop)
        object.__setattr__(self, "_start", start)
        object.__setattr__(self, "_hints", tuple(sorted({f" {hint}" for hint in hints if hint})))

    def adding(self, *, stop: Iterable[str] = (), start: Iterable[str] = (), hints: Iterable[str] = ()) -> Words:
        """Return these words and more, for example of another language: ``ENGLISH.adding(stop=["ALTO", "PARAR"])``."""
        return replace(self, stop=self.stop | set(stop), start=self.start | set(start), hints=self.hints | set(hints))

    def read(self, text: str) -> Wish | None:
        """Return what a text says; None if it is about something else."""
        tokens = _tokens(text)
        if not tokens:
            return None
        whole = "".join(tokens)
        # "STOP STOP" is a stop, and so is "Stop. Unsubscribe!".
        if whole in self._stop or all(token in self._stop for token in tokens):
            return Wish.STOP
        if whole in self._start or all(token in self._start for token in tokens):
            return Wish.START
        plain = f" {' '.join(tokens)}"
        return Wish.UNCLEAR if any(hint in plain for hint in self._hints) else None


#: The words that carriers and the US Federal Communications Commission name, and English texts that are flagged.
ENGLISH = Words(
    stop=frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPT OUT"}),
    start=frozenset({"START", "UNSTOP"}),
    hints=frozenset(
        {
            "unsub", "optout", "opt me out", "remove me", "take me off", "no more", "leave me alone", "spam", "do not text",
            "dont text", "do not message", "dont message", "do not send", "dont send", "do not contact", "dont contact",
            "start again", "resubscribe", "wrong number",
        }
    ),
)  # fmt: skip


class Said(NamedTuple):
    """What a notice says about consent: the number as it is in the notice, the scope, and what the person wants."""

    number: str
    scope: str
    wish: Wish
    text: str


class Dated(NamedTuple):
    """A wish in one scope, and when it was expressed."""

    wish: Wish
    at: float


def is_stopped(wishes: Iterable[Dated]) -> bool:
    """Return whether a person is opted out of a scope by what he said about it, in whatever order it arrived.

    The latest word counts. Times are in whole seconds, and of two words at the same time STOP counts.
    """
    decided = [one for one in wishes if one.wish is not Wish.UNCLEAR]
    latest = max((one.at for one in decided), default=0.0)
    return any(one.wish is Wish.STOP for one in decided if one.at == latest)


def read_wish(notice: Notice, words: Words = ENGLISH) -> Said | None:
    """Return what a notice says about consent; None if it says nothing, or is not about a phone number."""
    if isinstance(notice, SubscriptionChange):
        return _read_subscription(notice)
    if not isinstance(notice, (InboundSMS, InboundMMS)) or not notice.sender:
        return None
    # The number that was written to is the sender of the messages. Without it the wish is about all messages.
    scope = sender_scope(notice.to) if notice.to else EVERYTHING
    text: str | None = getattr(notice, "text", None)
    if text and text.strip():
        wish = words.read(text)
        return None if wish is None else Said(notice.sender, scope, wish, text)
    # The text of an MMS is in a file. The gateway's keyword is the first word of it, so what follows is not known. STOP counts
    # all the same, because one message too few does less harm than one too many.
    parts = [part for part in (notice.keyword, getattr(notice, "subject", None)) if part]
    wishes = {words.read(part) for part in parts} - {None}
    if not wishes:
        return None
    return Said(notice.sender, scope, Wish.STOP if Wish.STOP in wishes else Wish.UNCLEAR, " / ".join(parts))


def _read_subscription(notice: SubscriptionChange) -> Said | None:
    if not notice.mobile or notice.code not in ("N301", "N302"):
        return None
    scope = campaign_scope(notice.campaign_ref) if notice.campaign_ref else EVERYTHING
    text = f"{'subscribed' if notice.subscribed else 'unsubscribed'}{f' by {notice.source}' if notice.source else ''}"
    if not notice.subscribed:
        return Said(notice.mobile, scope, Wish.STOP, text)
    own = (notice.source or "").strip().casefold() in _OWN_SOURCES and scope != EVERYTHING
    return Said(notice.mobile, scope, Wish.START if own else Wish.UNCLEAR, text)
