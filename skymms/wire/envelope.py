"""How an encoded document travels: in the URL, in a form field, or as the request body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..http import HttpRequest
from ..redaction import KeyHolder
from .codecs import query
from .dialects import Dialect


@dataclass(frozen=True, slots=True, repr=False)
class Envelope(KeyHolder):
    """How the documents of an account travel: in the address, in a form field, or as the body."""

    method: str
    url: str
    headers: Mapping[str, str]
    #: What a body begins with, and what becomes of a document's bytes, piece by piece.
    before: bytes = b""
    carry: Callable[[bytes], bytes] = bytes

    @classmethod
    def of(cls, spoken: Dialect, api_key: str, url: str, bare_body: bool) -> Envelope:
        """The way of a dialect; some accounts want a body bare where the documents ask for a form."""
        # Answers are small and bombs are not. Said here, since a session of the caller's would ask for what it can unpack.
        headers = {"Accept": spoken.response_codec.ACCEPT, "Accept-Encoding": "identity"}
        if spoken.key_header:
            headers[spoken.key_header] = api_key
        if spoken.placement == "url":
            return cls("GET", url, headers)
        if spoken.placement == "form" and not bare_body:
            return cls("POST", url, {**headers, "Content-Type": query.CONTENT_TYPE}, b"xml=", query.quote_document)
        return cls("POST", url, {**headers, "Content-Type": spoken.codec.CONTENT_TYPE})

    def request(self, carried: bytes) -> HttpRequest:
        """The request for a document whose bytes are as they travel."""
        if self.method == "GET":
            return HttpRequest("GET", f"{self.url}?{carried.decode('ascii')}", self.headers)
        return HttpRequest(self.method, self.url, self.headers, self.before + carried)
