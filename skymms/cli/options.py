"""The options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar

import click

from ..model.operations import SendMMS
from ..wire.dialects import DIALECTS
from .accounts import ALLOW_HTTP, PROFILE, WAIVED

F = TypeVar("F", bound=Callable[..., Any])

#: The key under which the context has the value of ``--json``, so that errors can be reported as JSON.
AS_JSON = "skymms.json"

#: The fields of a send that are options on the command line: all except the slideshow.
SEND_FIELDS = tuple(item.name for item in fields(SendMMS) if item.name != "slideshow")


def _store(key: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback that stores an option's value in the context."""

    def callback(context: click.Context, option: click.Parameter, value: Any) -> Any:
        context.meta[key] = value
        return value

    return callback


def combine(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return one decorator for several options. The help lists them in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


file_argument: Final = click.argument("file", metavar="FILE")
profile_option: Final = click.option(
    "--profile",
    envvar="SKYMMS_PROFILE",
    metavar="NAME",
    expose_value=False,
    callback=_store(PROFILE),
    help="Use the settings of this profile in the configuration file. Default: SKYMMS_PROFILE.",
)
json_option: Final = click.option(
    "--json", "as_json", is_flag=True, callback=_store(AS_JSON), is_eager=True, help="Print the result as one JSON document."
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
    callback=_store(ALLOW_HTTP),
    help="Allow a plain http:// address of a public host. The API key is then sent unencrypted.",
)
waive_option: Final = click.option(
    "--waive",
    metavar="FIELD",
    multiple=True,
    expose_value=False,
    callback=_store(WAIVED),
    help="Do not require this field, although the dialect does, such as subject. May be repeated. Default: the profile's.",
)
#: ``--dialect``, ``--url``, ``--allow-http`` and ``--waive``.
gateway_options: Final = combine(dialect_option, _url_option, allow_http_option, waive_option)
client_reference_option: Final = click.option(
    "--client-reference", metavar="TEXT", help="Your own id for the message; its postbacks contain it. sinch-json only."
)
#: An option for each field in :data:`SEND_FIELDS`.
send_options: Final = combine(
    click.option("--to", metavar="NUMBER", help="The recipient's phone number, with the country code first."),
    click.option("--from", "sender", metavar="CODE", help="The sender: a short code of the account. Default: SKYMMS_SENDER."),
    click.option("--sender-mask", metavar="NAME", help="A sender's name to show, in countries that allow one."),
    click.option("--operator-id", metavar="ID", help="The id of the recipient's carrier."),
    click.option("--campaign-ref", metavar="REF", help="The campaign that the recipient is subscribed to."),
    click.option("--service-id", metavar="ID", help="The service id; required by sinch and sinch-json."),
    click.option(
        "--display-to",
        metavar="NUMBER",
        multiple=True,
        help="A number to show as another recipient; nothing is sent to it. May be repeated. sinch-json only.",
    ),
    client_reference_option,
    click.option(
        "--expires", metavar="TIME", help="When to stop trying, at most three days from now, in ISO 8601. sinch-json only."
    ),
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


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that the user gave. A repeatable option that was not given is an empty tuple."""
    return {name: value for name, value in options.items() if value is not None and value != ()}
