"""`skymms check` and `skymms show`: what is wrong with a file, and what would go out.

Neither calls anybody, and neither needs a key.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import click

from ..account import Account
from ..errors import ConfigurationError, Problem
from ..files import FileContent, read_file
from ..http import HttpRequest
from ..redaction import MASK
from ..wire.codecs import json as json_codec
from ..wire.codecs import xml
from ..wire.dialects import DIALECTS, MAX_REQUEST
from ..wire.schemas import schema_problems
from . import output
from .exit_status import Status
from .options import (
    ADDRESSING,
    addressing_options,
    dialect_option,
    file_argument,
    gateway_options,
    given,
    json_option,
    read_bytes,
    read_content,
    refuse_missing_action,
    saving,
    sending,
    showing_account,
    shown,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What `check` found, as its JSON shows it."""

    kind: str
    operation: str | None = None
    dialect: str | None = None
    problems: tuple[Problem, ...] = ()
    unread: tuple[str, ...] = ()
    schema: tuple[dict[str, Any], ...] = ()
    warnings: tuple[Problem, ...] = ()


@click.command()
@file_argument
@dialect_option
@json_option
def check(file: str, dialect: str | None, as_json: bool) -> int:
    """Find everything that is wrong with a slideshow or a request.

    A request is judged in its own dialect and, in XML, by the schema too. A slideshow is judged as every gateway would, or as
    that of --dialect or SKYMMS_DIALECT. Advices are told apart: alone they are no reason to exit with 4.
    """
    data = read_bytes(file, MAX_REQUEST)
    try:
        found = _found(data, read_file(data), dialect)
    except ConfigurationError as error:
        if not error.problems:
            raise
        # Keys that no slideshow has: wrong like anything else that is wrong with it.
        found = Findings(kind="slideshow", problems=error.problems)
    if as_json:
        output.document(found)
    else:
        _print(found)
    return Status.PROBLEMS if found.problems or found.unread or found.schema else Status.DONE


def _found(data: bytes, content: FileContent, dialect: str | None) -> Findings:
    if content.operation is None:
        problems, warnings = _slideshow_judged(content, dialect)
        return Findings(kind="slideshow", problems=problems, warnings=warnings)
    account = showing_account(dialect or content.dialect)
    written_in = DIALECTS[content.dialect or account.dialect]
    by_schema = schema_problems(data) if written_in.codec is xml else ()
    return Findings(
        kind="request",
        operation=type(content.operation).__name__,
        dialect=account.dialect,
        problems=account.problems(content.operation),
        unread=content.unread,
        schema=tuple(problem._asdict() for problem in by_schema),
        warnings=account.warnings(content.operation),
    )


def _slideshow_judged(content: FileContent, dialect: str | None) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    slideshow = content.slideshow
    assert slideshow is not None, "a file without an operation holds a slideshow"
    # As `skymms send` would choose.
    dialect = dialect or os.environ.get("SKYMMS_DIALECT")
    if not dialect:
        return slideshow.problems(), slideshow.warnings()
    account = showing_account(dialect)
    operation = sending(content, {}, unaddressed=True)
    return _of_the_slideshow(account.problems(operation)), account.warnings(operation)


def _of_the_slideshow(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Without those of recipient and sender, which no slideshow has."""
    return tuple(problem for problem in problems if problem.slide is not None or problem.field not in ADDRESSING)


def _print(found: Findings) -> None:
    what = f"{found.operation} in {found.dialect}" if found.operation else "slideshow"
    if found.problems:
        rows = [(problem.code, problem.slide, problem.field, problem.message) for problem in found.problems]
        output.table(f"Problems of the {what}", ("Code", "Slide", "Field", "What is wrong"), rows)
        if remedies := {problem.code: output.remedy(problem) for problem in found.problems if problem.code}:
            output.sheet("What to do", remedies.items())
    if found.unread:
        output.table("Nodes that nothing was made of", ("Name",), [(name,) for name in found.unread])
    if found.schema:
        rows = [(one["code"], one["line"], one["path"], one["message"]) for one in found.schema]
        output.table("Problems of the document, by its schema", ("Code", "Line", "Path", "What is wrong"), rows)
    if found.warnings:
        rows = [(None, advice.slide, advice.field, advice.message) for advice in found.warnings]
        output.table("Advices", ("", "Slide", "Field", "What the vendors advise"), rows)
    if not (found.problems or found.unread or found.schema):
        output.show(f"No problem in the {what}.")


# ------------------------------------------------------------------------------------------------ show


@click.command()
@file_argument
@addressing_options
@gateway_options
@click.option("--save", is_flag=True, help="Show what `skymms save` would send.")
@click.option("--raw", is_flag=True, help="The exact document (of a GET request, the address), not laid out for reading.")
@json_option
def show(file: str, dialect: str | None, url: str | None, save: bool, raw: bool, as_json: bool, **addressing: Any) -> int:
    """Show what would go out, with the key masked.

    That is the request a file holds, whatever it asks for, or the sending of a slideshow. Problems are told on stderr. A
    slideshow may be shown without recipient and sender: they are left empty.
    """
    content = read_content(file)
    account = showing_account(dialect, url, content.dialect)
    operation = saving(content, addressing["client_reference"]) if save else shown(content, addressing)
    refuse_missing_action(account, operation)
    problems = account.problems(operation)
    if content.operation is None and not given(addressing):
        problems = _of_the_slideshow(problems)
    for problem in problems:
        output.say(problem)
    try:
        document = account.dialect_spec.encode_request(operation, MASK, account.line_break)
    except ValueError as error:
        raise ConfigurationError(f"cannot be written in {account.dialect}: {error}", problems=problems) from None
    _show(account, document, raw=raw, as_json=as_json)
    return Status.PROBLEMS if problems else Status.DONE


def _show(account: Account, document: bytes, *, raw: bool, as_json: bool) -> None:
    request = account.wrap(document)
    in_address = not request.body
    if as_json:
        text = None if in_address else document.decode()
        output.document({"method": request.method, "url": _address(request), "headers": request.headers, "document": text})
    elif raw:
        sys.stdout.buffer.write(_address(request).encode() if in_address else document)
    else:
        output.show(laid_out(account, document))


def _address(request: HttpRequest) -> str:
    """Where it goes, without the name and the password that an address may hold."""
    query = request.url.partition("?")[2]
    return f"{request.safe_url}?{query}" if query else request.safe_url


def laid_out(account: Account, document: bytes) -> str:
    """A document for reading: indented XML or JSON, or the address with one parameter a line. `skymms check` reads them all."""
    request = account.wrap(document)
    if not request.body:
        return _address(request).replace(quote_plus(MASK), MASK, 1).replace("?", "\n?", 1).replace("&", "\n&")
    if account.dialect_spec.codec is json_codec:
        text = json.dumps(json.loads(document), ensure_ascii=False, indent=2)
        # As JSON writes them; what a terminal would be shown in their place, \x7f, is no JSON.
        return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)
    from lxml import etree

    root = xml.parse(document, MAX_REQUEST)
    etree.indent(root, "  ")
    return etree.tostring(root, encoding="unicode")


COMMANDS = (check, show)
