"""Watches what becomes of the messages of a run, and says when it should pause.

With a canary, a broadcast sends to a few recipients first and waits for their outcomes. The same rules then watch the rest:
the last messages, all together and those of each carrier, because one carrier that fails hides among the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..storage.contract import Transaction
from . import outcome_statements as sql
from .auditing import write_audit
from .pause_rules import Counts, PauseRule
from .states import State
from .tallies import read_tally

#: How many of the last messages are watched.
_WINDOW = 2_000
#: The states of messages that wait, or will not be sent.
_NOT_BEGUN = (State.READY, State.SKIPPED)


class Verdict(NamedTuple):
    """What the rules say: how many messages may be taken (None: any number), and why the broadcast has to pause.

    ``known`` of ``canary`` messages have an outcome, as long as the broadcast waits for it.
    """

    most: int | None = None
    pause: str | None = None
    known: int | None = None


def begun(tally: Mapping[str, int]) -> int:
    """Return how many messages were requested, or are being requested."""
    return sum(count for state, count in tally.items() if state not in _NOT_BEGUN)


def has_passed(decided: Mapping[str, float], tally: Mapping[str, int], canary: int) -> bool:
    """Return whether a broadcast is past its canary, by what was decided (``LAST_DECISIONS``).

    Resuming after the canary allows the rest, and before its end goes on with it.
    """
    return "canary passed" in decided or ("resume" in decided and begun(tally) >= canary)


class Breakers:
    """The pause rules of a broadcast, and its canary: the number of messages whose outcomes it waits for, or None."""

    def __init__(self, broadcast: int, name: str, rules: Sequence[PauseRule], canary: int | None) -> None:
        self._broadcast = broadcast
        self._name = name
        self._rules = rules
        self._canary = canary
        #: True if there is nothing to watch.
        self.idle: bool = not rules
        self._passed = canary is None
        self._window = max(_WINDOW, canary or 0)

    def judge(self, transaction: Transaction, now: float) -> Verdict:
        """Look at the outcomes, and say whether more messages may be sent."""
        since = self._since(transaction)
        if not self._passed:
            verdict = self._canary_verdict(transaction, now)
            if not self._passed:
                return verdict
        for rule in self._rules:
            counts, carriers = self._counts(transaction, since, now - rule.after)
            if rule.is_broken(rule.share(counts)):
                return Verdict(pause=self._reason(transaction, rule, _describe(rule, counts), since, now, None))
            for carrier, of_carrier in carriers.items():
                if rule.measure != "optout" and rule.is_broken(rule.share(of_carrier)):
                    told = f"carrier {carrier}: {_describe(rule, of_carrier)}"
                    return Verdict(pause=self._reason(transaction, rule, told, since, now, carrier))
        return Verdict()

    # -------------------------------------------------------------------------------------------- the canary

    def _canary_verdict(self, transaction: Transaction, now: float) -> Verdict:
        """Say how many messages the canary still lacks, or whether its outcomes allow the rest."""
        assert self._canary is not None
        # Another worker that takes messages waits until this transaction has ended.
        transaction.rows(sql.LOCK_BROADCAST, broadcast=self._broadcast)
        tally = read_tally(transaction, self._broadcast)
        sent = begun(tally)
        if sent < self._canary and tally.get(State.READY):
            return Verdict(most=self._canary - sent)
        found = transaction.one(sql.LAST_SENT, broadcast=self._broadcast)
        last = found[0] if found and found[0] is not None else now
        # The ledger's clock may have been set back since.
        counts, carriers = self._counts(transaction, 0.0, max(now, last))
        known = sum(counts.states.get(state, 0) for state in (State.DELIVERED, State.FAILED, State.REFUSED))
        waited = now - last
        is_complete = known >= sent
        for rule in self._rules:
            is_due = is_complete or waited >= rule.after
            groups = [("", counts), *((f"carrier {carrier}: ", one) for carrier, one in carriers.items())]
            for whose, group in groups:
                if whose and rule.measure == "optout":
                    continue
                share = rule.share(group if is_due else _at_best(rule, group))
                if rule.is_broken(share) if whose else rule.is_broken_by_all(share):
                    told = f"canary: {whose}{_describe(rule, group)}"
                    carrier = whose.removeprefix("carrier ").removesuffix(": ") or None
                    return Verdict(most=0, pause=self._reason(transaction, rule, told, 0.0, now, carrier))
        if is_complete or waited >= max(rule.after for rule in self._rules):
            self._passed = True
            write_audit(transaction, "canary passed", self._name, None, {"messages": sent, "known": known})
            return Verdict()
        return Verdict(most=0, known=known)

    # -------------------------------------------------------------------------------------------- counts

    def _since(self, transaction: Transaction) -> float:
        """Return since when messages count: who resumes a broadcast has accepted what was before."""
        decided: dict[str, float] = dict(transaction.rows(sql.LAST_DECISIONS, broadcast=self._broadcast))
        if decided and not self._passed:
            self._passed = has_passed(decided, read_tally(transaction, self._broadcast), self._canary or 0)
        return decided.get("resume", 0.0)

    def _counts(self, transaction: Transaction, since: float, before: float) -> tuple[Counts, dict[str, Counts]]:
        """Return the counts of the last messages that were requested in a time, all together and by carrier."""
        rows = transaction.rows(sql.LAST_OUTCOMES, broadcast=self._broadcast, since=since, before=before, most=self._window)
        states: dict[str, int] = {}
        carriers: dict[str, dict[str, int]] = {}
        opted_out = 0
        for state, carrier, count, left in rows:
            states[state] = states.get(state, 0) + count
            opted_out += left
            if carrier is not None:
                of_carrier = carriers.setdefault(carrier, {})
                of_carrier[state] = of_carrier.get(state, 0) + count
        return Counts(states, opted_out), {carrier: Counts(counts) for carrier, counts in sorted(carriers.items())}

    def _reason(
        self, transaction: Transaction, rule: PauseRule, told: str, since: float, now: float, carrier: str | None
    ) -> str:
        """Return the text of a pause, with the carrier and the code of most failures."""
        rows = transaction.rows(
            sql.LAST_FAILURES, broadcast=self._broadcast, since=since, before=now, most=self._window, carrier=carrier or ""
        )
        mostly = ""
        if rows and rule.measure in ("delivered", "failed", "refused"):
            worst, code, why, count = rows[0]
            named = " ".join(str(part) for part in (code, f"({why})" if why else None) if part) or "without a code"
            at = f" at carrier {worst}" if worst and carrier is None else ""
            mostly = f"; {count} failed{at} with {named}"
        return f"{told} [{rule}]{mostly}. Find out why, then resume or cancel"


def _describe(rule: PauseRule, counts: Counts) -> str:
    """Say what was measured. That no report came at all says more about the ledger than about the messages."""
    share = rule.share(counts)
    if rule.measure == "delivered" and not any(counts.states.get(state) for state in (State.DELIVERED, State.FAILED)):
        return (
            f"no delivery report has arrived for any of {share.of} messages: is the inbox connected to the ledger? "
            "`inbox.on(Notice)(ledger.note)` or `skymms inbox serve --ledger` connects it"
        )
    return rule.describe(share)


def _at_best(rule: PauseRule, counts: Counts) -> Counts:
    """Return the counts if all messages without an outcome turn out well: then a rule is broken whatever comes."""
    if not rule.below:
        return counts
    states = dict(counts.states)
    states[State.DELIVERED] = states.get(State.DELIVERED, 0) + states.pop(State.ACCEPTED, 0)
    return Counts(states, counts.opted_out)
