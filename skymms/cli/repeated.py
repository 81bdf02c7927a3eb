"""Command classes that refuse an option given twice, and groups that print their help if they are given nothing.

click takes the last value of a repeated option and drops the others without a word, so that `--to A --to B` would send to B
only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from importlib import import_module
from shutil import get_terminal_size
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from .context import COMMAND


class OptionForSome(click.Option):
    """An option that is of use only with some settings, such as some dialects."""

    def is_offered(self, context: click.Context) -> bool:
        """Return whether completion offers the option to a command with these arguments."""
        raise NotImplementedError


class Lazy(NamedTuple):
    """A command that is imported when it is needed: its file in this package, its name there, and its line in the help."""

    module: str
    name: str
    summary: str


def _refuse_repeated_options(command: click.Command, context: click.Context, arguments: list[str]) -> None:
    if context.resilient_parsing:  # A line that is being typed is completed, not judged.
        return
    # The parser reports each option as often as it occurs. It is asked a second time by click itself.
    _, _, occurrences = command.make_parser(context).parse_args(args=list(arguments))
    once = [one for one in occurrences if isinstance(one, click.Option) and not (one.multiple or one.is_flag or one.count)]
    for option in once:
        if once.count(option) > 1:
            hint = ": the message goes to one number; for a list use `skymms broadcast`" if option.name == "to" else ""
            raise click.UsageError(f"{option.opts[0]} is given more than once{hint}", context)


class _Formatter(click.HelpFormatter):
    """Lays out help also in a narrow terminal, for which click takes 50 columns and half of them for names."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl(list(rows), min(col_max, self.width // 3), col_spacing)

    def getvalue(self) -> str:
        # A usage line that is wrapped ends with a blank.
        return re.sub(r"[ \t]+$", "", super().getvalue(), flags=re.MULTILINE)


class _Context(click.Context):
    formatter_class = _Formatter

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        columns = get_terminal_size().columns
        if self.terminal_width is None and 0 < columns < _NARROW:
            self.terminal_width = max(columns - 2, _NARROWEST)


#: In fewer columns click does not lay out its help, and in fewer than the second figure nor do we.
_NARROW, _NARROWEST = 52, 24


class _Command(click.Command):
    context_class = _Context

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _refuse_repeated_options(self, ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        # An error is printed after the context of the command has ended.
        ctx.meta[COMMAND] = self
        return super().invoke(ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        useless = {
            name
            for option in self.params
            if isinstance(option, OptionForSome) and not option.is_offered(ctx)
            for name in option.opts
        }
        return [item for item in super().shell_complete(ctx, incomplete) if item.value not in useless]


class _HelpWanted(click.UsageError):
    """A group was given no command. Its help is printed on stderr, because nothing was done that has a result."""

    def show(self, file: Any = None) -> None:
        assert self.ctx is not None
        click.echo(self.ctx.get_help(), file=file, err=True)


class _Group(click.Group):
    command_class = _Command
    context_class = _Context

    def __init__(self, *arguments: Any, lazy: Mapping[str, Lazy] | None = None, **settings: Any) -> None:
        # Its help is printed by parse_args, in the same way with every version of click.
        settings["no_args_is_help"] = False
        super().__init__(*arguments, **settings)
        self._lazy = lazy or {}
        if lazy is not None:
            self.commands = _LazyCommands(lazy)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            raise _HelpWanted("", ctx)
        _refuse_repeated_options(self, ctx, args)
        return super().parse_args(ctx, args)

    def _summaries(self, begin: str = "") -> list[tuple[str, str]]:
        """Return the commands whose names begin so, each with its line in the help."""
        names = [name for name in sorted(self.commands) if name.startswith(begin)]
        return [
            (name, self._lazy[name].summary if name in self._lazy else self.commands[name].get_short_help_str(limit=1000))
            for name in names
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would cut the lines off. They are wrapped here.
        with formatter.section("Commands"):
            formatter.write_dl(self._summaries())

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        # click would import every command for its line in the help.
        found = [CompletionItem(name, help=summary) for name, summary in self._summaries(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)


class _LazyCommands(MutableMapping[str, click.Command]):
    """The commands of a group by their names. A command is imported when it is looked up."""

    def __init__(self, lazy: Mapping[str, Lazy]) -> None:
        self._lazy = dict(lazy)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            one = self._lazy[name]
            self._loaded[name] = getattr(import_module(f".{one.module}", __package__), one.name)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        self._lazy.pop(name, None)
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._lazy, *self._loaded)))

    def __len__(self) -> int:
        return len({*self._lazy, *self._loaded})


def command(name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Use this decorator instead of ``click.command``."""
    return click.command(name, cls=_Command, **settings)


def group(**settings: Any) -> Callable[[Callable[..., Any]], click.Group]:
    """Use this decorator instead of ``click.group``. ``lazy`` names commands that are imported when they are needed."""
    return click.group(cls=_Group, **settings)
