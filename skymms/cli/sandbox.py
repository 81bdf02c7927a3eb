"""`skymms sandbox`: a gateway on this machine, until Ctrl-C."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from ..dialects import DIALECTS
from ..errors import ConfigurationError
from ..sandbox import Sandbox
from . import output
from .options import json_option
from .status import Status

#: The only key that is no secret.
_KEY = "sandbox-key"


def _tell(line: str) -> None:
    # From the server's threads: a reader who went away is no reason to stop answering.
    with suppress(OSError):
        output.say(line)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; a free port if not given.")
@click.option("--key", default=_KEY, show_default=True, help="The key it takes. It is not secret: do not use a real one.")
@click.option("--postback-url", help="Where to post what becomes of the messages.")
@json_option
def sandbox(port: int, key: str, postback_url: str | None, as_json: bool) -> int:
    """Run a gateway on this machine, for trying things out.

    It listens on loopback only, takes every dialect, judges by the library's own rules, and sends nothing to anybody. Its
    addresses stand on stdout, what happens on stderr.
    """
    try:
        opened = Sandbox(api_key=key, port=port, postback_url=postback_url, on_event=_tell)
    except OSError as error:
        raise ConfigurationError(f"cannot listen at port {port}: {error.strerror}") from None
    with opened as running:
        addresses = {name: running.account(name).address for name in DIALECTS}
        if as_json:
            output.document({"url": running.url, "addresses": addresses})
        else:
            output.sheet(f"A sandbox at {running.url}", addresses.items())
        # Whoever started us in the background waits for the addresses.
        sys.stdout.flush()
        shown = key if key == _KEY else "<its key>"
        output.say(f"try: SKYMMS_API_KEY={shown} skymms send FILE --url <address> --dialect <dialect>; Ctrl-C ends it")
        running.serve_forever()
    return Status.DONE
