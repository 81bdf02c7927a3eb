"""The page of all commands and their options, from click: what ``--help`` prints."""

from __future__ import annotations

import inspect
import re

import click
from md_tables import table_of

from skymms.cli.commands import command


def _sentences(text: str) -> str:
    """Return a help text as paragraphs: options and names in capitals become code."""
    paragraphs = inspect.cleandoc(text).replace("\b", "").split("\n\n")
    joined = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
    return _as_code(joined)


def _as_code(text: str) -> str:
    """Write options, and names of variables, as code. Texts of the command line have no other marks."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part
        if part.startswith("`")
        else re.sub(r"(?<![\w-])(--[a-z][\w-]*|SKYMMS_\w+)", r"`\1`", part).replace("*", "\\*").replace("<", "\\<")
        for part in parts
    )


def _option(text: str) -> str:
    """Write an option as code, and the values it can have as code of their own, so that a line can break between them."""
    names, bracket, values = text.partition(" [")
    if not bracket or "|" not in values:
        return f"`{text}`"
    return f"`{names}` {', '.join(f'`{value}`' for value in values.rstrip(']').split('|'))}"


def _options(one: click.Command, context: click.Context) -> list[tuple[str, str]]:
    records = []
    for parameter in one.params:
        if isinstance(parameter, click.Option) and not parameter.hidden and (record := parameter.get_help_record(context)):
            records.append((_option(record[0]), _as_code(record[1])))
    return records


def _part(one: click.Command, path: list[str], marks: str) -> list[str]:
    """Return the parts of a command: the heading, the help and the options; of a group, also its commands."""
    context = click.Context(one, info_name=" ".join(path))
    usage = [piece for piece in one.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    pieces = path if isinstance(one, click.Group) else [*path, *usage]
    parts = [f"{marks} `{' '.join(pieces)}`\n\n{_sentences(one.help or '')}\n"]
    if options := _options(one, context):
        parts.append(table_of(["option", "meaning"], options))
    if isinstance(one, click.Group):
        for name in sorted(one.commands):
            parts += _part(one.commands[name], [*path, name], f"{marks}#")
    return parts


def commands_page() -> str:
    """Return the page: the commands, and then the groups of commands."""
    ordered = sorted(command.commands.items(), key=lambda item: (isinstance(item[1], click.Group), item[0]))
    parts = [part for name, one in ordered for part in _part(one, ["skymms", name], "##")]
    return f"""# Every command

*Reference.* After this page you know what every command and every option does. It is what `skymms COMMAND --help` prints.

[The command line](command-line.md) explains how they work together. `-h` and `--help` are options of all commands.

{chr(10).join(parts)}"""
