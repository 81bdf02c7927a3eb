"""Handles requests without sockets: decodes a request, validates it, acts on it, and returns the reply.

Requests are decoded with the library's wire table and validated by the library's rules, so the sandbox refuses exactly what the
builder refuses. Accepted operations are kept as the library's own values. The API key of a request is not kept.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, cast

from ..cellcast import CellcastSent
from ..errors import ConfigurationError
from ..export.curl_command import curl_command
from ..export.python_code import python_code
from ..export.toml_text import toml_text
from ..limits import Limits
from ..media.inspection import FETCH_TIMEOUT, preflight
from ..model.notices import Notice
from ..model.operations import Operation, SendMMS
from ..model.replies import Refusal
from ..model.stored_operations import SaveMMS
from ..validation.validator import VALIDATOR
from ..wire.codecs import DecodeError
from ..wire.dialects import DIALECTS, Dialect, UnknownActionError
from ..wire.schemas import schema_problems
from .account_actions import ACCOUNT_ACTIONS
from .cellcast import Cellcast
from .cellcast_bodies import REFUSALS
from .faults import FaultRule, Faults
from .gateway_rules import expiry_problem
from .listener import ServerRequest
from .raw_http import RawRequest, raw_request
from .routing import MissingDocumentError, request_document
from .send_actions import SEND_ACTIONS
from .state import ActionResult, RecentItems, ScheduledNotice, Settings, State, code_and_info, refuse

_ACTIONS = {**SEND_ACTIONS, **ACCOUNT_ACTIONS}

#: Each notice of a remembered request counts this many bytes, except for the first few.
NOTICE_SIZE, FREE_NOTICES = 100, 4


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request that the sandbox received, and its result.

    ``operation`` is None if the request could not be decoded. ``reply`` is None if a fault prevented it. ``fault`` is the
    name of the fault that was applied. ``due`` are the notices that follow, with their delays in seconds. ``size`` is the
    size of the request in bytes, or more if its notices need more memory. ``former_names`` are names in the request that the
    dialect had before today's, such as CAMPAIGNID; the response has them, too. ``raw`` is the request as it arrived, without
    its key; None in a record that a test made.
    """

    dialect: str
    operation: Operation[Any] | None
    reply: Any
    due: tuple[ScheduledNotice, ...] = ()
    fault: str | None = None
    size: int = 0
    former_names: frozenset[str] = frozenset()
    raw: RawRequest | None = field(default=None, repr=False)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices that follow, in the order in which they are due."""
        return tuple(one.notice for one in sorted(self.due, key=lambda one: one.after))

    def as_python(self) -> str:
        """Return Python code that sends the same operation to ``Account.from_env()``, or ``CellcastAccount.from_env()``.

        Like the other two forms it contains no key. Raises :class:`~skymms.ConfigurationError` if the request could not be
        decoded.
        """
        if self.operation is None:
            raise ConfigurationError("the request could not be decoded, so there is no Python code for it")
        return python_code(self.operation, dialect=self.dialect, former_names=self.former_names)

    def as_toml(self) -> str:
        """Return the slideshow as a file for ``skymms check`` and ``skymms send``.

        Raises :class:`~skymms.ConfigurationError` for a request without a slideshow, and for Cellcast.
        """
        operation = self.operation
        if isinstance(operation, SendMMS):
            return toml_text(operation, dialect=self.dialect)
        if isinstance(operation, SaveMMS):
            return toml_text(operation.slideshow)
        if self._is_cellcast:
            raise ConfigurationError(
                "Cellcast's messages have one slide and no slideshow, so there is no file in TOML for them"
            )
        raise ConfigurationError("a file in TOML holds a slideshow, and this request has none")

    def as_curl(self) -> str:
        """Return a command for a POSIX shell that sends the request again, with the key in ``$SKYMMS_API_KEY``.

        For Cellcast the variable is ``$SKYMMS_CELLCAST_KEY``. Raises :class:`~skymms.ConfigurationError` if there is no
        command: for a body of more than 64 kB, a picture in the request, or control characters.
        """
        raw = self.raw
        if raw is None or not raw.is_complete:
            raise ConfigurationError("the body is longer than 64 kB, or not text, so there is no command for it")
        variable = "SKYMMS_CELLCAST_KEY" if self._is_cellcast else "SKYMMS_API_KEY"
        shown = {name: raw.headers[name] for name in _CURL_HEADERS if name in raw.headers}
        fields = {name: value for name, value in raw.form if not isinstance(value, int)}
        # A form that contains the key is written field by field if that loses nothing: no file, and no name twice.
        body = fields if len(raw.body) > 1 and 0 < len(fields) == len(raw.form) else raw.body
        command = curl_command(raw.method, raw.url, shown, body, variable=variable)
        if command is None:
            raise ConfigurationError("the request has control characters, so there is no command that is safe to paste")
        return command

    @property
    def _is_cellcast(self) -> bool:
        return self.dialect not in DIALECTS


#: The headers of a request that belong to it, and do not depend on the program that sent it.
_CURL_HEADERS = ("content-type", "x-api-key", "appkey", "authorization")


class Gateway:
    """Handles requests; may be called from many threads, and changes the state from one at a time."""

    def __init__(self, api_key: str, state: State, faults: Faults) -> None:
        self._api_key = api_key
        self._state = state
        self._faults = faults
        self.lock: threading.Lock = threading.Lock()
        self.records: RecentItems[RequestRecord] = RecentItems()

    def handle(self, dialect: Dialect, request: ServerRequest) -> tuple[RequestRecord, FaultRule | None]:
        """Handle a request in this dialect; return its record and the fault that applies to it."""

        def act(operation: Operation[Any]) -> ActionResult:
            return _ACTIONS[type(operation)](self._state, operation, dialect)

        operation, refusal, former_names = self._decode_and_validate(dialect, request)
        return self._process(
            dialect.name, request, (operation, refusal), act, _refuse, self._state.settings.limits, former_names
        )

    def handle_cellcast(self, cellcast: Cellcast, request: ServerRequest) -> tuple[RequestRecord, FaultRule | None]:
        """Handle a request to Cellcast; return its record and the fault that applies to it."""
        decoded = cellcast.decode(request)
        return self._process(cellcast.name, request, decoded, cellcast.act, cellcast.refuse, cellcast.limits)

    def _process(
        self,
        name: str,
        request: ServerRequest,
        decoded: tuple[Any, Refusal | None],
        act: Callable[[Any], ActionResult],
        refuse: Callable[..., Refusal],
        limits: Limits,
        former_names: frozenset[str] = frozenset(),
    ) -> tuple[RequestRecord, FaultRule | None]:
        """Apply a fault, or refuse an invalid request, or act on a valid one."""
        # The request itself is kept as well.
        size = 2 * (len(request.query) + len(request.body))
        operation, refusal = decoded
        raw = raw_request(request, self._state.base_url, self._api_key)
        rule = self._faults.for_request(_recipients(operation))
        if rule is not None and not rule.accepted:
            reply = refuse(operation, rule.code) if rule.code else None
            record = RequestRecord(name, operation, reply, fault=rule.how, size=size, former_names=former_names, raw=raw)
        else:
            if refusal is None and (error := self._throttle_error() or self._media_error(operation, limits)):
                refusal = refuse(operation, *error)
            with self.lock:
                reply, due = (refusal, []) if refusal else act(operation)
                if _is_send(operation, reply):
                    self._state.sent.append(operation, size)
            # A Cellcast message to a thousand numbers has two thousand reports, each larger than a number in the request.
            size += NOTICE_SIZE * max(0, len(due) - FREE_NOTICES)
            fault = rule.how if rule else None
            record = RequestRecord(name, operation, reply, tuple(due), fault, size, former_names, raw)
        with self.lock:
            self.records.append(record, size)
        return record, rule

    def _decode_and_validate(self, dialect: Dialect, request: ServerRequest) -> tuple[Any, Refusal | None, frozenset[str]]:
        """Return the operation (None if it cannot be decoded), the refusal if it is wrong, and its former names."""
        nothing: frozenset[str] = frozenset()
        try:
            document = request_document(request, dialect)
            leaves = dialect.decode_leaves(document)
        except MissingDocumentError as error:
            # Skycore 1.3: the request must be valid XML in the field `xml`.
            return None, refuse(None, "E100", str(error)), nothing
        except DecodeError as error:
            return None, refuse(None, "E108", str(error)), nothing
        try:
            operation, api_key, unknown = dialect.decode_request(leaves)
        except UnknownActionError as error:
            return None, refuse(None, "E107", str(error)), nothing
        except DecodeError as error:
            return None, refuse(None, "E100", str(error)), nothing
        if dialect.key_header:
            api_key = request.headers.get(dialect.key_header, "")
        former_names = dialect.echoed_names(leaves)
        if not hmac.compare_digest(api_key.encode(), self._api_key.encode()):
            return operation, refuse(operation, "E104"), former_names
        refused = self._validation_error(dialect, operation)
        if refused is None and self._state.settings.strict:
            refused = _schema_error(dialect, document, unknown)
        return operation, refuse(operation, *refused) if refused else None, former_names

    def _validation_error(self, dialect: Dialect, operation: Any) -> tuple[str, str] | None:
        """Return the code and text of the first rule that an operation violates."""
        # Skycore 1.3: "digits only, no +". The wire table accepts separators, because files that people write have them.
        if any(not (number.isascii() and number.isdigit()) for number in _recipients(operation)):
            return "E110", "the number must have digits only, country code first, without +"
        kind = cast("type[Operation[Any]]", type(operation))
        limits = dialect.limits_for(_limits(self._state.settings), kind)
        if problems := VALIDATOR.validate(operation, limits):
            return code_and_info(problems[0])
        problem = expiry_problem(operation, self._state.clock.now())
        return code_and_info(problem) if problem else None

    def _throttle_error(self) -> tuple[str, ...]:
        code = self._faults.throttle_code()
        return (code,) if code else ()

    def _media_error(self, operation: Any, limits: Limits) -> tuple[str, ...]:
        """Fetch the files of a message if the sandbox is set to do so, without holding the lock."""
        if not self._state.settings.fetch_media or getattr(operation, "slideshow", None) is None:
            return ()
        # Local paths are not allowed: a message could name any file of this computer.
        found = preflight(
            operation,
            limits,
            stricter=self._state.settings.limits,
            fetch="whole",
            private=True,
            base=None,
            timeout=FETCH_TIMEOUT,
        )
        return code_and_info(found.problems[0]) if found.problems else ()


def _refuse(operation: Any, code: str, info: str = "") -> Refusal:
    """Refuse with one of Skycore's codes; a name of Cellcast's becomes the most similar code."""
    return refuse(operation, REFUSALS[code].skycore_code if code in REFUSALS else code, info)


def _is_send(operation: Any, reply: Any) -> bool:
    """Whether a message was accepted. Cellcast also reports success for a message without a valid recipient."""
    if isinstance(reply, CellcastSent):
        return bool(reply.queued)
    return type(operation) in SEND_ACTIONS and not isinstance(reply, Refusal)


def _limits(settings: Settings) -> Limits:
    # Skycore 1.3: CAMPAIGNREF is required for accounts with "Enforce Campaign Check" (E718).
    return settings.limits.with_required(("campaign_ref",)) if settings.check_campaigns else settings.limits


def _schema_error(dialect: Dialect, document: bytes, unknown: Collection[str]) -> tuple[str, str] | None:
    """Return the error that only a strict sandbox reports: an unknown field, or a violation of the XML schema."""
    if unknown:
        return "E100", f"{next(iter(unknown)):.40} is not a field of this action"
    if dialect.codec is dialect.response_codec and dialect.roots[0]:
        for problem in schema_problems(document):
            return problem.code or "E100", str(problem)
    return None


def _recipients(operation: Any) -> Collection[str]:
    """The numbers that an operation is addressed to."""
    numbers: set[str] = set()
    for name in ("to", "mobile"):
        value: Any = getattr(operation, name, None)
        if value:
            numbers.update(map(str, cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)))
    return numbers
