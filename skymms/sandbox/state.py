"""What the sandbox keeps between requests, what it insists on, and the few words that every action needs.

Everything kept is bounded, the oldest dropped first, so that a long run keeps its size. No key is kept.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from ..cellcast import Response, mobile
from ..codes import ANSWERS
from ..errors import ConfigurationError, Problem
from ..limits import DOCUMENTED, Limits, texts
from ..model.notices import Notice
from ..model.operations import Operation
from ..model.replies import Refusal
from ..model.slideshow import Slideshow
from ..numbers import digits
from ..wire.dialects import check_required_fields
from .clock import Clock

#: How much is remembered of each kind.
REMEMBERED = 10_000

#: Bytes of requests that what is remembered of them may come from, and characters of a number that a refusal repeats.
REMEMBERED_BYTES = 16 * 1024 * 1024
ECHOED = 40

#: Credits of Cellcast's that an account has when it is new.
CREDITS = 1_000_000

#: The short code of every campaign here.
SHORT_CODE = "60856"

K = TypeVar("K")
V = TypeVar("V")


class Delays(NamedTuple):
    """Seconds from an answer to what follows it: sent (N101), delivered (N102), encoded (N003)."""

    sent: float = 0.5
    delivered: float = 2.0
    encoded: float = 3.0


#: Everything follows at once.
AT_ONCE = Delays(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this gateway insists on, beyond the rules."""

    limits: Limits = DOCUMENTED
    delays: Delays = field(default_factory=Delays)
    #: The account's short codes, the carriers it knows; None takes any.
    senders: Collection[str] | None = None
    operators: Collection[str] | None = None
    check_campaigns: bool = False
    strict: bool = False
    fetch_media: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.limits, Limits):
            raise ConfigurationError(f"limits={self.limits!r:.60}: give Limits(…)")
        check_required_fields(self.limits)
        delays: Any = self.delays
        seconds = [one for one in delays if type(one) in {int, float}] if isinstance(delays, Delays) else []
        if len(seconds) < len(Delays._fields) or not all(0 <= one < float("inf") for one in seconds):
            raise ConfigurationError(f"delays={self.delays!r:.80}: give AT_ONCE, or Delays(…) in seconds from 0 up")
        for name in ("senders", "operators"):
            if (given := getattr(self, name)) is not None:
                # One by itself is one, not as many as it has letters.
                several = {given} if isinstance(given, str) else given
                object.__setattr__(self, name, texts(name, several, "give them as text, as in {'60856'}"))


class Due(NamedTuple):
    """A notice, and in how many seconds it goes out."""

    after: float
    notice: Notice


#: What an action comes to: its reply, and what follows.
Outcome = tuple[Any, list[Due]]


@dataclass(frozen=True, slots=True)
class Saved:
    """A stored slideshow and its id; ``failed`` is E002 or E003 where a file of it could not be encoded.

    Until ``ready`` it is locked (E626): at once, unless it holds audio or video.
    """

    mms_id: str
    slideshow: Slideshow
    created: datetime
    ready: datetime
    failed: str | None = None


@dataclass(slots=True)
class Joined:
    """A campaign: its names, and each of its numbers with the subscriber it belongs to."""

    campaign_id: str
    name: str
    brand: str
    numbers: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """What a statistics report says of one message: its node, when it was sent, and its attributes."""

    node: str
    at: datetime
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of Cellcast's: what was sent to one number, and what is said of it from which moment on."""

    message_id: str
    to: str
    sender: str | None
    text: str | None
    at: datetime
    steps: tuple[tuple[datetime, str], ...]


@dataclass(slots=True)
class Came:
    """What somebody sent to Cellcast's account, and whether it was marked as read."""

    response: Response
    read: bool = False


class Kept(Generic[V]):
    """The latest of something: so many at most, and made of so many bytes at most."""

    def __init__(self, most: int | None = None) -> None:
        self._kept: deque[tuple[V, int]] = deque()
        self._most = REMEMBERED if most is None else most
        self._bytes = 0

    def append(self, one: V, size: int) -> None:
        """Keep one more, which came in ``size`` bytes."""
        self._kept.append((one, size))
        self._bytes += size
        while len(self._kept) > self._most or (self._bytes > REMEMBERED_BYTES and len(self._kept) > 1):
            self._bytes -= self._kept.popleft()[1]

    def __iter__(self) -> Iterator[V]:
        # A copy at once: others may add meanwhile.
        return iter([one for one, _ in self._kept.copy()])

    def clear(self) -> None:
        """Forget them."""
        self._kept.clear()
        self._bytes = 0


class State:
    """All of it. Whoever changes it holds the gateway's lock."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        #: Where the sandbox listens.
        self.home = ""
        self.clear()

    def clear(self) -> None:
        """As at the beginning, what tests have arranged included."""
        # Ids of other runs are kept in databases, and an identity that comes again is taken for a repeat.
        self._last_id = 100_000_000 + secrets.randbelow(800_000_000)
        self.saved: dict[str, Saved] = {}
        self.sent: Kept[Operation[Any]] = Kept()
        self.campaigns: dict[str, Joined] = {}
        #: The inbox, by id, and whether its files are still there.
        self.inbox: dict[str, bool] = {}
        self.sessions: deque[str] = deque(maxlen=REMEMBERED)
        self.lines: deque[Line] = deque(maxlen=REMEMBERED)
        #: What the sandbox serves itself, by path: statistics, and what inbound messages hold.
        self.files: dict[str, tuple[str, bytes]] = {}
        #: Arranged by tests: numbers nothing is sent to, what becomes of messages, files that cannot be encoded.
        self.blocked: set[str] = set()
        self.outcomes: dict[str | None, tuple[str, str | None]] = {}
        self.spoilt: dict[str, str] = {}
        #: Cellcast's: what was sent, what came, and the credits that are left.
        self.messages: Kept[Message] = Kept()
        self.responses: Kept[Came] = Kept()
        self.credits = CREDITS

    def next_id(self) -> str:
        """An id that nothing here has yet."""
        self._last_id += 1
        return str(self._last_id)

    def note(self, node: str, id: str, to: str, sender: str | None, **more: str | None) -> None:
        """Keep a message for the statistics."""
        attributes = {"id": id, "to": to, "from": sender, "carrier": "sandbox", **more}
        told = {name: value for name, value in attributes.items() if value is not None}
        self.lines.append(Line(node, self.clock.now(), told))

    def stored(self, operation: Any) -> Saved | Refusal:
        """The slideshow an operation names, or why it cannot be sent."""
        kept = self.saved.get(str(operation.mms_id))
        # 1.3: after a failed encoding "should be considered corrupted"; no document says what sending it is answered.
        if kept is None or (kept.failed and self.clock.now() >= kept.ready):
            return refuse(operation, "E241")
        return kept if self.clock.now() >= kept.ready else refuse(operation, "E626")

    def campaign(self, reference: object) -> Joined | None:
        """The campaign of that id or, since 1.3 made a text of what was an integer, the newest of that name."""
        told = str(reference)
        named = (one for one in reversed(self.campaigns.values()) if one.name == told)
        return self.campaigns.get(told) or next(named, None)

    def latest_to(self, number: str) -> Message | None:
        """The message of Cellcast's that a number had last: what it answers to."""
        return next((one for one in reversed(list(self.messages)) if one.to == number), None)


def as_told(numbers: Iterable[Any] | str) -> set[str]:
    """Numbers as requests have them, and as Cellcast's do, from any form that people write them in.

    Raises :class:`~skymms.ConfigurationError` for what is no number: it would never be met, and nobody would notice.
    """
    told: list[Any] = [numbers] if isinstance(numbers, str) else list(numbers)
    for number in told:
        if not (isinstance(number, str) and digits(number).isascii() and digits(number).isdigit()):
            raise ConfigurationError(f"{number!r:.40} is no number: give text, as in '15551234888'")
    return {form for number in told for form in (digits(number), mobile(number)) if form}


def keep(kept: dict[K, V], key: K, value: V) -> None:
    """Put something into a mapping, and drop its oldest when there are too many."""
    kept[key] = value
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]


def refuse(operation: object, code: str, info: str = "") -> Refusal:
    """A refusal of an operation; without words of its own it has the catalogue's. What it echoes is short and printable."""
    to = getattr(operation, "to", None)
    return Refusal(code=code, to=printable(str(to)[:ECHOED]) if to else None, info=printable(info or ANSWERS[code].meaning))


def told(problem: Problem) -> tuple[str, str]:
    """A problem as a refusal's code and words; what has no code of its own is an invalid request."""
    return problem.code or "E100", f"{problem.where}: {problem.message}"


def printable(words: str) -> str:
    """Words without what a document cannot hold, or a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in words)
