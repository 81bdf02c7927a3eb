"""What a reply or an error means for a message in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from ..errors import (
    AuthenticationError,
    BillingError,
    BlockedRecipientError,
    CarrierError,
    ConfigurationError,
    GatewayFaultError,
    MMSError,
    NotReadyError,
    PermissionDeniedError,
    QuotaExceededError,
    RecipientError,
    SkymmsError,
    StorageError,
    SubscriptionError,
    ThrottledError,
    TransportError,
)
from .intents import Intent
from .states import MAX_ATTEMPTS, State, Why

#: Errors that every other message would get as well. The broadcast is paused, and the message is ready again.
_FOR_ALL = (AuthenticationError, PermissionDeniedError, BillingError, ConfigurationError, QuotaExceededError, StorageError)
#: Refusals that are about the recipient. Any other, such as a wrong sender, probably meets every message.
_ABOUT_RECIPIENT = (RecipientError, SubscriptionError, CarrierError)
#: Codes that say that somebody does not want messages, and the reason of the suppression.
OPT_OUT_CODES = {"E114": "the gateway blocks the number (E114)", "E715": "the number is not subscribed (E715)"}
#: Seconds until a message is tried again: at first after a failure to connect, and while a stored message is being encoded.
_RETRY_FIRST, _RETRY_LONGEST, _ENCODING = 2.0, 60.0, 30.0
#: Seconds that a message waits at most, whatever the gateway asks for: a run would seem to hang.
LONGEST_WAIT = 3600.0


class Answer(NamedTuple):
    """What became of one intent.

    ``wait`` is the number of seconds until a message that is ``ready`` again is due. ``returned`` is 1 if the attempt does not
    count, because no request was made. ``pause`` is the reason to pause the whole broadcast, and ``slow_down`` the seconds that
    the gateway asks everybody to wait.
    """

    id: int
    attempt: int
    state: State
    why: str | None = None
    code: str | None = None
    tracking_id: str | None = None
    mms_id: str | None = None
    credits: str | None = None
    wait: float = 0.0
    returned: int = 0
    pause: str | None = None
    slow_down: float | None = None
    opt_out: str | None = None
    #: True if the gateway could not be reached at all.
    unreachable: bool = False
    #: True for a refusal that is about this recipient, so that it says nothing about the other messages.
    about_recipient: bool = False


def price_text(credits: Decimal) -> str:
    """Return a number of credits as the ledger has it: ``1`` for 1.0."""
    return format(credits.normalize(), "f")


def unsent(id: int, attempt: int, *, wait: float = 0.0) -> Answer:
    """Return the answer for an intent that was not requested. Only its holder may say so."""
    return Answer(id, attempt, State.READY, wait=wait, returned=1)


def all_unsent(intents: Iterable[Intent]) -> list[Answer]:
    """Return the answers for intents that were not requested."""
    return [unsent(intent.id, intent.attempt) for intent in intents]


def from_error(id: int, attempt: int, error: BaseException) -> Answer:
    """Return the answer for an error of a call that made at most one request."""
    if not isinstance(error, SkymmsError):
        # A cancellation, Ctrl-C or a fault in the program. The client says whether the request may have left.
        if getattr(error, "sent_maybe", True):
            return Answer(id, attempt, State.UNKNOWN, Why.INTERRUPTED)
        return unsent(id, attempt)
    code = error.code if isinstance(error, MMSError) else None
    if error.sent_maybe:
        why = Why.FAULT if isinstance(error, GatewayFaultError) else Why.LOST_ANSWER
        return Answer(id, attempt, State.UNKNOWN, why, code)
    if isinstance(error, _FOR_ALL):
        return Answer(id, attempt, State.READY, code=code, returned=1, pause=error.summary)
    if isinstance(error, TransportError):
        wait = min(_RETRY_FIRST * 2 ** (attempt - 1), _RETRY_LONGEST)
        return Answer(id, attempt, State.READY, wait=wait, returned=1, unreachable=True)
    if isinstance(error, (ThrottledError, NotReadyError)):
        if attempt >= MAX_ATTEMPTS:
            return Answer(id, attempt, State.REFUSED, f"{MAX_ATTEMPTS} attempts", code)
        if isinstance(error, NotReadyError):
            return Answer(id, attempt, State.READY, code=code, wait=_ENCODING)
        asked = float(getattr(error, "retry_after", None) or _RETRY_FIRST * 2 ** (attempt - 1))
        wait = min(asked, LONGEST_WAIT)
        return Answer(id, attempt, State.READY, code=code, wait=wait, slow_down=wait)
    opt_out = OPT_OUT_CODES.get(code or "")
    if opt_out is None and isinstance(error, BlockedRecipientError):
        opt_out = f"the gateway blocks the number ({code})"
    about_recipient = opt_out is not None or isinstance(error, _ABOUT_RECIPIENT)
    return Answer(id, attempt, State.REFUSED, error.summary[:300], code, opt_out=opt_out, about_recipient=about_recipient)
