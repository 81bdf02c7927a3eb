"""The states of a broadcast and of its messages, and the reasons for a state.

A message that may have been requested is never put back to ``ready`` except by the process that holds it and knows that nothing
left, or by an operator. Somebody who reads ``failed`` sends again, so a message whose outcome is not known is ``unknown``.
"""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a message to one number."""

    READY = "ready"  # not requested yet
    SENDING = "sending"  # the intent is on disk; the request may have left
    ACCEPTED = "accepted"  # the gateway queued it
    DELIVERED = "delivered"
    FAILED = "failed"  # the gateway reported that it did not arrive
    REFUSED = "refused"  # the gateway, or a rule, refused it: nothing was sent
    SKIPPED = "skipped"  # never requested
    UNKNOWN = "unknown"  # it may have been sent

    #: Accepted long ago and without a report. It is derived when the ledger is read and never stored.
    UNREPORTED = "unreported"


#: The states in which a message stays, except that a report may still change ``unknown`` and ``accepted``.
FINAL = frozenset({State.DELIVERED, State.FAILED, State.REFUSED, State.SKIPPED})


class Why(StrEnum):
    """The reason why a message is ``unknown`` or ``skipped``."""

    LOST_ANSWER = "lost answer"
    FAULT = "fault"
    UNACCOUNTED = "unaccounted"
    INTERRUPTED = "interrupted"
    OPTED_OUT = "opted out"
    NOT_SUBSCRIBED = "not subscribed"
    NO_CONSENT = "no consent"
    NO_ZONE = "no time zone"
    HOURS_NEVER_OPEN = "hours never open"  # in all time zones of the recipient
    CAPPED = "frequency cap"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Phase(StrEnum):
    """The state of a broadcast."""

    LOADING = "loading"  # the list is being read; it cannot run yet
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


#: How often one message is tried at most.
MAX_ATTEMPTS = 10
#: Seconds that have to pass before an unknown message may be sent again: its report may still come.
RESEND_AFTER = 3600.0
#: The reasons of a message that an operator settled as ``sent``.
SETTLED_AS_SENT = "settled as sent"
#: The reason of a message that an operator settled as ``resend``, until its next outcome. Its earlier request may have been
#: accepted, so a report about it is still one about this message.
RESENT = "settled as resend"
