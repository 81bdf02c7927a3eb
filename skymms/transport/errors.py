"""Explains why there is no response, from the errors of requests and urllib3.

The messages never quote the error itself: it contains the URL, and the URL of a GET request contains the API key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import ProtocolError
from ..http import HttpRequest
from .exchange import NoResponse

#: The outcome of a request whose client was closed, perhaps while the request waited for a retry.
CLIENT_CLOSED = NoResponse("the client was closed; nothing was sent", left=False, transient=False)


# ------------------------------------------------------------------------------------------------ for both clients


def not_connected(request: HttpRequest, reason: str, *, transient: bool = True) -> NoResponse:
    """Return the outcome of a request for which there was no connection to the gateway."""
    return NoResponse(f"no connection to {request.safe_url}: {reason}; nothing was sent", left=False, transient=transient)


def unusable_url(request: HttpRequest, library: str, *, proxy: bool = False) -> NoResponse:
    """Return the outcome of a request whose URL, or the URL of its ``proxy``, the library cannot use."""
    which = f"{request.safe_url}, or the proxy to it, is" if proxy else f"{request.safe_url} is"
    return NoResponse(f"{which} not a URL that {library} can use; nothing was sent", left=False, transient=False)


def refused_by_proxy(request: HttpRequest, status: int | None = None) -> NoResponse:
    """Return the outcome of a request for which the proxy did not open a tunnel to the gateway."""
    http = f" (HTTP {status})" if status else ""
    return NoResponse(f"the proxy did not connect to {request.safe_url}{http}; nothing was sent", left=False, transient=False)


def untrusted_certificate(request: HttpRequest) -> NoResponse:
    """Return the outcome of a request to a gateway whose certificate is not trusted."""
    return NoResponse(f"the certificate of {request.safe_url} is not trusted; nothing was sent", left=False, transient=False)


def timed_out(request: HttpRequest) -> NoResponse:
    """Return the outcome of a request that was sent and whose response was not complete in time."""
    return NoResponse(f"no complete response from {request.safe_url} in time; the request may have arrived", left=True)


def connection_broke(request: HttpRequest, reason: str) -> NoResponse:
    """Return the outcome of a request that may have left before the connection broke."""
    return NoResponse(f"the connection to {request.safe_url} broke ({reason}); the request may have arrived", left=True)


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


# ------------------------------------------------------------------------------------------------ requests and urllib3


def no_response(error: BaseException, request: HttpRequest, started: float | None = None) -> NoResponse:
    """Return why a request that was started at this time has no response.

    ``started`` is None once the beginning of a response has arrived: an error of the TLS handshake is then impossible.
    """
    chain = list(causes(error))
    # Only the following errors mean that no byte of the request left. After any other error it may have left.
    if _never_connected(chain):
        return not_connected(request, _reason(chain))
    if _url_is_unusable(chain):
        return unusable_url(request, "requests", proxy=True)
    if _proxy_refused(chain):
        return refused_by_proxy(request)
    if _certificate_is_untrusted(chain):
        return untrusted_certificate(request)
    if started is not None and any(failed_before_sending(cause, started) for cause in chain):
        return not_connected(request, _reason(chain))
    return timed_out(request) if _is_timeout(chain) else connection_broke(request, _reason(chain))


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
