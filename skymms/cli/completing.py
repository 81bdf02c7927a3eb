"""Completes the values of options and arguments while they are typed: files, profiles, codes and fields.

A completion never fails: where something cannot be read, nothing is offered. What a completion needs is imported by it.
"""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem


def complete_files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Let the shell offer files."""
    return [CompletionItem(incomplete, type="file")]


def complete_profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the profiles in the configuration file."""
    from .profiles import list_profiles

    return [CompletionItem(name) for name in list_profiles() if name.startswith(incomplete)]


def complete_codes(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the gateways' codes, with their meanings."""
    from ..codes import ANSWERS, CELLCAST_ANSWERS, EVENTS

    meanings = {code: event.meaning for code, event in EVENTS.items()}
    meanings |= {code: answer.meaning for code, answer in {**CELLCAST_ANSWERS, **ANSWERS}.items()}
    begin = incomplete.upper()
    return [CompletionItem(code, help=meaning) for code, meaning in sorted(meanings.items()) if code.upper().startswith(begin)]


def complete_fields(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Offer the fields that an account may require or waive."""
    from ..limits import CONFIGURABLE

    return [CompletionItem(name) for name in sorted(CONFIGURABLE) if name.startswith(incomplete)]
