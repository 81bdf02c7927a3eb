"""The gateway in the sandbox, without its sockets: what a request is answered, and what follows.

It reads requests with the table that writes them and judges them by the rules that the library judges by, so what the sandbox
refuses is what the builder would have refused. It keeps what it accepts as the library's own values. It never keeps the key
it was sent.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ..cellcast import CellcastSent
from ..media.inspection import inspect
from ..model.notices import Notice
from ..model.operations import Operation
from ..model.replies import Refusal
from ..validation.validator import VALIDATOR
from ..wire.codecs import DecodeError
from ..wire.dialects import Dialect, UnknownActionError
from ..wire.schemas import schema_problems
from .account_actions import KEEPING
from .cellcast import Cellcast
from .cellcast_bodies import REFUSALS
from .faults import Faults, Rule
from .gateway_rules import late_or_far
from .listener import Incoming
from .routing import document
from .send_actions import SENDING
from .state import Due, Kept, Outcome, State, refuse, told

_ACTIONS = {**SENDING, **KEEPING}

#: What a report counts for where it is remembered, in bytes, and how many a request may have that count for nothing.
REPORT_SIZE, FEW_REPORTS = 100, 4


@dataclass(frozen=True, slots=True)
class Answered:
    """One request and what came of it.

    ``operation`` is None where it could not be understood; ``reply`` is None where a fault left it unread or untaken; ``fault``
    is the name of the fault that struck; ``notices`` are what goes out later; ``size`` is the request's, in bytes, and more
    where what follows is larger than that.
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
        return self._settled(
            dialect.name,
            request,
            self._understood(dialect, request),
            lambda operation: _ACTIONS[type(operation)](self._state, operation, dialect),
            lambda operation, code, info="": refuse(operation, REFUSALS[code].skycore_code if code in REFUSALS else code, info),
        )

    def answer_cellcast(self, spoken: Cellcast, request: Incoming) -> tuple[Answered, Rule | None]:
        """The same where Cellcast is spoken."""
        return self._settled(spoken.name, request, spoken.decode(request), spoken.act, spoken.refuse)

    def _settled(
        self,
        name: str,
        request: Incoming,
        understood: tuple[Any, Refusal | None],
        act: Callable[[Any], Outcome],
        refuse: Callable[..., Refusal],
    ) -> tuple[Answered, Rule | None]:
        """What a request comes to, whatever it was read with: first the faults, then the refusals, then what is done."""
        size = len(request.query) + len(request.body)
        operation, refused = understood
        rule = self._faults.read(_numbers(operation))
        if rule is not None and not rule.taken:
            reply = refuse(operation, rule.code) if rule.code else None
            answered = Answered(name, operation, reply, fault=rule.how, size=size)
        else:
            if refused is None and (wrong := self._too_fast() or self._looked_at(operation)):
                refused = refuse(operation, *wrong)
            with self.lock:
                reply, due = (refused, []) if refused else act(operation)
                if _sends(operation, reply):
                    self._state.sent.append(operation, size)
            # A thousand numbers have two thousand reports, each larger than the number that was asked for.
            size += REPORT_SIZE * max(0, len(due) - FEW_REPORTS)
            answered = Answered(name, operation, reply, tuple(due), rule.how if rule else None, size)
        with self.lock:
            self.answered.append(answered, size)
        return answered, rule

    def _understood(self, dialect: Dialect, request: Incoming) -> tuple[Any, Refusal | None]:
        """The operation, and why it is refused for what it says."""
        try:
            body = document(request, dialect)
            leaves = dialect.decode_leaves(body)
        except DecodeError as error:
            return None, refuse(None, "E108", str(error))
        try:
            operation, written, unread = dialect.decode_request(leaves)
        except UnknownActionError as error:
            return None, refuse(None, "E107", str(error))
        except DecodeError as error:
            return None, refuse(None, "E100", str(error))
        key = request.headers.get(dialect.key_header, "") if dialect.key_header else written
        if not hmac.compare_digest(key.encode(), self._api_key.encode()):
            return operation, refuse(operation, "E104")
        # 1.3: "digits only, no +"; the table reads a number as people write it, for files that people write.
        if any(not (number.isascii() and number.isdigit()) for number in _numbers(operation)):
            return operation, refuse(operation, "E110", "a number has digits only, country code first, and no +")
        insisted = self._state.settings
        limits = dialect.limits_for(_with_campaign(insisted), type(operation))
        if problems := VALIDATOR.validate(operation, limits):
            return operation, refuse(operation, *told(problems[0]))
        if (late := late_or_far(operation, self._state.clock.now())) is not None:
            return operation, refuse(operation, *told(late))
        if insisted.strict and (wrong := _by_schema(dialect, body, unread)):
            return operation, refuse(operation, *wrong)
        return operation, None

    def _too_fast(self) -> tuple[str, ...]:
        code = self._faults.too_fast()
        return (code,) if code else ()

    def _looked_at(self, operation: Any) -> tuple[str, ...]:
        """Fetch the files, as the real gateway does at each call; not while holding the lock."""
        show = getattr(operation, "slideshow", None)
        if not self._state.settings.fetch_media or show is None:
            return ()
        problem = next(inspect(show, self._state.settings.limits), None)
        return told(problem) if problem else ()


def _sends(operation: Any, reply: Any) -> bool:
    """Whether something was taken to be sent. Cellcast answers a yes that took nobody, too."""
    if isinstance(reply, CellcastSent):
        return bool(reply.queued)
    return type(operation) in SENDING and not isinstance(reply, Refusal)


def _with_campaign(settings: Any) -> Any:
    # 1.3: CAMPAIGNREF is mandatory for accounts with "Enforce Campaign Check" (E718).
    return settings.limits.with_required(("campaign_ref",)) if settings.check_campaigns else settings.limits


def _by_schema(dialect: Dialect, body: bytes, unread: Collection[str]) -> tuple[str, str] | None:
    """What a strict gateway refuses besides: a name nobody knows, and what the schema does not allow."""
    if unread:
        return "E100", f"{next(iter(unread)):.40} is no field of this action"
    if dialect.codec is dialect.response_codec and dialect.roots[0]:
        for problem in schema_problems(body):
            return problem.code or "E100", str(problem)
    return None


def _numbers(operation: Any) -> Collection[str]:
    """To whom a request is, for the faults that strike some numbers only."""
    named = [to for name in ("to", "mobile") if (to := getattr(operation, name, None))]
    return {str(one) for to in named for one in (to if isinstance(to, tuple) else (to,))}
