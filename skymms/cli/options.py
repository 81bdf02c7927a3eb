"""The options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any, Final, TypeVar

import click

from ..model.operations import SendMMS
from ..wire.dialects import DIALECTS
from .completing import complete_fields, complete_files
from .context import ALLOW_HTTP, AS_JSON, WAIVED, keep
from .dialect_options import FieldOption

F = TypeVar("F", bound=Callable[..., Any])

#: The fields of a send that are options on the command line: all except the slideshow.
SEND_FIELDS = tuple(item.name for item in fields(SendMMS) if item.name != "slideshow")


def combine(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return one decorator for several options. The help lists them in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


file_argument: Final = click.argument("file", metavar="FILE", shell_complete=complete_files)
json_option: Final = click.option(
    "--json", "as_json", is_flag=True, callback=keep(AS_JSON), is_eager=True, help="Print the result as one JSON document."
)
dialect_option: Final = click.option(
    "--dialect",
    type=click.Choice(list(DIALECTS)),
    help="The gateway's dialect. Default: SKYMMS_DIALECT, or the profile's, or the file's, or skycore.",
)
_url_option = click.option(
    "--url",
    metavar="URL",
    help="The gateway's full address. Default: SKYMMS_URL, or the profile's, or the vendor's own address.",
)
allow_http_option: Final = click.option(
    "--allow-http",
    is_flag=True,
    expose_value=False,
    callback=keep(ALLOW_HTTP),
    help="Allow a plain http:// address of a public host. The API key is then sent unencrypted.",
)
waive_option: Final = click.option(
    "--waive",
    metavar="FIELD",
    shell_complete=complete_fields,
    multiple=True,
    expose_value=False,
    callback=keep(WAIVED),
    help="Do not require this field, although the dialect does, such as subject. May be repeated. Default: the profile's.",
)
#: ``--dialect``, ``--url``, ``--allow-http`` and ``--waive``.
gateway_options: Final = combine(dialect_option, _url_option, allow_http_option, waive_option)
dry_run_option: Final = click.option(
    "--dry-run", is_flag=True, help="Print what would go out, with the API key masked, and send nothing. It needs no key."
)
client_reference_option: Final = click.option(
    "--client-reference",
    cls=FieldOption,
    operation=SendMMS,
    metavar="TEXT",
    help="Your own id for the message; its postbacks contain it.",
)


def _send_option(*names: str, **settings: Any) -> Callable[[F], F]:
    return click.option(*names, cls=FieldOption, operation=SendMMS, **settings)


service_id_option: Final = _send_option("--service-id", metavar="ID", help="The service id, which Sinch MMS requires.")
campaign_ref_option: Final = _send_option(
    "--campaign-ref", metavar="REF", help="The campaign that the recipient is subscribed to."
)
#: An option for each field in :data:`SEND_FIELDS`.
send_options: Final = combine(
    _send_option("--to", metavar="NUMBER", help="The recipient's phone number, with the country code first."),
    _send_option("--from", "sender", metavar="CODE", help="The sender: a short code of the account. Default: SKYMMS_SENDER."),
    _send_option("--sender-mask", metavar="NAME", help="A sender's name to show, in countries that allow one."),
    _send_option("--operator-id", metavar="ID", help="The id of the recipient's carrier."),
    campaign_ref_option,
    service_id_option,
    _send_option(
        "--display-to",
        metavar="NUMBER",
        multiple=True,
        help="A number to show as another recipient; nothing is sent to it. May be repeated.",
    ),
    client_reference_option,
    _send_option("--expires", metavar="TIME", help="When to stop trying, at most three days from now, in ISO 8601."),
)


def parse_pairs(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Parse ``("a=b", …)`` into a dict."""
    found: dict[str, str] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{value!r} is not of the form {option.metavar}")
        if key in found:
            raise click.BadParameter(f"{key} is given twice")
        found[key] = text
    return found


def older_than_option(what: str) -> Callable[[F], F]:
    """Return the option for the age of what is deleted; ``what`` says what happened so long ago."""
    return click.option(
        "--older-than",
        type=click.IntRange(min=0),
        default=90,
        metavar="DAYS",
        callback=_parse_days,
        help=f"How long ago they {what}. Default: 90.",
    )


def _parse_days(context: click.Context, option: click.Parameter, days: int) -> timedelta:
    """Return a number of days as a span of time; of more days than it can hold, the longest span: nothing is as old."""
    return timedelta(days=min(days, timedelta.max.days))


#: The type of the number of something in an inbox. A larger number is in no database.
ROW_ID = click.IntRange(1, 2**63 - 1)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that the user gave. A repeatable option that was not given is an empty tuple."""
    return {name: value for name, value in options.items() if value is not None and value != ()}
