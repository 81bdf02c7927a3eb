"""The command line ``skymms``.

Results are printed on stdout, everything else (warnings, progress, errors) on stderr. The exit statuses are listed in
``skymms.cli.exit_status``. click and rich come with the extra ``skymms[cli]`` and are imported when a command runs, so this
package can be imported without them. This file handles the streams of the process, Ctrl-C and a closed
pipe. Expected errors are printed without a traceback.

In reading order:

- ``exit_status``: the exit statuses, for scripts
- ``context``: the values that options leave in click's context
- ``signals``: remembers SIGINT and SIGTERM
- ``repeated``: command classes that refuse an option given twice, and groups that import their commands when needed
- ``output``: prints results on stdout, and messages and errors on stderr
- ``inputs``: reads files and stdin
- ``profiles``: reads a named profile from the configuration file
- ``completing``: completes the values of options while they are typed
- ``accounts``: creates the account from options, environment and profile
- ``option_names``: names options in errors, instead of the arguments of Python
- ``dialect_options``: options for fields that only some dialects have
- ``options``: the options and arguments that several commands share
- ``store_options``: the options that name a ledger or an inbox
- ``operations``: reads slideshow and request files and creates operations from them
- ``media_options``: options of commands that look at files or make them fit
- ``fit``: `skymms fit` and `skymms publish`
- ``new``: `skymms new` writes a starter slideshow
- ``check``: `skymms check` reports every problem in a file
- ``request_text``: lays out requests for reading, for `skymms show` and for dry runs
- ``show``: `skymms show` prints the request that would be sent
- ``code_examples``: programs that show what raises each code
- ``explaining``: says everything that skymms knows about a code
- ``decode``: `skymms postback` and `skymms explain`
- ``demo``: `skymms demo` tries everything against a local sandbox
- ``render``: prints the gateway's replies
- ``report``: `skymms report` prints a statistics report
- ``sandbox``: `skymms sandbox` runs a local gateway until Ctrl-C
- ``calling``: calls the gateway, and says after a failure whether the message may have been sent
- ``send``: `skymms send`, `save`, `send-saved`, `list`, `delete` and `call`
- ``preview``: `skymms preview` shows a message as a phone does
- ``cellcast``: `skymms cellcast …`, the commands for the Australian gateway
- ``broadcast_options``: the options of `skymms broadcast …`: the account, and when messages are sent
- ``broadcast_lists``: reads lists of numbers
- ``broadcast_output``: prints what is known about a broadcast
- ``broadcast_progress``: shows how far a run is
- ``broadcast_run``: runs a broadcast, until it ends or a signal stops it
- ``broadcast_people``: `skymms broadcast explain-number`, `flagged`, `decide`, `suppress` and `forget`
- ``broadcast_create``: plans a broadcast
- ``broadcast_watch``: `skymms broadcast watch` serves a page that shows broadcasts
- ``broadcast``: `skymms broadcast …`, one message to a list of numbers
- ``inbox_options``: the options of `skymms inbox …`: the store, the address, and the secret
- ``inbox_output``: prints what an inbox has
- ``inbox_load``: loads the inbox of a program
- ``inbox_run``: receives postbacks and calls handlers until a signal
- ``inbox_handling``: `skymms inbox work`, `dead`, `replay`, `handlers` and `remove-handler`
- ``inbox``: `skymms inbox …`, postbacks that are received, stored and handled
- ``doctor_report``: the findings of `skymms doctor`, and how they are printed
- ``doctor_settings``: where each setting comes from, and the form of the key
- ``doctor_network``: name, connection, certificate and proxy on the way to a gateway
- ``doctor_gateway``: whether a gateway answers, its clock, and a request that sends nothing
- ``doctor_stores``: whether the ledger and the inbox can be used
- ``doctor_versions``: the versions of Python, skymms and what it uses
- ``doctor``: `skymms doctor` says what is wrong, and what to do
- ``completion``: `skymms completion` prints scripts for shells, which call skymms to complete a line
- ``commands``: the command group `skymms`, and the exit status of each error
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from .exit_status import Status


def entry() -> None:
    """Run the console script ``skymms``: make the process's streams safe to print to, then call :func:`main`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # The parent process has closed it.
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (stays open as long as the process runs)
        elif hasattr(stream, "reconfigure"):
            # A message may contain characters that the terminal's encoding lacks. They are printed as escapes.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. ``argv`` defaults to ``sys.argv[1:]``."""
    try:
        status = _run(sys.argv[1:] if argv is None else list(argv))
        # Flush here, so that a write error is still reported below.
        sys.stdout.flush()
        return status
    except KeyboardInterrupt as interrupt:
        print("\ninterrupted", *getattr(interrupt, "__notes__", ()), sep="\n", file=sys.stderr)
        return Status.INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return Status.CLOSED
    except OSError as error:
        # Not Status.USAGE, which promises that no request was sent: the output may be the reply to a send.
        print(f"cannot write the output: {error.strerror or error}", file=sys.stderr)
        _discard_stdout()
        return Status.NO_RESPONSE


def _run(argv: list[str]) -> int:
    try:
        from .commands import run

        # Commands are imported when they are called.
        return run(argv)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"click", "rich"}:
            raise
        print("the command line needs click and rich: pip install 'skymms[cli]'", file=sys.stderr)
        return Status.USAGE


def _discard_stdout() -> None:
    """Point stdout at the null device, so that flushing it at exit does not fail a second time."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
