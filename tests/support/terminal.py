"""A shell in a real terminal (a pty), to type into and to read from."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import time
from collections.abc import Sequence

#: Escape sequences of terminals, and the bell.
_ESCAPES = re.compile(r"\x1b\[[0-9;?>=]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07|\x07|\r|\x08")


class Terminal:
    """Runs a program in a pty. ``screen`` is everything that it has printed, without escape sequences."""

    def __init__(self, argv: Sequence[str], environment: dict[str, str]) -> None:
        self._bytes = b""
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            os.execvpe(argv[0], list(argv), environment)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *raised: object) -> None:
        os.close(self._master)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    @property
    def screen(self) -> str:
        return _ESCAPES.sub("", self._bytes.decode("utf-8", "replace"))

    def type(self, text: str) -> None:
        """Type a text; ``\\t`` completes and ``\\n`` runs the line."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str, *, after: int = 0, seconds: float = 30) -> None:
        """Wait until a text is on the screen, behind the first ``after`` characters."""
        end = time.monotonic() + seconds
        while text not in self.screen[after:]:
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"{text!r} is not on the screen: {self.screen[after:]!r}")
            try:
                self._bytes += os.read(self._master, 65536)
            except OSError:
                raise AssertionError(f"the program has ended: {self.screen!r}") from None
