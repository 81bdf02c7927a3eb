"""The log of skymms, and how API keys stay out of urllib3's log.

The logger is ``skymms``. Each call writes one line: INFO, or WARNING if it failed and the message may have been sent, or if
the gateway replaced the sender. Each retry writes one line with its reason. Recipients and senders are logged at DEBUG only. A
record is always one line.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from ..errors import ProtocolError, SkymmsError, TransportError

logger: Final = logging.getLogger("skymms")
# Without a handler, Python would print warnings of a program that does not configure logging.
logger.addHandler(logging.NullHandler())


def one_line(text: object) -> str:
    """Return text without line breaks, so that a gateway's text cannot forge a record."""
    return " ".join(str(text).split())


def describe_error(error: BaseException) -> str:
    """Describe an error for a log, without the gateway's text, which may quote the message or the recipient."""
    name = type(error).__name__
    if isinstance(error, TransportError):
        return one_line(f"{name}: {error}")
    if isinstance(error, ProtocolError):
        return f"{name} HTTP {error.status}" if error.status else name
    return one_line(f"{name} {getattr(error, 'code', '')}") if isinstance(error, SkymmsError) else name


def log_retry(operation: object, reason: str, seconds: float) -> None:
    """Log that a request will be sent again."""
    logger.info("waiting %.1f s before sending %s again: %s", seconds, type(operation).__name__, one_line(reason))


def log_end(operation: object, reply: Any, error: BaseException | None, seconds: float, sent_maybe: bool) -> None:
    """Log how a call ended."""
    requested_sender = getattr(reply, "requested_sender", None)
    alarming = requested_sender is not None if error is None else sent_maybe
    level = logging.WARNING if alarming else logging.INFO
    if not logger.isEnabledFor(level):
        return
    name = type(operation).__name__
    if error is not None:
        outcome = f"failed: {describe_error(error)}"
        if sent_maybe:
            outcome += "; it may have been sent"
    else:
        tracking_id = getattr(reply, "tracking_id", None)
        outcome = f"done, tracking id {one_line(tracking_id)}" if tracking_id else "done"
        if requested_sender is not None:
            outcome += "; the gateway replaced the sender (see requested_sender of the reply)"
    logger.log(level, "%s: %s (%.3f s)", name, outcome, seconds)
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s to %s", name, one_line(getattr(operation, "to", None)))
        if requested_sender is not None:
            logger.debug("%s from %s, not from %s", name, one_line(reply.sender), one_line(requested_sender))


# ------------------------------------------------------------------------------------------------ urllib3


class _MaskKeys(logging.Filter):
    """Masks API keys in urllib3's records, some of which are above DEBUG: a GET request has the key in its URL."""

    _key = re.compile(r"(?i)(api[_-]?key=)[^&\s'\"]+")

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(self._masked, record.args))
        # The traceback points into urllib3 only, and can quote text of the gateway that repeats the key.
        record.exc_info = None
        return True

    def _masked(self, argument: object) -> object:
        # The text of an exception may quote the data that could not be parsed, and the data may contain the key.
        if isinstance(argument, Exception):
            return type(argument).__name__
        return self._key.sub(r"\1***", argument) if isinstance(argument, str) else argument


_MASK_KEYS = _MaskKeys()


def mask_keys_in_urllib3_logs() -> None:
    """Mask API keys in the URLs that urllib3 logs; calling it again changes nothing."""
    # A filter applies to its own logger only, not to the loggers below.
    for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
        logging.getLogger(f"urllib3.{name}").addFilter(_MASK_KEYS)
