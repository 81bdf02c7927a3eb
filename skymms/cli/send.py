"""The commands that call a Skycore or Sinch MMS gateway: send, save, send-saved, list, delete and call.

Each command creates one operation and calls the gateway once. The client decides about retries.
"""

from __future__ import annotations

from typing import Any

import click

from ..model.stored_operations import DeleteMMS, ListMMS, SendSavedMMS
from .accounts import masked_account, skycore_settings
from .calling import call_and_print
from .dialect_options import FieldOption, refuse_options
from .media_options import look_at_files, private_option, refuse_files, refuse_without_look, whole_option
from .operations import read_content, refuse_problems, request_in, save_operation, send_operation
from .options import (
    client_reference_option,
    dry_run_option,
    file_argument,
    gateway_options,
    given,
    json_option,
    parse_pairs,
    send_options,
)
from .repeated import command


@command()
@file_argument
@send_options
@gateway_options
@click.option(
    "--check-media", is_flag=True, help="Fetch the files as the gateway does first, and send nothing if one is wrong."
)
@private_option
@whole_option
@dry_run_option
@json_option
def send(
    file: str,
    dialect: str | None,
    url: str | None,
    as_json: bool,
    check_media: bool,
    private: bool,
    whole: bool,
    dry_run: bool,
    **options: Any,
) -> int:
    """Send a slideshow to one phone number.

    A request file already has a recipient, a sender and a dialect; options replace them. For requests that do not send a
    slideshow, use `skymms call`.
    """
    content = read_content(file)
    settings = skycore_settings(dialect, url, content.dialect)
    operation = send_operation(content, options, settings.sender)
    if not check_media:
        refuse_without_look("--check-media", private=private, whole=whole)
    if check_media:
        # Problems of the message come first: they cost no request.
        refuse_options(masked_account(settings), operation, given(options))
        refuse_problems(masked_account(settings), operation, content)
        refuse_files(look_at_files(operation, settings.values["limits"], file, private, whole=whole))
    return call_and_print(settings, operation, as_json, content, dry_run=dry_run, options=given(options))


@command()
@file_argument
@client_reference_option
@gateway_options
@dry_run_option
@json_option
def save(file: str, client_reference: str | None, dialect: str | None, url: str | None, as_json: bool, dry_run: bool) -> int:
    """Store a slideshow at the gateway.

    `skymms send-saved` then sends it by its id, as often as needed.

    With sinch-json the id is not in the response: it arrives in a postback, which also contains your --client-reference.
    """
    content = read_content(file)
    operation = save_operation(content, client_reference)
    options = given({"client_reference": client_reference})
    settings = skycore_settings(dialect, url, content.dialect)
    return call_and_print(settings, operation, as_json, content, dry_run=dry_run, options=options)


@command()
@file_argument
@gateway_options
@dry_run_option
@json_option
def call(file: str, dialect: str | None, url: str | None, as_json: bool, dry_run: bool) -> int:
    """Send any request that a file contains.

    For example a request that creates a campaign, subscribes a number, sends an SMS or returns statistics. The file
    may be in XML, JSON or GET form. An API key in the file is not used.
    """
    content = read_content(file)
    settings = skycore_settings(dialect, url, content.dialect)
    return call_and_print(settings, request_in(content), as_json, content, dry_run=dry_run, options=())


def _parse_slide_texts(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[int, str]:
    """Parse ``("1=text", …)`` into a dict of slide number to text."""
    found: dict[int, str] = {}
    for key, text in parse_pairs(context, option, values).items():
        if not (key.isascii() and key.isdigit() and len(key) < 5):
            raise click.BadParameter(f"{key!r} is not a slide number; the first slide is 1")
        if int(key) in found:  # 1 and 01
            raise click.BadParameter(f"slide {int(key)} is given twice")
        found[int(key)] = text
    return found


@command("send-saved")
@click.argument("mms_id", metavar="ID")
@send_options
@click.option(
    "--text",
    "custom_text",
    cls=FieldOption,
    operation=SendSavedMMS,
    multiple=True,
    metavar="N=TEXT",
    callback=_parse_slide_texts,
    help="Replace the text of slide N.",
)
@click.option(
    "--subject", "custom_subject", cls=FieldOption, operation=SendSavedMMS, metavar="TEXT", help="Replace the subject."
)
@click.option(
    "--data",
    cls=FieldOption,
    operation=SendSavedMMS,
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_pairs,
    help="Fill in a merge tag in the stored texts.",
)
@click.option(
    "--fallback-text",
    cls=FieldOption,
    operation=SendSavedMMS,
    metavar="TEXT",
    help="The SMS to send if the phone cannot receive the MMS.",
)
@gateway_options
@dry_run_option
@json_option
def send_saved(
    mms_id: str,
    custom_text: dict[int, str],
    data: dict[str, str],
    dialect: str | None,
    url: str | None,
    as_json: bool,
    dry_run: bool,
    **options: Any,
) -> int:
    """Send a stored slideshow to one phone number.

    Texts, the subject and the values of merge tags can be set for this message only.
    """
    operation = SendSavedMMS(mms_id, custom_text=custom_text, data=data, **given(options))
    return call_and_print(skycore_settings(dialect, url), operation, as_json, dry_run=dry_run)


@command("list")
@click.option(
    "--since",
    "start_date",
    cls=FieldOption,
    operation=ListMMS,
    metavar="DATE",
    help="Only slideshows stored since this date (ISO 8601).",
)
@click.option("--page", cls=FieldOption, operation=ListMMS, type=int, metavar="N", help="Only this page; the first is 1.")
@click.option("--per-page", cls=FieldOption, operation=ListMMS, type=int, metavar="N", help="How many slideshows a page has.")
@gateway_options
@json_option
def list_(
    start_date: str | None, page: int | None, per_page: int | None, dialect: str | None, url: str | None, as_json: bool
) -> int:
    """List the slideshows that are stored at the gateway."""
    operation = ListMMS(start_date=start_date, page=page, per_page=per_page)
    return call_and_print(skycore_settings(dialect, url), operation, as_json)


@command()
@click.argument("mms_id", metavar="ID")
@gateway_options
@json_option
def delete(mms_id: str, dialect: str | None, url: str | None, as_json: bool) -> int:
    """Delete a stored slideshow permanently."""
    return call_and_print(skycore_settings(dialect, url), DeleteMMS(mms_id), as_json)
