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
from .caps import CapLike
from .confirming import confirmation_for
from .consent_ledger import ConsentLedger
from .consenting import note_wishes
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
from .slices import Slices
from .variants import Messages
from .wishes import ENGLISH, Words

if TYPE_CHECKING:
    from ..aio import AsyncClient
    from ..client import Client


class Ledger(ConsentLedger):
    """A ledger of broadcasts, in a SQLite file or a PostgreSQL database. It is a context manager.

    ``where`` is the name of a file, which is created if it does not exist, or a ``postgresql://…`` URL (extra
    ``skymms[postgres]``). One process at a time can run broadcasts of a file; several processes and machines can share a
    database. Several threads may use a ledger.

    A file that was copied or restored from a backup is refused, because two copies would send twice: see
    :mod:`skymms.storage.original`. ``adopt=True`` accepts it. Raises :class:`~skymms.StorageError`.

    ``words`` are the words by which people opt out and in: ``ENGLISH.adding(stop=["ALTO"])`` for more languages.
    """

    def __init__(self, where: str | os.PathLike[str], *, adopt: bool = False, words: Words = ENGLISH) -> None:
        store = open_store(where, adopt=adopt)
        super().__init__(store, words)
        try:
            migrate(store, COMPONENT, MIGRATIONS)
        except BaseException:
            store.close()
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
        cap: CapLike | None = None,
        require_consent: bool = False,
        country: str | int | None = None,
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
        :param cap: how many messages a number gets at most in a time, with those of all broadcasts of the ledger:
            ``(3, "24h")``. A recipient who had as many is skipped.
        :param require_consent: skip recipients of whom the list has no :class:`Consent`.
        :param country: the country code of numbers that are written without one, such as ``1``: see :class:`Country`.
        :param skip_invalid: leave out lines that cannot be sent to, instead of refusing the list.

        A number is sent to once, however often it is in the list. If the program ends while the list is read, nothing can be
        sent from it; call this again, and the list is read anew. Raises :class:`~skymms.ConfigurationError` for a name that is
        taken, and for lines that cannot be sent to, of which the error names the first twenty.
        """
        gateway = getattr(account, "dialect", None) or getattr(account, "generation", None)
        settings = Settings.of(
            hours=hours, start=start, until=until, rate=rate, price=price, gateway=gateway, canary=canary, pause_if=pause_if,
            cap=cap, require_consent=require_consent, country=country,
        )  # fmt: skip
        return load(self._store, name, message, recipients, settings, account=account, skip_invalid=skip_invalid, by=by)

    def __getitem__(self, name: str) -> Broadcast:
        """Return a broadcast by its name. Raises :class:`~skymms.ConfigurationError`."""
        return Broadcast.find(self._store, name)

    def __iter__(self) -> Iterator[Broadcast]:
        """Iterate over all broadcasts, the oldest first."""
        with self._store.reading() as transaction:
            names = [row[0] for row in transaction.rows(sql.LIST_BROADCASTS)]
        return iter([self[name] for name in names])

    @property
    def slices(self) -> Slices:
        """The slices of broadcasts that an engine carries to many machines: see :mod:`skymms.broadcast.slices`."""
        return Slices(self._store)

    # -------------------------------------------------------------------------------------------- reports and keys

    def note(self, notice: Notice) -> bool:
        """Write down a notice, in any order and as often as it comes; return False for one that is known.

        A delivery report decides what became of its message, before or after the answer to the request. A message of a person
        that says STOP or START, and a change of a subscription, suppress the number or take that back; see
        :class:`~skymms.broadcast.Words`. False is also returned for a notice that says nothing about either.
        """
        with self._store.transaction() as transaction:
            return note(transaction, notice) or note_wishes(transaction, [notice], self._words)[0]

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
        """Return the name of a broadcast that exists, or None for all, after calling unknown what killed runs left behind."""
        for one in self if broadcast is None else (self[broadcast],):
            one.interrupt_ended()
        return broadcast

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

    def confirm_opt_out(
        self, notice: Notice, operation: Operation[R_co], client: Client, *, hours: Hours | None = None
    ) -> R_co | None:
        """Confirm an opt-out once, and return the reply; None if nothing was sent because the notice is not one to confirm.

        Confirmed are messages with a STOP word that :meth:`note` has written down within the last quarter of an hour and that
        still count. The recipient is filled in, and so is the sender if the operation has none. Outside ``hours`` nothing is
        sent, nor later. Raises :class:`~skymms.ConfigurationError` for an operation with merge fields, and what
        :meth:`send_once` raises.
        """
        found = confirmation_for(self._store, notice, operation, hours)
        return None if found is None else self.send_once(*found, client)

    async def confirm_opt_out_async(
        self, notice: Notice, operation: Operation[R_co], client: AsyncClient, *, hours: Hours | None = None
    ) -> R_co | None:
        """Confirm an opt-out once: :meth:`confirm_opt_out` with an AsyncClient."""
        found = await asyncio.to_thread(confirmation_for, self._store, notice, operation, hours)
        return None if found is None else await self.send_once_async(*found, client)

    def reply_to_key(self, key: str) -> Any:
        """Return the reply to the message that was sent with a key, or None if the key is free.

        Raises :class:`~skymms.InDoubtError` if the message may have been sent.
        """
        return find_reply(self._store, key)

    def settle_key(self, key: str, outcome: str, *, why: str, by: str | None = None) -> None:
        """Decide about a key whose fate is unknown: ``"sent"``, or ``"resend"`` to let it be sent again."""
        settle(self._store, key, outcome, why=why, by=by)

    # -------------------------------------------------------------------------------------------- retention

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
