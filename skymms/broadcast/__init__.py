"""Broadcasts: one message to many numbers, through any crash, never twice.

A ledger (a file or a database) knows about each message whether it was sent. The intent to send is on the disk before the
request leaves, so a message that may have been sent is never sent again by itself.

In reading order:

- ``states``: the states of messages and broadcasts
- ``hours``: the hours of the day in which messages are sent
- ``zones``: the time zones of a phone number
- ``countries``: adds the country code to numbers without it
- ``caps``: how many messages a number gets in a time
- ``scopes``: the scopes of opt-outs
- ``wishes``: reads what a notice says that a person wants
- ``consent``: the consent that a list records
- ``columns``: finds the columns of a list by their names
- ``file_formats``: recognises separators, and files that are not lists
- ``recipients``: reads the list, from CSV, JSONL or any iterable
- ``personalisation``: fills merge fields such as ``{first_name|you}``
- ``shares``: a share of messages with its confidence interval
- ``pause_rules``: rules that pause a broadcast
- ``settings``: when and how fast a broadcast is sent
- ``schema``: the tables
- ``statements``: the SQL, for both kinds of store
- ``answer_statements``: the SQL that writes what became of messages
- ``key_statements``: the SQL of keys, under which a message is sent once
- ``outcome_statements``: the SQL that counts outcomes
- ``survey_statements``: the SQL of figures for people who watch
- ``consent_statements``: the SQL about people
- ``slice_statements``: the table and the SQL of slices
- ``hooks``: instants at which tests crash
- ``intents``: one message that may now be requested
- ``outcomes``: what a reply or an error means for a message
- ``auditing``: who did what, and when
- ``tallies``: counts of messages by state
- ``numbering``: how a ledger writes phone numbers
- ``suppressing``: numbers that get nothing more, and numbers that are erased
- ``references``: the reference under which a message is sent
- ``matching``: decides which messages the reports about a number are about
- ``keys``: messages that were sent for a key, as reports see them
- ``noting``: writes reports, and what they say, into the ledger
- ``answering``: writes what became of messages into the ledger
- ``reconciling``: asks the gateways about messages whose outcome is not known
- ``once``: sends a message once for each key
- ``consenting``: writes what people say about getting messages into the ledger
- ``confirming``: confirms opt-outs
- ``explaining``: explains what a ledger knows about a number
- ``messages``: makes operations, for one number or many, and reads their replies
- ``breakers``: watches the outcomes of a run
- ``eligibility``: decides which ready messages may be sent
- ``blocks``: takes messages from the ledger and writes what became of them
- ``comparing``: compares the outcomes of variants
- ``estimating``: says in advance what a broadcast will do
- ``leases``: the runs that are at work, and the messages they hold
- ``status``: the state of a broadcast, and why ready messages wait
- ``surveying``: reads the figures of broadcasts for people who watch them
- ``row_files``: writes the rows of a report to a file
- ``running``: decides what a run does next
- ``slices``: which slices of broadcasts wait in a queue or run
- ``threads``: carries the calls of a run in threads
- ``tasks``: carries the calls of a run with asyncio
- ``broadcast``: one broadcast: run, pause, look, settle, report
- ``variants``: several messages of one broadcast
- ``checking``: checks every message of a list, and makes its rows
- ``loading``: reads a list into the ledger
- ``consent_ledger``: the part of the ledger that is about people
- ``ledger``: the ledger
- ``slice_tasks``: what a task of every engine does
- ``procrastinate``: sends with the workers of procrastinate
- ``celery``: sends with the workers of Celery
"""

from .broadcast import Broadcast
from .caps import Cap
from .comparing import VariantOutcome
from .consent import Consent
from .consenting import Flagged
from .countries import Country
from .estimating import Estimate, LeftOutLine
from .hours import Hours
from .ledger import Ledger
from .pause_rules import PauseRule
from .recipients import Recipient, Unreadable, read_recipients
from .reconciling import Reconciled
from .running import End, Result
from .shares import Share
from .states import Phase, State, Why
from .status import Status, Waiting
from .suppressing import Suppressions
from .variants import Variant
from .wishes import ENGLISH, Wish, Words, read_wish

__all__ = [
    "ENGLISH",
    "Broadcast",
    "Cap",
    "Consent",
    "Country",
    "End",
    "Estimate",
    "Flagged",
    "Hours",
    "Ledger",
    "LeftOutLine",
    "PauseRule",
    "Phase",
    "Recipient",
    "Reconciled",
    "Result",
    "Share",
    "State",
    "Status",
    "Suppressions",
    "Unreadable",
    "Variant",
    "VariantOutcome",
    "Waiting",
    "Why",
    "Wish",
    "Words",
    "read_recipients",
    "read_wish",
]
