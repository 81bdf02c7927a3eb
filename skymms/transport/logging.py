"""What skymms logs, and how keys stay out of the logs of urllib3."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from ..errors import SkymmsError
from ..model.operations import Operation


class _MaskKeys(logging.Filter):
    """Takes the key out of the addresses that urllib3 logs, some above DEBUG: a GET request carries it there."""

    _key = re.compile(r"(?i)(api[_-]?key=)[^&\s'\"]+")

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(self._masked, record.args))
        # It only says where in urllib3, and quotes what a gateway may have repeated.
        record.exc_info = None
        return True

    def _masked(self, told: object) -> object:
        # An error quotes what could not be read, whatever that is.
        if isinstance(told, Exception):
            return type(told).__name__
        return self._key.sub(r"\1***", told) if isinstance(told, str) else told


_MASK_KEYS = _MaskKeys()


def mask_keys_in_urllib3_logs() -> None:
    """Mask API keys in the addresses that urllib3 logs."""
    # A filter holds for the very logger that it is added to, and not for those below; adding one twice does nothing.
    for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
        logging.getLogger(f"urllib3.{name}").addFilter(_MASK_KEYS)


logger = logging.getLogger("skymms")


def describe_error(error: SkymmsError) -> str:
    """An error as the log names it."""
    return f"{type(error).__name__} {getattr(error, 'code', '')}".strip()


def describe_interruption(error: BaseException) -> str:
    """What ended a call from outside, as the log names it."""
    maybe = "may have arrived" if getattr(error, "sent_maybe", False) else "not sent"
    return f"{type(error).__name__}, {maybe}"


def log_call(operation: Operation[Any], outcome: str, started: float, maybe: bool) -> None:
    """A line in the log for each call; recipients' numbers are for DEBUG only.

    ``maybe`` is whether the message may have been sent, or was: what comes between now (Ctrl-C, a handler that fails) says so.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    try:
        logger.info("%s: %s in %.0f ms", type(operation).__name__, outcome, (time.monotonic() - started) * 1000)
        logger.debug("%s to %s", type(operation).__name__, getattr(operation, "to", None))
    except BaseException as error:
        error.sent_maybe = maybe  # type: ignore[attr-defined]
        raise
