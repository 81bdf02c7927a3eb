"""Recognises a database file that was copied, or replaced by an older copy of itself.

Two copies of a ledger that both send would send twice, and so would an older copy, which does not know the newest intents. A
database carries a random id and counts its commits. A small file beside it, ``NAME.original``, holds the same id, the inode of
the database and the number of commits that it must have at least:

- a copy has another inode, or no such file
- an older copy that was put in the place of the database has fewer commits

The device is not compared, because its number changes when a container or a machine restarts. A copy of a whole file system or
of a virtual machine's disk is not recognised.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from ..errors import StorageError
from .contract import Transaction, same

CREATE = same("CREATE TABLE IF NOT EXISTS skymms_original (id TEXT NOT NULL, commits INTEGER NOT NULL)")
READ = same("SELECT id, commits FROM skymms_original")
INSERT = same("INSERT INTO skymms_original (id, commits) VALUES (:id, 0)")
RENAME = same("UPDATE skymms_original SET id = :id")
COUNT = same("UPDATE skymms_original SET commits = commits + 1 RETURNING id, commits")


class Original:
    """The file beside a database, and the check that they belong together."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self.path: Path = database.with_name(database.name + ".original")
        self._inode = 0

    def check(self, transaction: Transaction, *, adopt: bool) -> None:
        """Raise :class:`~skymms.StorageError` for a copy, unless ``adopt`` makes it the original."""
        status = os.stat(self._database)
        if status.st_nlink > 1:
            # Under each name it would have a journal and a lock of its own.
            raise StorageError(f"{self._database} has {status.st_nlink} names (hard links): delete all but one")
        self._inode = status.st_ino
        transaction.run(CREATE)
        found = transaction.one(READ)
        if found is not None and not adopt:
            reason = self._difference(*found)
            if reason:
                # Another process may just be writing the file.
                time.sleep(0.05)
                reason = self._difference(*found)
            if reason:
                raise StorageError(
                    f"{self._database} {reason}. If it sends while the original does too, people get messages twice. If it is "
                    "the only one now, open it with adopt=True (--adopt), after settling what the other may have sent"
                )
            return
        # A new database, or a new original: the file of another one that shares its directory does not fit any more. The file
        # is written before the commit. If the program ends in between, a new database has no id yet, and the next one is
        # written; one that is adopted is refused and can be adopted again.
        new = secrets.token_hex(16)
        transaction.run(RENAME if found else INSERT, id=new)
        self._write(new, found[1] if found else 0, create=True)

    def _difference(self, id: str, commits: int) -> str | None:
        try:
            beside: Any = json.loads(self.path.read_text(encoding="ascii"))
            wanted = (str(beside["id"]), int(beside["inode"]), int(beside["commits"]))
        except FileNotFoundError:
            return f"is a copy, or its file {self.path.name} was deleted"
        except (OSError, ValueError, KeyError, TypeError):
            return f"cannot be told from a copy, because {self.path.name} cannot be read"
        if (id, self._inode) != wanted[:2]:
            return "is a copy"
        if commits < wanted[2]:
            return f"is older than it was: it has {commits} commits and had {wanted[2]}, as after restoring a backup"
        return None

    def count(self, transaction: Transaction) -> tuple[str, int]:
        """Count the commit of a transaction, just before it; return what :meth:`committed` is given.

        Raises :class:`~skymms.StorageError` if the file was deleted or replaced while it was open: what is written now would
        be lost.
        """
        try:
            inode = os.stat(self._database).st_ino
        except OSError:
            inode = 0
        if inode != self._inode:
            raise StorageError(f"{self._database} was deleted or replaced while it was open: stop what uses it, and look at it")
        found = transaction.one(COUNT)
        assert found is not None
        return found[0], found[1]

    def committed(self, id: str, commits: int) -> None:
        """Note that the database has this many commits. It is not synced: too small a number is harmless."""
        try:
            self._write(id, commits)
        except OSError:
            # The transaction is kept all the same. If the file was deleted, the next opening says so.
            return

    def _write(self, id: str, commits: int, *, create: bool = False) -> None:
        # The same length each time and one write, so that a kill leaves the old text or the new.
        text = json.dumps({"id": id, "inode": self._inode, "commits": commits}).ljust(160) + "\n"
        mode = os.stat(self._database).st_mode & 0o777 if create else 0
        descriptor = os.open(self.path, os.O_WRONLY | (os.O_CREAT if create else 0), mode)
        try:
            os.write(descriptor, text.encode("ascii"))
            if create:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
