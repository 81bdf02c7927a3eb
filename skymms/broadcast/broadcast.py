"""One broadcast: running it, pausing it, looking at it, and settling what is unknown."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import ConfigurationError
from ..model.serialization import from_dict
from ..storage.contract import Store, Transaction, read_pages
from . import statements as sql
from .answering import skip_all
from .auditing import write_audit
from .blocks import Holder
from .breakers import Breakers
from .comparing import VariantOutcome, compare
from .countries import country_of
from .estimating import MOST_LINES, Estimate, LeftOutLine, estimate
from .leases import interrupt_ended
from .matching import CLOCKS
from .messages import Messages, messages_for
from .noting import find_evidence
from .numbering import normalizer
from .outcome_statements import LOCK_BROADCAST
from .personalisation import Personalisation
from .references import ledger_id
from .row_files import write_rows
from .running import Desk, End, Result, each_second
from .scopes import scopes_of
from .settings import Settings
from .states import MAX_ATTEMPTS, RESEND_AFTER, RESENT, SETTLED_AS_SENT, Phase, State, Why
from .status import Status, read_status
from .tallies import add_to_tally, read_tally

if TYPE_CHECKING:
    from ..aio import AsyncClient
    from ..client import Client

#: Seconds after which an accepted message without a report counts as unreported.
UNREPORTED_AFTER = 72 * 3600.0
#: The reason of a settled message.
_SETTLED = {"sent": SETTLED_AS_SENT, "resend": RESENT}
#: Unknown messages whose evidence is read at once.
_EVIDENCE_PAGE = 500
#: Calls at once. A crash leaves the outcome of as many messages unknown, and gateways allow far fewer requests a second than 32
#: calls make.
_CONCURRENCY = _THREADS = 32
#: The columns of a report.
REPORT_COLUMNS = (
    "number", "state", "reason", "code", "tracking_id", "mms_id", "attempts", "reference", "sent_at", "updated_at",
    "sent_as", "operator_id", "handset", "delivered_at", "variant", "credits", "broadcast",
)  # fmt: skip


def _as_time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


class Broadcast:
    """A broadcast in a ledger. Made by :meth:`skymms.broadcast.Ledger.create`, or found by ``ledger["name"]``."""

    def __init__(self, store: Store, id: int, name: str, settings: Settings) -> None:
        self._store = store
        self.id = id
        self.name = name
        self.settings = settings

    @classmethod
    def find(cls, store: Store, name: str) -> Broadcast:
        """Find a broadcast by its name. Raises :class:`~skymms.ConfigurationError`."""
        with store.reading() as transaction:
            found = transaction.one(sql.FIND_BROADCAST, name=name)
            names = [row[0] for row in transaction.rows(sql.LIST_BROADCASTS)]
        if found is None:
            known = f"the broadcasts are {', '.join(names)}" if names else "there is none yet"
            raise ConfigurationError(f"there is no broadcast {name!r:.100} in {store.name}; {known}")
        return cls(store, found[0], name, Settings.from_json(found[4]))

    # -------------------------------------------------------------------------------------------- running

    def run(
        self,
        client: Client,
        *,
        threads: int = _THREADS,
        seconds: float | None = None,
        watch: Callable[[Desk], None] | None = None,
        lease: str | None = None,
    ) -> Result:
        """Send to everybody who is ready, with ``threads`` calls at once, and return how it ended.

        A run may be interrupted in any way, and run again: nobody is sent to twice. ``seconds`` limits it; ``watch`` is called
        about once a second. After Ctrl-C the calls in flight are awaited, and KeyboardInterrupt is raised. ``lease`` names the
        run in the ledger: a random text that is used once.
        """
        from .threads import carry

        with self._held(client, threads, seconds, lease) as (desk, messages):
            return self._ended(carry(desk, messages, partial(client.call, once=True), each_second(watch), threads))

    async def run_async(
        self,
        client: AsyncClient,
        *,
        concurrency: int = _CONCURRENCY,
        seconds: float | None = None,
        watch: Callable[[Desk], None] | None = None,
        lease: str | None = None,
    ) -> Result:
        """Send to everybody who is ready, with an AsyncClient: see :meth:`run`."""
        from .tasks import carry

        with self._held(client, concurrency, seconds, lease) as (desk, messages):
            return self._ended(await carry(desk, messages, partial(client.call, once=True), each_second(watch), concurrency))

    def slice(self, client: Client, *, seconds: float = 50.0, threads: int = _THREADS) -> Result:
        """Send for some seconds, as one job of a queue or of cron, and return how it ended."""
        return self.run(client, threads=threads, seconds=seconds)

    @contextmanager
    def _held(
        self, client: Client | AsyncClient, concurrency: int, seconds: float | None, lease: str | None
    ) -> Generator[tuple[Desk, Messages], None, None]:
        account: Any = client.account
        operations = self._operations()
        sender = next((str(one.sender) for one in operations.values() if getattr(one, "sender", None)), None)
        sender = sender or (str(account.sender) if getattr(account, "sender", None) else None)
        self.interrupt_ended()
        with self._store.lock_runner(self.name) as alone:
            messages = messages_for(operations, account, self._begin())
            holder = Holder(
                self._store, self.id, self.settings,
                account=account.address, sender=sender, scopes=scopes_of(operations, sender), group=messages.group,
                breakers=Breakers(self.id, self.name, self.settings.pause_if, self.settings.canary), lease=lease,
            )  # fmt: skip
            holder.begin(alone=alone)
            yield Desk(
                holder,
                rate=self.settings.rate, concurrency=concurrency, seconds=seconds, pause=self._pause, group=messages.group,
            ), messages  # fmt: skip

    @property
    def operation(self) -> Any:
        """The message, or the first of its variants, with its merge fields and without a recipient."""
        return next(iter(self._operations().values()))

    def proof(self, number: str | int) -> Any:
        """Return the message of the first recipient, addressed to another number, to look at before everybody gets theirs."""
        operations = self._operations()
        with self._store.reading() as transaction:
            found = transaction.one(sql.FIRST_MESSAGE, broadcast=self.id)
        if found is None:
            raise ConfigurationError(f"the broadcast {self.name!r} has no recipients, so there is nothing to send as a proof")
        operation, data = operations[found[0]], json.loads(found[1] or "{}")
        return replace(
            Personalisation(operation).fill(data), to=normalizer(operation, country_of(self.settings.country))(number)
        )

    def _operations(self) -> dict[int, Any]:
        """Return the messages of the broadcast by the id of the variant, with their merge fields."""
        with self._store.reading() as transaction:
            rows = transaction.rows(sql.VARIANTS, broadcast=self.id)
        return {row[0]: from_dict(json.loads(row[3])) for row in rows}

    def _begin(self) -> str:
        """Set the broadcast running, and return the id of the ledger."""
        with self._store.transaction() as transaction:
            found = transaction.one(sql.PHASE, broadcast=self.id)
            phase = Phase(found[0]) if found else Phase.CANCELLED
            if phase not in (Phase.LOADING, Phase.PAUSED, Phase.CANCELLED):
                self._set_phase(transaction, Phase.RUNNING, None, phase)
                return ledger_id(transaction)
        remedy = {
            Phase.LOADING: "its list was not read to the end; create it again with the same arguments",
            Phase.PAUSED: f"it is paused{f': {found[1]}' if found and found[1] else ''}; resume it first",
            Phase.CANCELLED: "it was cancelled",
        }[phase]
        raise ConfigurationError(f"the broadcast {self.name!r} cannot run: {remedy}")

    def _ended(self, result: Result) -> Result:
        """Call the broadcast done if nothing is left to do, and return how the run ended."""
        with self._store.transaction() as transaction:
            # What makes a message ready again waits for the end of this transaction, or this one for its end.
            transaction.rows(LOCK_BROADCAST, broadcast=self.id)
            found = transaction.one(sql.STILL_OPEN, broadcast=self.id)
            if found is not None and not any(found):
                self._set_phase(transaction, Phase.DONE, None, Phase.RUNNING, finished=transaction.now())
            counts = read_tally(transaction, self.id)
        if result.end is End.DONE and counts.get(State.UNKNOWN):
            return result._replace(end=End.UNKNOWN)
        return result

    def _set_phase(self, transaction: Any, to: Phase, why: str | None, *before: Phase, finished: float | None = None) -> bool:
        first, second, third = (*before, "", "", "")[:3]
        changed = transaction.run(
            sql.SET_PHASE, broadcast=self.id, to=to, why=why, finished=finished, from_1=first, from_2=second, from_3=third
        )
        return bool(changed)

    # -------------------------------------------------------------------------------------------- operators

    def _pause(self, why: str | None, by: str | None = None) -> None:
        with self._store.transaction() as transaction:
            if self._set_phase(transaction, Phase.PAUSED, why, Phase.PLANNED, Phase.RUNNING):
                write_audit(transaction, "pause", self.name, by, {"why": why})

    def pause(self, *, why: str | None = None, by: str | None = None) -> None:
        """Pause the broadcast. Runs in other processes take no more messages within a second; calls in flight end."""
        self._pause(why, by)

    def resume(self, *, by: str | None = None) -> None:
        """Allow a paused broadcast to run again."""
        with self._store.transaction() as transaction:
            if not self._set_phase(transaction, Phase.PLANNED, None, Phase.PAUSED):
                raise ConfigurationError(f"the broadcast {self.name!r} is not paused")
            write_audit(transaction, "resume", self.name, by, {})

    def cancel(self, *, by: str | None = None) -> int:
        """Cancel the broadcast, and return how many messages are skipped because of it. It cannot be resumed.

        A broadcast whose list was not read to the end is deleted, and its name is free again.
        """
        with self._store.transaction() as transaction:
            if not self._set_phase(
                transaction, Phase.CANCELLED, None, Phase.PLANNED, Phase.RUNNING, Phase.PAUSED, finished=transaction.now()
            ):
                found = transaction.one(sql.PHASE, broadcast=self.id)
                if found is not None and found[0] == Phase.LOADING:
                    return self._delete(transaction, by)
                raise ConfigurationError(
                    f"the broadcast {self.name!r} cannot be cancelled: it is {found[0] if found else 'gone'}"
                )
            changed = Counter[str]()
            skipped = skip_all(transaction, self.id, Why.CANCELLED, transaction.now(), changed)
            add_to_tally(transaction, self.id, "operator", changed)
            write_audit(transaction, "cancel", self.name, by, {"skipped": skipped})
        self.interrupt_ended()
        return skipped

    def interrupt_ended(self) -> None:
        """Call unknown what runs that were killed left behind, as the next run, :meth:`unknown` and :meth:`settle` do."""
        interrupt_ended(self._store, self.id, self.name)

    def _delete(self, transaction: Transaction, by: str | None) -> int:
        """Delete a broadcast whose list was not read to the end, so that its name is free again. Nothing was sent."""
        counts = read_tally(transaction, self.id)
        transaction.run(sql.DELETE_LOADING, broadcast=self.id)
        write_audit(transaction, "cancel", self.name, by, {"deleted": counts.get(State.READY, 0)})
        return counts.get(State.READY, 0)

    def settle(self, numbers: Iterable[str | int], outcome: str, *, why: str, by: str | None = None) -> int:
        """Decide about messages whose outcome is unknown, and return how many were.

        ``outcome`` is ``"sent"``, or ``"resend"`` to send them again although they may have been sent: people may then get
        them twice. A message may be sent again an hour after its request at the earliest, because its report may still come. If
        it comes before the message is sent again, it is not sent again.
        """
        if outcome not in ("sent", "resend"):
            raise ConfigurationError(f"{outcome!r:.40} is not an outcome: settle as 'sent' or 'resend'")
        state = State.ACCEPTED if outcome == "sent" else State.READY
        normal_form = normalizer(self.operation, country_of(self.settings.country))
        settled = 0
        self.interrupt_ended()
        with self._store.transaction() as transaction:
            now = transaction.now()
            normalized = [normal_form(number) for number in numbers]
            # A report that comes now sees what was decided, or this sees the report.
            transaction.rows(sql.LOCK_NUMBERS, numbers=json.dumps(normalized))
            # A run that ends now sees what was decided, or this sees how it ended.
            transaction.rows(LOCK_BROADCAST, broadcast=self.id)
            phase = transaction.one(sql.PHASE, broadcast=self.id)
            if outcome == "resend" and phase is not None and phase[0] == Phase.CANCELLED:
                raise ConfigurationError(
                    f"the broadcast {self.name!r} was cancelled, so nothing of it is sent again: settle as 'sent', or leave it"
                )
            for normal in normalized:
                found = transaction.one(sql.FIND_MESSAGE, broadcast=self.id, number=normal)
                if found is None or found[1] != State.UNKNOWN:
                    state_now = "is not in its list" if found is None else f"is {found[1]}"
                    raise ConfigurationError(
                        f"{normal} {state_now} in the broadcast {self.name!r}: only unknown ones are settled"
                    )
                if outcome == "resend" and now - found[2] < RESEND_AFTER:
                    raise ConfigurationError(
                        f"{normal} was requested {(now - found[2]) / 60:.0f} minutes ago: wait an hour for its report"
                    )
                if outcome == "resend" and found[3] >= MAX_ATTEMPTS:
                    raise ConfigurationError(f"{normal} was tried {found[3]} times, and that is the most: settle it as sent")
                settled += transaction.run(sql.SETTLE, id=found[0], state=state, why=_SETTLED[outcome], due=0.0, now=now)
            add_to_tally(transaction, self.id, "operator", _moved(State.UNKNOWN, state, settled))
            if state is State.READY and settled:
                self._set_phase(transaction, Phase.PLANNED, None, Phase.DONE)
            write_audit(transaction, "settle", self.name, by, {"as": outcome, "why": why, "messages": settled})
        return settled

    # -------------------------------------------------------------------------------------------- looking

    def estimate(self) -> Estimate:
        """Say what the broadcast will do: messages, requests, time and cost, and the lines of the list that are left out."""
        return estimate(self._store, self.id, self.settings, tuple(self._operations().values()))

    def status(self, *, unreported_after: float | None = UNREPORTED_AFTER) -> Status:
        """Return the state of the broadcast and the number of messages in each state.

        An accepted message without a final report is ``unreported`` after ``unreported_after`` seconds, as in :meth:`rows`.
        Counting these reads all messages, once some can be so old. With None they count as accepted, which is quick.
        """
        return read_status(self._store, self.id, self.name, self.settings, unreported_after)

    @property
    def variants(self) -> tuple[str, ...]:
        """The names of the variants; ``("main",)`` if there is only one message."""
        with self._store.reading() as transaction:
            return tuple([row[1] for row in transaction.rows(sql.VARIANTS, broadcast=self.id)])

    def compare(self) -> list[VariantOutcome]:
        """Return what became of each variant: messages by state, and the shares that were delivered and that opted out.

        It reads all messages. The shares have confidence intervals: two variants whose intervals overlap may be equally good.
        """
        return compare(self._store, self.id)

    def left_out(self) -> list[LeftOutLine]:
        """Return the lines of the list that are not sent to, with the reasons; at most the first thousand."""
        with self._store.reading() as transaction:
            return [LeftOutLine(*row) for row in transaction.rows(sql.LEFT_OUT, broadcast=self.id, most=MOST_LINES)]

    def unknown(self) -> Iterator[dict[str, Any]]:
        """Iterate over the messages whose outcome is unknown, with the reason. Times are ISO 8601 in UTC.

        ``evidence`` lists the reports that may be about a message: when each arrived (``at``), its ``tracking_id``, what it
        says (``says``), and why it is not clear which message it is about (``why``).
        """
        self.interrupt_ended()
        names = ("number", "reason", "code", "attempts", "reference", "sent_at", "updated_at")
        rows = read_pages(self._store, sql.UNKNOWN, broadcast=self.id)
        while page := list(islice(rows, _EVIDENCE_PAGE)):
            evidence = find_evidence(self._store, [row[1] for row in page])
            for _, *values in page:
                row: dict[str, Any] = dict(zip(names, values, strict=True))
                since = row["sent_at"] - CLOCKS
                row["evidence"] = [one | {"at": _as_time(one["at"])} for one in evidence[row["number"]] if one["at"] >= since]
                yield row | {name: _as_time(row[name]) for name in ("sent_at", "updated_at")}

    def rows(self, *, unreported_after: float = UNREPORTED_AFTER) -> Iterator[dict[str, Any]]:
        """Iterate over all messages, as :data:`REPORT_COLUMNS`. Times are ISO 8601 in UTC.

        An accepted message without a final report is ``unreported`` after ``unreported_after`` seconds.
        """
        with self._store.reading() as transaction:
            now = transaction.now()
        for _, *values in read_pages(self._store, sql.ROWS, broadcast=self.id):
            row: dict[str, Any] = dict(zip(REPORT_COLUMNS, (*values, self.name), strict=True))
            if row["state"] == State.ACCEPTED and row["updated_at"] is not None and now - row["updated_at"] > unreported_after:
                row["state"] = str(State.UNREPORTED)
            for name in ("sent_at", "updated_at", "delivered_at"):
                row[name] = _as_time(row[name])
            yield row

    def report(self, target: str | Path | IO[str], *, unreported_after: float = UNREPORTED_AFTER) -> int:
        """Write all messages to a CSV file (or JSONL, by its name), as :meth:`rows`, and return how many there are."""
        rows = self.rows(unreported_after=unreported_after)
        if isinstance(target, (str, Path)):
            try:
                with open(target, "w", encoding="utf-8", newline="") as file:
                    return write_rows(file, REPORT_COLUMNS, rows, as_json=Path(target).suffix.lower() in (".jsonl", ".ndjson"))
            except OSError as error:
                raise ConfigurationError(f"cannot write {target}: {error.strerror or error}") from None
        return write_rows(target, REPORT_COLUMNS, rows, as_json=False)

    def __repr__(self) -> str:
        return f"<Broadcast {self.name}>"


def _moved(before: State, after: State, count: int) -> Counter[str]:
    return Counter({before: -count, after: count})
