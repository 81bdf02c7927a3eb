"""The exit statuses of the command ``skymms``."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The exit status of a command, for scripts."""

    DONE = 0
    #: The gateway refused the request.
    REFUSED = 1
    #: The command line, the environment, the profile or the form of a file is wrong. No request was sent.
    USAGE = 2
    #: No usable response arrived, the output could not be written, or a ledger or an inbox cannot be used. stderr
    #: says whether the message may have been sent.
    NO_RESPONSE = 3
    #: The slideshow or the request breaks a rule. This was found before sending.
    PROBLEMS = 4
    #: A broadcast has ended, and the outcome of some messages is unknown. `skymms broadcast unknown` lists them.
    UNKNOWN = 5
    #: A broadcast is paused. stderr says why. `skymms broadcast resume` clears it.
    PAUSED = 6
    #: Ctrl-C. Shells use 128 + the signal's number.
    INTERRUPTED = 130
    #: The program that reads the output has closed it (for example ``| head``).
    CLOSED = 141
    #: A broadcast, or calls of handlers, were stopped by SIGTERM.
    TERMINATED = 143
