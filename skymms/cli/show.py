"""`skymms show` prints the request that would be sent. It sends nothing and needs no API key."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

import click

from ..account import Account
from ..errors import ConfigurationError
from ..model.operations import Operation
from ..redaction import MASK
from . import output
from .accounts import masked_account, skycore_settings
from .check import slideshow_problems
from .exit_status import Status
from .operations import (
    operation_to_show,
    read_content,
    refuse_missing_action,
    save_operation,
    with_account_defaults,
    with_toml_messages,
)
from .options import file_argument, gateway_options, given, json_option, send_options
from .repeated import command
from .request_text import address, format_document, request_json


@command()
@file_argument
@send_options
@gateway_options
@click.option("--save", is_flag=True, help="Show the request of `skymms save` instead.")
@click.option("--raw", is_flag=True, help="Print the exact bytes of the request, or the address of a GET request.")
@json_option
def show(file: str, dialect: str | None, url: str | None, save: bool, raw: bool, as_json: bool, **options: Any) -> int:
    """Show the request that would be sent, with the API key masked.

    FILE is a request of any kind, or a slideshow, which is shown as `skymms send` would send it. Recipient and sender of a
    slideshow may be left out. Problems are printed on stderr. Nothing is sent.
    """
    if save:
        _refuse_options_of_send(given(options).keys() - {"client_reference"})
    content = read_content(file)
    settings = skycore_settings(dialect, url, content.dialect)
    account = masked_account(settings)
    saved = save_operation(content, options["client_reference"]) if save else None
    operation: Operation[Any] = saved or operation_to_show(content, options, settings.sender)
    refuse_missing_action(account, operation)
    problems = with_toml_messages(content, account.problems(operation))
    if content.operation is None and not given(options):
        problems = slideshow_problems(problems)
    for problem in problems:
        output.print_message(problem)
    operation = with_account_defaults(account, operation)
    try:
        former_names = frozenset(account.former_names)
        document = account.dialect_spec.encode_request(operation, MASK, account.line_break, former_names)
    except ValueError as error:
        raise ConfigurationError(f"cannot encode the request in {account.dialect}: {error}", problems=problems) from None
    _print(account, document, raw=raw, as_json=as_json)
    return Status.PROBLEMS if problems else Status.DONE


def _refuse_options_of_send(names: Collection[str]) -> None:
    """Raise the error of an option that has no effect with --save, because what is stored goes to nobody yet."""
    for option in click.get_current_context().command.params:
        if option.name in names:
            raise click.UsageError(f"{option.opts[0]} is for sending: leave it out with --save")


def _print(account: Account, document: bytes, *, raw: bool, as_json: bool) -> None:
    request = account.wrap(document)
    in_address = not request.body
    if as_json:
        text = None if in_address else document.decode()
        output.print_json(request_json(request, text))
    elif raw:
        sys.stdout.buffer.write(address(request).encode() if in_address else document)
        if in_address or sys.stdout.isatty():
            # A body that goes to a file or a program has no byte more; in a terminal the prompt needs a new line.
            sys.stdout.buffer.write(b"\n")
    else:
        output.print_line(format_document(account, document))
