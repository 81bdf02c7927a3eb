"""Where a request has its document: in the URL, in a form field, or as the body."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .._functools import constructor_of_plain_values
from ..http import NO_STORE, HttpRequest
from ..redaction import KeyHolder
from .codecs import query
from .dialects import Dialect


class Placement(KeyHolder):
    """Creates the HTTP requests of an account from documents. The headers or the documents contain the key.

    ``prefix`` is the beginning of a body, before the document. ``escape`` escapes the document or a part of it.
    """

    __slots__ = ("_headers", "_method", "_prefix", "_url", "escape")

    def __init__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        prefix: bytes = b"",
        escape: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._method, self._url, self._headers = method, url, headers
        self._prefix = prefix
        self.escape: Callable[[bytes], bytes] = escape

    @classmethod
    def for_account(cls, dialect: Dialect, api_key: str, url: str, bare_body: bool) -> Placement:
        """Return a dialect's placement; ``bare_body`` sends a document as the body where the vendor documents a form field."""
        # Responses are not compressed: they are small, and a compressed one can expand without limit. The header is set here,
        # because a session of the caller's would otherwise ask for compression.
        headers = {"Accept": dialect.response_codec.ACCEPT, "Accept-Encoding": "identity", **NO_STORE}
        if dialect.key_header:
            headers[dialect.key_header] = api_key
        if dialect.placement == "url":
            return cls("GET", url, headers)
        if dialect.placement == "form" and not bare_body:
            return cls("POST", url, {**headers, "Content-Type": query.CONTENT_TYPE}, b"xml=", query.quote_document)
        return cls("POST", url, {**headers, "Content-Type": dialect.codec.CONTENT_TYPE})

    def request(self, escaped: bytes) -> HttpRequest:
        """Return the request for a document that is escaped already."""
        if self._method == "GET":
            return HttpRequest("GET", f"{self._url}?{escaped.decode('ascii')}", self._headers)
        return _new_request(method=self._method, url=self._url, headers=self._headers, body=self._prefix + escaped)


_new_request = constructor_of_plain_values(HttpRequest)
