"""A Cellcast account: validates operations, splits them into requests, and turns them into HTTP and back.

Cellcast takes many recipients in one request, and accepts some of them while it refuses others. What it cannot send is refused
here and never left out. No number is reported as sent unless the gateway listed it, and a send that may have arrived is never
repeated: the gateway once answered HTTP 500 and had delivered the message.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import chain
from typing import Any, TypedDict, Unpack, cast

from .. import errors
from .._functools import plain_value
from ..errors import Problem
from ..http import HttpRequest, HttpResponse, allow_http_from_environment, gateway_url
from ..limits import DOCUMENTED
from ..model.operations import Operation, R_co
from ..rate_limit import Rate, RateLimit, rate_limit_from
from ..redaction import KeyHolder, account_repr, check_key, key_from_environment, mask_key, mask_key_in_json, remember_key
from ..validation.checks import shown
from ..wire.codecs import DecodeError, json
from ..wire.responses import protocol_error
from . import generations
from .generations import MAX_NUMBERS, OTHER_FILES, Generation, is_given, own_fields, slideshow_of, valid_recipient
from .values import CellcastSend, CellcastSent, Listing, ListOperation, MarkRead, mobile, unique_mobiles
from .wire import read_reply, write_request

#: Bytes of a response that are read: it repeats the text for each of a thousand numbers, with six bytes a character at worst.
MAX_RESPONSE = 8 * 1024 * 1024
#: Pages of a listing. More than this is taken for an error of the gateway.
MAX_PAGES = 4000
#: Requests a second; the v3 page allows 15.
DEFAULT_RATE = 14.5

# ------------------------------------------------------------------------------------------------ validation

#: The error class for a problem in these fields; it is FieldError for all others.
ERROR_CLASSES: Mapping[str, type[errors.MMSError]] = {
    **dict.fromkeys(("image", "media", *OTHER_FILES), errors.MediaError),
    "to": errors.RecipientError,
    "sender": errors.SenderError,
}


def content_problems(operation: Operation[Any], generation: Generation) -> list[Problem]:
    """Return the problems of everything but the recipients."""
    if type(operation) not in generation.calls:
        return [Problem(None, None, type(operation).__name__, f"not supported in {generation.label}")]
    found = list(_unsupported(operation, generation))
    # The rules have nothing to add about fields and slides that are not supported.
    known = {(problem.slide, problem.field) for problem in found}
    # The recipients have a validator of their own.
    broken = [one for one in generations.VALIDATOR.validate(operation, generation.limits) if one.field != "to"]
    return found + [one for one in broken if known.isdisjoint({(one.slide, one.field), (one.slide, "slides")})]


def _unsupported(operation: Operation[Any], generation: Generation) -> Iterator[Problem]:
    """Yield a problem for each slide after the first, and for each field that has no wire name in this generation."""
    holders: list[tuple[int | None, Any]] = [(None, operation)]
    if isinstance(operation, CellcastSend):
        show = slideshow_of(operation)
        holders += [(None, show), *enumerate(show.slides, 1)]
        for number in range(2, len(show.slides) + 1):
            yield Problem(None, number, "slides", "Cellcast sends one slide in a message: send this one by itself")
    kind = type(operation)
    for slide, holder in holders:
        for name, value in own_fields(holder).items():
            if name not in generation.calls[kind].names and is_given(value):
                remedy = "leave it out"
                if name in generation.on_request:
                    remedy = "ask your account manager to allow it, and pass allow_other_files=True to the account"
                yield Problem(None, slide, name, f"not supported by {kind.__name__} in {generation.label}: {remedy}")


def recipient_problems(operation: Operation[Any]) -> list[Problem]:
    """Return the problems of the recipients. With ``skip_invalid`` there are none if one number is valid."""
    if not isinstance(operation, CellcastSend) or (operation.skip_invalid is True and any(map(mobile, operation.recipients))):
        return []
    return generations.RECIPIENTS_VALIDATOR.validate(operation, DOCUMENTED)


def refuse(problems: Sequence[Problem]) -> None:
    """Raise the first of these problems, if there are any, with all of them."""
    if problems:
        raise errors.refusal(problems, ERROR_CLASSES.get(problems[0].field.partition("[")[0], errors.FieldError))


# ------------------------------------------------------------------------------------------------ calls of several requests


def _as_text(number: object) -> str:
    return number if isinstance(number, str) else shown(number)


def _send_in_parts(prepared: PreparedSend, send: CellcastSend) -> Generator[Operation[Any], Any, CellcastSent]:
    """Yield the requests for a thousand numbers each, and return one reply."""
    replies: list[CellcastSent] = []
    numbers = unique_mobiles(send.recipients)
    for start in range(0, len(numbers), MAX_NUMBERS):
        replies.append((yield prepared.operation(numbers[start : start + MAX_NUMBERS])))
    sent = _joined(send, replies)
    if not sent.queued and not sent.unaccounted:
        raise _nobody(sent)
    return sent


def _nobody(sent: CellcastSent) -> errors.RecipientError:
    """Return the error for a call in which no number was accepted; its code is v1's type, if all numbers have the same."""
    kind, code, text = errors.RecipientError, "RECIPIENTS_ERROR", "no number was accepted"
    types = {sent.error_types.get(number) for number in sent.invalid}
    if not types:
        kind, text = errors.BlockedRecipientError, "every number has opted out"
    elif len(types) == 1 and not sent.unsubscribed:
        code = types.pop() or code
    refused = kind(code, text, field="to", reply=sent.raw)
    refused.partial = sent
    return refused


def _joined(send: CellcastSend, replies: Sequence[CellcastSent]) -> CellcastSent:
    """Return the reply to a whole call: the skipped numbers, and the replies to its requests."""
    skipped = {_as_text(number): reason for number in send.recipients if (reason := valid_recipient(number))}
    return CellcastSent.joined([CellcastSent(invalid=skipped), *replies])


def _partly_sent(send: CellcastSend, replies: Sequence[CellcastSent], sent_maybe: bool) -> CellcastSent:
    """Return the outcome of a call that an error ended: the next request was or may have been sent, those after it were not."""
    remaining = unique_mobiles(send.recipients)[MAX_NUMBERS * len(replies) :]
    current = remaining[:MAX_NUMBERS]
    return _joined(send, replies) + CellcastSent(
        maybe_sent=current if sent_maybe else (),
        not_sent=() if sent_maybe else current,
        not_tried=remaining[MAX_NUMBERS:],
    )


def _lists_in_parts(operation: Operation[Any]) -> bool:
    """Whether a call lists all pages, and so makes a request for each, or marks the rows of one page as read."""
    marks = _marks_as_read(operation)
    return isinstance(operation, ListOperation) and operation.is_list and (operation.page is None or marks)


def _marks_as_read(operation: Operation[Any]) -> bool:
    return getattr(operation, "mark_read", False)


def _list_in_parts(operation: Any) -> Generator[Operation[Any], Any, Listing[Any]]:
    """Yield the requests for the pages, then those that mark the rows as read; marking in between would move the pages."""
    pages: list[Listing[Any]] = []
    more = False
    for page in range(1, MAX_PAGES + 1) if operation.page is None else (operation.page,):
        reply = yield replace(operation, page=page)
        # A gateway that does not count pages returns the first page again.
        if pages and reply.rows == pages[-1].rows:
            break
        pages.append(reply)
        if operation.page is not None:
            more = reply.more
            break
        if not reply.more:
            break
    else:
        raise errors.ProtocolError(f"the list does not end within {MAX_PAGES:,} pages")
    listing = replace(_listed(pages), more=more)
    if not _marks_as_read(operation):
        return listing
    to_mark = _message_ids(listing)
    for message_id in to_mark:
        yield MarkRead(message_id=message_id)
    return replace(listing, marked=to_mark)


def _listed(pages: Sequence[Listing[Any]]) -> Listing[Any]:
    """Return the rows of these pages. A row may have moved to a page after it was read: it is kept once."""
    return Listing(tuple(dict.fromkeys(chain.from_iterable(pages))), raw=tuple(chain.from_iterable(page.raw for page in pages)))


def _message_ids(listing: Listing[Any]) -> tuple[str, ...]:
    return tuple(row.message_id for row in listing if row.message_id)


def _partly_listed(operation: Any, replies: Sequence[Any]) -> Listing[Any]:
    """Return what a call had listed and marked as read when an error ended it."""
    pages: list[Listing[Any]] = [reply for reply in replies if isinstance(reply, Listing)]
    listing = _listed(pages)
    marked = len(replies) - len(pages)
    # Of all pages, those after an error were not read.
    more = operation.page is None or any(page.more for page in pages)
    return replace(listing, more=more, marked=_message_ids(listing)[:marked] if marked else ())


# ------------------------------------------------------------------------------------------------ the account


class _Options(TypedDict, total=False):
    """The optional arguments of an account."""

    url: str | None
    allow_http: bool
    max_text: int | None
    rate: Rate
    max_response: int
    allow_other_files: bool


@dataclass(frozen=True, slots=True, repr=False)
class CellcastAccount(KeyHolder):
    """An account at Cellcast: :meth:`v3` with an APPKEY, or :meth:`v1` with an API key. The keys are not interchangeable.

    - ``url`` replaces ``https://cellcast.com.au/api/v3/`` or ``https://api.cellcast.com/api/v1/``.
    - ``allow_http`` permits a plain ``http://`` URL of a public host, to which the API key is then sent unencrypted.
    - ``max_text`` replaces the limit for a text: 1,000 units in v3; for v1 none is documented.
    - ``rate`` is how many requests leave in a second, counted for all threads and clients that use this object. Pass None for
      an account without the limit of 15, or a :class:`~skymms.rate_limit.RateLimit` that several processes share.
    - ``max_response`` is how many bytes of a response are read.
    - ``allow_other_files`` (v3) permits an MP4, an MP3 or MIDI file, a contact card or a pass instead of the picture. Ask your
      account manager first: the v3 page tells to contact them for such files.

    Raises :class:`~skymms.ConfigurationError` for an argument that cannot be right.
    """

    api_key: str = field(repr=False)
    _: KW_ONLY
    generation: str
    url: str | None = None
    allow_http: bool = False
    max_text: int | None = None
    rate: Rate = DEFAULT_RATE
    max_response: int = MAX_RESPONSE
    allow_other_files: bool = False
    name: str = field(init=False, repr=False, compare=False)
    address: str = field(init=False, repr=False, compare=False)
    rate_limit: RateLimit | None = field(init=False, repr=False, compare=False)
    _generation: Generation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("api_key", "generation", "url"):
            object.__setattr__(self, name, plain_value(getattr(self, name)))
        given: Any = self.generation
        generation = generations.GENERATIONS.get(given) if isinstance(given, str) else None
        if generation is None:
            raise errors.ConfigurationError(f"generation={given!r:.40}: choose v3 or v1; it is never guessed from the key")
        check_key(self.api_key, "pass it to CellcastAccount.v3 or .v1, or set SKYMMS_CELLCAST_KEY for .from_env()")
        remember_key(self.api_key)
        url = gateway_url(self.url, generation.url, self.allow_http)
        if type(self.max_response) is not int or self.max_response < 1:
            raise errors.ConfigurationError(f"max_response={self.max_response!r:.40}: give a whole number from 1 up")
        if self.allow_other_files:
            generation = generations.with_other_files(generation)
        if self.max_text is not None:
            generation = generation._replace(limits=replace(generation.limits, max_text=self.max_text))
        derived = {
            "name": generation.label,
            "address": url.rstrip("/") + "/",
            "rate_limit": rate_limit_from(self.rate),
            "_generation": generation,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @classmethod
    def v3(cls, appkey: str, **options: Unpack[_Options]) -> CellcastAccount:
        """Return an account of the older generation, by its APPKEY; for the options see the class."""
        return cls(appkey, generation="v3", **options)

    @classmethod
    def v1(cls, api_key: str, **options: Unpack[_Options]) -> CellcastAccount:
        """Return an account of the newer generation, by an API key made in the dashboard; for the options see the class."""
        return cls(api_key, generation="v1", **options)

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, /, **overrides: Any) -> CellcastAccount:
        """Return an account from the environment; keyword arguments replace its values.

        Reads ``SKYMMS_CELLCAST_KEY_FILE`` (the name of a file that contains the key) or ``SKYMMS_CELLCAST_KEY``, and
        ``SKYMMS_CELLCAST_GENERATION`` (v3 or v1), ``SKYMMS_CELLCAST_URL`` and ``SKYMMS_CELLCAST_ALLOW_HTTP`` (1 or 0).
        """
        env = os.environ if env is None else env
        options: dict[str, Any] = {"generation": env.get("SKYMMS_CELLCAST_GENERATION") or ""}
        if url := env.get("SKYMMS_CELLCAST_URL"):
            options["url"] = url
        if "allow_http" not in overrides:
            options["allow_http"] = allow_http_from_environment(env, "SKYMMS_CELLCAST_ALLOW_HTTP")
        if "api_key" not in overrides:
            options["api_key"] = key_from_environment(env, "SKYMMS_CELLCAST_KEY")
        return cls(**{**options, **overrides})

    def __repr__(self) -> str:
        return account_repr(self)

    # -------------------------------------------------------------------------------------------- validation

    def problems(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Return everything that Cellcast would refuse or does not support; for the latter, ``code`` is None."""
        if not isinstance(operation, Operation):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            raise TypeError(f"pass an operation such as CellcastSend(…), not {type(operation).__name__}")
        prepared: PreparedSend | None = getattr(operation, "_prepared", None)
        if prepared is not None and prepared.is_from(self):
            return ()
        return (*content_problems(operation, self._generation), *recipient_problems(operation))

    @property
    def limits(self) -> generations.CellcastLimits:
        """The limits of the generation: sizes, and the types of files, for :func:`skymms.media.preflight`."""
        return self._generation.limits

    def warnings(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Return what may go wrong although Cellcast accepts it."""
        return tuple(generations.WARNINGS_VALIDATOR.validate(operation, self._generation.limits))

    # -------------------------------------------------------------------------------------------- requests

    def prepare(self, operation: CellcastSend) -> PreparedSend:
        """Validate everything in a message but its recipients, and return it ready for any recipients."""
        if not isinstance(operation, CellcastSend):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a checker
            raise TypeError(f"pass a CellcastSend to prepare, not {type(operation).__name__}")
        refuse(content_problems(operation, self._generation))
        return PreparedSend(self, operation)

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """Yield the requests of a call, each as an operation, and return the reply to the whole call.

        A send makes one request for each thousand numbers. A listing makes one for each page, or for the page that was asked
        for, and then one for each row that is marked as read. Everything is validated before the first request.
        """
        refuse(self.problems(operation))
        if isinstance(operation, CellcastSend):
            return cast(R_co, (yield from _send_in_parts(PreparedSend(self, operation), operation)))
        if _lists_in_parts(operation):
            return cast(R_co, (yield from _list_in_parts(operation)))
        return cast(R_co, (yield operation))

    def partial(self, operation: Operation[Any], replies: Sequence[Any], sent_maybe: bool) -> Any:
        """Return what a call had done when an exception ended it; None if it is one request without a reply.

        ``replies`` are the replies to its first requests; ``sent_maybe`` is whether the next one may have been sent.
        """
        if isinstance(operation, CellcastSend):
            return _partly_sent(operation, replies, sent_maybe)
        if _lists_in_parts(operation):
            return _partly_listed(operation, replies)
        return replies[0] if replies else None

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """Return the HTTP request for an operation. Raises the first of its :meth:`problems`, with all of them."""
        refuse(self.problems(operation))
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


class PreparedSend:
    """A message that :meth:`CellcastAccount.prepare` validated; only the recipients are validated for each use."""

    __slots__ = ("_account", "_send")

    def __init__(self, account: CellcastAccount, send: CellcastSend) -> None:
        self._account, self._send = account, send

    def request(self, to: Sequence[str | int] | int) -> HttpRequest:
        """Return the HTTP request for these recipients, at most a thousand of them."""
        return self._account.encode(self.operation(to))

    def operation(self, to: Sequence[str | int] | int) -> CellcastSend:
        """Return the operation for these recipients, for ``client.call``. Raises :class:`~skymms.RecipientError`."""
        send = replace(self._send, to=to)
        refuse(recipient_problems(send))
        object.__setattr__(send, "_prepared", self)
        return send

    def is_from(self, account: object) -> bool:
        """True if this account prepared the message."""
        return self._account is account
