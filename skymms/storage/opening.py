"""Opens the store that a URL or a file name describes."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigurationError
from .contract import Store


def open_store(where: str | os.PathLike[str], *, adopt: bool = False) -> Store:
    """Open a store: the name of a SQLite file, or a ``postgresql://…`` URL.

    ``adopt`` accepts a SQLite file that is a copy of another, or an older state of it, as the only one from now on.
    """
    text = os.fspath(where)
    if text.startswith(("postgresql://", "postgres://")):
        try:
            from .postgres import PostgresStore
        except ImportError as error:
            # Also raised by psycopg if it does not find the client library of PostgreSQL.
            raise ConfigurationError(f"PostgreSQL needs psycopg: pip install 'skymms[postgres]' ({error})") from None
        return PostgresStore(text, adopt=adopt)
    if "://" in text:
        raise ConfigurationError(
            f"{text.partition('://')[0]:.20}:// is not a store: give the name of a file, or a postgresql:// URL"
        )
    if not text or text == ":memory:":
        raise ConfigurationError(f"{text!r} is not a store: give the name of a file that outlives the program")
    directory = Path(text).absolute().parent
    if not directory.is_dir():
        raise ConfigurationError(f"the directory {directory} of {text} does not exist: create it first")
    from .sqlite import SqliteStore

    return SqliteStore(text, adopt=adopt)
