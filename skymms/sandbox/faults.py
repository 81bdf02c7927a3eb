"""Breaking on demand: what a test tells the sandbox to do wrong, and to which requests.

A fault is a name. Some take the message and spoil the answer, which is what makes retries dangerous; the others say no before
anything is taken. Which is which stands in :data:`FAULTS`, and a test holds it against what happens.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from ..codes import ANSWERS
from ..errors import ConfigurationError
from .cellcast_bodies import REFUSALS
from .state import as_told

#: What a refusal can be: by Skycore's code, or by Cellcast's word.
CODES = frozenset({*ANSWERS, *REFUSALS})


class Fault(NamedTuple):
    """A way to go wrong: whether the message is taken all the same, and what the caller sees."""

    taken: bool
    seen: str


FAULTS: Mapping[str, Fault] = {
    "refuse": Fault(False, "the connection is closed before anything was read"),
    "drop": Fault(True, "the connection is closed without an answer"),
    "reset": Fault(True, "the connection is reset without an answer"),
    "stall": Fault(True, "no answer comes, and the connection stays open"),
    "slow": Fault(True, "the answer comes a few bytes at a time"),
    "half": Fault(True, "the answer breaks off in the middle"),
    "500": Fault(True, "HTTP 500, with words that are no answer"),
    "503": Fault(False, "HTTP 503, with a Retry-After"),
    "429": Fault(False, "HTTP 429, with a Retry-After"),
    "html": Fault(True, "HTTP 200, with a web page"),
    "charset": Fault(True, "the answer in UTF-16, which it says is UTF-8"),
    "stranger": Fault(True, "a valid answer to somebody else's request"),
}


#: The faults that are a matter of time.
LASTING = ("stall", "slow", "503", "429")
#: The codes of calls that come too fast, or of too many in a day.
PACED = ("E106", "E113", "E120")


class Rule:
    """One fault as it was asked for: how, how often, how many times still, to whom. ``struck`` counts.

    ``seconds`` is how long a stall lasts, how long a slow answer takes, or what Retry-After says.
    """

    def __init__(
        self, how: str, *, times: int | None, every: int | None, to: frozenset[str] | None, seconds: float | None
    ) -> None:
        self.how = how
        self.code = "" if how in FAULTS else how
        self.seconds = seconds
        self.struck = 0
        self._times = times
        self._every = every
        self._to = to
        self._seen = 0

    @property
    def taken(self) -> bool:
        """Whether the message is taken all the same."""
        return not self.code and FAULTS[self.how].taken

    def strikes(self, numbers: Collection[str]) -> bool:
        """Whether it is this request's turn."""
        if self.over or (self._to is not None and self._to.isdisjoint(numbers)):
            return False
        self._seen += 1
        if self._every is not None and self._seen % self._every:
            return False
        self.struck += 1
        return True

    @property
    def over(self) -> bool:
        """Whether it has struck as often as it was to."""
        return self._times is not None and self.struck >= self._times

    @property
    def told(self) -> str:
        """What was asked for, in words."""
        every = f", every {self._every}" if self._every else ""
        times = {None: ", without end", 1: ", once"}.get(self._times, f", {self._times} times")
        to = f", to {', '.join(sorted(self._to))}" if self._to is not None else ""
        return f"{self.how}{every}{times}{to}"

    def __repr__(self) -> str:
        return f"<Rule {self.told}; struck {self.struck} times>"


class Faults:
    """Every rule there is, in the order they were made: the first whose turn it is strikes."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._paces: list[tuple[int, float, str, deque[float]]] = []

    def add(
        self, how: str, times: int | None, every: int | None, to: Collection[str] | str | None, seconds: float | None
    ) -> Rule:
        """Ask for a fault; :class:`~skymms.ConfigurationError` for what is none."""
        how = how.upper() if how.upper() in CODES else how
        if how not in FAULTS and how not in CODES:
            raise ConfigurationError(
                f"there is no fault {how!r:.40}: choose one of {', '.join(FAULTS)}, or a code such as E106 or OVER_LIMIT"
            )
        if how == "refuse" and to is not None:
            raise ConfigurationError(
                "refuse closes before anything is read, so it cannot know to whom: leave out to, or use drop"
            )
        for name, number in (("times", times), ("every", every)):
            if number is not None and (type(number) is not int or number < 1):
                raise ConfigurationError(f"{name}={number!r:.40}: give a number from 1 up")
        if seconds is not None and how not in LASTING:
            raise ConfigurationError(f"seconds={seconds!r:.40}: {how} takes none, only {', '.join(LASTING)} do")
        if seconds is not None and not (type(seconds) in {int, float} and 0 <= seconds < 3600):
            raise ConfigurationError(f"seconds={seconds!r:.40}: give a number from 0 up to an hour")
        # "Every tenth" has no end of its own; anything else happens once unless more is asked for.
        times = 1 if times is None and every is None else times
        numbers = frozenset(as_told(to)) if to is not None else None
        rule = Rule(how, times=times, every=every, to=numbers, seconds=seconds)
        with self._lock:
            self._rules = [one for one in self._rules if not one.over] + [rule]
        return rule

    def pace(self, calls: int, seconds: float, code: str) -> None:
        """No more than so many calls within so many seconds."""
        if code not in PACED:
            raise ConfigurationError(f"{code!r:.40} is not how too many calls are refused: {', '.join(PACED)} are")
        if type(calls) is not int or calls < 0 or type(seconds) not in {int, float} or not 0 < seconds < float("inf"):
            raise ConfigurationError(f"{calls!r:.40} calls within {seconds!r:.40} seconds is no pace")
        with self._lock:
            self._paces.append((calls, seconds, code, deque()))

    def unread(self) -> Rule | None:
        """The fault that strikes before a request is read."""
        with self._lock:
            return next((rule for rule in self._rules if rule.how == "refuse" and rule.strikes(())), None)

    def read(self, numbers: Collection[str]) -> Rule | None:
        """The fault that strikes a request to these numbers."""
        with self._lock:
            return next((rule for rule in self._rules if rule.how != "refuse" and rule.strikes(numbers)), None)

    def too_fast(self) -> str:
        """Count a call: the code of the pace that it exceeds, or nothing."""
        with self._lock:
            now = self._seconds()
            for calls, span, code, times in self._paces:
                while times and times[0] <= now - span:
                    times.popleft()
                if len(times) >= calls:
                    return code
            for _, _, _, times in self._paces:
                times.append(now)
        return ""

    def reset(self) -> None:
        """Nothing is wrong any more."""
        with self._lock:
            self._rules.clear()
            self._paces.clear()
