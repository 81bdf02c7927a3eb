"""Explains why there is no response, from the errors of requests and urllib3.

The messages never quote the error itself: it contains the URL, and the URL of a GET request contains the API key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import ConfigurationError, ProtocolError
from ..http import HttpRequest
from ..redaction import strip_credentials
from .exchange import NoResponse

#: The outcome of a request whose client was closed, perhaps while the request waited for a retry.
CLIENT_CLOSED = NoResponse("the client was closed; nothing was sent", left=False, transient=False)


# ------------------------------------------------------------------------------------------------ for both clients


def not_connected(request: HttpRequest, reason: str, proxy: str | None = None, *, transient: bool = True) -> NoResponse:
    """Return the outcome of a request for which there was no connection to the gateway, or to the proxy."""
    return NoResponse(f"no connection to {_way(request, proxy)}: {reason}; nothing was sent", left=False, transient=transient)


def unusable_url(request: HttpRequest, library: str) -> NoResponse:
    """Return the outcome of a request whose URL the library cannot use."""
    return NoResponse(f"{request.safe_url} is not a URL that {library} can use; nothing was sent", left=False, transient=False)


def unusable_proxy(proxy: str, remedy: str) -> NoResponse:
    """Return the outcome of a request whose proxy the library cannot use."""
    why = f"the proxy {strip_credentials(proxy)} cannot be used; nothing was sent: {remedy}"
    return NoResponse(why, left=False, transient=False)


def refused_by_proxy(request: HttpRequest, proxy: str | None = None, status: int | None = None) -> NoResponse:
    """Return the outcome of a request for which the proxy did not open a tunnel to the gateway."""
    http = f" (HTTP {status})" if status else ""
    which = f"the proxy {strip_credentials(proxy)}" if proxy else "the proxy"
    return NoResponse(f"{which} did not connect to {request.safe_url}{http}; nothing was sent", left=False, transient=False)


def untrusted_certificate(request: HttpRequest, problem: str | None = None) -> NoResponse:
    """Return the outcome of a request to a gateway whose certificate is not trusted, perhaps because of this ``problem``."""
    why = f"the certificate of {request.safe_url} is not trusted; nothing was sent"
    return NoResponse(f"{why}: {problem}" if problem else why, left=False, transient=False)


def unusable_certificate_file(problem: str) -> NoResponse:
    """Return the outcome of a request for which a file of certificates could not be read."""
    return NoResponse(f"{problem}; nothing was sent", left=False, transient=False)


def timed_out(request: HttpRequest, proxy: str | None = None) -> NoResponse:
    """Return the outcome of a request that was sent and whose response was not complete in time."""
    return NoResponse(f"no complete response from {_way(request, proxy)} in time; the request may have arrived", left=True)


def connection_broke(request: HttpRequest, reason: str, proxy: str | None = None) -> NoResponse:
    """Return the outcome of a request that may have left before the connection broke."""
    return NoResponse(f"the connection to {_way(request, proxy)} broke ({reason}); the request may have arrived", left=True)


def _way(request: HttpRequest, proxy: str | None) -> str:
    return f"{request.safe_url} through the proxy {strip_credentials(proxy)}" if proxy else request.safe_url


def answered_by_cache(response: Any, request: HttpRequest) -> NoResponse | None:
    """Return the outcome of a request that a cache of the session has answered; None for a response of the gateway."""
    says_so = getattr(response, "from_cache", False) is True  # requests-cache, aiohttp-client-cache, CacheControl
    if not says_so and response.headers.get("X-Hishel-From-Cache") != "true":
        return None
    # A cache returns an old response after it has asked the gateway: there was no answer, or the answer was "not modified".
    # Only an attribute shows that nothing was sent, because a gateway can write any header.
    left = not says_so or any(getattr(response, name, False) is True for name in ("revalidated", "is_expired"))
    sent = "the request may have arrived" if left else "nothing was sent"
    why = f"a cache answered the request to {request.safe_url}; {sent}: use a session without a cache"
    return NoResponse(why, left=left, transient=False, error=ProtocolError)


def consumed_response(request: HttpRequest, library: str) -> NoResponse:
    """Return the outcome of a request whose response was read, and not kept, by code of the caller's session."""
    why = (
        f"a hook or middleware of the session has consumed the response from {request.safe_url}; the request may have "
        f"arrived: let it use {library}, which keeps what it reads"
    )
    return NoResponse(why, left=True, transient=False, error=ProtocolError)


def raise_if_not_recorded(error: BaseException, request: HttpRequest) -> None:
    """Raise a :class:`~skymms.ConfigurationError` if a cassette of VCR.py has no response for a request and may not record it.

    The error of VCR.py itself contains the URL, and the URL of a GET request contains the API key.
    """
    if type(error).__name__ != "CannotOverwriteExistingCassetteException":
        return
    cassette: Any = getattr(error, "cassette", None)
    mode = getattr(cassette, "record_mode", None)
    raise ConfigurationError(
        f"the cassette {getattr(cassette, '_path', '')} has no response left for {request.method} {request.safe_url}, and its "
        f"record mode {getattr(mode, 'value', mode)!r} does not record one; nothing was sent. {_difference(error)}; "
        "delete the file to record it again"
    ) from None


def _difference(error: Any) -> str:
    """Say how a request differs from the most similar one in the cassette, without values, which may contain the API key."""
    similar: list[Any] = list(getattr(error, "similar_requests", ()))
    if not similar:
        return "The cassette has no similar request"
    recorded, _, failed = similar[0]
    if not failed:
        return "Each recorded response is replayed once"
    names = {"uri": "the address", "host": "the address", "port": "the address", "raw_body": "the body", "body": "the body"}
    parts = " and ".join(dict.fromkeys(names.get(name, f"the {name}") for name, _ in failed))
    address = urlsplit(str(recorded.uri))
    where = f" (recorded from {address.hostname}{f':{address.port}' if address.port else ''})" if "address" in parts else ""
    return f"It differs from the most similar recorded request in {parts}{where}"


# ------------------------------------------------------------------------------------------------ requests and urllib3


def no_response(
    error: BaseException, request: HttpRequest, started: float | None = None, settings: Mapping[str, Any] | None = None
) -> NoResponse:
    """Return why a request that was started at this time has no response.

    ``started`` is None once the beginning of a response has arrived: an error of the TLS handshake is then impossible.
    ``settings`` are the ``proxies``, ``verify`` and ``cert`` of the request.
    """
    chain = list(causes(error))
    proxy = _proxy(request, settings)
    # Only the following errors mean that no byte of the request left. After any other error it may have left.
    if _never_connected(chain):
        return not_connected(request, _reason(chain), proxy)
    if _url_is_unusable(chain):
        if proxy is None:
            return unusable_url(request, "requests")
        return unusable_proxy(proxy, "give an http:// or https:// URL; SOCKS needs pip install 'requests[socks]'")
    if _has_no_connection(chain):
        # It would wait again.
        return not_connected(request, "all connections of the session were in use, or it was closed", transient=False)
    if _proxy_refused(chain):
        return refused_by_proxy(request, proxy)
    file = _certificate_file(error, chain, request, started, settings)
    if _certificate_is_untrusted(chain):
        return untrusted_certificate(request, file)
    if file is not None:
        return unusable_certificate_file(file)
    if started is not None and any(failed_before_sending(cause, started) for cause in chain):
        return not_connected(request, _reason(chain), proxy)
    return timed_out(request, proxy) if _is_timeout(chain) else connection_broke(request, _reason(chain), proxy)


def failed_before_sending(error: BaseException, since: float) -> bool:
    """Return whether this error ended the attempt to connect, after the time ``since``.

    The connections of ``DeadlineAdapter`` mark such errors with a time, because the same exception object may be raised again
    in a later call.
    """
    when: float = getattr(error, "before_sending", float("-inf"))
    return when >= since


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, as requests and urllib3 nest them: in arguments, ``reason`` and ``__cause__``.

    ``__context__`` is ignored: it can be an error that the caller was handling when it called, perhaps a refused connection
    of an earlier request, which does not tell whether this request left.
    """
    seen: set[int] = set()
    queue: list[Any] = [error]
    while queue:
        cause = queue.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        queue += [*cause.args, getattr(cause, "reason", None), getattr(cause, "original_error", None), cause.__cause__]


def _never_connected(chain: list[BaseException]) -> bool:
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    return any(isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in chain)


def _url_is_unusable(chain: list[BaseException]) -> bool:
    """Whether the URL or a proxy's URL is malformed, or needs a package that is not installed (SOCKS)."""
    from requests.exceptions import InvalidProxyURL, InvalidSchema
    from urllib3.exceptions import LocationValueError

    return any(isinstance(cause, (LocationValueError, InvalidProxyURL, InvalidSchema)) for cause in chain)


def _has_no_connection(chain: list[BaseException]) -> bool:
    """Whether the pool of a session had no connection for the request. requests passes some of these errors on as they are."""
    from urllib3.exceptions import ClosedPoolError, EmptyPoolError

    return any(isinstance(cause, (EmptyPoolError, ClosedPoolError)) for cause in chain)


def _proxy(request: HttpRequest, settings: Mapping[str, Any] | None) -> str | None:
    from requests.utils import select_proxy

    return select_proxy(request.url, settings["proxies"]) if settings else None


def _certificate_file(
    error: BaseException,
    chain: list[BaseException],
    request: HttpRequest,
    started: float | None,
    settings: Mapping[str, Any] | None,
) -> str | None:
    """Return the problem with a certificate file, or None if that is not why the request failed."""
    from .certificates import unusable_files

    # requests looks for the files before it connects, and tells by this text only.
    missing = type(error) is OSError and str(error).startswith("Could not find ")
    before = started is not None and any(failed_before_sending(cause, started) for cause in chain)
    if not missing and not (before and request.url.startswith("https:")):
        return None
    problem = unusable_files(settings["verify"], settings["cert"]) if settings else None
    return problem or (str(error) if missing else None)


def _proxy_refused(chain: list[BaseException]) -> bool:
    """Whether the proxy did not open a tunnel. http.client reports that with this text only."""
    return any(type(cause) is OSError and str(cause).startswith("Tunnel connection failed") for cause in chain)


def _certificate_is_untrusted(chain: list[BaseException]) -> bool:
    import ssl

    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain)


def _is_timeout(chain: list[BaseException]) -> bool:
    return any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in chain)


def _reason(chain: list[BaseException]) -> str:
    """The text of the innermost operating system error, or the name of the outermost class."""
    texts = [cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror]
    return texts[-1] if texts else type(chain[0]).__name__
