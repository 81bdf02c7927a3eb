"""The figures of the rules, each in one place and with its source, and what an account may insist on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a gateway allows and what it insists on; change a figure with ``Account(limits=Limits(max_text=500))``.

    ``required`` names the fields this account must fill although its dialect leaves them free: ``operator_id`` where
    carriers are not looked up, ``campaign_ref`` where "Enforce Campaign Check" is on, ``service_id``, ``subject``.
    """

    #: 1.3, saveMMS: eight slides.
    max_slides: int = 8
    #: 1.3 since 2014-03-26: 5,000 characters a slide.
    max_text: int = 5000
    #: 1.3 since 2014-04-14: 80 characters.
    max_subject: int = 80
    #: The successor's JSON service: 64 characters of client reference.
    max_reference: int = 64
    required: frozenset[str] = field(default_factory=frozenset)
    #: The fields that a dialect does without, so that they are not missed where others insist on them.
    waived: frozenset[str] = field(default_factory=frozenset)

    def insisting(self, names: Iterable[str], waived: Iterable[str] = ()) -> Limits:
        """These limits, insisting on more fields and doing without some."""
        return replace(self, required=self.required.union(names), waived=self.waived.union(waived))


#: The documented figures, which every account starts from.
DOCUMENTED = Limits()

#: Advices, never refusals (1.3 and the successor's best practices).
ADVISED_SUBJECT = 40
ADVISED_DURATION = 30
ADVISED_FALLBACK_TEXT = 110
ADVISED_SENDER_MASK = 11
