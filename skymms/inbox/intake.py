"""Decides what a request means: which answer it gets, and what of it is stored. Without I/O and without a clock.

A request is judged twice: before its body is read (:meth:`Intake.refuse`), so that strangers cannot make the server read and
keep anything, and when the body is there (:meth:`Intake.read`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias, cast

from ..errors import ConfigurationError, ProtocolError
from ..model.notices import Notice
from ..postbacks import MAX_INBOUND
from ..transport.logging import logger
from .access import Networks, Passwords
from .secrets import SecretHashes
from .storing import Post

#: Returns the notices in a body: ``read(body, content_type)`` or ``read(body)``.
Read: TypeAlias = Callable[..., tuple[Notice, ...]]

#: Percent-encoding in a form makes a document up to three times as long.
MAX_BODY: Final = 3 * MAX_INBOUND
#: The gateway waits for ten seconds. The rest is for the way there and back.
ANSWER_WITHIN: Final = 8.0
#: A header of any length would be stored with each post.
_LONGEST_CONTENT_TYPE = 200
_LONGEST_PROBLEM = 500


class Request(NamedTuple):
    """A request before its body is read: its method, path, headers and caller.

    ``headers`` has names in lower case; values that came several times are joined with commas. ``peer`` is the address of the
    other end of the connection, None for a Unix socket.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    peer: str | None


class Answer(NamedTuple):
    """An answer: the HTTP status, a text for people, and headers beside its type and length."""

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = ()


STORED: Final = Answer(200, "stored")
READY: Final = Answer(200, "the inbox is ready: it stores what a gateway posts here")
NOT_FOUND: Final = Answer(404, "not found")
FORBIDDEN: Final = Answer(403, "this address may not post here")
UNAUTHORIZED: Final = Answer(401, "a user and a password are needed", (("WWW-Authenticate", 'Basic realm="inbox"'),))
NOT_ALLOWED: Final = Answer(405, "only POST stores anything", (("Allow", "GET, HEAD, POST"),))
INCOMPLETE: Final = Answer(400, "the body does not have the length that the request announces")
TOO_SLOW: Final = Answer(408, "the body did not arrive in time")
LENGTH_REQUIRED: Final = Answer(411, "this server reads only bodies with a Content-Length")
TOO_LONG: Final = Answer(413, "the body is too long")
UNAVAILABLE: Final = Answer(503, "not stored: post it again", (("Retry-After", "60"),))


class Intake:
    """Judges requests. See :class:`~skymms.inbox.Inbox` for the parameters."""

    def __init__(
        self, secret: SecretHashes, *, read: Read, passwords: Passwords, networks: Networks, max_body: int = MAX_BODY
    ) -> None:
        self.max_body: int = positive(max_body, "max_body")
        self._secret = secret
        self._parser = Parser(read)
        self._passwords = passwords
        self._networks = networks

    def refuse(self, request: Request) -> Answer | None:
        """Return the answer to a request whose body need not be read, or None.

        Only a caller who knows the secret learns anything but 404.
        """
        headers = request.headers
        if not self._secret.matches(request.path.rstrip("/").rpartition("/")[2]):
            return NOT_FOUND
        if not self._networks.allow(request.peer, headers.get("x-forwarded-for")):
            logger.warning("inbox: refused a post (403): its address is in none of the networks that may post")
            return FORBIDDEN
        if not self._passwords.allow(headers.get("authorization")):
            logger.warning("inbox: refused a post (401): its user and password are missing or wrong")
            return UNAUTHORIZED
        if request.method != "POST":
            # 200 for a GET with content would confirm something that is not stored.
            is_plain = request.method in {"GET", "HEAD"} and not request.query and not _announces_body(headers)
            return READY if is_plain else NOT_ALLOWED
        length = headers.get("content-length", "")
        # int() refuses very long numbers, and accepts more than digits.
        if length.isdecimal() and (len(length) > 15 or int(length) > self.max_body):
            return self.too_long()
        return None

    def too_long(self) -> Answer:
        """Return the answer to a body that is too long."""
        logger.error("inbox: refused a post (413): its body has more than %s bytes (max_body)", f"{self.max_body:,}")
        return TOO_LONG

    def too_slow(self) -> Answer:
        """Return the answer to a body that did not arrive in time."""
        logger.warning("inbox: refused a post (408): its body did not arrive in time")
        return TOO_SLOW

    def broken(self, size: int, length: str) -> Answer:
        """Return the answer to a body that ended after ``size`` bytes."""
        logger.error(
            "inbox: refused a post (400): %s of %s bytes of its body arrived. If this repeats, other code of the program reads "
            "the body before the inbox",
            size,
            length[:20] or "more",
        )
        return INCOMPLETE

    def refuse_body(self, request: Request, size: int) -> Answer | None:
        """Return the answer to a body of this size that is too long or not whole, or None.

        A body is not whole if the caller broke the connection, or if other code of the program has read it before the inbox
        could: an empty body would be stored, and the gateway would be told that it arrived.
        """
        if size > self.max_body:
            return self.too_long()
        length = request.headers.get("content-length", "")
        if length.isdecimal() and size == int(length):
            return None
        if not length and (size or not _announces_body(request.headers)):
            return None
        return self.broken(size, length)

    def read(self, body: bytes, headers: Mapping[str, str], at: float) -> Post:
        """Return what is stored of a post that arrived at a time: its notices, or the reason why there are none.

        Raises nothing: a body that cannot be read is stored too: the gateway would repeat it five times and then lose it.
        """
        content_type = headers.get("content-type")
        content_type = content_type[:_LONGEST_CONTENT_TYPE] if content_type else None
        encoding = headers.get("content-encoding", "").strip().lower()
        if encoding not in {"", "identity"}:
            # Known gateways do not compress, and a few bytes could become gigabytes.
            return Post(
                body, content_type, at, (), f"the body is compressed (Content-Encoding {encoding[:40]}), so it was not read"
            )
        post = self._parser.parse(body, content_type, at)
        if post.problem is not None:
            logger.warning("inbox: a post could not be read; it is stored in quarantine")
        return post


class Parser:
    """Parses the bodies of posts with a function: ``read(body, content_type)`` or ``read(body)``."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._takes_content_type = _takes_content_type(read)

    def parse(self, body: bytes, content_type: str | None, at: float) -> Post:
        """Return the notices in a body, or the reason why there are none. Raises nothing."""
        try:
            given = self._read(body, content_type) if self._takes_content_type else self._read(body)
            notices = tuple(given)
            problem = _problem(notices)
        except ProtocolError as error:
            notices, problem = (), str(error)
        except Exception as error:
            # Of a function of the user, or a defect: the body is kept all the same.
            logger.error("inbox: reading a post raised %s (the log has its traceback at DEBUG)", type(error).__name__)
            # The text of the error can quote the post, and with it somebody's number.
            logger.debug("inbox: the error", exc_info=True)
            notices, problem = (), f"reading it raised {type(error).__name__}"
        if problem is not None:
            return Post(body, content_type, at, (), problem[:_LONGEST_PROBLEM])
        return Post(body, content_type, at, notices, None)


def _problem(notices: tuple[object, ...]) -> str | None:
    if not notices:
        return "there is no notice in it"
    wrong = next((one for one in notices if not isinstance(one, Notice)), None)
    return None if wrong is None else f"the function that reads posts returned a {type(wrong).__name__}, not a Notice"


def _announces_body(headers: Mapping[str, str]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip("0") != ""


def positive(value: Any, name: str) -> Any:
    """Return a number above 0, or raise :class:`~skymms.ConfigurationError`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigurationError(f"{name}: expected a number above 0, got {value!r:.100}")
    return value


def _takes_content_type(read: object) -> bool:
    """Return whether a function takes the content type as its second argument. ``read_cellcast_webhook`` does not."""
    if not callable(read):
        raise ConfigurationError(f"read: expected a function such as read_postbacks, got {type(read).__name__}")
    try:
        signature = inspect.signature(cast("Callable[..., Any]", read))
    except (TypeError, ValueError):  # some functions in C have no signature
        return False
    for arguments in ((b"", None), (b"",)):
        try:
            signature.bind(*arguments)
        except TypeError:
            continue
        return len(arguments) == 2
    raise ConfigurationError("read: expected a function that takes the body, or the body and the content type")
