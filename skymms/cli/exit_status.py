"""How a command ends, for scripts."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The exit statuses."""

    DONE = 0
    #: The gateway said no.
    REFUSED = 1
    #: Something in the command line, the environment or a file's form is wrong; the gateway was not asked.
    USAGE = 2
    #: There was no usable answer, or no room to write it; the message on stderr says whether it may have been sent.
    NO_ANSWER = 3
    #: The slideshow or the request is wrong, and was found to be before anything left.
    PROBLEMS = 4
    #: Ctrl-C, as shells count it.
    INTERRUPTED = 130
    #: The reader of our output went away, as shells count it.
    CLOSED = 141
