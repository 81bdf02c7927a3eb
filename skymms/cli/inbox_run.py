"""Runs `skymms inbox serve` and `work` until a signal ends them.

The first SIGINT (Ctrl-C) or SIGTERM ends them in order: what was received is written, and calls that run are waited for. The
second ends `work` at once; its calls are repeated by the next worker.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any, Final

from ..errors import ConfigurationError
from ..inbox import Inbox, Secret
from . import output
from .exit_status import Status
from .inbox_options import Address
from .signals import Signals

_LOGGERS: Final = ("skymms", "uvicorn")
_BACKLOG = 1024
#: Seconds until open connections are closed. The inbox answers every request within eight.
_END_WITHIN = 10


class _ServerSignals(Signals):
    """Ends a server, or a worker, by SIGINT and SIGTERM."""

    def __init__(self) -> None:
        super().__init__()
        #: Told to end by the first signal: a server of uvicorn.
        self.server: Any = None
        #: True if the next signal raises KeyboardInterrupt.
        self.interrupts = False

    def _act(self) -> None:
        if self.server is not None:
            self.server.should_exit = True
        if self.interrupts:
            raise KeyboardInterrupt


# ------------------------------------------------------------------------------------------------ the log


class _StderrHandler(logging.StreamHandler[Any]):
    """Prints records on stderr, each as one line. A closed stderr must not stop the server."""

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            # The traceback is of no use to whoever runs the command.
            text = f"{text.splitlines()[0] if text else ''} ({record.exc_info[0].__name__})"
        return f"{time.strftime('%H:%M:%S', time.localtime(record.created))} {output.printable(text)}"

    def handleError(self, record: logging.LogRecord) -> None:
        pass


@contextmanager
def log_on_stderr() -> Generator[None, None, None]:
    """Print what the inbox and the server log, if the program has not said where its log goes."""
    if logging.getLogger().handlers:
        yield
        return
    handler = _StderrHandler(sys.stderr)
    levels = {name: logging.getLogger(name).level for name in (*_LOGGERS, "uvicorn.error")}
    for name in _LOGGERS:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    # At INFO it says that it starts and ends, which the command says itself.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    try:
        yield
    finally:
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


# ------------------------------------------------------------------------------------------------ serving


def import_uvicorn() -> Any:
    """Return uvicorn. Raises :class:`~skymms.ConfigurationError` if it is not installed."""
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"uvicorn", "h11"}:
            raise
        raise ConfigurationError("`skymms inbox serve` needs uvicorn: pip install 'skymms[inbox]'") from None
    return uvicorn


def serve(
    uvicorn: Any, inbox: Inbox, address: Address, secret: Secret, about: str, basic: Sequence[tuple[str, str]] = ()
) -> int:
    """Print the address, receive until a signal, and write what is left. ``about`` is a line for stderr."""
    with _ServerSignals() as signals, log_on_stderr(), _bind(address.host, address.port) as listener:
        config = uvicorn.Config(
            inbox.asgi,
            log_config=None,
            lifespan="on",
            ws="none",
            # X-Forwarded-For is the inbox's to judge.
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_END_WITHIN,
        )
        signals.server = uvicorn.Server(config)
        # Nothing is received yet. A program that started this one reads the line, and may post at once: the request then waits
        # in the queue of the socket.
        chosen = address._replace(port=listener.getsockname()[1])
        sys.stdout.write(f"{chosen.with_secret(secret, basic)}\n")
        sys.stdout.flush()
        output.print_message(about)
        # A signal may have come before there was a server to tell.
        if signals.first is None:
            signals.server.run(sockets=[listener])
        inbox.close()
        output.print_message(_ended_by(signals))
    return Status.DONE


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket at an address. Connections wait until something accepts them."""
    try:
        version = ip_address(host).version
    except ValueError:
        version = 4
    listener = socket.socket(socket.AF_INET6 if version == 6 else socket.AF_INET)
    try:
        if os.name == "posix":
            # The port can be used again at once after the server has ended.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or "the name is not valid"
        raise ConfigurationError(f"cannot listen on {host}, port {port}: {reason}") from None
    return listener


def _ended_by(signals: _ServerSignals) -> str:
    return "ended" if signals.first is None else f"ended by {signals.first.name}; everything that was answered 200 is stored"


# ------------------------------------------------------------------------------------------------ working


def work(inbox: Inbox, *, until_idle: bool) -> int:
    """Call the handlers of an inbox until a signal, or until no notice waits."""
    with _ServerSignals() as signals, log_on_stderr():
        try:
            if until_idle:
                signals.interrupts = True
                inbox.work(until_idle=True)
            else:
                _work_until_signal(inbox, signals)
        except KeyboardInterrupt:
            name = signals.first.name if signals.first is not None else "Ctrl-C"
            # What was taken and has not begun is given back at once.
            inbox.stop(0.0)
            output.print_message(f"ended by {name}; the calls that were running are repeated after half a minute")
            sys.stdout.flush()
            # Threads that a handler has started could keep the process alive.
            os._exit(128 + (signals.first or signal.SIGINT))
        inbox.close()
    return Status.DONE


def _work_until_signal(inbox: Inbox, signals: _ServerSignals) -> None:
    inbox.work()
    while signals.first is None:
        time.sleep(0.1)
    signals.interrupts = True
    output.print_message(
        f"{signals.first.name}: no more notices are taken; waiting for the calls that run. A second signal ends at once."
    )
    inbox.stop(float("inf"))
    output.print_message("ended; no call was interrupted")
