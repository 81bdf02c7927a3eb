"""Lets VCR.py record the requests of our connections, and answer them from a cassette.

While a cassette is in use, VCR.py replaces the connection class of urllib3's pools by one of its own, which owns the connection
that really sends. Our pools have a connection class with deadlines, which VCR.py does not replace: it would neither see the
requests nor keep them from the gateway. So :func:`connection_class` returns a subclass of the class of VCR.py whose sending
connection is ours.

Nothing here imports VCR.py. Its class is recognised by its attribute ``cassette``.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from . import guard

_POOLS: dict[str, Any] = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
#: Where the class for a cassette is kept, in the class of VCR.py: each cassette has classes of its own.
_KEPT = "_skymms_{}"


def connection_class(scheme: str, ours: Any) -> Any:
    """Return the connection class to use for ``http`` or ``https``: ``ours``, or a recording one while a cassette is in use."""
    replaced: Any = _POOLS[scheme].ConnectionCls
    if getattr(replaced, "cassette", None) is None:
        return ours
    name = _KEPT.format(ours.__name__)
    known: Any = replaced.__dict__.get(name)
    if known is None:
        sending: Any = type(ours.__name__, (_Sending, ours), {})
        known = type(replaced.__name__, (_Recorded, replaced), {"_baseclass": sending, "idle_since": ours.idle_since})
        setattr(replaced, name, known)
    return known


def is_recording() -> bool:
    """Return whether a cassette is in use."""
    return getattr(HTTPConnectionPool.ConnectionCls, "cassette", None) is not None


class _Recorded:
    """Added to the connection class of VCR.py, which sends a request only when its response is read and is in no cassette."""

    real_connection: Any
    timeout: Any
    _vcr_request: Any

    def request(self, *args: Any, **kwargs: Any) -> None:
        super().request(*args, **kwargs)  # type: ignore[misc]
        # VCR.py connects after urllib3 has set the time to read.
        self.real_connection.connect_timeout = self.timeout
        self.real_connection.target = urlsplit(str(self._vcr_request.uri)).hostname or ""

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        self.real_connection.begun = False
        try:
            return super().getresponse(*args, **kwargs)  # type: ignore[misc]
        except BaseException as error:
            if not self.real_connection.begun:
                error.before_sending = time.monotonic()  # type: ignore[attr-defined]
            raise


class _Sending:
    """Added to our connection class: sends what is in no cassette, if the guard of the pytest plugin allows it."""

    timeout: Any
    host: str
    connect_timeout: Any = None
    #: The host of the request, which is another one than ``host`` if there is a proxy.
    target: str = ""
    #: True once a byte of the request may have been sent.
    begun: bool = False

    def connect(self) -> None:
        self._ask_guard()
        whole, self.timeout = self.timeout, self.connect_timeout or self.timeout
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self.timeout = whole

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._ask_guard()
        self.begun = True
        # The cassette keeps the body as the gateway sent it, so that its Content-Encoding stays true.
        super().request(*args, **{**kwargs, "preload_content": False, "decode_content": False})  # type: ignore[misc]

    def _ask_guard(self) -> None:
        if guard.is_active():
            guard.check(self.target or self.host, self.host if self.target not in {"", self.host} else None)
