"""The scopes of opt-outs: everything, one sender, or one campaign. It reads and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ConfigurationError
from ..numbers import digits

#: The scope of an opt-out from all messages.
EVERYTHING = ""
_SENDER, _CAMPAIGN = "sender:", "campaign:"
#: Stands for every sender, in the scopes of a broadcast whose sender is not known before the gateway chooses it.
ANY_SENDER = f"{_SENDER}*"


def scope_of(sender: str | int | None, campaign: str | int | None) -> str:
    """Return the scope of a suppression as the ledger writes it: empty for all messages."""
    if sender is not None and campaign is not None:
        raise ConfigurationError("give a sender or a campaign, not both: a suppression has one scope")
    given = campaign if sender is None else sender
    if given is not None and not str(given).strip():
        raise ConfigurationError("the sender or campaign is empty: leave it out to suppress the numbers for all messages")
    if sender is not None:
        return sender_scope(sender)
    return EVERYTHING if campaign is None else campaign_scope(campaign)


def scopes_of(operations: Mapping[int, Any], sender: str | None) -> set[str]:
    """Return the scopes of the messages of a broadcast: those of its sender and its campaigns.

    Without a sender the gateway chooses one, so an opt-out from any sender counts.
    """
    campaigns = {getattr(operation, "campaign_ref", None) for operation in operations.values()}
    found = {scope_of(None, campaign) for campaign in campaigns if campaign}
    return found | {sender_scope(sender) if sender else ANY_SENDER}


def sender_scope(sender: str | int) -> str:
    """Return the scope of a sender. ``+1 555 123 4888`` and ``15551234888`` are one sender."""
    text = str(sender).strip()
    bare = digits(text)
    return f"{_SENDER}{bare if bare.isdecimal() else text}"


def campaign_scope(campaign: str | int) -> str:
    """Return the scope of a campaign."""
    return f"{_CAMPAIGN}{str(campaign).strip()}"


def describe_scope(scope: str) -> str:
    """Return a scope in words: ``messages from 60856``."""
    if scope == EVERYTHING:
        return "all messages"
    sender, _, campaign = scope.removeprefix(_SENDER), *scope.partition(_CAMPAIGN)[1:]
    return f"messages of campaign {campaign}" if scope.startswith(_CAMPAIGN) else f"messages from {sender}"
