"""Keeps the secret of the inbox out of the logs of servers and frameworks, whose access logs print the path.

A segment of a path that is longer than 36 characters is masked, whatever it is. The filters do not compare it with the secret:
the inbox does not keep it, and a secret that was copied without its last character, or a former one, belongs in no log either.
36 characters are the length of a UUID, which paths of other parts of a program may contain.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from ..redaction import MASK

#: The loggers that print paths: of uvicorn, gunicorn, werkzeug (Flask), waitress, hypercorn, daphne and Django.
LOGGERS: Final = (
    "uvicorn",
    "uvicorn.access",
    "uvicorn.asgi",
    "uvicorn.error",
    "gunicorn.access",
    "gunicorn.error",
    "werkzeug",
    "waitress",
    "waitress.queue",
    "hypercorn.access",
    "hypercorn.error",
    "daphne",
    "daphne.http_protocol",
    "django.request",
    "django.server",
)

#: The longest segment that is shown: the length of a UUID.
LONGEST_SHOWN: Final = 36
# After a space there is no path, but perhaps a name in a traceback. Slashes and all other characters may be escaped.
_SEGMENT = re.compile(rf"(?:^|(?<=[/?&=:@'\"]))[A-Za-z0-9._~%-]{{{LONGEST_SHOWN + 1},}}")
_SLASH = re.compile("%2[fF]")


def mask_paths(text: str) -> str:
    """Return a text in which long segments of paths are masked."""
    return _SEGMENT.sub(_mask_segment, text) if len(text) > LONGEST_SHOWN else text


def _mask_segment(found: re.Match[str]) -> str:
    parts = _SLASH.split(found[0])
    return "%2F".join(part if len(part) <= LONGEST_SHOWN else MASK for part in parts)


class PathFilter(logging.Filter):
    """A filter that masks long segments of paths in the message, the arguments and the traceback of a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record and let it pass."""
        try:
            _mask_record(record)
        except Exception:
            # Its message cannot be formatted. Python would print the arguments to stderr.
            record.msg, record.args = "a record that cannot be formatted", ()
        return True


def _mask_record(record: logging.LogRecord) -> None:
    args: Any = record.args
    if isinstance(args, tuple):
        # uvicorn's formatter wants its five arguments, so they are masked one by one.
        record.args = tuple([_masked(argument) for argument in cast("tuple[object, ...]", args)])
    elif isinstance(args, Mapping):
        # gunicorn's mapping makes its values when they are asked for.
        record.msg, record.args = record.getMessage(), ()
    record.msg = mask_paths(str(record.msg))
    if record.exc_info and not record.exc_text:
        text = logging.Formatter().formatException(record.exc_info)
        masked = mask_paths(text)
        # A formatter makes the text of the traceback only if there is none.
        record.exc_text = masked if masked != text else None


def _masked(argument: object) -> object:
    if argument is None or isinstance(argument, (int, float)):
        return argument
    text = str(argument)
    masked = mask_paths(text)
    return argument if masked == text else masked


_FILTER = PathFilter()


def mask_paths_in_logs(*names: str) -> None:
    """Mask long segments of paths in the logs of uvicorn, gunicorn, werkzeug, waitress, hypercorn, daphne and Django.

    ``names`` are more loggers that print paths. A filter of a logger does not apply to the loggers below it, so each one has to
    be named. Every :class:`~skymms.inbox.Inbox` calls this function. Calling it again changes nothing.
    """
    for name in (*LOGGERS, *names):
        logging.getLogger(name).addFilter(_FILTER)
