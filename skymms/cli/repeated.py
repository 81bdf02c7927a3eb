"""Command classes that refuse an option given twice.

click takes the last value of a repeated option and drops the others without a word, so that `--to A --to B` would send to B
only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def _refuse_repeated_options(command: click.Command, context: click.Context, arguments: list[str]) -> None:
    # The parser reports each option as often as it occurs. It is asked a second time by click itself.
    _, _, occurrences = command.make_parser(context).parse_args(args=list(arguments))
    once = [one for one in occurrences if isinstance(one, click.Option) and not (one.multiple or one.is_flag or one.count)]
    for option in once:
        if once.count(option) > 1:
            hint = ": the message goes to one number; for a list use `skymms broadcast`" if option.name == "to" else ""
            raise click.UsageError(f"{option.opts[0]} is given more than once{hint}", context)


class _Command(click.Command):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _refuse_repeated_options(self, ctx, args)
        return super().parse_args(ctx, args)


class _Group(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _refuse_repeated_options(self, ctx, args)
        return super().parse_args(ctx, args)

    command_class = _Command


def command(name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Use this decorator instead of ``click.command``."""
    return click.command(name, cls=_Command, **settings)


def group(**settings: Any) -> Callable[[Callable[..., Any]], click.Group]:
    """Use this decorator instead of ``click.group``."""
    return click.group(cls=_Group, **settings)
