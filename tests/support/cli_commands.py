"""The commands of the command line, for tests that look at all of them."""

from __future__ import annotations

from collections.abc import Iterator

import click


def groups(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Group]]:
    """Every group, with the words that name it."""
    yield path, group
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from groups(one, (*path, name))


def every(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command, with the words that name it; groups too."""
    yield path, group
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from every(one, (*path, name))
        else:
            yield (*path, name), one
