"""The sandbox itself: a gateway on this machine, with an address, that reports back and breaks when told to.

This page is the face; behind it the listener hears, the gateway judges, the clock and the postman report, and the journal
remembers for those who watch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Literal, overload
from urllib.parse import urlsplit

from ..account import Account
from ..cellcast import CellcastAccount
from ..errors import ConfigurationError
from ..limits import DOCUMENTED, Limits
from ..model.notices import InboundSMS, Notice
from ..validation.slide_rules import INVALID_XML_CHARACTERS
from ..wire.dialects import Dialect
from ..wire.dialects import get_dialect as spoken
from . import cellcast, control, page
from . import event_text as lines
from .account_actions import inbound
from .cellcast_bodies import OTHER_REPLY
from .clock import Clock
from .events import EventLog, recipients
from .fault_responses import outgoing
from .faults import Faults, Rule
from .gateway import Answered, Gateway
from .listener import Incoming, Listener, Outgoing
from .outcomes import OUTCOMES
from .postback_sender import PostbackPolicy, PostbackSender, Speaker
from .routing import ABOUT, for_people, path, spoken_at
from .state import Delays, Joined, Saved, Settings, State, as_told, printable


class Sandbox:
    """A gateway on a free port of this machine, for tests and demos; a context manager.

    It takes requests in every dialect and of both of Cellcast's generations, judges them by the library's own rules, keeps
    saved slideshows, and posts what becomes of the messages to ``postback_url``, after ``delays`` on its own ``clock``.
    ``sent``, ``saved`` and ``requests`` are the library's own values. ``on_event`` is called with a line for each request and
    postback, fit for a screen: the sandbox's time is in it, and no key. It listens on loopback; ``host`` opens it to others.

    What it insists on besides: ``limits``, as for an account; ``senders``, the account's short codes (E111); ``operators``,
    the carriers it knows (E651); ``check_campaigns``, for accounts with that check (E718, E721, E715); ``strict``, the
    schema too; ``fetch_media``, that every file can be fetched and is what it should be (E33x, E341, E35x, E629).
    """

    def __init__(
        self,
        api_key: str = "sandbox-key",
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        postback_url: str | None = None,
        limits: Limits = DOCUMENTED,
        delays: Delays = Delays(),  # noqa: B008 (a frozen value)
        senders: Collection[str] | None = None,
        operators: Collection[str] | None = None,
        check_campaigns: bool = False,
        strict: bool = False,
        fetch_media: bool = False,
        on_event: Callable[[str], None] | None = None,
    ) -> None:
        settings = Settings(
            limits=limits,
            delays=delays,
            senders=senders,
            operators=operators,
            check_campaigns=check_campaigns,
            strict=strict,
            fetch_media=fetch_media,
        )
        self._api_key, self._host = api_key, host
        self._on_event = on_event
        self.clock = Clock(self._turned)
        self._journal = EventLog(self.clock.now)
        self._postman = PostbackSender(postback_url, self.clock, self._told)
        self._state = State(settings, self.clock)
        self._faults = Faults(self.clock.seconds)
        self._gateway = Gateway(api_key, self._state, self._faults)
        self._cellcast = cellcast.generations(api_key, self._state)
        #: What can be asked for over HTTP as well.
        arranged = (self.fail, self.throttle, self.block, self.unblock, self.outcome, self.spoil, self.postbacks, self.credits)
        self._verbs: dict[str, Callable[..., object]] = {
            verb.__name__: verb for verb in (*arranged, self.receive_mms, self.receive_sms, self.reset, self.clock.advance)
        }
        self._listener = Listener(self._answer, host=host, port=port, refuse=self._refuses)
        self.url = self._state.home = self._listener.url

    # -------------------------------------------------------------------------------------------- what tests ask

    @overload
    def account(self, dialect: Literal["cellcast-v3", "cellcast-v1"], **options: Any) -> CellcastAccount: ...

    @overload
    def account(self, dialect: str = "skycore", **options: Any) -> Account: ...

    def account(self, dialect: str = "skycore", **options: Any) -> Account | CellcastAccount:
        """An account at this gateway, ready to be used; ``api_key="another"`` makes one that it refuses.

        ``dialect`` is one of Skycore's, or ``cellcast-v3`` or ``cellcast-v1``; with ``rate=None`` they have no rate limit.
        """
        if (cellcast := self._cellcast.get(dialect)) is not None:
            there = {"api_key": self._api_key, "url": self.url + cellcast.path, "generation": cellcast.generation}
            return CellcastAccount(**{**there, **options})
        chosen = {"api_key": self._api_key, "url": self.url + path(spoken(dialect)), **options}
        return Account(dialect=dialect, **chosen)

    @property
    def sent(self) -> list[Any]:
        """The sends that were taken, oldest first."""
        return list(self._state.sent)

    @property
    def saved(self) -> list[Saved]:
        """The slideshows that are stored, oldest first."""
        return list(self._state.saved.values())

    @property
    def requests(self) -> list[Answered]:
        """Every request, accepted, refused or broken, with its answer, oldest first."""
        return list(self._gateway.answered)

    @property
    def campaigns(self) -> list[Joined]:
        """The campaigns, with the numbers that are in them, oldest first."""
        return list(self._state.campaigns.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many requests there were, and how many were accepted, refused and broken: of these nothing is dropped."""
        return dict(self._journal.counts)

    # -------------------------------------------------------------------------------------------- what tests arrange

    def fail(
        self,
        how: str | int,
        *,
        times: int | None = None,
        every: int | None = None,
        to: Collection[str] | str | None = None,
        seconds: float | None = None,
    ) -> Rule:
        """Break the next request, or the next ``times``, or ``every`` tenth, or those ``to`` some number.

        ``how`` is a name of :data:`~skymms.sandbox.FAULTS` (``refuse``, ``drop``, ``reset``, ``stall``, ``slow``, ``half``,
        ``500``, ``503``, ``429``, ``html``, ``charset``, ``stranger``) or any code of a refusal (``E106``, ``E503``)
        or Cellcast's word for one (``OVER_LIMIT``, ``RECIPIENTS_ERROR``); who speaks the other protocol gets the nearest.
        ``times`` is 1 unless ``every`` is given, which has no end by itself. ``seconds`` is how long a ``stall`` lasts (60),
        how long a ``slow`` answer takes (5), or what the ``Retry-After`` of ``503`` and ``429`` says (1). Of several faults
        the first that was asked for strikes. What comes back counts in ``struck``.
        """
        rule = self._faults.add(str(how), times, every, to, seconds)
        self._say(f"arranged: fail {rule.told}")
        return rule

    def throttle(self, calls: int, seconds: float = 1.0, code: str = "E113") -> None:
        """Refuse more than ``calls`` within ``seconds``: E106, E113, or with 86,400 seconds E120 for a day's quota.

        Cellcast answers OVER_LIMIT to all of these.
        """
        self._faults.pace(calls, seconds, code)
        self._say(f"arranged: throttle, {code} beyond {calls} calls in {seconds:g} s")

    def block(self, *numbers: str) -> None:
        """Refuse to send to these numbers from now on (E114); Cellcast has them among those who opted out."""
        if not numbers:
            raise ConfigurationError("block which numbers?")
        self._state.blocked.update(as_told(numbers))
        self._say(f"arranged: block {recipients(numbers)}")

    def unblock(self, *numbers: str) -> None:
        """Send to these numbers again."""
        self._state.blocked.difference_update(as_told(numbers))
        self._say(f"arranged: unblock {recipients(numbers)}")

    def credits(self, left: int) -> None:
        """How many credits of Cellcast's are left from now on: every recipient takes one, and too few are a refusal."""
        if type(left) is not int or left < 0:
            raise ConfigurationError(f"{left!r:.40} credits cannot be left: give a number from 0 up")
        self._state.credits = left

    def outcome(self, code: str, *, to: str | None = None, status: str | None = None) -> None:
        """What becomes of messages from now on, or of those ``to`` a number, by the code of the last report.

        N102 delivered, E102 not delivered, E101 not sendable, N202 delivered as a link by SMS, E202 such a link not
        delivered, N101 sent and never heard of again. ``status`` puts other words into the last report:
        ``Message Sent/Expired``. Cellcast says delivered, failed or rejected for these, or the last word of ``status``.
        """
        if code not in OUTCOMES:
            raise ConfigurationError(f"no message ends with {code!r:.40}: choose one of {', '.join(OUTCOMES)}")
        _texts(status or "")
        for number in as_told([to]) if to is not None else [None]:
            self._state.outcomes[number] = code, status
        self._say(f"arranged: outcome {code}{f', {status}' if status else ''} for {to or 'all'}")

    def spoil(self, url: str, code: str = "E002") -> None:
        """Let the encoding of a file fail: E002, or E003, which some documents say for video."""
        if code not in {"E002", "E003"}:
            raise ConfigurationError(f"no encoding ends with {code!r:.40}: choose E002 or E003")
        if urlsplit(str(url)).scheme not in {"http", "https"}:
            raise ConfigurationError(f"{url!r:.80} is no address of a file")
        self._state.spoilt[url] = code
        self._say(f"arranged: spoil {printable(url)[:80]}, {code}")

    def postbacks(
        self, *, dialect: str | None = None, twice: bool = False, disorder: bool = False, batch: bool = False
    ) -> None:
        """How postbacks are told from now on.

        ``dialect``: in the form of one dialect, whatever the request's was. ``twice``: each of them two times.
        ``disorder``: the last report of a message first. ``batch``: once a minute, in the envelope of before 2013-11.
        Cellcast's are always in its own form.
        """
        self._postman.manner = PostbackPolicy(
            dialect=spoken(dialect) if dialect else None, twice=twice, disorder=disorder, batch=batch
        )

    def receive_mms(
        self,
        sender: str,
        to: str,
        *files: str,
        text: str | None = None,
        subject: str | None = None,
        dialect: str = "skycore",
    ) -> str:
        """Let somebody send an MMS to a short code: posts its N401, and returns the id it has in the inbox.

        ``files`` are addresses; ``text`` becomes one more, served by the sandbox. At Cellcast it is a response, unread until it
        is marked; it has no subject there, and v3's webhook names no files.
        """
        _texts(sender, to, *files, text or "", subject or "")
        as_told(sender)
        if dialect in self._cellcast:
            return self._receive(dialect, sender, to, text or "", files)
        with self._gateway.lock:
            notice = inbound(self._state, sender, to, files, text, subject)
        self._later(0.0, notice, spoken(dialect))
        return notice.tracking_id or ""

    def receive_sms(self, sender: str, to: str, text: str, *, dialect: str = "skycore") -> str:
        """Let somebody send an SMS to a short code: posts its N211, and returns its transaction id.

        At Cellcast it is a response, unread until it is marked.
        """
        _texts(sender, to, text)
        as_told(sender)
        if dialect in self._cellcast:
            return self._receive(dialect, sender, to, text)
        with self._gateway.lock:
            transaction_id = f"SMS_MO_{self._state.next_id()}"
        notice = InboundSMS(
            "N211", origin="SMS_MO", sender=sender, to=to, text=text, timestamp=self.clock.now(), transaction_id=transaction_id
        )
        self._later(0.0, notice, spoken(dialect))
        return transaction_id

    def _receive(self, dialect: str, sender: str, to: str, text: str, files: tuple[str, ...] | None = None) -> str:
        generation = self._cellcast[dialect]
        with self._gateway.lock:
            message_id, notice = generation.receive(sender, to, text, files)
        self._later(0.0, notice, generation)
        return message_id

    def reset(self) -> None:
        """As it was when it was made, at the same address: nothing kept, nothing arranged, nothing due."""
        self.clock.reset()
        with self._gateway.lock:
            self._state.clear()
            self._gateway.answered.clear()
        self._faults.reset()
        self._postman.reset()
        self._journal.reset()
        self._say("reset: everything starts over")

    # -------------------------------------------------------------------------------------------- running

    def serve_forever(self) -> None:
        """Until interrupted."""
        self._listener.wait()

    def close(self) -> None:
        """Stop listening and drop the postbacks that have not left."""
        self._journal.close()
        self._listener.close()
        self.clock.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url}>"

    # -------------------------------------------------------------------------------------------- answering

    def _refuses(self, beginning: bytes) -> bool:
        # Who looks at the page has to see this fault, and who arranged it, to be able to end it.
        if for_people(beginning) or self._faults.unread() is None:
            return False
        self._say("a connection was closed before its request was read; broken on demand: refuse")
        return True

    def _answer(self, request: Incoming) -> Outgoing:
        generation = next((one for one in self._cellcast.values() if one.accepts(request)), None)
        if generation is not None:
            answered, rule = self._gateway.answer_cellcast(generation, request)
            self._remember(answered, generation)
            return outgoing(
                partial(generation.encode_reply, answered.operation), answered.reply, rule, lambda reply: OTHER_REPLY
            )
        at_this_address = spoken_at(request)
        if at_this_address is None:
            return self._elsewhere(request)
        answered, rule = self._gateway.answer(at_this_address, request)
        self._remember(answered, at_this_address)
        return outgoing(partial(_written, at_this_address), answered.reply, rule)

    def _remember(self, answered: Answered, speaker: Speaker) -> None:
        """Tell those who watch, and see to what follows."""
        stored = self._state.saved.get(str(getattr(answered.operation, "mms_id", None)))
        self._journal.request(answered, stored.slideshow if stored else None)
        self._say(lines.request_line(answered))
        for due in _ordered(answered, self._postman.manner):
            self._later(due[0], due[1], speaker)

    def _elsewhere(self, request: Incoming) -> Outgoing:
        """What is no dialect's: the page, the tests' control, files of the sandbox's own."""
        if (shown := page.answer(request, self._journal, host=self._host)) is not None:
            return shown
        if (done := control.answer(request, self._verbs, host=self._host)) is not None:
            return done
        if request.path == "/" and request.method == "GET":
            return Outgoing(200, ABOUT.encode(), "text/plain; charset=utf-8")
        if request.method == "GET" and (file := self._state.files.get(request.path)) is not None:
            return Outgoing(200, file[1], file[0])
        self._say(f"{request.method} {printable(request.path)[:60]} -> 404, no gateway is spoken to at this address")
        return Outgoing(404, f"No gateway is spoken to at this address. {ABOUT}".encode(), "text/plain; charset=utf-8")

    def _later(self, after: float, notice: Notice, speaker: Speaker) -> None:
        self.clock.later(after, lambda: self._postman.deliver(notice, speaker))

    def _told(self, notice: Notice, posted: str | None) -> None:
        self._journal.notice(notice, posted)
        if posted is not None:
            self._say(lines.postback_line(notice, posted))

    def _turned(self, seconds: float) -> None:
        self._say(f"the clock was turned by {seconds:,.10g} s")

    def _say(self, line: str) -> None:
        if self._on_event is not None:
            self._on_event(f"{self.clock.now().astimezone():%H:%M:%S} {line}")


def _written(dialect: Dialect, reply: Any) -> Outgoing:
    return Outgoing(200, dialect.encode_reply(reply), dialect.response_codec.CONTENT_TYPE)


def _texts(*words: object) -> None:
    """What a postback will say: it must be possible in every dialect, and is posted when nobody is there to be told."""
    for one in words:
        if not isinstance(one, str):
            raise ConfigurationError(f"{one!r:.40} is {type(one).__name__}, not text")
        if unsayable := INVALID_XML_CHARACTERS.search(one):
            raise ConfigurationError(f"U+{ord(unsayable[0]):04X} in {one!r:.40}: no postback can say this character")


def _ordered(answered: Answered, manner: PostbackPolicy) -> list[tuple[float, Notice]]:
    due = sorted(answered.due, key=lambda one: one.after)
    notices = [one.notice for one in due]
    return list(zip((one.after for one in due), reversed(notices) if manner.disorder else notices, strict=True))
