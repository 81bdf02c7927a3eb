"""The options that name a store: a ledger, or where an inbox keeps its postbacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ..errors import ConfigurationError
from .completing import complete_files
from .context import keep

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOption:
    """An option that names a store, and ``--adopt`` beside it.

    ``noun`` is what the store is called in messages, ``title`` in the help, and ``creator`` says which command makes one.
    """

    option: str
    variable: str
    default: str
    noun: str
    title: str
    creator: str

    @property
    def _key(self) -> str:
        return f"skymms.where{self.option}"

    @property
    def options(self) -> Callable[[F], F]:
        """The decorator of commands that have the options."""

        def decorate(command: F) -> F:
            named = click.option(
                self.option,
                envvar=self.variable,
                default=self.default,
                metavar="WHERE",
                expose_value=False,
                callback=keep(self._key),
                shell_complete=complete_files,
                help=f"{self.title}: a file, or a postgresql:// URL. Default: {self.variable}, or {self.default} in the "
                f"working directory. Put a URL with a password into {self.variable}, because other users can see the options "
                "of a command.",
            )
            adopt = click.option(
                "--adopt",
                is_flag=True,
                expose_value=False,
                callback=keep(_ADOPT),
                help=f"Accept a file of the {self.noun} that was copied or restored, as the only one from now on.",
            )
            return named(adopt(command))

        return decorate

    def chosen(self, *, new: bool = False) -> str:
        """Return the store of the command. Without ``new``, one that does not exist is an error and is not created."""
        where: str = click.get_current_context().meta[self._key]
        if not new and is_missing(where):
            raise ConfigurationError(
                f"there is no {self.noun} {where}: {self.creator}. If it is elsewhere, name it with {self.option} or "
                f"{self.variable}"
            )
        return where


_ADOPT = "skymms.adopt"


def adopts() -> bool:
    """Return whether the command has ``--adopt``."""
    return bool(click.get_current_context().meta[_ADOPT])


def is_missing(where: str) -> bool:
    """Return whether a store is a file that does not exist."""
    return "://" not in where and not Path(where).exists()


LEDGER = StoreOption(
    option="--ledger",
    variable="SKYMMS_LEDGER",
    default="skymms.db",
    noun="ledger",
    title="The ledger",
    creator="`skymms broadcast create` makes one",
)
INBOX = StoreOption(
    option="--store",
    variable="SKYMMS_INBOX_STORE",
    default="postbacks.db",
    noun="inbox",
    title="Where postbacks are stored",
    creator="`skymms inbox serve` and your program create one",
)
