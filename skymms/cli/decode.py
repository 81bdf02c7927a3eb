"""`skymms postback` and `skymms explain`: what a gateway told, in words."""

from __future__ import annotations

from typing import Any

import click

from ..codes import ANSWERS, EVENTS
from ..errors import ConfigurationError, ProtocolError
from ..model.notices import Notice, UnknownNotice
from ..postbacks import MAX_INBOUND, read_postbacks
from . import output
from .exit_status import Status
from .options import file_argument, json_option, read_bytes

#: What a notice concludes from its fields, beside them.
_CONCLUDED = ("meaning", "identity", "discovery", "delivered", "failed", "final", "ready", "subscribed")


@click.command()
@file_argument
@json_option
def postback(file: str, as_json: bool) -> int:
    """Decode a postback: the raw body, or the form it came in. - is stdin."""
    try:
        # A form is up to three times as long as the document in it.
        notices = read_postbacks(read_bytes(file, 3 * MAX_INBOUND))
    except ProtocolError as error:
        # No answer of a gateway to us, but a file that is none.
        raise ConfigurationError(str(error)) from None
    if as_json:
        output.document({"notices": [_described(notice) for notice in notices]})
    else:
        for notice in notices:
            print_notice(notice)
    return Status.DONE


def _described(notice: Notice) -> dict[str, Any]:
    concluded = {name: getattr(notice, name) for name in _CONCLUDED if hasattr(notice, name)}
    return {"kind": type(notice).__name__, **output.plain(notice), **concluded}


def print_notice(notice: Notice) -> None:
    """A notice as a sheet: its fields, or every node that came where nobody can say what they mean."""
    # The title tells the code, which is a notice's first field.
    known = notice.raw if isinstance(notice, UnknownNotice) else output.fields_of(notice)[1:]
    # What the fields come to, in a word.
    known = (*known, *((name, "yes") for name in ("delivered", "failed", "ready") if getattr(notice, name, False)))
    output.sheet(f"{notice.code or 'no code'}: {notice.meaning or 'not in the catalogue'}", known)


@click.command()
@click.argument("code", metavar="CODE")
@json_option
def explain(code: str, as_json: bool) -> int:
    """Tell what a code means and what to do about it: E227, N102."""
    code = code.strip().upper()
    answer, event = ANSWERS.get(code), EVENTS.get(code)
    if answer is None and event is None:
        raise ConfigurationError(f"{code:.20} is in neither catalogue; the gateway's own words are all there is")
    if as_json:
        output.document({"code": code, "answer": answer and answer._asdict(), "event": event and event._asdict()})
        return Status.DONE
    if answer is not None:
        told = (("class", answer.family), ("remedy", answer.remedy), ("note", answer.note or None))
        output.sheet(f"{code} in an answer: {answer.meaning}", told)
    if event is not None:
        output.sheet(f"{code} in a postback: {event.meaning}", (("kind", event.kind), ("remedy", event.remedy or None)))
    return Status.DONE


COMMANDS = (postback, explain)
