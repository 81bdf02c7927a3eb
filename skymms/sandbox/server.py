"""The class Sandbox: a gateway on this machine for tests and demos, and the methods by which a test controls it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, overload
from urllib.parse import urlsplit

from ..account import Account
from ..cellcast import CellcastAccount, CellcastSend
from ..errors import ConfigurationError
from ..http import is_private_host
from ..limits import DOCUMENTED, Limits
from ..model.actions import SendMessageBySubscriberRef, SendMMSBarcode, SendPassInMMS, SendSavedMMSCampaign, SendSMS
from ..model.operations import SendMMS
from ..model.stored_operations import SendSavedMMS
from ..wire.dialects import get_dialect
from . import cellcast
from .account_actions import inbound_mms, inbound_sms
from .clock import Clock
from .dispatcher import Dispatcher
from .events import join_recipients
from .faults import FaultRule
from .gateway import RequestRecord
from .listener import Listener
from .outcomes import OUTCOMES
from .postback_sender import PostbackPolicy
from .routing import dialect_path
from .state import (
    MAX_STATUS,
    MAX_URL,
    CampaignRecord,
    Delays,
    SavedSlideshow,
    Settings,
    State,
    check_room,
    number_forms,
    printable,
)
from .text_checks import check_texts

if TYPE_CHECKING:
    from ..inbox import Inbox

#: The operations in :attr:`Sandbox.sent`.
SendOperation: TypeAlias = (
    SendMMS
    | SendSavedMMS
    | SendSavedMMSCampaign
    | SendMMSBarcode
    | SendPassInMMS
    | SendSMS
    | SendMessageBySubscriberRef
    | CellcastSend
)


class Sandbox:
    """A gateway on a free port of this machine, for tests and demos; a context manager.

    It accepts requests in every dialect and in both generations of Cellcast, validates them by the library's own rules, keeps
    saved slideshows, and posts the reports of the messages to ``postback_url``, after ``delays`` on its own ``clock``.
    ``postbacks_to`` is an :class:`~skymms.inbox.Inbox` of this process that gets them instead, without HTTP and its secret. No
    message reaches a phone. ``on_event`` is called with a line of text for each request and postback; a line contains the
    sandbox's time and no API key. The sandbox listens on loopback; ``host="0.0.0.0"`` opens it to other machines.

    It can be stricter: ``limits``, as for an account; ``senders``, the account's short codes (E111); ``operators``, the
    carriers that exist (E651); ``check_campaigns``, for accounts with that check (E718, E721, E715); ``strict``, which also
    validates against the XML schema and refuses unknown fields (E100); ``fetch_media``, which fetches every file and checks
    its size, type and content (E33x, E341, E35x, E629). With ``allow_other_files``, v3 of Cellcast accepts other files than
    pictures, as for an account whose manager allowed them.

    Responses in Skycore 1.3 have the Content-Type ``text/html; charset=UTF-8``, as those of the real gateway most likely do;
    ``content_type`` replaces it.

    ``country_senders`` are the default short codes of other countries, by the digits that their numbers begin with. As the
    gateway does, the sandbox then replaces the sender of a message to such a number: ``{"61": "60857"}``.
    """

    def __init__(
        self,
        api_key: str = "sandbox-key",
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        postback_url: str | None = None,
        postbacks_to: Inbox | None = None,
        limits: Limits = DOCUMENTED,
        delays: Delays = Delays(),  # noqa: B008 (a frozen value)
        senders: Collection[str] | None = None,
        operators: Collection[str] | None = None,
        check_campaigns: bool = False,
        strict: bool = False,
        fetch_media: bool = False,
        allow_other_files: bool = False,
        content_type: str | None = None,
        country_senders: Mapping[str, str] | None = None,
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
            allow_other_files=allow_other_files,
            content_type=content_type,
            country_senders={} if country_senders is None else country_senders,
        )
        self._api_key = api_key
        self._on_event = on_event
        #: The sandbox's clock; advance it to receive reports without waiting.
        self.clock: Clock = Clock(lambda seconds: self._log(f"the clock was advanced by {seconds:,.10g} s"))
        self._state = State(settings, self.clock)
        self._cellcasts = cellcast.generations(api_key, self._state)
        self._dispatcher = Dispatcher(
            api_key=api_key,
            state=self._state,
            cellcasts=self._cellcasts,
            host=host,
            postback_url=postback_url,
            postbacks_to=postbacks_to,
            methods=self._control_methods(),
            log=self._log,
        )
        self._listener = Listener(self._dispatcher.respond, host=host, port=port, refuse=self._dispatcher.refuse_connection)
        #: The URL of the sandbox: its page, and the root of all its addresses.
        self.url: str = self._listener.url
        self._state.base_url = self.url

    def _control_methods(self) -> dict[str, Callable[..., object]]:
        """The methods that can be called over HTTP too, by their names below /sandbox/."""
        methods: tuple[Callable[..., object], ...] = (
            *(
                self.fail,
                self.throttle,
                self.block,
                self.unblock,
                self.outcome,
                self.carriers,
                self.spoil,
                self.postbacks,
                self.credits,
            ),
            *(self.receive_mms, self.receive_sms, self.reset, self.clock.advance),
        )
        return {method.__name__: method for method in methods}

    # -------------------------------------------------------------------------------------------- results

    # A text that is not one of these two literals is a dialect of Skycore, so the overloads may overlap.
    @overload
    def account(  # pyright: ignore[reportOverlappingOverload]
        self, dialect: Literal["cellcast-v3", "cellcast-v1"], **options: Any
    ) -> CellcastAccount: ...

    @overload
    def account(self, dialect: str = "skycore", **options: Any) -> Account: ...

    def account(self, dialect: str = "skycore", **options: Any) -> Account | CellcastAccount:
        """Return an account at this gateway; ``options`` are those of the account's class.

        ``dialect`` is a dialect of Skycore, ``cellcast-v3`` or ``cellcast-v1``. An account with another ``api_key`` is refused
        by the sandbox. ``rate=None`` switches off the rate limit of a Cellcast account.
        """
        if (generation := self._cellcasts.get(dialect)) is not None:
            path, options = generation.path, {"generation": generation.generation, **options}
        else:
            path, options = dialect_path(get_dialect(dialect)), {"dialect": dialect, **options}
        # A sandbox on a public address has plain HTTP only, and the user chose that address.
        allow_http = not is_private_host(urlsplit(self.url).hostname or "")
        options = {"api_key": self._api_key, "url": self.url + path, "allow_http": allow_http, **options}
        return CellcastAccount(**options) if generation is not None else Account(**options)

    @property
    def sent(self) -> list[SendOperation]:
        """The messages that were accepted, as the operations that were sent, oldest first.

        All have ``to``: the number, a tuple of numbers for :class:`~skymms.cellcast.CellcastSend`, and None for a campaign or
        subscriber. To read a field that not all of them have, such as ``slideshow``, check the class with ``isinstance`` first.
        """
        return cast("list[SendOperation]", list(self._state.sent))

    @property
    def saved(self) -> list[SavedSlideshow]:
        """The stored slideshows, oldest first."""
        return list(self._state.saved.values())

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request to a gateway and its result, oldest first."""
        return list(self._dispatcher.gateway.records)

    @property
    def campaigns(self) -> list[CampaignRecord]:
        """The campaigns and their numbers, oldest first."""
        return list(self._state.campaigns.values())

    @property
    def counts(self) -> dict[str, int]:
        """The number of ``requests``, and how many were ``accepted``, ``refused`` and ``broken`` by a fault."""
        return dict(self._dispatcher.events.counts)

    # -------------------------------------------------------------------------------------------- arrangements of a test

    def fail(
        self,
        how: str | int,
        *,
        times: int | None = None,
        every: int | None = None,
        to: Collection[str] | str | None = None,
        seconds: float | None = None,
    ) -> FaultRule:
        """Apply a fault to the next request, the next ``times``, every ``every``-th request, or requests ``to`` some numbers.

        ``how`` is a name in :data:`~skymms.sandbox.FAULTS` (``refuse``, ``drop``, ``reset``, ``stall``, ``slow``, ``half``,
        ``500``, ``503``, ``429``, ``html``, ``charset``, ``stranger``), a code (``E106``, ``E503``), or Cellcast's name of a
        refusal (``OVER_LIMIT``, ``RECIPIENTS_ERROR``). A gateway that does not have the code returns the most similar one.
        ``times`` is 1, or without limit if ``every`` is given. ``seconds`` is how long a ``stall`` lasts (default 60), how
        long a ``slow`` response takes (5), or the value of ``Retry-After`` for ``503`` and ``429`` (1). If several faults
        apply to a request, the one that was arranged first is used. ``struck`` of the returned rule counts the requests it
        was applied to.
        """
        rule = self._dispatcher.faults.add(str(how), times, every, to, seconds)
        self._log(f"arranged: fail {rule}")
        return rule

    def throttle(self, calls: int, seconds: float = 1.0, code: str = "E113") -> None:
        """Refuse more than ``calls`` calls within ``seconds``, with E106, E113, or E120 (a quota: 86,400 seconds are a day).

        Cellcast refuses with OVER_LIMIT in each case.
        """
        self._dispatcher.faults.add_throttle(calls, seconds, code)
        self._log(f"arranged: throttle, {code} beyond {calls} calls in {seconds:g} s")

    def block(self, *numbers: str) -> None:
        """Refuse messages to these numbers (E114); in Cellcast they have opted out."""
        if not numbers:
            raise ConfigurationError("block: give at least one number")
        forms = dict.fromkeys(number_forms(numbers), self.clock.now())
        check_room(len(self._state.blocked | forms), "blocked numbers")
        self._state.blocked.update(forms)
        self._log(f"arranged: block {join_recipients(numbers)}")

    def unblock(self, *numbers: str) -> None:
        """Accept messages to these numbers again."""
        for number in number_forms(numbers):
            self._state.blocked.pop(number, None)
        self._log(f"arranged: unblock {join_recipients(numbers)}")

    def credits(self, left: int) -> None:
        """Set the credits of the Cellcast account; each recipient costs one, and a message that costs more is refused."""
        if type(left) is not int or left < 0:
            raise ConfigurationError(f"credits: left={left!r:.40}: give a whole number from 0 up")
        self._state.credits = left

    def outcome(self, code: str, *, to: str | None = None, status: str | None = None, operator_id: str | None = None) -> None:
        """Set the outcome of later messages by the code of the last report: of all, those ``to`` a number, or a carrier's.

        ``operator_id`` is one of those that were given to :meth:`carriers`.

        N102: delivered. E102: not delivered. E101: cannot be sent. N202: a link is delivered by SMS. E202: the link is not
        delivered. N101: sent, without a further report. ``status`` replaces the status of the last report, for example
        ``Message Sent/Expired``. Cellcast reports delivered, failed or rejected, or the last word of ``status``.
        """
        if code not in OUTCOMES:
            raise ConfigurationError(f"{code!r:.40} is not the code of a last report: choose one of {', '.join(OUTCOMES)}")
        check_texts(status or "")
        if len(status or "") > MAX_STATUS:
            raise ConfigurationError(f"status: more than {MAX_STATUS:,} characters")
        check_room(len(self._state.outcomes) + 1, "outcomes")
        if operator_id is not None:
            if to is not None or operator_id not in self._state.carriers:
                raise ConfigurationError(f"operator_id: {operator_id!r:.40}: give it to carriers() first, and leave out to=")
            self._state.carrier_outcomes[operator_id] = code, status
        for number in () if operator_id is not None else number_forms([to]) if to is not None else [None]:
            self._state.outcomes[number] = code, status
        self._log(f"arranged: outcome {code}{f', {status}' if status else ''} for {operator_id or to or 'all'}")

    def carriers(self, *operator_ids: str) -> None:
        """Spread the numbers of later messages over these carriers, by their last digits. Without any, reports name one."""
        check_texts(*operator_ids)
        check_room(len(operator_ids), "carriers")
        self._state.carriers = operator_ids
        self._log(f"arranged: carriers {', '.join(operator_ids)[:80] or 'none'}")

    def spoil(self, url: str, code: str = "E002") -> None:
        """Let the encoding of a file fail with E002, or with E003, which some pages of the vendor have for video."""
        if code not in {"E002", "E003"}:
            raise ConfigurationError(f"{code!r:.40} is not the code of a failed encoding: choose E002 or E003")
        if len(str(url)) > MAX_URL or not _HTTP.match(str(url)):
            raise ConfigurationError(f"url: {url!r:.80} is not an http or https URL: give the URL of a file of a slide")
        check_room(len(self._state.encoding_failures) + 1, "spoiled files")
        self._state.encoding_failures[url] = code
        self._log(f"arranged: spoil {printable(url)[:80]}, {code}")

    def postbacks(
        self, *, dialect: str | None = None, twice: bool = False, disorder: bool = False, batch: bool = False
    ) -> None:
        """Set how later postbacks are sent.

        ``dialect``: in this dialect, not in the dialect of the request. ``twice``: each one two times. ``disorder``: the
        last report of a message first. ``batch``: once a minute, in the envelope that Skycore used before November 2013.
        Cellcast's webhooks are always in its own format.
        """
        self._dispatcher.postbacks.policy = PostbackPolicy(
            dialect=get_dialect(dialect) if dialect else None, twice=twice, disorder=disorder, batch=batch
        )

    def receive_mms(
        self,
        sender: str,
        to: str,
        *files: str,
        text: str | None = None,
        subject: str | None = None,
        keyword: str | None = None,
        dialect: str = "skycore",
    ) -> str:
        """Simulate an MMS from a phone to a short code: post its notice (N401), and return its id in the inbox.

        ``files`` are URLs; ``text`` becomes one more file, which the sandbox serves. ``keyword`` is the account's keyword that
        the message began with, if any. In Cellcast the message is an unread response without a subject and a keyword, and the
        webhook of v3 does not name the files.
        """
        check_texts(sender, to, *files, text or "", subject or "", keyword or "")
        number_forms(sender)
        if dialect in self._cellcasts:
            return self._receive_cellcast(dialect, sender, to, text or "", files)
        with self._dispatcher.gateway.lock:
            notice = inbound_mms(self._state, sender, to, files, text, subject, keyword)
        self._dispatcher.schedule(0.0, notice, get_dialect(dialect))
        return notice.tracking_id or ""

    def receive_sms(self, sender: str, to: str, text: str, *, dialect: str = "skycore") -> str:
        """Simulate an SMS from a phone to a short code: post its notice (N211), and return its transaction id.

        In Cellcast the message is an unread response.
        """
        check_texts(sender, to, text)
        number_forms(sender)
        if dialect in self._cellcasts:
            return self._receive_cellcast(dialect, sender, to, text)
        with self._dispatcher.gateway.lock:
            notice = inbound_sms(self._state, sender, to, text)
        self._dispatcher.schedule(0.0, notice, get_dialect(dialect))
        return notice.transaction_id or ""

    def _receive_cellcast(self, dialect: str, sender: str, to: str, text: str, files: tuple[str, ...] | None = None) -> str:
        generation = self._cellcasts[dialect]
        with self._dispatcher.gateway.lock:
            message_id, notice = generation.receive(sender, to, text, files)
        self._dispatcher.schedule(0.0, notice, generation)
        return message_id

    def reset(self) -> None:
        """Return to the state after the construction, at the same URL: forget all requests, arrangements and due notices."""
        self.clock.reset()
        self._dispatcher.reset()
        self._log("reset: the sandbox starts over")

    # -------------------------------------------------------------------------------------------- running

    def serve_forever(self) -> None:
        """Block until the program is interrupted."""
        self._listener.wait()

    def close(self) -> None:
        """Stop listening, and drop the postbacks that have not been sent."""
        self._dispatcher.events.close()
        self._listener.close()
        self.clock.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url}>"

    def _log(self, line: str) -> None:
        if self._on_event is not None:
            self._on_event(f"{self.clock.now().astimezone():%H:%M:%S} {line}")


_HTTP = re.compile("https?://", re.IGNORECASE)
