"""The findings of `skymms doctor`, and how they are printed: fit for a bug report, without keys and without phone numbers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from rich.style import Style

from ..redaction import KeyMasker
from . import output
from .exit_status import Status
from .inbox_output import mask_numbers


class Grade(StrEnum):
    """How good or bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


class Finding(NamedTuple):
    """What one check has found, and what to do about it."""

    check: str
    grade: Grade
    text: str
    fix: str | None = None


def good(check: str, text: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(check, Grade.OK, text)


def warning(check: str, text: str, fix: str) -> Finding:
    """Return the finding of something that may be wrong."""
    return Finding(check, Grade.WARNING, text, fix)


def failure(check: str, text: str, fix: str) -> Finding:
    """Return the finding of something that is wrong."""
    return Finding(check, Grade.FAILURE, text, fix)


def skipped(check: str, text: str) -> Finding:
    """Return the finding of a check that was not made."""
    return Finding(check, Grade.SKIPPED, text)


def failed(findings: Sequence[Finding]) -> bool:
    """Return whether one of the checks has failed."""
    return any(one.grade is Grade.FAILURE for one in findings)


def without_secrets(text: str, masker: KeyMasker | None) -> str:
    """Return a text of somebody else, such as a gateway, without the API key and without long numbers."""
    return mask_numbers(masker.mask(text) if masker else text)


_STYLES = {Grade.OK: "green", Grade.WARNING: "yellow", Grade.FAILURE: "bold red", Grade.SKIPPED: "dim"}


def print_report(findings: Sequence[Finding], as_json: bool) -> int:
    """Print the findings, and return the exit status: 1 if one of them is a failure."""
    bad = failed(findings)
    if as_json:
        output.print_json({"ok": not bad, "checks": [one._asdict() for one in findings]})
        return Status.REFUSED if bad else Status.DONE
    for one in findings:
        output.print_graded(one.grade, Style.parse(_STYLES[one.grade]), one.check, one.text, one.fix)
    counts = {grade: sum(one.grade is grade for one in findings) for grade in (Grade.FAILURE, Grade.WARNING)}
    found = [f"{count} {grade}{'' if count == 1 else 's'}" for grade, count in counts.items() if count]
    output.print_message(", ".join(found) if found else "Nothing is wrong.")
    return Status.REFUSED if bad else Status.DONE
