"""Why there is no response, from the errors of requests and urllib3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..http import HttpRequest
from .exchange import NoResponse


def no_response(error: BaseException, request: HttpRequest, asked: float | None = None) -> NoResponse:
    """Why there is no answer to what was ``asked`` then; None where the beginning of one has come.

    Without the error's own words: they quote the address, and a GET's holds the key.
    """
    import ssl

    from requests.exceptions import InvalidProxyURL, InvalidSchema
    from urllib3.exceptions import ConnectTimeoutError, LocationValueError, NewConnectionError

    chain = list(causes(error))
    reason = next((type(link).__name__ for link in chain), "")
    for link in chain:
        if isinstance(link, OSError) and link.strerror:
            reason = link.strerror
    place = request.safe_url
    # Only these mean that no byte of the request left. Anything else may have, however likely it is that it did not.
    if any(isinstance(link, (NewConnectionError, ConnectTimeoutError)) for link in chain):
        return NoResponse(f"no connection to {place}: {reason}; nothing was sent", left=False)
    # A proxy that has no address, or one that needs what is not installed.
    if any(isinstance(link, (LocationValueError, InvalidProxyURL, InvalidSchema)) for link in chain):
        return NoResponse(
            f"{place}, or the proxy to it, is no address requests can use; nothing was sent", left=False, transient=False
        )
    # What http.client makes of a proxy's refusal, in words only: no request leaves before the way is there.
    if any(type(link) is OSError and str(link).startswith("Tunnel connection failed") for link in chain):
        return NoResponse(f"the proxy does not lead to {place}; nothing was sent", left=False, transient=False)
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return NoResponse(f"the certificate of {place} was not accepted; nothing was sent", left=False, transient=False)
    # The handshake of TLS, in time or not.
    if asked is not None and any(failed_before_sending(link, asked) for link in chain):
        return NoResponse(f"no connection to {place}: {reason}; nothing was sent", left=False)
    if any(isinstance(link, TimeoutError) or "Timeout" in type(link).__name__ for link in chain):
        return NoResponse(f"no whole answer from {place} in time; the request may have arrived", left=True)
    return NoResponse(f"the connection to {place} broke ({reason}); the request may have arrived", left=True)


def failed_before_sending(error: BaseException, since: float) -> bool:
    """Whether this error ended the making of a connection after ``since``, as a ``DeadlineAdapter`` marks it."""
    when: float = getattr(error, "before_sending", float("-inf"))
    return when >= since


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what lies behind it, as requests and urllib3 nest them: in arguments, reasons and causes.

    Never the context: it leads to whatever the caller was handling when it called, a refused connection of yesterday perhaps,
    which says nothing about whether this request left.
    """
    seen: set[int] = set()
    todo: list[Any] = [error]
    while todo:
        link = todo.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        todo += [*link.args, getattr(link, "reason", None), getattr(link, "original_error", None), link.__cause__]
