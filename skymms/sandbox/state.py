"""The sandbox's settings, the data that it stores between requests, and helpers that several actions use.

All stored data is limited in number and size, and the oldest items are dropped first. API keys are not stored.
"""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime, timedelta
from sys import getsizeof
from typing import Any, Generic, NamedTuple, TypeVar, cast

from ..cellcast import Response, mobile
from ..codes import ANSWERS
from ..errors import ConfigurationError, Problem
from ..limits import DOCUMENTED, Limits, texts
from ..model.notices import Notice
from ..model.operations import Operation
from ..model.replies import Refusal
from ..model.slideshow import Slideshow
from ..numbers import digits, number_problem
from ..wire.dialects import check_field_names
from .clock import Clock

#: At most this many items of each kind are remembered.
MAX_REMEMBERED = 10_000
#: Remembered items of one kind together have at most this many bytes: of the requests they came from, or of memory.
MAX_REMEMBERED_BYTES = 16 * 1024 * 1024
#: A refusal repeats at most this many characters of the recipient's number.
MAX_ECHOED = 40

#: The most characters of a number, a status and a URL that a test arranges.
MAX_NUMBER, MAX_STATUS, MAX_URL = 100, 1000, 10_000

#: The credits of a new Cellcast account.
CREDITS = 1_000_000

#: The short code of every campaign in the sandbox.
SHORT_CODE = "60856"

K = TypeVar("K")
V = TypeVar("V")


# ------------------------------------------------------------------------------------------------ settings


class Delays(NamedTuple):
    """Seconds from a response to the reports that follow it: sent (N101), delivered (N102), encoded (N003)."""

    sent: float = 0.5
    delivered: float = 2.0
    encoded: float = 3.0


#: All reports follow without delay.
AT_ONCE = Delays(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a sandbox, by which it can be stricter than the rules; see :class:`~skymms.sandbox.Sandbox`."""

    limits: Limits = DOCUMENTED
    delays: Delays = field(default_factory=Delays)
    senders: Collection[str] | None = None
    operators: Collection[str] | None = None
    check_campaigns: bool = False
    strict: bool = False
    fetch_media: bool = False
    allow_other_files: bool = False
    content_type: str | None = None
    country_senders: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        limits: Any = self.limits
        if not isinstance(limits, Limits):
            raise ConfigurationError(f"limits={limits!r:.60}: give Limits(…)")
        check_field_names(limits)
        if not _are_delays(self.delays):
            raise ConfigurationError(f"delays={self.delays!r:.80}: give AT_ONCE, or Delays(…) in seconds from 0 up")
        content_type: Any = self.content_type
        if content_type is not None and not (isinstance(content_type, str) and _CONTENT_TYPE.fullmatch(content_type)):
            raise ConfigurationError(f"content_type={content_type!r:.60}: give a value of the header, such as 'text/xml'")
        for name in ("senders", "operators"):
            if (value := getattr(self, name)) is not None:
                # A single text is one sender, not a collection of letters.
                several = {value} if isinstance(value, str) else value
                object.__setattr__(self, name, texts(name, several, "give them as text, as in {'60856'}"))
        object.__setattr__(self, "country_senders", _country_senders(self.country_senders))

    def sender_for(self, to: str, requested: str | None) -> str | None:
        """Return the sender that a message gets: the short code of the recipient's country, or the requested one."""
        codes = [code for code in self.country_senders if to.startswith(code)]
        return self.country_senders[max(codes, key=len)] if codes else requested


def _country_senders(given: Any) -> dict[str, str]:
    """Return a copy of a mapping of digits to digits. Raises ConfigurationError for anything else."""
    pairs: dict[Any, Any] = dict(cast("dict[Any, Any]", given)) if isinstance(given, Mapping) else {None: None}
    if not all(isinstance(one, str) and one.isascii() and one.isdigit() for pair in pairs.items() for one in pair):
        raise ConfigurationError(f"country_senders={given!r:.80}: give country codes and short codes, as in {{'61': '60857'}}")
    return pairs


#: A type and its parameters, in characters that a header may have.
_CONTENT_TYPE = re.compile(r"[!-~]+/[!-~]+(?:[ !-~]*[!-~])?")


def _are_delays(value: object) -> bool:
    return isinstance(value, Delays) and all(type(one) in {int, float} and 0 <= one < float("inf") for one in value)


# ------------------------------------------------------------------------------------------------ stored data


class ScheduledNotice(NamedTuple):
    """A notice, and how many seconds after the response it is posted."""

    after: float
    notice: Notice


#: The result of an action: its reply, and the notices that follow.
ActionResult = tuple[Any, list[ScheduledNotice]]


@dataclass(frozen=True, slots=True)
class SavedSlideshow:
    """A stored slideshow and its id.

    It cannot be sent before ``ready`` (E626); a slideshow without audio and video is ready at once. ``failed`` is E002 or E003
    if one of its files could not be encoded.
    """

    mms_id: str
    slideshow: Slideshow
    created: datetime
    ready: datetime
    failed: str | None = None


def _no_numbers() -> dict[str, str | None]:
    return {}


@dataclass(slots=True)
class CampaignRecord:
    """A campaign: its names, and its numbers, each with the reference of its subscriber."""

    campaign_id: str
    name: str
    brand: str
    numbers: dict[str, str | None] = field(default_factory=_no_numbers)


@dataclass(frozen=True, slots=True)
class StatisticsEntry:
    """One message in a statistics report: the XML element, the date it was sent, and the attributes."""

    element: str
    at: datetime
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message sent through Cellcast to one number; ``steps`` are its states, each with the date it begins."""

    message_id: str
    to: str
    sender: str | None
    text: str | None
    at: datetime
    steps: tuple[tuple[datetime, str], ...]
    client_reference: str | None = None


@dataclass(slots=True)
class ReceivedResponse:
    """An inbound message to the Cellcast account, and whether it was marked as read."""

    response: Response
    read: bool = False


class RecentItems(Generic[V]):
    """The newest items of one kind, limited in number and in the bytes of the requests they came from."""

    def __init__(self, max_items: int | None = None) -> None:
        self._items: deque[tuple[V, int]] = deque()
        self._max_items = MAX_REMEMBERED if max_items is None else max_items
        self._bytes = 0

    def append(self, item: V, size: int) -> None:
        """Add an item that came in ``size`` bytes, and drop the oldest ones if there are too many."""
        self._items.append((item, size))
        self._bytes += size
        while len(self._items) > self._max_items or (self._bytes > MAX_REMEMBERED_BYTES and len(self._items) > 1):
            self._bytes -= self._items.popleft()[1]

    def __iter__(self) -> Iterator[V]:
        # Iterate over a copy: other threads may append meanwhile.
        return iter([item for item, _ in self._items.copy()])

    def clear(self) -> None:
        """Remove all items."""
        self._items.clear()
        self._bytes = 0


class RecentValues(dict[K, V]):
    """The newest values of one kind by their key, limited in number and in bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[K, int] = {}
        self._bytes = 0

    def put(self, key: K, value: V, size: int) -> list[K]:
        """Add a value of ``size`` bytes, drop the oldest ones if there are too many, and return their keys."""
        self.remove(key)
        self[key] = value
        self._sizes[key] = size
        self._bytes += size
        dropped: list[K] = []
        while len(self) > MAX_REMEMBERED or (self._bytes > MAX_REMEMBERED_BYTES and len(self) > 1):
            dropped.append(next(iter(self)))
            self.remove(dropped[-1])
        return dropped

    def remove(self, key: K) -> V | None:
        """Remove a value and return it; None if there is none."""
        self._bytes -= self._sizes.pop(key, 0)
        return self.pop(key, None)


def content_size(value: object) -> int:
    """Return how many bytes of memory a stored value takes, approximately."""
    size = getsizeof(value)
    if isinstance(value, Mapping):
        entries = cast("Mapping[object, object]", value).items()
        return size + sum(content_size(name) + content_size(text) for name, text in entries)
    if isinstance(value, tuple):
        return size + sum(map(content_size, cast("tuple[object, ...]", value)))
    if is_dataclass(value):
        return size + sum(content_size(getattr(value, item.name)) for item in fields(value))
    return size


class State:
    """The stored data of a sandbox. Hold the gateway's lock to change it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings: Settings = settings
        self.clock: Clock = clock
        #: The URL of the sandbox's root.
        self.base_url: str = ""
        self.clear()

    def clear(self) -> None:
        """Forget everything, including what tests have arranged."""
        # Ids start at a random number: a test's database may hold ids of an earlier run, and treat an equal id as a repeat.
        self._last_id = 100_000_000 + secrets.randbelow(800_000_000)
        self.saved: RecentValues[str, SavedSlideshow] = RecentValues()
        self.sent: RecentItems[Operation[Any]] = RecentItems()
        self.campaigns: RecentValues[str, CampaignRecord] = RecentValues()
        #: The numbers of all campaigns, each with the campaign's id, to limit them together.
        self.subscriptions: RecentValues[tuple[str, str], None] = RecentValues()
        #: Messages in the inbox by id: whether their files still exist.
        self.inbox: RecentValues[str, bool] = RecentValues()
        self.sessions: deque[str] = deque(maxlen=MAX_REMEMBERED)
        self.statistics: RecentItems[StatisticsEntry] = RecentItems()
        #: Files that the sandbox serves, by path: statistics, and the texts of inbound messages.
        self.files: RecentValues[str, tuple[str, bytes]] = RecentValues()
        #: Arranged by tests: blocked numbers and since when; the last report's code and status by number (None: all);
        #: encoding errors by URL.
        self.blocked: dict[str, datetime] = {}
        self.outcomes: dict[str | None, tuple[str, str | None]] = {}
        self.encoding_failures: dict[str, str] = {}
        #: The carriers over which numbers are spread, and the outcomes of the messages of one.
        self.carriers: tuple[str, ...] = ()
        self.carrier_outcomes: dict[str, tuple[str, str | None]] = {}
        #: Cellcast: messages sent, responses received, and credits left.
        self.messages: RecentItems[Message] = RecentItems()
        self.responses: RecentItems[ReceivedResponse] = RecentItems()
        self.credits: int = CREDITS

    def carrier_of(self, number: str) -> str | None:
        """Return the carrier of a number, by its last digits; None unless a test has spread numbers over carriers."""
        bare = number.removeprefix("+")
        return self.carriers[int(bare[-4:]) % len(self.carriers)] if self.carriers and bare.isdecimal() else None

    def outcome_of(self, number: str) -> tuple[str, str | None]:
        """Return the code and the status of the last report of a message to a number."""
        of_carrier = self.carrier_outcomes.get(self.carrier_of(number) or "")
        return self.outcomes.get(number) or of_carrier or self.outcomes.get(None) or ("N102", None)

    def timestamp(self, after: float = 0.0) -> datetime:
        """Return the time in some seconds in whole seconds, as all times in responses and postbacks are written."""
        return (self.clock.now() + timedelta(seconds=after)).replace(microsecond=0)

    def next_id(self) -> str:
        """Return an id that has not been used."""
        self._last_id += 1
        return str(self._last_id)

    def add_statistics(self, element: str, id: str, to: str, sender: str | None, **more: str | None) -> None:
        """Record a message for the statistics."""
        attributes = {"id": id, "to": to, "from": sender, "carrier": "sandbox", **more}
        known = {name: value for name, value in attributes.items() if value is not None}
        self.statistics.append(StatisticsEntry(element, self.timestamp(), known), content_size(known))

    def add_file(self, path: str, content_type: str, content: bytes) -> None:
        """Serve a file."""
        self.files.put(path, (content_type, content), len(content))

    def subscribe(self, campaign: CampaignRecord, number: str, subscriber_ref: str | None) -> None:
        """Add a number to a campaign."""
        campaign.numbers[number] = subscriber_ref
        key = campaign.campaign_id, number
        for campaign_id, oldest in self.subscriptions.put(key, None, content_size((key, subscriber_ref))):
            if (other := self.campaigns.get(campaign_id)) is not None:
                other.numbers.pop(oldest, None)

    def unsubscribe(self, campaign: CampaignRecord, number: str) -> None:
        """Remove a number from a campaign."""
        del campaign.numbers[number]
        self.subscriptions.remove((campaign.campaign_id, number))

    def sendable(self, operation: Any) -> SavedSlideshow | Refusal:
        """Return the stored slideshow that an operation names, or the refusal if it cannot be sent."""
        saved = self.saved.get(str(operation.mms_id))
        # Skycore 1.3: after a failed encoding the slideshow "should be considered corrupted". No page documents the response to
        # sending it; the sandbox responds as if the slideshow did not exist.
        if saved is None or (saved.failed and self.clock.now() >= saved.ready):
            return refuse(operation, "E241")
        return saved if self.clock.now() >= saved.ready else refuse(operation, "E626")

    def campaign(self, reference: object) -> CampaignRecord | None:
        """Return the campaign with this id, or the newest with this name: newer versions of Skycore 1.3 accept a text."""
        text = str(reference)
        named = (one for one in reversed(self.campaigns.values()) if one.name == text)
        return self.campaigns.get(text) or next(named, None)

    def latest_to(self, number: str) -> Message | None:
        """Return the newest Cellcast message to a number, which is the message that the number replies to."""
        return next((one for one in reversed(list(self.messages)) if one.to == number), None)


# ------------------------------------------------------------------------------------------------ helpers of the actions


def number_forms(numbers: Iterable[Any] | str) -> set[str]:
    """Return the forms in which requests contain these numbers: digits only, and Cellcast's form of an Australian mobile.

    Raises :class:`~skymms.ConfigurationError` for a value that is not a number, because it would never match a request.
    """
    given: list[Any] = [numbers] if isinstance(numbers, str) else list(numbers)
    for number in given:
        if not isinstance(number, str) or len(number) > MAX_NUMBER or (number_problem(number) and not mobile(number)):
            raise ConfigurationError(f"{number!r:.40} is not a number: give text, as in '15551234888'")
    return {form for number in given for form in (digits(number), mobile(number)) if form}


def check_room(count: int, what: str) -> None:
    """Raise :class:`~skymms.ConfigurationError` if a test has arranged too much; nothing that is arranged is dropped."""
    if count > MAX_REMEMBERED:
        raise ConfigurationError(f"more than {MAX_REMEMBERED:,} {what}: call reset() first")


def refuse(operation: object, code: str, info: str = "") -> Refusal:
    """Return the refusal of an operation; without ``info`` it has the text of the code.

    The recipient's number is shortened and made printable, because the request may have any text there.
    """
    to = getattr(operation, "to", None)
    echoed = printable(str(to)[:MAX_ECHOED]) if to else None
    return Refusal(code=code, to=echoed, info=printable(info or ANSWERS[code].meaning))


def code_and_info(problem: Problem) -> tuple[str, str]:
    """Return a problem as the code and text of a refusal; a problem without a code is an invalid request (E100)."""
    return problem.code or "E100", f"{problem.where}: {problem.message}"


def printable(text: str) -> str:
    """Replace characters that XML cannot contain, or that would control a terminal, with a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text)
