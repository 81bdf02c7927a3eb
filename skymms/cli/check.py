"""`skymms check` reports every problem in a file. It sends nothing and needs no API key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import click

from ..errors import ConfigurationError, Problem
from ..files import FileContent, read_file
from ..limits import Limits
from ..media import FileReport, Preflight
from ..media.joining import further_problems, join_warnings
from ..wire.codecs import xml
from ..wire.dialects import MAX_REQUEST, get_dialect
from ..wire.schemas import schema_problems
from . import output
from .accounts import Settings, masked_account, skycore_settings
from .exit_status import Status
from .inputs import read_bytes
from .media_options import (
    carrier_option,
    look_at_files,
    print_files,
    private_option,
    refuse_without_look,
    route_option,
    whole_option,
)
from .operations import send_operation, slideshow_in, with_toml_messages
from .options import SEND_FIELDS, dialect_option, file_argument, json_option, waive_option
from .repeated import command


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The findings of ``check``. ``--json`` prints these fields."""

    kind: str
    operation: str | None = None
    dialect: str | None = None
    problems: tuple[Problem, ...] = ()
    unrecognised_fields: tuple[str, ...] = ()
    schema: tuple[dict[str, Any], ...] = ()
    warnings: tuple[Problem, ...] = ()
    files: tuple[FileReport, ...] = ()
    carriers: tuple[dict[str, Any], ...] = ()

    @property
    def failed(self) -> bool:
        """True if there are problems; warnings do not count."""
        return bool(self.problems or self.unrecognised_fields or self.schema)


@command()
@file_argument
@dialect_option
@waive_option
@click.option(
    "--media",
    is_flag=True,
    help="Fetch the files as the gateway does, 64 kB of each, and check them. Local files are read whole.",
)
@private_option
@whole_option
@carrier_option
@route_option
@json_option
def check(
    file: str,
    dialect: str | None,
    as_json: bool,
    media: bool,
    private: bool,
    whole: bool,
    carriers: tuple[str, ...],
    route: str | None,
) -> int:
    """Report every problem in a slideshow or request file.

    A slideshow is validated by the rules that all gateways share, or by those of one dialect if --dialect, SKYMMS_DIALECT or
    the profile chooses one. A request is validated in its own dialect, and an XML request also by its schema. Nothing is sent.

    With --media the files are fetched as well, from public addresses on the ports 80 and 443. Files that are given by a path
    are read whole where they are, relative to FILE.

    The exit status is 4 if there are problems. Warnings do not change it.
    """
    if not media:
        refuse_without_look("--media", private=private, whole=whole, carrier=carriers, route=route)
    data = read_bytes(file, MAX_REQUEST)
    try:
        content = read_file(data, strict=False)
        found = _validate(data, content, dialect)
        if media and content.slideshow is not None:
            limits: Limits = skycore_settings(dialect or content.dialect).values["limits"]
            files = look_at_files(content.slideshow, limits, file, private, carriers, route, whole=whole)
            found = with_files(found, content, files)
    except ConfigurationError as error:
        if not error.problems:
            raise
        # Unknown fields in a slideshow in JSON are problems like any other.
        found = Findings(kind="slideshow", problems=error.problems)
    return print_findings(found, as_json)


def print_findings(found: Findings, as_json: bool) -> int:
    """Print the findings, and return the exit status."""
    if as_json:
        output.print_json(found)
    else:
        _print(found)
    return Status.PROBLEMS if found.failed else Status.DONE


def _validate(data: bytes, content: FileContent, dialect: str | None) -> Findings:
    if content.operation is None:
        return _validate_slideshow(content, skycore_settings(dialect))
    account = masked_account(skycore_settings(dialect or content.dialect))
    written_in = get_dialect(content.dialect or account.dialect)
    by_schema = schema_problems(data) if written_in.codec is xml else ()
    return Findings(
        kind="request",
        operation=type(content.operation).__name__,
        dialect=account.dialect,
        problems=account.problems(content.operation),
        unrecognised_fields=content.unread,
        schema=tuple(problem._asdict() for problem in by_schema),
        warnings=account.warnings(content.operation),
    )


def _validate_slideshow(content: FileContent, settings: Settings) -> Findings:
    if not settings.dialect:
        slideshow = slideshow_in(content)
        limits = settings.values["limits"]
        problems, warnings = slideshow.problems(limits), slideshow.warnings(limits)
    else:
        account = masked_account(settings)
        operation = send_operation(content, {}, may_be_incomplete=True)
        problems, warnings = slideshow_problems(account.problems(operation)), account.warnings(operation)
    by_rules = [problem for problem in with_toml_messages(content, problems) if not _follows(problem, content.problems)]
    return Findings(
        kind="slideshow",
        problems=tuple(sorted((*content.problems, *map(content.locate, by_rules)), key=lambda problem: problem.line or 0)),
        warnings=tuple(map(content.locate, warnings)),
    )


def with_files(found: Findings, content: FileContent, files: Preflight) -> Findings:
    """Add what was found by looking at the files."""
    problems = further_problems(found.problems, files)
    return replace(
        found,
        problems=(*found.problems, *map(content.locate, problems)),
        warnings=tuple(map(content.locate, join_warnings(found.warnings, files))),
        files=files.files,
        carriers=tuple(
            {
                "carrier": one.limit.carrier,
                "route": one.limit.route,
                "fits": one.fits,
                "bytes": one.message_size,
                "most": one.limit.max_bytes,
                "says": str(one),
            }
            for one in files.carriers
        ),
    )


def _follows(problem: Problem, wrong_keys: tuple[Problem, ...]) -> bool:
    """Return whether a problem may be there only because a key is wrong, as with a slide whose only key is misspelled."""
    wrong = {(one.slide, one.field) for one in wrong_keys}
    if problem.code == "E312":
        return (None, "slide") in wrong
    return (problem.slide, problem.field) in wrong or (
        problem.code == "E313" and problem.slide in {slide for slide, _ in wrong}
    )


def slideshow_problems(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems of the slideshow, without those of the other fields of a send, such as recipient and sender."""
    return tuple(problem for problem in problems if problem.slide is not None or problem.field not in SEND_FIELDS)


def _print(found: Findings) -> None:
    title = f"{found.operation} request ({found.dialect})" if found.operation else "slideshow"
    if found.problems:
        _print_problems(f"Problems in the {title}", found.problems)
        if remedies := {problem.code: output.remedy(problem) for problem in found.problems if problem.code}:
            output.print_fields("What to do", remedies.items())
    if found.unrecognised_fields:
        output.print_table("Unrecognised fields", ("Field",), [(name,) for name in found.unrecognised_fields])
    if found.schema:
        rows = [(one["code"], one["line"], one["path"], one["message"]) for one in found.schema]
        output.print_table("Problems found by the XML schema", ("Code", "Line", "Path", "Problem"), rows)
    if found.warnings:
        _print_problems("Warnings", found.warnings)
    if found.files:
        print_files(found.files)
    for carrier in found.carriers:
        output.print_line(carrier["says"])
    if not found.failed:
        count = len(found.warnings)
        warned = f", but {count} {'warning' if count == 1 else 'warnings'}" if count else ""
        output.print_line(f"No problems in the {title}{warned}.")


def _print_problems(title: str, problems: tuple[Problem, ...]) -> None:
    """Print a table of problems, without a column for lines or codes if none has one."""
    rows = [(one.code, one.line, one.slide, one.field, one.message) for one in problems]
    columns = [("Code", "Line", "Slide", "Field", "Problem"), *rows]
    shown = [at for at in range(5) if at > 1 or any(row[at] is not None for row in rows)]
    header, *cells = [[row[at] for at in shown] for row in columns]
    output.print_table(title, [str(name) for name in header], cells)
