"""The ledger: a file or a database that knows about each message of each broadcast whether it was sent."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ..errors import AuthenticationError, ConfigurationError, MMSError
from ..model.notices import Notice
from ..model.operations import Operation, R_co
from ..storage.contract import Store, read_pages
from ..storage.migrations import migrate
from ..storage.opening import open_store
from ..transport.exchange import GatewayAccount
from . import statements as sql
from .auditing import write_audit
from .broadcast import UNREPORTED_AFTER, Broadcast
from .hours import Hours
from .key_statements import PRUNE_KEYS
from .loading import load
from .noting import note
from .once import find_reply, once, settle
from .pause_rules import PauseRule
from .recipients import Recipient, Unreadable
from .reconciling import Question, Reconciled, Steps, reconcile
from .schema import COMPONENT, MIGRATIONS
from .settings import Settings
from .suppressing import Origin, Source, Suppressions, forget, scope_of, suppress, suppress_from
from .variants import Messages

if TYPE_CHECKING:
    from ..aio import AsyncClient
    from ..client import Client


class Ledger:
    """A ledger of broadcasts, in a SQLite file or a PostgreSQL database. It is a context manager.

    ``where`` is the name of a file, which is created if it does not exist, or a ``postgresql://…`` URL (extra
    ``skymms[postgres]``). One process at a time can run broadcasts of a file; several processes and machines can share a
    database. Several threads may use a ledger.

    A file that was copied or restored from a backup is refused, because two copies would send twice: see
    :mod:`skymms.storage.original`. ``adopt=True`` accepts it. Raises :class:`~skymms.StorageError`.
    """

    def __init__(self, where: str | os.PathLike[str], *, adopt: bool = False) -> None:
        self._store: Store = open_store(where, adopt=adopt)
        try:
            migrate(self._store, COMPONENT, MIGRATIONS)
        except BaseException:
            self._store.close()
            raise

    def create(
        self,
        name: str,
        message: Messages,
        recipients: Iterable[Recipient | Unreadable | str | int],
        *,
        account: GatewayAccount | None = None,
        hours: Hours | None = None,
        start: datetime | None = None,
        until: datetime | None = None,
        rate: float | None = None,
        price: Decimal | None = None,
        canary: int | None = None,
        pause_if: Sequence[str | PauseRule] = (),
        skip_invalid: bool = False,
        by: str | None = None,
    ) -> Broadcast:
        """Plan a broadcast: read the list, fill the merge fields and check every message. Nothing is sent.

        :param message: the message, without its recipient: any operation that sends to one number, or a Cellcast send. Several
            messages, by their names or as :class:`Variant` objects with weights, divide the list: each recipient gets one of
            them, by a hash of the number, and :meth:`Broadcast.compare` says which did better.
        :param recipients: see :func:`~skymms.broadcast.read_recipients`, or any iterable of :class:`Recipient` or of numbers;
            it is read once and not held.
        :param account: the account it will be sent from; its rules are applied. Without it, the rules that all share.
        :param hours: the hours in which messages are sent.
        :param start: nothing is sent before.
        :param until: what was not sent then is skipped.
        :param rate: messages a second, shared by all broadcasts and workers of an account.
        :param price: the price of a message, for the estimate.
        :param canary: send to so many recipients first, and to the rest if no rule is broken by what becomes of them.
        :param pause_if: rules that pause the broadcast, such as ``"delivered<85%@30m"`` or ``"optout>2%"``; see
            :class:`PauseRule`. Pass the postbacks to the ledger, because the rules know nothing else.
        :param skip_invalid: leave out lines that cannot be sent to, instead of refusing the list.

        A number is sent to once, however often it is in the list. If the program ends while the list is read, nothing can be
        sent from it; call this again, and the list is read anew. Raises :class:`~skymms.ConfigurationError` for a name that is
        taken, and for lines that cannot be sent to, of which the error names the first twenty.
        """
        gateway = getattr(account, "dialect", None) or getattr(account, "generation", None)
        settings = Settings.of(
            hours=hours, start=start, until=until, rate=rate, price=price, gateway=gateway, canary=canary, pause_if=pause_if
        )
        return load(self._store, name, message, recipients, settings, account=account, skip_invalid=skip_invalid, by=by)

    def __getitem__(self, name: str) -> Broadcast:
        """Return a broadcast by its name. Raises :class:`~skymms.ConfigurationError`."""
        return Broadcast.find(self._store, name)

    def __iter__(self) -> Iterator[Broadcast]:
        """Iterate over all broadcasts, the oldest first."""
        with self._store.reading() as transaction:
            names = [row[0] for row in transaction.rows(sql.LIST_BROADCASTS)]
        return iter([self[name] for name in names])

    # -------------------------------------------------------------------------------------------- reports and keys

    def note(self, notice: Notice) -> bool:
        """Write down a notice, in any order and as often as it comes; return False for one that is known.

        A delivery report decides what became of its message, before or after the answer to the request.
        """
        with self._store.transaction() as transaction:
            return note(transaction, notice)

    def reconcile(
        self,
        client: Client,
        *,
        broadcast: str | None = None,
        unreported_after: float = UNREPORTED_AFTER,
        by: str | None = None,
    ) -> Reconciled:
        """Ask the gateway about messages whose outcome is not known, as far as it offers that, and return what was found.

        Only about messages that are unknown, or accepted without a final report for ``unreported_after`` seconds, and only
        about those of one ``broadcast`` if its name is given. Nothing is sent: statistics (Skycore 1.3), reports of messages
        (Cellcast v1) and opt-outs (Cellcast) are read; Sinch MMS offers nothing of that. A message that the gateway does not
        list stays unknown. Raises the errors of calls that were not answered; refusals are in the result.
        """
        steps = reconcile(self._store, client.account, self._name(broadcast), unreported_after=unreported_after, by=by)
        answer = _advance(steps)
        while not isinstance(answer, Reconciled):
            reply: Any
            try:
                reply = client.fetch(answer) if isinstance(answer, str) else client.call(answer)
            except AuthenticationError:
                raise
            except MMSError as refusal:
                reply = refusal
            answer = _advance(steps, reply)
        return answer

    async def reconcile_async(
        self,
        client: AsyncClient,
        *,
        broadcast: str | None = None,
        unreported_after: float = UNREPORTED_AFTER,
        by: str | None = None,
    ) -> Reconciled:
        """Ask the gateway about messages whose outcome is not known: :meth:`reconcile` with an AsyncClient.

        The ledger is written in a thread.
        """
        name = await asyncio.to_thread(self._name, broadcast)
        steps = reconcile(self._store, client.account, name, unreported_after=unreported_after, by=by)
        answer = await asyncio.to_thread(_advance, steps)
        while not isinstance(answer, Reconciled):
            reply: Any
            try:
                reply = await client.fetch(answer) if isinstance(answer, str) else await client.call(answer)
            except AuthenticationError:
                raise
            except MMSError as refusal:
                reply = refusal
            answer = await asyncio.to_thread(_advance, steps, reply)
        return answer

    def _name(self, broadcast: str | None) -> str | None:
        """Return the name of a broadcast that exists, or None for all."""
        return None if broadcast is None else self[broadcast].name

    def send_once(self, key: str, operation: Operation[R_co], client: Client) -> R_co:
        """Send a message unless one with this key was sent, and return the reply.

        For web requests and queue tasks that may be repeated: ``ledger.send_once("order-17", SendMMS(…), client)``. The first
        call sends, with one request. Later ones return the same reply. If the first call was interrupted, or its answer lost,
        nothing is sent and :class:`~skymms.InDoubtError` is raised: see :meth:`settle_key`. After an error without
        ``sent_maybe`` the key is free again. Raises :class:`~skymms.ConfigurationError` for a key with another message.
        """
        steps = once(self._store, key, operation)
        try:
            to_send = next(steps)
        except StopIteration as end:
            return cast(R_co, end.value)
        try:
            reply = client.call(to_send, once=True)
        except BaseException as error:
            steps.throw(error)
            raise
        return _returned(steps, reply)

    async def send_once_async(self, key: str, operation: Operation[R_co], client: AsyncClient) -> R_co:
        """Send a message unless one with this key was sent: :meth:`send_once` with an AsyncClient.

        The ledger is written in a thread.
        """
        steps = once(self._store, key, operation)
        try:
            to_send: Operation[R_co] = await asyncio.to_thread(_first, steps)
        except _Known as known:
            return cast(R_co, known.reply)
        try:
            reply = await client.call(to_send, once=True)
        except BaseException as error:
            # Not in a thread: a cancelled task cannot wait for one.
            steps.throw(error)
            raise
        return await asyncio.to_thread(_returned, steps, reply)

    def reply_to_key(self, key: str) -> Any:
        """Return the reply to the message that was sent with a key, or None if the key is free.

        Raises :class:`~skymms.InDoubtError` if the message may have been sent.
        """
        return find_reply(self._store, key)

    def settle_key(self, key: str, outcome: str, *, why: str, by: str | None = None) -> None:
        """Decide about a key whose fate is unknown: ``"sent"``, or ``"resend"`` to let it be sent again."""
        settle(self._store, key, outcome, why=why, by=by)

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
        by: str | None = None,
    ) -> int:
        """Send nothing more to some numbers, and return how many were not suppressed before.

        The suppression is for everything, or for one sender or campaign (the ``campaign_ref`` of the message). Runs that are
        under way obey it. ``source``, ``at`` and ``evidence`` say how and since when it is known. Numbers are written as in the
        lists of the ledger: with the country code first, or also as Cellcast takes them (``0491 570 156``) if the ledger has a
        broadcast of Cellcast, or no broadcast yet. One that is not a number raises :class:`~skymms.RecipientError`, and none is
        suppressed.
        """
        return suppress(self._store, numbers, Origin(scope_of(sender, campaign), source, at, evidence), by)

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
        by: str | None = None,
    ) -> Suppressions:
        """Send nothing more to the numbers in a file, or to those who opted out at Cellcast.

        ``where`` is a file or a stream as for :func:`~skymms.broadcast.read_recipients`, a file with one number a line and no
        header, or the reply to Cellcast's ``OptOuts``: ``ledger.suppress_from(client.call(OptOuts()))``. ``number`` names the
        column. The file and the line are the evidence if you give none. Lines that have no number are returned, and the others
        are suppressed all the same.
        """
        return suppress_from(self._store, where, Origin(scope_of(sender, campaign), source, at, evidence), number, by)

    def forget(self, number: str | int, *, by: str | None = None) -> None:
        """Erase a number, written as for :meth:`suppress`, from all tables. It stays suppressed by a hash, for everything.

        A message to it that is being sent is not stopped; one that waits is skipped. Messages keep their state, under the hash.
        Its reports are deleted. Nothing readable is left in a SQLite file or its journal; a PostgreSQL server removes the old
        rows when it vacuums the tables. Keys of :meth:`send_once` are yours, and kept: do not make them from numbers.
        """
        forget(self._store, number, by)

    def prune(self, *, older_than: timedelta, by: str | None = None) -> int:
        """Delete what ended longer ago (broadcasts without unknown messages, reports, finished keys), and count the broadcasts.

        So are lists that were begun longer ago and never read to the end. Suppressions and the audit table are kept. A key that
        was deleted can be sent with again.
        """
        if older_than < timedelta(0):
            raise ConfigurationError(f"older_than={older_than} is negative: give the age of what is deleted")
        with self._store.transaction() as transaction:
            before = transaction.now() - older_than.total_seconds()
            pruned = transaction.run(sql.PRUNE_BROADCASTS, before=before) + transaction.run(sql.PRUNE_LOADING, before=before)
            reports = transaction.run(sql.PRUNE_REPORTS, before=before)
            keys = transaction.run(PRUNE_KEYS, before=before)
            transaction.run(sql.PRUNE_WORKERS, before=before)
            detail = {"older_than": str(older_than), "broadcasts": pruned, "reports": reports, "keys": keys}
            write_audit(transaction, "prune", None, by, detail)
        return pruned

    # -------------------------------------------------------------------------------------------- audit

    def audit(self) -> Iterator[dict[str, Any]]:
        """Iterate over what was done to the ledger: when, by whom, the verb, the broadcast and details."""
        for _, at, who, verb, broadcast, detail in read_pages(self._store, sql.AUDIT_LOG):
            yield {"at": at, "who": who, "verb": verb, "broadcast": broadcast, **json.loads(detail)}

    @property
    def store(self) -> Store:
        """The open store, which an inbox can share: ``Inbox(ledger.store, …)``. It is closed with the ledger."""
        return self._store

    def close(self) -> None:
        """Close the connection to the file or the database."""
        self._store.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Ledger {self._store.name}>"


R = TypeVar("R")


def _advance(steps: Steps, reply: Any = None) -> Question | Reconciled:
    """Return the next question of a reconciliation, or what it did."""
    try:
        return steps.send(reply)
    except StopIteration as end:
        return cast(Reconciled, end.value)


class _Known(Exception):
    """A key that is done. StopIteration cannot leave a thread."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply


def _first(steps: Generator[Operation[R_co], R_co, R_co]) -> Operation[R_co]:
    try:
        return next(steps)
    except StopIteration as end:
        raise _Known(end.value) from None


def _returned(steps: Generator[Operation[R], R, R], reply: R) -> R:
    try:
        steps.send(reply)
    except StopIteration as end:
        return cast(R, end.value)
    raise AssertionError("a message is sent once")
