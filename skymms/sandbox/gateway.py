"""The gateway in the sandbox, without its sockets: what a request is answered, and what follows.

It reads requests with the table that writes them and judges them by the rules that the library judges by, so what the sandbox
refuses is what the builder would have refused. It keeps what it accepts as the library's own values. It never keeps the key
it was sent.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..codecs import Unreadable
from ..dialects import Dialect, UnknownAction
from ..judge import PROBLEMS
from ..notices import Notice
from ..operations import Operation
from ..replies import Refused
from ..schema import schema_problems
from .doors import document
from .faults import Faults, Rule
from .keeping import KEEPING
from .listener import Incoming
from .media import inspect
from .sending import SENDING
from .state import Due, Kept, State, refuse

_ACTIONS = {**SENDING, **KEEPING}


@dataclass(frozen=True, slots=True)
class Answered:
    """One request and what came of it.

    ``operation`` is None where it could not be understood; ``reply`` is None where a fault left it unread or untaken; ``fault``
    is the name of the fault that struck; ``notices`` are what goes out later; ``size`` is the request's, in bytes.
    """

    dialect: str
    operation: Operation[Any] | None
    reply: Any
    due: tuple[Due, ...] = ()
    fault: str | None = None
    size: int = 0

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What follows, in the order in which it happens."""
        return tuple(one.notice for one in sorted(self.due, key=lambda one: one.after))


class Gateway:
    """Judgement. ``answer`` is safe to call from many threads: one at a time changes what is kept."""

    def __init__(self, api_key: str, state: State, faults: Faults) -> None:
        self._api_key = api_key
        self._state = state
        self._faults = faults
        self.lock = threading.Lock()
        self.answered: Kept[Answered] = Kept()

    def answer(self, dialect: Dialect, request: Incoming) -> tuple[Answered, Rule | None]:
        """What a request in that dialect comes to, and the fault that strikes it."""
        size = len(request.query) + len(request.body)
        operation, refused = self._understood(dialect, request)
        rule = self._faults.read(_numbers(operation))
        if rule is not None and not rule.taken:
            reply = refuse(operation, rule.code) if rule.code else None
            answered = Answered(dialect.name, operation, reply, fault=rule.how, size=size)
        else:
            refused = refused or self._too_fast(operation) or self._looked_at(operation)
            with self.lock:
                reply, due = (refused, []) if refused else _ACTIONS[type(operation)](self._state, operation, dialect)
                if type(operation) in SENDING and not isinstance(reply, Refused):
                    self._state.sent.append(operation, size)
            answered = Answered(dialect.name, operation, reply, tuple(due), rule.how if rule else None, size)
        with self.lock:
            self.answered.append(answered, size)
        return answered, rule

    def _understood(self, dialect: Dialect, request: Incoming) -> tuple[Any, Refused | None]:
        """The operation, and why it is refused for what it says."""
        try:
            body = document(request, dialect)
            leaves = dialect.read_leaves(body)
        except Unreadable as error:
            return None, refuse(None, "E108", str(error))
        try:
            operation, written, unread = dialect.read_request(leaves)
        except UnknownAction as error:
            return None, refuse(None, "E107", str(error))
        except Unreadable as error:
            return None, refuse(None, "E100", str(error))
        told = request.headers.get(dialect.key_header, "") if dialect.key_header else written
        if not hmac.compare_digest(told.encode(), self._api_key.encode()):
            return operation, refuse(operation, "E104")
        insisted = self._state.settings
        limits = dialect.insisting(_with_campaign(insisted), type(operation))
        if problems := PROBLEMS.message(operation, limits):
            first = problems[0]
            return operation, refuse(operation, first.code or "E100", f"{first.where}: {first.message}")
        if insisted.strict and (wrong := _by_schema(dialect, body, unread)):
            return operation, refuse(operation, *wrong)
        return operation, None

    def _too_fast(self, operation: Operation[Any]) -> Refused | None:
        code = self._faults.too_fast()
        return refuse(operation, code) if code else None

    def _looked_at(self, operation: Any) -> Refused | None:
        """Fetch the files, as the real gateway does at each call; not while holding the lock."""
        show = getattr(operation, "slideshow", None)
        if not self._state.settings.fetch_media or show is None:
            return None
        problem = next(inspect(show, self._state.settings.limits), None)
        return refuse(operation, problem.code or "E100", f"{problem.where}: {problem.message}") if problem else None


def _with_campaign(settings: Any) -> Any:
    # 1.3: CAMPAIGNREF is mandatory for accounts with "Enforce Campaign Check" (E718).
    return settings.limits.insisting(("campaign_ref",)) if settings.check_campaigns else settings.limits


def _by_schema(dialect: Dialect, body: bytes, unread: Collection[str]) -> tuple[str, str] | None:
    """What a strict gateway refuses besides: a name nobody knows, and what the schema does not allow."""
    if unread:
        return "E100", f"{next(iter(unread)):.40} is no field of this action"
    if dialect.codec is dialect.answer_codec and dialect.roots[0]:
        for problem in schema_problems(body):
            return problem.code or "E100", str(problem)
    return None


def _numbers(operation: Any) -> Collection[str]:
    """To whom a request is, for the faults that strike some numbers only."""
    return {str(to) for name in ("to", "mobile") if (to := getattr(operation, name, None))}
