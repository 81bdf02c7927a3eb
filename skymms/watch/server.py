"""Serves the page that shows broadcasts, on this machine only, until it is closed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from ..broadcast import Ledger, Phase
from ..broadcast.surveying import Overview, overview
from ..errors import ConfigurationError, SkymmsError
from ..sandbox.listener import Listener, ServerRequest, ServerResponse
from .access import is_same, refuse_change, refuse_reading
from .documents import overview_document, survey_document
from .page import HEADERS, ICON_SVG, page, policy
from .surveys import Surveys

#: The longest request body, and the longest reason of a pause.
_MOST_BODY, _MOST_WHY = 10_000, 300


class WatchServer:
    """A page about the broadcasts of a ledger, served on loopback from its construction until :meth:`close`.

    ``url`` is its address. A random word in it keeps other users of the machine out. ``only`` is the name of the one broadcast
    that is shown; ``numbers`` shows recipients' numbers, which are masked otherwise.
    """

    def __init__(self, ledger: Ledger, *, only: str | None = None, numbers: bool = False, port: int = 0) -> None:
        """Start serving. Raises :class:`~skymms.ConfigurationError` for a broadcast that does not exist, or a used port."""
        self._ledger = ledger
        self._only = None if only is None else ledger[only].name
        self._numbers = numbers
        self._token, self._word = secrets.token_urlsafe(32), secrets.token_urlsafe(12)
        try:
            self._listener = Listener(self._respond, port=port, name="skymms-watch")
        except OSError as error:
            raise ConfigurationError(f"cannot listen on 127.0.0.1, port {port}: {error.strerror or error}") from None
        self._surveys = Surveys(ledger.store)
        self.url: str = f"{self._listener.url}/{self._word}/"

    def wait(self) -> None:
        """Block until the server is closed, or the program is interrupted."""
        self._listener.wait()

    def close(self) -> None:
        """Stop serving. The ledger stays open."""
        self._listener.close()
        self._surveys.close()

    def __enter__(self) -> WatchServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -------------------------------------------------------------------------------------------- requests

    def _respond(self, request: ServerRequest) -> ServerResponse:
        word, _, name = request.path.removeprefix("/").partition("/")
        if request.path == "/favicon.ico" and request.method == "GET":
            return ServerResponse(200, ICON_SVG, "image/svg+xml", HEADERS)
        if not is_same(word, self._word) or name not in ("", "feed", "pause", "resume"):
            return _text(404, "Nothing is here. Open the address that `skymms broadcast watch` printed.")
        changes = name in ("pause", "resume")
        if request.method != ("POST" if changes else "GET"):
            return _text(405, "This method is not allowed here.")
        refusal = refuse_change(request, self._token) if changes else refuse_reading(request, is_page=not name)
        if refusal is not None:
            return _text(*refusal)
        if not name:
            headers = {**HEADERS, "Content-Security-Policy": policy()}
            return ServerResponse(200, page(self._token), "text/html; charset=utf-8", headers)
        try:
            return self._feed(request) if name == "feed" else self._change(name, request)
        except SkymmsError as error:
            # The ledger cannot be read now: another process has it locked for long, or the server is away.
            return _text(503, str(error))

    def _shown(self) -> tuple[float, list[Overview]]:
        now, found = overview(self._ledger.store)
        return now, [one for one in found if self._only in (None, one.name)]

    def _feed(self, request: ServerRequest) -> ServerResponse:
        """Return the state of all broadcasts, and the survey of one: the chosen one, or else the last that is not over."""
        now, found = self._shown()
        wanted = dict(parse_qsl(request.query[:100])).get("broadcast")
        chosen = next((one for one in found if str(one.id) == wanted), None) or next(
            (one for one in reversed(found) if one.phase not in (Phase.DONE, Phase.CANCELLED)), found[-1] if found else None
        )
        survey, problem = (None, None) if chosen is None else self._surveys.look(chosen)
        return _json(
            {
                "at": now,
                "ledger": self._ledger.store.name,
                "only": self._only is not None,
                "broadcasts": [overview_document(one, numbers=self._numbers) for one in found],
                "chosen": chosen and chosen.id,
                "survey": survey and survey_document(survey, numbers=self._numbers),
                "problem": problem,
            }
        )

    def _change(self, verb: str, request: ServerRequest) -> ServerResponse:
        """Pause or resume a broadcast, and return its state."""
        order = _order(request.body)
        if order is None:
            return _text(400, 'Send {"broadcast": NUMBER}, and "why" with a pause: a text of at most 300 characters.')
        id, why = order
        name = next((one.name for one in self._shown()[1] if one.id == id), None)
        if name is None:
            return _text(404, "There is no such broadcast any more.")
        broadcast = self._ledger[name]
        try:
            broadcast.pause(why=why or None) if verb == "pause" else broadcast.resume()
        except ConfigurationError as error:
            return _text(409, str(error))
        phase = next((one.phase for one in self._shown()[1] if one.id == id), None)
        if verb == "pause" and phase is not Phase.PAUSED:
            return _text(409, f"the broadcast {name!r} is {phase or 'gone'}, so it cannot be paused")
        return _json({"phase": phase})


def _order(body: bytes) -> tuple[int, str] | None:
    """Return the id of a broadcast and a reason from the body of a request; None if it has another form."""
    try:
        found: Any = json.loads(body) if len(body) <= _MOST_BODY else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    get: Callable[..., Any] = found.get  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    id, why = get("broadcast"), get("why", "")
    if type(id) is not int or not isinstance(why, str) or len(why) > _MOST_WHY or not (why == "" or why.isprintable()):
        return None
    return id, why.strip()


def _text(status: int, text: str) -> ServerResponse:
    return ServerResponse(status, f"{text}\n".encode("utf-8", "replace"), "text/plain; charset=utf-8", HEADERS)


def _json(value: Any) -> ServerResponse:
    return ServerResponse(200, json.dumps(value).encode(), "application/json", HEADERS)
