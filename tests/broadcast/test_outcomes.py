"""What an error of a call means for its message: sent again, refused, or unknown."""

from __future__ import annotations

from typing import Any

import pytest

from skymms import (
    AuthenticationError,
    BlockedRecipientError,
    GatewayFaultError,
    MMSError,
    NotReadyError,
    ProtocolError,
    ThrottledError,
    TransportError,
)
from skymms.broadcast import State, Why
from skymms.broadcast.outcomes import from_error
from skymms.broadcast.states import MAX_ATTEMPTS


def marked(error: Any, sent_maybe: bool) -> BaseException:
    error.sent_maybe = sent_maybe
    return error


LOST = marked(TransportError("lost"), True)
CASES: list[tuple[BaseException, int, State, str | None]] = [
    (KeyboardInterrupt(), 1, State.UNKNOWN, Why.INTERRUPTED),
    (marked(RuntimeError("a fault"), False), 1, State.READY, None),
    (LOST, 1, State.UNKNOWN, Why.LOST_ANSWER),
    (marked(ProtocolError("odd"), True), 1, State.UNKNOWN, Why.LOST_ANSWER),
    (marked(GatewayFaultError("E000", "fault"), True), 1, State.UNKNOWN, Why.FAULT),
    (marked(TransportError("no connection"), False), 1, State.READY, None),
    (AuthenticationError("E101", "wrong key"), 1, State.READY, None),
    (ThrottledError("E106", "slower"), 1, State.READY, None),
    (ThrottledError("E106", "slower"), MAX_ATTEMPTS, State.REFUSED, f"{MAX_ATTEMPTS} attempts"),
    (NotReadyError("E618", "later"), 1, State.READY, None),
    (NotReadyError("E618", "later"), MAX_ATTEMPTS, State.REFUSED, f"{MAX_ATTEMPTS} attempts"),
]


@pytest.mark.parametrize(("error", "attempt", "state", "why"), CASES)
def test_what_an_error_means(error: BaseException, attempt: int, state: State, why: str | None) -> None:
    answer = from_error(7, attempt, error)
    assert (answer.id, answer.attempt, answer.state, answer.why) == (7, attempt, state, why)
    # Only what certainly was not sent is counted as an attempt that did not happen.
    assert not (answer.returned and answer.state is not State.READY)


def test_a_throttled_message_waits_as_long_as_the_gateway_says_and_slows_the_run_down() -> None:
    error = ThrottledError("E106", "slower")
    error.retry_after = 17.0
    answer = from_error(1, 1, error)
    assert (answer.wait, answer.slow_down) == (17.0, 17.0)


def test_a_throttled_message_does_not_wait_for_ever() -> None:
    error = ThrottledError("E106", "slower")
    error.retry_after = 1e9
    assert from_error(7, 1, error).wait == 3600.0


def test_what_would_meet_every_message_pauses() -> None:
    assert from_error(1, 1, AuthenticationError("E101", "wrong key")).pause


@pytest.mark.parametrize("error", [BlockedRecipientError("E114", "blocked"), MMSError("E715", "not subscribed")])
def test_a_blocked_number_has_opted_out(error: MMSError) -> None:
    answer = from_error(1, 1, error)
    assert answer.state is State.REFUSED
    assert answer.opt_out
    assert answer.about_recipient
