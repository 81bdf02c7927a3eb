"""Recognises a database file that was copied, or replaced by an older copy of itself.

Two copies of a ledger that both send would send twice, and so would an older copy, which does not know the newest intents. A
database carries a random id and counts its commits. A small file beside it, ``NAME.original``, holds the same id, the inode of
the database and the number of commits that it must have at least:

- a copy has another inode, or no such file
- an older copy that was put in the place of the database has fewer commits

The device is not compared, because its number changes when a container or a machine restarts.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from ..errors import StorageError
from .contract import Transaction, same

CREATE = same("CREATE TABLE IF NOT EXISTS skymms_original (id TEXT NOT NULL, commits INTEGER NOT NULL)")
READ = same("SELECT id, commits FROM skymms_original")
INSERT = same("INSERT INTO skymms_original (id, commits) VALUES (:id, 0)")
RENAME = same("UPDATE skymms_original SET id = :id")
COUNT = same("UPDATE skymms_original SET commits = commits + 1 RETURNING commits")


class Original:
    """The file beside a database, and the check that they belong together."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".original")
        self._id = ""

    def check(self, transaction: Transaction, *, adopt: bool) -> None:
        """Raise :class:`~skymms.StorageError` for a copy, unless ``adopt`` makes it the original."""
        transaction.run(CREATE)
        found = transaction.one(READ)
        if found is None:
            # A new database. Its file is written by `committed`, after the commit.
            self._id = secrets.token_hex(16)
            transaction.run(INSERT, id=self._id)
            return
        self._id, commits = found
        reason = None if adopt else self._difference(commits)
        if reason:
            raise StorageError(
                f"{self._database} {reason}. If it sends while the original does too, people get messages twice. If it is the "
                "only one now, open it with adopt=True (--adopt), after settling what the other may have sent"
            )
        if adopt:
            # The other file stops being the original if they share a directory by a network or a volume.
            self._id = secrets.token_hex(16)
            transaction.run(RENAME, id=self._id)

    def _difference(self, commits: int) -> str | None:
        try:
            beside: Any = json.loads(self._path.read_text(encoding="ascii"))
            wanted = (str(beside["id"]), int(beside["inode"]), int(beside["commits"]))
        except FileNotFoundError:
            return f"is a copy, or its file {self._path.name} was deleted"
        except (OSError, ValueError, KeyError, TypeError):
            return f"cannot be told from a copy, because {self._path.name} cannot be read"
        if (self._id, os.stat(self._database).st_ino) != wanted[:2]:
            return "is a copy"
        if commits < wanted[2]:
            return f"is older than it was: it has {commits} commits and had {wanted[2]}, as after restoring a backup"
        return None

    @staticmethod
    def count(transaction: Transaction) -> int:
        """Count the commit of a transaction, just before it."""
        found = transaction.one(COUNT)
        assert found is not None
        return int(found[0])

    def committed(self, commits: int) -> None:
        """Note that the database has this many commits. It is not synced: too small a number is harmless."""
        beside = {"id": self._id, "inode": os.stat(self._database).st_ino, "commits": commits}
        # The same length each time and one write, so that a kill leaves the old text or the new.
        text = json.dumps(beside).ljust(160) + "\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, text.encode("ascii"), 0)
        finally:
            os.close(descriptor)
