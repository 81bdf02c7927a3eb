"""Whether the ledger of broadcasts and the inbox can be used, if there are any."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from ..broadcast import schema as broadcast_schema
from ..errors import SkymmsError
from ..inbox import schema as inbox_schema
from ..storage.contract import Migration
from ..storage.migrations import VERSION
from ..storage.opening import open_store
from .doctor_report import Finding, failure, good, skipped, warning, without_secrets
from .store_options import INBOX, LEDGER, StoreOption, is_missing

#: The kinds of stores, each with its component and the migrations of its tables.
_KINDS: Sequence[tuple[StoreOption, str, Sequence[Migration]]] = (
    (LEDGER, broadcast_schema.COMPONENT, broadcast_schema.MIGRATIONS),
    (INBOX, inbox_schema.COMPONENT, inbox_schema.MIGRATIONS),
)


def examine_stores(ledger: str | None, inbox: str | None, *, offline: bool) -> list[Finding]:
    """Return what is known about the ledger and the inbox; None stands for the default file, if it exists.

    ``offline`` leaves out databases of a server.
    """
    return [
        skipped(kind[0].noun, "--offline: a database of a server is not looked at")
        if offline and "://" in (where or "")
        else _examine(where, *kind)
        for where, kind in zip((ledger, inbox), _KINDS, strict=True)
    ]


def _examine(chosen: str | None, option: StoreOption, component: str, migrations: Sequence[Migration]) -> Finding:
    where, check = chosen or option.default, option.noun
    if is_missing(where):
        if chosen is None:
            return skipped(check, f"none: {option.option} and {option.variable} are not set, and there is no {where}")
        return warning(check, f"{where} does not exist", f"{option.creator}; or correct {option.option} or {option.variable}")
    try:
        if "://" not in where and (problem := _not_ours(where, component)):
            return failure(check, f"{where} {problem}", f"name another file with {option.option} or {option.variable}")
        store = open_store(where)
    except SkymmsError as error:
        return failure(check, without_secrets(str(error), None), "read the text; it says what to do")
    try:
        with store.reading() as transaction:
            found = transaction.one(VERSION, component=component)
    except SkymmsError as error:
        text = without_secrets(str(error), None)
        return failure(check, f"{store.name}: {text}", f"the database may have no {option.noun} yet: {option.creator}")
    finally:
        store.close()
    version, newest = int(found[0]) if found else 0, len(migrations)
    text = f"{store.name} opens; its tables have version {version} of {newest}"
    if version > newest:
        return failure(check, text, "upgrade skymms: a newer version has written it")
    if version == 0:
        return warning(check, f"{store.name} opens and has no tables of an {option.noun}", f"{option.creator}")
    return good(check, text if version == newest else f"{text}, and the next command brings them to {newest}")


def _not_ours(where: str, component: str) -> str | None:
    """Return why a file is no store of this kind; None if it is one. The file is only read: opening a store writes."""
    try:
        connection = sqlite3.connect(f"{Path(where).absolute().as_uri()}?mode=ro", uri=True)
        try:
            tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'skymms_schema'").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return f"cannot be read: {error}"
    return None if tables else f"has no tables of skymms, so it has no {component}"
