"""A Cellcast account: validates operations, splits them into requests, and turns them into HTTP and back.

Cellcast takes many recipients in one request, and accepts some of them while it refuses others. What it cannot send is refused
here and never left out. No number is reported as sent unless the gateway listed it, and a send that may have arrived is never
repeated: the gateway once answered HTTP 500 and had delivered the message.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from operator import is_
from typing import Any, cast

from .. import errors
from ..errors import Nodes, Problem
from ..http import HttpRequest, HttpResponse, check_gateway_url
from ..model.operations import Operation, R_co
from ..rate_limit import Rate, RateLimit, rate_limit_from
from ..redaction import KeyHolder, account_repr, check_key, mask_key, mask_key_in_json
from ..wire.codecs import DecodeError, json
from ..wire.responses import protocol_error
from .generations import (
    ERROR_CLASSES,
    GENERATIONS,
    MAX_NUMBERS,
    ROW_CLASSES,
    VALIDATOR,
    WARNINGS_VALIDATOR,
    CellcastLimits,
    Generation,
    invalid_numbers,
    recipient_problems,
    unsupported,
)
from .values import CellcastSend, CellcastSent, Listing, MarkRead, unique_mobiles
from .wire import read_reply, write_request

#: Bytes of a response that are read: it repeats the text for each of a thousand numbers, with six bytes a character at worst.
MAX_RESPONSE = 8 * 1024 * 1024
#: Pages of a listing. More than this is taken for an error of the gateway.
MAX_PAGES = 4000
#: Requests a second; the v3 page allows 15.
DEFAULT_RATE = 14.5

# ------------------------------------------------------------------------------------------------ calls of several requests


def _send_in_parts(send: CellcastSend) -> Generator[Operation[Any], Any, CellcastSent]:
    """Yield the requests for a thousand numbers each, and return one reply. An error that ends them gets it as ``partial``."""
    sent = CellcastSent(invalid={number: reason for _, number, reason in invalid_numbers(send.recipients)})
    remaining = unique_mobiles(send.recipients)
    while remaining:
        current, remaining = remaining[:MAX_NUMBERS], remaining[MAX_NUMBERS:]
        try:
            sent += yield replace(send, to=current)
        except BaseException as error:
            maybe = getattr(error, "sent_maybe", True)
            failed = CellcastSent(maybe_sent=current if maybe else (), not_sent=() if maybe else current, not_tried=remaining)
            error.partial = sent + failed  # type: ignore[attr-defined]
            raise
    if not sent.queued and not sent.unaccounted:
        refused = errors.RecipientError("RECIPIENTS_ERROR", "no number was accepted", field="to", reply=sent.raw)
        refused.partial = sent
        raise refused
    return sent


def _list_in_parts(operation: Any, mark_read: bool) -> Generator[Operation[Any], Any, Listing[Any]]:
    """Yield the requests for all pages, then those that mark the rows as read; marking in between would move the pages.

    An error that ends them gets the rows that were read, and the ids that were marked, as its ``partial``.
    """
    rows: dict[Any, None] = {}
    raw: Nodes = ()
    marked: list[str] = []
    previous: tuple[Any, ...] | None = None
    try:
        for page in range(1, MAX_PAGES + 1):
            reply = yield replace(operation, page=page)
            # A gateway that does not count pages returns the first page again.
            if reply.rows == previous:
                break
            # A row may have moved to this page after the page before was read: it is kept once.
            rows.update(dict.fromkeys(reply.rows))
            raw, previous = raw + reply.raw, reply.rows
            if not reply.more:
                break
        else:
            raise errors.ProtocolError(f"the list does not end within {MAX_PAGES:,} pages")
        for message_id in [row.message_id for row in rows if mark_read and row.message_id]:
            yield MarkRead(message_id=message_id)
            marked.append(message_id)
    except BaseException as error:
        error.partial = Listing(tuple(rows), more=True, marked=tuple(marked), raw=raw)  # type: ignore[attr-defined]
        raise
    return Listing(tuple(rows), marked=tuple(marked), raw=raw)


# ------------------------------------------------------------------------------------------------ the account


_Content = tuple[object, object, object]


def _content_of(send: CellcastSend) -> _Content:
    return send.slideshow, send.media, send.sender


@dataclass(frozen=True, slots=True, repr=False)
class CellcastAccount(KeyHolder):
    """An account at Cellcast: :meth:`v3` with an APPKEY, or :meth:`v1` with an API key. The keys are not interchangeable.

    - ``url`` replaces ``https://cellcast.com.au/api/v3/`` or ``https://api.cellcast.com/api/v1/``.
    - ``max_text`` replaces the limit for a text: 1,000 units in v3; for v1 none is documented.
    - ``rate`` is how many requests leave in a second, counted for all threads and clients that use this object. Pass None for
      an account without the limit of 15, or a :class:`~skymms.rate_limit.RateLimit` that several processes share.
    - ``max_response`` is how many bytes of a response are read.

    Raises :class:`~skymms.ConfigurationError` for an argument that cannot be right.
    """

    api_key: str = field(repr=False)
    _: KW_ONLY
    generation: str
    url: str | None = None
    max_text: int | None = None
    rate: Rate = DEFAULT_RATE
    max_response: int = MAX_RESPONSE
    name: str = field(init=False, repr=False, compare=False)
    address: str = field(init=False, repr=False, compare=False)
    rate_limit: RateLimit | None = field(init=False, repr=False, compare=False)
    _generation: Generation = field(init=False, repr=False, compare=False)
    _limits: CellcastLimits = field(init=False, repr=False, compare=False)
    #: The content that was validated last, or nothing. It is matched by identity, as it cannot change.
    _validated: list[_Content] = field(init=False, repr=False, compare=False, default_factory=list[_Content])

    def __post_init__(self) -> None:
        given: Any = self.generation
        generation = GENERATIONS.get(given) if isinstance(given, str) else None
        if generation is None:
            raise errors.ConfigurationError(f"generation={given!r:.40}: choose v3 or v1; it is never guessed from the key")
        check_key(self.api_key, "pass it to CellcastAccount.v3 or .v1, or set SKYMMS_CELLCAST_KEY for .from_env()")
        url = generation.url if self.url is None else self.url
        check_gateway_url(url)
        _check_whole_number("max_text", 0 if self.max_text is None else self.max_text, 0)
        _check_whole_number("max_response", self.max_response, 1)
        limits = generation.limits if self.max_text is None else replace(generation.limits, max_text=self.max_text)
        derived = {
            "name": generation.label,
            "address": url.rstrip("/") + "/",
            "rate_limit": rate_limit_from(self.rate),
            "_generation": generation,
            "_limits": limits,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @classmethod
    def v3(
        cls,
        appkey: str,
        *,
        url: str | None = None,
        max_text: int | None = None,
        rate: Rate = DEFAULT_RATE,
        max_response: int = MAX_RESPONSE,
    ) -> CellcastAccount:
        """Return an account of the older generation, by its APPKEY."""
        return cls(appkey, generation="v3", url=url, max_text=max_text, rate=rate, max_response=max_response)

    @classmethod
    def v1(
        cls,
        api_key: str,
        *,
        url: str | None = None,
        max_text: int | None = None,
        rate: Rate = DEFAULT_RATE,
        max_response: int = MAX_RESPONSE,
    ) -> CellcastAccount:
        """Return an account of the newer generation, by an API key made in the dashboard."""
        return cls(api_key, generation="v1", url=url, max_text=max_text, rate=rate, max_response=max_response)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, /, **overrides: Any) -> CellcastAccount:
        """Return an account from ``SKYMMS_CELLCAST_KEY``, ``SKYMMS_CELLCAST_GENERATION`` (v3 or v1), ``SKYMMS_CELLCAST_URL``.

        Keyword arguments replace the values of the environment.
        """
        env = os.environ if env is None else env
        options: dict[str, Any] = {"api_key": "", "generation": ""}
        for name, variable in (("api_key", "KEY"), ("generation", "GENERATION"), ("url", "URL")):
            if value := env.get(f"SKYMMS_CELLCAST_{variable}"):
                options[name] = value
        return cls(**{**options, **overrides})

    def __repr__(self) -> str:
        return account_repr(self)

    # -------------------------------------------------------------------------------------------- validation

    def problems(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Return everything that Cellcast would refuse or does not support; for the latter, ``code`` is None."""
        if not isinstance(operation, Operation):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            raise TypeError(f"pass an operation such as CellcastSend(…), not {type(operation).__name__}")
        if not isinstance(operation, CellcastSend):
            return tuple(self._problems(operation))
        content = _content_of(operation)
        known = any(all(map(is_, content, validated)) for validated in self._validated[:])
        found = [] if known else self._problems(operation)
        if not found:
            self._validated[:] = [content]
        return (*found, *recipient_problems(operation))

    def warnings(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Return what may go wrong although Cellcast accepts it."""
        return tuple(WARNINGS_VALIDATOR.validate(operation, self._limits))

    def _problems(self, operation: Operation[Any]) -> list[Problem]:
        """Return the problems of everything but the recipients."""
        found = list(unsupported(operation, self._generation))
        if type(operation) not in self._generation.calls:
            return found
        # The rules have nothing to add about fields and slides that are not supported.
        known = {(problem.slide, problem.field) for problem in found}
        broken = VALIDATOR.validate(operation, self._limits)
        return found + [one for one in broken if known.isdisjoint({(one.slide, one.field), (one.slide, "slides")})]

    def _check(self, operation: Operation[Any]) -> None:
        if found := self.problems(operation):
            raise errors.refusal(found, ERROR_CLASSES.get(found[0].field.partition("[")[0], errors.FieldError))

    # -------------------------------------------------------------------------------------------- requests

    def prepare(self, operation: CellcastSend) -> PreparedSend:
        """Validate everything in a message but its recipients, and return it ready for any recipients."""
        if not isinstance(operation, CellcastSend):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            raise TypeError(f"pass a CellcastSend to prepare, not {type(operation).__name__}")
        # Any valid number takes the recipients' place.
        self._check(replace(operation, to="+61400000000"))
        return PreparedSend(self, operation)

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """Yield the requests of a call, each as an operation, and return the reply to the whole call.

        A send makes one request for each thousand numbers. A listing makes one for each page, and then one for each row that is
        marked as read. Everything is validated before the first request.
        """
        self._check(operation)
        if isinstance(operation, CellcastSend):
            return cast(R_co, (yield from _send_in_parts(operation)))
        if type(operation) in ROW_CLASSES and not (getattr(operation, "page", None) or getattr(operation, "message_id", None)):
            return cast(R_co, (yield from _list_in_parts(operation, getattr(operation, "mark_read", False))))
        return cast(R_co, (yield operation))

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """Return the HTTP request for an operation. Raises the first of its :meth:`problems`, with all of them."""
        self._check(operation)
        return write_request(operation, self._generation, self.address, self.api_key)

    # -------------------------------------------------------------------------------------------- responses

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """Return the reply to an operation.

        Raises the :class:`~skymms.MMSError` for a refusal, whatever the HTTP status (``code`` is v3's status, or v1's number),
        and :class:`~skymms.ProtocolError` for a response that is not Cellcast's. ``sent_maybe`` of a protocol error is True
        unless the operation only reads. A ``NOT_FOUND`` for a listing is an empty listing.
        """
        try:
            document = json.parse(response.body, self.max_response)
            if not isinstance(document, dict) or 300 <= response.status < 400:
                raise DecodeError("not a JSON object")
            members = cast("dict[str, Any]", document)
            json.leaves(members)  # raises for a document that is nested too deeply, before it is masked
            return cast(R_co, read_reply(operation, mask_key_in_json(members, self.api_key), response.status))
        except DecodeError as error:
            reason = mask_key(str(error), self.api_key)
        raise protocol_error(operation, response, reason, self.api_key)


def _check_whole_number(name: str, value: object, least: int) -> None:
    if type(value) is not int or value < least:
        raise errors.ConfigurationError(f"{name}={value!r:.40}: give a whole number from {least} up, or leave it out")


class PreparedSend:
    """A message that :meth:`CellcastAccount.prepare` validated; only the recipients are validated for each use."""

    __slots__ = ("_account", "_send")

    def __init__(self, account: CellcastAccount, send: CellcastSend) -> None:
        self._account = account
        self._send = send

    def operation(self, to: Sequence[str | int] | int) -> CellcastSend:
        """Return the operation for these recipients, for ``client.call``. Raises :class:`~skymms.RecipientError`."""
        send = replace(self._send, to=to)
        if found := list(recipient_problems(send)):
            raise errors.refusal(found, errors.RecipientError)
        self._account._validated[:] = [_content_of(send)]  # pyright: ignore[reportPrivateUsage]  # belongs to the account
        return send

    def request(self, to: Sequence[str | int] | int) -> HttpRequest:
        """Return the HTTP request for these recipients, at most a thousand of them."""
        return self._account.encode(self.operation(to))
