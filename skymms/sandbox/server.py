"""The sandbox itself: a gateway on this machine, with an address, that reports back.

It tells the dialects apart as the real hosts do, by path and method, and answers everything at one port. Postbacks are posted
by a thread of their own, one after the other, in the order of their events.
"""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..account import Account
from ..codecs import Unreadable
from ..dialects import DIALECTS, Dialect
from ..dialects import dialect as spoken
from ..errors import ConfigurationError
from ..limits import DOCUMENTED, Limits
from ..notices import Notice
from ..replies import Refused
from .desk import REPORTS, Joined
from .gateway import Answered, Gateway, Saved
from .listener import Incoming, Listener, Outgoing

#: Seconds a receiver of postbacks has to answer (1.3, postbacks).
ANSWER_WITHIN = 10

#: The methods by which a dialect's documents come, by how they are carried.
_METHODS = {"url": "GET", "form": "POST", "bare": "POST"}


class Sandbox:
    """A gateway on a free port of this machine, for tests and demos; a context manager.

    It takes requests in every dialect, judges them by the library's own rules, keeps saved slideshows, and posts N003,
    N101 and N102 to ``postback_url`` in the dialect of the request. ``sent``, ``saved`` and ``requests`` are the library's own
    values. ``on_event`` is called with a line for each request and postback, fit for a screen: no key is in it. It listens
    on loopback; ``host`` opens it to others.
    """

    def __init__(
        self,
        api_key: str = "sandbox-key",
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        postback_url: str | None = None,
        limits: Limits = DOCUMENTED,
        on_event: Callable[[str], None] | None = None,
    ) -> None:
        self._api_key = api_key
        self._gateway = Gateway(api_key, limits=limits)
        self._tell = on_event or (lambda line: None)
        if postback_url and urlsplit(postback_url).scheme not in {"http", "https"}:
            raise ConfigurationError(f"{postback_url!r:.80} is no http(s) address to post to")
        self._postman = _Postman(postback_url, self._tell) if postback_url else None
        self._listener = Listener(self._answer, host=host, port=port)
        self.url = self._listener.url
        self._gateway.desk.home = self.url

    def account(self, dialect: str = "skycore", **options: Any) -> Account:
        """An account at this gateway, ready to be used; ``api_key="another"`` makes one that it refuses."""
        chosen = {"api_key": self._api_key, "url": self.url + _path(spoken(dialect)), **options}
        return Account(dialect=dialect, **chosen)

    @property
    def sent(self) -> list[Any]:
        """The sends that were accepted, oldest first."""
        return list(self._gateway.sent)

    @property
    def saved(self) -> list[Saved]:
        """The slideshows that are stored, oldest first."""
        return list(self._gateway.saved.values())

    @property
    def requests(self) -> list[Answered]:
        """Every request, accepted or refused, with its answer, oldest first."""
        return list(self._gateway.answered)

    @property
    def campaigns(self) -> list[Joined]:
        """The campaigns, with the numbers that are in them, oldest first."""
        return list(self._gateway.desk.campaigns.values())

    def block(self, *numbers: str) -> None:
        """Refuse to send to these numbers from now on (E114)."""
        self._gateway.desk.blocked.update(numbers)

    def receive(self, sender: str, to: str, *files: str, dialect: str = "skycore") -> str:
        """Let somebody send an MMS to a short code: posts its N401, and returns the id it has in the inbox."""
        notice = self._gateway.receive(sender, to, files)
        if self._postman:
            self._postman.post(notice, spoken(dialect).write_notice(notice))
        return notice.tracking_id or ""

    def serve_forever(self) -> None:
        """Until interrupted."""
        self._listener.wait()

    def close(self) -> None:
        """Stop listening and drop the postbacks that have not left."""
        self._listener.close()
        if self._postman:
            self._postman.close()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url}>"

    # -------------------------------------------------------------------------------------------- answering

    def _answer(self, request: Incoming) -> Outgoing:
        if request.path == "/" and request.method == "GET":
            return Outgoing(200, _ABOUT.encode(), "text/plain; charset=utf-8")
        if request.method == "GET" and request.path.startswith(REPORTS):
            report = self._gateway.desk.reports.get(request.path.removeprefix(REPORTS))
            return Outgoing(200, report) if report else Outgoing(404, b"no such report\n", "text/plain")
        at_this_address = _SPOKEN.get((request.method, request.path.rstrip("/")))
        if at_this_address is None:
            return Outgoing(404, b"no gateway is spoken to at this address\n", "text/plain")
        try:
            leaves = at_this_address.read_leaves(_document(request, at_this_address))
        except Unreadable as error:
            answered = self._gateway.unreadable(at_this_address, str(error))
        else:
            key = request.headers.get(at_this_address.key_header, "")
            answered = self._gateway.answer(at_this_address, leaves, key)
        self._tell(_line(answered))
        if self._postman:
            for notice in answered.notices:
                self._postman.post(notice, at_this_address.write_notice(notice))
        return Outgoing(200, at_this_address.write_reply(answered.reply))


def _path(one: Dialect) -> str:
    return urlsplit(one.url).path


def _spoken_at() -> dict[tuple[str, str], Dialect]:
    found: dict[tuple[str, str], Dialect] = {}
    for one in DIALECTS.values():
        path = _path(one)
        # The vendor's introduction gives the address without index.php as well.
        for form in {path.rstrip("/"), path.removesuffix("/index.php")}:
            found[_METHODS[one.carried], form] = one
    return found


_SPOKEN = _spoken_at()

_ABOUT = (
    "This is a skymms sandbox: a gateway on your own machine. It takes\n\n"
    + "".join(f"  {_METHODS[one.carried]:<5}{_path(one):<28}{one.title}\n" for one in DIALECTS.values())
    + "\nNothing sent here reaches a phone.\n"
)


def _document(request: Incoming, asked_in: Dialect) -> bytes:
    """The request's document, however it is carried."""
    if asked_in.carried == "url":
        return request.query.encode()
    body = request.body
    # Ruling 2: 1.3 takes its XML in a form field, and very probably bare.
    if asked_in.carried == "form" and body.lstrip()[:1] != b"<":
        try:
            fields = dict(parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=100))
        except ValueError:
            fields = {}
        if "xml" not in fields:
            raise Unreadable("neither XML nor a form with XML in its field xml")
        return fields["xml"].encode()
    return body


def _line(answered: Answered) -> str:
    """A request and its answer in a line for people."""
    asked = type(answered.operation).__name__ if answered.operation is not None else "?"
    to = getattr(answered.operation, "to", None)
    reply = answered.reply
    if isinstance(reply, Refused):
        outcome = f"refused, {reply.code}: {reply.info}"
    else:
        told = {name: getattr(reply, name, None) for name in ("mms_id", "tracking_id", "mms_ids")}
        outcome = ", ".join(f"{name}={value}" for name, value in told.items() if value) or "done"
    return f"{asked} in {answered.dialect}{f' to {to}' if to else ''} -> {outcome}"


class _Postman:
    """Posts notices one after the other, in a thread of its own."""

    def __init__(self, url: str, tell: Callable[[str], None]) -> None:
        self._url = url
        self._tell = tell
        self._waiting: queue.Queue[tuple[Notice, bytes] | None] = queue.Queue()
        self._closing = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def post(self, notice: Notice, document: bytes) -> None:
        self._waiting.put((notice, document))

    def close(self) -> None:
        self._closing = True
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        # No proxy of the environment: postbacks go to a receiver of the developer's.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while (letter := self._waiting.get()) is not None and not self._closing:
            notice, document = letter
            request = urllib.request.Request(self._url, document, {"Content-Type": "text/xml; charset=utf-8"})  # noqa: S310
            try:
                with opener.open(request, timeout=ANSWER_WITHIN) as answer:
                    outcome = f"answered {answer.status}"
            except urllib.error.HTTPError as error:
                outcome = f"answered {error.code}"
                error.close()
            except (OSError, ValueError) as error:
                outcome = f"not taken ({type(error).__name__})"
            self._tell(f"postback {notice.code} -> {outcome}")
