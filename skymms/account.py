"""One account at a gateway: from operations to HTTP requests, from HTTP answers to replies or errors.

Pure: no socket, no clock. Whatever carries the requests (the clients here, or a queue of your own) calls :meth:`Account.encode`
and :meth:`Account.decode` and nothing else.

The key never prints. No repr shows it, no error holds it (a gateway that echoes it back is masked too), and neither an account
nor a request can be pickled: hand a worker the environment, not the secret.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import chain
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from . import codes, table
from .asking import Asking
from .codecs import Unreadable, mended, query
from .dialects import Dialect, answer_reader, check_required, dialect, fold, status_instead
from .errors import (
    FIND_OUT,
    ConfigurationError,
    Nodes,
    Problem,
    ProtocolError,
    SkymmsError,
    error_class,
    gateway_refusal,
    refusal,
)
from .judge import ADVISORY
from .keys import MASK, Secretive, check_address, check_key, shown, without_key, without_key_bytes
from .limits import DOCUMENTED, Limits
from .once import once
from .operations import Operation, R_co
from .replies import Refused
from .rules import digits
from .spelling import spelled

# The two names that tell whether an answer is a yes, as they are compared.
_STATUS, _CODE = (fold(spelled(row, 0)) for row in (table.STATUS[0], table.REPLIES[Refused][0]))

#: How much of an answer is read. The longest documented one is a few hundred bytes; a list of ids may be long.
MOST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class HttpRequest(Secretive):
    """What to send. The key is in ``url``, in ``body`` or in ``headers``, so its repr shows none of them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(hash=False)
    body: bytes = b""

    @property
    def place(self) -> str:
        """The address without its query and without a user's name, fit for a log."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def __repr__(self) -> str:
        return f"<HttpRequest {self.method} {self.place}, {len(self.url) + len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back: the status, the headers (any case), and the whole body."""

    status: int
    headers: Mapping[str, str] = field(hash=False)
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value, its name compared without case."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, repr=False)
class _Way(Secretive):
    """How the documents of an account travel: in the address, in a form field, or as the body."""

    method: str
    url: str
    headers: Mapping[str, str]
    #: What a body begins with, and what becomes of a document's bytes, piece by piece.
    before: bytes = b""
    carry: Callable[[bytes], bytes] = bytes

    @classmethod
    def of(cls, spoken: Dialect, api_key: str, url: str, bare_body: bool) -> _Way:
        """The way of a dialect; some accounts want a body bare where the documents ask for a form."""
        # Answers are small and bombs are not. Said here, since a session of the caller's would ask for what it can unpack.
        headers = {"Accept": spoken.answer_codec.ACCEPT, "Accept-Encoding": "identity"}
        if spoken.key_header:
            headers[spoken.key_header] = api_key
        if spoken.carried == "url":
            return cls("GET", url, headers)
        if spoken.carried == "form" and not bare_body:
            return cls("POST", url, {**headers, "Content-Type": query.CONTENT_TYPE}, b"xml=", query.quoted)
        return cls("POST", url, {**headers, "Content-Type": spoken.codec.CONTENT_TYPE})

    def request(self, carried: bytes) -> HttpRequest:
        """The request for a document whose bytes are as they travel."""
        if self.method == "GET":
            return HttpRequest("GET", f"{self.url}?{carried.decode('ascii')}", self.headers)
        return HttpRequest(self.method, self.url, self.headers, self.before + carried)


@dataclass(frozen=True, slots=True, repr=False)
class Account(Secretive):
    """An account: its key, the dialect it speaks, and where.

    ``dialect`` is ``"skycore"`` (1.3, XML by POST), ``"skycore-get"`` (1.3, GET), ``"sinch"`` (the hyphenated XML of the
    successor) or ``"sinch-json"`` (its JSON service).
    ``url`` points elsewhere than the vendor's own host: a white-label host, a sandbox. ``bare_body`` posts 1.3
    XML as the body itself, as some production clients do, rather than in the documented form field. ``line_break`` is what a
    ``\\n`` in a text is written as; ``r"\\n"`` writes the two characters of the vendor's example. ``limits`` are the figures
    and fields this account's gateway insists on. ``most_answer`` is how many bytes of an answer are read: 64 kB, in which
    the ids of some 6,000 stored messages can be listed. Raises :class:`~skymms.ConfigurationError` for what cannot be an
    account.
    """

    #: What an exchange asks of any account; this gateway asks for no pace.
    pacer: ClassVar[None] = None

    api_key: str = field(repr=False)
    _: KW_ONLY
    dialect: str = "skycore"
    url: str | None = None
    bare_body: bool = False
    line_break: str = "\n"
    limits: Limits = DOCUMENTED
    most_answer: int = MOST_ANSWER
    #: The dialect itself, looked up once.
    spoken: Dialect = field(init=False, repr=False, compare=False)
    #: How its requests travel, and what is worked out once for each kind of operation.
    _way: _Way = field(init=False, repr=False, compare=False)
    _asked: dict[type[Operation[Any]], Asking] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spoken", dialect(self.dialect))  # there is one of that name
        _check_kinds(self)
        check_required(self.limits)
        check_key(self.api_key, "pass api_key, or set SKYMMS_API_KEY for Account.from_env()")
        check_address(self.address)
        object.__setattr__(self, "_way", _Way.of(self.spoken, self.api_key, self.address, self.bare_body))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, /, **overrides: Any) -> Account:
        """An account from ``SKYMMS_API_KEY``, ``SKYMMS_DIALECT`` and ``SKYMMS_URL``; keywords win."""
        env = os.environ if env is None else env
        named = {"api_key": "SKYMMS_API_KEY", "dialect": "SKYMMS_DIALECT", "url": "SKYMMS_URL"}
        found = {name: env[variable] for name, variable in named.items() if env.get(variable)}
        return cls(**{"api_key": "", **found, **overrides})

    @property
    def name(self) -> str:
        """What it speaks, for those who print it."""
        return self.dialect

    @property
    def address(self) -> str:
        """Where the gateway is: ``url``, or the vendor's own host for the dialect."""
        return self.url if self.url is not None else self.spoken.url

    # -------------------------------------------------------------------------------------------- judging

    def problems(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """Everything this account's gateway would refuse, and every field its dialect has no word for."""
        if not isinstance(operation, Operation):
            raise TypeError(f"an operation such as SendMMS(…) is wanted, not {type(operation).__name__}")
        if type(operation) not in table.REQUESTS:  # another gateway's
            return (Problem(None, None, type(operation).__name__, f"{self.dialect} has no action for it"),)
        return tuple(self._asking(type(operation)).problems(operation))

    def advices(self, operation: Operation[Any]) -> tuple[Problem, ...]:
        """What the vendors advise against and accept all the same."""
        return tuple(ADVISORY.message(operation, self.limits))

    # -------------------------------------------------------------------------------------------- encoding

    def encode(self, operation: Operation[Any]) -> HttpRequest:
        """The HTTP request for an operation; raises the first of its :meth:`problems`, carrying them all."""
        asking = self._asked.get(type(operation))
        if asking is None:
            # Perhaps none of this gateway's, which has no way of asking.
            if problems := self.problems(operation):
                raise refusal(problems)
            asking = self._asking(type(operation))
        return self._way.request(asking.document(operation))

    def wrap(self, document: bytes) -> HttpRequest:
        """A document of this account's dialect as it travels: in the address, in a form field, or as the body."""
        return self._way.request(self._way.carry(document))

    def _asking(self, kind: type[Operation[Any]]) -> Asking:
        known = self._asked.get(kind)
        if known is None:
            spoken = self.spoken
            # Before anything is sent: what cannot be loaded would leave an answer unread.
            spoken.answer_codec.ready()
            template = spoken.template(kind, self.api_key, self.line_break, self._way.carry)
            known = self._asked[kind] = Asking(kind, spoken, self.limits, self.line_break, template)
        return known

    def parts(self, operation: Operation[R_co]) -> Generator[Operation[Any], Any, R_co]:
        """The requests of a call: here always one, whose reply is the call's."""
        reply: R_co = yield operation
        return reply

    def masked(self) -> Account:
        """The same account with a key that may be shown."""
        return replace(self, api_key=MASK)

    __repr__ = shown

    # -------------------------------------------------------------------------------------------- decoding

    def decode(self, operation: Operation[R_co], response: HttpResponse) -> R_co:
        """The reply to an operation.

        Raises the :class:`~skymms.MMSError` of a refusal, or :class:`~skymms.ProtocolError` for an answer that is not the
        protocol's or answers another request; then ``sent_maybe`` is true unless the operation only reads.
        """
        try:
            reply = self._read(operation, response.body)
        except ValueError as error:  # Unreadable, or a reply that cannot do without what is missing
            trouble: str | None = self._without_key(str(error))  # the parser's words quote names
        else:
            if (trouble := _meant_for_another(operation, reply)) is None:
                return cast(R_co, reply)
        raise outside(operation, response, trouble, self.api_key)

    def _read(self, operation: Operation[Any], body: bytes) -> Any:
        """The reply in a body. Raises the refusal it holds, or :class:`Unreadable`."""
        spoken = self.spoken
        if len(body) > self.most_answer:
            # A client reads no more than a bit beyond that, and does not know how long it would have been.
            raise Unreadable(f"more than {self.most_answer:,} bytes: give Account(most_answer=…) where they are to be expected")
        root, leaves = spoken.answer_codec.read(body, self.most_answer, table.NESTED)
        if fold(root) != fold(spoken.roots[1]):
            raise Unreadable(f"the root is {self._without_key(root):.40}, not {spoken.roots[1]}")
        raw: Nodes = tuple([(path, text) for path, _, text in leaves])
        said = "\n".join(chain.from_iterable(raw))
        if self.api_key in said or not said.isascii():
            leaves = [(self._without_key(path), at, self._without_key(text)) for path, at, text in mended(leaves)]
            raw = tuple([(path, text) for path, _, text in leaves])
        status, refuses = None, False
        for at, (path, text) in enumerate(raw):
            name = fold(path)
            if name == _CODE:
                refuses = True
            elif name == _STATUS:
                if status is not None:
                    raise Unreadable("it says its status twice")
                status = text.strip().lower()
                # It is no field of a reply.
                del leaves[at]
        # Ruling 10: STATUS other than success, or an error code; whatever the HTTP status.
        if refuses or (status and status != "success"):
            refused, _ = answer_reader(Refused).read(leaves)
            # Somebody else's "try later" must not have our message sent a second time.
            if (other := _meant_for_another(operation, refused)) is not None:
                raise Unreadable(other)
            if refused.code or (status and status != "success"):
                raise gateway_refusal(refused.code, refused.info, status=status, reply=raw, repeatable=operation.repeatable)
        if not status and status_instead(operation.reply).isdisjoint([fold(path) for path, _ in raw]):
            raise Unreadable("it has no status")
        reply, _ = answer_reader(operation.reply).read(leaves, raw=raw)
        return reply

    def _without_key(self, text: str) -> str:
        return without_key(text, self.api_key)


def _check_kinds(account: Account) -> None:
    """Raise :class:`~skymms.ConfigurationError` for what is of another kind than it has to be, and would only show later."""
    wanted = (("bare_body", bool, "True or False"), ("line_break", str, "text"), ("limits", Limits, "skymms.Limits(…)"))
    for name, kind, said in wanted:
        if not isinstance(given := getattr(account, name), kind):
            raise ConfigurationError(f"{name}={given!r:.40}: give {said}")
    if type(account.most_answer) is not int or account.most_answer < 1:
        raise ConfigurationError(f"most_answer={account.most_answer!r:.40}: give a whole number of bytes from 1 up")


def outside(operation: Operation[Any], response: HttpResponse, trouble: str | None, key: str) -> SkymmsError:
    """The error for an answer that is none of the protocol's, whatever the protocol; ``trouble`` says why."""
    http = response.status
    if http == 429:
        # The HTTP layer said no before the protocol could.
        return error_class("429")("429", codes.ANSWERS["429"].meaning)
    if 300 <= http < 400:
        trouble = "a redirect, which is not followed"
    # A 4xx is a plain no; anything else may have come after the message was taken.
    maybe = not operation.repeatable and not (400 <= http < 500 and http != 408)
    remedy = FIND_OUT if maybe else "Check the account's address." if 300 <= http < 500 else ""
    return ProtocolError(
        f"HTTP {http} with an answer outside the protocol: {trouble}. {remedy}".rstrip(),
        body=without_key_bytes(response.body, key),
        status=http,
        sent_maybe=maybe,
    )


def _meant_for_another(operation: Operation[Any], reply: Any) -> str | None:
    """An answer that names another number or another id is the answer to another request, and tells nothing of ours."""
    for name, plain in _in_both(type(operation), type(reply)):
        asked, told = getattr(operation, name), getattr(reply, name)
        if asked and told and plain(asked) != plain(told):
            return f"it answers another request (its {name} is not ours)"
    return None


@once
def _in_both(operation: type[Any], reply: type[Any]) -> list[tuple[str, Callable[[object], str]]]:
    return [(name, plain) for name, plain in _TELLING if hasattr(operation, name) and hasattr(reply, name)]


def _bare(written: object) -> str:
    return str(written).strip()


#: The fields that an answer repeats from its request, and how they are compared.
_TELLING = (("to", digits), ("mobile", digits), ("mms_id", _bare), ("inbox_id", _bare), ("subscriber_ref", _bare))
