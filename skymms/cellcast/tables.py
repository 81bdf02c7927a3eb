"""How Cellcast is asked and how it answers, as data: a side for each generation, rows that can be read in both directions.

v3 is seeds 000 and 002, v1 seed 001 and the developer pages. Where those contradict themselves, the row says which is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from ..errors import (
    AuthenticationError,
    BillingError,
    FieldError,
    MalformedRequestError,
    MediaError,
    MediaTooLargeError,
    MediaTypeError,
    MMSError,
    NotFoundError,
    PermissionDeniedError,
    RecipientError,
    SenderError,
    ThrottledError,
)
from ..operations import Operation
from .values import (
    AccountBalance,
    Balance,
    CancelScheduled,
    CellcastSend,
    MarkRead,
    MessageReports,
    OptOut,
    OptOuts,
    Response,
    Responses,
    SentMessage,
    mobile,
)


class Call(NamedTuple):
    """How an operation is asked: our fields with their names, what is always said, and what stands at the path's end."""

    method: str
    path: str
    carried: str
    names: Mapping[str, str] = {}
    always: Mapping[str, str] = {}
    tail: str = ""


class Generation(NamedTuple):
    """One of the two worlds. ``plus`` stands before numbers; None for a figure means that none is documented."""

    name: str
    url: str
    header: str
    scheme: str
    plus: str
    images: tuple[str, ...]
    max_text: int | None
    max_subject: int | None
    message_id: str
    calls: Mapping[type[Operation[Any]], Call]


V3 = Generation(
    "v3", "https://cellcast.com.au/api/v3/", "APPKEY", "", "+", ("png", "gif", "jpeg", "jpg"), 1000, 40, r"[^\s/]+",
    {
        CellcastSend: Call("POST", "send-mms", "json",
                           {"subject": "subject", "text": "mms_text", "image": "mms_file", "to": "numbers"}),
        # The page's own address ends with "type=mms;", which is another type.
        Responses: Call("GET", "get-responses", "query", {"page": "page"}, {"type": "mms"}),
        MarkRead: Call("POST", "inbound-read", "json", {"message_id": "message_id", "before": "date_before"}),
        OptOuts: Call("GET", "get-optout", "query", {"page": "page"}),
        Balance: Call("GET", "account", "query"),
    },
)  # fmt: skip
V1 = Generation(
    "v1", "https://api.cellcast.com/api/v1/", "Authorization", "Bearer ", "", ("gif",), None, None, "[0-9a-f]{24}",
    {
        CellcastSend: Call("POST", "gatewaymms", "form",
                           {"text": "message", "to": "contacts", "media": "media", "image": "gif", "sender": "sender"}),
        Responses: Call("GET", "apiClient/getResponses", "query", {"page": "page"}),
        OptOuts: Call("GET", "apiClient/getOptout", "query", {"page": "page"}),
        Balance: Call("GET", "apiClient/account", "query"),
        MessageReports: Call("GET", "../v2/report/message", "query",
                             {"page": "page", "status": "status", "since": "fromDate", "until": "toDate"},
                             {"campType": "mms"}, tail="message_id"),
        CancelScheduled: Call("POST", "gateway/cancelScheduleQuickMessage", "json", {"message_id": "messageId"},
                              {"type": "mms"}),
    },
)  # fmt: skip
GENERATIONS = {each.name: each for each in (V3, V1)}

#: Seeds 000 and 001: a thousand numbers in one call (an error text says ten thousand; nobody has tried).
MOST_NUMBERS = 1000
#: Seed 001: a file of at most 230 KB, taken as the smaller of its two readings.
MOST_MEDIA = 230_000
#: The answer to a thousand numbers repeats the text a thousand times, six bytes a character at worst.
MOST_ANSWER = 8 * 1024 * 1024
#: Seed 000: 15 calls a second.
SPACING = 1 / 14.5
#: No list is longer; a gateway that tells of more is not believed.
MOST_PAGES = 4000
#: How a picture's bytes begin, and what it is then called.
PICTURES = {b"\xff\xd8\xff": ("media.jpg", "image/jpeg"), b"\x89PNG\r\n\x1a\n": ("media.png", "image/png")}
#: A shared number of the gateway's, where a sender may be named.
SHARED = "#SharedNum#"


class Refusal(NamedTuple):
    """A signal in an answer (a code, a status, the name of a detail), words beside it, and the error that it means."""

    signal: str
    words: str
    kind: type[MMSError]
    field: str | None = None


#: Asked from above; an empty signal and empty words fit any.
REFUSALS = (
    Refusal("429", "", ThrottledError), Refusal("OVER_LIMIT", "", ThrottledError),
    Refusal("AUTH_FAILED_NO_DATA", "", AuthenticationError), Refusal("AUTH_FAILED", "", AuthenticationError),
    Refusal("401", "", AuthenticationError), Refusal("403", "", AuthenticationError),
    Refusal("INVALID_TOKEN", "", AuthenticationError),
    Refusal("FIELD_INVALID", "enough credit", BillingError), Refusal("LEDGER_ERROR", "", BillingError),
    Refusal("422", "", BillingError), Refusal("", "balance is too low", BillingError),
    Refusal("FIELD_INVALID", "image size exceeds", MediaTooLargeError, "image"),
    Refusal("FIELD_INVALID", "only png", MediaTypeError, "image"),
    Refusal("FIELD_INVALID", "image", MediaError, "image"),
    Refusal("FIELD_INVALID", "text up to", FieldError, "text"),
    Refusal("FIELD_INVALID", "subject up to", FieldError, "subject"),
    Refusal("FIELD_INVALID", "numbers", FieldError, "to"),
    Refusal("ERROR.SENDER", "", SenderError, "sender"), Refusal("", "sender id is not registered", SenderError, "sender"),
    Refusal("RECIPIENTS_ERROR", "", RecipientError, "to"),
    Refusal("", "contacts must either start", RecipientError, "to"), Refusal("", "contacts are required", RecipientError, "to"),
    Refusal("FIELD_EMPTY", "", FieldError), Refusal("FIELD_INVALID", "", FieldError), Refusal("KEY_EXISTS", "", FieldError),
    Refusal("BAD_REQUEST", "", MalformedRequestError), Refusal("NOT_IMPLEMENTED", "", MalformedRequestError),
    Refusal("NO_ACCESS", "", PermissionDeniedError),
    Refusal("NOT_FOUND", "", NotFoundError), Refusal("CASTERROR", "", NotFoundError),
    Refusal("", "message not found", NotFoundError),
)  # fmt: skip
#: What is found here, before anything leaves, has the class of its field.
FORESEEN: Mapping[str, type[MMSError]] = {"image": MediaError, "media": MediaError, "to": RecipientError, "sender": SenderError}

#: The gateway's words for what became of a message (v3's reports, v1's list, webhooks), and the one that skymms says for them.
STATES = {
    "queued": "queued", "pending": "queued", "scheduled": "scheduled", "dispatched": "sent", "sent": "sent",
    "delivered": "delivered", "delievered": "delivered", "received": "received",
    "failed": "failed", "aborted": "failed", "blocked": "failed", "dead": "failed",
    "rejected": "rejected", "expired": "expired", "canceled": "cancelled", "cancelled": "cancelled",
}  # fmt: skip


def words(value: Any) -> str | None:
    """Text; None for what is empty or no text."""
    return None if value is None or isinstance(value, (dict, list)) or not str(value).strip() else str(value)


def number(value: Any) -> str | None:
    """A mobile as ``+614NNNNNNNN``; anything else as it stands."""
    return mobile(str(value).strip()) or words(value)


def moment(value: Any) -> datetime | None:
    """A time, naive where none of its zone is told; None for what is none."""
    try:
        return datetime.fromisoformat(str(value).replace("/", "-"))
    except ValueError:
        return None


def amount(value: Any) -> Decimal | None:
    """A number, whether it came as one or in quotes."""
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def state(value: Any) -> str | None:
    """The word of :data:`STATES` for one of the gateway's; another as it stands."""
    said = words(value)
    return said and STATES.get(said.strip().lower(), said)


Column = tuple[str, str, Callable[[Any], Any]]
#: What is read: our field, the gateway's name for it in both generations, and what it is made into.
ROWS: Mapping[type[Any], tuple[Column, ...]] = {
    Response: (
        ("sender", "from", number), ("text", "body", words), ("received_at", "received_at", moment),
        ("message_id", "message_id", words), ("original_message_id", "original_message_id", words),
        ("original_text", "original_body", words), ("subaccount", "subaccount_id", words),
    ),
    OptOut: (("number", "number", number), ("first_name", "first_name", words), ("last_name", "last_name", words)),
    AccountBalance: (
        ("name", "account_name", words), ("email", "account_email", words),
        ("sms", "sms_balance", amount), ("mms", "mms_balance", amount),
    ),
    SentMessage: (
        ("message_id", "_id", words), ("status", "status", state), ("to", "receiver", number), ("sender", "sender", number),
        ("text", "message", words), ("created_at", "createdAt", moment), ("updated_at", "updatedAt", moment),
        ("credits", "creditAmount", amount),
    ),
}  # fmt: skip
#: The rows of each listing.
LISTED: Mapping[type[Operation[Any]], type[Any]] = {Responses: Response, OptOuts: OptOut, MessageReports: SentMessage}
