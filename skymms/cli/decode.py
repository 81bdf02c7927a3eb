"""`skymms postback` decodes postbacks, and `skymms explain` explains the gateway's codes."""

from __future__ import annotations

from typing import Any

import click

from ..codes import ANSWERS, EVENTS
from ..errors import ConfigurationError, ProtocolError
from ..model.notices import Notice, UnknownNotice
from ..postbacks import MAX_INBOUND, read_postbacks, unrecognised_fields
from . import output
from .exit_status import Status
from .inputs import read_bytes
from .options import file_argument, json_option

#: The properties that a notice computes from its fields. ``--json`` prints those that it has.
_COMPUTED = ("meaning", "identity", "discovery", "delivered", "failed", "final", "ready", "subscribed")


@click.command()
@file_argument
@json_option
def postback(file: str, as_json: bool) -> int:
    """Decode a postback, the gateway's report about a message.

    FILE contains the raw body of the gateway's request, or the form that it was sent in; - is stdin.
    """
    try:
        # A form is up to three times as long as the document in it.
        notices = read_postbacks(read_bytes(file, 3 * MAX_INBOUND))
    except ProtocolError as error:
        # ProtocolError is for a gateway's response. Here the file is wrong, so the exit status is 2, not 3.
        raise ConfigurationError(str(error)) from None
    if as_json:
        output.print_json({"notices": [_notice_fields(notice) for notice in notices]})
    else:
        for notice in notices:
            print_notice(notice)
    return Status.DONE


def _notice_fields(notice: Notice) -> dict[str, Any]:
    computed = {name: getattr(notice, name) for name in _COMPUTED if hasattr(notice, name)}
    return {"kind": type(notice).__name__, **output.to_json(notice), **computed}


def print_notice(notice: Notice) -> None:
    """Print a notice: its fields, or everything that was received for an unknown notice."""
    # The first field is the code, which is in the title.
    fields = [] if isinstance(notice, UnknownNotice) else output.labelled_fields(notice)[1:]
    pairs = [*fields, *unrecognised_fields(notice)]
    results = [(name, "yes") for name in ("delivered", "failed", "ready") if getattr(notice, name, False)]
    if getattr(notice, "delivered", False) is None:
        results.append(("delivered", "not known"))
    output.print_fields(f"{notice.code or 'no code'}: {notice.meaning or 'unknown code'}", (*pairs, *results))


@click.command()
@click.argument("code", metavar="CODE")
@json_option
def explain(code: str, as_json: bool) -> int:
    """Explain a gateway's code, such as E227 or N102.

    Prints what the code means in a response and in a postback, and what to do about it.
    """
    code = code.strip().upper()
    response, event = ANSWERS.get(code), EVENTS.get(code)
    if response is None and event is None:
        raise ConfigurationError(
            f"{code:.20} is not a code that skymms knows: read the text that came with it, or ask the gateway's support"
        )
    if as_json:
        output.print_json({"code": code, "response": response and response._asdict(), "postback": event and event._asdict()})
        return Status.DONE
    if response is not None:
        pairs = (("error class", response.family), ("what to do", response.remedy), ("note", response.note or None))
        output.print_fields(f"{code} in a response: {response.meaning}", pairs)
    if event is not None:
        output.print_fields(
            f"{code} in a postback: {event.meaning}", (("kind", event.kind), ("what to do", event.remedy or None))
        )
    return Status.DONE


COMMANDS = (postback, explain)
