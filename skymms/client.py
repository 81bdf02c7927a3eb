"""The client, which sends with requests. It performs the steps that an :class:`~skymms.transport.exchange.Exchange` decides.

requests is imported when the first client is created. Prepared headers, proxies and certificates are the same for each call
and are computed once, because requests spends a third of its time on them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from ._functools import renew_after_fork
from .errors import ConfigurationError, TransportError
from .http import MAX_REPORT, HttpRequest, HttpResponse
from .model.operations import Operation, R_co
from .transport import guard
from .transport.calls import DEFAULT_TIMEOUT, BaseClient, Call
from .transport.compression import response_from
from .transport.errors import (
    CLIENT_CLOSED,
    answered_by_cache,
    consumed_response,
    failed_before_sending,
    no_response,
    raise_if_not_recorded,
    unusable_url,
)
from .transport.exchange import GatewayAccount, NoResponse, Outcome, Pause, Reserve, Step
from .transport.fetching import NOT_A_LINK, file_from_response, link_request, user_agent
from .transport.keep_alive import KEEP_ALIVE, parse_keep_alive
from .transport.logging import mask_key_in_urllib3_logs
from .transport.proxies import session_proxies
from .transport.retries import Retries

if TYPE_CHECKING:
    from http.cookiejar import CookiePolicy
    from types import TracebackType

    import requests

#: The most bytes that are read from a response at once.
CHUNK_SIZE = 16384


class Client(BaseClient):
    """A client that calls a gateway. It keeps its connections open, can be shared by threads, and is a context manager.

    ``timeout`` is (connect, read) in seconds, or one number for both: ``connect`` limits connecting, and ``read`` the time from
    sending the request to the last byte of the response. ``retries`` is a number or a :class:`~skymms.Retries`: how often a
    request is sent again if it cannot have left this machine or the gateway postponed it; 0 turns retries off. ``observer`` is
    an object whose methods are called for requests, retries and replies: see :mod:`skymms.transport.events`. ``keep_alive`` is
    how many seconds a connection may be idle and be used again; it must be shorter than the gateway's limit for idle
    connections. With 0, each request has a connection of its own.

    ``session`` is a ``requests.Session`` of yours, for proxies, certificates and headers. It is not closed. Until the client is
    closed, a :class:`~skymms.transport.requests_adapter.DeadlineAdapter` replaces its plain adapter for the gateway's URL.
    Its headers and the environment are read at the first call; its ``auth``, proxies and certificates at each call.
    """

    def __init__(
        self,
        account: GatewayAccount,
        *,
        timeout: float | tuple[float, float] = DEFAULT_TIMEOUT,
        retries: Retries | int = Retries(),  # noqa: B008 (a frozen value)
        session: requests.Session | None = None,
        observer: object | None = None,
        keep_alive: float = KEEP_ALIVE,
    ) -> None:
        import requests

        from .transport.requests_adapter import mount

        super().__init__(account, timeout, retries, observer, session, requests.Session)
        self._keep_alive = parse_keep_alive(keep_alive)
        self._session = _new_session(self._keep_alive) if session is None else session
        self._mounted = None if self._own else mount(self._session, account.address, self._keep_alive)
        renew_after_fork(self)
        #: A prepared request and the values it depends on; the next request with the same values is a copy of it.
        self._template: tuple[tuple[Any, ...], requests.PreparedRequest] | None = None
        self._settings: tuple[Any, dict[str, Any]] | None = None
        mask_key_in_urllib3_logs(getattr(account, "api_key", None))

    def call(self, operation: Operation[R_co], *, once: bool = False) -> R_co:
        """Send an operation to the gateway and return its reply.

        Raises :class:`~skymms.MMSError` if the operation is wrong (``foreseen``, nothing was sent) or the gateway refuses it,
        :class:`~skymms.TransportError` or :class:`~skymms.ProtocolError` if there is no usable response, and
        :class:`~skymms.ConfigurationError` for a field that the dialect does not support. ``sent_maybe`` of the error, and of
        any exception that interrupts the call, is True if the message may have been sent.

        With ``once`` there are no retries, and the account's rate limit is not used. That is for programs that keep their own
        record of what was requested and decide themselves what is sent again and when, such as :mod:`skymms.broadcast`.
        """
        call = Call(self.account, operation, self._retries, self._observer, _may_have_left, once=once)
        try:
            step = call.start()
            while step is not None:
                step = call.advance(self._perform(step))
            return call.finish()
        except BaseException as error:
            call.fail(error)
            raise

    def fetch(self, url: str, *, limit: int = MAX_REPORT) -> bytes:
        """Download the file behind a link from the gateway, such as a report; ``limit`` is in bytes.

        The file is requested once. Redirects are not followed, and neither the API key nor the session's headers, cookies and
        credentials are sent. Raises :class:`~skymms.ConfigurationError` if ``url`` is not an http or https URL,
        :class:`~skymms.TransportError` if there is no response, and :class:`~skymms.ProtocolError` for a status other than 200
        and for a file longer than ``limit``.
        """
        import requests

        from .transport.requests_adapter import mount, unmount

        link = link_request(url)
        if self._closed:
            raise TransportError(CLIENT_CLOSED.why)
        try:
            prepared = requests.Request("GET", url, headers=dict(link.headers)).prepare()
        except (requests.RequestException, ValueError):
            raise ConfigurationError(NOT_A_LINK) from None
        prepared.hooks["response"].append(_drop_location)
        settings = self._settings_for(url)
        # The adapter with the guard is mounted on the caller's session for the gateway's URL only.
        mounted = mount(self._session, prepared.url or "", self._keep_alive) if guard.is_active() and not self._own else None
        try:
            outcome = self._transmit(prepared, link, limit, settings)
        finally:
            unmount(self._session, mounted)
        return file_from_response(outcome, link, limit)

    def _perform(self, step: Step) -> Outcome:
        if isinstance(step, HttpRequest):
            return self._send(step)
        if isinstance(step, Reserve):
            return step.rate_limit.reserve(1)
        if isinstance(step, Pause):
            time.sleep(step.seconds)
        else:
            step.rate_limit.slow_down(step.seconds)
        return None

    def _send(self, request: HttpRequest) -> HttpResponse | NoResponse:
        import requests

        if self._closed:
            return CLIENT_CLOSED
        try:
            prepared = self._prepared(request)
        except (requests.RequestException, ValueError):
            return unusable_url(request, "requests")
        if not self._own:
            from .transport.requests_adapter import remount

            self._mounted = remount(self._session, self.account.address, self._keep_alive, self._mounted)
            self._refuse_adapter_retries(prepared.url or "")
        return self._transmit(prepared, request, self.account.max_response, self._environment())

    def _transmit(
        self, prepared: requests.PreparedRequest, request: HttpRequest, limit: int, settings: dict[str, Any]
    ) -> HttpResponse | NoResponse:
        import requests
        import urllib3

        from .transport.pools import close_taken

        started = time.monotonic()
        try:
            try:
                # Redirects are not followed: a 302 or 307 would send the message twice, and the API key to another host.
                response = self._session.send(prepared, timeout=self._timeout, allow_redirects=False, stream=True, **settings)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                if getattr(error, "response", None) is None:
                    return no_response(error, request, started, settings)
                # A hook of the session called raise_for_status.
                response = cast("requests.HTTPError", error).response
            except Exception as error:
                raise_if_not_recorded(error, request)
                raise
            return self._read(response, request, limit)
        except BaseException:
            close_taken()
            raise

    def _read(self, response: requests.Response, request: HttpRequest, limit: int) -> HttpResponse | NoResponse:
        """Read the whole response, within the time limit and up to just above ``limit`` bytes."""
        import requests
        import urllib3

        if (outcome := _already_read(response, request, limit)) is not None:
            return outcome
        if response.status_code < 200:
            # The caller's adapter returned a preliminary response. Close the connection: the next call must not read the real
            # one.
            response.close()
        deadline = time.monotonic() + self._timeout[1]
        body = bytearray()
        # read1 returns what has arrived. With an adapter of the caller's, read would wait for all 16 kB without a time limit.
        read: Any = response.raw.read1 if hasattr(getattr(response.raw, "_fp", None), "read1") else response.raw.read
        try:
            while len(body) <= limit and (chunk := read(CHUNK_SIZE, decode_content=False)):
                body += chunk
                if time.monotonic() > deadline:
                    raise TimeoutError
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            response.close()
            return no_response(error, request)
        except BaseException:
            # With an adapter of the caller's, nobody else would close the connection.
            response.close()
            raise
        if len(body) > limit or self._closed:
            response.close()
        else:
            # The response was read to its end, so the connection can be used again.
            response.raw.release_conn()
        return response_from(response.status_code, response.headers, bytes(body), limit)

    def _prepared(self, request: HttpRequest) -> requests.PreparedRequest:
        """Return the request as requests sends it: a copy of the last one, with this URL and body, where that is possible."""
        import requests

        session = self._session
        in_body = request.method == "POST"
        key = (request.method, in_body and request.url, request.headers, session.auth)
        template = self._template
        # An auth object that signs requests has to see each request.
        signs = session.auth is not None and not isinstance(session.auth, tuple)
        if signs or template is None or template[0] != key:
            new = self._newly_prepared(request)
            self._template = (key, new)
            return new
        prepared = requests.PreparedRequest()
        prepared.method = request.method
        if in_body:
            prepared.url = template[1].url
        else:
            # The stubs leave out the types of its parameters.
            cast("Any", prepared).prepare_url(request.url, session.params)
        headers = prepared.headers = template[1].headers.copy()
        prepared.hooks = template[1].hooks
        if request.body:
            prepared.body = request.body
            headers["Content-Length"] = str(len(request.body))
        return prepared

    def _newly_prepared(self, request: HttpRequest) -> requests.PreparedRequest:
        import requests

        # Without auth=, requests would replace an API key in the Authorization header with the credentials for the host in
        # .netrc.
        auth = _keep_authorization if "Authorization" in request.headers else None
        prepared = self._session.prepare_request(
            requests.Request(request.method, request.url, headers=dict(request.headers), data=request.body or None, auth=auth)
        )
        prepared.hooks["response"].append(_drop_location)
        return prepared

    def _environment(self) -> dict[str, Any]:
        """Return the proxies and certificates of the session and the environment, computed again if the session changes."""
        session = self._session
        state = (dict(session.proxies), session.verify, session.cert, session.trust_env)
        if self._settings is None or self._settings[0] != state:
            self._settings = state, self._settings_for(self.account.address)
        return self._settings[1]

    def _settings_for(self, url: str) -> dict[str, Any]:
        session = self._session
        merged = session.merge_environment_settings(url, {}, None, None, None)
        proxies = session_proxies(url, session.proxies, use_environment=session.trust_env)
        return {"proxies": proxies, "verify": merged["verify"], "cert": merged["cert"]}

    def _refuse_adapter_retries(self, url: str) -> None:
        """Raise an error if the caller's adapter retries by itself: it would send messages twice."""
        policy = getattr(self._session.get_adapter(url), "max_retries", None)
        if policy is not None and policy.total not in (0, False):
            raise ConfigurationError(
                "the session's adapter retries requests by itself (max_retries), which can send a message twice: "
                "mount it with max_retries=0 and use Client(retries=…)"
            )

    def close(self) -> None:
        """Close the connections. A session that was passed in stays open and gets its adapter back.

        Calls of other threads that wait for a retry fail without sending.
        """
        self._closed = True
        if self._own:
            self._session.close()
        else:
            from .transport.requests_adapter import unmount

            unmount(self._session, self._mounted)
            self._mounted = None

    def renew_after_fork(self) -> None:
        """Use connections of its own in a process that was just forked. It is called by itself."""
        from .transport.requests_adapter import renew_session

        renew_session(self._session)

    def __enter__(self) -> Client:
        self._closed = False
        if not self._own and self._mounted is None:
            from .transport.requests_adapter import mount

            self._mounted = mount(self._session, self.account.address, self._keep_alive)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _already_read(response: requests.Response, request: HttpRequest, limit: int) -> HttpResponse | NoResponse | None:
    """Return the outcome if a cache answered, or if a hook of the session has read the response; None if it has to be read."""
    if (cached := answered_by_cache(response, request)) is not None:
        return cached
    # requests does not publish whether the content was read, and reading it has no size limit.
    content: object = getattr(response, "_content", False)
    raw: Any = response.raw
    if raw is None and content is False:  # a response that a hook has made
        content = b""
    if isinstance(content, bytes):
        # It is decompressed already.
        return HttpResponse(response.status_code, response.headers, content[: limit + 1])
    if raw is not None and hasattr(raw, "tell") and raw.tell():
        response.close()
        return consumed_response(request, "response.content or response.text")
    return None


def _may_have_left(error: BaseException, started: float) -> bool:
    """Whether a request that was started at this time may have left before ``error`` interrupted it."""
    return not failed_before_sending(error, started)


def _new_session(keep_alive: float) -> requests.Session:
    import requests

    from .transport.requests_adapter import DeadlineAdapter

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter(keep_alive=keep_alive))
    # Gateways use no cookies, and threads would share the jar.
    session.cookies.set_policy(_no_cookies())
    session.headers["User-Agent"] = user_agent()
    return session


def _no_cookies() -> CookiePolicy:
    from http.cookiejar import DefaultCookiePolicy

    return DefaultCookiePolicy(allowed_domains=[])


def _keep_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _drop_location(response: requests.Response, *args: Any, **kwargs: Any) -> None:
    """Remove the target of a redirect. Otherwise requests reads the whole body of a redirect, however long it is."""
    response.headers.pop("Location", None)
