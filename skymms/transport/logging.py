"""The log of skymms, and how API keys stay out of urllib3's log.

The logger is ``skymms``. Each call writes one line: INFO, or WARNING if it failed and the message may have been sent, or if
the gateway replaced the sender. Each retry writes one line with its reason. Recipients and senders are logged at DEBUG only. A
record is always one line.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any, Final

from ..errors import ProtocolError, SkymmsError, TransportError
from ..redaction import MASK, KeyMasker, masker

logger: Final = logging.getLogger("skymms")
# Without a handler, Python would print warnings of a program that does not configure logging.
logger.addHandler(logging.NullHandler())


def warn_visibly(message: str, *args: object) -> None:
    """Log a warning, and print it on stderr if the program has no handler for it.

    For errors of the program's own code in a thread of skymms: no caller gets them, so without a log nobody would know.
    """
    logger.warning(message, *args, stacklevel=2)
    last = logging.lastResort
    if last is not None and logger.isEnabledFor(logging.WARNING) and not _has_handler():
        last.handle(logger.makeRecord(logger.name, logging.WARNING, __file__, 0, message, args, None))


def _has_handler() -> bool:
    one: logging.Logger | None = logger
    while one is not None:
        if any(not isinstance(handler, logging.NullHandler) for handler in one.handlers):
            return True
        one = one.parent if one.propagate else None
    return False


def one_line(text: object) -> str:
    """Return text as one line that a terminal shows as it is, so that it cannot forge a record."""
    return "".join(character if character.isprintable() else " " for character in " ".join(str(text).split()))


#: The shape of a gateway's code: E110, 429, FIELD_INVALID, CastError. No number of a recipient has it.
_CODE = re.compile(r"[A-Za-z]?[0-9]{1,4}|[A-Za-z][A-Za-z_]{1,39}")
#: The shape of a tracking id.
_TRACKING_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOT_A_DIGIT = re.compile("[^0-9]")


def loggable_code(error: BaseException) -> str:
    """Return the gateway's code, or an empty text if it does not have the shape of one: a gateway can write anything."""
    code = str(getattr(error, "code", None) or "")
    return code if _CODE.fullmatch(code) else ""


def loggable_tracking_id(reply: object, operation: object) -> str:
    """Return the tracking id, or an empty text if it does not have the shape of one or contains the recipient's number."""
    tracking_id = str(getattr(reply, "tracking_id", None) or "")
    if not _TRACKING_ID.fullmatch(tracking_id):
        return ""
    number = _NOT_A_DIGIT.sub("", str(getattr(operation, "to", "")))
    return "" if number and number in _NOT_A_DIGIT.sub("", tracking_id) else tracking_id


def describe_error(error: BaseException) -> str:
    """Describe an error for a log, without the gateway's text, which may quote the message or the recipient."""
    name = type(error).__name__
    if isinstance(error, TransportError):
        return one_line(f"{name}: {error}")
    if isinstance(error, ProtocolError):
        return f"{name} HTTP {error.status}" if error.status else name
    return f"{name} {loggable_code(error)}".rstrip() if isinstance(error, SkymmsError) else name


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
        tracking_id = loggable_tracking_id(reply, operation)
        outcome = f"done, tracking id {tracking_id}" if tracking_id else "done"
        if requested_sender is not None:
            outcome += "; the gateway replaced the sender (see requested_sender of the reply)"
    logger.log(level, "%s: %s (%.3f s)", name, outcome, seconds)
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s to %s", name, one_line(getattr(operation, "to", None)))
        if requested_sender is not None:
            logger.debug("%s from %s, not from %s", name, one_line(reply.sender), one_line(requested_sender))


# ------------------------------------------------------------------------------------------------ urllib3


class _MaskKeys(logging.Filter):
    """Masks our API keys in urllib3's records, some of which are above DEBUG: a GET request has the key in its URL.

    Other records are not changed: they belong to other libraries of the program.
    """

    def __init__(self) -> None:
        super().__init__()
        #: The keys of all clients of this process.
        self.keys: dict[str, None] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        for key in tuple(self.keys):
            mask = masker(key)
            if mask is not None and any(mask.is_in(text) for text in _texts(record)):
                args = record.args if isinstance(record.args, tuple) else (record.args,)
                record.args = tuple(_masked(argument, mask) for argument in args)
                # The traceback points into urllib3 only, and can quote text of the gateway that repeats the key.
                record.exc_info = record.exc_text = None
        return True


def _texts(record: logging.LogRecord) -> Iterator[str]:
    args = record.args if isinstance(record.args, tuple) else (record.args,)
    yield from (text for argument in args for text in (str(argument), repr(argument)))
    if record.exc_info and record.exc_info[1] is not None:
        yield repr(record.exc_info[1])


def _masked(argument: object, mask: KeyMasker) -> object:
    # The text of an exception may quote the data that could not be parsed, and with it the recipient.
    if isinstance(argument, BaseException):
        return type(argument).__name__
    if not mask.is_in(text := str(argument)):
        return argument
    # The query of a GET request also has the recipient and the message.
    address, mark, _ = text.partition("?")
    return f"{mask.mask(address)}?{MASK}" if mark else mask.mask(text)


_MASK_KEYS = _MaskKeys()


def mask_key_in_urllib3_logs(key: object) -> None:
    """Mask this API key in the URLs that urllib3 logs; calling it again changes nothing."""
    if not isinstance(key, str):  # an account without a key
        return
    _MASK_KEYS.keys[key] = None
    # A filter applies to its own logger only, not to the loggers below.
    for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
        logging.getLogger(f"urllib3.{name}").addFilter(_MASK_KEYS)
