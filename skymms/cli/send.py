"""The commands that call a gateway: send, save, send-saved, list and delete, and call for whatever else it can be asked.

Each makes one operation and calls once; whatever is repeated, the client decides. Whoever interrupts a call, or loses its
answer, is told whether the message may have gone out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from ..account import Account
from ..cellcast import CellcastSend
from ..client import Client
from ..errors import NotFoundError, ProtocolError, SkymmsError
from ..model.actions import (
    CreateCampaign,
    ListCampaigns,
    SendMessageBySubscriberRef,
    SendMMSBarcode,
    SendPassInMMS,
    SendSavedMMSCampaign,
    SendSMS,
    Subscribe,
    Unsubscribe,
)
from ..model.operations import DeleteMMS, ListMMS, Operation, SaveMMS, SendMMS, SendSavedMMS
from . import output
from .options import (
    addressing_options,
    asked,
    calling_account,
    file_argument,
    gateway_options,
    given,
    json_option,
    read_content,
    reference_option,
    refuse_missing_action,
    saving,
    sending,
)
from .render import answer

_MAYBE = "It may have been {done} all the same: {look} before you do it again."
_NOT = "Nothing was {done}."
_SENT = {"done": "sent", "look": "look for its postbacks"}
_SENDS = (
    SendMMS,
    SendSavedMMS,
    SendSavedMMSCampaign,
    SendMMSBarcode,
    SendPassInMMS,
    SendMessageBySubscriberRef,
    SendSMS,
    CellcastSend,
)
#: Where it is seen whether something was done that is no sending.
_LOOKS: Mapping[type[Operation[Any]], str] = {
    SaveMMS: "look at `skymms list`",
    DeleteMMS: "look at `skymms list`",
    CreateCampaign: "list the campaigns",
    Subscribe: "look for its postback",
    Unsubscribe: "look for its postback",
}


@click.command()
@file_argument
@addressing_options
@gateway_options
@json_option
def send(file: str, dialect: str | None, url: str | None, as_json: bool, **addressing: Any) -> int:
    """Send a slideshow to one number.

    A request's file brings its own recipient, sender and dialect; options replace them. Requests that send no slideshow are
    made by `skymms call`.
    """
    content = read_content(file)
    account = calling_account(dialect, url, content.dialect)
    return _answer(account, sending(content, addressing), as_json)


@click.command()
@file_argument
@reference_option
@gateway_options
@json_option
def save(file: str, client_reference: str | None, dialect: str | None, url: str | None, as_json: bool) -> int:
    """Store a slideshow at the gateway, to be sent by its id.

    The JSON service answers without the id: it comes with a postback, by which the --client-reference tells whose it is.
    """
    content = read_content(file)
    return _answer(calling_account(dialect, url, content.dialect), saving(content, client_reference), as_json)


@click.command()
@file_argument
@gateway_options
@json_option
def call(file: str, dialect: str | None, url: str | None, as_json: bool) -> int:
    """Make the request that a file holds, whatever it asks for.

    Any action of the dialect, in XML, JSON or GET form. The account is that of the environment and the options; a key in the
    file is not used.
    """
    content = read_content(file)
    operation = asked(content)
    return _answer(calling_account(dialect, url, content.dialect), operation, as_json)


def _pairs(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """``("a=b", …)`` as a mapping."""
    found: dict[str, str] = {}
    for value in values:
        key, equals, words = value.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{value!r} has no =: write {option.metavar}")
        if key in found:
            raise click.BadParameter(f"{key} is given twice")
        found[key] = words
    return found


def _slides(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[int, str]:
    """``("1=words", …)`` as a mapping from slides."""
    found: dict[int, str] = {}
    for key, words in _pairs(context, option, values).items():
        if not (key.isascii() and key.isdigit() and len(key) < 5):
            raise click.BadParameter(f"{key!r} is no slide: they count from 1")
        found[int(key)] = words
    return found


@click.command("send-saved")
@click.argument("mms_id", metavar="ID")
@addressing_options
@click.option("--text", "custom_text", multiple=True, metavar="N=WORDS", callback=_slides, help="Another text for slide N.")
@click.option("--subject", "custom_subject", help="Another subject.")
@click.option("--data", multiple=True, metavar="NAME=VALUE", callback=_pairs, help="A value for a merge tag of the texts.")
@click.option("--fallback-text", help="The words of the SMS sent in its place.")
@gateway_options
@json_option
def send_saved(mms_id: str, custom_text: dict[int, str], data: dict[str, str], as_json: bool, **options: Any) -> int:
    """Send a stored slideshow to one number.

    It may be given words of its own: texts for its slides, a subject, values for the merge tags in its texts.
    """
    account = calling_account(options.pop("dialect"), options.pop("url"))
    said = {"to": "", "sender": "", **given(options)}
    return _answer(account, SendSavedMMS(mms_id, custom_text=custom_text, data=data, **said), as_json)


@click.command("list")
@click.option("--since", "start_date", help="Leave out what was stored before; ISO 8601.")
@click.option("--page", type=int, help="Which page, from 1.")
@click.option("--per-page", type=int, help="How many a page.")
@gateway_options
@json_option
def list_(
    start_date: str | None, page: int | None, per_page: int | None, dialect: str | None, url: str | None, as_json: bool
) -> int:
    """List the stored slideshows."""
    operation = ListMMS(start_date=start_date, page=page, per_page=per_page)
    return _answer(calling_account(dialect, url), operation, as_json)


@click.command()
@click.argument("mms_id", metavar="ID")
@gateway_options
@json_option
def delete(mms_id: str, dialect: str | None, url: str | None, as_json: bool) -> int:
    """Delete a stored slideshow, at once and for good."""
    return _answer(calling_account(dialect, url), DeleteMMS(mms_id), as_json)


# ------------------------------------------------------------------------------------------------ calling


#: What lists. 1.3 calls it an error where there is nothing (E200, E405); whoever asks for a list has an empty one.
_LISTS = (ListMMS, ListCampaigns)


def _answer(account: Account, operation: Operation[Any], as_json: bool) -> int:
    """Call, and print the reply."""
    with _calling(account, operation), Client(account) as client:
        try:
            reply = client.call(operation)
        except NotFoundError:
            if not isinstance(operation, _LISTS):
                raise
            reply = operation.reply()
    return answer(operation, reply, as_json)


@contextmanager
def _calling(account: Account, operation: Operation[Any]) -> Iterator[None]:
    """Advices before, and :func:`talking` meanwhile."""
    refuse_missing_action(account, operation)
    for advice in account.warnings(operation):
        output.say(f"advice: {advice}")
    output.say(f"{type(operation).__name__} in {account.dialect} to {account.wrap(b'').safe_url}", "dim")
    with talking(operation):
        yield


@contextmanager
def talking(operation: Operation[Any]) -> Iterator[None]:
    """Progress while something is called, and afterwards what a failure means for what was to be sent."""
    look = _LOOKS.get(type(operation), "find out")
    words = _SENT if isinstance(operation, _SENDS) else {"done": "done", "look": look}
    talk = _Talk()
    logger = logging.getLogger("skymms")
    before = logger.level
    logger.addHandler(talk)
    logger.setLevel(logging.INFO)
    try:
        yield
    except SkymmsError as error:
        if error.sent_maybe:
            error.add_note(_MAYBE.format(**words))
        elif isinstance(error, ProtocolError) and not operation.repeatable:
            error.add_note(_NOT.format(**words))
        raise
    except KeyboardInterrupt as interrupt:
        if getattr(interrupt, "sent_maybe", False):
            interrupt.add_note(_MAYBE.format(**words))
        raise
    finally:
        logger.removeHandler(talk)
        logger.setLevel(before)


class _Talk(logging.Handler):
    """What the client tells its log about its waiting, on stderr; how the call ended is told anyway."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("waiting"):
            output.say(record.getMessage(), "dim")


COMMANDS = (send, save, send_saved, list_, delete, call)
