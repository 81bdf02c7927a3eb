"""The client, which sends with requests. It performs the steps that an :class:`~skymms.transport.exchange.Exchange` decides.

requests is imported when the first client is created. Prepared headers, proxies and certificates are the same for each call
and are computed once, because requests spends a third of its time on them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from .errors import ConfigurationError, TransportError
from .http import MAX_REPORT, HttpRequest, HttpResponse
from .model.operations import Operation, R_co
from .transport import guard
from .transport.calls import DEFAULT_TIMEOUT, BaseClient
from .transport.compression import response_from
from .transport.errors import CLIENT_CLOSED, failed_before_sending, no_response, unusable_url
from .transport.exchange import GatewayAccount, NoResponse, Outcome, Pause, Reserve, Step
from .transport.fetching import NOT_A_LINK, file_from_response, link_request, user_agent
from .transport.logging import mask_keys_in_urllib3_logs
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
    an object whose methods are called for requests, retries and replies: see :mod:`skymms.transport.events`.

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
    ) -> None:
        import requests

        from .transport.requests_adapter import mount

        super().__init__(account, timeout, retries, observer, session, requests.Session)
        self._session = _new_session() if session is None else session
        self._mounted = None if self._own else mount(self._session, account.address)
        #: A prepared request and the values it depends on; the next request with the same values is a copy of it.
        self._template: tuple[tuple[Any, ...], requests.PreparedRequest] | None = None
        self._settings: tuple[Any, dict[str, Any]] | None = None
        mask_keys_in_urllib3_logs()

    def call(self, operation: Operation[R_co]) -> R_co:
        """Send an operation to the gateway and return its reply.

        Raises :class:`~skymms.MMSError` if the operation is wrong (``foreseen``, nothing was sent) or the gateway refuses it,
        :class:`~skymms.TransportError` or :class:`~skymms.ProtocolError` if there is no usable response, and
        :class:`~skymms.ConfigurationError` for a field that the dialect does not support. ``sent_maybe`` of the error, and of
        any exception that interrupts the call, is True if the message may have been sent.
        """
        with self._begin(operation, _may_have_left) as call:
            step = call.start()
            while step is not None:
                step = call.advance(self._perform(step))
        return call.result

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
        settings = self._session.merge_environment_settings(prepared.url, {}, True, None, None)
        # The adapter with the guard is mounted on the caller's session for the gateway's URL only.
        mounted = mount(self._session, prepared.url or "") if guard.is_active() and not self._own else None
        started = time.monotonic()
        try:
            response = self._session.send(prepared, timeout=self._timeout, allow_redirects=False, **settings)
        except (requests.RequestException, OSError, ValueError) as error:
            raise TransportError(no_response(error, link, started).why) from None
        finally:
            unmount(self._session, mounted)
        return file_from_response(self._read(response, link, limit), link, limit)

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
        self._refuse_adapter_retries(prepared.url or "")
        started = time.monotonic()
        try:
            # Redirects are not followed: a 302 or 307 would send the message twice, and the API key to another host.
            response = self._session.send(
                prepared, timeout=self._timeout, allow_redirects=False, stream=True, **self._environment()
            )
        except (requests.RequestException, OSError, ValueError) as error:
            return no_response(error, request, started)
        return self._read(response, request, self.account.max_response)

    def _read(self, response: requests.Response, request: HttpRequest, limit: int) -> HttpResponse | NoResponse:
        """Read the whole response, within the time limit and up to just above ``limit`` bytes."""
        import requests
        import urllib3

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
        if len(body) > limit:
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
            merged = session.merge_environment_settings(self.account.address, {}, None, None, None)
            self._settings = state, {name: merged[name] for name in ("proxies", "verify", "cert")}
        return self._settings[1]

    def _refuse_adapter_retries(self, url: str) -> None:
        """Raise an error if the caller's adapter retries by itself: it would send messages twice."""
        if self._own:
            return
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

    def __enter__(self) -> Client:
        self._closed = False
        if not self._own and self._mounted is None:
            from .transport.requests_adapter import mount

            self._mounted = mount(self._session, self.account.address)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _may_have_left(error: BaseException, started: float) -> bool:
    """Whether a request that was started at this time may have left before ``error`` interrupted it."""
    return not failed_before_sending(error, started)


def _new_session() -> requests.Session:
    import requests

    from .transport.requests_adapter import DeadlineAdapter

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter())
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
