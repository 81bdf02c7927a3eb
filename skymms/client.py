"""The client over requests: it does what an :class:`~skymms.transport.exchange.Exchange` wants, and decides nothing.

requests is imported when the first client is made. What does not change from call to call (the prepared headers, the proxies
and certificates that the environment names) is worked out once: a third of requests' time goes into doing that again.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from .errors import ConfigurationError, SkymmsError, TransportError
from .http import HttpRequest, HttpResponse
from .model.operations import Operation, R_co
from .redaction import strip_credentials
from .reports import MAX_REPORT
from .transport import guard
from .transport.calls import (
    CLIENT_CLOSED,
    DEFAULT_TIMEOUT,
    check_arguments,
    file_from_response,
    link_request,
    parse_timeout,
    user_agent,
)
from .transport.compression import decompress_if_possible
from .transport.errors import failed_before_sending, no_response
from .transport.exchange import Exchange, GatewayAccount, NoResponse, Pause
from .transport.logging import describe_error, describe_interruption, log_call, logger, mask_keys_in_urllib3_logs
from .transport.retries import Retries

if TYPE_CHECKING:
    from http.cookiejar import CookiePolicy
    from types import TracebackType

    import requests


class Client:
    """Calls a gateway. One session, kept alive; safe to share among threads; a context manager.

    ``timeout`` is (connect, read) or one number for both, in seconds: ``connect`` is for making the connection, ``read`` for
    the whole answer from the moment the request has left. ``retries`` is a number or a :class:`~skymms.Retries`: how often a
    call is repeated that surely did not leave or that the gateway put off; 0 switches that off. ``session`` is a
    ``requests.Session`` of yours, for proxies, certificates and headers beyond what the environment says. It is left open;
    for the gateway's address a :class:`DeadlineAdapter` is mounted on it in place of a plain one. Its
    headers, like the environment, are read at the first call; its ``auth``, proxies and certificates at each.
    """

    def __init__(
        self,
        account: GatewayAccount,
        *,
        timeout: float | tuple[float, float] = DEFAULT_TIMEOUT,
        retries: Retries | int = Retries(),  # noqa: B008 (a frozen value)
        session: requests.Session | None = None,
    ) -> None:
        import requests

        from .transport.requests_adapter import mount

        check_arguments(account, session, requests.Session)
        self.account = account
        self._timeout = parse_timeout(timeout)
        self._retries = Retries.of(retries)
        self._session, self._own = (_session(), True) if session is None else (session, False)
        self._mounted = None if self._own else mount(self._session, account.address)
        self._closed = False
        #: A prepared request, and what it was prepared for: the next of its kind is a copy of it.
        self._template: tuple[tuple[Any, ...], requests.PreparedRequest] | None = None
        self._settings: tuple[Any, dict[str, Any]] | None = None
        mask_keys_in_urllib3_logs()

    def call(self, operation: Operation[R_co]) -> R_co:
        """Do what ``operation`` says and return its reply.

        Raises :class:`~skymms.MMSError` (``foreseen`` before anything was sent, or the gateway's refusal),
        :class:`~skymms.TransportError` or :class:`~skymms.ProtocolError` when there is no usable answer (``sent_maybe`` tells
        whether it may have been sent), :class:`~skymms.ConfigurationError` for a field the dialect has no word for.
        """
        started = asked = time.monotonic()
        exchange = None
        try:
            exchange = Exchange(self.account, operation, retries=self._retries, random=random.random)
            while exchange.next_step is not None:
                asked = time.monotonic()
                exchange.advance(self._do(exchange.next_step))
        except SkymmsError as error:
            log_call(operation, describe_error(error), started, error.sent_maybe)
            raise
        except BaseException as error:
            # Ctrl-C above all, or whatever a signal's handler raises.
            if exchange is not None:
                exchange.interrupt(error, left=not failed_before_sending(error, asked))
                log_call(operation, describe_interruption(error), started, error.sent_maybe)  # type: ignore[attr-defined]
            raise
        log_call(operation, "done", started, not operation.repeatable)
        return exchange.result

    def fetch(self, url: str, *, limit: int = MAX_REPORT) -> bytes:
        """The file behind a link that the gateway gave, such as a report's; ``limit`` is in bytes.

        It is asked for once, at that very address: no redirect is followed, and neither the key nor the session's own headers
        and credentials go there. Raises :class:`~skymms.ConfigurationError` for what is no http(s) address,
        :class:`~skymms.TransportError`, or :class:`~skymms.ProtocolError` for a status other than 200 and for a longer file.
        """
        import requests

        from .transport.requests_adapter import mount, unmount

        link = link_request(url)
        if self._closed:
            raise TransportError(CLIENT_CLOSED.why)
        try:
            prepared = requests.Request("GET", url, headers=dict(link.headers)).prepare()
        except (requests.RequestException, ValueError):
            raise ConfigurationError("the link is no http(s) address") from None
        prepared.hooks["response"].append(_stay)
        merged = self._session.merge_environment_settings(prepared.url, {}, True, None, None)
        # A caller's session has our adapter, and with it the guard of tests, for the gateway's address only.
        mounted = mount(self._session, prepared.url or "") if guard.is_active() and not self._own else None
        asked = time.monotonic()
        try:
            answer = self._session.send(prepared, timeout=self._timeout, allow_redirects=False, **merged)
        except (requests.RequestException, OSError, ValueError) as error:
            raise TransportError(no_response(error, link, asked).why) from None
        finally:
            unmount(self._session, mounted)
        return file_from_response(self._read(answer, link, limit), link, limit)

    def _do(self, want: HttpRequest | Pause) -> HttpResponse | NoResponse | None:
        if isinstance(want, Pause):
            if want.again:
                logger.info("waiting %.1f s before trying again", want.seconds)
            time.sleep(want.seconds)
            return None
        return self._perform(want)

    def _perform(self, request: HttpRequest) -> HttpResponse | NoResponse:
        import requests

        if self._closed:
            return CLIENT_CLOSED
        try:
            prepared = self._prepared(request)
        except (requests.RequestException, ValueError):
            return NoResponse(
                f"{request.safe_url} is no address requests can use; nothing was sent", left=False, transient=False
            )
        self._refuse_repeating(prepared.url or "")
        asked = time.monotonic()
        try:
            # No redirect is followed: a 302 or 307 would send twice, and carry the key elsewhere.
            answer = self._session.send(
                prepared, timeout=self._timeout, allow_redirects=False, stream=True, **self._environment()
            )
        except (requests.RequestException, OSError, ValueError) as error:
            return no_response(error, request, asked)
        return self._read(answer, request, self.account.max_response)

    def _read(self, answer: requests.Response, request: HttpRequest, limit: int) -> HttpResponse | NoResponse:
        """The whole answer, as long as it is no longer than it can be and comes in time."""
        import requests
        import urllib3

        if answer.status_code < 200:
            # By an adapter of the caller's: the real answer is still to come, and not for the next call to read.
            answer.close()
        until = time.monotonic() + self._timeout[1]
        body = bytearray()
        # What is there already, rather than all that was asked for: an adapter of the caller's may wait for that without end.
        read = answer.raw.read1 if hasattr(getattr(answer.raw, "_fp", None), "read1") else answer.raw.read
        try:
            while len(body) <= limit and (piece := read(16384, decode_content=False)):
                body += piece
                if time.monotonic() > until:
                    raise TimeoutError
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            answer.close()
            return no_response(error, request)
        if len(body) > limit:
            answer.close()
        else:
            # Nothing is left to be read, so the connection serves again.
            answer.raw.release_conn()
        headers = answer.headers
        return HttpResponse(
            answer.status_code, headers, decompress_if_possible(bytes(body), headers.get("Content-Encoding"), limit)
        )

    def _prepared(self, request: HttpRequest) -> requests.PreparedRequest:
        import requests

        session = self._session
        posts = request.method == "POST"
        asked = (request.method, posts and request.url, request.headers, session.auth)
        template = self._template
        # A signing auth wants to see every request whole.
        if template is None or template[0] != asked or (session.auth is not None and not isinstance(session.auth, tuple)):
            # requests would put what .netrc says of the host in the place of a key that travels in this header.
            auth = _as_it_is if "Authorization" in request.headers else None
            made = session.prepare_request(
                requests.Request(
                    request.method, request.url, headers=dict(request.headers), data=request.body or None, auth=auth
                )
            )
            made.hooks["response"].append(_stay)
            self._template = (asked, made)
            return made
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        if posts:
            prepared.url = template[1].url
        else:
            prepared.prepare_url(request.url, session.params)
        headers = prepared.headers = template[1].headers.copy()
        prepared.hooks = template[1].hooks
        if request.body:
            prepared.body = request.body
            headers["Content-Length"] = str(len(request.body))
        return prepared

    def _environment(self) -> dict[str, Any]:
        """What the session and the environment say of proxies and certificates, worked out again when the session changes."""
        session = self._session
        state = (dict(session.proxies), session.verify, session.cert, session.trust_env)
        if self._settings is None or self._settings[0] != state:
            merged = session.merge_environment_settings(self.account.address, {}, None, None, None)
            self._settings = state, {name: merged[name] for name in ("proxies", "verify", "cert")}
        return self._settings[1]

    def _refuse_repeating(self, url: str) -> None:
        """An adapter of the caller's that repeats requests would send messages twice."""
        if self._own:
            return
        policy = getattr(self._session.get_adapter(url), "max_retries", None)
        if policy is not None and policy.total not in (0, False):
            raise ConfigurationError(
                "the session's adapter repeats requests by itself (max_retries), which sends messages twice: "
                "mount it with max_retries=0 and let Client(retries=…) decide"
            )

    def close(self) -> None:
        """Close the connections; a session that was passed in stays open and gets back what it had.

        What still waits to be repeated, in another thread, is not sent.
        """
        self._closed = True
        if self._own:
            self._session.close()
        else:
            from .transport.requests_adapter import unmount

            unmount(self._session, self._mounted)
            self._mounted = None

    def __enter__(self) -> Client:
        self._closed = False
        if not self._own and self._mounted is None:
            from .transport.requests_adapter import mount

            self._mounted = mount(self._session, self.account.address)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self.account.name} {strip_credentials(self.account.address)}>"


def _session() -> requests.Session:
    import requests

    from .transport.requests_adapter import DeadlineAdapter

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter())
    # No gateway uses cookies, and a jar would be shared by threads.
    session.cookies.set_policy(_no_cookies())
    session.headers["User-Agent"] = user_agent()
    return session


def _no_cookies() -> CookiePolicy:
    from http.cookiejar import DefaultCookiePolicy

    return DefaultCookiePolicy(allowed_domains=[])


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _stay(answer: requests.Response, *args: Any, **kwargs: Any) -> None:
    """Forget where a redirect leads. Even when told not to follow it, requests would read its whole body, however long."""
    answer.headers.pop("Location", None)
