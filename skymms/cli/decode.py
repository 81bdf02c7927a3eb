"""`skymms postback` decodes postbacks, and `skymms explain` explains the gateway's codes."""

from __future__ import annotations

from typing import Any, NamedTuple

import click

from ..codes import CELLCAST_ANSWERS, EVENTS, ErrorCode, Event, find_answer
from ..errors import ConfigurationError, ProtocolError
from ..model.notices import Notice, UnknownNotice
from ..postbacks import MAX_INBOUND, read_postbacks, unrecognised_fields
from . import output
from .completing import complete_codes
from .exit_status import Status
from .inputs import read_bytes
from .options import file_argument, json_option
from .repeated import command

#: The properties that a notice computes from its fields. ``--json`` prints those that it has.
_COMPUTED = ("meaning", "identity", "discovery", "delivered", "failed", "final", "ready", "subscribed")


@command()
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
        output.print_json({"notices": [notice_fields(notice) for notice in notices]})
    else:
        for notice in notices:
            print_notice(notice)
    return Status.DONE


def notice_fields(notice: Notice) -> dict[str, Any]:
    """Return the fields of a notice for ``--json``, and the properties that it computes from them."""
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


@command()
@click.argument("codes", metavar="CODE...", nargs=-1, required=True, shell_complete=complete_codes)
@json_option
def explain(codes: tuple[str, ...], as_json: bool) -> int:
    """Explain gateways' codes, such as E227, N102 or Cellcast's FIELD_INVALID.

    Prints what each code means in a response and in a postback, and what to do about it.
    """
    found = [_Explanation.of(code) for code in codes]
    if unknown := [one.code for one in found if one.response is None and one.postback is None]:
        names = ", ".join(f"{code:.20}" for code in unknown)
        raise ConfigurationError(
            f"skymms does not know {names}: read the text that came with the code, or ask the gateway's support"
        )
    if as_json:
        output.print_json({"codes": [one.fields() for one in found]})
        return Status.DONE
    for one in found:
        one.print()
    return Status.DONE


class _Explanation(NamedTuple):
    """A code, and its entries in the tables."""

    code: str
    response: ErrorCode | None
    postback: Event | None

    @classmethod
    def of(cls, text: str) -> _Explanation:
        """Find a code that was typed in any case."""
        code = text.strip().upper()
        code = next((name for name in CELLCAST_ANSWERS if name.upper() == code), code)
        return cls(code, find_answer(code), EVENTS.get(code))

    def fields(self) -> dict[str, Any]:
        """Return the fields for ``--json``."""
        return {
            "code": self.code,
            "response": self.response and self.response._asdict(),
            "postback": self.postback and self.postback._asdict(),
        }

    def print(self) -> None:
        """Print what the code means in a response, in a postback, or in both."""
        if (response := self.response) is not None:
            gateway = "Cellcast's response" if self.code in CELLCAST_ANSWERS else "a response"
            pairs = (("error class", response.family), ("what to do", response.remedy), ("note", response.note or None))
            output.print_fields(f"{self.code} in {gateway}: {response.meaning}", pairs)
        if (event := self.postback) is not None:
            output.print_fields(
                f"{self.code} in a postback: {event.meaning}", (("kind", event.kind), ("what to do", event.remedy or None))
            )


COMMANDS = (postback, explain)
