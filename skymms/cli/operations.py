"""Reads slideshow and request files, and creates operations from them and from options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

import click

from ..account import Account
from ..errors import ConfigurationError, Problem, refusal
from ..files import FileContent, read_file
from ..model.operations import Operation, SendMMS
from ..model.slideshow import Slideshow
from ..model.stored_operations import SaveMMS, SendSavedMMS
from ..wire.dialects import MAX_REQUEST
from .inputs import read_bytes
from .options import given


def read_content(name: str) -> FileContent:
    """Read a slideshow or a request from a file, or from stdin for ``-``."""
    return read_file(read_bytes(name, MAX_REQUEST))


def request_in(content: FileContent) -> Operation[Any]:
    """Return the request in a file, unchanged. Raises a usage error for a file with a slideshow."""
    _refuse_unrecognised(content)
    if content.operation is None:
        raise click.UsageError("the file contains a slideshow, not a request: use `skymms send` or `skymms save`")
    return content.operation


def slideshow_in(content: FileContent) -> Slideshow:
    """Return the slideshow in a file. Raises a usage error for a request without a slideshow."""
    if content.slideshow is None:
        kind = type(content.operation).__name__
        raise click.UsageError(f"the file contains a {kind} request without a slideshow: use `skymms call`")
    return content.slideshow


def send_operation(
    content: FileContent, options: Mapping[str, Any], sender: str | None = None, *, may_be_incomplete: bool = False
) -> Operation[Any]:
    """Return the operation that sends a file's slideshow or request; options replace values in the file.

    ``sender`` is the account's own, used if neither the options nor the file has one. ``may_be_incomplete`` allows a slideshow
    without a recipient and a sender.
    """
    _refuse_unrecognised(content)
    values = given(options)
    if isinstance(content.operation, (SendMMS, SendSavedMMS)):
        return replace(content.operation, **values)
    slideshow = slideshow_in(content)
    if sender and "sender" not in values:
        values["sender"] = sender
    for name, option, title in (("to", "--to", "recipient"), ("sender", "--from", "sender")):
        if name not in values and not may_be_incomplete:
            raise click.UsageError(f"{option} is required: a slideshow file has no {title}.")
    return SendMMS(slideshow, **values)


def broadcast_operation(content: FileContent, options: Mapping[str, Any], sender: str | None) -> Operation[Any]:
    """Return the message in a file without its recipient, for a list; options replace values in the file."""
    operation: Any = operation_to_show(content, options, sender)
    if not hasattr(operation, "to"):
        raise click.UsageError(f"the file contains a {type(operation).__name__} request, which is not sent to one number")
    if operation.sender is None:
        if sender is None:
            raise click.UsageError("--from is required: the file has no sender.")
        operation = replace(operation, sender=sender)
    return cast(Operation[Any], replace(operation, to=None))


def with_account_defaults(account: Account, operation: Operation[Any]) -> Operation[Any]:
    """Return the operation with the account's defaults (sender, service id, fallback text), as the account sends it."""
    unsupported = len(account.dialect_spec.unsupported(operation))
    for name in ("sender", "service_id", "fallback_text"):
        changed = _with_default(operation, name, getattr(account, name))
        if len(account.dialect_spec.unsupported(changed)) == unsupported:
            operation = changed
    return operation


def _with_default(operation: Any, name: str, value: object) -> Operation[Any]:
    """Return the operation with a value for one of its fields, or of its slideshow's, that is None."""
    slideshow: Slideshow | None = getattr(operation, "slideshow", None)
    if value is not None and getattr(operation, name, value) is None:
        operation = replace(operation, **{name: value})
    elif value is not None and slideshow is not None and getattr(slideshow, name, value) is None:
        operation = replace(operation, slideshow=slideshow.replace(**{name: value}))
    return cast(Operation[Any], operation)


def save_operation(content: FileContent, client_reference: str | None = None) -> SaveMMS:
    """Return the operation that stores a file's slideshow."""
    _refuse_unrecognised(content)
    operation = content.operation if isinstance(content.operation, SaveMMS) else SaveMMS(slideshow_in(content))
    return operation if client_reference is None else replace(operation, client_reference=client_reference)


def operation_to_show(content: FileContent, options: Mapping[str, Any], sender: str | None = None) -> Operation[Any]:
    """Return the request in a file with the options filled in, or the operation that sends its slideshow."""
    if content.operation is not None:
        operation: Any = request_in(content)
        values = given(options)
        unsupported = [name for name in values if name not in {item.name for item in fields(operation)}]
        if not unsupported:
            return replace(operation, **values)  # type: ignore[no-any-return]  # the same type as before
        if content.slideshow is None:
            option = {"sender": "from"}.get(unsupported[0], unsupported[0]).replace("_", "-")
            raise click.UsageError(f"the file contains a {type(operation).__name__} request, which does not support --{option}")
    return send_operation(content, options, sender, may_be_incomplete=True)


# ------------------------------------------------------------------------------------------------ problems


def refuse_missing_action(account: Account, operation: Operation[Any]) -> None:
    """Raise :class:`~skymms.ConfigurationError` if the account's dialect does not have the operation.

    The account's ``problems`` include this problem, but among those of the message. Here it is an error of its own, because
    the user chose the wrong dialect.
    """
    if not account.dialect_spec.action(type(operation)):
        raise ConfigurationError("\n".join(map(str, account.dialect_spec.unsupported(operation))))


def refuse_problems(account: Account, operation: Operation[Any], content: FileContent) -> None:
    """Raise the error for the problems of an operation that was read from a file, in the file's terms."""
    if problems := account.problems(operation):
        raise refusal(with_toml_messages(content, problems))


def with_toml_messages(content: FileContent, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems with messages for the author of a TOML file instead of messages for Python code."""
    if content.operation is not None:
        return problems
    no_slides = "no slides: add a [[slide]] section"
    return tuple(problem._replace(message=no_slides) if problem.code == "E312" else problem for problem in problems)


def _refuse_unrecognised(content: FileContent) -> None:
    """Refuse a file with unrecognised fields: a misspelled field may be a picture, which would not be sent."""
    if content.unread:
        raise refusal(
            [Problem(None, None, name, "unknown field in this dialect; check its spelling") for name in content.unread]
        )
