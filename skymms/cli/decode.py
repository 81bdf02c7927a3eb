"""`skymms postback` decodes postbacks, and `skymms explain` explains the gateway's codes."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING, Any

import click

from ..codes import EVENTS, find_answer
from ..errors import ConfigurationError, ProtocolError
from ..model.notices import Notice, UnknownNotice
from ..postbacks import MAX_INBOUND, read_postbacks, unrecognised_fields
from . import output
from .completing import complete_codes
from .exit_status import Status
from .inputs import read_bytes
from .options import file_argument, json_option
from .repeated import command

if TYPE_CHECKING:
    from .explaining import Family

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
@click.argument("names", metavar="CODE...", nargs=-1, required=True, shell_complete=complete_codes)
@json_option
def explain(names: tuple[str, ...], as_json: bool) -> int:
    """Explain gateways' codes, such as E227, N102 or Cellcast's FIELD_INVALID.

    Prints what each code means in a response and in a postback, what to do about it, and a program that gets it. 227 is
    E227. The name of an error class, such as AudioWithVideoError, is explained with its codes.
    """
    # Only here, because it loads the sandbox.
    from .explaining import Family, find

    found, unknown = dict[str | Family, None](), list[str]()
    for name in names:
        try:
            found |= dict.fromkeys(find(name))
        except ConfigurationError as error:
            unknown.append(str(error))
    if unknown:
        raise ConfigurationError("\n".join(unknown))
    families = [one for one in found if isinstance(one, Family)]
    # A class with one code is explained by its code.
    codes = dict.fromkeys(code for one in found for code in (_codes_of(one) if isinstance(one, Family) else (one,)))
    if as_json:
        output.print_json({"codes": [_code_fields(code) for code in codes], "classes": [one._asdict() for one in families]})
        return Status.DONE
    for family in families:
        _print_family(family)
    for code in codes:
        _print_code(code)
    return Status.DONE


#: How many codes of a class are explained with it. More are listed.
_FEW = 2


def _codes_of(family: Family) -> tuple[str, ...]:
    return family.codes if len(family.codes) <= _FEW else ()


def _print_family(family: Family) -> None:
    output.print_line(f"{family.name}: {family.description}", "bold")
    for code in family.codes if len(family.codes) > _FEW else ():
        answer = find_answer(code)
        output.print_line(f"  {code}  {answer.meaning if answer else ''}")


def _print_code(code: str) -> None:
    """Print what a code means in a response, in a postback, or in both."""
    from .explaining import explain

    for meaning in explain(code):
        output.print_fields(f"{code} {meaning.occasion}: {meaning.meaning}", meaning.facts)
        output.print_line(f"\n  {meaning.introduction}\n")
        output.print_line(indent(meaning.example.program, "    "))


def _code_fields(code: str) -> dict[str, Any]:
    """Return the fields of a code for ``--json``."""
    from .explaining import explain

    answer, event = find_answer(code), EVENTS.get(code)
    return {
        "code": code,
        "response": answer and answer._asdict(),
        "postback": event and event._asdict(),
        "meanings": [
            {"place": one.place, "meaning": one.meaning, "facts": dict(one.facts), "example": one.example.program}
            for one in explain(code)
        ],
    }


COMMANDS = (postback, explain)
