"""What the clients have in common that is neither a decision nor a library's: time-outs, the log, and an answer's wrapping."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigurationError, ProtocolError, TransportError
from ..http import HttpRequest, HttpResponse, parse_http_url
from .exchange import GatewayAccount, NoResponse

#: Why nothing is sent by a client that was closed, which a call that waited to be repeated may find.
CLIENT_CLOSED = NoResponse("the client was closed; nothing was sent", left=False, transient=False)

#: Seconds to make a connection, and seconds from the request's leaving to the last byte of the answer.
DEFAULT_TIMEOUT = (5.0, 30.0)


def parse_timeout(timeout: float | tuple[float, float]) -> tuple[float, float]:
    """(connect, read) in seconds, from the pair or from one number for both; a call without an end is no choice."""
    pair: Any = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    try:
        connect, read = (0.0 if isinstance(one, bool) else float(one) for one in pair)
    except (TypeError, ValueError):  # None, which means without end
        connect = read = 0.0
    if not (0 < connect < float("inf") and 0 < read < float("inf")):
        raise ConfigurationError(f"timeout={timeout!r:.40}: give seconds above 0, or (connect, read)")
    return connect, read


def check_arguments(account: Any, session: Any, wanted: type[Any]) -> None:
    """Raise TypeError for what is no account, and for a session that is another library's."""
    if isinstance(account, type) or not isinstance(account, GatewayAccount):
        raise TypeError(f"an Account is wanted, not {_named(account)}")
    if session is not None and not isinstance(session, wanted):
        library = wanted.__module__.partition(".")[0]
        raise TypeError(f"a session of {library} is wanted ({library}.{wanted.__name__}), not {_named(session)}")


def _named(thing: Any) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else type(thing).__name__


def link_request(url: Any) -> HttpRequest:
    """The request for a link that the gateway gave; :class:`~skymms.ConfigurationError` for what is no http(s) address."""
    link = url if isinstance(url, str) else ""
    # A blank in a path is written out; in the name of a host, and a line break anywhere, it is a mistake.
    parts = parse_http_url(link) if link.isprintable() else None
    if parts is None or " " in parts.netloc:
        raise ConfigurationError("the link is no http(s) address")
    return HttpRequest("GET", link, {"User-Agent": user_agent(), "Accept-Encoding": "identity"})


def user_agent() -> str:
    """Who calls."""
    from importlib.metadata import version

    return f"skymms/{version('skymms')}"


def file_from_response(got: HttpResponse | NoResponse, link: HttpRequest, limit: int) -> bytes:
    """The file that a link led to, or the error that there is none."""
    if isinstance(got, NoResponse):
        raise TransportError(got.why)
    if got.status != 200 or len(got.body) > limit:
        said = f"HTTP {got.status}" if got.status != 200 else f"more than the {limit:,} bytes allowed"
        raise ProtocolError(f"{link.safe_url}: {said}", body=got.body, status=got.status)
    return got.body
