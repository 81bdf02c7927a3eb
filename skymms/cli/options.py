"""The options that commands share, and the files, accounts and operations made of them.

There is no option for the key: a command line stands in the list of processes and in the shell's history. It comes from
SKYMMS_API_KEY and nowhere else, and a key in a request's file is never used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import click

from ..account import Account
from ..errors import ConfigurationError, Problem, refusal
from ..files import FileContent, read_file
from ..model.operations import Operation, SaveMMS, SendMMS, SendSavedMMS
from ..redaction import MASK
from ..wire.dialects import DIALECTS, MAX_REQUEST

F = TypeVar("F", bound=Callable[..., Any])

#: Where ``--json`` is noted for whoever reports an error.
AS_JSON = "skymms.json"

#: The fields of a send that say to whom and how, not what.
ADDRESSING = tuple(item.name for item in fields(SendMMS) if item.name != "slideshow")


def _noted(context: click.Context, option: click.Parameter, value: bool) -> bool:
    context.meta[AS_JSON] = value
    return value


_DIALECT = click.option("--dialect", type=click.Choice(list(DIALECTS)), help="How to speak; SKYMMS_DIALECT if not given.")
_URL = click.option("--url", help="Where the gateway is; SKYMMS_URL, or the vendor's own host, if not given.")
_JSON = click.option("--json", "as_json", is_flag=True, callback=_noted, is_eager=True, help="Answer with one JSON document.")
_REFERENCE = click.option("--client-reference", help="Words of yours that every postback brings back; JSON.")
_TO = (
    click.option("--to", help="The recipient: one number, country code first."),
    click.option("--from", "sender", help="One of the account's short codes."),
    click.option("--sender-mask", help="A sender's name, for the countries that allow one."),
    click.option("--operator-id", help="The recipient's carrier."),
    click.option("--campaign-ref", help="The campaign the recipient is subscribed to."),
    click.option("--service-id", help="The service id that the successor asks for."),
    click.option("--display-to", multiple=True, help="A number to show as one of a group, not sent to; JSON; may be repeated."),
    _REFERENCE,
    click.option("--expires", help="When to stop trying, three days from now at most; ISO 8601; JSON."),
)


def _with(*options: Callable[[F], F]) -> Callable[[F], F]:
    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add


file_argument = click.argument("file", metavar="FILE")
dialect_option = _DIALECT
json_option = _JSON
#: ``--dialect`` and ``--url``.
gateway_options = _with(_DIALECT, _URL)
#: The fields of :data:`ADDRESSING`, under their own names.
addressing_options = _with(*_TO)
#: The one of them that a slideshow is stored with, too.
reference_option = _REFERENCE


# ------------------------------------------------------------------------------------------------ what they make


def read_bytes(name: str, most: int) -> bytes:
    """A file, or stdin for ``-``; never more than a byte over ``most``, since a device has no end."""
    try:
        if name == "-":
            if sys.stdin is None:
                raise ConfigurationError("standard input is closed")
            return sys.stdin.buffer.read(most + 1)
        with open(name, "rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from None


def read_content(name: str) -> FileContent:
    """A slideshow or a request from a file."""
    return read_file(read_bytes(name, MAX_REQUEST))


def calling_account(dialect: str | None, url: str | None, of_file: str | None = None) -> Account:
    """The account to call with. What is said beats the environment, which beats the dialect that a file is in."""
    if not os.environ.get("SKYMMS_API_KEY", "").strip():
        raise ConfigurationError("no key: put it into the environment variable SKYMMS_API_KEY")
    return Account.from_env(**_chosen(dialect, url, of_file))


def showing_account(dialect: str | None, url: str | None = None, of_file: str | None = None) -> Account:
    """The same account with a key that may be shown; needs none."""
    return Account.from_env(api_key=MASK, **_chosen(dialect, url, of_file))


def _chosen(dialect: str | None, url: str | None, of_file: str | None) -> dict[str, Any]:
    chosen = {"dialect": dialect or os.environ.get("SKYMMS_DIALECT") or of_file, "url": url}
    return {name: value for name, value in chosen.items() if value}


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given; one that may be repeated is an empty tuple where it was not."""
    return {name: value for name, value in options.items() if value is not None and value != ()}


def refuse_missing_action(account: Account, operation: Operation[Any]) -> None:
    """A dialect that has no such action is the wrong dialect: a matter of configuration, and no problem of the message.

    To be asked before the account's problems, among which it is one of many.
    """
    if not account.dialect_spec.action(type(operation)):
        raise ConfigurationError("\n".join(map(str, account.dialect_spec.unsupported(operation))))


def asked(content: FileContent) -> Operation[Any]:
    """The request that a file holds, as it is."""
    _refuse_unread(content)
    if content.operation is None:
        raise click.UsageError("the file holds a slideshow and asks for nothing: `skymms send` or `skymms save` it")
    return content.operation


def shown(content: FileContent, addressing: Mapping[str, Any]) -> Operation[Any]:
    """The request that a file holds, with what the options say in its place; else the send that they ask for."""
    said = given(addressing)
    if content.operation is not None:
        operation: Any = asked(content)
        strange = [name for name in said if name not in {item.name for item in fields(operation)}]
        if not strange:
            return replace(operation, **said)  # type: ignore[no-any-return]  # an operation like the one it is made of
        if content.slideshow is None:
            option = {"sender": "from"}.get(strange[0], strange[0]).replace("_", "-")
            raise click.UsageError(f"the file asks for {type(operation).__name__}, in which --{option} has no place")
    return sending(content, addressing, unaddressed=True)


def sending(content: FileContent, addressing: Mapping[str, Any], *, unaddressed: bool = False) -> Operation[Any]:
    """The send that a file and the options ask for; ``unaddressed`` lets a slideshow go without recipient and sender."""
    _refuse_unread(content)
    said = given(addressing)
    if isinstance(content.operation, (SendMMS, SendSavedMMS)):
        return replace(content.operation, **said)
    slideshow = slideshow_of(content)
    for name, option in (("to", "--to"), ("sender", "--from")):
        if name not in said:
            if not unaddressed:
                raise click.UsageError(f"{option} is missing: the file holds a slideshow, which names neither end")
            said[name] = ""
    return SendMMS(slideshow, **said)


def saving(content: FileContent, client_reference: str | None = None) -> SaveMMS:
    """The saving of a file's slideshow."""
    _refuse_unread(content)
    operation = content.operation if isinstance(content.operation, SaveMMS) else SaveMMS(slideshow_of(content))
    return operation if client_reference is None else replace(operation, client_reference=client_reference)


def _refuse_unread(content: FileContent) -> None:
    """A name nothing was made of may be a picture that somebody misspelled: it must not go missing on the way."""
    if content.unread:
        raise refusal([Problem(None, None, name, "no such name in this dialect") for name in content.unread])


def slideshow_of(content: FileContent) -> Any:
    """A file's slideshow; a usage error for a request that holds none."""
    if content.slideshow is None:
        asks = type(content.operation).__name__
        raise click.UsageError(f"the file asks for {asks}, which holds no slideshow: `skymms call` makes it")
    return content.slideshow
