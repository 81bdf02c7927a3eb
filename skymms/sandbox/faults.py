"""Faults: errors that a test arranges in the sandbox, and the requests that they apply to.

Each fault has a name. Some faults accept the message and break the response, which makes a retry dangerous; the others refuse
the request before the message is accepted. The field ``accepted`` in
:data:`FAULTS` distinguishes the two.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..codes import ANSWERS
from ..errors import ConfigurationError
from .cellcast_bodies import REFUSALS
from .state import check_room, number_forms

#: The codes with which a fault can refuse a request: Skycore's codes and Cellcast's names of refusals.
CODES: frozenset[str] = frozenset({*ANSWERS, *REFUSALS})


class Fault(NamedTuple):
    """A fault: whether the message is accepted in spite of it, a short label, and the effect that the caller sees.

    ``loses_answer`` is True if the message is accepted and the caller does not get the gateway's answer.
    """

    accepted: bool
    label: str
    description: str
    loses_answer: bool = True


#: All faults by name.
FAULTS: Mapping[str, Fault] = {
    "refuse": Fault(False, "connection refused", "the connection is closed before the request is read", False),
    "drop": Fault(True, "answer lost", "the connection is closed without a response"),
    "reset": Fault(True, "answer lost", "the connection is reset without a response"),
    "stall": Fault(True, "no answer", "no response arrives, and the connection stays open"),
    "slow": Fault(True, "slow answer", "the response arrives a few bytes at a time", False),
    "half": Fault(True, "answer cut off", "the response ends in the middle"),
    "500": Fault(True, "HTTP 500", "HTTP 500 with a text that is not a gateway response"),
    "503": Fault(False, "HTTP 503", "HTTP 503 with a Retry-After header", False),
    "429": Fault(False, "HTTP 429", "HTTP 429 with a Retry-After header", False),
    "html": Fault(True, "web page instead of an answer", "HTTP 200 with a web page"),
    "charset": Fault(True, "answer in another encoding", "a response in UTF-16 that says it is UTF-8"),
    "stranger": Fault(True, "answer to another message", "a valid response to another caller's request"),
}


#: The faults for which ``seconds`` can be given.
FAULTS_WITH_SECONDS: tuple[str, ...] = ("stall", "slow", "503", "429")
#: The codes for too many calls, in a second or in a day.
THROTTLE_CODES: tuple[str, ...] = ("E106", "E113", "E120")


class FaultRule:
    """A fault that a test has arranged, and the requests it applies to.

    ``struck`` counts the requests it was applied to. ``over`` is True when it will not be applied again.
    """

    def __init__(
        self, how: str, *, times: int | None, every: int | None, to: frozenset[str] | None, seconds: float | None
    ) -> None:
        self.how: str = how
        self.code: str = "" if how in FAULTS else how
        self.seconds: float | None = seconds
        self.struck: int = 0
        self._times = times
        self._every = every
        self._to = to
        self._seen = 0

    @property
    def accepted(self) -> bool:
        """True if the message is accepted although the fault is applied."""
        return not self.code and FAULTS[self.how].accepted

    def applies(self, numbers: Collection[str]) -> bool:
        """Count a request to these numbers, and return whether the fault is applied to it."""
        if self.over or (self._to is not None and self._to.isdisjoint(numbers)):
            return False
        self._seen += 1
        if self._every is not None and self._seen % self._every:
            return False
        self.struck += 1
        return True

    @property
    def over(self) -> bool:
        """True if the fault was applied as often as requested."""
        return self._times is not None and self.struck >= self._times

    def __str__(self) -> str:
        every = f", every {self._every}" if self._every else ""
        times = {None: ", without end", 1: ", once"}.get(self._times, f", {self._times} times")
        to = f", to {', '.join(sorted(self._to))}" if self._to is not None else ""
        return f"{self.how}{every}{times}{to}"

    def __repr__(self) -> str:
        return f"<FaultRule {self}; applied {self.struck} times>"


def _no_times() -> deque[float]:
    return deque()


@dataclass(slots=True)
class _Throttle:
    """At most ``calls`` calls within ``seconds``; ``times`` are those of the recent calls."""

    calls: int
    seconds: float
    code: str
    times: deque[float] = field(default_factory=_no_times)

    def is_exceeded(self, now: float) -> bool:
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        return len(self.times) >= self.calls


class Faults:
    """All rules in the order in which tests arranged them: the first rule that applies to a request is used."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []
        self._throttles: list[_Throttle] = []

    def add(
        self, how: str, times: int | None, every: int | None, to: Collection[str] | str | None, seconds: float | None
    ) -> FaultRule:
        """Add a rule; raises :class:`~skymms.ConfigurationError` if there is no such fault, or an argument does not fit it."""
        how = how.upper() if how.upper() in CODES else how
        _check_rule(how, times, every, to, seconds)
        # Without `times`, a rule with `every` applies without end, and any other rule applies once.
        times = 1 if times is None and every is None else times
        numbers = frozenset(number_forms(to)) if to is not None else None
        rule = FaultRule(how, times=times, every=every, to=numbers, seconds=seconds)
        with self._lock:
            rules = [one for one in self._rules if not one.over] + [rule]
            check_room(len(rules), "faults")
            self._rules = rules
        return rule

    def add_throttle(self, calls: int, seconds: float, code: str) -> None:
        """Refuse more than ``calls`` calls within ``seconds`` with this code."""
        if code not in THROTTLE_CODES:
            raise ConfigurationError(f"{code!r:.40} is not a code for too many calls: use {', '.join(THROTTLE_CODES)}")
        if type(calls) is not int or calls < 0 or type(seconds) not in {int, float} or not 0 < seconds < float("inf"):
            message = "give a whole number of calls from 0 up, and seconds greater than 0"
            raise ConfigurationError(f"calls={calls!r:.40}, seconds={seconds!r:.40}: {message}")
        with self._lock:
            check_room(len(self._throttles) + 1, "throttles")
            self._throttles.append(_Throttle(calls, seconds, code))

    def before_reading(self) -> FaultRule | None:
        """Return the rule that closes a connection before its request is read, if one applies."""
        with self._lock:
            return next((rule for rule in self._rules if rule.how == "refuse" and rule.applies(())), None)

    def for_request(self, numbers: Collection[str]) -> FaultRule | None:
        """Return the rule that applies to a request to these numbers."""
        with self._lock:
            return next((rule for rule in self._rules if rule.how != "refuse" and rule.applies(numbers)), None)

    def throttle_code(self) -> str:
        """Count a call, and return the code of the throttle that it exceeds; an empty text if it exceeds none."""
        with self._lock:
            now = self._seconds()
            for throttle in self._throttles:
                if throttle.is_exceeded(now):
                    return throttle.code
            for throttle in self._throttles:
                throttle.times.append(now)
        return ""

    def reset(self) -> None:
        """Remove all rules and throttles."""
        with self._lock:
            self._rules.clear()
            self._throttles.clear()


def _check_rule(
    how: str, times: int | None, every: int | None, to: Collection[str] | str | None, seconds: float | None
) -> None:
    if how not in FAULTS and how not in CODES:
        choices = f"choose one of {', '.join(FAULTS)}, or a code such as E106 or OVER_LIMIT"
        raise ConfigurationError(f"there is no fault {how!r:.40}: {choices}")
    if how == "refuse" and to is not None:
        raise ConfigurationError("refuse closes the connection before the recipient is read: leave out to, or use drop")
    for name, number in (("times", times), ("every", every)):
        if number is not None and (type(number) is not int or number < 1):
            raise ConfigurationError(f"{name}={number!r:.40}: give a whole number from 1 up")
    if seconds is not None and how not in FAULTS_WITH_SECONDS:
        raise ConfigurationError(f"seconds={seconds!r:.40}: supported by {', '.join(FAULTS_WITH_SECONDS)}, not by {how}")
    if seconds is not None and not (type(seconds) in {int, float} and 0 <= seconds < 3600):
        raise ConfigurationError(f"seconds={seconds!r:.40}: give a number from 0 up to an hour")
