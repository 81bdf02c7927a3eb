"""The part of a ledger that is about people: who opted out, what people said, consent, and erasure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from ..model.notices import Notice
from ..storage.contract import Store, Transaction
from .consenting import Flagged, decide, flagged, note_wishes
from .countries import country_of
from .explaining import explain_number
from .scopes import scope_of
from .suppressing import Origin, Source, Suppressions, forget, suppress, suppress_from
from .wishes import Said, Words, read_wish


class ConsentLedger:
    """The part of a :class:`Ledger` that is about people."""

    def __init__(self, store: Store, words: Words) -> None:
        self._store: Store = store
        self._words = words

    # -------------------------------------------------------------------------------------------- suppression

    def suppress(
        self,
        numbers: Iterable[str | int],
        *,
        sender: str | int | None = None,
        campaign: str | int | None = None,
        source: str = "operator",
        at: datetime | None = None,
        evidence: str | None = None,
        country: str | int | None = None,
        by: str | None = None,
    ) -> int:
        """Send nothing more to some numbers, and return how many were not suppressed before.

        The suppression is for everything, or for one sender or campaign (the ``campaign_ref`` of the message). Runs that are
        under way obey it. ``source``, ``at`` and ``evidence`` say how and since when it is known. Numbers are written as in the
        lists of the ledger: with the country code first, or also as Cellcast takes them (``0491 570 156``) if the ledger has a
        broadcast of Cellcast, or no broadcast yet; ``country`` is the country code of numbers without one. An opt-out of a US
        number holds with and without its country code. One that is not a number raises :class:`~skymms.RecipientError`, and
        none is suppressed.
        """
        return suppress(self._store, numbers, Origin(scope_of(sender, campaign), source, at, evidence), by, country_of(country))

    def suppress_from(
        self,
        where: Source,
        *,
        number: str | None = None,
        sender: str | int | None = None,
        campaign: str | int | None = None,
        source: str = "import",
        at: datetime | None = None,
        evidence: str | None = None,
        country: str | int | None = None,
        by: str | None = None,
    ) -> Suppressions:
        """Send nothing more to the numbers in a file, or to those who opted out at Cellcast.

        ``where`` is a file or a stream as for :func:`~skymms.broadcast.read_recipients`, a file with one number a line and no
        header, or the reply to Cellcast's ``OptOuts``: ``ledger.suppress_from(client.call(OptOuts()))``. ``number`` names the
        column. The file and the line are the evidence if you give none. Lines that have no number are returned, and the others
        are suppressed all the same.
        """
        origin = Origin(scope_of(sender, campaign), source, at, evidence)
        return suppress_from(self._store, where, origin, number, by, country_of(country))

    def forget(self, number: str | int, *, country: str | int | None = None, by: str | None = None) -> None:
        """Erase a number, written as for :meth:`suppress`, from all tables. It stays suppressed by a hash, for everything.

        A message to it that is being sent is not stopped; one that waits is skipped. Messages keep their state, under the hash.
        Its reports are deleted. Nothing readable is left in a SQLite file or its journal; a PostgreSQL server removes the old
        rows when it vacuums the tables. Keys of :meth:`send_once` are yours, and kept: do not make them from numbers.
        """
        forget(self._store, number, by, country_of(country))

    # -------------------------------------------------------------------------------------------- what people said

    def read_wish(self, notice: Notice) -> Said | None:
        """Return what a notice says about consent, by the words of this ledger; None if it says nothing."""
        return read_wish(notice, self._words)

    def note_consent(self, notices: Sequence[Notice], transaction: Transaction | None = None) -> int:
        """Write down what notices say about consent, and return how many said something new.

        ``Ledger.note`` does this for one notice. Within a ``transaction`` of the ledger's store it is kept with the rest of it.
        """
        if transaction is not None:
            return sum(note_wishes(transaction, notices, self._words))
        with self._store.transaction() as own:
            return sum(note_wishes(own, notices, self._words))

    def flagged(self) -> Iterator[Flagged]:
        """Iterate over messages that may be an opt-out and that somebody has to read, such as "please stop".

        They change nothing until :meth:`decide` is called.
        """
        return flagged(self._store)

    def decide(self, id: int, outcome: str, *, why: str, by: str | None = None) -> None:
        """Decide what a flagged message means: ``"stop"``, ``"start"`` or ``"ignore"``.

        It then counts as if the person had written that word at the time of the message.
        """
        decide(self._store, id, outcome, why=why, by=by)

    def explain_number(self, number: str | int, *, country: str | int | None = None) -> dict[str, Any]:
        """Return what the ledger knows about a number.

        ``opt_outs`` are the suppressions with their scope, source, time and evidence; ``said`` the notices in which the person
        said something about messages; ``messages`` those of all broadcasts, with the consent that the list recorded, and
        ``because``, which says why each is in its state; ``left_out`` the lines of lists that were not sent to; ``hint`` says
        if the number may be meant with, or without, the country code 1. ``country`` is the country code of a number without
        one. Times are ISO 8601.
        """
        return explain_number(self._store, number, country_of(country))
