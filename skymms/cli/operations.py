"""Reads slideshow and request files, and creates operations from them and from options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

import click

from ..account import Account
from ..errors import ConfigurationError, Problem, refusal
from ..files import FileContent, read_file
from ..model.operations import Operation, SaveMMS, SendMMS, SendSavedMMS
from ..model.slideshow import Slideshow
from ..wire.dialects import MAX_REQUEST
from .inputs import read_bytes
from .options import given


def read_content(name: str) -> FileContent:
    """Read a slideshow or a request from a file, or from stdin for ``-``."""
    return read_file(read_bytes(name, MAX_REQUEST))


def request_in(content: FileContent) -> Operation[Any]:
    """The request in a file, unchanged. A file with a slideshow is a usage error."""
    _refuse_unrecognised(content)
    if content.operation is None:
        raise click.UsageError("the file contains a slideshow, not a request: use `skymms send` or `skymms save`")
    return content.operation


def slideshow_in(content: FileContent) -> Slideshow:
    """The slideshow in a file. A request without a slideshow is a usage error."""
    if content.slideshow is None:
        kind = type(content.operation).__name__
        raise click.UsageError(f"the file contains a {kind} request without a slideshow: use `skymms call`")
    return content.slideshow


def send_operation(
    content: FileContent, options: Mapping[str, Any], sender: str | None = None, *, may_be_incomplete: bool = False
) -> Operation[Any]:
    """Create the send for a file; options replace what the file says.

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


def with_account_defaults(account: Account, operation: Operation[Any]) -> Operation[Any]:
    """The operation with the account's sender, service id and fallback text where it has none, as the account sends it."""
    unsupported = len(account.dialect_spec.unsupported(operation))
    for name in ("sender", "service_id", "fallback_text"):
        changed = _with_default(operation, name, getattr(account, name))
        if len(account.dialect_spec.unsupported(changed)) == unsupported:
            operation = changed
    return operation


def _with_default(operation: Any, name: str, value: object) -> Operation[Any]:
    """The operation with a value for a field of it, or of its slideshow, that is None."""
    slideshow: Slideshow | None = getattr(operation, "slideshow", None)
    if value is not None and getattr(operation, name, value) is None:
        operation = replace(operation, **{name: value})
    elif value is not None and slideshow is not None and getattr(slideshow, name, value) is None:
        operation = replace(operation, slideshow=slideshow.replace(**{name: value}))
    return cast(Operation[Any], operation)


def save_operation(content: FileContent, client_reference: str | None = None) -> SaveMMS:
    """Create the request that stores a file's slideshow."""
    _refuse_unrecognised(content)
    operation = content.operation if isinstance(content.operation, SaveMMS) else SaveMMS(slideshow_in(content))
    return operation if client_reference is None else replace(operation, client_reference=client_reference)


def operation_to_show(content: FileContent, options: Mapping[str, Any], sender: str | None = None) -> Operation[Any]:
    """The request in a file with the options filled in, or the send of its slideshow."""
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

    The account's ``problems`` include this too, but as one problem of the message among others. Here it is reported as what it
    is: the wrong dialect was chosen.
    """
    if not account.dialect_spec.action(type(operation)):
        raise ConfigurationError("\n".join(map(str, account.dialect_spec.unsupported(operation))))


def refuse_problems(account: Account, operation: Operation[Any], content: FileContent) -> None:
    """Raise the error for the problems of an operation that was read from a file, in the file's terms."""
    if problems := account.problems(operation):
        raise refusal(in_terms_of_the_file(content, problems))


def in_terms_of_the_file(content: FileContent, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The problems, with advice for the author of a TOML file where the library's own is for Python code."""
    if content.operation is not None:
        return problems
    no_slides = "no slides: add a [[slide]] section"
    return tuple(problem._replace(message=no_slides) if problem.code == "E312" else problem for problem in problems)


def _refuse_unrecognised(content: FileContent) -> None:
    """Refuse a file with fields that were not understood. A misspelled name may be a picture, which would be left out."""
    if content.unread:
        raise refusal(
            [Problem(None, None, name, "unknown field in this dialect; check its spelling") for name in content.unread]
        )
