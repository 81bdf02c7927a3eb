"""Creates the tables of a component, and changes those of an older version of skymms.

Each component (broadcasts, the inbox) has a list of migrations; the number of them is the version of its tables. A database of
a newer version is refused, because an older program does not know what the newer columns mean.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import StorageError
from .contract import Migration, Statement, Store, same

CREATE_VERSIONS = same("CREATE TABLE IF NOT EXISTS skymms_schema (component TEXT PRIMARY KEY, version INTEGER NOT NULL)")
#: Two processes that create the tables at once wait for each other. A transaction of SQLite that writes is alone anyway.
LOCK = Statement("", "SELECT pg_advisory_xact_lock(7593211)")
VERSION = same("SELECT version FROM skymms_schema WHERE component = :component")
SET_VERSION = same(
    "INSERT INTO skymms_schema (component, version) VALUES (:component, :version) "
    "ON CONFLICT (component) DO UPDATE SET version = excluded.version"
)


def migrate(store: Store, component: str, migrations: Sequence[Migration]) -> None:
    """Bring the tables of a component to the newest version. Raises :class:`~skymms.StorageError` for a newer database."""
    with store.transaction() as transaction:
        transaction.rows(LOCK)
        transaction.run(CREATE_VERSIONS)
        found = transaction.one(VERSION, component=component)
        version = found[0] if found else 0
        if version > len(migrations):
            raise StorageError(
                f"{store.name} was written by a newer version of skymms (tables of {component}: version {version}, this one "
                f"knows {len(migrations)}): upgrade skymms"
            )
        if version == len(migrations):
            return
        for migration in migrations[version:]:
            for sql in migration.sqlite if store.kind == "sqlite" else migration.postgres:
                transaction.run(same(sql))
        transaction.run(SET_VERSION, component=component, version=len(migrations))
