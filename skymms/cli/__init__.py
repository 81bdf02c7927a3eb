"""The command line: the words people type, and nothing that is not in the library.

Answers go to stdout, everything else to stderr; the exit statuses are in ``skymms.cli.exit_status``. click and rich come with
the extra ``skymms[cli]`` and are imported when a command is run, so that this package can be imported without them. What has
to be true of a whole process (its streams, how it ends) is decided on this page, and no foreseeable trouble gets past it as
a traceback.

In reading order:

- ``exit_status``: how a command ends, for scripts
- ``options``: the options that commands share, and the files, accounts and operations made of them
- ``output``: what commands print: answers on stdout, talk on stderr
- ``check``: `skymms check` and `skymms show`: what is wrong with a file, and what would go out
- ``decode``: `skymms postback` and `skymms explain`: what a gateway told, in words
- ``demo``: `skymms demo`: everything once, against a sandbox on this machine. No key, no network, no phone
- ``render``: what a gateway answered, as people read it, and the exit status it comes to
- ``report``: `skymms report`: the statistics that GetStatistics leads to, a row a message
- ``sandbox``: `skymms sandbox`: a gateway on this machine, until Ctrl-C
- ``send``: the commands that call a gateway: send, save, send-saved, list and delete, and call for whatever else it can be
- ``cellcast``: the commands of the Australian gateway: skymms cellcast send, responses, mark-read, optouts and balance
- ``commands``: the command `skymms`: its commands, and what becomes of their errors
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from .exit_status import Status


def entry() -> None:
    """The console script: :func:`main` with the process's own streams made safe to print to."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (for as long as the process lives)
        elif hasattr(stream, "reconfigure"):
            # A message may hold what the terminal's encoding lacks; that is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; ``argv`` is ``sys.argv[1:]`` if not given."""
    try:
        try:
            from .commands import run
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in {"click", "rich"}:
                raise
            print("the command line needs click and rich: pip install 'skymms[cli]'", file=sys.stderr)
            return Status.USAGE
        status = run(sys.argv[1:] if argv is None else list(argv))
        # Now, while what goes wrong can still be told.
        sys.stdout.flush()
        return status
    except KeyboardInterrupt as interrupt:
        print("\ninterrupted", *getattr(interrupt, "__notes__", ()), sep="\n", file=sys.stderr)
        return Status.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough.
        _let_go_of_stdout()
        return Status.CLOSED
    except OSError as error:
        # Not Status.USAGE, which says that no gateway was asked: the answer that has no room may be that of a send.
        print(f"the answer could not be written: {error.strerror or error}", file=sys.stderr)
        _let_go_of_stdout()
        return Status.NO_ANSWER


def _let_go_of_stdout() -> None:
    """What could not be written must not fail once more when the process ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
